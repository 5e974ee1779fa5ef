"""What two nodes say to each other: one short array per message, its type first.

Types below 10 belong to the link, 40 to 49 to blobs (exchange.py). A type we do not know is ignored from 128 on, and
ends the link below that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from protocol import limits
from protocol.encoding import Value, encode, take_bytes, take_int, take_list, take_text
from protocol.entry import Entry, parse_entry
from protocol.errors import Code, RemoteError
from protocol.identity import EPHEMERAL, SigningKey, verify

PEER = b"dwnet/peer/1\0"
EXTENSIONS = 128


class Type(IntEnum):
    """The first element of a message."""

    PING = 1
    PONG = 2
    BYE = 3
    ASK_GENESIS = 10
    GENESIS = 11
    CLAIM = 12
    REFUSED = 13
    GRANT = 14
    HEADS = 20
    RUNS = 21
    WANT = 22
    GIVE = 23
    FORK = 24
    EPHEMERAL = 30
    PEERS = 50


class Want(NamedTuple):
    """Ask for a stretch of one run, both ends included. The answer carries ``nonce``."""

    nonce: int
    author: bytes
    run: bytes
    first: int
    last: int


class Ephemeral(NamedTuple):
    """Something of the moment: signed, never stored. Only a rising counter within the author's latest run is taken.

    ``direct`` 1: for the end of this link alone, never passed on.
    """

    author: bytes
    run: bytes
    counter: int
    kind: str
    direct: int
    payload: bytes
    signature: bytes


class PeerRecord(NamedTuple):
    """Where a member can be dialled, in its own word. ``stamp`` rises; the newest counts."""

    member: bytes
    stamp: int
    addresses: tuple[str, ...]
    signature: bytes


def _message(kind: Type, *fields: object) -> bytes:
    return encode([int(kind), *fields])


def ask_genesis() -> bytes:
    return _message(Type.ASK_GENESIS)


def genesis(entry: Entry) -> bytes:
    return _message(Type.GENESIS, list(entry.triple))


def claim(value: Value) -> bytes:
    return _message(Type.CLAIM, value)


def refused(member: bytes, code: Code, text: str) -> bytes:
    return _message(Type.REFUSED, member, int(code), text)


def grant(entry: Entry) -> bytes:
    """The entry that made the sender a member, for whoever does not know him yet."""
    return _message(Type.GRANT, list(entry.triple))


def heads(summaries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """[author, 16 bytes that sum up his heads] for every author we hold."""
    return _message(Type.HEADS, [list(one) for one in summaries])


def runs(author: bytes, heads_of_runs: Iterable[tuple[bytes, int, bytes]], *, reply: bool) -> bytes:
    """[run, last place, first 16 bytes of the id there] for every run of one author."""
    return _message(Type.RUNS, author, [list(one) for one in heads_of_runs], int(reply))


def want(asked: Want) -> bytes:
    return _message(Type.WANT, *asked)


def give(nonce: int, units: Sequence[tuple[Entry, ...]]) -> bytes:
    """Units in answer to a want; nonce 0 for one that is pushed."""
    return _message(Type.GIVE, nonce, [[part for entry in unit for part in entry.triple] for unit in units])


def fork(first: Entry, second: Entry) -> bytes:
    return _message(Type.FORK, list(first.triple), list(second.triple))


def peers(records: Iterable[PeerRecord]) -> bytes:
    return _message(Type.PEERS, [[one.member, one.stamp, list(one.addresses), one.signature] for one in records])


def _ephemeral_content(tag: bytes, run: bytes, counter: int, kind: str, direct: int, payload: bytes) -> bytes:
    return encode([tag, run, counter, kind, direct, payload])


def write_ephemeral(
    key: SigningKey, tag: bytes, run: bytes, counter: int, kind: str, payload: bytes, *, direct: bool = False
) -> Ephemeral:
    signature = key.sign(EPHEMERAL, _ephemeral_content(tag, run, counter, kind, int(direct), payload))
    return Ephemeral(key.public, run, counter, kind, int(direct), payload, signature)


def ephemeral(one: Ephemeral) -> bytes:
    return _message(Type.EPHEMERAL, *one)


def write_peer_record(key: SigningKey, tag: bytes, stamp: int, addresses: Sequence[str]) -> PeerRecord:
    known = tuple(addresses[: limits.ADDRESSES])
    return PeerRecord(key.public, stamp, known, key.sign(PEER, encode([tag, stamp, list(known)])))


def read_triple(value: Value) -> Entry:
    header, signature, body = take_list(value, "entry", 3)
    return parse_entry(
        take_bytes(header, "header", 0, limits.HEADER),
        take_bytes(signature, "signature", 64),
        take_bytes(body, "body", 0, limits.BODY),
    )


def read_units(value: Value) -> list[tuple[Entry, ...]]:
    units: list[tuple[Entry, ...]] = []
    for one in take_list(value, "units", 0, limits.ARRAY):
        parts = take_list(one, "unit", 3, 9)
        if len(parts) % 3:
            raise RemoteError(Code.MALFORMED, "unit: one to three entries expected")
        units.append(tuple(read_triple(parts[at : at + 3]) for at in range(0, len(parts), 3)))
    return units


def read_want(fields: list[Value]) -> Want:
    nonce, author, run, first, last = take_list(fields, "message", 5)
    asked = Want(
        take_int(nonce, "nonce", 0, 2**32),
        take_bytes(author, "author", 32),
        take_bytes(run, "run", 8),
        take_int(first, "first", 0, 2**40),
        take_int(last, "last", 0, 2**40),
    )
    if asked.last < asked.first:
        raise RemoteError(Code.MALFORMED, "want: last before first")
    return asked


def read_heads(fields: list[Value]) -> dict[bytes, bytes]:
    (pairs,) = take_list(fields, "message", 1)
    result: dict[bytes, bytes] = {}
    for pair in take_list(pairs, "heads", 0, limits.ARRAY):
        author, summary = take_list(pair, "head", 2)
        result[take_bytes(author, "author", 32)] = take_bytes(summary, "summary", 16)
    return result


def read_runs(fields: list[Value]) -> tuple[bytes, list[tuple[bytes, int, bytes]], bool]:
    author, items, reply = take_list(fields, "message", 3)
    result = []
    for item in take_list(items, "runs", 0, limits.ARRAY):
        run, seq, short = take_list(item, "run", 3)
        result.append((take_bytes(run, "run", 8), take_int(seq, "seq", 0, 2**40), take_bytes(short, "id", 16)))
    return take_bytes(author, "author", 32), result, bool(take_int(reply, "reply", 0, 1))


def read_refused(fields: list[Value]) -> tuple[bytes, int, str]:
    member, code, text = take_list(fields, "message", 3)
    return take_bytes(member, "member", 32), take_int(code, "code", 0, 255), take_text(text, "text", 512)


def read_ephemeral(fields: list[Value], tag: bytes) -> Ephemeral:
    """:raises RemoteError: MALFORMED, or BAD_SIGNATURE."""
    author, run, counter, kind, direct, payload, signature = take_list(fields, "message", 7)
    one = Ephemeral(
        take_bytes(author, "author", 32),
        take_bytes(run, "run", 8),
        take_int(counter, "counter", 0, 2**53),
        take_text(kind, "kind", limits.KIND),
        take_int(direct, "direct", 0, 1),
        take_bytes(payload, "payload", 0, limits.EPHEMERAL),
        take_bytes(signature, "signature", 64),
    )
    content = _ephemeral_content(tag, one.run, one.counter, one.kind, one.direct, one.payload)
    if not verify(one.author, EPHEMERAL, content, one.signature):
        raise RemoteError(Code.BAD_SIGNATURE, "ephemeral: the signature does not match its author")
    return one


def read_peers(
    fields: list[Value], tag: bytes, is_wanted: Callable[[bytes, int], bool] = lambda member, stamp: True
) -> list[PeerRecord]:
    """The records in a message; those whose member and stamp are not wanted are left out, unverified.

    :raises RemoteError: MALFORMED, or BAD_SIGNATURE.
    """
    (records,) = take_list(fields, "message", 1)
    result = []
    for record in take_list(records, "peers", 0, limits.ARRAY):
        member, stamp, addresses, signature = take_list(record, "peer", 4)
        known = tuple(take_text(one, "address", 255) for one in take_list(addresses, "addresses", 0, limits.ADDRESSES))
        one = PeerRecord(
            take_bytes(member, "member", 32),
            take_int(stamp, "stamp", 0, 2**53),
            known,
            take_bytes(signature, "signature", 64),
        )
        if not is_wanted(one.member, one.stamp):
            continue
        if not verify(one.member, PEER, encode([tag, one.stamp, list(known)]), one.signature):
            raise RemoteError(Code.BAD_SIGNATURE, "peer: the signature does not match the member")
        result.append(one)
    return result
