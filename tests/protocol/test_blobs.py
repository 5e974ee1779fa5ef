from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.blobs import Manifest, blob_id, check_chunk, check_manifest, leaf_of, manifest_of, manifest_of_chunks
from protocol.errors import LocalError
from protocol.limits import BLOB, CHUNK

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "blobs.json").read_text(encoding="utf-8"))["cases"]


def pattern(size: int) -> bytes:
    """Byte i is i * 7 + i // 256 + i // 65536, cut to eight bits."""
    return bytes((at * 7 + at // 256 + at // 65536) & 0xFF for at in range(size))


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["size"])
def test_ids_are_as_published(case: dict[str, str | int]) -> None:
    manifest = manifest_of(pattern(int(case["size"])))
    assert manifest.leaves[:32].hex() == case["first_leaf"]
    assert manifest.chunks == case["chunks"]
    assert blob_id(manifest).hex() == case["id"]


@given(st.sampled_from([1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]), st.data())
def test_every_chunk_is_good_at_its_place_only(size: int, data: st.DataObject) -> None:
    blob = pattern(size)
    manifest = manifest_of(blob)
    index = data.draw(st.integers(0, manifest.chunks - 1))
    chunk = blob[index * CHUNK : (index + 1) * CHUNK]
    assert len(chunk) == manifest.length(index)
    assert check_chunk(manifest, index, chunk)
    for other in {-1, manifest.chunks, *range(manifest.chunks)} - {index}:
        assert not check_chunk(manifest, other, chunk)
    flipped = bytearray(chunk)
    flipped[data.draw(st.integers(0, len(chunk) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not check_chunk(manifest, index, bytes(flipped))
    assert not check_chunk(manifest, index, chunk + b"\0") and not check_chunk(manifest, index, chunk[:-1])


def test_an_id_names_one_manifest_only() -> None:
    manifest = manifest_of(pattern(CHUNK + 9))
    blob = blob_id(manifest)
    assert check_manifest(blob, manifest)
    assert not check_manifest(blob, Manifest(manifest.size + 1, manifest.leaves))
    assert not check_manifest(blob, Manifest(manifest.size, manifest.leaves[::-1]))
    assert not check_manifest(blob, Manifest(manifest.size, manifest.leaves + bytes(32)))


def test_a_manifest_that_spells_another_size_is_refused_even_under_its_own_hash() -> None:
    for wrong in (
        Manifest(0, b""),
        Manifest(CHUNK, bytes(64)),
        Manifest(CHUNK + 1, bytes(32)),
        Manifest(BLOB + 1, b""),
    ):
        assert not check_manifest(blob_id(wrong), wrong)


def test_a_blob_has_at_least_one_byte() -> None:
    with pytest.raises(LocalError):
        manifest_of(b"")


def test_chunks_that_come_one_by_one_make_the_same_manifest() -> None:
    blob = pattern(2 * CHUNK + 1)
    assert manifest_of_chunks([blob[:CHUNK], blob[CHUNK : 2 * CHUNK], blob[2 * CHUNK :]]) == manifest_of(blob)
    with pytest.raises(LocalError):
        manifest_of_chunks([blob[:100], blob[100:200]])


def test_a_chunk_of_another_length_is_refused_even_where_its_author_signed_for_it() -> None:
    short = Manifest(10, leaf_of(0, b"12345"))
    assert check_manifest(blob_id(short), short) and not check_chunk(short, 0, b"12345")
