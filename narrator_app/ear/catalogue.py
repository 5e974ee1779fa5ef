"""Which ears and microphones there are on this machine, and what an ear hears in a file: behind ``dwnet ear``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from dwnet.audio import Sound, SoundUnreadable, read_sound, resample
from dwnet.doctor import EngineCheck, Finding
from dwnet.errors import NodeError
from dwnet.settings import Settings
from dwnet.whole_file import reading
from narrator_app.ear.contract import RATE, USUAL, Ear, Heard, parse_ear
from narrator_app.ear.engines import ENGINES, open_ear
from narrator_app.ear.microphone import NoMicrophone, open_microphone
from narrator_app.ear.microphone import microphones as microphones
from narrator_app.ear.scene_words import sentences_of
from narrator_app.ear.sphinx import MODELS, Sphinx
from narrator_app.ear.voice_activity import breaths, spoken_seconds
from narrator_app.ear.whisper import Whisper, offered

MOST = 30 * 60  # seconds of one file
BYTES = 512 * 1024 * 1024  # of one file; half an hour in stereo, uncompressed, has 330 MB
BREATH = (8.0, 25.0)  # seconds of one utterance of a long file; Whisper's window is 30
SPOKEN = 0.15  # seconds of speech below which nobody spoke; the shortest words take longer
WORDS = 1_000_000  # bytes of a file of words
AHEAD = 4  # pieces of sound that wait for an ear

Progress = Callable[[float, float], None]


class NothingToHear(NodeError):
    """{path} can't be heard: {why}.

    Name a sound file of at most half an hour: a .wav, .ogg, .flac or .mp3. Cut a longer one into parts.
    """

    exit_code = 2


class WordsUnreadable(NodeError):
    """The file of words {path} can't be used: {why}.

    Give a text file with the sentences that may be said, for example one that `dwnet story show` has printed.
    """

    exit_code = 2


@dataclass(frozen=True)
class EarRow:
    """One ear. ``missing`` says what has to be installed or fetched before it can hear; "" when it can."""

    ear: str
    engine: str
    name: str
    missing: str = ""


@dataclass(frozen=True)
class FileHeard:
    """What was said in a file of ``seconds``; ``ear`` heard it."""

    text: str
    confidence: float
    seconds: float
    ear: str


def ears(settings: Settings) -> Iterator[EarRow]:
    """Every ear that is known, those that work here first."""
    models = settings.whisper
    own = sorted(one.name for one in models.iterdir() if one.is_dir()) if models.is_dir() else []
    found: list[Ear] = [Sphinx(name, _unheard) for name in MODELS]
    found += [Whisper(name, models) for name in dict.fromkeys((*own, *offered()))]
    rows = [EarRow(one.spec, *parse_ear(one.spec, ENGINES), one.missing() or "") for one in found]
    yield from sorted(rows, key=lambda row: bool(row.missing))


def checks(settings: Settings, spec: str, microphone: str) -> list[tuple[str, EngineCheck]]:
    """What the doctor asks of the ear and the microphone that are chosen."""

    async def ear() -> Finding:
        async with open_ear(spec, settings.whisper, _unheard) as chosen:
            missing = await trio.to_thread.run_sync(chosen.missing)
        what = f"The ear is {spec}." if missing is None else f"The ear {spec} is not ready."
        return Finding("ear", missing is None, what, missing or "")

    async def device() -> Finding:
        """Who types needs none: its absence is no fault, unless one was chosen."""
        try:
            async with open_microphone(microphone):
                return Finding("microphone", True, "There is a microphone.")
        except NoMicrophone as error:
            return Finding("microphone", not microphone, error.what, error.hint if microphone else "")

    return [("ear", ear), ("microphone", device)]


def hear(
    settings: Settings, path: Path, spec: str, words: Path | None, told: Progress, tell: Callable[[NodeError], None]
) -> FileHeard:
    """What an ear hears in a sound file. ``words``: a text whose sentences may be said in it. ``told`` gets the seconds
    that are done, and all of them.

    :raises NodeError: no such ear, file or model; each says what to do.
    """
    parse_ear(spec or USUAL, ENGINES)
    hints = _sentences(words) if words is not None else []
    return trio.run(partial(_hear, settings, path, spec or USUAL, hints, told, tell))


async def _hear(
    settings: Settings, path: Path, spec: str, hints: list[str], told: Progress, tell: Callable[[NodeError], None]
) -> FileHeard:
    parts = await trio.to_thread.run_sync(_parts, path)
    whole = sum(one.seconds for one in parts)
    heard: list[Heard] = []
    done = 0.0
    async with open_ear(spec, settings.whisper, tell) as ear:
        if hints:
            await ear.hint(hints, _names(hints))
        for part in parts:
            told(done, whole)
            if await trio.to_thread.run_sync(spoken_seconds, part) >= SPOKEN:
                heard.append(await utterance(ear, part))
            done += part.seconds
    said = [one for one in heard if one.text]
    sure = sum(one.confidence for one in said) / len(said) if said else 0.0
    return FileHeard(" ".join(one.text for one in said), sure, whole, spec)


async def utterance(ear: Ear, sound: Sound) -> Heard:
    """What an ear makes of one sound."""
    last = Heard("", True)
    mic, ears_end = trio.open_memory_channel[Sound](AHEAD)
    words, out = trio.open_memory_channel[Heard](AHEAD)[::-1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.listen, ears_end, out)
        nursery.start_soon(_feed, sound, mic)
        async for one in words:
            last = one
    return last


async def _feed(sound: Sound, mic: trio.MemorySendChannel[Sound]) -> None:
    step = 2 * RATE // 5
    async with mic:
        for at in range(0, len(sound.pcm), step):
            try:
                await mic.send(Sound(sound.pcm[at : at + step], sound.rate))
            except trio.BrokenResourceError:
                return  # the ear has failed, and says so itself


def _parts(path: Path) -> list[Sound]:
    if not path.is_file():  # nor a pipe or a device, which may never end
        raise NothingToHear(path=path, why="there is no such file")
    if path.stat().st_size > BYTES:
        raise NothingToHear(path=path, why=f"it has more than {BYTES // 2**20} MiB")
    with reading(path):
        data = path.read_bytes()
    try:
        sound = read_sound(data, MOST + 1)
    except SoundUnreadable as error:
        raise NothingToHear(path=path, why=str(error.facts["why"])) from error
    if sound.seconds > MOST:
        raise NothingToHear(path=path, why=f"it is longer than {MOST // 60} minutes")
    sound = resample(sound, RATE)
    return [sound] if sound.seconds <= BREATH[1] else breaths(sound, *BREATH)


def _sentences(path: Path) -> list[str]:
    with reading(path):
        with path.open("rb") as file:
            raw = file.read(WORDS + 1)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WordsUnreadable(path=path, why="it is no text in UTF-8") from error
    if len(raw) > WORDS:
        raise WordsUnreadable(path=path, why=f"it is longer than {WORDS // 1000} kB")
    return sentences_of(text)


def _names(sentences: list[str]) -> list[str]:
    """Words that are spelt with a capital in the middle of a sentence."""
    words = (word.strip(".,;:!?…\"“”‘’'()") for one in sentences for word in one.split()[1:])
    return list(dict.fromkeys(word for word in words if word[:1].isupper() and word[1:].islower()))


def _unheard(_: NodeError) -> None:
    """An ear that is only asked whether it is there has nothing to tell."""
