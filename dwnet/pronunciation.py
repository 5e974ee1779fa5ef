"""How names are said: a card's ``pronunciation`` gives a plain respelling for a name, heard and never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dwnet.card_reading import Object, Sheet

NAMES = 64  # in one card
LONGEST = 80  # characters of a name, and of its respelling
_REMEDY = 'Write it as {"Siobhan": "shivawn"}: each name, and how it would be spelt by its sound.'


def check_pronunciation(sheet: Sheet) -> None:
    """Tell of what is wrong with the card's hints."""
    hints = sheet.nested("pronunciation") or {}
    if len(hints) > NAMES:
        sheet.wrong("pronunciation", f"has {len(hints)} names where {NAMES} fit", "Leave out those that read well.")
    for name, said in hints.items():
        if not _is_hint(name, said):
            sheet.wrong(f"pronunciation.{name[:LONGEST]}", "is no hint on how a name is said", _REMEDY)


def pronunciation(own: Object) -> dict[str, str]:
    """The hints among a card's own fields; what is no hint is left out."""
    hints = own.get("pronunciation")
    found = hints.items() if isinstance(hints, dict) else ()
    return {name: said for name, said in list(found)[:NAMES] if isinstance(said, str) and _is_hint(name, said)}


def respelled(text: str, hints: Mapping[str, str]) -> str:
    """The text with every whole name as it is said, whatever its capitals. The longest name that fits is taken."""
    if not hints:
        return text
    said = {name.casefold(): one for name, one in hints.items()}
    names = "|".join(re.escape(name) for name in sorted(hints, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda found: said.get(found[0].casefold(), found[0]), text, flags=re.I)


def _is_hint(name: str, said: object) -> bool:
    return all(
        isinstance(one, str) and one.strip() and one.isprintable() and len(one) <= LONGEST for one in (name, said)
    )
