"""A microphone that a test speaks into, and an ear that understands what it is told to: for the desk's screens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio

from dwnet.audio import Sound
from narrator_app.ear.contract import Heard
from narrator_app.ear.microphone import MicrophoneGone
from narrator_app.ear.voice_activity import frames_of
from tests.kit.spoken import spoken

SPOKEN = "the lamp goes out"


class Room:
    """``words`` is what the ear understands, ``trouble`` what opening the microphone ends with; ``is_open``: somebody
    listens.
    """

    spec = "sphinx:en-us"

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.words = "The lamp goes out."
        self.sure = 0.9
        self.trouble: Exception | None = None
        self.level = 0.5
        self.name = "of this room"
        self.is_open = False
        self.goes_away = False  # when all that is said was heard
        self.failure: Exception | None = None  # what the ear ends with, at the first sound
        self._frames, self._taken = trio.open_memory_channel[bytes](10_000)
        patch.setattr("narrator_app.ear.stenographer.open_microphone", self._microphone)
        patch.setattr("narrator_app.ear.voice_recording.open_microphone", self._microphone)
        patch.setattr("narrator_app.ear.stenographer.open_ear", self._ear)

    async def speak(self, pause: float = 0.0) -> None:
        """Say a sentence, and be silent for so many seconds; the ear understands ``words``."""
        await self.sound(await spoken(SPOKEN, pause=0.0))
        for _ in range(round(pause / 0.03)):
            await self._frames.send(bytes(960))

    async def sound(self, sound: Sound) -> None:
        """Let this be heard."""
        for frame in frames_of(sound):
            self._frames.send_nowait(frame)

    @property
    def is_silent(self) -> bool:
        """Whether all that was said was heard."""
        return not self._taken.statistics().current_buffer_used

    @asynccontextmanager
    async def _microphone(self, name: str, backend: str, rate: int = 0) -> AsyncIterator[Room]:
        if self.trouble is not None:
            raise self.trouble
        self.is_open = True
        try:
            yield self
        finally:
            self.is_open = False

    @asynccontextmanager
    async def _ear(self, spec: str, *rest: object) -> AsyncIterator[Room]:
        yield self

    async def frames(self) -> AsyncIterator[bytes]:
        """As a microphone brings them."""
        async for frame in self._taken.clone():
            yield frame
            if self.goes_away and self.is_silent:
                raise MicrophoneGone(name=self.name)

    def missing(self) -> None:
        """Nothing is."""

    async def hint(self, sentences: Sequence[str], names: Sequence[str]) -> None:
        """It understands what it is told to."""

    async def listen(self, mic: trio.MemoryReceiveChannel[Sound], out: trio.MemorySendChannel[Heard]) -> None:
        """As an ear does."""
        async with mic, out:
            words, told = self.words, False
            async for _ in mic:
                if self.failure is not None:
                    raise self.failure
                if not told:
                    told = True
                    await out.send(Heard(words.split()[0]))
            await out.send(Heard(words, True, self.sure))
