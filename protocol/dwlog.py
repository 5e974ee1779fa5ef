"""The ``.dwlog`` file: a story as its signed entries, in an order that can be checked in one pass (docs/dwlog.md).

Rules of this file:
- Magic, then records: length, type, payload, CRC-32 of all three. HEAD first, then units as they travel between nodes,
  proofs of forks, clips; END last, with counts, the head of canon, the hash of every byte before it, and a signature.
- An entry stands once, at its place in its run, after all it needs: genesis, its author's grant, the entry before it.
  Only what comes along with another, a redaction or an accepted entry whose run has a gap, may stand out of its place.
- Sealed text stays sealed: without its bytes the chain would break, without a key they say nothing.
"""

from __future__ import annotations

import hashlib
from binascii import crc32
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from protocol import limits
from protocol.encoding import decode, encode, take_bytes, take_int, take_list, take_text
from protocol.entry import Entry, parse_entry
from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import SigningKey
from protocol.kinds import Accepted, Redacted
from protocol.ledger import Unit

MAGIC = b"\x89DWL\r\n\x1a\n"  # a mail or FTP transfer in text mode spoils it at once, as with PNG's
VERSION = 1
END_PURPOSE = b"dwnet/dwlog/1\0"
FRAMING = 9  # bytes of a record besides its payload
END_RECORD = 240  # bytes; more than any END takes


class RecordType(IntEnum):
    """The fifth byte of a record."""

    HEAD = 1
    UNIT = 2
    FORK = 3
    CLIP = 4
    END = 127


UNIT, END = int(RecordType.UNIT), int(RecordType.END)  # looked up for every record: an enumeration's names are slow


class Head(NamedTuple):
    """What the file says of itself. ``exporter``: whose key signs END; ``scope``: for people; ``at``: ms since 1970."""

    tag: bytes
    exporter: bytes
    scope: str
    at: int


class End(NamedTuple):
    """What all before it must add up to. ``content`` is what ``signature`` covers."""

    units: int
    entries: int
    clips: int
    forks: int
    canon_head: bytes
    file_hash: bytes
    content: bytes
    signature: bytes


class Record(NamedTuple):
    """``kind`` is a RecordType or what a newer version may put there; ``offset`` is where it begins in the file."""

    kind: int
    payload: bytes
    offset: int


class NewerFormat(RemoteError):
    """The file was written by a newer version of this program. Nothing can be said of it."""


# --- writing -----------------------------------------------------------------------------------------------------


def write_log(
    key: SigningKey,
    head: Head,
    canon_head: bytes,
    units: Iterable[Unit],
    forks: Iterable[tuple[Entry, Entry]] = (),
    clips: Iterable[bytes] = (),
) -> Iterator[bytes]:
    """The bytes of a file, piece by piece. ``units`` come in the order in which a node took them; repeats are left out.

    :raises LocalError: when a clip is larger than limits.RECORD.
    """
    whole = hashlib.sha256(MAGIC)
    yield MAGIC
    counts = dict.fromkeys(RecordType, 0)
    entries = 0
    for kind, payload, of_entries in _payloads(head, units, forks, clips):
        piece = record(kind, payload)
        whole.update(piece)
        counts[kind] += 1
        entries += of_entries
        yield piece
    added_up = [counts[RecordType.UNIT], entries, counts[RecordType.CLIP], counts[RecordType.FORK], canon_head]
    content = encode([*added_up, whole.digest()])
    yield record(RecordType.END, encode([content, key.sign(END_PURPOSE, content)]))


def record(kind: RecordType, payload: bytes) -> bytes:
    """One record; LocalError beyond limits.RECORD bytes of payload."""
    if len(payload) > limits.RECORD:
        raise LocalError(f"a record of {len(payload)} bytes; {limits.RECORD} are allowed")
    framed = len(payload).to_bytes(4, "big") + bytes((kind,)) + payload
    return framed + crc32(framed).to_bytes(4, "big")


def _payloads(
    head: Head, units: Iterable[Unit], forks: Iterable[tuple[Entry, Entry]], clips: Iterable[bytes]
) -> Iterator[tuple[RecordType, bytes, int]]:
    yield RecordType.HEAD, encode([VERSION, *head]), 0
    for unit in in_place(units):
        yield RecordType.UNIT, encode([part for entry in unit for part in entry.triple]), len(unit)
    for pair in forks:
        yield RecordType.FORK, encode([part for entry in pair for part in entry.triple]), 0
    for clip in clips:
        yield RecordType.CLIP, clip, 0


def in_place(units: Iterable[Unit]) -> Iterator[Unit]:
    """The units with every entry once, at its place in its run.

    What an accept brings along stays beside it, unless it was told before. What came before its place in its run waits
    for it, and is told beside its accept as well. A redaction is told beside what it stands for, and in its place.

    :raises LocalError: at the end, when an entry had no place and nothing accepted it; when a body is missing.
    """
    heads: dict[bytes, tuple[int, bytes]] = {}
    told: set[bytes] = set()
    displaced: set[bytes] = set()
    early: dict[bytes, list[Unit]] = {}
    for unit in units:
        ready = [unit]
        while ready:
            first, *rest = unit = ready.pop()
            if not _follows(first, heads):
                displaced.add(first.id)
                if first.seq > heads.get(first.author + first.run, (-1, b""))[0]:
                    early.setdefault(first.author + first.run, []).append(unit)
                continue
            beside = first.refs if first.kind == Accepted.kind else ()
            accepted = [one for one in rest if one.id in beside and one.id not in told]
            for one in (*accepted, first):
                told.add(one.id)
                if _follows(one, heads):
                    heads[one.author + one.run] = one.seq, one.id
                    ready += early.pop(one.author + one.run, ())
            standing = [_redaction_of(one, rest) for one in (first, *accepted) if one.redacted]
            told.update(one.id for one in standing)
            yield (first, *accepted, *standing)
    if displaced - told:
        raise LocalError(f"{len(displaced - told)} entries stand after a gap in their run, and nothing accepts them")


def _follows(entry: Entry, heads: dict[bytes, tuple[int, bytes]]) -> bool:
    seq, head = heads.get(entry.author + entry.run, (-1, b""))
    return entry.seq == seq + 1 and entry.prev == head


def _redaction_of(entry: Entry, beside: Iterable[Entry]) -> Entry:
    for one in beside:
        if one.kind == Redacted.kind and entry.id in one.refs:
            return one
    raise LocalError("a body is missing, and no redaction stands for it")


# --- reading -----------------------------------------------------------------------------------------------------


class RecordReader:
    """Bytes in, in pieces of any size; records out. Only the piece at hand and an unfinished record are kept.

    ``offset`` is where the record begins that is being read; ``hash`` covers every byte before END.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.hash = hashlib.sha256()
        self.rest = b""
        self.begun = False
        self.ended = False

    def feed(self, data: bytes) -> Iterator[Record]:
        """The records that are complete now.

        :raises RemoteError: MALFORMED for what is no record, or follows END.
        """
        data = self.rest + data
        base, at = self.offset, 0
        if not self.begun:
            if data[: len(MAGIC)] != MAGIC[: len(data)]:
                raise RemoteError(Code.MALFORMED, "this is no .dwlog file, or its first bytes were changed")
            if len(data) < len(MAGIC):
                self.rest = data
                return
            self.begun, at = True, len(MAGIC)
        view = memoryview(data)
        while not self.ended and len(data) - at >= FRAMING:
            self.offset = base + at
            stop = at + 5 + int.from_bytes(view[at : at + 4], "big")
            if stop - at - 5 > limits.RECORD:
                raise RemoteError(Code.MALFORMED, "a record is longer than any may be")
            if stop + 4 > len(data):
                break
            if crc32(view[at:stop]) != int.from_bytes(view[stop : stop + 4], "big"):
                raise RemoteError(Code.MALFORMED, "its bytes were changed, the check sum does not match")
            kind = data[at + 4]
            if kind == END:
                self.hash.update(view[:at])
                self.ended = True
            yield Record(kind, data[at + 5 : stop], base + at)
            at = stop + 4
        if not self.ended:
            self.hash.update(view[:at])
        self.offset, self.rest = base + at, data[at:]
        if self.ended and self.rest:
            raise RemoteError(Code.MALFORMED, "something follows the end")

    @property
    def torn(self) -> bool:
        """Whether the bytes end within a record as if cut there. False where END follows: then a length was changed."""
        data = self.rest[-END_RECORD:]
        for at in range(len(data) - FRAMING):
            stop = at + 5 + int.from_bytes(data[at : at + 4], "big")
            if data[at + 4] == RecordType.END and stop + 4 == len(data):
                return crc32(data[at:stop]) != int.from_bytes(data[stop:], "big")
        return True


def read_head(payload: bytes) -> Head:
    """:raises RemoteError: MALFORMED; NewerFormat."""
    fields = take_list(decode(payload, limits.HEADER), "head", 1, limits.ARRAY)
    version = take_int(fields[0], "version", 1)
    if version != VERSION:
        raise NewerFormat(Code.MALFORMED, f"written in version {version} of the format; this program reads {VERSION}")
    _, tag, exporter, scope, at = take_list(fields, "head", 5)
    return Head(
        take_bytes(tag, "tag", 16),
        take_bytes(exporter, "exporter", 32),
        take_text(scope, "scope", limits.SCOPE),
        take_int(at, "at"),
    )


def read_entries(payload: bytes) -> Unit:
    """The entries of a UNIT or FORK record, one to three.

    :raises RemoteError: MALFORMED or TOO_LARGE.
    """
    parts = take_list(decode(payload, limits.RECORD), "unit", 3, 9)
    if set(map(type, parts)) != {bytes} or len(parts) % 3:
        raise RemoteError(Code.MALFORMED, "unit: header, signature and body of each entry expected")
    if len(parts) == 3:
        return (parse_entry(*parts),)  # type: ignore[arg-type]
    return tuple(parse_entry(*parts[at : at + 3]) for at in range(0, len(parts), 3))  # type: ignore[arg-type]


def read_end(payload: bytes) -> End:
    """:raises RemoteError: MALFORMED."""
    content, signature = take_list(decode(payload, END_RECORD), "end", 2)
    signed = take_bytes(content, "content", 1, END_RECORD)
    units, entries, clips, forks, head, hashed = take_list(decode(signed, END_RECORD), "content", 6)
    return End(
        take_int(units, "units"),
        take_int(entries, "entries"),
        take_int(clips, "clips"),
        take_int(forks, "forks"),
        take_bytes(head, "canon head", 0, 32),
        take_bytes(hashed, "hash", 32),
        signed,
        take_bytes(signature, "signature", 64),
    )
