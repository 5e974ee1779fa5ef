"""What two nodes say to each other: bytes back to values, and what is no message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits, messages
from protocol.encoding import Value, decode
from protocol.errors import Code, RemoteError
from protocol.identity import SigningKey
from protocol.messages import Type, Want
from tests.kit.chain import Chain

KEY = SigningKey.from_seed(bytes(32))
TAG = bytes(16)
ID = bytes(32)


def fields_of(data: bytes, kind: Type) -> list[Value]:
    message = decode(data, limits.FRAME)
    assert isinstance(message, list) and message[0] == kind
    return message[1:]


def test_what_is_told_of_heads_comes_back() -> None:
    data = messages.heads([(ID, bytes(16)), (KEY.public, b"\1" * 16)])
    assert messages.read_heads(fields_of(data, Type.HEADS)) == {ID: bytes(16), KEY.public: b"\1" * 16}


@pytest.mark.parametrize("reply", [False, True])
def test_what_is_told_of_runs_comes_back(reply: bool) -> None:
    runs = [(bytes(8), 7, bytes(16)), (b"\1" * 8, 0, b"\2" * 16)]
    data = messages.runs(ID, runs, reply=reply)
    assert messages.read_runs(fields_of(data, Type.RUNS)) == (ID, runs, reply)


def test_a_request_comes_back() -> None:
    asked = Want(7, ID, bytes(8), 3, 9)
    assert messages.read_want(fields_of(messages.want(asked), Type.WANT)) == asked


def test_units_come_back_with_their_companions_and_without_a_body() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    chain.beat("Night fell.", Mira="Who is there?")
    gone = mira.feed[-1]._replace(body=b"")
    units = [chain.units[-1], (chain.genesis,), (chain.units[-1][0], gone, chain.redact(gone))]
    nonce, given = fields_of(messages.give(5, units), Type.GIVE)
    assert nonce == 5 and messages.read_units(given) == units


def test_a_refusal_comes_back() -> None:
    data = messages.refused(ID, Code.INVITE_USED, "used")
    assert messages.read_refused(fields_of(data, Type.REFUSED)) == (ID, Code.INVITE_USED, "used")


def test_a_moment_comes_back_and_holds_for_its_story_and_words_alone() -> None:
    one = messages.write_ephemeral(KEY, TAG, bytes(8), 3, "tokens", b"la", direct=True)
    fields = fields_of(messages.ephemeral(one), Type.EPHEMERAL)
    assert messages.read_ephemeral(fields, TAG) == one
    with pytest.raises(RemoteError) as caught:
        messages.read_ephemeral(fields, b"\1" * 16)
    assert caught.value.code is Code.BAD_SIGNATURE
    others: list[Value] = [ID, b"\1" * 8, 4, "hush", 0, b"lo"]
    for index, other in enumerate(others):
        changed = [*fields]
        changed[index] = other
        with pytest.raises(RemoteError):
            messages.read_ephemeral(changed, TAG)


def test_an_address_record_comes_back_unless_it_is_no_news() -> None:
    old, new = (messages.write_peer_record(KEY, TAG, stamp, ["198.51.100.7:8000"]) for stamp in (1, 2))
    fields = fields_of(messages.peers([new]), Type.PEERS)

    def later_than(stamp: int) -> list[messages.PeerRecord]:
        return messages.read_peers(fields, TAG, lambda member, offered: member == KEY.public and offered > stamp)

    assert messages.read_peers(fields, TAG) == [new] == later_than(old.stamp)
    assert later_than(new.stamp) == []
    with pytest.raises(RemoteError):
        messages.read_peers(fields, b"\1" * 16)


def test_addresses_are_bounded_when_they_are_written() -> None:
    record = messages.write_peer_record(KEY, TAG, 1, [f"192.0.2.{number}:8000" for number in range(20)])
    assert len(record.addresses) == limits.ADDRESSES


def many(count: int, value: Value) -> list[Value]:
    return [value] * count


@pytest.mark.parametrize(
    ("read", "fields"),
    [
        (messages.read_heads, []),
        (messages.read_heads, [[[ID]]]),
        (messages.read_heads, [[[ID, bytes(15)]]]),
        (messages.read_heads, [b""]),
        (messages.read_runs, [ID, []]),
        (messages.read_runs, [ID, [[bytes(8), 2**40 + 1, bytes(16)]], 0]),
        (messages.read_runs, [ID, [[bytes(7), 0, bytes(16)]], 0]),
        (messages.read_runs, [ID, [], 2]),
        (messages.read_want, [1, ID, bytes(8), 3, 2]),
        (messages.read_want, [1, ID, bytes(8), 3]),
        (messages.read_want, [2**32 + 1, ID, bytes(8), 0, 0]),
        (messages.read_units, [[]]),
        (messages.read_units, [[[b"", b"", b"", b""]]]),
        (messages.read_units, [many(12, b"")]),
        (messages.read_units, [["x", b"", b""]]),
        (messages.read_refused, [ID, 256, ""]),
        (messages.read_refused, [ID, 1, "x" * 513]),
        (lambda fields: messages.read_ephemeral(fields, TAG), [ID, bytes(8), 1, "k" * 25, 0, b"", bytes(64)]),
        (lambda fields: messages.read_ephemeral(fields, TAG), [ID, bytes(8), 1, "k", 0, bytes(8193), bytes(64)]),
        (lambda fields: messages.read_peers(fields, TAG), [[[ID, 1, many(9, "a"), bytes(64)]]]),
        (lambda fields: messages.read_peers(fields, TAG), [[[ID, 1, ["a" * 256], bytes(64)]]]),
    ],
)
def test_what_is_no_message_is_refused(read: Callable[[Any], object], fields: list[Value]) -> None:
    with pytest.raises(RemoteError) as caught:
        read(fields)
    assert caught.value.code is Code.MALFORMED


VALUES = st.recursive(
    st.integers(0, 2**53) | st.binary(max_size=40) | st.text(max_size=10), lambda inner: st.lists(inner, max_size=5)
)


@given(st.lists(VALUES, max_size=8))
def test_any_values_are_read_or_refused(fields: list[Any]) -> None:
    readers: list[Callable[[list[Any]], object]] = [
        messages.read_heads, messages.read_runs, messages.read_want, messages.read_units, messages.read_refused,
        lambda one: messages.read_ephemeral(one, TAG), lambda one: messages.read_peers(one, TAG),
    ]  # fmt: skip
    for read in readers:
        with suppress(RemoteError):  # anything else fails the test
            read(fields)


def test_the_largest_of_each_fits_a_frame() -> None:
    room = limits.FRAME - 128
    assert len(messages.heads((bytes(32), bytes(16)) for _ in range(256))) < room
    assert len(messages.runs(ID, ((bytes(8), 2**40, bytes(16)) for _ in range(256)), reply=True)) < room
    record = messages.PeerRecord(ID, 2**53, ("a" * 255,) * limits.ADDRESSES, bytes(64))
    assert len(messages.peers([record] * 16)) < room
