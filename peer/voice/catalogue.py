"""What voices there are on this machine, and how one of them sounds: behind ``dwnet voice``."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import trio

from dwnet.audio import Sound, concatenate, encode_ogg, silence
from dwnet.errors import NodeError
from dwnet.settings import Settings
from dwnet.text import clean
from dwnet.whole_file import write_whole
from peer.voice.bank import BANK
from peer.voice.clips import finished, pause_after
from peer.voice.contract import Speaker, SpeakerMissing, Voice, format_voice, parse_voice
from peer.voice.engines import SPEAKERS, open_speaker
from peer.voice.reference import read_reference
from peer.voice.spans import spoken
from peer.voice.splitter import split_sentences

TEXT = 20_000  # characters of one try; some twenty minutes


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


class NotCloned(NodeError):
    """The speaker {engine} can't take a voice from a recording.

    xtts can: dwnet voice say TEXT --voice xtts:NAME --sample FILE --out FILE
    """

    exit_code = 2


@dataclass(frozen=True)
class VoiceRow:
    """One voice: ``voice`` is how a card names it. ``picked``: easy to understand, and to tell from the others picked.
    ``missing`` says what has to be installed before its engine can speak; then the row stands for the whole engine.
    ``notice`` says where the engine's text goes, and what its licence asks.
    """

    voice: str
    engine: str
    name: str
    picked: bool = False
    missing: str = ""
    notice: str = ""


def voices(settings: Settings) -> Iterator[VoiceRow]:
    """Every voice of this machine, the picked ones first."""
    for text in BANK:
        voice = parse_voice(text)
        if open_speaker(voice.engine, settings).missing() is None:
            yield VoiceRow(text, voice.engine, voice.name, picked=True)
    for engine in SPEAKERS:
        speaker = open_speaker(engine, settings)
        missing = speaker.missing()
        if missing is not None:
            yield VoiceRow("", engine, "", missing=missing, notice=speaker.notice)
            continue
        for name in speaker.voices():
            yield VoiceRow(format_voice(Voice(engine, name)), engine, name, notice=speaker.notice)


def say(text: str, voice: str, out: Path, settings: Settings, sample: Path | None = None) -> float:
    """Write what a voice makes of a text to a .wav or .ogg file, whole or not at all. Returns its seconds. ``sample``
    is a recording that the voice is taken from.

    :raises NodeError: a voice or engine that is not there, nothing to say, a file that can't be written or read.
    """
    if out.suffix.lower() not in (".wav", ".ogg"):
        raise SoundFormUnknown(path=out)
    chosen = parse_voice(voice)
    speaker = open_speaker(chosen.engine, settings)
    if sample is not None:
        if chosen.engine != "xtts":
            raise NotCloned(engine=chosen.engine)
        read_reference(sample)  # what is wrong with it is told before a model is loaded
        chosen = replace(chosen, sample=sample)
    missing = speaker.missing()
    if missing is not None:
        raise SpeakerMissing(engine=chosen.engine, why=missing)
    said = trio.run(_say, speaker, clean(text)[:TEXT], chosen)
    with write_whole(out) as file:
        file.write(encode_ogg(said) if out.suffix.lower() == ".ogg" else _wav(said))
    return said.seconds


async def _say(speaker: Speaker, text: str, voice: Voice) -> Sound:
    """A whole text, sentence after sentence. Raises NothingToSay and what ``finished`` raises."""
    sentences = [words for sentence in split_sentences(text) if (words := spoken(sentence))]
    said: list[Sound] = []
    before = ""
    for sentence in sentences:
        sound = await finished(speaker, sentence, voice)
        if sound.pcm:
            said += [silence(pause_after(before)), sound] if said else [sound]
            before = sentence
    if not said:
        raise NothingToSay
    return concatenate(said)


def _wav(sound: Sound) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.pcm)
    return out.getvalue()
