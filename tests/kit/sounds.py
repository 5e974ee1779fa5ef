"""Sounds whose properties are known beforehand."""

from __future__ import annotations

import numpy as np

from dwnet.audio import CLIP_RATE, Sound


def tone(frequency: float, seconds: float, *, rate: int = CLIP_RATE, peak: float = 0.5) -> Sound:
    """A sine of ``frequency`` Hz; ``peak`` is a fraction of full scale."""
    time = np.arange(round(seconds * rate)) / rate
    return Sound(np.rint(32767 * peak * np.sin(2 * np.pi * frequency * time)).astype("<i2").tobytes(), rate)


def noise(seconds: float, *, rate: int = CLIP_RATE, peak: float = 0.5, seed: int = 1) -> Sound:
    """White noise, the same for the same seed."""
    samples = np.random.default_rng(seed).uniform(-peak, peak, round(seconds * rate))
    return Sound(np.rint(32767 * samples).astype("<i2").tobytes(), rate)


def samples_of(sound: Sound) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Its samples as fractions of full scale."""
    return np.frombuffer(sound.pcm, dtype="<i2") / 32768.0
