"""What an entry may say about a character's mind: kinds like those in kinds.py, whose rules hold here."""

from __future__ import annotations

from dataclasses import dataclass

from protocol import limits
from protocol.shapes import (
    MAX_SEAT,
    Answer,
    Body,
    Score,
    list_field,
    number_field,
    raw_field,
    read_answer,
    read_score,
    text_field,
)


@dataclass(frozen=True)
class Evolved(Body):
    """A character has learned: an adapter was trained on what its seat has said. refs: the passage that stood last then
    (none: the very beginning). ``adapter`` and ``base`` are the SHA-256 of the adapter's and of the model's file;
    ``first`` and ``last`` are the entries its ``count`` samples reach from and to. ``promoted`` is 1 when it passed the
    tests and is spoken with from here on; ``why`` says what decided.
    """

    kind = "evolved"
    by = ("character",)
    adapter: bytes = raw_field(32)
    base: bytes = raw_field(32)
    model: str = text_field(limits.MIND_MODEL)
    first: bytes = raw_field(0, 32)
    last: bytes = raw_field(0, 32)
    count: int = number_field()
    scores: tuple[Score, ...] = list_field(limits.SCORES, read_score)
    answers: tuple[Answer, ...] = list_field(limits.ANSWERS, read_answer)
    promoted: int = number_field(1)
    why: str = text_field(256)


@dataclass(frozen=True)
class Minded(Body):
    """Which adapter a seat speaks with from here on (empty: the bare model). refs: the passage that stands last there
    (none: the very beginning). While ``pinned`` is 1, neither what it learns later nor going back changes that.
    """

    kind = "mind"
    seat: int = number_field(MAX_SEAT)
    adapter: bytes = raw_field(0, 32)
    pinned: int = number_field(1)


@dataclass(frozen=True)
class Brought(Body):
    """What a character learned in another story and brings along, for the seat that plays it; always sealed.
    ``adapter`` and ``base`` are the SHA-256 of the adapter's and of the model's file, ``scores`` what was measured
    there. ``blob`` is the adapter as a private blob that ``key`` opens.
    """

    kind = "brought"
    seat: int = number_field(MAX_SEAT)
    adapter: bytes = raw_field(32)
    base: bytes = raw_field(32)
    model: str = text_field(limits.MIND_MODEL)
    scores: tuple[Score, ...] = list_field(limits.SCORES, read_score)
    blob: bytes = raw_field(32)
    size: int = number_field(limits.BLOB)
    key: bytes = raw_field(32)


@dataclass(frozen=True)
class Kept(Body):
    """A private blob that holds a character's adapter or samples, for its seat on another machine; always sealed.
    ``what`` is "adapter" or "samples", ``name`` the SHA-256 of the content, ``key`` opens the blob, ``count`` is the
    number of samples.
    """

    kind = "kept"
    by = ("character",)
    what: str = text_field(16)
    name: bytes = raw_field(32)
    blob: bytes = raw_field(32)
    size: int = number_field(limits.BLOB)
    key: bytes = raw_field(32)
    count: int = number_field()
