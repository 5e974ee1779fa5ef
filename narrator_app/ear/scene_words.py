"""What a hint is to the embedded recogniser: lines of plain lower-case words, and how words are spelt in the story."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SENTENCES = 2_000  # the latest; an evening has some hundred
WORDS = 1_500  # the most frequent; a search with more is no longer quicker than the general one
LINE = 40  # words of one line; nobody says more in one breath
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_END = re.compile(r"(?<=[.!?…][\"”’')\]])\s+|(?<=[.!?…])\s+|\n+")


@dataclass(frozen=True)
class SceneWords:
    """``lines``: sentences as words; ``vocabulary``: all their words and the names', the most frequent first."""

    lines: tuple[tuple[str, ...], ...]
    vocabulary: tuple[str, ...]


def plain(text: str) -> list[str]:
    """The words of a text as the recogniser spells them: lower case, no accents, no digits."""
    letters = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return _WORD.findall("".join(one for one in letters if not unicodedata.combining(one)))


def sentences_of(text: str) -> list[str]:
    """A text cut into sentences."""
    return [one.strip() for one in _END.split(text) if one.strip()]


def scene_words(sentences: Sequence[str], names: Iterable[str]) -> SceneWords:
    """What of a hint the recogniser can use."""
    lines = [plain(one) for text in sentences[-SENTENCES:] for one in sentences_of(text)]
    lines = [line[at : at + LINE] for line in lines for at in range(0, len(line), LINE)][-SENTENCES:]
    named = list(dict.fromkeys(word for name in names for word in plain(name)))[:WORDS]
    counted = Counter(word for line in lines for word in line)
    for word in named:
        del counted[word]
    vocabulary = (*named, *(word for word, _ in counted.most_common(WORDS - len(named))))
    known = set(vocabulary)
    return SceneWords(tuple(tuple(line) for line in lines if known.issuperset(line)), vocabulary)


def spelt(words: str, names: Iterable[str]) -> str:
    """Recognised words as people write them: names in their case, "I", and a capital at the beginning."""
    case = {plain(part)[0]: part for name in names for part in name.split() if len(plain(part)) == 1}
    case = {word: part for word, part in case.items() if part[:1].isupper()}
    out = [case.get(word, "I" + word[1:] if re.match(r"i('|$)", word) else word) for word in words.split()]
    text = " ".join(out)
    return text[:1].upper() + text[1:]
