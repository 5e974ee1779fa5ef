"""What may be meant while somebody types in the narration box: an @Name, a /command, a name after one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from narrator_app.wording import COMMANDS

OFFERED = 8  # at once; more than that is read no more
NAMING = {"cue", "skip", "whisper", "invite", "deactivate"}  # commands that take a name
CHOICES = {
    "review": ("on", "off"),
    "hold": ("on", "off"),
    "reader": ("on", "off"),
    "export": ("dwlog", "json", "txt", "ogg", "wav", "audiobook"),
}
_CALL = re.compile(r"(?<![\w@.])@([^\s@]*)$")
_COMMAND = re.compile(r"\s*/(\S*)$")
_ARGUMENT = re.compile(r"\s*/(\S+)\s+(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Offer:
    """One thing that may be meant: what would stand there, and what it is for."""

    text: str
    meaning: str = ""


@dataclass(frozen=True)
class Completion:
    """What may stand in place of the text from ``start`` to ``end``."""

    start: int
    end: int
    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Mode:
    """How the words in the box are told: "say", "scene", or "whisper" ``to`` somebody."""

    kind: str = "say"
    to: str = ""


def complete(
    text: str, caret: int, names: Sequence[str], meanings: Mapping[str, str], places: Sequence[str] = ()
) -> Completion | None:
    """What is being written at the caret and how it may go on; None when there is nothing to offer.

    ``names`` are the cast's, ``places`` what one can go back to; ``meanings`` tells what ``"name"`` and ``"place"`` are
    for.
    """
    before = text[:caret]
    if call := _CALL.search(before):
        found = [Offer(f"@{name} ", meanings.get("name", "")) for name in matching(call[1], names)]
        return _offered(call.start(), caret, found, before)
    if command := _COMMAND.fullmatch(before):
        typed = command[1].casefold()
        found = [Offer(f"/{word} ", meaning) for word, (_, meaning) in COMMANDS.items() if word.startswith(typed)]
        return _offered(command.start(1) - 1, caret, found, before)
    if argument := _ARGUMENT.fullmatch(before):
        word, rest = argument[1].casefold(), argument[2]
        start = argument.start(2)
        if word in NAMING and "\n" not in rest:
            found = [Offer(f"{name} ", meanings.get("name", "")) for name in matching(rest, names)] if rest else []
            found = found or ([Offer(f"{name} ", meanings.get("name", "")) for name in names] if not rest else [])
            return _offered(start, caret, found, before)
        if word == "rewind":
            found = [Offer(place, meanings.get("place", "")) for place in places if _begins(place, rest)]
            return _offered(start, caret, found, before)
        if word in CHOICES and " " not in rest:
            return _offered(start, caret, [Offer(one) for one in CHOICES[word] if one.startswith(rest)], before)
    return None


def matching(typed: str, names: Sequence[str]) -> list[str]:
    """Names that begin so, then those one of whose parts does."""
    first = [name for name in names if _begins(name, typed)]
    parts = [name for name in names if name not in first and any(_begins(part, typed) for part in name.split())]
    return first + parts


def chosen(text: str, completion: Completion, offer: Offer) -> tuple[str, int]:
    """The text with an offer taken, and where the caret stands then."""
    after = text[completion.end :]
    put = offer.text if not after or after[0].isalnum() else offer.text.rstrip()
    start = text[: completion.start] + put
    return start + after, len(start)


def mode_in(text: str, names: Sequence[str]) -> tuple[Mode, str] | None:
    """A mode that was just typed as a command, and the words after it: ``/scene `` or ``/whisper NAME ``."""
    if text.casefold().startswith("/scene "):
        return Mode("scene"), text[len("/scene ") :]
    if text.casefold().startswith("/whisper "):
        rest = text[len("/whisper ") :]
        for name in sorted(names, key=len, reverse=True):
            if rest.casefold().startswith(f"{name} ".casefold()):
                return Mode("whisper", name), rest[len(name) + 1 :]
    return None


def _begins(name: str, typed: str) -> bool:
    return name.casefold().startswith(typed.casefold())


def _offered(start: int, end: int, offers: Sequence[Offer], before: str) -> Completion | None:
    """Nothing is offered that stands there already."""
    wanted = [one for one in offers if one.text.rstrip() != before[start:].rstrip() or not before.endswith(" ")]
    if not wanted or [one.text.rstrip() for one in wanted] == [before[start:]]:
        return None
    return Completion(start, end, tuple(wanted[:OFFERED]))
