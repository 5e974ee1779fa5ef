from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dwnet.audio import (
    CLIP_RATE,
    ClipTooLong,
    ClipUnreadable,
    Sound,
    SoundUnreadable,
    concatenate,
    decode_clip,
    encode_clip,
    encode_ogg,
    level,
    loudness,
    read_sound,
    resample,
    silence,
    trim_silence,
)
from protocol import limits
from tests.kit.sounds import noise, samples_of, tone

CLIP = encode_clip(tone(440, 0.5))


def frequency_of(sound: Sound) -> float:
    """The loudest frequency in Hz."""
    samples = samples_of(sound)
    return float(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * sound.rate / len(samples))


# --- clips -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_sound_of_any_rate_becomes_a_clip_of_the_same_length_and_pitch(rate: int) -> None:
    decoded = decode_clip(encode_clip(tone(440, 2, rate=rate)))
    assert decoded.rate == CLIP_RATE
    assert decoded.seconds == pytest.approx(2, abs=0.001)
    assert frequency_of(decoded) == pytest.approx(440, abs=2)


def test_a_clip_is_ogg_opus_and_a_tenth_of_the_samples() -> None:
    sound = noise(5)
    clip = encode_clip(sound)
    assert clip[:4] == b"OggS" and clip[28:36] == b"OpusHead"
    assert len(clip) * 10 < len(sound.pcm)


def test_a_sound_no_peer_would_accept_is_not_made() -> None:
    with pytest.raises(ClipTooLong, match=str(limits.CLIP_SECONDS)):
        encode_clip(silence(limits.CLIP_SECONDS + 1))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not an Ogg/Opus"),
        (b"RIFF" + CLIP[4:], "not an Ogg/Opus"),
        (CLIP[:28] + b"\x01vorbis" + CLIP[35:], "not an Ogg/Opus"),
        (CLIP[:40], "damaged"),
        (CLIP + bytes(limits.CLIP_BYTES), "bytes, more than"),
        (encode_clip(silence(0)), "damaged"),
    ],
    ids=["empty", "another format", "vorbis", "cut short", "too large", "no frames"],
)
def test_what_is_no_clip_is_refused_with_its_reason(data: bytes, why: str) -> None:
    with pytest.raises(ClipUnreadable, match=why):
        decode_clip(data)


def test_two_channels_are_refused() -> None:
    with pytest.raises(ClipUnreadable, match="one channel"):
        decode_clip(_pages_signed(CLIP[:37] + b"\x02" + CLIP[38:]))


def test_a_small_file_that_stands_for_hours_is_refused() -> None:
    head, tags = _pages(CLIP)[:2]
    bomb = bytearray(head + tags)
    for number in range(2, 400):  # each packet: two bytes, 48 frames of 2.5 ms
        position = struct.pack("<q", (number - 1) * 255 * 5760)
        bomb += b"OggS\0\0" + position + head[14:18] + struct.pack("<II", number, 0) + b"\xff" + b"\2" * 255
        bomb += bytes([3 << 3 | 3, 2]) * 255
    assert len(bomb) < limits.CLIP_BYTES
    with pytest.raises(ClipUnreadable, match="longer than"):
        decode_clip(_pages_signed(bytes(bomb)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(CLIP) - 1), st.integers(0, 255)), min_size=1, max_size=20), st.booleans())
def test_a_damaged_clip_is_a_sound_or_a_refusal_and_nothing_else(damage: list[tuple[int, int]], sign: bool) -> None:
    data = bytearray(CLIP)
    for place, value in damage:
        data[place] = value
    try:
        sound = decode_clip(_pages_signed(bytes(data)) if sign else bytes(data))
    except ClipUnreadable:
        return
    assert 0 < sound.seconds <= limits.CLIP_SECONDS


# --- rate --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "to"), [(22_050, 24_000), (24_000, 16_000), (44_100, 24_000), (8_000, 24_000)])
def test_resampling_keeps_a_tone_exact_to_80_decibels(rate: int, to: int) -> None:
    samples = samples_of(resample(tone(1_000, 1, rate=rate), to))
    wanted = samples_of(tone(1_000, 1, rate=to))
    assert len(samples) == len(wanted)
    middle = slice(to // 10, -to // 10)
    error = np.sqrt(np.mean((samples[middle] - wanted[middle]) ** 2))
    assert error < 1e-4 * np.sqrt(np.mean(wanted**2))


def test_what_the_lower_rate_cannot_hold_is_removed_not_folded_back() -> None:
    kept = samples_of(resample(tone(10_000, 1), 16_000))[1_600:-1_600]
    assert np.abs(kept).max() < 1e-3


@given(st.integers(1, 500), st.sampled_from([4_000, 8_000, 16_000, 22_050, 24_000, 48_000]), st.integers(4_000, 50_000))
@settings(max_examples=60, deadline=None)
def test_resampling_keeps_the_duration(frames: int, rate: int, to: int) -> None:
    sound = Sound(bytes(2 * frames), rate)
    assert resample(sound, to).seconds == pytest.approx(sound.seconds, abs=1 / to)


# --- loudness ----------------------------------------------------------------------------------------------------


def test_loudness_is_what_the_standard_says_of_its_own_tone() -> None:
    assert loudness(tone(997, 5, rate=48_000, peak=1.0)) == pytest.approx(-3.01, abs=0.02)
    assert loudness(tone(997, 5, rate=48_000, peak=0.1)) == pytest.approx(-23.01, abs=0.02)


def test_pauses_do_not_lower_loudness() -> None:
    speech = noise(1)
    paused = concatenate([speech, silence(3), speech, silence(3)])
    assert loudness(paused) == pytest.approx(loudness(speech), abs=1)


@pytest.mark.parametrize("peak", [0.01, 0.1, 0.9])
def test_levelled_sounds_are_equally_loud(peak: float) -> None:
    assert loudness(level(noise(2, peak=peak))) == pytest.approx(-19, abs=0.1)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 1), st.floats(0.001, 0.2), st.floats(-40, 0))
def test_nothing_clips_however_loud_it_is_wanted(click: float, seconds: float, target: float) -> None:
    sound = concatenate([noise(0.3, peak=0.02), tone(700, seconds, peak=click), noise(0.3, peak=0.02)])
    assert np.abs(samples_of(level(sound, target))).max() <= 10 ** (-1 / 20) + 1e-4


@pytest.mark.parametrize("sound", [silence(0), silence(1), Sound(b"\1\0", 24_000)], ids=["none", "silence", "sample"])
def test_levelling_and_trimming_bear_the_empty_and_the_silent(sound: Sound) -> None:
    assert level(sound).frames == sound.frames
    assert trim_silence(sound).frames == 0


def test_trimming_keeps_the_sound_and_little_else() -> None:
    trimmed = trim_silence(concatenate([silence(1), tone(440, 1), silence(0.5), tone(440, 1), silence(2)]))
    assert trimmed.seconds == pytest.approx(2.5, abs=0.08)


def test_a_sound_of_half_a_sample_or_no_rate_cannot_be() -> None:
    with pytest.raises(ValueError, match="pcm"):
        Sound(b"\0", 24_000)
    with pytest.raises(ValueError, match="rate"):
        Sound(b"", 0)


# --- Ogg pages, as RFC 3533 lays them out ------------------------------------------------------------------------


def _pages(data: bytes) -> list[bytes]:
    pages = []
    while data[:4] == b"OggS" and len(data) > 26:
        end = 27 + data[26] + sum(data[27 : 27 + data[26]])
        pages.append(data[:end])
        data = data[end:]
    return pages


def _pages_signed(data: bytes) -> bytes:
    """The same bytes with every page's checksum right, so that damage gets past it."""
    out = b""
    for page in _pages(data):
        bare = page[:22] + bytes(4) + page[26:]
        checksum = 0
        for byte in bare:
            checksum ^= byte << 24
            for _ in range(8):
                checksum = checksum << 1 ^ (0x104C11DB7 if checksum & 0x80000000 else 0)
        out += bare[:22] + struct.pack("<I", checksum) + bare[26:]
    return out + data[len(out) :]


# --- files of anybody's ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "subtype"), [("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)]
)
def test_any_sound_file_is_read_as_one_channel(form: str, subtype: str | None) -> None:
    both = np.stack([samples_of(tone(300, 2, rate=16_000)), np.zeros(32_000)], axis=1)
    file = io.BytesIO()
    soundfile.write(file, both, 16_000, format=form, subtype=subtype)
    sound = read_sound(file.getvalue())
    assert sound.rate == 16_000 and sound.seconds == pytest.approx(2, abs=0.15)
    assert np.abs(samples_of(sound)).max() == pytest.approx(0.25, abs=0.03)
    assert read_sound(file.getvalue(), seconds=1).seconds == 1


@pytest.mark.parametrize("data", [b"", b"RIFF", b"MZ" * 500, encode_ogg(tone(300, 0.5))[:60]])
def test_what_is_no_sound_file_is_refused(data: bytes) -> None:
    with pytest.raises(SoundUnreadable):
        read_sound(data)
