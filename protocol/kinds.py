"""What an entry may say: one frozen class per kind, and how its fields become bytes.

Rules of this file:
- A body is ``[salt, 0, fields]`` in the open, or ``[salt, 1, commitment, boxes, ciphertext]`` sealed; sealed content is
  ``[audience, fields]``. 16 random bytes of salt come first, so that a short text can't be guessed from its hash.
- Fields are positions. A newer version may append fields; what we do not know is ignored. Fewer than we need is malformed.
- An unknown kind, or a body that does not read, is stored, relayed and ignored by the fold.
- A seat is a small number; 0 is the narrator. An audience is a list of seats and always holds 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, TypeVar

from protocol import limits
from protocol.encoding import Value, decode, encode, take_bytes, take_int, take_list, take_text
from protocol.entry import Entry
from protocol.errors import Code, LocalError, RemoteError
from protocol.sealing import SealKey, Sealed, seal, unseal, unseal_with

NARRATOR = 0
ROLES = ("narrator", "character", "listener", "reader")
SPAN_KINDS = ("speech", "action", "thought")
OPEN, SEALED = 0, 1
MAX_SEAT = 4_096
MAX_INT = 2**53


class Span(NamedTuple):
    """A stretch of a line that is voiced alike. ``kind`` is one of ``SPAN_KINDS``."""

    kind: str
    text: str


def _text(most: int) -> Any:
    return field(metadata={"read": lambda value, name: take_text(value, name, most)})


def _raw(*sizes: int) -> Any:
    def read(value: Value, name: str) -> bytes:
        data = take_bytes(value, name, max(sizes))
        if len(data) not in sizes:
            raise RemoteError(Code.MALFORMED, f"{name}: wrong length")
        return data

    return field(metadata={"read": read})


def _bytes(most: int) -> Any:
    return field(metadata={"read": lambda value, name: take_bytes(value, name, most)})


def _number(most: int = MAX_INT) -> Any:
    return field(metadata={"read": lambda value, name: take_int(value, name, 0, most)})


def _list(most: int, item: Any) -> Any:
    def read(value: Value, name: str) -> tuple[Any, ...]:
        return tuple(item(one, name) for one in take_list(value, name, most))

    return field(metadata={"read": read})


def _seat(value: Value, name: str) -> int:
    return take_int(value, name, 0, MAX_SEAT)


def _span(value: Value, name: str) -> Span:
    kind, text = _exactly(value, name, 2)
    if kind not in SPAN_KINDS:
        raise RemoteError(Code.MALFORMED, f"{name}: unknown kind of span")
    return Span(take_text(kind, name, 16), take_text(text, name, limits.TEXT))


def _place(value: Value, name: str) -> tuple[bytes, int]:
    run, seq = _exactly(value, name, 2)
    return take_bytes(run, name, 8), take_int(seq, name, 0, MAX_INT)


def _clip(value: Value, name: str) -> Clip:
    blob, size, milliseconds = _exactly(value, name, 3)
    return Clip(take_bytes(blob, name, 32), take_int(size, name, 1, limits.BLOB), take_int(milliseconds, name, 0, MAX_INT))


def _exactly(value: Value, name: str, count: int) -> list[Value]:
    items = take_list(value, name, count)
    if len(items) != count:
        raise RemoteError(Code.MALFORMED, f"{name}: {count} fields expected")
    return items


class Clip(NamedTuple):
    """One sentence of sound: the blob's id (32 bytes), its size in bytes, its length in milliseconds."""

    blob: bytes
    size: int
    milliseconds: int


class Body:
    """Base of all kinds. ``kind`` is the word in the header, ``by`` the roles that may write it."""

    kind: ClassVar[str]
    by: ClassVar[tuple[str, ...]] = ("narrator",)

    def to_fields(self) -> list[Value]:
        return [_plain(getattr(self, one.name)) for one in fields(self)]  # type: ignore[arg-type]


def _plain(value: Any) -> Value:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Genesis(Body):
    """The first entry of a story. Its id is the story's name for machines; whoever has it can check the narrator."""

    kind = "genesis"
    name: str = _text(limits.NAME)
    seal_key: bytes = _raw(32)


@dataclass(frozen=True)
class Opened(Body):
    """The first entry of every later run. ``continues`` is the author's own entry it goes on from: for the narrator the canon head."""

    kind = "open"
    by = ROLES
    continues: bytes = _raw(0, 32)
    agent: str = _text(limits.NAME)


@dataclass(frozen=True)
class Invited(Body):
    """A one-use key was made for a seat. Only its public half is logged. ``expires`` is in milliseconds since 1970."""

    kind = "invite"
    invite: bytes = _raw(32)
    seat: int = _number(MAX_SEAT)
    role: str = _text(16)
    expires: int = _number()


@dataclass(frozen=True)
class Withdrawn(Body):
    """An invite that nobody has used yet is worth nothing from here on."""

    kind = "withdraw"
    invite: bytes = _raw(32)


@dataclass(frozen=True)
class Granted(Body):
    """A seat is given to a member key; burns the invite. ``claim`` is the joiner's own signed claim, so anyone can check it."""

    kind = "grant"
    seat: int = _number(MAX_SEAT)
    role: str = _text(16)
    member: bytes = _raw(32)
    seal_key: bytes = _raw(32)
    invite: bytes = _raw(32)
    claim: bytes = _bytes(512)


@dataclass(frozen=True)
class Revoked(Body):
    """A member key counts no longer. ``until`` names, run by run, the last place of its feed that still counts."""

    kind = "revoke"
    member: bytes = _raw(32)
    until: tuple[tuple[bytes, int], ...] = _list(limits.ARRAY, _place)
    why: str = _text(limits.NAME)


@dataclass(frozen=True)
class Cast(Body):
    """The public part of a card: who sits on a seat. A later one for the same seat replaces it; ``retired`` is 0 or 1."""

    kind = "cast"
    seat: int = _number(MAX_SEAT)
    role: str = _text(16)
    name: str = _text(limits.NAME)
    voice: str = _text(256)
    colour: str = _text(16)
    talkativeness: int = _number(100)
    portrait: bytes = _raw(0, 32)
    retired: int = _number(1)


@dataclass(frozen=True)
class Sheet(Body):
    """The private part of a card, always sealed to the seat that plays it: JSON text."""

    kind = "sheet"
    seat: int = _number(MAX_SEAT)
    card: str = _text(limits.BODY)


@dataclass(frozen=True)
class Narrated(Body):
    """The narrator tells. ``plan`` is the ordered list of seats that shall answer; ``mode`` is "say" or "scene"."""

    kind = "narrate"
    text: str = _text(limits.TEXT)
    plan: tuple[int, ...] = _list(limits.PLAN, _seat)
    mode: str = _text(16)


@dataclass(frozen=True)
class Cued(Body):
    """One seat is asked to answer now. refs: the beat's narration. ``review`` is 1 while tokens and clips are the narrator's alone."""

    kind = "cue"
    seat: int = _number(MAX_SEAT)
    take: int = _number(1_000)
    review: int = _number(1)


@dataclass(frozen=True)
class Line(Body):
    """What a character said. refs: its cue. ``model`` and ``adapter`` name the mind that wrote it."""

    kind = "line"
    by = ("character", "reader")
    spans: tuple[Span, ...] = _list(limits.SPANS, _span)
    model: str = _text(128)
    adapter: bytes = _raw(0, 32)
    stopped: str = _text(16)


@dataclass(frozen=True)
class Voiced(Body):
    """The sound of a line. refs: the line. ``key`` opens private clips and stands only in a sealed body; ``voice`` names the engine and voice."""

    kind = "voiced"
    by = ("character", "reader")
    clips: tuple[Clip, ...] = _list(limits.CLIPS, _clip)
    voice: str = _text(256)
    key: bytes = _raw(0, 32)


@dataclass(frozen=True)
class Accepted(Body):
    """Another's entry becomes canon here. refs: that entry. The two travel and are stored as one unit."""

    kind = "accept"
    author: bytes = _raw(32)


@dataclass(frozen=True)
class Discarded(Body):
    """A line that was offered does not become canon. refs: the line."""

    kind = "discard"
    why: str = _text(limits.NAME)


@dataclass(frozen=True)
class Chosen(Body):
    """Of several takes this one stands. refs: the line, accepted before."""

    kind = "choose"


@dataclass(frozen=True)
class Edited(Body):
    """The narrator's wording of a narration or line. refs: the entry whose text it replaces; the original stays in the log."""

    kind = "edit"
    spans: tuple[Span, ...] = _list(limits.SPANS, _span)


@dataclass(frozen=True)
class Missed(Body):
    """A cue was not answered in time. refs: the cue."""

    kind = "missed"
    why: str = _text(256)


@dataclass(frozen=True)
class Heard(Body):
    """After a hush: how many characters of the line had been said aloud. refs: the line or its cue."""

    kind = "heard"
    characters: int = _number(limits.TEXT)


@dataclass(frozen=True)
class Checkpoint(Body):
    """A name for a place in canon. refs: the passage that stands last there (none: the very beginning)."""

    kind = "checkpoint"
    name: str = _text(limits.NAME)


@dataclass(frozen=True)
class Rewound(Body):
    """The story goes on after another passage. refs: that passage (none: the very beginning). ``branch`` names the tail that is left."""

    kind = "rewind"
    branch: str = _text(limits.NAME)


@dataclass(frozen=True)
class Adopted(Body):
    """The tail of another run of the narrator's joins canon here. refs: the tail's last entry."""

    kind = "adopt"


@dataclass(frozen=True)
class SetAside(Body):
    """The tail of another run of the narrator's is known and stays a branch. refs: the tail's last entry."""

    kind = "aside"
    branch: str = _text(limits.NAME)


@dataclass(frozen=True)
class Redacted(Body):
    """The body of an entry is gone; this stands in its place. refs: the entry. By its author or the narrator."""

    kind = "redact"
    by = ROLES
    why: str = _text(limits.NAME)


@dataclass(frozen=True)
class Resealed(Body):
    """The key of an older sealed entry, for a member who came to its seat later; itself sealed. refs: the older entry."""

    kind = "reseal"
    key: bytes = _raw(32)


KINDS: dict[str, type[Body]] = {
    one.kind: one
    for one in (
        Genesis, Opened, Invited, Withdrawn, Granted, Revoked, Cast, Sheet, Narrated, Cued, Line, Voiced, Accepted, Discarded,
        Chosen, Edited, Missed, Heard, Checkpoint, Rewound, Adopted, SetAside, Redacted, Resealed,
    )
}  # fmt: skip

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
        return Opening(_read_fields(kind, take_list(parts[2], "fields", limits.ARRAY)), None, b"")
    if len(parts) != 5:
        raise RemoteError(Code.MALFORMED, "body: five parts expected in a sealed one")
    boxes = tuple(take_bytes(one, "box", 256) for one in take_list(parts[3], "boxes", limits.AUDIENCE))
    sealed = Sealed(take_bytes(parts[2], "commitment", 32), boxes, take_bytes(parts[4], "ciphertext", limits.BODY))
    place = place_of(entry.tag, entry.author, entry.run, entry.seq, entry.kind)
    if body_key is not None:
        opened: tuple[bytes, bytes] | None = (unseal_with(sealed, place, body_key), body_key)
    else:
        opened = unseal(sealed, place, key) if key is not None else None
    if opened is None:
        return None
    audience, inner = _exactly(decode(opened[0], limits.BODY), "content", 2)
    seats = tuple(_seat(one, "audience") for one in take_list(audience, "audience", limits.AUDIENCE))
    return Opening(_read_fields(kind, take_list(inner, "fields", limits.ARRAY)), seats, opened[1])


def _parts(entry: Entry) -> list[Value]:
    parts = take_list(decode(entry.body, limits.BODY), "body", 5)
    if len(parts) < 3 or type(parts[0]) is not bytes or len(parts[0]) != 16 or parts[1] not in (OPEN, SEALED):
        raise RemoteError(Code.MALFORMED, "body: salt and form expected first")
    return parts


def _read_fields(kind: type[B], values: list[Value]) -> B:
    known = fields(kind)  # type: ignore[arg-type]
    if len(values) < len(known):
        raise RemoteError(Code.MALFORMED, f"{kind.kind}: {len(known)} fields expected")
    return kind(*(one.metadata["read"](value, f"{kind.kind}.{one.name}") for one, value in zip(known, values, strict=False)))


def _check_own(body: Body) -> None:
    try:
        _read_fields(type(body), body.to_fields())
    except RemoteError as error:
        raise LocalError(f"our own entry would not be read by others: {error}") from error
