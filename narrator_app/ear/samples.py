"""Samples as numbers: what ears and detectors do with sound besides hearing it. Sound is s16le at 16 kHz."""

from __future__ import annotations

from typing import Any

BLOCK = 160  # samples: 10 ms
DITHER = 10 ** (-35 / 20)  # of the speech's level; digital silence confuses a recogniser badly
_FORGETS = 0.98  # of the level, from one piece to the next


def fractions(pcm: bytes) -> Any:
    """The samples as an array of float32, fractions of full scale."""
    import numpy as np

    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768


def amplitude(pcm: bytes) -> float:
    """The mean of the samples without their signs, 0 to 32768; 0 where there are none."""
    import numpy as np

    return float(np.abs(np.frombuffer(pcm, dtype="<i2").astype(np.int32)).mean()) if pcm else 0.0


class Dither:
    """A little noise under one utterance, always the same for the same sound."""

    def __init__(self) -> None:
        import numpy as np

        self._random = np.random.default_rng(0)
        self._level = 0.0

    def under(self, pcm: bytes) -> bytes:
        """The next piece of the utterance, with noise 35 dB below the speech so far."""
        import numpy as np

        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
        blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
        loudest = float(np.sqrt((blocks * blocks).mean(axis=1)).max(initial=0.0))
        self._level = max(loudest, self._level * _FORGETS)
        samples += self._random.normal(size=len(samples)) * max(1.0, self._level * DITHER)
        return bytes(np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes())
