"""How like a character's lines a text is: TF-IDF over words and pairs of words. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return _WORD.findall(text.casefold().replace("’", "'"))


def variety(texts: Iterable[str]) -> float:
    """Of all pairs of neighbouring words in ``texts``, the share of different ones; 1.0 where there are none."""
    pairs = [pair for text in texts for pair in _pairs(words_of(text))]
    return len(set(pairs)) / len(pairs) if pairs else 1.0


class Nearness:
    """Measures texts against ``lines``. A word counts the more, the fewer of ``lines`` and ``others`` hold it."""

    def __init__(self, lines: Sequence[str], others: Sequence[str]) -> None:
        whole = [_terms(text) for text in (*lines, *others)]
        self._rarity = {
            term: math.log((1 + len(whole)) / (1 + held)) + 1
            for term, held in Counter(term for terms in whole for term in terms).items()
        }
        self._unseen = math.log(1 + len(whole)) + 1
        middle: Counter[str] = Counter()
        for text in lines:
            for term, value in self._vector(text).items():
                middle[term] += value  # type: ignore[assignment]  # a Counter of shares
        self._middle = _unit(dict(middle))

    def of(self, text: str) -> float:
        """The cosine of ``text`` and the middle of the lines, 0 to 1."""
        return sum(value * self._middle.get(term, 0.0) for term, value in self._vector(text).items())

    def _vector(self, text: str) -> dict[str, float]:
        return _unit(
            {term: (1 + math.log(n)) * self._rarity.get(term, self._unseen) for term, n in _terms(text).items()}
        )


def _terms(text: str) -> Counter[str]:
    words = words_of(text)
    return Counter([*words, *(" ".join(pair) for pair in _pairs(words))])


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    return list(pairwise(words))


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(value * value for value in vector.values()))
    return {term: value / length for term, value in vector.items()} if length else {}
