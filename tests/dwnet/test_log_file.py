from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dwnet import log_file
from dwnet.blob_store import BlobStore
from dwnet.log_file import (
    ExportNotGood,
    LogNewer,
    LogNotGood,
    export_log,
    read_clips,
    read_forks,
    read_units,
    units_of,
    verify_file,
)
from dwnet.store import open_store
from dwnet.whole_file import FileNotRead, FileNotWritten, NoRoomForFile
from protocol.dwlog import RecordType
from protocol.encoding import encode
from protocol.entry import Entry
from protocol.kinds import Line
from protocol.ledger import Ledger
from protocol.shapes import Span
from protocol.verifier import Outcome, Report
from tests.kit.chain import EVENING, Chain
from tests.kit.log_files import CHEAT, CLIP, joined, ledger_of, long_story, records_of, small_story

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "verify_dwlog.py"


def export(path: Path, chain: Chain) -> Report:
    ledger = ledger_of(chain)
    return export_log(
        path, chain.narrator.key, units_of(ledger), ledger.canon.head, at=EVENING, scope="whole", clips=[CLIP]
    )


def test_an_exported_story_is_whole_and_comes_back_as_it_was(tmp_path: Path) -> None:
    chain = long_story()
    path = tmp_path / "evenings" / "story.dwlog"
    assert export(path, chain).outcome is Outcome.WHOLE
    assert verify_file(path, chain.tag).outcome is Outcome.WHOLE
    before, after = ledger_of(chain), Ledger(chain.tag)
    for unit in read_units(path):
        after.take(unit)
    assert after.canon.head == before.canon.head
    assert {one.id: one.triple for one in after.entries.values()} == {
        one.id: one.triple for one in before.entries.values()
    }
    assert [one.take.spans for one in after.story.path()] == [one.take.spans for one in before.story.path()]
    assert list(read_clips(path)) == [CLIP] and list(read_forks(path)) == []


def test_a_whisper_leaves_as_ciphertext(tmp_path: Path) -> None:
    chain = small_story()
    mira = chain.members[0]
    chain.narrate("Beware of the keeper.", mira, audience=[mira])
    export(tmp_path / "story.dwlog", chain)
    assert b"Beware" not in (tmp_path / "story.dwlog").read_bytes()


async def test_what_a_store_gives_back_can_leave(tmp_path: Path) -> None:
    chain = long_story()
    ledger = Ledger(chain.tag)
    store = open_store(tmp_path / "story.db", create=True)
    for unit in chain.units:
        taken = ledger.take(unit)
        if taken.unit:
            await store.commit([taken.unit])
    again = Ledger(chain.tag)
    again.load(store.load())
    store.close()
    report = export_log(tmp_path / "a.dwlog", CHEAT, units_of(again), again.canon.head, at=EVENING)
    assert report.outcome is Outcome.WHOLE and report.head == ledger.canon.head
    assert {one.id for unit in read_units(tmp_path / "a.dwlog") for one in unit} == set(ledger.entries)


def test_proofs_of_forks_go_along(tmp_path: Path) -> None:
    chain = small_story()
    mira = chain.members[0]
    pair = (mira.feed[-1], mira.twin(Line((Span("speech", "Nobody."),), "echo", b"", "")))
    path = tmp_path / "story.dwlog"
    report = export_log(path, CHEAT, chain.units, chain.canon_head, at=EVENING, forks=[pair])
    assert report.outcome is Outcome.FORKED is verify_file(path, chain.tag).outcome
    assert list(read_forks(path)) == [pair]


def test_the_same_story_at_the_same_time_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(tmp_path / name, long_story())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_story_that_would_not_pass_is_not_put_in_place_of_one_that_did(tmp_path: Path) -> None:
    chain = small_story()
    path = tmp_path / "story.dwlog"
    export(path, chain)
    good = path.read_bytes()
    without = [unit for unit in chain.units if unit[0].kind != "grant"]
    for units, head in ((without, chain.canon_head), (chain.units, chain.genesis.id), ([], b"")):
        with pytest.raises(ExportNotGood):
            export_log(path, chain.narrator.key, units, head, at=EVENING)
    assert path.read_bytes() == good and [one.name for one in tmp_path.iterdir()] == ["story.dwlog"]


class FullDisk(io.FileIO):
    """A file on a disk that takes a thousand bytes."""

    room = 1_000

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "story.dwlog"
    export(path, small_story())
    good = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode: FullDisk(path, mode))
        with pytest.raises(NoRoomForFile):
            export(path, long_story())
    assert path.read_bytes() == good and [one.name for one in tmp_path.iterdir()] == ["story.dwlog"]


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileNotWritten):
        export(tmp_path / "file" / "story.dwlog", small_story())


def test_a_file_that_is_not_there_is_not_called_tampered(tmp_path: Path) -> None:
    with pytest.raises(FileNotRead):
        verify_file(tmp_path / "nothing.dwlog")
    with pytest.raises(FileNotRead):
        list(read_units(tmp_path / "nothing.dwlog"))


def test_a_newer_file_says_update(tmp_path: Path) -> None:
    path = tmp_path / "story.dwlog"
    path.write_bytes(joined([(RecordType.HEAD, encode([2, "all is new"]))]))
    with pytest.raises(LogNewer) as caught:
        verify_file(path)
    assert "Update" in caught.value.hint


def test_a_file_is_read_in_pieces_and_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "story.dwlog"
    whole = export(path, long_story())
    monkeypatch.setattr(log_file, "PIECE", 1_000)
    seen: list[tuple[int, int]] = []
    assert verify_file(path, whole.tag, lambda read, size: seen.append((read, size))).outcome is Outcome.WHOLE
    size = path.stat().st_size
    assert [read for read, _ in seen] == [*range(1_000, size, 1_000), size] and {of for _, of in seen} == {size}
    assert len(list(read_units(path))) > 30


def test_units_of_a_changed_file_stop_at_the_change(tmp_path: Path) -> None:
    path = tmp_path / "story.dwlog"
    chain = small_story()
    export(path, chain)
    data = bytearray(path.read_bytes())
    data[len(joined(records_of(bytes(data))[:4])) + 20] ^= 1
    path.write_bytes(data)
    found: list[tuple[Entry, ...]] = []
    with pytest.raises(LogNotGood) as caught:
        found.extend(read_units(path))
    assert [unit[0].id for unit in found] == [unit[0].id for unit in chain.units[:3]]
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("outcome", "harm"),
    [
        (0, lambda data: data),
        (10, lambda data: data[:500] + b"!" + data[501:]),
        (11, lambda data: data[:-1]),
        (13, None),
    ],
)
def test_the_verifier_in_the_documents_needs_nothing_of_ours(tmp_path: Path, outcome: int, harm: object) -> None:
    chain = long_story()
    path = tmp_path / "story.dwlog"
    export(path, chain)
    if callable(harm):
        path.write_bytes(harm(path.read_bytes()))
    tag = chain.tag if callable(harm) else bytes(16)
    ran = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(path), tag.hex()], capture_output=True, text=True, cwd=tmp_path
    )
    assert (ran.returncode, ran.stderr) == (outcome, "")
    assert verify_file(path, tag).outcome == outcome
    imported = [
        line for line in VERIFIER.read_text(encoding="utf-8").splitlines() if line.startswith(("import", "from"))
    ]
    assert not [line for line in imported if "protocol" in line or "dwnet" in line or "msgpack" in line]


def test_clips_come_from_where_they_are_kept(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    ids = [blobs.put(bytes([number]) * 50_000) for number in range(3)]
    chain = small_story()
    path = tmp_path / "story.dwlog"
    clips = (blobs.read(one) for one in ids)
    report = export_log(path, CHEAT, chain.units, chain.canon_head, at=EVENING, clips=clips)
    assert report.clips == 3
    elsewhere = BlobStore(tmp_path / "elsewhere")
    assert [elsewhere.put(clip) for clip in read_clips(path)] == ids
