"""How a card's JSON is read field by field: what is forgiven, what is refused, and what the user is told.

Rules of this file:
- Lax on read: a missing or null field is empty, a number where text belongs becomes text; each such mercy is a warning.
- What would be ambiguous or unsafe is an error that names the field and the remedy. All of them are found in one pass.
- Every value is bounded, plain JSON: finite numbers, no half characters, nested at most ``limits.CARD_DEPTH`` deep.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from dwnet.errors import NodeError
from protocol import limits

Object: TypeAlias = dict[str, object]

_PICTURES = ((b"\xff\xd8\xff", "a JPEG picture"), (b"GIF8", "a GIF picture"))
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # Unicode categories that a name has no use for
_JOINERS = "\u200c\u200d"  # format characters that emoji, Persian and Indic names need
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Finding(NamedTuple):
    """One thing ``dwnet card check`` says: after an "error" the card is refused, after a "warning" it works."""

    severity: Literal["error", "warning"]
    field: str
    what: str
    remedy: str


class CardError(NodeError):
    """This character card can't be used.

    Run `dwnet card check FILE` to see what is wrong with it.
    """

    exit_code = 1


class CardFileTooLarge(CardError):
    """The card's file has {size} bytes where {limit} fit.

    Shorten its longest texts, or take out what it embeds.
    """


class CardTooLarge(CardError):
    """The card is too large: {size} bytes where {limit} fit; the field {field} takes the most room.

    Shorten {field} and try again.
    """


class CardUnreadable(CardError):
    """This file is no character card: {why}.

    Export the character again as a Character Card V2, in JSON or PNG.
    """


class CardIsPicture(CardError):
    """This is {kind}, whatever the file is called, and such a picture carries no card.

    Save the character again where it comes from, as PNG or JSON: with the download button there, since the picture that
    a web page shows has lost its card.
    """


class CardPictureEmpty(CardError):
    """This PNG picture carries no character card.

    Save the character again where it comes from, with its download button, or export it as JSON. The picture itself can
    be a portrait.
    """


class CardPictureDamaged(CardError):
    """This PNG picture cannot be read as a character card: {why}.

    Save it again where it comes from, or export the character as JSON.
    """


class CardFieldWrong(CardError):
    """The card's field {field} {what}.

    {remedy}
    """


def parse(data: bytes) -> Object:
    """The JSON object in ``data``, UTF-8 with or without a byte order mark.

    :raises CardFileTooLarge: above ``limits.CARD`` bytes. :raises CardIsPicture: for a picture.
    :raises CardUnreadable: for anything else that is no JSON object.
    """
    _refuse_pictures(data)
    if len(data) > limits.CARD:
        raise CardFileTooLarge(size=f"{len(data):,}", limit=f"{limits.CARD:,}")
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_float=_finite, parse_constant=_finite)
        value = _plain(value, limits.CARD_DEPTH)
    except UnicodeDecodeError:
        raise CardUnreadable(why="it is not text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise CardUnreadable(why=f"its JSON breaks off at line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise CardUnreadable(why=why) from None
    if not isinstance(value, dict):
        raise CardUnreadable(why="its JSON is not an object in braces")
    return value


def _refuse_pictures(data: bytes) -> None:
    for magic, kind in _PICTURES:
        if data.startswith(magic):
            raise CardIsPicture(kind=kind)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        raise CardIsPicture(kind="a WebP picture")
    if data.startswith(b"PK\x03\x04"):
        raise CardUnreadable(why="it is a CharX or zip archive")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no number that JSON knows")
    return number


def _plain(value: object, depth: int) -> object:
    """The same value with half surrogate pairs replaced, so that whatever was read can be written as UTF-8."""
    if depth < 0:
        raise RecursionError
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_plain(one, depth - 1) for one in value]
    if isinstance(value, dict):
        return {str(_plain(key, 0)): _plain(one, depth - 1) for key, one in value.items()}
    return value


class Sheet:
    """A JSON object that is read field by field; what was odd gathers in ``findings``."""

    def __init__(self, source: Mapping[str, object], findings: list[Finding], prefix: str = "") -> None:
        self.source = source
        self.findings = findings
        self.prefix = prefix

    def wrong(self, field: str, what: str, remedy: str) -> None:
        self.findings.append(Finding("error", self.prefix + field, what, remedy))

    def odd(self, field: str, what: str, remedy: str) -> None:
        self.findings.append(Finding("warning", self.prefix + field, what, remedy))

    def text(self, field: str) -> str:
        """Text with plain line ends and without control characters; "" when absent."""
        value = self.source.get(field, "")
        if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            self.odd(field, "is not text", "It was read as text; write it in quotes.")
            value = "" if value is None else str(value)
        if not isinstance(value, str):
            self.wrong(field, "is not text", "Write it as text in quotes.")
            return ""
        clean = _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
        return unicodedata.normalize("NFC", clean)

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; one text is split at its commas, as some programs write tags."""
        value = self.source.get(field)
        if value is None:
            return ()
        if isinstance(value, str):
            self.odd(field, "is text where a list belongs", "It was split at its commas; write it as a list.")
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            self.wrong(field, "is not a list", "Write it as a list of texts.")
            return ()
        kept = [one for one in value if isinstance(one, str)]
        if len(kept) != len(value):
            self.odd(field, "holds something that is not text", "Only its texts were read.")
        return tuple(Sheet({field: one}, []).text(field) for one in kept)

    def nested(self, field: str) -> Object | None:
        """An object kept verbatim; None when absent."""
        value = self.source.get(field)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(field, "is not an object", "Write it as an object in braces, or leave it out.")
            return None
        return value

    def share(self, field: str) -> float | None:
        """A number from 0 to 1, also as text (SillyTavern writes "0.5"); None when absent."""
        value = self.source.get(field)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = -1.0
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            self.wrong(field, "is not a number from 0 to 1", "0 is silent, 1 always speaks up; 0.5 is usual.")
            return None
        return float(value)

    def matching(self, field: str, shape: re.Pattern[str], what: str, remedy: str) -> str:
        """Text that is empty or of the given shape."""
        value = self.text(field)
        if value and not shape.fullmatch(value):
            self.wrong(field, what, remedy)
            return ""
        return value

    def name(self, field: str) -> str:
        """A name for people and prompts: one visible line of ``limits.NAME`` characters, not the narrator's own."""
        value = self.source.get(field)
        if not isinstance(value, str) or not value.strip():
            self.wrong(field, "is missing", "Give the character a name.")
            return ""
        value = unicodedata.normalize("NFC", value).strip()
        if any(unicodedata.category(one) in _INVISIBLE and one not in _JOINERS for one in value):
            self.wrong(field, "holds a line break or an invisible character", "Write the name visibly, on one line.")
        elif len(value) > limits.NAME:
            self.wrong(field, f"has {len(value)} characters where {limits.NAME} fit", "Choose a shorter name.")
        elif unicodedata.normalize("NFKC", value).casefold() == "narrator":
            self.wrong(field, 'is "Narrator", which is you', "Choose another name.")
        return value


def check_book(book: Object | None, findings: list[Finding]) -> None:
    """Tell of what is odd in a card's lore."""
    if book is None:
        return
    sheet = Sheet(book, findings, "character_book.")
    entries = book.get("entries")
    if not isinstance(entries, list):
        sheet.odd("entries", "is not a list", "The lore is kept, and never comes up.")
        return
    for place, entry in enumerate(entries):
        keys = entry.get("keys") if isinstance(entry, dict) else None
        if not isinstance(keys, list) or not isinstance(entry.get("content"), str):
            sheet.odd(f"entries.{place}", "lacks keys or content", "It is kept, and never comes up.")
