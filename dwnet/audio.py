"""Sound as values: clips in and out of Ogg/Opus, and what is done to a sentence before it is sent.

Everything here is plain computation that takes milliseconds: call it in a worker thread when the sound is long.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dwnet.errors import NodeError
from protocol import limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

CLIP_RATE = 24_000  # Hz; Opus knows 8, 12, 16, 24 and 48 kHz, and speech has nothing above 12 kHz that is missed
RECORDING_SECONDS = 600  # of a file that somebody names; more is not read
CLIP_COMPRESSION = 0.9  # libsndfile's scale; about 33 kbit/s, the last step before speech recognisers notice
LOUDNESS = -19.0  # LUFS; what podcasts use for one channel
PEAK = 10 ** (-1.0 / 20)  # of full scale; 1 dB of room for what Opus adds
_RATES = (4_000, 192_000)  # Hz
_MOST_GAIN = 10 ** (30 / 20)  # a recording below -49 LUFS is noise, and noise is not to be raised to speech
_CROSSINGS = 24  # zero crossings of the sinc on each side
_KAISER = 8.6  # about 80 dB of stop band
_QUIET = 10 ** (-45 / 20)  # of the loudest 10 ms: below it is silence


class ClipUnreadable(NodeError):
    """A sound clip can't be played: {why}.

    The text of the line is complete; ask for another take to have it spoken again.
    """

    exit_code = 1


class ClipTooLong(NodeError):
    """A sound of {seconds:.0f} seconds is too long for one clip; {most} seconds are allowed.

    Split the text into sentences, or give the voice a higher rate.
    """


class SoundUnreadable(NodeError):
    """This can't be read as a sound file: {why}.

    WAV, FLAC, Ogg, MP3 and AIFF files are read; save it again as one of them.
    """

    exit_code = 1


@dataclass(frozen=True)
class Sound:
    """One channel of sound: ``pcm`` holds signed 16-bit little-endian samples, ``rate`` of them to the second (Hz)."""

    pcm: bytes
    rate: int

    def __post_init__(self) -> None:
        if len(self.pcm) % 2:
            raise ValueError("pcm: an odd number of bytes can't hold 16-bit samples")
        if not _RATES[0] <= self.rate <= _RATES[1]:
            raise ValueError(f"rate: {self.rate} Hz is not between {_RATES[0]} and {_RATES[1]}")

    @property
    def frames(self) -> int:
        return len(self.pcm) // 2

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


def silence(seconds: float, rate: int = CLIP_RATE) -> Sound:
    return Sound(bytes(2 * round(seconds * rate)), rate)


def concatenate(sounds: Sequence[Sound], rate: int = CLIP_RATE) -> Sound:
    """One sound after the other, all brought to ``rate`` (Hz)."""
    return Sound(b"".join(resample(sound, rate).pcm for sound in sounds), rate)


def encode_clip(sound: Sound) -> bytes:
    """The sound as a clip. Raises ClipTooLong for what no peer would accept."""
    if sound.seconds > limits.CLIP_SECONDS:
        raise ClipTooLong(seconds=sound.seconds, most=limits.CLIP_SECONDS)
    return encode_ogg(sound)


def encode_ogg(sound: Sound) -> bytes:
    """The sound as one Ogg/Opus file of 24 kHz, in mono, however long it is."""
    import soundfile

    resampled = resample(sound, CLIP_RATE)
    file = io.BytesIO()
    soundfile.write(
        file, _int16(resampled), CLIP_RATE, format="OGG", subtype="OPUS", compression_level=CLIP_COMPRESSION
    )
    return file.getvalue()


def written_flac(sound: Sound) -> bytes:
    """The sound as a FLAC file, sample by sample."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, _int16(sound), sound.rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def decode_clip(data: bytes) -> Sound:
    """The sound of an Ogg/Opus clip from anywhere. Raises ClipUnreadable for whatever ``encode_clip`` can't have made.

    Two bytes of Opus can stand for 120 ms, so the frames that come out are counted, whatever the file says of itself.
    """
    import soundfile

    if len(data) > limits.CLIP_BYTES:
        raise ClipUnreadable(why=f"it has {len(data)} bytes, more than {limits.CLIP_BYTES}")
    if data[:4] != b"OggS" or data[28:36] != b"OpusHead":  # keeps a stranger away from libsndfile's other 25 formats
        raise ClipUnreadable(why="it is not an Ogg/Opus file")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if (file.format, file.subtype, file.channels) != ("OGG", "OPUS", 1):
                raise ClipUnreadable(why="it is not one channel of Opus")
            most = limits.CLIP_SECONDS * file.samplerate
            pcm = file.read(most + 1, dtype="int16").astype("<i2").tobytes()
            rate = file.samplerate
    except (soundfile.SoundFileError, ValueError) as error:
        raise ClipUnreadable(why="it is damaged") from error
    if len(pcm) > 2 * most:
        raise ClipUnreadable(why=f"it is longer than {limits.CLIP_SECONDS} seconds")
    if not pcm:
        raise ClipUnreadable(why="there is no sound in it")
    return Sound(pcm, rate)


def read_sound(data: bytes, seconds: int = RECORDING_SECONDS) -> Sound:
    """The first ``seconds`` of any sound file that libsndfile reads, at its own rate; channels are mixed to one.

    :raises SoundUnreadable: for anything else, and for a file without sound.
    """
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            frames = min(file.frames, seconds * file.samplerate)
            blocks = file.blocks(65_536, frames=frames, dtype="float32", always_2d=True)  # int16 makes floats silent
            pcm = b"".join(_sound(np.nan_to_num(block.mean(axis=1)), file.samplerate).pcm for block in blocks)
            if not pcm:
                raise SoundUnreadable(why="there is no sound in it")
            return Sound(pcm, file.samplerate)
    except (soundfile.SoundFileError, ValueError, TypeError) as error:  # TypeError: a headerless file by its name
        raise SoundUnreadable(why="it is damaged, or no sound file at all") from error


def softened(pcm: bytes, loudness: float) -> bytes:
    """The same samples (s16le) at a loudness of 0 to 1."""
    import numpy as np

    if loudness >= 1:
        return pcm
    return (np.frombuffer(pcm, dtype="<i2") * max(0.0, loudness)).astype("<i2").tobytes()


def resample(sound: Sound, rate: int) -> Sound:
    """The same sound at another rate (Hz): polyphase filtering with a Kaiser-windowed sinc, 80 dB of stop band."""
    import numpy as np

    if rate == sound.rate or not sound.pcm:
        return Sound(sound.pcm, rate)
    ratio = Fraction(rate, sound.rate)
    up, down = ratio.numerator, ratio.denominator
    phases = _phases(up, down)
    taps = phases.shape[1]
    before = taps // 2 - 1
    frames = -(-sound.frames * up // down)
    padded = np.concatenate((np.zeros(before), _float(sound), np.zeros(taps + down)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps)
    out = np.empty(frames)
    for phase in range(min(up, frames)):
        start = phase * down
        count = len(out[phase::up])
        out[phase::up] = windows[start // up :: down][:count] @ phases[start % up]
    return _sound(out, rate)


def trim_silence(sound: Sound) -> Sound:
    """Without the silence around it, save 15 ms before and 40 ms after. Empty when there is nothing but silence."""
    import numpy as np

    margin_before, margin_after = sound.rate * 15 // 1000, sound.rate * 40 // 1000
    samples = _float(sound)
    size = max(sound.rate // 100, 1)
    blocks = _blocks(samples, size)
    loudness = np.sqrt(np.mean(blocks * blocks, axis=1)) if len(blocks) else np.zeros(0)
    loudest = loudness.max(initial=0.0)
    if loudest < 1e-4:  # three steps of 16 bits: nothing anyone hears
        return Sound(b"", sound.rate)
    loud = np.flatnonzero(loudness > loudest * _QUIET)
    start = max(int(loud[0]) * size - margin_before, 0)
    end = min((int(loud[-1]) + 1) * size + margin_after, sound.frames)
    return Sound(sound.pcm[2 * start : 2 * end], sound.rate)


def loudness(sound: Sound) -> float:
    """Gated loudness in LUFS after ITU-R BS.1770-4, for one channel; minus infinity for silence."""
    import numpy as np

    samples = _float(sound)
    if not len(samples):
        return -float("inf")
    room = len(samples) + sound.rate // 10  # for the filter's tail, so that nothing wraps round
    size = 1 << room.bit_length()
    weighted = np.fft.irfft(np.fft.rfft(samples, size) * _hearing(sound.rate, size), size)[: len(samples)]
    hop = sound.rate // 10
    tenths = len(weighted) // hop  # of a second; four make one gating block
    power = np.mean(weighted * weighted, keepdims=True)
    if tenths >= 4:
        tenth = np.mean((weighted[: tenths * hop] ** 2).reshape(tenths, hop), axis=1)
        power = np.convolve(tenth, np.full(4, 0.25), "valid")
    audible = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(audible):
        return -float("inf")
    gated = audible[audible > audible.mean() / 10]
    return float(-0.691 + 10 * np.log10(gated.mean()))


def level(sound: Sound, target: float = LOUDNESS) -> Sound:
    """The same sound at ``target`` LUFS. Peaks are held 1 dB below full scale by a limiter that looks ahead 4 ms.

    Nothing is raised by more than 30 dB, and silence stays silence.
    """
    import numpy as np

    measured = loudness(sound)
    if measured == -float("inf"):
        return sound
    samples = _float(sound) * min(10 ** ((target - measured) / 20), _MOST_GAIN)
    size = max(sound.rate // 1000, 1)
    peaks = np.abs(_blocks(samples, size)).max(axis=1)
    if peaks.max() <= PEAK:
        return _sound(samples, sound.rate)
    needed = np.minimum(1.0, PEAK / np.maximum(peaks, 1e-9))
    # Each block's gain is a mean of minima that all cover the block and its two neighbours, and gains between two
    # blocks are interpolated from theirs: so no sample is given more than it can bear.
    held = np.lib.stride_tricks.sliding_window_view(np.pad(needed, 4, constant_values=1.0), 9).min(axis=1)
    smooth = np.lib.stride_tricks.sliding_window_view(np.pad(held, 3, mode="edge"), 7).mean(axis=1)
    centres = np.arange(len(smooth)) * size + (size - 1) / 2
    return _sound(samples * np.interp(np.arange(len(samples)), centres, smooth), sound.rate)


def _int16(sound: Sound) -> Any:
    import numpy as np

    return np.frombuffer(sound.pcm, dtype="<i2")


def _float(sound: Sound) -> Samples:
    samples: Samples = _int16(sound) / 32768.0
    return samples


def _sound(samples: Samples, rate: int) -> Sound:
    import numpy as np

    return Sound(np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes(), rate)


def _blocks(samples: Samples, size: int) -> Samples:
    import numpy as np

    return np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)


@lru_cache(maxsize=4)
def _phases(up: int, down: int) -> Samples:
    """The low-pass filter for a change of rate by up/down: a row of taps for each of ``up`` places between samples."""
    import numpy as np

    cutoff = min(1.0, up / down) * 0.95  # of the lower rate's half; the rest is the filter's slope
    half = int(np.ceil(_CROSSINGS / cutoff))
    distance = np.arange(-half + 1, half + 1) - (np.arange(up) / up)[:, None]
    window = np.i0(_KAISER * np.sqrt(np.maximum(0.0, 1 - (distance / half) ** 2))) / np.i0(_KAISER)
    taps: Samples = cutoff * np.sinc(cutoff * distance) * window
    taps /= taps.sum(axis=1, keepdims=True)
    return taps


@lru_cache(maxsize=8)
def _hearing(rate: int, size: int) -> Samples:
    """|H| of BS.1770's K-weighting at the frequencies of ``rfft``: a shelf above 1.7 kHz, a high-pass at 38 Hz.

    The standard gives coefficients for 48 kHz only; these are its filters' analogue values, as libebur128 uses them.
    """
    import numpy as np

    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    k = np.tan(np.pi * 1681.974450955533 / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    shelf = (high + middle * k / q + k * k) + 2 * (k * k - high) * z + (high - middle * k / q + k * k) * z * z
    shelf /= (1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    first = 1 + k / q + k * k  # the standard divides its high-pass's denominator by this, and its numerator not
    high_pass = (1 - z) ** 2 / (1 + (2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z) / first)
    weighting: Samples = np.abs(shelf * high_pass)
    return weighting
