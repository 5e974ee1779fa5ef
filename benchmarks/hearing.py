"""How well the embedded ear understands three voices in a room with noise, and how soon after the last word it has all
of them, and the story has them.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import mean
from time import perf_counter

import pytest
import trio

from benchmarks.figure import Figure, p50
from dwnet.audio import Sound
from narrator_app.ear.contract import Heard
from narrator_app.ear.dictation import PAUSE
from narrator_app.ear.sphinx import Sphinx, open_sphinx
from narrator_app.ear.stenographer import Hands, Stenographer
from narrator_app.ear.voice_activity import FRAME_SECONDS, VoiceActivity, frames_of
from narrator_app.narrator import Happening
from narrator_app.preferences import Preferences
from tests.kit.company import Evening, open_desk
from tests.kit.spoken import RATE, VOICES, accuracy, spoken

SAID = (
    "the old wizard walks slowly into the dark forest", "you are standing in front of a small white house",
    "the captain orders the crew to raise the sails", "a dragon sleeps on a mountain of gold",
    "she opens the door and finds an empty room", "the king is angry with his youngest daughter",
    "rain falls on the roof of the tavern", "a stranger knocks three times at the gate",
    "the lamp goes out and everybody is silent", "they follow the river down to the sea",
)  # fmt: skip
# The same words in sentences that nobody says.
OTHERS = (
    "the old wizard opens the gate and is silent", "a young captain sleeps on the sails",
    "you follow the king into the forest", "the dragon is standing in the house",
    "his daughter walks slowly to the river", "a stranger finds gold in the mountain",
    "she is in front of a dark door", "they raise the lamp three times", "rain falls down to the sea",
    "everybody is angry with the crew", "the stranger orders the old king out", "a small empty room of white gold",
    "the youngest wizard knocks at the tavern", "the roof of the house falls", "he goes out and finds the lamp",
)  # fmt: skip
FRAME = 2 * RATE * 30 // 1000  # bytes of 30 ms


def measure() -> list[Figure]:
    """Word accuracy with and without hints, then the wait after the last word."""
    return trio.run(_measure)


async def _measure() -> list[Figure]:
    sounds = [(text, await spoken(text, voice)) for voice in VOICES for text in SAID]
    async with open_sphinx("en-us", print) as ear:
        general = await _accuracy(ear, sounds)
        await ear.hint(OTHERS, [])
        words = await _accuracy(ear, sounds)
        await ear.hint(SAID, [])
        sentences = await _accuracy(ear, sounds)
        own, after = [], []
        for _, sound in sounds[:10]:
            began = perf_counter()
            await _heard(ear, sound, 0.0)
            own.append(perf_counter() - began)
            after.append(await _heard_after(ear, sound))
    told = await _told_after([sound for _, sound in sounds[:10]])
    beside = f"The general model alone: {general:.2f}."
    against = "all words, three espeak voices, 35 dB noise"
    what = "words heard right,"
    return [
        Figure("words", f"{what} the scene's words known", against, words, 1.0, "", 0.8, at_most=False, beside=beside),
        Figure("sentences", f"{what} its sentences known", against, sentences, 1.0, "", 0.95, at_most=False),
        Figure("heard", "last word said to all words known", "the ear's own time", p50(after), p50(own), "s", 1.3),
        Figure(
            "told", "last word said to narration entry, less the silence that ends it", "the ear's own time",
            p50(told), p50(own), "s", 1.3,
        ),
    ]  # fmt: skip


async def _accuracy(ear: Sphinx, sounds: Sequence[tuple[str, Sound]]) -> float:
    return mean([accuracy(text, (await _heard(ear, sound, 0.0)).text) for text, sound in sounds])


async def _heard_after(ear: Sphinx, sound: Sound) -> float:
    """Seconds from the end of the sound, which comes as it is said, to its final words."""
    began = perf_counter()
    await _heard(ear, sound, 1.0)
    return perf_counter() - began - sound.seconds


async def _heard(ear: Sphinx, sound: Sound, speed: float) -> Heard:
    """``speed`` 1: as it is said; 0: all of it at once."""
    mic, end = trio.open_memory_channel[Sound](4_000)
    out, words = trio.open_memory_channel[Heard](16)
    last = Heard("", True)
    began = trio.current_time()

    async def say() -> None:
        async with mic:
            for at in range(0, len(sound.pcm), FRAME):
                await trio.sleep_until(began + speed * (at + FRAME) / 2 / RATE)
                await mic.send(Sound(sound.pcm[at : at + FRAME], RATE))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.listen, end, out)
        nursery.start_soon(say)
        async for one in words:
            last = one
    return last


class _Mouth:
    """A microphone that brings what is said, as it is said, and silence after it. ``spoken_at``: when the last frame
    with speech in it came, on perf_counter.
    """

    name, level = "of the bench", 0.5

    def __init__(self) -> None:
        self.spoken_at = 0.0
        self._says: list[tuple[bytes, bool]] = []

    def say(self, sound: Sound) -> None:
        detector = VoiceActivity()
        self._says = [(frame, detector.speech(frame)) for frame in frames_of(sound)]

    async def frames(self) -> AsyncIterator[bytes]:
        due = trio.current_time()
        while True:
            due += FRAME_SECONDS
            await trio.sleep_until(due)
            frame, speech = self._says.pop(0) if self._says else (bytes(FRAME), False)
            if speech:
                self.spoken_at = perf_counter()
            yield frame


async def _told_after(sounds: Sequence[Sound]) -> list[float]:
    """Hands-free and with no countdown: seconds from the last speech to the narration entry, less ``PAUSE``."""
    mouth, after = _Mouth(), []

    @asynccontextmanager
    async def microphone(*_: str) -> AsyncIterator[_Mouth]:
        yield mouth

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr("narrator_app.ear.stenographer.open_microphone", microphone)
        async with open_desk(Path(folder)) as evening:
            stenographer = await _stenographer(evening, Path(folder))
            await stenographer.begin(hands_free=True)
            for sound in sounds:
                told = trio.Event()
                at = [0.0]

                def happened(one: Happening, told: trio.Event = told, at: list[float] = at) -> None:
                    if one["event"] == "narrated":
                        at[0] = perf_counter()
                        told.set()

                evening.narrator.listen(happened)
                mouth.say(sound)
                await told.wait()
                after.append(at[0] - mouth.spoken_at - PAUSE)
    return after


async def _stenographer(evening: Evening, folder: Path) -> Stenographer:
    intents = evening.desk.intents
    hands = Hands(lambda text, _: intents.tell(text), lambda line: evening.type(line))
    habits = partial(Preferences, countdown=0.0)
    made = Stenographer(evening.narrator, hands, habits, folder, folder / "unheard", lambda: False)
    await evening.company.narrator.nursery.start(made.run)
    return made
