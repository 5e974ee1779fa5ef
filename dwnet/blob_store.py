"""Blobs on disk, under the hash that names them: clips, reference voices, adapters.

Rules of this file:
- A name stands for whole, checked bytes on the disk, or is not there. What is being fetched is a ``.part`` file; after
  a crash it is hashed again, never trusted.
- ``AUTHOR/ab/REST``: one folder per author, whose sizes are its quota; ``own`` is ours and has none. A blob lies in the
  folder of whoever brought it first.
- Beside a blob of several chunks lie its leaves, ``.leaves``. They can be lost: then they are worked out again.
- All calls block and are made from threads; any number at a time.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Container, Iterator
from pathlib import Path
from typing import BinaryIO

from dwnet.errors import NodeError
from dwnet.whole_file import NEW, flush, reading, settle, write_whole, writing
from protocol import limits
from protocol.blobs import Manifest, blob_id, check_chunk, check_manifest, manifest_of, manifest_of_chunks

OWN = b""
PART, LEAVES = ".part", ".leaves"
MANIFESTS = 8  # kept at hand; the largest is 512 KiB


class BlobMissing(NodeError):
    """A piece of sound or data ({blob}) is not on this machine.

    It is fetched again from any peer that has it; stay connected for a while.
    """


class BlobDamaged(NodeError):
    """A piece of sound or data on this machine, {path}, is not what it was when it was stored.

    Delete that file: it is fetched again from any peer that has it. If this happens again, the disk may be failing.
    """


class OverQuota(NodeError):
    """Sound and data of one member would take more than the {quota} bytes allowed, so no more of it was stored.

    The text is complete. Ask the narrator about that member if this was not expected.
    """


class BlobStore:
    """The blobs below ``root``. ``quota``: bytes kept per author.

    Besides what each method names, all raise NoRoomForFile, FileNotWritten and FileNotRead.
    """

    def __init__(self, root: Path, quota: int = limits.BLOB_QUOTA) -> None:
        self.root = root
        self._quota = quota
        self._lock = threading.Lock()  # over the maps below; held for moments
        self._putting = threading.Lock()  # one whole blob at a time
        self._paths: dict[bytes, Path] = {}
        self._used: Counter[str] = Counter()
        self._parts: dict[bytes, tuple[Manifest, Path]] = {}
        self._manifests: OrderedDict[bytes, Manifest] = OrderedDict()
        with reading(root):
            for path in _files(root, ""):
                self._paths[_blob_of(path)] = path
                self._used[_author_of(path)] += path.stat().st_size

    def has(self, blob: bytes) -> bool:
        return blob in self._paths

    def path_of(self, blob: bytes) -> Path | None:
        """The file that holds a whole blob: a clip in it can be played from there."""
        return self._paths.get(blob)

    def used(self, author: bytes) -> int:
        """Bytes kept of one author's, what is being fetched included."""
        return self._used[_folder(author)]

    def put(self, data: bytes, author: bytes = OWN) -> bytes:
        """Keep bytes at hand and return their id. Idempotent.

        :raises OverQuota:
        :raises LocalError: unless 1 to limits.BLOB bytes.
        """
        manifest = manifest_of(data)
        blob = blob_id(manifest)
        with self._putting:
            if self.has(blob):
                return blob
            path = self._reserve(blob, manifest, author)
            try:
                self._keep_leaves(path, manifest)
                with write_whole(path) as file:
                    file.write(data)
            except BaseException:
                self._release(path, manifest)
                raise
            with self._lock:
                self._paths[blob] = path
        return blob

    def put_file(self, source: Path, author: bytes = OWN) -> bytes:
        """Keep the bytes of a file of any size, as ``put`` does."""
        with reading(source), source.open("rb") as file:
            manifest = manifest_of_chunks(_chunks(file))
            blob = blob_id(manifest)
            if self.has(blob):
                return blob
            held = self.begin(blob, manifest, author)
            for index in range(manifest.chunks):
                if index not in held:
                    file.seek(index * limits.CHUNK)
                    self.write_chunk(blob, index, file.read(limits.CHUNK))
        self.finish(blob)
        return blob

    def read(self, blob: bytes) -> bytes:
        """All bytes of a blob.

        :raises BlobMissing, BlobDamaged:
        """
        path = self._path(blob)
        with reading(path):
            data = path.read_bytes()
        if not data or len(data) > limits.BLOB or blob_id(manifest_of(data)) != blob:
            raise BlobDamaged(path=path)
        return data

    def manifest(self, blob: bytes) -> Manifest:
        """The manifest of a whole blob.

        :raises BlobMissing, BlobDamaged:
        """
        kept = self._manifests.get(blob)
        if kept is not None:
            return kept
        path = self._path(blob)
        with reading(path):
            size = path.stat().st_size
            beside = path.with_name(path.name + LEAVES)
            manifest = Manifest(size, beside.read_bytes() if beside.exists() else b"")
            if not check_manifest(blob, manifest):
                if not 0 < size <= limits.BLOB:
                    raise BlobDamaged(path=path)
                with path.open("rb") as file:
                    manifest = manifest_of_chunks(_chunks(file))
        if blob_id(manifest) != blob:
            raise BlobDamaged(path=path)
        with self._lock:
            self._manifests[blob] = manifest
            while len(self._manifests) > MANIFESTS:
                self._manifests.popitem(last=False)
        return manifest

    def read_chunk(self, blob: bytes, index: int) -> bytes:
        """One chunk, checked.

        :raises BlobMissing: also when the blob has no such chunk.
        :raises BlobDamaged:
        """
        manifest = self.manifest(blob)
        path = self._path(blob)
        if not 0 <= index < manifest.chunks:
            raise BlobMissing(blob=f"{blob.hex()[:16]}, part {index}")
        with reading(path), path.open("rb") as file:
            file.seek(index * limits.CHUNK)
            data = file.read(limits.CHUNK)
        if not check_chunk(manifest, index, data):
            raise BlobDamaged(path=path)
        return data

    def begin(self, blob: bytes, manifest: Manifest, author: bytes = OWN) -> set[int]:
        """Get ready to write a blob chunk by chunk; which of its chunks are here already, from an earlier try.

        :raises OverQuota:
        """
        with self._lock:
            known = self._parts.get(blob)
        part = known[1] if known else None
        if part is None:
            path = self._reserve(blob, manifest, author)
            part = path.with_name(path.name + PART)
            with writing(part):
                part.parent.mkdir(parents=True, exist_ok=True)
                part.touch()
            with self._lock:
                self._parts[blob] = manifest, part
        with reading(part), part.open("rb") as file:
            return {index for index, data in enumerate(_chunks(file)) if check_chunk(manifest, index, data)}

    def write_chunk(self, blob: bytes, index: int, data: bytes) -> None:
        """Put one chunk, checked by the caller, in its place."""
        _, part = self._parts[blob]
        with writing(part), part.open("r+b") as file:
            file.seek(index * limits.CHUNK)
            file.write(data)

    def finish(self, blob: bytes) -> Path:
        """Make a blob whole whose chunks were all written: on the disk, checked once more, under its name.

        :raises BlobDamaged: when it is not what its name says; then it is begun anew.
        """
        manifest, part = self._parts[blob]
        path = part.with_name(part.name.removesuffix(PART))
        with writing(path), part.open("r+b") as file:
            if manifest_of_chunks(_chunks(file)) != manifest:
                file.truncate(0)
                raise BlobDamaged(path=part)
            flush(file)
        self._keep_leaves(path, manifest)
        with writing(path):
            settle(part, path)
        with self._lock:
            del self._parts[blob]
            if self._paths.setdefault(blob, path) != path:
                self._used[_author_of(path)] -= manifest.size
        return self._paths[blob]

    def drop(self, blob: bytes) -> None:
        """Forget what was fetched so far of a blob that is not wanted any more."""
        with self._lock:
            known = self._parts.pop(blob, None)
        if known is not None:
            manifest, part = known
            with writing(part):
                part.unlink(missing_ok=True)
            self._release(part, manifest)

    def collect(self, referenced: Container[bytes]) -> int:
        """Remove every whole blob that nothing in the story refers to any more; the bytes that were freed.

        Whoever calls must count what is being written to the log too, so that no clip goes before its line is stored.
        """
        with self._lock:
            gone = [(blob, path) for blob, path in self._paths.items() if blob not in referenced]
            for blob, _ in gone:
                del self._paths[blob]
                self._manifests.pop(blob, None)
        freed = 0
        for _, path in gone:
            with writing(path):
                size = path.stat().st_size
                path.unlink()
                path.with_name(path.name + LEAVES).unlink(missing_ok=True)
            with self._lock:
                self._used[_author_of(path)] -= size
            freed += size
        self._sweep(referenced)
        return freed

    def _sweep(self, referenced: Container[bytes]) -> None:
        """Remove what a crash left half written of blobs that nothing refers to."""
        for path in _files(self.root, PART, NEW):
            blob = _blob_of(path)
            if blob not in referenced and blob not in self._parts:
                with writing(path):
                    path.unlink(missing_ok=True)

    def _reserve(self, blob: bytes, manifest: Manifest, author: bytes) -> Path:
        name = blob.hex()
        folder = _folder(author)
        with self._lock:
            if author != OWN and self._used[folder] + manifest.size > self._quota:
                raise OverQuota(quota=self._quota)
            self._used[folder] += manifest.size
        return self.root / folder / name[:2] / name[2:]

    def _release(self, path: Path, manifest: Manifest) -> None:
        with self._lock:
            self._used[_author_of(path)] -= manifest.size

    def _keep_leaves(self, path: Path, manifest: Manifest) -> None:
        if manifest.chunks > 1:
            with write_whole(path.with_name(path.name + LEAVES)) as file:
                file.write(manifest.leaves)

    def _path(self, blob: bytes) -> Path:
        path = self._paths.get(blob)
        if path is None:
            raise BlobMissing(blob=blob.hex()[:16])
        return path


def _folder(author: bytes) -> str:
    return author.hex()[:32] or "own"


def _author_of(path: Path) -> str:
    return path.parent.parent.name


def _blob_of(path: Path) -> bytes:
    return bytes.fromhex(path.parent.name + path.name[:62])


def _files(root: Path, *endings: str) -> Iterator[Path]:
    """Files of ours below the root whose names end so. Whatever else lies there is left alone."""
    for path in root.glob("*/??/*"):
        name, ending = path.name[:62], path.name[62:]
        if ending in endings and len(name) == 62 and not set(path.parent.name + name) - set("0123456789abcdef"):
            yield path


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """The chunks of an open file from its beginning."""
    file.seek(0)
    while data := file.read(limits.CHUNK):
        yield data
