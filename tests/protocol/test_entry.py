"""One signed record: what it is made of, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.entry import Entry, check_signature, follows, parse_entry, tag_of, write_entry
from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import ENTRY, SigningKey

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "entries.json").read_text(encoding="utf-8"))
KEY = SigningKey.from_seed(bytes.fromhex(VECTORS["author_seed"]))


def in_hex(case: Any, *fields: str) -> list[bytes]:
    return [bytes.fromhex(case[field]) for field in fields]


def entry(**changes: Any) -> Entry:
    values: dict[str, Any] = {
        "tag": bytes(16), "run": bytes(8), "seq": 0, "prev": b"", "at": 0, "kind": "narrate", "body": b"body"
    }  # fmt: skip
    return write_entry(KEY, **{**values, **changes})


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["name"])
def test_fields_and_bytes_of_an_entry_are_one(case: Any) -> None:
    tag, run, prev, seen, body, header, signature, entry_id = in_hex(
        case, "tag", "run", "prev", "seen", "body", "header", "signature", "id"
    )
    refs = tuple(map(bytes.fromhex, case["refs"]))
    written = write_entry(
        KEY, tag=tag, run=run, seq=case["seq"], prev=prev, at=case["at"], kind=case["kind"], body=body, seen=seen,
        refs=refs,
    )  # fmt: skip
    assert written.triple == (header, signature, body) and written.id == entry_id
    assert parse_entry(header, signature, body) == written
    check_signature(written)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_what_breaks_a_rule_is_refused(case: Any) -> None:
    with pytest.raises(RemoteError) as caught:
        check_signature(parse_entry(*in_hex(case, "header", "signature", "body")))
    assert caught.value.code.name == case["code"]


def test_a_body_above_the_bound_is_refused_before_it_is_hashed() -> None:
    good = entry()
    with pytest.raises(RemoteError) as caught:
        parse_entry(good.header, good.signature, bytes(limits.BODY + 1))
    assert caught.value.code is Code.TOO_LARGE


def test_the_largest_entry_fits_a_frame_beside_the_accept_that_is_about_it() -> None:
    largest = entry(
        seq=2**40 - 1, prev=bytes(32), at=2**53 - 1, kind="k" * limits.KIND, body=bytes(limits.BODY), seen=bytes(32),
        refs=[bytes(32)] * limits.REFS,
    )  # fmt: skip
    assert len(largest.header) <= limits.HEADER
    assert largest.size + limits.HEADER + 64 + limits.SMALL_BODY < limits.FRAME - 128


def test_the_id_is_of_the_header_alone() -> None:
    good = entry()
    other = parse_entry(good.header, bytes(64), good.body)
    assert other.id == good.id
    assert entry(body=b"ybod").id != good.id, "the header binds the body by its hash"


def test_without_its_body_it_parses_and_says_so() -> None:
    good = entry()
    gone = parse_entry(good.header, good.signature, b"")
    assert gone.redacted and not good.redacted and gone.id == good.id
    check_signature(gone)


def test_we_write_nothing_that_others_would_refuse() -> None:
    for wrong in ({"seq": 2**40}, {"tag": b""}, {"kind": "two words"}, {"refs": [b"short"]}, {"body": b""}):
        with pytest.raises(LocalError):
            entry(**wrong)


@given(st.binary(max_size=200), st.binary(max_size=80), st.binary(max_size=40))
def test_any_bytes_give_an_entry_or_a_refusal(header: bytes, signature: bytes, body: bytes) -> None:
    with pytest.raises(RemoteError):
        parse_entry(header, signature, body)


@given(st.data())
def test_any_change_of_a_bit_is_found(data: st.DataObject) -> None:
    good = entry(refs=[bytes(32)])
    parts = [bytearray(part) for part in good.triple]
    part = data.draw(st.sampled_from(parts))
    place = data.draw(st.integers(0, len(part) - 1))
    part[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(RemoteError):
        check_signature(parse_entry(*map(bytes, parts)))


def test_it_follows_the_last_entry_of_its_own_run_and_nothing_else() -> None:
    first = entry(kind="genesis", tag=b"")
    tag = tag_of(first.id)
    second = entry(tag=tag, seq=1, prev=first.id)
    assert follows(first, None) and follows(second, first)
    assert not follows(second, None) and not follows(first, first)
    assert not follows(entry(tag=tag, seq=2, prev=first.id), first)
    assert not follows(entry(tag=tag, seq=1, prev=bytes(32)), first)
    assert not follows(entry(tag=tag, seq=1, prev=first.id, run=b"\1" * 8), first)
    other = SigningKey.from_seed(b"\5" * 32)
    stranger = write_entry(other, tag=tag, run=bytes(8), seq=1, prev=first.id, at=0, kind="narrate", body=b"x")
    assert not follows(stranger, first)


def test_a_signature_is_for_entries_alone() -> None:
    good = entry()
    assert KEY.sign(ENTRY, good.header) == good.signature
    assert len(tag_of(good.id)) == 16 and good.id.startswith(tag_of(good.id))
