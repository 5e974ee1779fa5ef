"""A voice as fields: engine, name, rate and pitch, and the one text that cards and commands name it by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from narrator_app.phrases import say
from protocol import limits

USUAL_RATE, USUAL_PITCH = 165, 50
RATES, PITCHES = (80, 450), (0, 100)
_VOICE = re.compile(r"([a-z][a-z0-9-]*):([^\s?&]+)(?:\?(.*))?")


@dataclass(frozen=True)
class VoiceForm:
    """The fields of a voice. No engine: the machine that plays the character chooses one. ``rate`` in words a minute,
    ``pitch`` 0 to 100. ``odd`` is a text that these fields cannot show; it stays until another voice is chosen.
    """

    engine: str = ""
    name: str = ""
    rate: int = USUAL_RATE
    pitch: int = USUAL_PITCH
    odd: str = ""

    @property
    def text(self) -> str:
        """As a card names it: ``espeak:en-us+f5?pitch=70``, "" for none."""
        if self.odd or not self.engine or not self.name.strip():
            return self.odd
        settings = [
            f"{key}={value}"
            for key, value, usual in (("pitch", self.pitch, USUAL_PITCH), ("rate", self.rate, USUAL_RATE))
            if value != usual
        ]
        return f"{self.engine}:{self.name.strip()}" + ("?" + "&".join(settings) if settings else "")

    @property
    def problem(self) -> str:
        """What is wrong with it, "" if nothing."""
        text = self.text
        if self.engine and not self.name.strip():
            return say("cast.no_voice_name")
        if text and not self.odd and not _VOICE.fullmatch(text):
            return say("cast.wrong_voice")
        return say("cast.long_voice", most=limits.VOICE) if len(text) > limits.VOICE else ""


def voice_of(text: str) -> VoiceForm:
    """The fields of a voice's text."""
    if not text:
        return VoiceForm()
    read = _VOICE.fullmatch(text)
    numbers: dict[str, int] = {}
    if read is not None:
        for setting in (read[3] or "").split("&") if read[3] else ():
            key, _, value = setting.partition("=")
            if key not in ("rate", "pitch") or not value.isdecimal():
                return VoiceForm(odd=text)
            numbers[key] = int(value)
    if read is None:
        return VoiceForm(odd=text)
    return VoiceForm(read[1], read[2], numbers.get("rate", USUAL_RATE), numbers.get("pitch", USUAL_PITCH))


def voice_words(voice: VoiceForm) -> str:
    """A voice as a short label: who speaks (espeak names a variant behind a plus), and whether higher or lower."""
    name = voice.name.partition("+")[2].capitalize() or voice.name
    if voice.pitch > USUAL_PITCH:
        return say("cast.voice_high", name=name)
    return say("cast.voice_low", name=name) if voice.pitch < USUAL_PITCH else name


def found(names: Sequence[str], wanted: str, most: int = 60) -> tuple[str, ...]:
    """Names that hold what was typed, those that begin with it first."""
    part = wanted.strip().casefold()
    hits = [one for one in names if part in one.casefold()]
    return tuple(sorted(hits, key=lambda one: not one.casefold().startswith(part))[:most])
