"""What every speaker promises, and how a voice is written down.

A voice is one text everywhere: in a card, on the wire, on the command line: ``espeak:en-us+f5?pitch=50&rate=165``.
A name's blanks may be written as underscores there, since a card's voice has none: ``xtts:Claribel_Dervla?lang=de``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trio

from dwnet.audio import Sound
from dwnet.errors import NodeError
from protocol import limits

RATE = range(80, 451)  # words a minute; what espeak-ng can do, other engines scale from 165
PITCH = range(101)  # 50 is the voice as it was made
USUAL_RATE, USUAL_PITCH = 165, 50
_ENGINE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_NUMBER = re.compile(r"[0-9]{1,4}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{2,4})?")


class VoiceUnreadable(NodeError):
    """The voice "{text}" can't be read: {why}.

    Write it as engine:name, for example espeak:en-us+f5, and if you like ?pitch=50&rate=165 behind it.
    """

    exit_code = 2


class VoiceUnknown(NodeError):
    """The speaker {engine} has no voice "{name}".

    {closest}`dwnet voice list` shows all of them.
    """


class LanguageUnknown(NodeError):
    """The speaker {engine} does not speak the language "{language}".

    It speaks {known}. Write one of them behind the voice, for example {engine}:NAME?lang={example}.
    """


class SpeakerMissing(NodeError):
    """The speaker {engine} can't be used here: {why}.

    Give the character an espeak voice, which is always there; `dwnet doctor` shows what works on this machine.
    """


class SpeechFailed(NodeError):
    """The speaker {engine} could not say a sentence: {why}.

    The text of the line is complete. If it happens again, give the character another voice.
    """


@dataclass(frozen=True)
class Voice:
    """Which engine speaks, by which of its voices, at ``rate`` words a minute and ``pitch`` (0 to 100).

    Only espeak-ng can change a voice's pitch. ``language`` is for engines whose voices speak several; "" is English.
    ``sample``, a recording to take the voice from in place of the name's, belongs to one machine and is not written
    down. Raises VoiceUnreadable when a part is out of bounds.
    """

    engine: str
    name: str
    rate: int = USUAL_RATE
    pitch: int = USUAL_PITCH
    language: str = ""
    sample: Path | None = None

    def __post_init__(self) -> None:
        why = ""
        if not _ENGINE.fullmatch(self.engine):
            why = "the engine before the colon must be lower-case letters and digits"
        elif not self.name or not self.name.isprintable() or "?" in self.name or self.name != self.name.strip():
            why = "the name behind the colon is missing or holds characters that names don't have"
        elif self.rate not in RATE:
            why = f"rate must be {RATE[0]} to {RATE[-1]} words a minute"
        elif self.pitch not in PITCH:
            why = f"pitch must be {PITCH[0]} to {PITCH[-1]}"
        elif self.language and not _LANGUAGE.fullmatch(self.language):
            why = "lang must be a language's code such as en, de or zh-cn"
        elif len(format_voice(self)) > limits.VOICE:
            why = f"it is longer than {limits.VOICE} characters"
        if why:
            raise VoiceUnreadable(text=format_voice(self)[: limits.VOICE], why=why)


class Speaker(Protocol):
    """An engine that turns sentences into sound.

    A speaker may be shared by characters: calls wait for each other where the engine can do one thing at a time.
    """

    @property
    def engine(self) -> str:
        """The word before the colon of a voice text."""

    @property
    def notice(self) -> str:
        """What its user should know: where the text goes, which licence its voices have. "" when there is nothing."""

    def missing(self) -> str | None:
        """None when it can speak on this machine; else what has to be installed or fetched, in one line."""

    def voices(self) -> Sequence[str]:
        """Names that can stand behind the colon; an engine that can't know all of them names some. Raises
        SpeakerMissing.
        """

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        """Send the sentence as the engine says it, in pieces as they are made: neither trimmed nor levelled, no piece
        when there is nothing to say. ``out`` stays open.

        Never blocks the trio thread. When cancelled it returns within a fraction of a second, and speaks the next
        sentence as if nothing had been. Raises SpeakerMissing, VoiceUnknown, LanguageUnknown or SpeechFailed.
        """


def parse_voice(text: str) -> Voice:
    """The voice a text means. Raises VoiceUnreadable, which names the part at fault."""
    address, _, settings = text.partition("?")
    engine, colon, name = address.partition(":")
    if not colon:
        raise VoiceUnreadable(text=text[: limits.VOICE], why="the colon between engine and name is missing")
    numbers: dict[str, int] = {}
    language = ""
    for setting in settings.split("&") if settings else []:
        key, _, value = setting.partition("=")
        if key == "lang" and not language and _LANGUAGE.fullmatch(value):
            language = value
        elif key in ("rate", "pitch") and key not in numbers and _NUMBER.fullmatch(value):
            numbers[key] = int(value)
        else:
            why = f'"{setting}" is none of rate=NUMBER, pitch=NUMBER and lang=CODE, each at most once'
            raise VoiceUnreadable(text=text[: limits.VOICE], why=why[: limits.VOICE])
    return Voice(engine, name, numbers.get("rate", USUAL_RATE), numbers.get("pitch", USUAL_PITCH), language)


def format_voice(voice: Voice) -> str:
    """The text that ``parse_voice`` reads; what is as usual is left out."""
    settings = [
        f"{key}={value}"
        for key, value, usual in (
            ("lang", voice.language, ""),
            ("pitch", voice.pitch, USUAL_PITCH),
            ("rate", voice.rate, USUAL_RATE),
        )
        if value != usual
    ]
    return f"{voice.engine}:{voice.name}" + ("?" + "&".join(settings) if settings else "")


def closest(name: str, known: Sequence[str]) -> str:
    """A sentence with the names that ``name`` may have meant, or ""."""
    near = difflib.get_close_matches(name, known, 3, 0.5)
    return f"The closest are {', '.join(near)}. " if near else ""
