"""The first sound of a reply that is forced to four sentences: as it comes here, and as it comes where a reply is
generated whole, then spoken whole, then sent.

The words are given; the work is real. The model reads the scene and every token of the reply at its own pace.
Performer, speaker, clips, links and stores are those of the program: a narrator's node and a character's, linked over
loopback.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

import trio

from benchmarks.hive import linked
from dwnet import shipped
from dwnet.audio import decode_clip
from dwnet.blob_store import BlobStore
from dwnet.card import Card, read_card
from dwnet.clips import Clips
from dwnet.home import Home
from dwnet.node import Draft, Event
from peer.performer import Performer
from peer.prompt import script
from peer.scene import scene_for
from peer.voice.bank import voice_for
from peer.voice.clips import make_clip
from peer.voice.espeak import Espeak
from peer.writer.contract import Scene, Written
from peer.writer.elsewhere import Elsewhere
from peer.writer.llama import Engine
from peer.writer.local import CONTEXT
from peer.writer.model_file import embedded_model
from protocol import limits
from protocol.effects import Heard, Took
from protocol.kinds import Cued, Line, Narrated
from protocol.moments import ClipMade, read_moment
from protocol.shapes import Span

SEAT = 1
REPLY = (
    "Hush now, and listen to the stairs for a moment. Somebody is coming up, and he has left his lantern down below. "
    "I know that step, but I had not hoped to hear it again in this life. "
    "Put the kettle on, and let me be the one who opens the door."
)
CLIP_BYTES = 2 * 1024 * 1024
SETTLE = 1.0  # seconds in which everybody reads ahead, and the last reply is spoken to its end


class ForcedWriter(Elsewhere):
    """A writer whose words are given; reading the scene and each token takes as long as it takes the model."""

    name = "forced"

    def __init__(self, words: str, threads: int) -> None:
        self._words = words
        self._threads = threads
        self._one = trio.CapacityLimiter(1)
        self._engine: Engine | None = None

    def missing(self) -> str | None:
        return None

    async def load(self) -> None:
        await trio.to_thread.run_sync(self._loaded, limiter=self._one)

    async def preread(self, scene: Scene) -> None:
        await trio.to_thread.run_sync(self._read, scene, limiter=self._one)

    async def write(self, scene: Scene, out: trio.MemorySendChannel[str]) -> Written:
        return await trio.to_thread.run_sync(self._write, scene, out.send_nowait, limiter=self._one)

    async def probe(self) -> None:
        await self.load()

    async def aclose(self) -> None:
        await trio.to_thread.run_sync(self._loaded().close, limiter=self._one)

    def _loaded(self) -> Engine:
        self._engine = self._engine or Engine(embedded_model(), threads=self._threads, context=CONTEXT)
        return self._engine

    def _read(self, scene: Scene) -> list[int]:
        engine = self._loaded()
        prompt = script(scene, engine.context - scene.reply_tokens - 16, engine.count)
        tokens = engine.tokens_of(prompt, scene.card.name)
        engine.read(tokens, _go_on)
        return tokens

    def _write(self, scene: Scene, send: Callable[[str], None]) -> Written:
        """Word by word; a word of several tokens comes with its last one, as it would from any model."""
        engine, began = self._loaded(), perf_counter()
        known = self._read(scene)
        first, count = 0.0, 0
        for place, word in enumerate(self._words.split(" ")):
            piece = f" {word}" if place else word
            for _ in range(engine.count(piece)):
                known = [*known, known[-1]]  # which token it is does not change the time that it takes
                engine.read(known, _go_on)
                count += 1
            first = first or perf_counter() - began
            trio.from_thread.run_sync(send, piece)
        return Written(self._words, "end", count, len(known) - count, first, perf_counter() - began)


def _go_on() -> bool:
    trio.from_thread.check_cancelled()
    return True


async def first_sounds(threads: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from the cue's commit to the first clip decoded at the narrator's: ours, and after the whole."""
    writer = ForcedWriter(REPLY, threads)
    await writer.load()
    early, late = [], []
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            card = read_card(shipped.card("Pim"))
            homes = await linked(stack, nursery, Path(folder), [card])
            pair = _Pair(homes, card, writer)
            for home, clips in zip(homes, pair.clips, strict=True):
                nursery.start_soon(clips.run, home.node.subscribe())
            for _ in range(rounds):
                early.append(await pair.until_heard(pair.perform))
                late.append(await pair.until_heard(pair.answer_whole))
            nursery.cancel_scope.cancel()
    await writer.aclose()
    return early, late


class _Pair:
    """The two ends, and the two ways to answer."""

    def __init__(self, homes: list[Home], card: Card, writer: ForcedWriter) -> None:
        self._card = card
        self.narrator, self.member = (home.node for home in homes)
        self.clips = [Clips(home.node, BlobStore(home.settings.blobs)) for home in homes]
        self._writer = writer
        self._voice = voice_for(SEAT)
        self._speaker = Espeak()

    async def until_heard(self, answer: Callable[[trio.MemoryReceiveChannel[Event]], object]) -> float:
        """Narrate, cue, and wait for the first sound. Everything told before has been read: that is another figure."""
        await self._writer.preread(scene_for(self.member.ledger.story, SEAT, self._card))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer, self.member.subscribe())  # type: ignore[arg-type]
            events = self.narrator.subscribe()
            await trio.sleep(SETTLE)
            (beat,) = await self.narrator.write(Draft(Narrated("Down on the stage a lantern swings.", (SEAT,), "say")))
            (cue,) = await self.narrator.write(Draft(Cued(SEAT, 0, 0), (beat.id,)))
            began = perf_counter()
            seconds = await self._first_sound(events, cue.id) - began
            async for event in events:  # the answer goes on to its end, so that the cue is answered
                if isinstance(event, Took) and event.entry.kind == "line":
                    break
            await trio.sleep(SETTLE)
            nursery.cancel_scope.cancel()
        return seconds

    async def _first_sound(self, events: trio.MemoryReceiveChannel[Event], cue: bytes) -> float:
        async for event in events:
            if isinstance(event, Heard) and event.ephemeral.kind == ClipMade.kind:
                made = read_moment(ClipMade, event.ephemeral.payload)
                if made.cue == cue:
                    data = await self.clips[0].fetch(made.blob, CLIP_BYTES, (event.link,))
                    await trio.to_thread.run_sync(decode_clip, data)
                    return perf_counter()
        raise AssertionError("the narrator's node ended")

    async def perform(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """As the program does."""
        await Performer(self.member, self.clips[1], self._writer, self._speaker, self._voice).run(events)

    async def answer_whole(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """The same parts, one after the other."""
        story = self.member.ledger.story
        async for event in events:
            if isinstance(event, Took) and event.entry.kind == "cue":
                send, receive = trio.open_memory_channel[str](limits.TEXT)
                with send, receive:
                    written = await self._writer.write(scene_for(story, SEAT, self._card, event.entry.refs[0]), send)
                data = await make_clip(self._speaker, written.text, self._voice)
                assert data is not None
                blob = await self.clips[1].put(data)
                made = ClipMade(event.entry.id, 0, blob, len(data), 0, len(written.text), b"")
                self.member.say(made.kind, made.pack())
                spans = (Span("speech", written.text),)
                await self.member.write(Draft(Line(spans, "forced", b"", "end"), refs=(event.entry.id,)))
