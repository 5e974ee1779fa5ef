"""How a body becomes bytes and bytes a body: in the open, or sealed to a few.

Rules of this file:
- A body is ``[salt, 0, fields]`` in the open, or ``[salt, 1, commitment, boxes, ciphertext]`` sealed; sealed content is
  ``[audience, fields]``. 16 random bytes of salt come first, so that a short text can't be guessed from its hash.
- An audience is a list of seats and always holds the narrator's, 0.
- An unknown kind, or a body that does not read, is stored, relayed and ignored by the fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from typing import NamedTuple, TypeVar

from protocol import limits
from protocol.encoding import Value, decode, encode, take_bytes, take_list
from protocol.entry import Entry
from protocol.errors import Code, LocalError, RemoteError
from protocol.kinds import KINDS, NARRATOR, Body
from protocol.sealing import Sealed, SealKey, seal, unseal, unseal_with
from protocol.shapes import read_seat

OPEN, SEALED = 0, 1

B = TypeVar("B", bound=Body)


class Opening(NamedTuple):
    """A body that was read. ``audience`` is None for what all may hear; ``key`` is the sealed body's own key."""

    body: Body
    audience: tuple[int, ...] | None
    key: bytes


def pack_body(body: Body, salt: bytes) -> bytes:
    """The bytes of an open body. ``salt`` is 16 random bytes.

    :raises LocalError: when a field is out of bounds, naming it.
    """
    _check_own(body)
    return encode([salt, OPEN, body.to_fields()])


def seal_body(
    body: Body, place: bytes, audience: Sequence[int], keys: Sequence[bytes], randomness: bytes, salt: bytes
) -> bytes:
    """The bytes of a body that only ``keys`` (X25519, one per member it is for) can read.

    ``place`` comes from :func:`place_of`; ``randomness`` is 64 random bytes, used for this body alone.

    :raises LocalError: when a field is out of bounds or the audience is too large.
    """
    _check_own(body)
    if NARRATOR not in audience or len(keys) > limits.AUDIENCE:
        raise LocalError("audience: the narrator is always part of it, and it has a bound")
    sealed = seal(encode([sorted(audience), body.to_fields()]), place, keys, randomness)
    return encode([salt, SEALED, sealed.commitment, list(sealed.boxes), sealed.ciphertext])


def place_of(tag: bytes, author: bytes, run: bytes, seq: int, kind: str) -> bytes:
    """What binds a sealed text to its one place: it opens nowhere else."""
    return encode([tag, author, run, seq, kind])


def is_sealed(entry: Entry) -> bool:
    """Whether the body is sealed; False for what does not read at all."""
    try:
        parts = _parts(entry)
    except RemoteError:
        return False
    return parts[1] == SEALED


def read_body(entry: Entry, key: SealKey | None = None, body_key: bytes | None = None) -> Opening | None:
    """Read an entry's body: None when it is sealed to others, redacted, or of a kind we do not know.

    ``body_key`` is the sealed body's own key, where a ``reseal`` gave it to us.

    :raises RemoteError: MALFORMED when it is ours to read and does not read.
    """
    kind = KINDS.get(entry.kind)
    if kind is None or entry.redacted:
        return None
    parts = _parts(entry)
    if parts[1] == OPEN:
        return Opening(_read_fields(kind, take_list(parts[2], "fields", 0, limits.ARRAY)), None, b"")
    if len(parts) != 5:
        raise RemoteError(Code.MALFORMED, "body: five parts expected in a sealed one")
    boxes = tuple(take_bytes(one, "box", 0, 256) for one in take_list(parts[3], "boxes", 0, limits.AUDIENCE))
    sealed = Sealed(take_bytes(parts[2], "commitment", 32), boxes, take_bytes(parts[4], "ciphertext", 0, limits.BODY))
    place = place_of(entry.tag, entry.author, entry.run, entry.seq, entry.kind)
    if body_key is not None:
        opened: tuple[bytes, bytes] | None = (unseal_with(sealed, place, body_key), body_key)
    else:
        opened = unseal(sealed, place, key) if key is not None else None
    if opened is None:
        return None
    audience, inner = take_list(decode(opened[0], limits.BODY), "content", 2)
    seats = tuple(read_seat(one, "audience") for one in take_list(audience, "audience", 0, limits.AUDIENCE))
    return Opening(_read_fields(kind, take_list(inner, "fields", 0, limits.ARRAY)), seats, opened[1])


def _parts(entry: Entry) -> list[Value]:
    parts = take_list(decode(entry.body, limits.BODY), "body", 0, 5)
    if len(parts) < 3 or type(parts[0]) is not bytes or len(parts[0]) != 16 or parts[1] not in (OPEN, SEALED):
        raise RemoteError(Code.MALFORMED, "body: salt and form expected first")
    return parts


def _read_fields(kind: type[B], values: list[Value]) -> B:
    known = _readers(kind)  # type: ignore[arg-type]
    if len(values) < len(known):
        raise RemoteError(Code.MALFORMED, f"{kind.kind}: {len(known)} fields expected")
    return kind(*[read(value, name) for (read, name), value in zip(known, values, strict=False)])


@cache
def _readers(kind: type[Body]) -> tuple[tuple[Callable[[Value, str], object], str], ...]:
    """What reads each field, and the name it is called by. Asked for every entry of a story that is opened."""
    return tuple((one.metadata["read"], f"{kind.kind}.{one.name}") for one in fields(kind))  # type: ignore[arg-type]


def _check_own(body: Body) -> None:
    try:
        _read_fields(type(body), body.to_fields())
    except RemoteError as error:
        raise LocalError(f"our own entry would not be read by others: {error}") from error
