"""The story as other programs and people read it: JSON after data/story.schema.json, and a page of text.

Pure: a :class:`Book` in, bytes out. What goes into the book (whispers, for one) is the caller's choice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from dwnet.text import clean
from protocol.shapes import Span

FORMAT, VERSION = "dreamweaver-story", 1

# A terminal obeys these also when they are shown as part of a file. In JSON all of them can stand escaped.
_BEYOND_ASCII_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class CastMember:
    """A character of the book. ``peer`` is the id of the peer that plays it now, "" when nobody does."""

    name: str
    voice: str = ""
    colour: str = ""
    peer: str = ""


@dataclass(frozen=True)
class Passage:
    """One piece of canon.

    ``at`` is ISO 8601 in UTC; ``entry`` the log entry's id in hex; ``beat`` counts narrations from 1; ``take`` counts
    attempts from 1. ``edited``: the narrator changed the wording. ``heard`` is what had been said aloud before a hush,
    None when nothing was cut off. ``model`` wrote it, ``author`` (a peer id) signed it. ``audience`` names those a
    whisper was for.
    """

    kind: Literal["narration", "line", "scene", "whisper"]
    speaker: str
    text: str
    spans: tuple[Span, ...]
    at: str
    entry: str
    beat: int
    take: int = 1
    edited: bool = False
    heard: str | None = None
    model: str = ""
    author: str = ""
    audience: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A checkpoint: a name for the place behind ``entry`` (hex; "" is the very beginning)."""

    name: str
    entry: str


@dataclass(frozen=True)
class Book:
    """A story's canon. ``fingerprint_hex`` and ``fingerprint_words`` name its head, ``tag`` (hex) the story itself."""

    title: str
    tag: str
    fingerprint_hex: str
    fingerprint_words: tuple[str, ...]
    cast: tuple[CastMember, ...] = ()
    passages: tuple[Passage, ...] = ()
    checkpoints: tuple[Mark, ...] = ()


def to_json(book: Book) -> bytes:
    """The book as data/story.schema.json describes it, with nothing in it that a terminal would obey."""
    story = {
        "format": FORMAT,
        "version": VERSION,
        "title": book.title,
        "tag": book.tag,
        "fingerprint": {"hex": book.fingerprint_hex, "words": list(book.fingerprint_words)},
        "cast": [asdict(member) for member in book.cast],
        "passages": [_passage(passage) for passage in book.passages],
        "checkpoints": [asdict(mark) for mark in book.checkpoints],
    }
    text = json.dumps(story, ensure_ascii=False, indent=2)
    return _BEYOND_ASCII_CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode("utf-8", "replace") + b"\n"


def to_text(book: Book) -> bytes:
    """The book as a page: title, cast, narration as prose, lines as ``Name: text``, the fingerprint last."""
    title = clean(book.title)
    parts = [f"{title}\n{'=' * len(title)}"]
    if book.cast:
        parts.append(f"Told by the narrator, with {_listed(member.name for member in book.cast)}.")
    parts.extend(_paragraph(passage) for passage in book.passages)
    words = " ".join(book.fingerprint_words)
    parts.append(f"--\nFingerprint: {words}\n{book.fingerprint_hex}\nStory: {book.tag}")
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def _passage(passage: Passage) -> dict[str, object]:
    spans = [{"kind": span.kind, "text": span.text} for span in passage.spans]
    return {**asdict(passage), "spans": spans, "audience": list(passage.audience)}


def _paragraph(passage: Passage) -> str:
    text, speaker = clean(passage.text), clean(passage.speaker)
    if passage.heard is not None and passage.heard != passage.text:
        text = f"{clean(passage.heard)} —".lstrip()
    match passage.kind:
        case "line":
            return f"{speaker}: {text}"
        case "whisper":
            return f"({speaker}, to {_listed(passage.audience)}: {text})"
        case "scene":
            return f"* * *\n\n{text}"
        case "narration":
            return text


def _listed(names: Iterable[str]) -> str:
    *rest, last = [clean(name) for name in names] or ["nobody"]
    return f"{', '.join(rest)} and {last}" if rest else last
