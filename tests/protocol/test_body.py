"""Bodies, in the open and sealed: who reads them, where they open, and what does not read."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.body import is_sealed, pack_body, place_of, read_body, seal_body
from protocol.encoding import decode
from protocol.entry import Entry, write_entry
from protocol.errors import Code, LocalError, RemoteError
from protocol.kinds import KINDS, Cued, Line, Narrated
from protocol.sealing import SealKey
from protocol.shapes import Span
from tests.kit.chain import Chain

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "bodies.json").read_text(encoding="utf-8"))


def value_of(written: Any) -> Any:
    if isinstance(written, dict):
        return bytes.fromhex(written["bytes"])
    return [value_of(one) for one in written] if isinstance(written, list) else written


def entry_with(kind: str, body: bytes, seq: int = 3) -> Entry:
    """An entry around these bytes, whose header says what the vectors' place says."""
    tag, author, run = (bytes.fromhex(VECTORS[name]) for name in ("tag", "author", "run"))
    return Entry(bytes(32), tag, author, run, seq, bytes(32), 0, kind, b"", (), len(body), b"", b"", b"", body)


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["kind"])
def test_every_kind_has_its_bytes(case: Any) -> None:
    data = bytes.fromhex(case["bytes"])
    opening = read_body(entry_with(case["kind"], data))
    assert opening is not None and opening.audience is None
    assert pack_body(opening.body, bytes.fromhex(case["salt"])) == data
    packed = decode(data, limits.BODY)
    assert isinstance(packed, list) and packed[2] == value_of(case["fields"])


def test_the_vectors_show_every_kind() -> None:
    assert {case["kind"] for case in VECTORS["accepted"]} == set(KINDS)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_what_does_not_read_is_refused_by_its_reader(case: Any) -> None:
    with pytest.raises(RemoteError) as caught:
        read_body(entry_with(case["kind"], bytes.fromhex(case["bytes"])), SealKey.from_seed(bytes(32)))
    assert caught.value.code.name == case["code"]


def test_a_field_of_a_later_version_is_ignored() -> None:
    case = VECTORS["with_a_later_field"]
    opening = read_body(entry_with(case["kind"], bytes.fromhex(case["bytes"])))
    assert opening is not None and opening.body == Narrated("Night fell.", (), "say")


def test_an_unknown_kind_and_a_body_that_is_gone_are_nothing_to_read() -> None:
    assert read_body(entry_with("kind_of_tomorrow", b"whatever")) is None
    assert read_body(entry_with("narrate", b"")) is None


def test_a_sealed_body_has_these_bytes_and_opens_for_its_readers_alone() -> None:
    case = VECTORS["sealed"]
    entry = entry_with(case["kind"], bytes.fromhex(case["bytes"]), case["seq"])
    readers = [SealKey.from_seed(bytes.fromhex(seed)) for seed in case["reader_seeds"]]
    body = Cued(*value_of(case["fields"]))
    place = place_of(entry.tag, entry.author, entry.run, entry.seq, entry.kind)
    sealed = seal_body(
        body, place, case["audience"], [one.public for one in readers], bytes.fromhex(case["randomness"]),
        bytes.fromhex(case["salt"]),
    )  # fmt: skip
    assert sealed == entry.body and is_sealed(entry)
    for reader in readers:
        opening = read_body(entry, reader)
        assert opening is not None and opening.body == body and opening.audience == tuple(case["audience"])
    assert read_body(entry, SealKey.from_seed(bytes.fromhex(case["stranger_seed"]))) is None
    assert read_body(entry) is None


@pytest.mark.parametrize("changed", ["tag", "author", "run", "seq", "kind"])
def test_a_whisper_copied_elsewhere_opens_nowhere(changed: str) -> None:
    case = VECTORS["sealed"]
    entry = entry_with(case["kind"], bytes.fromhex(case["bytes"]), case["seq"])
    other: dict[str, Any] = {"tag": bytes(16), "author": bytes(32), "run": bytes(8), "seq": 4, "kind": "missed"}
    with pytest.raises(RemoteError) as caught:
        read_body(
            entry._replace(**{changed: other[changed]}), SealKey.from_seed(bytes.fromhex(case["reader_seeds"][0]))
        )
    assert caught.value.code is Code.BAD_SIGNATURE


def test_the_key_of_a_sealed_body_opens_it_for_one_who_came_later() -> None:
    case = VECTORS["sealed"]
    entry = entry_with(case["kind"], bytes.fromhex(case["bytes"]), case["seq"])
    opening = read_body(entry, SealKey.from_seed(bytes.fromhex(case["reader_seeds"][0])))
    assert opening is not None
    again = read_body(entry, SealKey.from_seed(bytes(32)), opening.key)
    assert again is not None and again.body == opening.body
    with pytest.raises(RemoteError):
        read_body(entry, None, bytes(32))


def test_the_narrator_is_part_of_every_audience() -> None:
    keys = [SealKey.from_seed(bytes([number]) * 32).public for number in range(1, limits.AUDIENCE + 2)]
    with pytest.raises(LocalError):
        seal_body(Cued(1, 0, 0), b"place", [1], keys[:1], bytes(64), bytes(16))
    with pytest.raises(LocalError):
        seal_body(Cued(1, 0, 0), b"place", [0, 1], keys, bytes(64), bytes(16))


def test_we_pack_nothing_that_others_could_not_read() -> None:
    for body in (
        Narrated("a" * (limits.TEXT + 1), (), "say"),
        Line((Span("song", "la"),), "m", b"", ""),
        Cued(1, 0, 2),
    ):
        with pytest.raises(LocalError):
            pack_body(body, bytes(16))
        with pytest.raises(LocalError):
            seal_body(body, b"", [0], [SealKey.from_seed(bytes(32)).public], bytes(64), bytes(16))


def test_the_longest_text_fits_a_sealed_body_in_any_script() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    told = chain.narrate("𐍈" * limits.TEXT, mira, audience=[mira])
    assert len(told.body) <= limits.BODY
    opening = read_body(told, mira.seal)
    assert opening is not None and isinstance(opening.body, Narrated) and len(opening.body.text) == limits.TEXT


def test_equal_words_have_different_bytes_and_hashes() -> None:
    chain = Chain()
    first, second = chain.narrate("Yes."), chain.narrate("Yes.")
    assert first.body_hash != second.body_hash, "salt comes first, so that a short text can't be guessed"


@given(st.binary(max_size=300), st.sampled_from(sorted(KINDS)))
def test_any_bytes_read_or_are_refused(body: bytes, kind: str) -> None:
    if body:
        with pytest.raises(RemoteError):
            read_body(entry_with(kind, body), SealKey.from_seed(bytes(32)))


def test_a_body_never_says_more_fields_than_its_class_has() -> None:
    for kind in KINDS.values():
        assert all("read" in one.metadata for one in fields(kind)), f"{kind.kind}: every field has its reader"  # type: ignore[arg-type]


def test_an_entry_carries_its_body_unread() -> None:
    chain = Chain()
    strange = write_entry(
        chain.narrator.key, tag=chain.tag, run=chain.narrator.run, seq=1, prev=chain.genesis.id, at=0, kind="narrate",
        body=b"\xff nonsense",
    )  # fmt: skip
    assert not is_sealed(strange)
    with pytest.raises(RemoteError):
        read_body(strange)
