from __future__ import annotations

import errno
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from dwnet import whole_file
from dwnet.blob_store import BlobDamaged, BlobMissing, BlobStore, OverQuota
from dwnet.whole_file import FileNotWritten, NoRoomForFile
from protocol.blobs import blob_id, manifest_of
from protocol.limits import CHUNK

MIRA, TOM = b"m" * 32, b"t" * 32


def pattern(size: int) -> bytes:
    return b"".join(at.to_bytes(4, "big") for at in range(size // 4 + 1))[:size]


LARGE = pattern(4 * CHUNK + 100)
LARGE_MANIFEST = manifest_of(LARGE)
LARGE_ID = blob_id(LARGE_MANIFEST)


def chunk(index: int) -> bytes:
    return LARGE[index * CHUNK : (index + 1) * CHUNK]


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [1, CHUNK, CHUNK + 1, 5 * CHUNK])
def test_what_was_put_is_there_under_its_hash(tmp_path: Path, size: int) -> None:
    data = pattern(size)
    store = BlobStore(tmp_path)
    blob = store.put(data)
    assert blob == blob_id(manifest_of(data))
    assert store.has(blob) and store.read(blob) == data and store.manifest(blob) == manifest_of(data)
    path = store.path_of(blob)
    assert path is not None and path.read_bytes() == data
    assert b"".join(store.read_chunk(blob, at) for at in range(manifest_of(data).chunks)) == data


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    blob = BlobStore(tmp_path).put(LARGE, MIRA)
    again = BlobStore(tmp_path)
    assert again.read(blob) == LARGE and again.used(MIRA) == len(LARGE)


def test_putting_twice_keeps_one(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(store.put, [LARGE] * 16, [MIRA, TOM] * 8))
    assert ids == {LARGE_ID}
    assert store.used(MIRA) + store.used(TOM) == len(LARGE)
    assert len(files(tmp_path)) == 2  # its leaves lie beside it


def test_what_is_not_here_is_not_empty(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    assert not store.has(LARGE_ID) and store.path_of(LARGE_ID) is None
    for ask in (store.read, store.manifest, lambda blob: store.read_chunk(blob, 0)):
        with pytest.raises(BlobMissing):
            ask(LARGE_ID)
    store.put(LARGE)
    with pytest.raises(BlobMissing):
        store.read_chunk(LARGE_ID, LARGE_MANIFEST.chunks)


def test_a_blob_comes_chunk_by_chunk_in_any_order_and_is_there_when_it_is_whole(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    assert store.begin(LARGE_ID, LARGE_MANIFEST, MIRA) == set()
    for index in (4, 0, 3, 1, 2):
        assert not store.has(LARGE_ID)
        store.write_chunk(LARGE_ID, index, chunk(index))
    assert store.finish(LARGE_ID) == store.path_of(LARGE_ID)
    assert store.read(LARGE_ID) == LARGE


def test_after_a_crash_good_chunks_are_found_again_and_bad_ones_are_not_trusted(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    store.begin(LARGE_ID, LARGE_MANIFEST)
    for index in (0, 1, 3):
        store.write_chunk(LARGE_ID, index, chunk(index))
    (part,) = files(tmp_path)
    with part.open("r+b") as file:
        file.seek(CHUNK + 5)
        file.write(b"torn")
    again = BlobStore(tmp_path)
    assert not again.has(LARGE_ID)
    assert again.begin(LARGE_ID, LARGE_MANIFEST) == {0, 3}
    for index in (1, 2, 4):
        again.write_chunk(LARGE_ID, index, chunk(index))
    again.finish(LARGE_ID)
    assert again.read(LARGE_ID) == LARGE


def test_a_part_that_is_not_what_its_name_says_is_not_made_whole(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    store.begin(LARGE_ID, LARGE_MANIFEST)
    for index in range(LARGE_MANIFEST.chunks):
        store.write_chunk(LARGE_ID, index, chunk(index))
    (part,) = files(tmp_path)
    with part.open("r+b") as file:
        file.write(b"worn")
    with pytest.raises(BlobDamaged):
        store.finish(LARGE_ID)
    assert not store.has(LARGE_ID) and store.begin(LARGE_ID, LARGE_MANIFEST) == set()


def test_a_blob_that_the_disk_has_changed_is_refused_not_played(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    path = store.path_of(store.put(LARGE))
    assert path is not None
    worn = bytearray(LARGE)
    worn[CHUNK + 1] ^= 1
    path.write_bytes(worn)
    with pytest.raises(BlobDamaged):
        store.read(LARGE_ID)
    with pytest.raises(BlobDamaged):
        store.read_chunk(LARGE_ID, 1)
    assert store.read_chunk(LARGE_ID, 0) == chunk(0)
    path.write_bytes(b"")
    with pytest.raises(BlobDamaged):
        BlobStore(tmp_path).manifest(LARGE_ID)


@pytest.mark.parametrize("harm", ["gone", "cut", "changed"])
def test_lost_leaves_are_worked_out_again(tmp_path: Path, harm: str) -> None:
    BlobStore(tmp_path).put(LARGE)
    (leaves,) = [path for path in files(tmp_path) if path.suffix == ".leaves"]
    kept = leaves.read_bytes()
    leaves.unlink()
    if harm != "gone":
        leaves.write_bytes(kept[:-1] if harm == "cut" else bytes(len(kept)))
    assert BlobStore(tmp_path).manifest(LARGE_ID) == LARGE_MANIFEST


def test_an_author_has_a_quota_and_others_theirs(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, quota=1_000)
    store.put(pattern(900), MIRA)
    with pytest.raises(OverQuota):
        store.put(pattern(101), MIRA)
    with pytest.raises(OverQuota):
        store.begin(LARGE_ID, LARGE_MANIFEST, MIRA)
    store.put(pattern(101), TOM)
    store.put(pattern(5_000))
    assert (store.used(MIRA), store.used(TOM)) == (900, 101)
    with pytest.raises(OverQuota):
        BlobStore(tmp_path, quota=1_000).put(pattern(102), MIRA)


def test_what_is_being_fetched_counts_against_the_quota_until_it_is_dropped(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, quota=len(LARGE) + 10)
    store.begin(LARGE_ID, LARGE_MANIFEST, MIRA)
    with pytest.raises(OverQuota):
        store.put(pattern(11), MIRA)
    store.drop(LARGE_ID)
    store.put(pattern(11), MIRA)
    assert store.used(MIRA) == 11


def test_what_nothing_refers_to_is_removed(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    kept, gone = store.put(LARGE, MIRA), store.put(pattern(2 * CHUNK), MIRA)
    fetched = blob_id(manifest_of(pattern(3 * CHUNK)))
    store.begin(fetched, manifest_of(pattern(3 * CHUNK)), TOM)
    assert store.collect({kept}) == 2 * CHUNK
    assert store.read(kept) == LARGE and not store.has(gone) and store.used(MIRA) == len(LARGE)
    store.write_chunk(fetched, 0, pattern(3 * CHUNK)[:CHUNK])
    assert BlobStore(tmp_path).collect({kept, fetched}) == 0
    assert BlobStore(tmp_path).begin(fetched, manifest_of(pattern(3 * CHUNK)), TOM) == {0}
    BlobStore(tmp_path).collect({kept})
    assert [path.name[62:] for path in files(tmp_path)] == ["", ".leaves"]


def test_a_large_file_is_kept_without_being_read_at_once(tmp_path: Path) -> None:
    source = tmp_path / "adapter.gguf"
    source.write_bytes(LARGE)
    store = BlobStore(tmp_path / "blobs")
    assert store.put_file(source) == LARGE_ID == store.put_file(source)
    assert store.read(LARGE_ID) == LARGE


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    stranger = tmp_path / "own" / "ab" / "notes.txt"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("mine", encoding="utf-8")
    store = BlobStore(tmp_path)
    store.collect(set())
    assert stranger.read_text(encoding="utf-8") == "mine"


class FullDisk(io.FileIO):
    """A file on a disk that has no room."""

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(tmp_path, quota=100)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode: FullDisk(path, mode))
        with pytest.raises(NoRoomForFile) as caught:
            store.put(pattern(80), MIRA)
    assert str(tmp_path) in str(caught.value) and caught.value.hint
    assert files(tmp_path) == [] and store.used(MIRA) == 0
    assert store.read(store.put(pattern(80), MIRA)) == pattern(80)


def test_a_file_gets_its_name_only_after_its_bytes_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    flush, settle = whole_file.flush, whole_file.settle

    def flushed(file: BinaryIO) -> None:
        steps.append("flush")
        flush(file)

    def settled(part: Path, path: Path) -> None:
        steps.append("name")
        settle(part, path)

    monkeypatch.setattr(whole_file, "flush", flushed)
    monkeypatch.setattr(whole_file, "settle", settled)
    BlobStore(tmp_path).put(b"sound")
    assert steps == ["flush", "name"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file where a folder is needed", encoding="utf-8")
    with pytest.raises(FileNotWritten):
        BlobStore(tmp_path).put(b"sound")
