"""Whether somebody speaks: WebRTC's detector, which comes with pocketsphinx and takes microseconds for a frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from dwnet.audio import Sound
from narrator_app.ear.contract import RATE
from narrator_app.ear.samples import amplitude

FRAME = 480  # samples: 30 ms
FRAME_SECONDS = FRAME / RATE
STRICT = 3  # of the detector's 0 to 3: the most certain that it is speech
NEAR = 8  # frames that are looked at together when speech begins
ENOUGH = 5  # of those with speech in them: it has begun; a cough is shorter
BEFORE = 10  # frames kept from before that, so that the first sound of a word is there
FLOOR = 60.0  # mean amplitude of 16 bits below which nobody speaks; -55 dB


class VoiceActivity:
    """Feed it frames in order; ``begun`` and ``quiet`` say how it stands."""

    def __init__(self) -> None:
        from pocketsphinx import Vad

        self._vad: Any = Vad(mode=STRICT, sample_rate=RATE, frame_length=FRAME_SECONDS)
        self._near: deque[bool] = deque(maxlen=NEAR)

    def speech(self, pcm: bytes) -> bool:
        """Whether one frame (960 bytes of s16le at 16 kHz) sounds like speech."""
        return amplitude(pcm) >= FLOOR and bool(self._vad.is_speech(pcm))


def frames_of(sound: Sound) -> Iterator[bytes]:
    """A sound at 16 kHz as whole frames; the last one is filled up with silence."""
    for at in range(0, len(sound.pcm), 2 * FRAME):
        yield sound.pcm[at : at + 2 * FRAME].ljust(2 * FRAME, b"\0")


def spoken_seconds(sound: Sound) -> float:
    """How much of a sound at 16 kHz is speech."""
    detector = VoiceActivity()
    return sum(map(detector.speech, frames_of(sound))) * FRAME_SECONDS


def breaths(sound: Sound, least: float, most: float) -> list[Sound]:
    """A long sound at 16 kHz cut where nobody speaks, into parts of ``least`` to ``most`` seconds; nothing is left out.

    Where somebody speaks without a pause for ``most`` seconds, it is cut all the same.
    """
    detector = VoiceActivity()
    parts, begin, quiet = [], 0, 0
    frames = list(frames_of(sound))
    for at, frame in enumerate(frames):
        quiet = 0 if detector.speech(frame) else quiet + 1
        length = (at + 1 - begin) * FRAME_SECONDS
        if (length >= least and quiet >= BEFORE) or length >= most:
            parts.append(Sound(b"".join(frames[begin : at + 1]), RATE))
            begin, quiet = at + 1, 0
    rest = b"".join(frames[begin:])
    return [*parts, *([Sound(rest, RATE)] if rest else [])]
