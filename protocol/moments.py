"""What the ephemerals say: tokens as they are generated, clips as they are made, how a member is, and hush.

Rules of this file:
- Nothing here is stored. The line and voiced entries say the same for good.
- What derives from a whisper, or is under review, goes to the narrator's own link alone (``direct``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, TypeVar

from protocol import limits
from protocol.encoding import decode, encode, take_list
from protocol.errors import Code, RemoteError
from protocol.shapes import list_field, number_field, raw_field, read_seat, text_field

HEALTH_STATES = ("loading", "ready", "slow", "failing")
LEARNING_STATES = ("idle", "gathering", "training", "paused", "testing", "done", "refused", "failed", "stopped")
LEARNING_STRENGTHS = ("gentle", "normal", "strong")
REPORT_SECONDS = 2.0  # between two healths of one member
REPORTS_PER_SECOND = 10  # of a whole hive; in a larger one than these two allow, each tells less often


class Moment:
    """Base of all; ``kind`` is the word in the ephemeral."""

    kind: ClassVar[str]

    def pack(self) -> bytes:
        """The payload's bytes."""
        return encode([getattr(self, one.name) for one in fields(self)])  # type: ignore[arg-type]


@dataclass(frozen=True)
class Tokens(Moment):
    """A piece of a line that is being written. ``index`` counts from 0 within the cue; ``done`` is 1 with the
    last one.
    """

    kind = "tokens"
    cue: bytes = raw_field(32)
    index: int = number_field()
    text: str = text_field(4_096)
    done: int = number_field(1)


@dataclass(frozen=True)
class ClipMade(Moment):
    """A sentence of a line became sound, or, by a reader, of a narration: then ``cue`` is the narration itself.
    ``characters``: how far into the plain text it reaches.

    ``key`` opens a private clip (b"": it is public); ``milliseconds`` is its length.
    """

    kind = "clip"
    cue: bytes = raw_field(32)
    index: int = number_field(limits.CLIPS)
    blob: bytes = raw_field(32)
    size: int = number_field(limits.BLOB)
    milliseconds: int = number_field()
    characters: int = number_field(limits.TEXT * 2)
    key: bytes = raw_field(0, 32)


@dataclass(frozen=True)
class Health(Moment):
    """How a member is, in its own word, every few seconds. ``adapter`` is short, "" without one. ``rate`` is in tenths
    of tokens per second, ``first_token`` in milliseconds, both of the last line (0: none yet). ``cpu`` is in tenths of
    a percent of one core, ``memory`` in MiB (0: its system does not say), both of its process. ``head``: the canon head
    it holds (b"": none), ``entries``: how many entries. ``links``: the seats it is linked to. ``probe``: the number of
    the last probe that this answers, 0 before the first.
    """

    kind = "health"
    state: str = text_field(16)
    why: str = text_field(256)
    writer: str = text_field(128)
    adapter: str = text_field(32)
    voice: str = text_field(limits.VOICE)
    rate: int = number_field()
    first_token: int = number_field()
    cpu: int = number_field()
    memory: int = number_field(limits.MEMORY)
    head: bytes = raw_field(0, 32)
    entries: int = number_field()
    links: tuple[int, ...] = list_field(limits.LINKS, read_seat)
    probe: int = number_field()


@dataclass(frozen=True)
class Probe(Moment):
    """The narrator's word to one member: test yourself now, and say how you are. ``number`` rises; the health that
    answers carries it.
    """

    kind = "probe"
    number: int = number_field()


@dataclass(frozen=True)
class Learn(Moment):
    """The narrator's word to one member: learn from what your seat has said. ``deed`` is "begin" or "stop",
    ``strength`` one of LEARNING_STRENGTHS.
    """

    kind = "learn"
    deed: str = text_field(16)
    strength: str = text_field(16)


@dataclass(frozen=True)
class Learning(Moment):
    """How far a member's learning is, in its own word. ``state`` is one of LEARNING_STATES, ``samples`` the number of
    lines it can learn from. ``share`` (done so far) and ``loss`` are in thousandths, ``left`` is in seconds (0: not
    known).
    """

    kind = "learning"
    state: str = text_field(16)
    why: str = text_field(256)
    samples: int = number_field()
    share: int = number_field(1_000)
    loss: int = number_field()
    left: int = number_field()
    strength: str = text_field(16)


@dataclass(frozen=True)
class Timing(Moment):
    """Where the time of one line went, in milliseconds from the cue's arrival."""

    kind = "timing"
    cue: bytes = raw_field(32)
    queue: int = number_field()
    prompt_tokens: int = number_field()
    first_token: int = number_field()
    first_clip: int = number_field()
    whole: int = number_field()
    tokens: int = number_field()


@dataclass(frozen=True)
class Hush(Moment):
    """The narrator's word: stop generating and speaking. ``cue`` is what is being answered, b"" for everything."""

    kind = "hush"
    cue: bytes = raw_field(0, 32)


M = TypeVar("M", bound=Moment)


def read_moment(kind: type[M], payload: bytes) -> M:
    """:raises RemoteError: MALFORMED, naming the field."""
    values = take_list(decode(payload, limits.EPHEMERAL), kind.kind, 0, 16)
    known = fields(kind)  # type: ignore[arg-type]
    if len(values) < len(known):
        raise RemoteError(Code.MALFORMED, f"{kind.kind}: {len(known)} fields expected")
    return kind(
        *(one.metadata["read"](value, f"{kind.kind}.{one.name}") for one, value in zip(known, values, strict=False))
    )
