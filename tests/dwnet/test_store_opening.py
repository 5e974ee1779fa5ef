from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils
import trio

from dwnet.errors import NodeError
from dwnet.migrations import LAYOUT
from dwnet.store import open_store
from dwnet.store_errors import (
    NotAStory,
    StoreDamaged,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreReadOnly,
    StoreUnreadable,
)
from dwnet.store_reader import StoreReader, open_reader
from protocol.ledger import Unit
from tests.kit.chain import Chain

PAGE = 4_096


def write_story(path: Path) -> list[Unit]:
    chain = Chain()
    chain.join("Mira")
    for number in range(12):
        chain.beat(f"Night {number}. " + "The sea was loud. " * 50 * (number % 3), Mira="Who is there?")
    units = [unit for unit in chain.units if unit[0].kind != "line"]

    async def write() -> None:
        with open_store(path, create=True) as store:
            for unit in units:
                await store.commit([unit])

    trio.run(write)
    return units


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "story.db"
    write_story(path)
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    """A copy of a sound story file, to be spoiled."""
    shutil.copy(sound, tmp_path / "story.db")
    return tmp_path / "story.db"


def assert_refused(path: Path, kind: type[NodeError], *, readers: bool = True) -> None:
    """Whoever opens it, with or without leave to make one, is told; and nothing is changed."""
    before = path.read_bytes() if path.is_file() else None
    for create in (False, True):
        with pytest.raises(kind) as refusal:
            open_store(path, create=create)
        assert str(path) in refusal.value.what and refusal.value.hint
    if readers:
        with pytest.raises(kind), open_reader(path) as reader:
            list(reader.load())
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_story_is_made_once_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "story.db"
    units = write_story(path)
    assert os.listdir(tmp_path) == ["story.db"]
    for create in (False, True):
        with open_store(path, create=create) as store:
            assert list(store.load()) == units
    with open_reader(path) as reader:
        assert list(reader.load()) == units


def test_nothing_is_made_where_nothing_was_and_none_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        open_store(tmp_path / "story.db", create=False)
    with pytest.raises(StoreMissing):
        open_reader(tmp_path / "story.db")
    assert os.listdir(tmp_path) == []


def test_what_a_crash_left_of_a_file_being_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "story.db.new").write_bytes(b"half a file")
    (tmp_path / "story.db.new-wal").write_bytes(b"half a log")
    write_story(tmp_path / "story.db")
    assert os.listdir(tmp_path) == ["story.db"]


def test_a_file_cut_short_at_any_page_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    assert len(whole) > 20 * PAGE and len(whole) % PAGE == 0
    for cut in range(PAGE, len(whole), PAGE):
        path.write_bytes(whole[:cut])
        assert_refused(path, StoreDamaged)


@pytest.mark.parametrize("cut", [1, 16, 99, 100, 101, PAGE - 1, PAGE + 1])
def test_a_file_cut_anywhere_is_refused(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:cut])
    assert_refused(path, StoreDamaged)


def spoil(path: Path, at: int, rubbish: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(rubbish)


def test_a_page_of_rubbish_or_zeros_is_refused_wherever_it_lies(path: Path, sound: Path) -> None:
    for rubbish in (os.urandom(PAGE), bytes(PAGE)):
        for page in range(path.stat().st_size // PAGE):
            shutil.copy(sound, path)
            spoil(path, page * PAGE, rubbish)
            for create in (False, True):
                with pytest.raises((StoreDamaged, NotAStory)):
                    open_store(path, create=create)


def test_a_single_changed_byte_in_what_was_told_is_found(path: Path) -> None:
    at = path.read_bytes().index(b"The sea was loud")
    spoil(path, at, b"t")
    assert_refused(path, StoreDamaged)


def edit(sql: str) -> Callable[[Path], None]:
    def spoiler(path: Path) -> None:
        with sqlite3.connect(path) as db:
            db.execute(sql)
        db.close()

    return spoiler


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entries SET id = hex(randomblob(32)) WHERE position = 9",
        "UPDATE entries SET id = 'ab' WHERE position = (SELECT max(position) FROM entries WHERE kind = 'accept')",
        "UPDATE entries SET signature = zeroblob(64) WHERE position = 9",
        "UPDATE entries SET header = 'text' WHERE position = 9",
        "UPDATE entries SET body = (SELECT body FROM entries WHERE position = 8) WHERE position = 9",
        "DELETE FROM entries WHERE position = (SELECT max(position) FROM entries WHERE kind = 'cue')",
        "DELETE FROM entries WHERE position = (SELECT max(position) FROM entries WHERE kind = 'line')",
        "DROP TABLE entries",
        "DROP TABLE meta",
    ],
)
def test_rows_that_were_tampered_with_are_refused(path: Path, sql: str) -> None:
    edit(sql)(path)
    with pytest.raises(StoreDamaged):
        open_store(path, create=False)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", StoreDamaged),
        (b"Once upon a time there was a text file.\n" * 200, StoreDamaged),
        (b"SQLite format 3\0", StoreDamaged),
        (b"SQLite format 3\0" + bytes(5000), NotAStory),
    ],
)
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes, kind: type[NodeError]) -> None:
    path = tmp_path / "story.db"
    path.write_bytes(content)
    assert_refused(path, kind)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "story.db").mkdir()
    assert_refused(tmp_path / "story.db", NotAStory)


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "story.db") as db:
        db.execute("CREATE TABLE entries (id TEXT)")
    db.close()
    assert_refused(tmp_path / "story.db", NotAStory)


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    edit(f"PRAGMA user_version = {LAYOUT + 1}")(path)
    assert_refused(path, StoreNewer)


def test_a_log_whose_file_is_gone_is_not_taken_for_a_fresh_start(tmp_path: Path) -> None:
    (tmp_path / "story.db-wal").write_bytes(bytes(PAGE))
    assert_refused(tmp_path / "story.db", StoreDamaged)
    assert os.listdir(tmp_path) == ["story.db-wal"]


def test_a_file_in_use_by_another_writer_is_named_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dwnet.store.PATIENCE", 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked):
        open_store(path, create=False)
    other.close()
    open_store(path, create=False).close()


def test_a_folder_that_is_not_there_is_named_so(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreadable):
        open_store(tmp_path / "nowhere" / "story.db", create=True)


async def test_a_reader_sees_what_a_running_node_committed(tmp_path: Path) -> None:
    path, chain = tmp_path / "story.db", Chain()
    with open_store(path, create=True) as store:
        await store.commit(chain.units)
        with open_reader(path) as early:
            assert list(early.load()) == chain.units
            chain.narrate("Night fell.")
            await store.commit(chain.units)
            assert list(early.load()) == chain.units
        with open_reader(path) as late:
            half = late.load()
            next(half)
            chain.narrate("Day broke.")
            await store.commit(chain.units)
            assert [*half] == chain.units[1:2]
            assert list(late.load()) == chain.units
    with open_reader(path) as after:
        assert list(after.load()) == chain.units


async def test_a_reader_changes_nothing_and_can_not(tmp_path: Path) -> None:
    path = tmp_path / "story.db"
    with open_store(path, create=True) as store:
        await store.commit(Chain().units)
        with open_reader(path) as reader, pytest.raises(StoreReadOnly):
            reader.query("DELETE FROM entries")


def test_a_crashed_nodes_log_is_read_and_opened(path: Path, tmp_path: Path) -> None:
    """The files as a killed process leaves them: the last lines only in the write-ahead log."""
    chain = Chain(seed=7)
    live = tmp_path / "live.db"

    async def write() -> None:
        with open_store(live, create=True) as store:
            await store.commit(chain.units)
            for end in ("", "-wal"):
                shutil.copy(f"{live}{end}", f"{tmp_path / 'left.db'}{end}")

    trio.run(write)
    with open_reader(tmp_path / "left.db") as reader:
        assert list(reader.load()) == chain.units
    with open_store(tmp_path / "left.db", create=False) as store:
        assert list(store.load()) == chain.units


def test_people_can_read_it_with_sqlite_utils(path: Path) -> None:
    db = sqlite_utils.Database(path)
    row = next(iter(db.query("SELECT * FROM entry_list WHERE kind = 'narrate'")))
    assert row["written_at"].startswith("2026-01-01T16:") and row["redacted"] == 0
    assert {"entries", "peers", "meta", "fork_proofs"} <= set(db.table_names())
    db.close()


READ_ONLY = """
mount -t tmpfs tmpfs "$1" && cp "$2"* "$1" && mount -o remount,ro "$1" && exec "$3" -c '
import sys
from pathlib import Path
from dwnet.errors import NodeError
from dwnet.store import open_store
from dwnet.store_reader import open_reader
path = Path(sys.argv[1])
with open_reader(path) as reader:
    print(reader.count())
try:
    open_store(path, create=True)
except NodeError as error:
    print(type(error).__name__)
' "$1/story.db"
"""


def in_own_mounts(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount disks nobody else sees; skip where that is not allowed."""
    unshare = ["unshare", "--mount", *([] if os.name != "posix" or os.geteuid() == 0 else ["--map-root-user"])]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces for this account")
    return subprocess.run([*unshare, "sh", "-c", script, "sh", *arguments], capture_output=True, text=True, timeout=60)


def test_on_a_read_only_disk_a_story_can_be_read_and_the_writer_is_told(path: Path, tmp_path: Path) -> None:
    import sys

    (tmp_path / "disk").mkdir()
    done = in_own_mounts(READ_ONLY, str(tmp_path / "disk"), str(path), sys.executable)
    with StoreReader(path, sqlite3.connect(path)) as reader:
        assert done.stdout.split() == [str(reader.count()), "StoreReadOnly"], done.stderr
