"""Ports, folders, disks and damaged files: a sentence each, and nothing told is lost."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.hive import Hive, Program

Require = Callable[[str, str], str]


def refused(program: Program, *words: str) -> None:
    """It ends by itself with a sentence that holds these words, and a hint; no traceback."""
    assert program.ended() == 3, program.report()
    (error,) = program.saw("error")
    said = f"{error['what']} {error['hint']}".casefold()
    assert error["hint"] and all(one.casefold() in said for one in words), said
    assert "Traceback" not in program.errors


def start(hive: Hive, *, listen: str = "127.0.0.1:0", prefix: list[str] | None = None) -> Program:
    """A narrator that is not expected to become ready."""
    folder = str(hive.folder("narrator"))
    return hive.start(
        "narrator", "narrate", "--headless", "--json", "--data", folder, "--listen", listen, prefix=prefix
    )


def test_a_port_that_is_taken_is_named(quick: Hive) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused(start(quick, listen=f"127.0.0.1:{port}"), str(port), "in use", "--listen")
    quick.narrate(listen=f"127.0.0.1:{port}")


def test_a_folder_that_cannot_be_written_to_is_named(quick: Hive, require: Require) -> None:
    # Root may write everywhere, unless it gives that right up.
    as_root = os.geteuid() == 0
    prefix = [require("setpriv", "util-linux"), "--bounding-set=-dac_override"] if as_root else []
    quick.folder("narrator").mkdir(mode=0o500)
    refused(start(quick, prefix=prefix), str(quick.folder("narrator")), "cannot be written", "--data")
    assert list(quick.folder("narrator").iterdir()) == []


def test_a_folder_that_a_running_process_uses_is_refused_and_can_still_be_read(quick: Hive) -> None:
    narrator = quick.narrate()
    narrator.wait("narrated", narrator.type("A word."))
    refused(start(quick), "in use", "--data")
    assert quick.story() == [("Narrator", "A word.")]
    code, events, _, errors = quick.run("status", "--data", str(quick.folder("narrator")), "--json")
    assert code == 0, errors
    assert events[0]["open"] is True
    narrator.wait("narrated", narrator.type("Another."))


def cut_short(database: Path) -> None:
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])


def overwritten(database: Path) -> None:
    database.write_bytes(os.urandom(database.stat().st_size))


def emptied(database: Path) -> None:
    database.write_bytes(b"")


SLOW = pytest.mark.slow  # the first one shows the way


@pytest.mark.parametrize("spoil", [cut_short, pytest.param(overwritten, marks=SLOW), pytest.param(emptied, marks=SLOW)])
def test_a_spoilt_database_is_refused_kept_and_brought_back(quick: Hive, spoil: Callable[[Path], None]) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim")
    quick.answer(narrator, "Pim", narrator.type("It was told."))
    assert narrator.leave() == 0
    told = quick.story()
    database = quick.folder("narrator") / "dream_weaver.db"
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    spoil(database)
    spoilt = database.read_bytes()

    refused(start(quick), "dream_weaver.db", "log import", "peer")
    assert database.read_bytes() == spoilt
    # Every peer holds the story: its log brings it back.
    file = quick.root / "from-pim.dwlog"
    assert quick.run("log", "export", str(file), "--data", str(quick.folder("Pim")))[0] == 0
    code, _, _, errors = quick.run("log", "import", str(file), "--data", str(quick.folder("narrator")))
    assert code == 0, errors
    assert any(one.read_bytes() == spoilt for one in database.parent.glob("dream_weaver.db.damaged-*"))
    assert quick.story() == told
    narrator = quick.narrate()
    narrator.wait("status", member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("And it goes on."))
    assert quick.story()[:2] == told and not quick.forked()
    quick.whole()


def test_a_peer_with_a_spoilt_database_comes_back_from_the_narrators_log(quick: Hive) -> None:
    narrator = quick.narrate()
    pim = quick.join(narrator, "Pim")["Pim"]
    quick.answer(narrator, "Pim", narrator.type("It was told."))
    assert pim.stop() == 0
    database = quick.folder("Pim") / "story.db"
    overwritten(database)
    refused(quick.peer("Pim"), "story.db", "log import")
    file = quick.root / "story.dwlog"
    narrator.type(f"/export dwlog {file}")
    narrator.wait("exported")
    assert quick.run("log", "import", str(file), "--data", str(quick.folder("Pim")))[0] == 0
    mark = narrator.mark()
    quick.peer("Pim").wait("joined", member="Pim")
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("Back again."))
    assert quick.whole() and not quick.forked()


def test_a_database_that_vanished_is_not_taken_for_a_new_story(quick: Hive) -> None:
    narrator = quick.narrate()
    narrator.wait("narrated", narrator.type("It was told."))
    assert narrator.leave() == 0
    for one in quick.folder("narrator").glob("dream_weaver.db*"):
        one.unlink()
    refused(start(quick), "no story file", "log import")


@pytest.fixture
def small_disk(quick: Hive, require: Require) -> Iterator[Path]:
    """The narrator's folder on a disk of its own, of 2 MiB."""
    mount, umount = require("mount", "mount"), require("umount", "mount")
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk to fill it")
    folder = quick.folder("narrator")
    folder.mkdir()
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "small", str(folder)], check=True)
    yield folder
    quick.close()
    subprocess.run([umount, str(folder)], check=True)


def test_a_disk_that_fills_up_loses_nothing_that_was_told(quick: Hive, small_disk: Path, require: Require) -> None:
    narrator = quick.narrate()
    told = 0
    for number in range(400):
        text = f"{number} " + "word " * 2_000
        try:
            mark = narrator.type(text)
        except OSError:
            break
        narrator.until(
            lambda mark=mark: bool(narrator.saw("narrated", mark) or narrator.saw("error", mark)),  # type: ignore[misc]
            "told, or refused",
        )
        if not narrator.saw("narrated", mark):
            break
        told += 1
    assert told > 20
    assert narrator.ended() == 3, narrator.report()
    error = narrator.saw("error")[-1]
    assert "full" in error["what"] and "space" in error["hint"]
    assert "Traceback" not in narrator.errors

    subprocess.run([require("mount", "mount"), "-o", "remount,size=64m", str(small_disk)], check=True)
    narrator = quick.narrate()
    narrator.wait("narrated", narrator.type("There is room again."))
    story = [text.split()[0] for _, text in quick.story()]
    assert story[:told] == [str(number) for number in range(told)]
    assert len(story) <= told + 2 and story[-1] == "There"
    assert quick.whole() and not quick.forked()
