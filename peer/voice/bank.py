"""Voices for characters that bring none: sixteen that are easy to tell apart, and easy to understand.

They were chosen by distance in pitch and spectrum, among espeak's voices of which a speech recogniser, told the
vocabulary, understood at least 92 % of the words. The plainest come first, whispers and robots last.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace

from peer.voice.contract import Voice, parse_voice

BANK = (
    "espeak:en-us",
    "espeak:en-us+f5",
    "espeak:en+john?pitch=80",
    "espeak:en+linda?pitch=20",
    "espeak:en+m1?pitch=20",
    "espeak:en-us+steph2?pitch=80",
    "espeak:en-us+Nguyen",
    "espeak:en+f5?pitch=80",
    "espeak:en-us+m7?pitch=20",
    "espeak:en-us+steph2",
    "espeak:en+linda",
    "espeak:en+klatt2?pitch=20",
    "espeak:en-us+steph2?pitch=20",
    "espeak:en-us+klatt2?pitch=80",
    "espeak:en-us+whisper?pitch=20",
    "espeak:en-us+robosoft5?pitch=20",
)
_ROUNDS = (0, 30, -30)  # words a minute more or less, once all voices are taken


def voice_for(seat: int) -> Voice:
    """The voice of a character that was given none. The same seat always has the same one.

    Sixteen seats sound different; the next thirty-two speak faster or slower; after that voices return.
    """
    voice = parse_voice(BANK[seat % len(BANK)])
    return replace(voice, rate=voice.rate + _ROUNDS[seat // len(BANK) % len(_ROUNDS)])


def spare_for(seat: int, voice: Voice, languages: Container[str]) -> Voice:
    """The embedded voice that stands in for another engine's, in its language where that is one of ``languages``."""
    spare = voice_for(seat)
    told = re.match(r"[a-z]{2}(?![a-z])", voice.language or (voice.name if voice.engine in ("piper", "gtts") else ""))
    if told is None or told[0] == "en" or told[0] not in languages:
        return spare
    return replace(spare, name=told[0] + "".join(spare.name.partition("+")[1:]))
