"""One signed record of a feed, and the three tests it must pass: its shape, its signature, its link to what stands
before it.

Rules of this file:
- The id is the hash of the header alone. An author can make many valid signatures of one header; that must not look
  like a fork.
- A header without its body is not an entry, save where a signed redaction stands in the body's place.
- Bytes are stored and forwarded as they came; every check is over the received bytes.
- ``at`` is for display only. No rule reads it, but for choosing between two runs that nothing else orders (canon.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from protocol import limits
from protocol.encoding import decode, encode
from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import ENTRY, SigningKey, digest, verify

VERSION = 1
ID_PERSON = b"dwnet-entry-v1"
BODY_PERSON = b"dwnet-body-v1"
NOTHING = b""
MAX_AT = 2**53
MAX_SEQ = 2**40


class Entry(NamedTuple):
    """A header taken apart, beside the very bytes it came in. ``body`` is ``b""`` only while a redaction
    stands for it.
    """

    id: bytes
    tag: bytes
    author: bytes
    run: bytes
    seq: int
    prev: bytes
    at: int
    kind: str
    seen: bytes
    refs: tuple[bytes, ...]
    body_size: int
    body_hash: bytes
    header: bytes
    signature: bytes
    body: bytes

    @property
    def redacted(self) -> bool:
        return not self.body

    @property
    def triple(self) -> tuple[bytes, bytes, bytes]:
        """Header, signature and body as they travel and lie on disk."""
        return self.header, self.signature, self.body

    @property
    def size(self) -> int:
        return len(self.header) + len(self.signature) + len(self.body)


def tag_of(genesis_id: bytes) -> bytes:
    """The 16 bytes that name a story: the head of its genesis entry's id."""
    return genesis_id[:16]


def body_hash(body: bytes) -> bytes:
    return digest(BODY_PERSON, body)


def write_entry(
    key: SigningKey,
    *,
    tag: bytes,
    run: bytes,
    seq: int,
    prev: bytes,
    at: int,
    kind: str,
    body: bytes,
    seen: bytes = NOTHING,
    refs: Sequence[bytes] = (),
) -> Entry:
    """Make and sign an entry. ``at`` is in milliseconds since 1970, UTC.

    :raises LocalError: when a field is out of its bounds; nothing we sign may be refused by others.
    """
    header = encode([VERSION, tag, key.public, run, seq, prev, at, kind, seen, list(refs), len(body), body_hash(body)])
    signature = key.sign(ENTRY, header)
    try:
        return parse_entry(header, signature, body)
    except RemoteError as error:
        raise LocalError(f"our own entry would be refused: {error}") from error


def parse_entry(header: bytes, signature: bytes, body: bytes) -> Entry:
    """The first test: shape and bounds of every field, and the body against its hash. The signature is not checked
    here.

    :raises RemoteError: MALFORMED or TOO_LARGE, naming the field.
    """
    if len(signature) != 64:
        raise RemoteError(Code.MALFORMED, "signature: 64 bytes expected")
    if len(body) > limits.BODY:
        raise RemoteError(Code.TOO_LARGE, "body: too large")
    fields = decode(header, limits.HEADER)
    if type(fields) is not list or len(fields) != 12:
        raise RemoteError(Code.MALFORMED, "header: twelve fields expected")
    version, tag, author, run, seq, prev, at, kind, seen, refs, size, hashed = fields
    if version != VERSION:
        raise RemoteError(Code.MALFORMED, "version: written by another version of this program")
    if not (type(author) is bytes and len(author) == 32 and type(run) is bytes and len(run) == 8):
        raise RemoteError(Code.MALFORMED, "author or run: wrong length")
    if not (type(seq) is int and seq < MAX_SEQ and type(at) is int and at < MAX_AT and type(size) is int):
        raise RemoteError(Code.MALFORMED, "seq, at or body size: out of range")
    if not (type(prev) is bytes and len(prev) == (32 if seq else 0)):
        raise RemoteError(Code.MALFORMED, "prev: 32 bytes after the first entry of a run, none in it")
    if not (type(seen) is bytes and len(seen) in (0, 32) and type(hashed) is bytes and len(hashed) == 32):
        raise RemoteError(Code.MALFORMED, "seen or body hash: wrong length")
    if not (type(kind) is str and 0 < len(kind) <= limits.KIND and kind.isascii() and kind.isidentifier()):
        raise RemoteError(Code.MALFORMED, "kind: a short plain word expected")
    if not (type(tag) is bytes and len(tag) == (0 if kind == "genesis" else 16)):
        raise RemoteError(Code.MALFORMED, "tag: 16 bytes expected, none in genesis")
    if type(refs) is not list or len(refs) > limits.REFS:
        raise RemoteError(Code.MALFORMED, "refs: too many")
    known: list[bytes] = []
    for ref in refs:
        if type(ref) is not bytes or len(ref) != 32:
            raise RemoteError(Code.MALFORMED, "refs: 32 bytes each")
        known.append(ref)
    if body and (len(body) != size or digest(BODY_PERSON, body) != hashed):
        raise RemoteError(Code.MALFORMED, "body: does not match its header")
    if not body and not 0 < size <= limits.BODY:
        raise RemoteError(Code.MALFORMED, "body: missing")
    return Entry(
        digest(ID_PERSON, header),
        tag,
        author,
        run,
        seq,
        prev,
        at,
        kind,
        seen,
        tuple(known),
        size,
        hashed,
        header,
        signature,
        body,
    )


def check_signature(entry: Entry) -> None:
    """The second test. Redactions are checked the same way: the signature covers the header, which binds the body by
    hash.

    :raises RemoteError: BAD_SIGNATURE.
    """
    if not verify(entry.author, ENTRY, entry.header, entry.signature):
        raise RemoteError(Code.BAD_SIGNATURE, "entry: the signature does not match its author")


def follows(entry: Entry, head: Entry | None) -> bool:
    """The third test: is ``entry`` the next one of the run that ends in ``head`` (None: of a run not yet begun)?"""
    if head is None:
        return entry.seq == 0
    return entry.run == head.run and entry.author == head.author and entry.seq == head.seq + 1 and entry.prev == head.id
