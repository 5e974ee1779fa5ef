"""Where to cut running text so that it can be spoken while the rest is still being written.

A stop is trusted only when the next character that is not blank is known, because "He met Mr. | Gray" and "He left. |
She stayed" differ behind the stop. White space is brought down to one blank, one line break or one empty line as it
arrives, so that the buffer always ends in a character that settles what stands before it: the result does not depend
on how the text was chunked.
"""

from __future__ import annotations

import re

FIRST_MOST = 120  # characters of the first fragment; about seven seconds of speech, more would keep the ear waiting
MOST = 400  # characters of any fragment; XTTS reads 400 tokens at most
LETTERS = 10  # a fragment with fewer is joined to what follows: engines swallow and over-stress lone short words
FIRST_LETTERS = 6  # the same of a first fragment of two words or more, "Hush now,": the ear waits for it

_CLOSERS = r"[\"'”’»›)\]*_~\U0001F300-\U0001FAFF☀-➿\uFE0F\u200D]*+"  # an emoji behind a stop closes it as a quote does
_FULL = "。！？｡．‼⁉"  # stops that need no blank behind them
_STOPS = ".!?…‽⸘؟۔।॥։።፧။"
# Runs are taken whole and from their beginning only (``++``, ``(?<!``), or a thousand dots would take minutes.
_STOP = re.compile(
    rf"""(?: (?<![{_STOPS}]) (?P<stop> [{_STOPS}]++ ) (?P<closers> {_CLOSERS} ) (?=\s)
       |     (?P<full> [{_FULL}]+ ) [”’」』）》〉】〕"']*
       |     (?P<newline> \n )
       )""",
    re.VERBOSE,
)
_CLAUSE = re.compile(rf"(?: [,;:،؛–] | (?<!-)--++ ) {_CLOSERS} (?=\s) | [—―、，；：]+ [”’」』）\"']*", re.VERBOSE)
_LAST_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*$")
_SPACES = re.compile(r"\s+")

_QUOTES = "\"'”’»›"
_TITLES = re.compile(  # a name follows these, or the rest of the sentence
    "mr|mrs|ms|mx|dr|prof|st|ste|mt|lt|col|gen|capt|cpt|sgt|cpl|adm|cmdr|maj|rev|hon|pres|gov|sen|rep|fr|br|messrs|"
    "mme|mlle|vs|approx|dept|cf|viz|incl|e\\.g|i\\.e"
)
_BEFORE_NUMBERS = re.compile("nos?|nr|vols?|figs?|pp?|chap|ch|art|sec|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec")
_EITHER = re.compile(r"etc|[ap]\.m|b\.c|a\.d|ph\.d|m\.d|jr|sr|inc|ltd|co|bros")  # the next letter's case decides
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")  # U.S
_DOTS = re.compile(r"\.\.+|[.…]*…[.…]*")
_WIDE = re.compile(r"[\u3040-\u30FF\u3400-\u9FFF\uAC00-\uD7AF]")  # one such letter takes as long as three Latin ones


class Splitter:
    """Text in, in pieces of any size; fragments out, each worth one breath of a speaker.

    The first fragment comes early: at the first clause of two words or ``LETTERS`` letters, after ``FIRST_MOST``
    characters at the latest. What follows are sentences of at least ``LETTERS`` letters, cut at a blank where they pass
    ``MOST`` characters. Nothing but white space is lost or changed.
    """

    def __init__(self) -> None:
        self._cutter = _Cutter(LETTERS, first_early=True)

    def push(self, text: str) -> list[str]:
        """Fragments that are certain now."""
        return self._cutter.push(text)

    def foresee(self, following: str) -> list[str]:
        """Fragments that are certain because the next character that is not blank is known, though not yet to be said.

        It is either pushed next, or ``finish`` is called next.
        """
        return self._cutter.foresee(following)

    def finish(self) -> list[str]:
        """What is left at the end of the text, short or not. More text may follow; only the very first comes early."""
        return self._cutter.finish()


def split_sentences(text: str) -> list[str]:
    """The sentences of a text that is there in full, short ones too."""
    cutter = _Cutter(1, first_early=False)
    return cutter.push(text) + cutter.finish()


class _Cutter:
    def __init__(self, letters: int, *, first_early: bool) -> None:
        self._letters = letters
        self._first = first_early
        self._text = ""  # begins with the next fragment, and ends in a character that is not blank
        self._blank = ""  # white space that arrived behind it
        self._settled = 0  # before this place of the text there is no cut

    def push(self, text: str) -> list[str]:
        out: list[str] = []
        for piece in _pieces(text):
            if piece.isspace():
                self._blank += piece
                continue
            if self._text and self._blank:
                breaks = self._blank.count("\n")
                self._text += "\n" * min(breaks, 2) if breaks else " "
            self._blank = ""
            self._text += piece
            while fragment := self._cut(at_end=False):
                out.append(fragment)
        return out

    def foresee(self, following: str) -> list[str]:
        out = self.push(following)
        known = self._text[:-1]
        self._text = known.rstrip()
        self._blank = known[len(self._text) :]
        return out

    def finish(self) -> list[str]:
        out: list[str] = []
        while fragment := self._cut(at_end=True):
            out.append(fragment)
        if self._text:
            out.append(_SPACES.sub(" ", self._text))
        self._text, self._blank, self._settled, self._first = "", "", 0, self._first and not out
        return out

    def _cut(self, *, at_end: bool) -> str:
        """The next fragment, taken off the text; empty when none is certain yet."""
        most = FIRST_MOST if self._first else MOST
        end = self._find(most, at_end=at_end)
        if not end and len(self._text) > most:
            end = _where_it_hurts_least(self._text, most)
        if not end:
            return ""
        fragment = _SPACES.sub(" ", self._text[:end]).strip()
        self._text = self._text[end:].lstrip()
        self._settled, self._first = 0, False
        return fragment

    def _find(self, most: int, *, at_end: bool) -> int:
        """End of the first fragment within ``most`` characters, or 0."""
        text = self._text
        while True:
            stop = _STOP.search(text, self._settled)
            clause = _CLAUSE.search(text, self._settled) if self._first else None
            found = min((match for match in (stop, clause) if match), key=lambda match: match.end(), default=None)
            if found is None:
                self._settled = max(self._settled, text.rfind(" ") + 1)  # a stop needs a blank behind it: none so far
                return 0
            end = found.end()
            if end > most or (end == len(text) and not at_end):
                return 0
            whole = found is stop and found["newline"] is not None  # what stands in a line of its own is not joined
            if (found is clause or _is_boundary(text, found)) and (whole or self._is_worth_saying(text[:end])):
                return end
            self._settled = end

    def _is_worth_saying(self, text: str) -> bool:
        short = self._first and " " in text
        return _sounds(text) >= (min(FIRST_LETTERS, self._letters) if short else self._letters)


def _pieces(text: str) -> list[str]:
    return re.findall(r"\s+|\S+", text)


def _sounds(text: str) -> int:
    """Letters and digits, those of Chinese, Japanese and Korean counted three times."""
    return sum(map(str.isalnum, text)) + 2 * len(_WIDE.findall(text))


def _is_boundary(text: str, found: re.Match[str]) -> bool:
    """Whether a sentence ends at this match of ``_STOP``."""
    end = found.end()
    following = text[end:].lstrip()[:1]
    if found["newline"]:
        return following != text[end : end + 1] or not following.islower()
    if found["full"] or not following:
        return True
    stop, closers = found["stop"], found["closers"]
    if following in ".,!?…":
        return False  # . . . or a mark that belongs to this sentence
    if following.islower() and any(quote in closers for quote in _QUOTES):
        return False  # "Who goes there?" asked the guard.
    if _DOTS.fullmatch(stop):
        return not (following.islower() or following.isdigit()) and len(text[:end].split()) > 2
    return stop != "." or closers != "" or not _is_abbreviation(text[: found.start()], following)


def _is_abbreviation(head: str, following: str) -> bool:
    """Whether the full stop behind ``head`` belongs to its last word."""
    match = _LAST_WORD.search(head)
    word = match.group() if match else ""
    lower = word.lower()
    if _EITHER.fullmatch(lower):
        return following.islower() or following.isdigit()
    if _BEFORE_NUMBERS.fullmatch(lower) and following.isdigit():
        return True
    if word.isdigit() and len(word) <= 3 and not head[: -len(word)].strip("\"'“‘(*_ "):
        return True  # the number of an item: 1. Take the sword.
    if len(word) == 1 and word.isupper():
        return word != "I"  # J. R. Smith
    return bool(_TITLES.fullmatch(lower) or _INITIALS.fullmatch(word))


def _where_it_hurts_least(text: str, most: int) -> int:
    """Behind the last clause of the first ``most`` characters, else at their last blank, else right there."""
    clauses = [match.end() for match in _CLAUSE.finditer(text, most // 2, most + 1)]
    blank = text.rfind(" ", most // 2, most + 1)
    if clauses and clauses[-1] <= most:
        return clauses[-1]
    return blank if blank > 0 else most
