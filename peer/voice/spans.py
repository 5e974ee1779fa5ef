"""What in a reply is said, what is done and what is thought; and how what is said reads aloud.

Models write ``*He bows.* Welcome, traveller. (A lie.)``. Asterisks are an action, parentheses and underscores a
thought, all else is speech, quoted or not. Marks come unbalanced from small models, so:

- A mark opens only where a word could begin: ``2*3``, ``snake_case``, ``door(s)`` and ``:(`` are text.
- What is not closed ends with its line. What is not closed within ``UNCLOSED`` characters was not a mark.
- Doubled marks, and single ones around one word inside a sentence, are stress: ``I *really* mean it``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from peer.voice.splitter import Splitter, split_sentences
from protocol import limits
from protocol.shapes import Span

UNCLOSED = 400  # characters
_KINDS = {"*": "action", "(": "thought", "_": "thought"}
_MARK = re.compile(r"\*+|_+|\(")
_EYES = ":;=8"  # of a sad face
_ENDS = {
    "*": re.compile(r"\*+|\n"),
    "_": re.compile(r"_+|\n"),
    "(": re.compile(r"[()]|\n"),
}
_BARE = re.compile(r"[\s\"“”„*_()]*")  # marks around nothing


def parse_spans(text: str) -> tuple[Span, ...]:
    """The spans of a whole reply, at most ``limits.SPANS``. No word is lost; marks and the blanks between spans are."""
    reader = _Reader()
    pieces = reader.push(text) + reader.finish()
    spans: list[Span] = []
    speech = ""
    for kind, piece in [*pieces, ("", "")]:
        if kind == "ahead":
            continue
        if kind == "speech":
            speech += piece
            continue
        for span in (Span("speech", speech.strip()), Span(kind, piece.strip())):
            if not _BARE.fullmatch(span.text):
                spans.append(span)
        speech = ""
    if len(spans) > limits.SPANS:
        rest = " ".join(span.text for span in spans[limits.SPANS - 1 :])
        spans[limits.SPANS - 1 :] = [Span("speech", rest)]
    return tuple(spans)


class Aloud(NamedTuple):
    """A sentence to be voiced. ``kind`` is that of its span; ``softly``: as an aside."""

    text: str
    kind: str = "speech"
    softly: bool = False


class SpokenStream:
    """A reply in pieces of any size in; sentences to be voiced out, in order, at most ``limits.CLIPS`` of them.

    ``actions`` and ``thoughts`` say how these are voiced: "off", "softly" or "aloud". Speech is aloud. A reply that is
    nothing but actions is voiced after all, at its end, since silence would seem a fault.
    """

    def __init__(self, actions: str = "off", thoughts: str = "off") -> None:
        self._reader = _Reader()
        self._splitter = Splitter()
        self._how = {"action": actions, "thought": thoughts}
        self._actions: list[str] = []
        self._left = limits.CLIPS

    def push(self, text: str) -> list[Aloud]:
        return self._voice(self._cut(self._reader.push(text)))

    def finish(self) -> list[Aloud]:
        """The rest, when the reply has ended or was cut off."""
        voiced = self._voice(self._cut(self._reader.finish()) + [Aloud(one) for one in self._splitter.finish()])
        if self._left == limits.CLIPS:
            voiced = self._voice(
                [Aloud(sentence, "action") for action in self._actions for sentence in split_sentences(action)]
            )
        return voiced

    def _cut(self, pieces: list[tuple[str, str]]) -> list[Aloud]:
        fragments: list[Aloud] = []
        for kind, piece in pieces:
            if kind == "speech":
                fragments += map(Aloud, self._splitter.push(piece))
            elif kind == "ahead":
                fragments += map(Aloud, self._splitter.foresee(piece))
            else:
                fragments += map(Aloud, self._splitter.finish())  # no sentence reaches across an action
                how = self._how[kind]
                if how != "off":
                    fragments += [Aloud(one, kind, how == "softly") for one in split_sentences(piece)]
            if kind == "action":
                self._actions.append(piece)
        return fragments

    def _voice(self, fragments: list[Aloud]) -> list[Aloud]:
        voiced = [one._replace(text=said) for one in fragments if (said := spoken(one.text))][: self._left]
        self._left -= len(voiced)
        return voiced


@dataclass(frozen=True)
class _Stretch:
    """Text between two marks: ``text[start:end]``; reading goes on at ``after``."""

    end: int
    after: int
    closed: bool


class _Reader:
    """Finds the marks. Gives pieces of speech as they come, actions and thoughts whole.

    Where a mark opens, the character behind it is given as "ahead", so that the sentence before needn't wait for the
    whole action: whatever the mark turns out to be, that character comes next in the speech, or the speech ends here.
    """

    def __init__(self) -> None:
        self._text = ""  # not given yet
        self._before = ""  # the end of what was given: it decides whether a mark can open

    def push(self, text: str) -> list[tuple[str, str]]:
        self._text += text
        return self._read(at_end=False)

    def finish(self) -> list[tuple[str, str]]:
        return self._read(at_end=True)

    def _read(self, *, at_end: bool) -> list[tuple[str, str]]:
        out: list[tuple[str, str]] = []
        while self._text:
            mark = _MARK.search(self._text)
            if mark is None or mark.start() > 0:
                self._give(out, "speech", mark.start() if mark else len(self._text))
                continue
            if mark.end() == len(self._text) and not at_end:
                break
            if len(mark.group()) > 1:  # stress, or a line made of stars
                self._text = self._text[mark.end() :]
            elif not self._opens():
                self._give(out, "speech", 1)
            elif not self._read_stretch(out, at_end=at_end):
                break
        return out

    def _give(self, out: list[tuple[str, str]], kind: str, end: int, start: int = 0, after: int = 0) -> None:
        """Give ``text[start:end]`` and go on at ``after``, or at ``end`` where that is not said."""
        given = self._text[start:end]
        if given:
            out.append((kind, given))
        self._before = (self._before + given)[-8:] if kind == "speech" else " "
        self._text = self._text[after or end :]

    def _opens(self) -> bool:
        """Whether the single mark at the beginning of the text can open a span."""
        before, following = self._before[-1:], self._text[1:2]
        if before.isalnum() or not following or following.isspace():
            return False
        return not (self._text[0] == "(" and before and before in _EYES)

    def _read_stretch(self, out: list[tuple[str, str]], *, at_end: bool) -> bool:
        """Give the span that opens here. False: more text is needed to know."""
        out.append(("ahead", self._text[1:2]))
        stretch = self._stretch(at_end=at_end)
        if stretch is None:
            if len(self._text) <= UNCLOSED + 2 and not at_end:
                return False
            if len(self._text) > UNCLOSED + 2:
                self._text = self._text[1:]  # no mark after all; what follows may hold others
                return True
            stretch = _Stretch(len(self._text), len(self._text), closed=False)
        mark, words = self._text[0], self._text[1 : stretch.end]
        if stretch.closed and mark != "(" and not any(map(str.isspace, words)):
            following = self._text[stretch.after :].lstrip(" ")
            if not following and not at_end:
                return False
            if self._is_stress(words, self._text[stretch.after :]):
                self._give(out, "speech", stretch.end, 1, stretch.after)
                return True
        self._give(out, _KINDS[mark], stretch.end, 1, stretch.after)
        return True

    def _is_stress(self, word: str, behind: str) -> bool:
        """Whether one marked word is part of a sentence that goes on behind it, and began before or with it."""
        before = self._before.rstrip(" ")[-1:]
        goes_on = behind[:1] in tuple(".,;:!?'’") or behind.lstrip(" ")[:1].islower()
        return goes_on and (before.isalnum() or before == "," or word[:1].isupper())

    def _stretch(self, *, at_end: bool) -> _Stretch | None:
        """Where the span ends that opens at the beginning of the text; None: not within the text or the bound."""
        text, mark, depth = self._text, self._text[0], 0
        for found in _ENDS[mark].finditer(text, 1, UNCLOSED + 2):
            end = found.end()
            if found.group() == "\n":
                return _Stretch(found.start(), found.start(), closed=False)
            if mark == "(":
                depth += 1 if found.group() == "(" else -1
                if depth < 0:
                    return _Stretch(found.start(), end, closed=True)
                continue
            if end == len(text) and not at_end:
                return None
            inside_word = mark == "_" and text[end : end + 1].isalnum()
            if end - found.start() == 1 and not text[found.start() - 1].isspace() and not inside_word:
                return _Stretch(found.start(), end, closed=True)
        return None


_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,500}\)")
_ADDRESS = re.compile(r"(?:https?|ftp)://(?:www\.)?([^\s/?#\"')]+)\S{0,500}?(?=[.,;:!?\"')]{0,3}(?:\s|$))")
_LINE_MARK = re.compile(r"^[ \t]*(?:(?:#{1,6}|>+|[-*+•])[ \t]+)+", re.MULTILINE)
_RULE = re.compile(r"[-=_*~#]{3,}")
_FACE = re.compile(r"(?<!\S)(?:[:;=][-'^]?[()\[\]DPpOo3/\\|*]|[xX]D|<3|\^_*\^)(?=[\s.,!?]|$)")
_KEPT = frozenset("°+=±×÷%&@/§")  # symbols an engine has a word for
_UNREAD = frozenset("*#\\•[]{}|<>~^`")
_BEFORE_MARK = re.compile(r" +(?=[.,!?;:…])")


def spoken(text: str | Span) -> str:
    """What of the text is read aloud: words, numbers and the punctuation that shapes them; empty if there are none.

    Markdown, emoji, faces and drawn lines are not read; of a web address only the site is. Numbers and abbreviations
    are left for the engine, which knows the language.
    """
    words = text.text if isinstance(text, Span) else text
    words = _ADDRESS.sub(r"\1", _LINK.sub(r"\1", words))
    words = _FACE.sub(" ", _RULE.sub(" ", _LINE_MARK.sub("", words)))
    kept: list[str] = []
    for character in words:
        kept.append(_said(character, kept[-1] if kept else ""))
    sentence = _BEFORE_MARK.sub("", " ".join("".join(kept).split()))
    return sentence if any(map(str.isalnum, sentence)) else ""


def _said(character: str, before: str) -> str:
    """The character, a blank, or nothing."""
    if character in _KEPT or (character.isascii() and character.isalnum()):
        return character
    category = unicodedata.category(character)
    if character in "\u200c\u200d":  # they shape letters of Persian and Hindi; elsewhere they glue emoji
        return character if before.isalpha() or unicodedata.category(before or " ") in ("Mn", "Mc") else ""
    if category in ("Me", "Cf") or "\ufe00" <= character <= "\ufe0f":  # what only changes the look of its neighbour
        return ""
    if character in _UNREAD or category in ("So", "Sk", "Sm", "Pc", "Cc", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"):
        return " "
    return character
