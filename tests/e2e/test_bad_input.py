"""What people type, and what peers say, as it comes: nothing breaks, nothing reaches a terminal raw."""

from __future__ import annotations

import json
import os

from tests.kit.hive import Hive
from tests.kit.quick_writer import QuickWriter

CODES = "\x1b[2J\x1b[31mred\x1b]0;title\x07\x07\x9b1m[bold]markup[/bold] :smile: \u202egnp.exe"


def test_a_narration_that_is_too_long_is_counted_refused_and_kept(quick: Hive) -> None:
    narrator = quick.narrate()
    mark = narrator.type("word " * 20_000)
    error = narrator.wait("error", mark)
    assert "99,999" in error["what"] and "12,000" in error["what"]
    draft = quick.folder("narrator") / "draft.txt"
    assert str(draft) in error["hint"]
    assert draft.read_text("utf-8").strip() == ("word " * 20_000).strip()
    narrator.wait("narrated", narrator.type("Short again."))
    assert quick.story() == [("Narrator", "Short again.")]


def test_nothing_is_told_by_empty_lines_and_by_what_is_no_text(quick: Hive) -> None:
    narrator = quick.narrate()
    for line in ("", "   ", "\t", "\x00", "\x1b[2J", "\u202e"):
        narrator.type(line)
    narrator.wait("narrated", narrator.type("Now."), text="Now.")
    assert quick.story() == [("Narrator", "Now.")]


def test_every_script_is_told_as_it_is_and_codes_are_taken_out(quick: Hive) -> None:
    narrator = quick.narrate()
    lines = ["Ein 🦊 läuft. 👩‍👩‍👧", "שלום עולם", "مرحبا", "物語が始まる。", "e\u0301 stays"]
    for line in lines:
        narrator.wait("narrated", narrator.type(line), text=line)
    narrator.wait("narrated", narrator.type(f"A\x00B {CODES} C\x07"), text=lambda text: text.startswith("AB "))
    told = [text for _, text in quick.story()]
    assert told[: len(lines)] == lines
    assert not any(mark in told[-1] for mark in "\x00\x07\x1b\x9b\u202e")


def test_bytes_that_are_no_text_do_not_end_the_story(quick: Hive) -> None:
    narrator = quick.narrate()
    assert narrator.process.stdin is not None
    os.write(narrator.process.stdin.fileno(), b"caf\xe9 \xff\xfe\n")
    narrator.wait("narrated", text=lambda text: text.startswith("caf"))
    narrator.wait("narrated", narrator.type("Still here."), text="Still here.")


def test_commands_that_are_wrong_say_how_they_are_used(quick: Hive) -> None:
    narrator = quick.narrate()
    for line, word in (
        ("/nonsense", "/nonsense"), ("/cast", "/cast"), ("/cast nobody-knows.json", "nobody-knows.json"),
        ("/invite Ghost", "Ghost"), ('/cast "unclosed', "/cast"), ("/whisper", "/whisper"),
        ("/rewind nowhere", "nowhere"), ("/retake", "take again"), ("/accept", "No line waits"),
        ("/adopt", "earlier evening"), ("/review maybe", "/review"), ("/export pdf /tmp/x", "pdf"),
        ("/deactivate Ghost", "Ghost"), ("/cue Ghost", ""), ("/edit", "/edit"), ("/checkpoint", "/checkpoint"),
        ("/invite Ghost --role king", "king"),
    ):  # fmt: skip
        error = narrator.wait("error", narrator.type(line))
        assert word in f"{error['what']} {error['hint']}", (line, error)
        assert error["hint"]
    narrator.wait("narrated", narrator.type("It goes on."))
    assert "Traceback" not in narrator.errors


def test_terminal_codes_and_markup_of_a_peer_never_reach_a_terminal(quick: Hive, writer: QuickWriter) -> None:
    writer.words = f"I say {CODES} and no more é."
    card = quick.root / "card.json"
    card.write_text(json.dumps({
        "spec": "chara_card_v2", "spec_version": "2.0",
        "data": {"name": "Evil[bold]", "description": f"x {CODES}", "personality": "", "scenario": "",
                 "first_mes": "", "mes_example": ""},
    }))  # fmt: skip
    narrator = quick.start(
        "narrator", "narrate", "--headless", "--data", str(quick.folder("narrator")), "--listen", "127.0.0.1:0"
    )
    narrator.type(f"/cast {card}")
    narrator.type("/invite Evil[bold]")
    narrator.until(lambda: "dwnet peer --invite " in narrator.said(), "an invite is shown")
    code = narrator.said().partition("dwnet peer --invite ")[2].split()[0]
    peer = quick.start(
        "evil", "peer", "--invite", code, "--data", str(quick.folder("evil")), "--listen", "127.0.0.1:0",
        "--writer", writer.url,
    )  # fmt: skip
    narrator.until(lambda: "Online_Responsive" in narrator.said(), "it is ready")
    narrator.type("Speak.")
    narrator.until(lambda: "no more é" in narrator.said(), "its line is shown")
    peer.until(lambda: "no more é" in peer.said(), "it shows its own line")
    assert "[bold]markup[/bold]" in narrator.said() and ":smile:" in narrator.said(), "markup is text"
    for shown in (narrator.said(), peer.said(), narrator.errors, peer.errors):
        assert not any(mark in shown for mark in "\x1b\x07\x9b\u202e"), repr(shown)


def test_a_clock_an_hour_off_is_nobodys_fault(quick: Hive) -> None:
    from tests.kit.clock import at_another_hour

    narrator = quick.narrate()
    codes = quick.cast(narrator, "Pim", "Tock")
    late, early = at_another_hour(quick.root, 3600), at_another_hour(quick.root, -3600)
    peers = {
        "Pim": quick.peer("Pim", codes["Pim"], environment=late),
        "Tock": quick.peer("Tock", codes["Tock"], environment=early),
    }
    for name in peers:
        narrator.wait("status", member=name, status="Online_Responsive")
    mark = narrator.type("What time is it?")
    for name in peers:
        quick.answer(narrator, name, mark)
    # Each comes back with its clock the other way.
    for name, hour in (("Pim", early), ("Tock", late)):
        assert peers[name].stop() == 0
        mark = narrator.mark()
        quick.peer(name, environment=hour)
        narrator.wait("status", mark, member=name, status="Online_Responsive")
    assert narrator.leave() == 0
    narrator = quick.narrate(environment=at_another_hour(quick.root, -7200))
    for name in peers:
        narrator.wait("status", member=name, status="Online_Responsive")
    mark = narrator.type("And now?")
    for name in peers:
        quick.answer(narrator, name, mark)
    assert len(quick.story()) == 6
    assert quick.whole() and not quick.forked()
