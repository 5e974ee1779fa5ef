"""Keeps a character to its own words. Pure: pieces of model text in, safe text out.

A reply ends where the model begins to speak for another, at its end marks, and, when it was begun with a quotation
mark, at the closing one or at the end of the line. What might be the beginning of such an end is held back until the
next piece shows what it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

MARKS = ("<|", "</s>", "<end_of_turn>", "<start_of_turn>", "<eos>", "[INST]", "[/INST]")  # ends of turn, as text
THINKING, THOUGHT = "<think>", "</think>"  # how reasoning models fence what is not meant to be said
WHOLE_FROM = 0.4  # share of the cap from which a reply ends with its sentence
ECHO = 12  # letters; shorter replies ("Aye.") may be said again

_BOUNDARY = '\n.!?…"”*)]'  # a name after one of these, or at the start, labels a speech
_LEAD = ' \n*_"“'
_SENTENCE_END = re.compile(r"""[.!?…]+["'”’)*]*(?=\s|$)""")
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Capt|Prof)\.$")
_SPACE = re.compile(r"\s+")


def plain(text: str) -> str:
    """``text`` without control and text-direction characters; line breaks and tabs stay."""
    return "".join(c for c in text if c in "\n\t" or not (unicodedata.category(c) == "Cc" or c in _DIRECTION))


_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def whole_sentences(text: str) -> str:
    """``text`` up to its last sentence end, or "" when it holds no whole sentence."""
    for match in reversed(list(_SENTENCE_END.finditer(text))):
        if not _TITLE.search(text[: match.end()]):
            return text[: match.end()]
    return ""


def fault(text: str, said: Iterable[str]) -> Literal["", "empty", "echo"]:
    """Is ``text`` a reply? "echo" when it is, or is part of, something in ``said``."""
    letters = _letters(text)
    if not letters:
        return "empty"
    if len(letters) >= ECHO and any(letters in _letters(one) for one in said):
        return "echo"
    return ""


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


class Guard:
    """Fed with the pieces of one reply.

    ``own`` is the character's name, ``others`` all names it must not speak for, ``quoted`` tells that the reply was
    begun with a quotation mark, ``cap`` is the greatest number of pieces.
    """

    def __init__(self, own: str, others: Sequence[str], *, quoted: bool, cap: int) -> None:
        others = [name for name in others if name.strip()]
        self._quoted = quoted
        self._cap = cap
        self._labels = tuple(f"{name}:".casefold() for name in (*others, own))
        ends = ["|".join(re.escape(mark) for mark in MARKS)]
        if quoted:
            ends.append('["“”\n]')
        own_label = rf"\n[{_LEAD}]*{re.escape(own)}[*_]*\s?:"
        self._end = re.compile("|".join([*ends, own_label]), re.IGNORECASE)
        names = "|".join(re.escape(name) for name in sorted(others, key=len, reverse=True)) or "(?!)"
        self._other = re.compile(rf"(?:^|(?<=[{re.escape(_BOUNDARY)}]))[{_LEAD}]*(?:{names})[*_]*\s?:", re.IGNORECASE)
        self._own_start = re.compile(rf"^[{_LEAD}]*{re.escape(own)}[*_]*\s?:[*_]*", re.IGNORECASE)
        self._all = ""  # cleaned, from where the reply begins
        self._done = 0  # characters of it that were given out or dropped
        self._said = ""
        self._begun = False
        self._loose = " \n,:;" if quoted else " \n"  # what may stand before an end and is not worth saying
        self.pieces = 0
        self.stopped: Literal["", "end", "length", "cut"] = ""

    @property
    def text(self) -> str:
        """The reply so far; after ``finish`` the reply that counts."""
        return self._said

    @property
    def over(self) -> bool:
        """Nothing more is wanted from the model."""
        whole_enough = self.pieces >= self._cap * WHOLE_FROM and whole_sentences(self._said) == self._said != ""
        return bool(self.stopped) or self.pieces >= self._cap or whole_enough

    def push(self, piece: str) -> str:
        """Take the model's next piece; give what may be shown now, "" when it is still open what it will be."""
        self.pieces += 1
        if self.stopped:
            return ""
        self._all += plain(piece)
        if not self._begun and not self._begin():
            return ""
        end, other = self._end.search(self._all, self._done), self._other.search(self._all, self._done)
        if first := min((match for match in (end, other) if match), key=lambda match: match.start(), default=None):
            self.stopped = "cut" if first is other else "end"
            return self._release(self._all[self._done : first.start()].rstrip(self._loose))
        settled = self._settled()
        safe, self._done = self._all[self._done : settled], settled
        return self._release(safe)

    def finish(self, *, ended: bool) -> str:
        """End the reply; give what was still held back. ``ended``: the model had nothing more to say.

        ``text`` is then whole sentences if there are any; a half one that was shown already is no longer in it.
        """
        late = ""
        if not self.stopped:
            self.stopped = "end" if ended else "length"
            if self._begun or not self._all.lstrip().startswith(THINKING):
                late = self._release(self._all[self._done :].rstrip(self._loose + "<["))
        if self.stopped == "length":
            whole = whole_sentences(self._said)
            if not whole and self._said:
                return late + self._end_with("…")
            self._said = whole
        elif self._quoted and self._said[-1:].isalnum():
            return late + self._end_with(".")
        return late

    def _begin(self) -> bool:
        """Drop thinking and the character's own label at the start; False while more must be seen for that."""
        start = self._all.lstrip()
        if start.startswith(THINKING):
            if THOUGHT not in start:
                return False
            start = self._all = start.split(THOUGHT, 1)[1].lstrip()
        if not start or THINKING.startswith(start) or self._is_label_begun(start) or self._own_start.fullmatch(start):
            return False
        self._all = self._own_start.sub("", self._all).lstrip()
        self._begun = bool(self._all)
        return self._begun

    def _is_label_begun(self, text: str) -> bool:
        begun = text.lstrip(_LEAD).rstrip("*_ ").casefold()
        return any(label.startswith(begun) and label != begun for label in self._labels) if begun else not self._quoted

    def _settled(self) -> int:
        """Up to where ``_all`` can be no beginning of an end."""
        keep = len(self._all)
        for mark in MARKS:
            for length in range(1, len(mark)):
                if self._all.endswith(mark[:length]):
                    keep = min(keep, len(self._all) - length)
        boundary = max((self._all.rfind(c) for c in _BOUNDARY), default=-1) + 1
        tail = self._all[boundary:].lstrip(_LEAD).rstrip("*_ ").casefold()
        if tail and any(label.startswith(tail) for label in self._labels):
            keep = min(keep, len(self._all[:boundary].rstrip(_LEAD)))
        return max(len(self._all[:keep].rstrip(self._loose + "*_")), self._done)

    def _release(self, text: str) -> str:
        text = _SPACE.sub(" ", text)
        if not self._said or self._said.endswith(" "):
            text = text.lstrip()
        self._said += text
        return text

    def _end_with(self, ending: str) -> str:
        self._said += ending
        return ending
