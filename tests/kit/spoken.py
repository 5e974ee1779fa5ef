"""Speech to be heard: espeak-ng says it, and a little noise as every room has it."""

from __future__ import annotations

import numpy as np

from dwnet.audio import Sound, resample
from peer.voice.clips import whole
from peer.voice.contract import Voice
from peer.voice.espeak import Espeak

RATE = 16_000  # Hz; what ears take
VOICES = ("en-us", "en-us+f2", "en-us+klatt4")


async def spoken(text: str, voice: str = "en-us+klatt4", *, rate: int = 150, pause: float = 0.3) -> Sound:
    """A sentence at 16 kHz with a pause around it, and noise 35 dB below it."""
    said = await whole(Espeak(), text, Voice("espeak", voice, rate=rate))
    return roomy(resample(said, RATE), pause)


def roomy(sound: Sound, pause: float) -> Sound:
    """A sound at 16 kHz in a room: ``pause`` seconds before and after it, and noise 35 dB below it all the time."""
    samples = np.frombuffer(sound.pcm, "<i2").astype(float)
    quiet = np.zeros(round(pause * sound.rate))
    level = float(np.sqrt((samples**2).mean())) if len(samples) else 0.0
    samples = np.concatenate((quiet, samples, quiet))
    samples += np.random.default_rng(0).normal(size=len(samples)) * level * 10 ** (-35 / 20)
    return Sound(samples.clip(-32768, 32767).astype("<i2").tobytes(), sound.rate)


def accuracy(said: str, heard: str) -> float:
    """The share of words that were heard right: 1 less the word error rate; below 0 when more was heard than said."""
    reference, found = said.lower().split(), heard.lower().replace(".", "").split()
    row = list(range(len(found) + 1))
    for number, word in enumerate(reference, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(found, 1):
            before, row[at] = row[at], min(before + (word != other), row[at] + 1, row[at - 1] + 1)
    return 1 - row[-1] / len(reference)
