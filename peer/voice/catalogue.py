"""What voices there are on this machine, and how one of them sounds: behind ``dwnet voice``."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trio

from dwnet.audio import Sound, encode_clip, level, trim_silence
from dwnet.errors import NodeError
from dwnet.text import clean
from dwnet.whole_file import write_whole
from peer.voice.bank import BANK
from peer.voice.contract import Voice, format_voice, parse_voice
from peer.voice.engines import SPEAKERS, open_speaker

TEXT = 2_000  # characters of one try; some two minutes


class NothingToSay(NodeError):
    """There is nothing in this text that could be said aloud.

    Give a sentence, for example: dwnet voice say "Good evening." --voice espeak:en-us+f5 --out hello.wav
    """

    exit_code = 2


class SoundFormUnknown(NodeError):
    """A voice cannot be written to {path}.

    Name a file that ends in .wav or .ogg.
    """

    exit_code = 2


@dataclass(frozen=True)
class VoiceRow:
    """One voice: ``voice`` is how a card names it. ``picked``: easy to understand, and to tell from the others picked.
    ``missing`` says what has to be installed before its engine can speak; then the row stands for the whole engine.
    """

    voice: str
    engine: str
    name: str
    picked: bool = False
    missing: str = ""


def voices() -> Iterator[VoiceRow]:
    """Every voice of this machine, the picked ones first."""
    for text in BANK:
        voice = parse_voice(text)
        if open_speaker(voice.engine).missing() is None:
            yield VoiceRow(text, voice.engine, voice.name, picked=True)
    for engine in SPEAKERS:
        speaker = open_speaker(engine)
        missing = speaker.missing()
        if missing is not None:
            yield VoiceRow("", engine, "", missing=missing)
            continue
        for name in speaker.voices():
            yield VoiceRow(format_voice(Voice(engine, name)), engine, name)


def say(text: str, voice: str, out: Path) -> float:
    """Write what a voice makes of a text to a .wav or .ogg file, whole or not at all. Returns its seconds.

    :raises NodeError: a voice or engine that is not there, nothing to say, a file that can't be written.
    """
    if out.suffix.lower() not in (".wav", ".ogg"):
        raise SoundFormUnknown(path=out)
    chosen = parse_voice(voice)
    sound = trio.run(open_speaker(chosen.engine).speak, clean(text)[:TEXT], chosen)
    finished = level(trim_silence(sound))
    if not finished.pcm:
        raise NothingToSay
    with write_whole(out) as file:
        file.write(encode_clip(finished) if out.suffix.lower() == ".ogg" else _wav(finished))
    return finished.seconds


def _wav(sound: Sound) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.pcm)
    return out.getvalue()
