"""Sounds whose properties are known beforehand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dwnet.audio import CLIP_RATE, Sound


def tone(frequency: float, seconds: float, *, rate: int = CLIP_RATE, peak: float = 0.5) -> Sound:
    """A sine of ``frequency`` Hz; ``peak`` is a fraction of full scale."""
    time = np.arange(round(seconds * rate)) / rate
    return Sound(np.rint(32767 * peak * np.sin(2 * np.pi * frequency * time)).astype("<i2").tobytes(), rate)


def noise(seconds: float, *, rate: int = CLIP_RATE, peak: float = 0.5, seed: int = 1) -> Sound:
    """White noise, the same for the same seed."""
    samples = np.random.default_rng(seed).uniform(-peak, peak, round(seconds * rate))
    return Sound(np.rint(32767 * samples).astype("<i2").tobytes(), rate)


def samples_of(sound: Sound) -> NDArray[np.float64]:
    """Its samples as fractions of full scale."""
    samples: NDArray[np.float64] = np.frombuffer(sound.pcm, dtype="<i2") / 32768.0
    return samples


def pitch_of(sound: Sound) -> float:
    """Median pitch of a voice in Hz: the strongest echo between 2.5 and 16 ms, in the louder half of its frames."""
    size = sound.rate // 25
    frames = samples_of(sound)
    frames = frames[: len(frames) // size * size].reshape(-1, size)
    loud = frames[(frames**2).mean(axis=1) >= np.median((frames**2).mean(axis=1))]
    spectra = np.abs(np.fft.rfft(loud, 2 * size, axis=1)) ** 2
    echoes = np.fft.irfft(spectra, axis=1)[:, sound.rate // 400 : sound.rate // 62]
    return float(np.median(sound.rate / (echoes.argmax(axis=1) + sound.rate // 400)))
