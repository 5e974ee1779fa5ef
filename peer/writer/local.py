"""A writer whose model runs in this process: one thread for the model, pieces back to trio as they are made."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import trio

from peer.prompt import Prompt, chat, script
from peer.writer.contract import NARRATOR, Manner, Scene, Written
from peer.writer.errors import LlamaMissing, WriterError
from peer.writer.guard import Guard, fault
from peer.writer.llama import Engine, Sampling, llama_missing
from peer.writer.model_file import check_model, embedded_model

SMALL = 1_000_000_000  # parameters; below, a model is given a script
CONTEXT = 2_048  # tokens, prompt and reply; a small model reads no further with profit
WIDE_CONTEXT = 4_096  # for files above WIDE_FILE
WIDE_FILE = 500 * 1024 * 1024  # bytes; about a billion parameters at four bits
SCRIPT_REPLY = 42  # tokens; a small model has charm for a breath or two, then it rambles
WARMER = 0.15  # added to the temperature with each attempt
HOTTEST = 1.25

Result = TypeVar("Result")


class LocalWriter:
    """Any GGUF file; ``path`` None is the embedded model. ``threads`` is how many cores it may keep busy.

    ``small_below`` is the number of parameters from which a model is trusted with a chat.
    """

    def __init__(self, path: Path | None, *, threads: int, small_below: int = SMALL) -> None:
        self._path = path
        self._threads = max(1, threads)
        self._small_below = small_below
        self._engine: Engine | None = None
        self._adapter: Path | None = None
        self._manner: Manner = "script"
        self._one = trio.CapacityLimiter(1)
        self._since = ""
        self._writing = 0  # calls of write that are under way; a pre-read gives way to them
        self._worded: tuple[Scene, Prompt, list[int]] | None = None  # the last scene, as the model reads it

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        try:
            return (self._path or embedded_model()).stem
        except WriterError:
            return "default"

    @property
    def base(self) -> Path | None:
        """The GGUF file; None where the embedded one is not installed."""
        try:
            return self._path or embedded_model()
        except WriterError:
            return None

    @property
    def manner(self) -> Manner:
        """A small model, or one without a template, is given a script; so is one that was not loaded yet."""
        return self._manner

    def missing(self) -> str | None:
        """The sentence and the remedy, when the library or the file is not there."""
        try:
            self._check()
        except WriterError as error:
            return f"{error.what} {error.hint}"
        return None

    async def load(self) -> None:
        """Load the model, in its thread.

        :raises LlamaMissing: the library is absent.
        :raises EmbeddedModelMissing, ModelFileMissing, ModelFileWrong, ModelTooLarge: about the file.
        """
        await self._in_thread(lambda: None)

    async def preread(self, scene: Scene) -> None:
        """Read the scene in batches; stops when cancelled or when ``write`` is called."""
        await self._in_thread(lambda: self._read(scene, self._nobody_writes))

    async def write(self, scene: Scene, out: trio.MemorySendChannel[str]) -> Written:
        """See the contract.

        :raises ModelFailed: llama.cpp stopped.
        """
        called = time.perf_counter()
        home = trio.lowlevel.current_trio_token()
        made, making = trio.open_memory_channel[str](2 * scene.reply_tokens + 8)
        written: Written | None = None
        failure: WriterError | None = None

        async def forward() -> None:
            try:
                async for piece in making:
                    await out.send(piece)
            except trio.BrokenResourceError:
                nursery.cancel_scope.cancel()

        self._writing += 1
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(forward)
                try:
                    written = await self._in_thread(lambda: self._write(scene, called, _sender(home, made)))
                except WriterError as error:
                    failure = error  # raised below, so that it comes alone and not in a group
                finally:
                    made.close()
        finally:
            self._writing -= 1
        if failure is not None:
            raise failure
        if written is None:
            raise trio.BrokenResourceError("nobody receives the reply")
        return written

    async def wear(self, adapter: Path | None) -> None:
        """Change the adapter between two replies; the model itself stays in memory.

        :raises AdapterWrong: it does not fit this model, or cannot be read.
        """
        await self._in_thread(lambda: self._wear(adapter))

    async def probe(self) -> None:
        """One token; what was read stays read."""
        await self._in_thread(lambda: self._loaded().try_one())

    async def aclose(self) -> None:
        """Free the model, after what is under way."""
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._close, limiter=self._one)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        def loaded() -> Result:
            self._loaded()
            return work()

        return await trio.to_thread.run_sync(loaded, limiter=self._one)

    # --- in the model's thread --------------------------------------------------------------------------------------

    def _loaded(self) -> Engine:
        if self._engine is None:
            path = self._check()
            wide = path.stat().st_size > WIDE_FILE
            self._engine = Engine(path, threads=self._threads, context=WIDE_CONTEXT if wide else CONTEXT)
            self._manner = "script" if self._is_small(self._engine) else "chat"
            if self._adapter is not None:
                self._wear(self._adapter)
        return self._engine

    def _wear(self, adapter: Path | None) -> None:
        self._adapter = None  # an adapter that cannot be used is not tried again
        self._loaded().adapt(adapter)
        self._adapter = adapter

    def _is_small(self, engine: Engine) -> bool:
        return engine.parameters < self._small_below or not engine.has_template

    def _check(self) -> Path:
        if llama_missing():
            raise LlamaMissing()
        path = self._path or embedded_model()
        check_model(path)
        return path

    def _close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _nobody_writes(self) -> bool:
        trio.from_thread.check_cancelled()
        return self._writing == 0

    def _read(self, scene: Scene, go_on: Callable[[], bool]) -> tuple[Prompt, int]:
        """Put the scene before the model; the prompt, and its length in tokens."""
        engine = self._loaded()
        if self._worded is None or self._worded[0] != scene:  # a cue mostly asks for what was just read ahead
            self._worded = (scene, *self._in_words(scene, engine))
        _, prompt, tokens = self._worded
        if go_on():
            engine.read(tokens, go_on)
        return prompt, len(tokens)

    def _in_words(self, scene: Scene, engine: Engine) -> tuple[Prompt, list[int]]:
        is_small = self._is_small(engine)
        budget = engine.context - scene.reply_tokens - 16
        prompt = (script if is_small else chat)(scene, budget, engine.count, self._since)
        self._since = prompt.since
        tokens = engine.tokens_of(prompt, scene.card.name)
        # counted by parts, a prompt may come out a little longer: the newest is what matters
        return prompt, tokens[-budget:]

    def _write(self, scene: Scene, called: float, send: Callable[[str], None]) -> Written:
        written = self._attempt(scene, called, send)
        if written.fault == "empty":  # nothing was sent yet, so nobody sees that it was tried twice
            written = self._attempt(replace(scene, attempt=scene.attempt + 1), called, send)
        return written

    def _attempt(self, scene: Scene, called: float, send: Callable[[str], None]) -> Written:
        prompt, prompt_tokens = self._read(scene, _cancelled_or_on)
        cap = min(scene.reply_tokens, SCRIPT_REPLY) if prompt.opening else scene.reply_tokens
        guard = Guard(scene.card.name, (NARRATOR, *scene.cast), quoted=bool(prompt.opening), cap=cap)
        first = 0.0
        ended = True
        for safe in self._pieces(scene, prompt, guard):
            if safe:
                first = first or time.perf_counter() - called
                send(safe)
            trio.from_thread.check_cancelled()
            if guard.over:
                ended = False
                break
        if late := guard.finish(ended=ended):
            first = first or time.perf_counter() - called
            send(late)
        seconds = time.perf_counter() - called
        stopped = guard.stopped or "end"
        return Written(
            guard.text,
            stopped,
            guard.pieces,
            prompt_tokens,
            first or seconds,
            seconds,
            fault(guard.text, (*prompt.told, *prompt.own)),
        )

    def _pieces(self, scene: Scene, prompt: Prompt, guard: Guard) -> Iterator[str]:
        temperature = min(Sampling.temperature + WARMER * scene.attempt, HOTTEST)
        sampling = Sampling(temperature=temperature, seed=int.from_bytes(os.urandom(4), "little"))
        for piece in self._loaded().pieces(sampling, prompt.told, prompt.own):
            yield guard.push(piece)


def _cancelled_or_on() -> bool:
    trio.from_thread.check_cancelled()
    return True


def _sender(home: trio.lowlevel.TrioToken, channel: trio.MemorySendChannel[str]) -> Callable[[str], None]:
    """Hands pieces to trio without waiting: the model's thread never stands still for a slow reader."""

    def deliver(piece: str) -> None:
        # When the reader went away or was cancelled, the model is being stopped for the same reason.
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            channel.send_nowait(piece)

    return lambda piece: home.run_sync_soon(deliver, piece)
