"""Where the time of a beat goes: first word, first sound, and what reading ahead is worth."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import trio

from benchmarks.figure import Figure, p50
from benchmarks.forced import first_sounds
from dwnet import shipped
from dwnet.card import read_card
from dwnet.machine import look
from dwnet.settings import narrator_settings
from narrator_app.health import Status
from narrator_app.narrator import Happening, Narrator
from narrator_app.run import narrate
from peer.prompt import script
from peer.scene import scene_for
from peer.writer.contract import Scene, Turn
from peer.writer.llama import BATCH, Engine
from peer.writer.local import CONTEXT, LocalWriter
from peer.writer.model_file import embedded_model
from protocol.effects import Took

BEATS = 20
AHEAD = 6  # scenes
BEFORE = 4  # exchanges that the first of them holds already
SOUNDS = 5
SEAT, CHARACTER = 1, "Pim"
SETTLE = 1.0  # seconds until a line is spoken and its narrator's next words are read ahead as far as they are known
TOLD = (
    "Rain comes over the hill again, first a few drops, then all of it at once, and the road begins to shine {}",
    "A cart stops before the door, and whoever sits on it is in no hurry at all to climb down, not even {}",
)
ANSWER = "Then put another log on the fire, and let whoever it is come in."
ENDS = ("under the moon.", "in this weather.", "like an old coin.", "for a bowl of soup.")


def first_token() -> list[Figure]:
    """In a hive, and bare."""
    threads = _threads()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs, fresh = trio.run(_first_tokens, Path(folder), threads)
    return [
        Figure(
            "first token", f"commit to first token shown, p50 of {BEATS} beats", "llama-cpp-python, same warm prefix",
            p50(ours) * 1000, p50(theirs) * 1000, "ms", 1.15, beside=f"{p50(fresh):.0f} new tokens, {threads} threads.",
        )
    ]  # fmt: skip


def reading_ahead() -> list[Figure]:
    """The first token of the same scenes, read before and not."""
    warm, cold = trio.run(_read_ahead, _threads())
    return [Figure("pre-read", "first token with pre-read", "without", p50(warm) * 1000, p50(cold) * 1000, "ms", 0.3)]


def first_sound() -> list[Figure]:
    """Clip by clip, and after the whole."""
    early, late = trio.run(first_sounds, _threads(), SOUNDS)
    return [
        Figure(
            "first sound", "first sound ready, reply of four sentences", "whole reply, then speech, then sending",
            p50(early) * 1000, p50(late) * 1000, "ms", 0.35,
        )
    ]  # fmt: skip


def _threads() -> int:
    return look(Path.cwd()).threads_for(1)


def _told(number: int) -> str:
    return TOLD[number % len(TOLD)].format(ENDS[number % len(ENDS)])


# --- the first token of a beat, in a hive and bare -------------------------------------------------------------------


async def _first_tokens(folder: Path, threads: int) -> tuple[list[float], list[float], list[float]]:
    """A narrator's peer here, a character in a process of its own. Beat by beat: seconds from the commit of the
    narration to the first token, what bare llama-cpp-python takes for the same scene, and how many tokens are new.
    """
    seen: dict[str, float] = {}
    news = trio.Event()

    def happened(one: Happening) -> None:
        nonlocal news
        seen.setdefault(one["event"], perf_counter())
        news.set()
        news = trio.Event()

    async def until(event: str) -> None:
        while event not in seen:
            await news.wait()

    settings = narrator_settings({"data": str(folder / "narrator"), "listen": "127.0.0.1:0"}, {})
    bare = Bare(threads)
    ours, theirs = [], []
    async with narrate(settings, "bench", happened, lambda _: None) as evening:
        narrator = evening.desk.narrator
        await evening.desk.casting.play_here(await evening.desk.casting.cast(read_card(shipped.card(CHARACTER))))
        while narrator.attendance.conditions[SEAT].status is not Status.RESPONSIVE:
            await narrator.something()
        for number in range(BEATS):
            await trio.sleep(SETTLE)
            seen.clear()
            async with _committed(narrator) as committed:
                await evening.desk.intents.tell(_told(number))
            scene = scene_for(narrator.story, SEAT, read_card(shipped.card(CHARACTER)))
            await until("token")
            ours.append(seen["token"] - committed[0])
            await until("accepted")
            await trio.sleep(SETTLE)
            theirs.append(await trio.to_thread.run_sync(bare.first_token, scene))
    bare.close()
    return ours, theirs, bare.fresh


@asynccontextmanager
async def _committed(narrator: Narrator) -> AsyncIterator[list[float]]:
    """When the narrator's own node told itself that a narration is on the disk: the same moment in which it is sent."""
    times: list[float] = []
    events: Any = narrator.node.subscribe()

    async def watch() -> None:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Took) and event.entry.kind == "narrate":
                    times.append(perf_counter())
                    return

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        yield times


class Bare:
    """llama-cpp-python, called as anybody would: a text comes in, its beginning is warm, one token is drawn."""

    def __init__(self, threads: int) -> None:
        import llama_cpp

        self._engine = Engine(embedded_model(), threads=threads, context=CONTEXT)
        self._llama = llama_cpp.Llama(
            str(embedded_model()), n_ctx=CONTEXT, n_batch=BATCH, n_threads=threads, n_threads_batch=threads,
            verbose=False,
        )  # fmt: skip
        self._since = ""
        self.fresh: list[float] = []

    def first_token(self, scene: Scene) -> float:
        """Seconds for the scene, whose last turn is new."""
        before, whole = self._text(replace(scene, turns=scene.turns[:-1])), self._text(scene)
        known = self._draw(before)
        began = perf_counter()
        tokens = self._draw(whole)
        seconds = perf_counter() - began
        same = next(at for at, (old, new) in enumerate(zip(known, tokens, strict=False)) if old != new)
        self.fresh.append(len(tokens) - same)
        return seconds

    def close(self) -> None:
        self._engine.close()
        self._llama.close()

    def _draw(self, text: bytes) -> list[int]:
        tokens: list[int] = self._llama.tokenize(text, add_bos=False, special=True)
        next(self._llama.generate(tokens, temp=0.7, min_p=0.08, repeat_penalty=1.05))
        return tokens

    def _text(self, scene: Scene) -> bytes:
        """What the program puts before the same model, word for word."""
        prompt = script(scene, CONTEXT - scene.reply_tokens - 16, self._engine.count, self._since)
        self._since = prompt.since
        text: bytes = self._llama.detokenize(self._engine.tokens_of(prompt, scene.card.name), special=True)
        return text


# --- reading ahead ----------------------------------------------------------------------------------------------------


async def _read_ahead(threads: int) -> tuple[list[float], list[float]]:
    """Seconds to the first token of a story's scenes, all but the last turn read before, and nothing read."""
    card = read_card(shipped.card(CHARACTER))
    told = [Turn("Narrator", _told(number), "narration") for number in range(AHEAD + BEFORE)]
    turns = tuple(one for narration in told for one in (narration, Turn(CHARACTER, ANSWER, "line")))
    scenes = [Scene(card, (), turns[: 2 * number + 1], "bench") for number in range(BEFORE, BEFORE + AHEAD)]
    writer = LocalWriter(None, threads=threads)
    await writer.load()
    elsewhere = replace(scenes[0], card=read_card(shipped.card("Tock")), turns=())
    warm, cold = [], []
    for one in scenes:
        await writer.preread(elsewhere)
        cold.append(await _first_piece(writer, one))
        await writer.preread(replace(one, turns=one.turns[:-1]))
        warm.append(await _first_piece(writer, one))
    await writer.aclose()
    return warm, cold


async def _first_piece(writer: LocalWriter, scene: Scene) -> float:
    send, receive = trio.open_memory_channel[str](256)
    began = perf_counter()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(writer.write, scene), send)
        await receive.receive()
        first = perf_counter() - began
        nursery.cancel_scope.cancel()
    return first
