"""What a character must not know never reaches its machine in a form it can read."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kit.hive import Hive
from tests.kit.quick_writer import QuickWriter

SECRET = "The key lies under the third stone of the well"
REPLY = "zanzibarian periwinkle"


def bytes_of(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file())


def has(data: bytes, text: str) -> bool:
    return any(text.encode(code) in data for code in ("utf-8", "utf-16-le", "utf-32-le"))


def test_a_whisper_and_all_that_comes_of_it_stay_between_two(quick: Hive, writer: QuickWriter) -> None:
    narrator = quick.narrate()
    peers = quick.join(narrator, "Pim", "Tock")
    quick.linked(peers["Tock"], "Pim")
    writer.words = f"I keep it, {REPLY}. Nobody shall hear of it."
    mark = narrator.type(f"/whisper Pim {SECRET}.")
    line = quick.answer(narrator, "Pim", mark)
    assert REPLY in line["text"]
    clips = [Path(one) for one in narrator.wait("voiced", mark, entry=line["entry"])["clips"]]
    assert clips and all(one.read_bytes()[:4] == b"OggS" for one in clips)

    # Something public follows, so that Tock is certainly level.
    writer.words = "A fine morning."
    mark = narrator.type("@Tock, morning comes.")
    public = quick.answer(narrator, "Tock", mark)
    peers["Pim"].wait("line", entry=public["entry"])
    told = bytes_of(quick.folder("Tock"))
    assert not has(told, "third stone") and not has(told, REPLY)
    assert not any("third stone" in one or REPLY in one for one in map(json.dumps, peers["Tock"].events))
    asked = writer.prompts[-1]
    assert "morning comes" in asked and "third stone" not in asked and REPLY not in asked
    sound = {one.read_bytes() for one in clips}
    assert not any(one in told for one in sound)
    held = bytes_of(quick.folder("Pim") / "blobs")
    assert held and not any(one in held for one in sound), "a whisper's clips lie encrypted where they may be asked for"
    sealed = [one for one in quick.whole("Tock") if one["text"] == "(sealed)"]
    assert {"narrate", "cue", "line", "voiced"} <= {one["kind"] for one in sealed}, "it passed through Tock, unread"
    shape = [(who, "third stone" in text or REPLY in text) for who, text in quick.story("Tock")]
    assert shape == [("Narrator", False), ("Pim", False), ("Narrator", False), ("Tock", False)]


def test_exports_leave_whispers_out_unless_asked(quick: Hive, writer: QuickWriter) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim")
    quick.answer(narrator, "Pim", narrator.type("It is evening."))
    writer.words = f"I keep it, {REPLY}."
    quick.answer(narrator, "Pim", narrator.type(f"/whisper Pim {SECRET}."))
    for form in ("json", "txt"):
        plain, asked = quick.root / f"plain.{form}", quick.root / f"asked.{form}"
        narrator.type(f"/export {form} {plain}")
        narrator.type(f"/export {form} {asked} --with-whispers")
        narrator.wait("exported", path=str(asked))
        assert "It is evening." in plain.read_text("utf-8")
        assert "third stone" not in plain.read_text("utf-8") and REPLY not in plain.read_text("utf-8")
        assert "third stone" in asked.read_text("utf-8") and REPLY in asked.read_text("utf-8")
        for flag, wanted in (([], False), (["--with-whispers"], True)):
            code, _, text, errors = quick.run(
                "story", "export", "--format", form, "--data", str(quick.folder("narrator")), *flag
            )
            assert code == 0, errors
            assert ("third stone" in text) is wanted
    assert narrator.leave() == 0


def test_nothing_is_whispered_to_a_seat_that_nobody_plays(quick: Hive) -> None:
    narrator = quick.narrate()
    quick.cast(narrator, "Pim")
    narrator.type(f"/whisper Pim {SECRET}")
    assert "Nobody plays Pim" in narrator.wait("error")["what"]
    narrator.type("/whisper Nobody at all")
    narrator.wait("error", what=lambda what: "Nobody in this story is called" in what)
    assert quick.story() == []


def test_whoever_takes_a_seat_over_can_read_what_was_whispered_to_it(quick: Hive, writer: QuickWriter) -> None:
    narrator = quick.narrate()
    old = quick.join(narrator, "Pim")["Pim"]
    quick.answer(narrator, "Pim", narrator.type(f"/whisper Pim {SECRET}."))
    mark = narrator.mark()
    new = quick.peer("new", quick.invite(narrator, "Pim"))
    new.wait("joined")
    assert old.ended() == 3
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("Pim, do you remember?"))
    assert any("third stone" in text for _, text in quick.story("new"))
    assert "third stone" in writer.prompts[-1]
