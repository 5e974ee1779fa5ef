"""A writer that says what it was told to say: the same words at every run, without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import trio

from peer.writer.contract import NARRATOR, Manner, Scene, Written
from peer.writer.errors import AdapterWrong, WriterError
from peer.writer.guard import Guard, fault

USUAL = ("Aye, I see it. I saw it before you did.", "Then let us go, while there is light.", "Not without my lantern.")


class ScriptedWriter:
    """Says ``lines`` in turn, over and over, word by word. ``seconds`` is the time between two words.

    ``broken`` is raised instead by everything that would need a model, until it is set to None again.
    """

    def __init__(self, lines: Sequence[str] = USUAL, *, seconds: float = 0, broken: WriterError | None = None) -> None:
        self.broken = broken
        self.model: Path | None = None
        self.preread_scenes: list[Scene] = []
        self.written_scenes: list[Scene] = []
        self.worn: list[Path | None] = []  # the adapters it was told to speak with, in turn
        self.unfit = ""  # why no adapter fits; "" while each does
        self._lines = tuple(lines)
        self._seconds = seconds

    @property
    def name(self) -> str:
        """Always the same."""
        return "scripted"

    @property
    def base(self) -> Path | None:
        """What ``model`` says."""
        return self.model

    @property
    def manner(self) -> Manner:
        """As a small model."""
        return "script"

    def missing(self) -> str | None:
        """What ``broken`` says."""
        return f"{self.broken.what} {self.broken.hint}" if self.broken else None

    async def load(self) -> None:
        """Nothing to load."""
        await self._ready()

    async def preread(self, scene: Scene) -> None:
        """Remembers the scene."""
        await self._ready()
        self.preread_scenes.append(scene)

    async def write(self, scene: Scene, out: trio.MemorySendChannel[str]) -> Written:
        """The next line, as every writer gives it: guarded, and within the cap."""
        await self._ready()
        started = trio.current_time()
        first = 0.0
        text = self._lines[len(self.written_scenes) % len(self._lines)]
        self.written_scenes.append(scene)
        guard = Guard(scene.card.name, (NARRATOR, *scene.cast), quoted=False, cap=scene.reply_tokens)
        for word in re.findall(r"\s*\S+", text):
            await trio.sleep(self._seconds)
            if safe := guard.push(word):
                first = first or trio.current_time() - started
                await out.send(safe)
            if guard.over:
                break
        if late := guard.finish(ended=not guard.over):
            await out.send(late)
        said = tuple(turn.text for turn in scene.turns)
        seconds = trio.current_time() - started
        return Written(guard.text, guard.stopped or "end", guard.pieces, 0, first, seconds, fault(guard.text, said))

    async def wear(self, adapter: Path | None) -> None:
        """Remembers the adapter."""
        await self._ready()
        if adapter is not None and self.unfit:
            raise AdapterWrong(path=adapter.name, why=self.unfit)
        self.worn.append(adapter)

    async def probe(self) -> None:
        """Nothing to try."""
        await self._ready()

    async def aclose(self) -> None:
        """Nothing to close."""
        await trio.lowlevel.checkpoint()

    async def _ready(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.broken is not None:
            raise self.broken
