"""Large bytes by name: a blob is cut into chunks, the chunks' hashes are its leaves, and the hash of those is its id.

Rules of this file:
- ``leaf_i = H("dwnet-chunk", i as 8 bytes, data)``, ``id = H("dwnet-blob-v1", size as 8 bytes, leaf_0, leaf_1, ...)``.
- Whoever has the id can check a manifest, and whoever has the manifest any chunk alone: so many may serve one blob, and
  what was fetched stays good.
- A blob has at least one byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from protocol import limits
from protocol.encoding import encode
from protocol.errors import LocalError
from protocol.identity import digest

CHUNK_PERSON = b"dwnet-chunk"
BLOB_PERSON = b"dwnet-blob-v1"
ID = 32  # bytes
LEAF = 32  # bytes


class Manifest(NamedTuple):
    """A blob's size in bytes and its leaves, 32 bytes each, one after the other."""

    size: int
    leaves: bytes

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return chunk_count(self.size)

    def leaf(self, index: int) -> bytes:
        return self.leaves[index * LEAF : (index + 1) * LEAF]

    def length(self, index: int) -> int:
        """The bytes of one chunk: limits.CHUNK, less only in the last."""
        return min(limits.CHUNK, self.size - index * limits.CHUNK)


def chunk_count(size: int) -> int:
    return -(-size // limits.CHUNK)


def leaf_of(index: int, data: bytes) -> bytes:
    return digest(CHUNK_PERSON, index.to_bytes(8, "big"), data)


def blob_id(manifest: Manifest) -> bytes:
    """The 32 bytes that name a blob."""
    return digest(BLOB_PERSON, manifest.size.to_bytes(8, "big"), manifest.leaves)


def manifest_of(data: bytes) -> Manifest:
    """The manifest of bytes at hand; LocalError unless 1 to limits.BLOB of them."""
    return manifest_of_chunks(data[at : at + limits.CHUNK] for at in range(0, len(data), limits.CHUNK))


def manifest_of_chunks(chunks: Iterable[bytes]) -> Manifest:
    """The manifest of bytes that come chunk by chunk, each of limits.CHUNK bytes but the last.

    :raises LocalError: for no bytes, more than limits.BLOB, or a short chunk before the last.
    """
    size, leaves = 0, bytearray()
    for index, data in enumerate(chunks):
        if size != index * limits.CHUNK or not 0 < len(data) <= limits.CHUNK:
            raise LocalError("blob: only its last chunk may be shorter than the others")
        size += len(data)
        if size > limits.BLOB:
            raise LocalError(f"blob: more than {limits.BLOB} bytes")
        leaves += leaf_of(index, data)
    if not size:
        raise LocalError("blob: at least one byte expected")
    return Manifest(size, bytes(leaves))


def check_manifest(blob: bytes, manifest: Manifest) -> bool:
    """Whether a manifest is the one this id names."""
    return (
        0 < manifest.size <= limits.BLOB
        and len(manifest.leaves) == LEAF * manifest.chunks
        and blob_id(manifest) == blob
    )  # fmt: skip


def check_chunk(manifest: Manifest, index: int, data: bytes) -> bool:
    """Whether this is the chunk at ``index``."""
    return (
        0 <= index < manifest.chunks
        and len(data) == manifest.length(index)
        and leaf_of(index, data) == manifest.leaf(index)
    )  # fmt: skip


# --- what two nodes say about blobs ---------------------------------------------------------------------------


class BlobType(IntEnum):
    """The first element of a message about blobs."""

    WANT = 40
    META = 41
    GET = 42
    CHUNK = 43
    NONE = 44


def want(blob: bytes, first: int) -> bytes:
    """Ask for the manifest from leaf ``first`` on."""
    return encode([int(BlobType.WANT), blob, first])


def meta(blob: bytes, manifest: Manifest, first: int) -> bytes:
    """A page of the manifest."""
    page = manifest.leaves[first * LEAF : (first + limits.BLOB_LEAVES) * LEAF]
    return encode([int(BlobType.META), blob, manifest.size, first, page])


def get(blob: bytes, first: int, count: int) -> bytes:
    """Ask for ``count`` chunks, at most limits.BLOB_WINDOW."""
    return encode([int(BlobType.GET), blob, first, count])


def chunk(blob: bytes, index: int, data: bytes) -> bytes:
    return encode([int(BlobType.CHUNK), blob, index, data])


def none(blob: bytes) -> bytes:
    """We lack this blob, or the part of it that was asked for."""
    return encode([int(BlobType.NONE), blob])
