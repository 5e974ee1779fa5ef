"""The embedded ear: pocketsphinx in a child process, which may be slow or die without harm to anybody.

Its rules:
- The sound of an utterance is kept until its words are there, so that a new child can hear it again.
- Whoever cancels an utterance leaves the child in the middle of it: that child is ended, the next one starts when it
  is wanted.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

import trio

from dwnet.audio import Sound, concatenate, resample
from dwnet.errors import NodeError, find
from narrator_app.ear.contract import RATE, EarFailed, EarMissing, EarRestarted, Heard
from narrator_app.ear.scene_words import scene_words, spelt

MODELS = ("en-us",)  # what the package brings along
HEADER = struct.Struct("<cI")  # as the child reads it
PIECE = 2 * RATE // 5  # bytes of sound in one message: a fifth of a second
STARTING = 60.0  # seconds until a child must be ready; it takes half of one on a quiet machine
SILENT = 120.0  # seconds without a word from the child, after the utterance has ended, until it counts as stuck
CRASHES = 2  # of one utterance
_COMMAND = (sys.executable, "-m", "narrator_app.ear.sphinx_child")


class _ChildGone(Exception):
    """The child ended, or sticks."""


class Sphinx:
    """An ear (see contract.Ear) for American English. Make one with ``open_sphinx``.

    ``tell`` is told what went wrong and was mended. ``child`` is the running process, for whoever looks after them.
    """

    def __init__(self, name: str, tell: Callable[[NodeError], None]) -> None:
        self.spec = f"sphinx:{name}"
        self.child: trio.Process | None = None
        self._name = name
        self._tell = tell
        self._turn = trio.Lock()
        self._lines = b""
        self._hint = json.dumps({"lines": [], "vocabulary": []}).encode()
        self._names: tuple[str, ...] = ()
        self._hinted = True  # whether the running child knows the last hint

    def missing(self) -> str | None:
        if self._name not in MODELS:
            return f"pocketsphinx comes with {', '.join(MODELS)} alone"
        return None if find_spec("pocketsphinx") else "the package pocketsphinx is missing; install it with pip"

    async def hint(self, sentences: Sequence[str], names: Sequence[str]) -> None:
        self._check()
        scene = await trio.to_thread.run_sync(scene_words, sentences, names)
        async with self._turn:
            self._names = tuple(names)
            self._hint = json.dumps({"lines": scene.lines, "vocabulary": scene.vocabulary}).encode()
            self._hinted = False
            await self._again(self._ready, lambda: None)

    async def listen(self, mic: trio.MemoryReceiveChannel[Sound], out: trio.MemorySendChannel[Heard]) -> None:
        self._check()
        async with mic, out, self._turn:
            utterance = _Utterance(mic)

            async def once() -> None:
                await self._ready()
                await self._hear(utterance, out)

            await self._again(once, utterance.rewind)

    async def close(self) -> None:
        """End the child."""
        if self.child is not None:
            child, self.child = self.child, None
            with trio.CancelScope(shield=True):
                child.kill()
                await child.wait()
                if child.stdin is not None and child.stdout is not None:
                    await child.stdin.aclose()
                    await child.stdout.aclose()

    def _check(self) -> None:
        if (why := self.missing()) is not None:
            raise EarMissing(spec=self.spec, why=why)

    async def _again(self, work: Any, rewind: Callable[[], None]) -> None:
        """Do the work; when the child ends in it, once more with a new one."""
        for crash in range(1, CRASHES + 1):
            try:
                await work()
                return
            except BaseException as error:
                await self.close()
                if find(error, _ChildGone) is None:
                    raise
                if crash == CRASHES:
                    why = "its process ended twice in one sentence"
                    raise EarFailed(spec=self.spec, why=why) from error
                rewind()
                self._tell(EarRestarted(spec=self.spec))

    async def _ready(self) -> None:
        """A child that runs and knows the last hint."""
        if self.child is not None and self.child.returncode is not None:
            await self.close()  # it died unseen between two utterances
        if self.child is None:
            self.child = await trio.lowlevel.open_process(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self._lines, self._hinted = b"", not json.loads(self._hint)["vocabulary"]
            await self._answer("ready", STARTING)
        if not self._hinted:
            await self._say(b"h", self._hint)
            await self._answer("hinted", STARTING)
            self._hinted = True

    async def _hear(self, utterance: _Utterance, out: trio.MemorySendChannel[Heard]) -> None:
        async with trio.open_nursery() as nursery:
            ended = trio.Event()
            nursery.start_soon(self._speak, utterance, ended)
            while True:
                said = await self._line(None if not ended.is_set() else SILENT)
                if "final" in said:
                    text = spelt(said["final"], self._names)
                    await out.send(Heard(f"{text}." if text else "", True, said["confidence"]))
                    nursery.cancel_scope.cancel()
                    return
                await out.send(Heard(spelt(said.get("partial", ""), self._names)))

    async def _speak(self, utterance: _Utterance, ended: trio.Event) -> None:
        try:
            async for piece in utterance.pieces():
                await self._say(b"a", piece)
            await self._say(b"e", b"")
        except _ChildGone:
            return  # who reads its answers learns of it too
        ended.set()

    async def _say(self, kind: bytes, body: bytes) -> None:
        assert self.child is not None and self.child.stdin is not None
        try:
            await self.child.stdin.send_all(HEADER.pack(kind, len(body)) + body)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise _ChildGone from error

    async def _answer(self, name: str, patience: float) -> dict[str, Any]:
        while name not in (said := await self._line(patience)):
            pass
        return said

    async def _line(self, patience: float | None) -> dict[str, Any]:
        """The child's next answer. Raises _ChildGone when there is none."""
        assert self.child is not None and self.child.stdout is not None
        with trio.move_on_after(patience if patience is not None else float("inf")):
            while b"\n" not in self._lines:
                more = await self.child.stdout.receive_some(65_536)
                if not more:
                    raise _ChildGone
                self._lines += more
            line, _, self._lines = self._lines.partition(b"\n")
            said: dict[str, Any] = json.loads(line)
            return said
        raise _ChildGone


class _Utterance:
    """The sound of one utterance as it comes, kept so that it can be heard from the beginning again."""

    def __init__(self, mic: trio.MemoryReceiveChannel[Sound]) -> None:
        self._mic = mic
        self._kept: list[bytes] = []
        self._from = 0
        self._whole = False

    def rewind(self) -> None:
        self._from = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """Sound as the child takes it, about PIECE bytes at a time."""
        waiting: list[Sound] = []
        while True:
            while self._from < len(self._kept):
                self._from += 1
                yield self._kept[self._from - 1]
            if self._whole:
                return
            try:
                waiting.append(await self._mic.receive())
            except trio.EndOfChannel:
                self._whole = True
            if waiting and (self._whole or sum(one.seconds for one in waiting) >= PIECE / 2 / RATE):
                sound = concatenate(waiting, waiting[0].rate)
                pcm = (await trio.to_thread.run_sync(resample, sound, RATE)).pcm if sound.rate != RATE else sound.pcm
                self._kept += [pcm[at : at + PIECE] for at in range(0, len(pcm), PIECE)]
                waiting = []


@asynccontextmanager
async def open_sphinx(name: str, tell: Callable[[NodeError], None]) -> AsyncIterator[Sphinx]:
    """The embedded ear; its child, once there is one, ends with this."""
    ear = Sphinx(name, tell)
    try:
        yield ear
    finally:
        await ear.close()
