"""Characters on the narrator's own machine: started again until they sit, left alone once somebody else does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from narrator_app.seat_settings import SeatSettings
from tests.kit.hive import Hive
from tests.kit.quick_writer import QuickWriter


@pytest.mark.timeout(600)
def test_a_seat_that_was_left_before_it_was_taken_is_taken_at_the_next_start(quick: Hive) -> None:
    narrator = quick.narrate()
    narrator.type("/cast Pim --here")
    narrator.wait("local", member="Pim", state="starting")
    narrator.kill()
    assert not narrator.saw("joined"), "it was too early for that"

    narrator = quick.narrate()
    narrator.wait("joined", member="Pim")
    narrator.wait("local", member="Pim", state="running")
    assert narrator.leave() == 0

    narrator = quick.narrate()
    narrator.wait("local", member="Pim", state="running")
    assert not narrator.saw("joined") and not narrator.saw("invite"), "it has its seat"
    statuses = [one["status"] for one in narrator.saw("status", member="Pim")]
    assert statuses and not {"Offline", "Error_Unreachable"} & set(statuses), narrator.report()


@pytest.mark.timeout(600)
def test_a_seat_that_moves_elsewhere_ends_its_process_here_without_a_complaint(quick: Hive) -> None:
    narrator = quick.narrate()
    narrator.type("/cast Pim --here")
    narrator.wait("local", member="Pim", state="running")
    code = quick.invite(narrator, "Pim")
    mark = narrator.mark()
    elsewhere = quick.peer("Pim", code)
    elsewhere.wait("joined", member="Pim")
    narrator.wait("local", mark, member="Pim", state="ended")
    narrator.wait("notice", mark, what=lambda what: "another machine" in what)
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    assert narrator.leave() == 0

    narrator = quick.narrate()
    narrator.wait("status", member="Pim", status="Online_Responsive")
    assert not narrator.saw("local") and not narrator.saw("error")
    narrator.type("/cast Pim --here")
    narrator.wait("joined", member="Pim")
    assert elsewhere.ended() == 3
    narrator.wait("local", member="Pim", state="running")


@pytest.mark.timeout(600)
def test_a_character_here_writes_with_what_its_seat_is_set_to(quick: Hive, writer: QuickWriter) -> None:
    writer.key = "sk-known-to-two"
    settings = SeatSettings(quick.folder("narrator") / "here" / "seat-1")
    settings.keep_writer(writer.url)
    settings.keep_key(writer.key)
    narrator = quick.narrate()
    narrator.type("/cast Pim --here")
    ready = narrator.wait("status", member="Pim", status="Online_Responsive")
    assert writer.url.partition("#")[2] in ready["why"]
    line = quick.answer(narrator, "Pim", narrator.type("Night fell."))
    assert line["text"] and writer.replies
    assert narrator.leave() == 0
    files = [path for path in quick.folder("narrator").rglob("*") if path.is_file()]
    assert [path.name for path in files if writer.key.encode() in path.read_bytes()] == ["api_key"]


@pytest.mark.timeout(600)
def test_a_new_character_writes_with_what_the_narrator_chose_and_finds_the_same_voices(
    quick: Hive, writer: QuickWriter
) -> None:
    root = quick.folder("narrator")
    root.mkdir(parents=True, exist_ok=True)
    (root / "config.toml").write_text(f'writer = "{writer.url}"\n')
    narrator = quick.narrate()
    narrator.type("/cast Pim --here")
    ready = narrator.wait("status", member="Pim", status="Online_Responsive")
    assert writer.url.partition("#")[2] in ready["why"]
    assert SeatSettings(root / "here" / "seat-1").writer() == writer.url
    assert environment_of(root / "here" / "seat-1")["TTS_HOME"] == str(root / "models" / "tts")
    assert narrator.leave() == 0


def environment_of(folder: Path) -> dict[str, str]:
    """The environment of the process that plays a character here."""
    mine = f"DREAMWEAVER_CLIENT_DATA_PATH={folder}".encode()
    for one in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it ended meanwhile
            if mine in (pairs := one.read_bytes().split(b"\0")):
                return dict(pair.decode().split("=", 1) for pair in pairs if b"=" in pair)
    raise AssertionError(f"no process plays {folder}")
