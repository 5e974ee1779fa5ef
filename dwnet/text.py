"""Text from people and peers, made safe to keep and to show.

Rules of this file:
- Letters of every script, emoji and right-to-left text stay as they are. Control characters, terminal codes and the
  invisible marks that reverse or hide text do not: nobody types them into a story, and shown they could move a cursor,
  ring a bell or make one line look like another's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protocol.shapes import Span

_TERMINAL_CODES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[@-Z\\-_])"
)
_UNSEEN = dict.fromkeys(
    (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029, 0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB)
)


def clean(text: str) -> str:
    """The text without what is not text. Line ends become ``\\n``, tabs a space; blank ends are cut off."""
    plain = _TERMINAL_CODES.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(one for one in plain if one == "\n" or _is_text(one)).translate(_UNSEEN).strip()


def _is_text(one: str) -> bool:
    """Unassigned is not the same as wrong: this year's emoji have no name yet in last year's Python."""
    noncharacter = ord(one) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(one) <= 0xFDEF
    return not noncharacter and unicodedata.category(one) not in ("Cc", "Cs")


def clean_piece(text: str) -> str:
    """A piece of a line that streams: as :func:`clean`, but its ends stay."""
    body = clean(f"|{text}|")
    return body[1:-1]


def one_line(text: str, most: int) -> str:
    """A name or a short remark: cleaned, on one line, at most ``most`` characters."""
    return " ".join(clean(text).split())[:most]


def marked(spans: Sequence[Span]) -> str:
    """Spans as one text; actions stand in asterisks, thoughts in parentheses."""
    marks = {"action": "*{}*", "thought": "({})"}
    return " ".join(marks.get(one.kind, "{}").format(one.text) for one in spans)
