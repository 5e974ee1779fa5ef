"""What an entry may say: one frozen class per kind, and how its fields become bytes.

Rules of this file:
- Fields are positions. A newer version may append fields; what we do not know is ignored. Fewer than we need is
  malformed.
- A seat is a small number; 0 is the narrator.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol import limits
from protocol.learned import Brought as Brought
from protocol.learned import Evolved as Evolved
from protocol.learned import Kept as Kept
from protocol.learned import Minded as Minded
from protocol.shapes import (
    MAX_SEAT,
    Clip,
    Span,
    bytes_field,
    list_field,
    number_field,
    raw_field,
    read_clip,
    read_place,
    read_seat,
    read_span,
    text_field,
)
from protocol.shapes import Body as Body

NARRATOR = 0
NARRATOR_NAME = "Narrator"
ROLES = ("narrator", "character", "listener", "reader")


@dataclass(frozen=True)
class Genesis(Body):
    """The first entry of a story. Its id is the story's name for machines; whoever has it can check the narrator."""

    kind = "genesis"
    name: str = text_field(limits.NAME)
    seal_key: bytes = raw_field(32)


@dataclass(frozen=True)
class Renamed(Body):
    """The story is called otherwise from here on. Its tag stays, and so does everything that was told."""

    kind = "rename"
    name: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Opened(Body):
    """The first entry of every later run. ``continues`` is the author's own entry it goes on from: for the narrator the
    canon head.
    """

    kind = "open"
    by = ROLES
    continues: bytes = raw_field(0, 32)
    agent: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Invited(Body):
    """A one-use key was made for a seat. Only its public half is logged. ``expires`` is in milliseconds since 1970."""

    kind = "invite"
    invite: bytes = raw_field(32)
    seat: int = number_field(MAX_SEAT)
    role: str = text_field(16)
    expires: int = number_field()


@dataclass(frozen=True)
class Withdrawn(Body):
    """An invite that nobody has used yet is worth nothing from here on."""

    kind = "withdraw"
    invite: bytes = raw_field(32)


@dataclass(frozen=True)
class Granted(Body):
    """A seat is given to a member key; burns the invite. ``claim`` is the joiner's own signed claim, so anyone can
    check it.
    """

    kind = "grant"
    seat: int = number_field(MAX_SEAT)
    role: str = text_field(16)
    member: bytes = raw_field(32)
    seal_key: bytes = raw_field(32)
    invite: bytes = raw_field(32)
    claim: bytes = bytes_field(512)


@dataclass(frozen=True)
class Revoked(Body):
    """A member key counts no longer. ``until`` names, run by run, the last place of its feed that still counts."""

    kind = "revoke"
    member: bytes = raw_field(32)
    until: tuple[tuple[bytes, int], ...] = list_field(limits.ARRAY, read_place)
    why: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Cast(Body):
    """The public part of a card: who sits on a seat. A later one for the same seat replaces it; ``retired``
    is 0 or 1. ``portrait`` is the public blob of a picture of at most limits.PORTRAIT bytes, or empty.
    """

    kind = "cast"
    seat: int = number_field(MAX_SEAT)
    role: str = text_field(16)
    name: str = text_field(limits.NAME)
    voice: str = text_field(limits.VOICE)
    colour: str = text_field(16)
    talkativeness: int = number_field(100)
    portrait: bytes = raw_field(0, 32)
    retired: int = number_field(1)


@dataclass(frozen=True)
class Sheet(Body):
    """The private part of a card, always sealed to the seat that plays it: JSON text."""

    kind = "sheet"
    seat: int = number_field(MAX_SEAT)
    card: str = text_field(limits.BODY)


@dataclass(frozen=True)
class Sampled(Body):
    """A recording whose voice a seat speaks with, always sealed to the seat that plays it. ``blob`` is the recording as
    a private blob that ``key`` opens (b"": there is none any more), ``name`` what the voice is called where it is
    played, ``consent`` in whose words it may be used.
    """

    kind = "sample"
    seat: int = number_field(MAX_SEAT)
    name: str = text_field(limits.NAME)
    blob: bytes = raw_field(0, 32)
    size: int = number_field(limits.VOICE_SAMPLE)
    key: bytes = raw_field(0, 32)
    consent: str = text_field(limits.CONSENT)


@dataclass(frozen=True)
class Narrated(Body):
    """The narrator tells. ``plan`` is the ordered list of seats that shall answer; ``mode`` is "say" or "scene"."""

    kind = "narrate"
    text: str = text_field(limits.TEXT)
    plan: tuple[int, ...] = list_field(limits.PLAN, read_seat)
    mode: str = text_field(16)


@dataclass(frozen=True)
class Cued(Body):
    """One seat is asked to answer now. refs: the beat's narration. ``review`` is 1 while tokens and clips are the
    narrator's alone.
    """

    kind = "cue"
    seat: int = number_field(MAX_SEAT)
    take: int = number_field(1_000)
    review: int = number_field(1)


@dataclass(frozen=True)
class Line(Body):
    """What a character said. refs: its cue. ``model`` and ``adapter`` name the mind that wrote it."""

    kind = "line"
    by = ("character", "reader")
    spans: tuple[Span, ...] = list_field(limits.SPANS, read_span)
    model: str = text_field(128)
    adapter: bytes = raw_field(0, 32)
    stopped: str = text_field(16)


@dataclass(frozen=True)
class Voiced(Body):
    """The sound of a line or narration. refs: it. ``key`` opens private clips and stands only in a sealed body;
    ``voice`` names the engine and voice. No clips: there is nothing to hear in it.
    """

    kind = "voiced"
    by = ("narrator", "character", "reader")
    clips: tuple[Clip, ...] = list_field(limits.CLIPS, read_clip)
    voice: str = text_field(limits.VOICE)
    key: bytes = raw_field(0, 32)


@dataclass(frozen=True)
class Accepted(Body):
    """Another's entry becomes canon here. refs: that entry. The two travel and are stored as one unit."""

    kind = "accept"
    author: bytes = raw_field(32)


@dataclass(frozen=True)
class Discarded(Body):
    """A line that was offered does not become canon. refs: the line."""

    kind = "discard"
    why: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Chosen(Body):
    """Of several takes this one stands. refs: the line, accepted before."""

    kind = "choose"


@dataclass(frozen=True)
class Edited(Body):
    """The narrator's wording of a narration or line. refs: the entry whose text it replaces; the original stays in the
    log.
    """

    kind = "edit"
    spans: tuple[Span, ...] = list_field(limits.SPANS, read_span)


@dataclass(frozen=True)
class Missed(Body):
    """A cue was not answered in time. refs: the cue."""

    kind = "missed"
    why: str = text_field(256)


@dataclass(frozen=True)
class Heard(Body):
    """After a hush: how many characters of the line had been said aloud. refs: the line or its cue."""

    kind = "heard"
    characters: int = number_field(limits.TEXT)


@dataclass(frozen=True)
class Checkpoint(Body):
    """A name for a place in canon. refs: the passage that stands last there (none: the very beginning)."""

    kind = "checkpoint"
    name: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Rewound(Body):
    """The story goes on after another passage. refs: that passage (none: the very beginning). ``branch`` names the tail
    that is left.
    """

    kind = "rewind"
    branch: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Adopted(Body):
    """The tail of another run of the narrator's joins canon here. refs: the tail's last entry."""

    kind = "adopt"


@dataclass(frozen=True)
class SetAside(Body):
    """The tail of another run of the narrator's is known and stays a branch. refs: the tail's last entry."""

    kind = "aside"
    branch: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Redacted(Body):
    """The body of an entry is gone; this stands in its place. refs: the entry. By its author or the narrator."""

    kind = "redact"
    by = ROLES
    why: str = text_field(limits.NAME)


@dataclass(frozen=True)
class Resealed(Body):
    """The key of an older sealed entry, for a member who came to its seat later; itself sealed. refs: the
    older entry.
    """

    kind = "reseal"
    key: bytes = raw_field(32)


KINDS: dict[str, type[Body]] = {
    one.kind: one
    for one in (
        Genesis, Renamed, Opened, Invited, Withdrawn, Granted, Revoked, Cast, Sheet, Sampled, Narrated, Cued, Line,
        Voiced,
        Accepted, Discarded, Chosen, Edited, Missed, Heard, Checkpoint, Rewound, Adopted, SetAside, Redacted, Resealed,
        Evolved, Minded, Brought, Kept,
    )
}  # fmt: skip

# Others stand on these: who may write, what is canon, what was accepted. Their bodies can't be taken back.
LASTING = frozenset(
    one.kind
    for one in (
        Genesis, Opened, Invited, Withdrawn, Granted, Revoked, Accepted, Adopted, SetAside, Redacted, Resealed,
    )
)  # fmt: skip
