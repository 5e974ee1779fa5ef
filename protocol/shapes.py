"""What a body is, and the shapes its fields may have: what reads them, what is refused. For the classes in kinds.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, fields
from typing import Any, ClassVar, NamedTuple

from protocol import limits
from protocol.encoding import Value, take_bytes, take_int, take_list, take_text
from protocol.errors import Code, RemoteError

SPAN_KINDS = ("speech", "action", "thought")
MAX_SEAT = 4_096
MAX_INT = 2**53


class Body:
    """Base of all kinds. ``kind`` is the word in the header, ``by`` the roles that may write it."""

    kind: ClassVar[str]
    by: ClassVar[tuple[str, ...]] = ("narrator",)

    def to_fields(self) -> list[Value]:
        return [_plain(getattr(self, one.name)) for one in fields(self)]  # type: ignore[arg-type]


def _plain(value: Any) -> Value:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


class Span(NamedTuple):
    """A stretch of a line that is voiced alike. ``kind`` is one of ``SPAN_KINDS``."""

    kind: str
    text: str


def text_field(most: int) -> Any:
    return field(metadata={"read": lambda value, name: take_text(value, name, most)})


def raw_field(*sizes: int) -> Any:
    def read(value: Value, name: str) -> bytes:
        data = take_bytes(value, name, 0, max(sizes))
        if len(data) not in sizes:
            raise RemoteError(Code.MALFORMED, f"{name}: wrong length")
        return data

    return field(metadata={"read": read})


def bytes_field(most: int) -> Any:
    return field(metadata={"read": lambda value, name: take_bytes(value, name, 0, most)})


def number_field(most: int = MAX_INT) -> Any:
    return field(metadata={"read": lambda value, name: take_int(value, name, 0, most)})


def list_field(most: int, item: Callable[[Value, str], Any]) -> Any:
    def read(value: Value, name: str) -> tuple[Any, ...]:
        return tuple(item(one, name) for one in take_list(value, name, 0, most))

    return field(metadata={"read": read})


def read_seat(value: Value, name: str) -> int:
    return take_int(value, name, 0, MAX_SEAT)


def read_span(value: Value, name: str) -> Span:
    kind, text = take_list(value, name, 2)
    if kind not in SPAN_KINDS:
        raise RemoteError(Code.MALFORMED, f"{name}: unknown kind of span")
    return Span(take_text(kind, name, 16), take_text(text, name, limits.TEXT))


def read_place(value: Value, name: str) -> tuple[bytes, int]:
    run, seq = take_list(value, name, 2)
    return take_bytes(run, name, 8), take_int(seq, name, 0, MAX_INT)


def read_clip(value: Value, name: str) -> Clip:
    blob, size, milliseconds = take_list(value, name, 3)
    return Clip(
        take_bytes(blob, name, 32), take_int(size, name, 1, limits.BLOB), take_int(milliseconds, name, 0, MAX_INT)
    )


class Clip(NamedTuple):
    """One sentence of sound: the blob's id (32 bytes), its size in bytes, its length in milliseconds."""

    blob: bytes
    size: int
    milliseconds: int


class Score(NamedTuple):
    """One thing that was measured of an adapter: without it and with it, in thousandths."""

    name: str
    before: int
    after: int


class Answer(NamedTuple):
    """What a character says to one thing it was told: without its adapter and with it."""

    told: str
    before: str
    after: str


def read_score(value: Value, name: str) -> Score:
    what, before, after = take_list(value, name, 3)
    return Score(take_text(what, name, 32), take_int(before, name, 0, MAX_INT), take_int(after, name, 0, MAX_INT))


def read_answer(value: Value, name: str) -> Answer:
    told, before, after = (take_text(one, name, limits.ANSWER) for one in take_list(value, name, 3))
    return Answer(told, before, after)
