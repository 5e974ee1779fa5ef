"""The mind that a card names: with which adapter its character spoke where the card was written.

Rules of this file:
- A card only names the adapter. Its file lies beside the card's, and the first eight digits of its hash in its name.
- Where a mind is named it is named whole: a reference that does not read is an error of the card's, never half a mind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dwnet.card_reading import Object, Sheet
from protocol import limits
from protocol.shapes import Score

FIELD = "mind"  # among a card's own fields
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST = 10**9  # of a version's number, and of a score
_REMEDY = "Save the card again where the character learned, or take the field out: it comes with the bare model then."


@dataclass(frozen=True)
class CardMind:
    """``adapter`` and ``base`` are the SHA-256 of the adapter's file and of the model's it was trained on (b"": not
    known there), ``model`` that model's name, ``version`` its number in the story it comes from (0: none), ``scores``
    what was measured of it.
    """

    adapter: bytes
    base: bytes
    model: str
    version: int
    scores: tuple[Score, ...]

    def beside(self, card: Path) -> Path:
        """Where the adapter's file is written that goes with the file of a card."""
        return card.with_name(f"{card.stem}.{self.adapter.hex()[:8]}.gguf")

    def found_beside(self, card: Path) -> list[Path]:
        """The files beside a card that may be the adapter, whatever the card is called now."""
        return sorted(card.parent.glob(f"*.{self.adapter.hex()[:8]}.gguf"))

    def to_own(self) -> Object:
        """As it stands among a card's own fields."""
        return {
            "adapter": self.adapter.hex(),
            "base": self.base.hex(),
            "model": self.model,
            "version": self.version,
            "scores": {one.name: [one.before / 1_000, one.after / 1_000] for one in self.scores},
        }


def check_mind(sheet: Sheet) -> None:
    """Tell of what is wrong with the reference among a card's own fields."""
    own = sheet.nested(FIELD)
    if own is not None and _read(own) is None:
        sheet.wrong(FIELD, "names no mind that can be read", _REMEDY)


def mind_in(own: Mapping[str, object]) -> CardMind | None:
    """The mind among a card's own fields; None where there is none."""
    found = own.get(FIELD)
    return _read(found) if isinstance(found, dict) else None


def _read(own: Object) -> CardMind | None:
    adapter, base, model, version = (own.get(one) for one in ("adapter", "base", "model", "version"))
    if not (isinstance(adapter, str) and isinstance(base, str) and isinstance(model, str)):
        return None
    if not _HASH.fullmatch(adapter) or not (base == "" or _HASH.fullmatch(base)) or len(model) > limits.MIND_MODEL:
        return None
    scores = own.get("scores", {})
    if not isinstance(version, int) or not 0 <= version <= _MOST or not isinstance(scores, dict):
        return None
    read = [_score(name, value) for name, value in scores.items()]
    whole = tuple(one for one in read if one is not None)
    if len(whole) != len(read) or len(whole) > limits.SCORES:
        return None
    return CardMind(bytes.fromhex(adapter), bytes.fromhex(base), model, version, whole)


def _score(name: str, value: object) -> Score | None:
    if len(name) > 32 or not isinstance(value, list) or len(value) != 2:
        return None
    pair = [one for one in value if isinstance(one, int | float) and 0 <= one <= _MOST]
    return Score(name, round(1_000 * pair[0]), round(1_000 * pair[1])) if len(pair) == 2 else None
