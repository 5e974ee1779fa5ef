"""A character at work: it reads ahead while others speak, answers when it is cued, and is voiced as it writes.

Rules of this file:
- What is open is read from the story, never remembered: after a restart an unanswered cue is answered then.
- The text of a line is written to the log the moment it is complete. Its sound follows; slow speech never delays the
  text.
- What derives from a whisper, or is under review, goes to the narrator alone, over his own link.
- Hush stops writing and speaking at once; what was written by then becomes the line.
- A writer that failed is tried again while nobody asks, so that this peer is well again before it is cued.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path

import trio

from dwnet.card import Card
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft, Event, Node
from peer.reporting import Engines, Reporter
from peer.scene import SAYS_NOTHING, card_of, scene_for
from peer.versions import Versions
from peer.voice.contract import Speaker, Voice, format_voice
from peer.voice.spans import SpokenStream, parse_spans
from peer.voicing import LineSound, Voicing
from peer.writer.contract import Scene, Writer, Written
from protocol import limits
from protocol.effects import Heard, Took
from protocol.kinds import Line
from protocol.moments import Hush, Timing, Tokens
from protocol.shapes import Span
from protocol.story import Cue, Story

RETRY_SECONDS = 5.0  # after which a writer that failed is tried again
logger = logging.getLogger(__name__)


class Performer:
    """Plays one seat. ``speaker`` None: it has no voice on this machine. ``adapters``: where its adapters lie."""

    def __init__(
        self,
        node: Node,
        clips: Clips,
        writer: Writer,
        speaker: Speaker | None,
        voice: Voice,
        adapters: Path | None = None,
    ) -> None:
        self.node = node
        self.writer = writer
        self.versions = Versions(node, writer, adapters)
        self.voicing = Voicing(node, clips, speaker, voice, self.tell)
        self.reporter = Reporter(node, self._engines, self._test)
        self._tested = True  # False: somebody asked for a test that was not made yet
        self._loaded = False
        self._failing = ""
        self._rate = 0.0
        self._first_token = 0.0
        self._wake = trio.Event()
        self._scope: trio.CancelScope | None = None
        self._answering: bytes = b""
        self._hushed = False
        self._read: tuple[object, ...] = ()
        self._cued_at: dict[bytes, float] = {}

    @property
    def _seat(self) -> int | None:
        member = self.node.ledger.authority.member(self.node.member.public)
        return member.seat if member and member.role == "character" else None

    @property
    def is_loaded(self) -> bool:
        """Whether its model is there, so that it is known how it is asked."""
        return self._loaded

    is_answering = property(lambda self: bool(self._answering))

    @property
    def _story(self) -> Story:
        return self.node.ledger.story

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Play until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, events)
            nursery.start_soon(self.reporter.run, self.node.subscribe())
            nursery.start_soon(self.voicing.run)
            nursery.start_soon(self._work)

    # --- what happens -----------------------------------------------------------------------------------------------

    async def _watch(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        async for event in events:
            match event:
                case Took(entry=entry):
                    if entry.kind == "cue":
                        self._cued_at.setdefault(entry.id, trio.current_time())
                        while len(self._cued_at) > limits.PLAN:
                            del self._cued_at[next(iter(self._cued_at))]
                    if entry.kind == "accept" and entry.refs:
                        self.voicing.let_in(entry.refs[0])
                    self._stir()
                case Heard(ephemeral=one) if one.kind == Hush.kind:
                    self._hush()

    def rethink(self) -> None:
        """A file of an adapter came: the story may name it."""
        self.versions.look_again()
        self._stir()

    def _stir(self) -> None:
        """Something changed: stop reading ahead and look again. An answer goes on, also when it is late, unless the
        narrator let it go or went back to before its beat.
        """
        self._wake.set()
        cue = self._story.cues.get(self._answering)
        if self._scope is not None and (cue is None or cue.let_go or not self._story.on_path(cue.beat)):
            self._scope.cancel()

    def _hush(self) -> None:
        self._hushed = True
        if self._scope is not None:
            self._scope.cancel()
        self.voicing.hush()

    def _open_cue(self) -> Cue | None:
        seat = self._seat
        return next(
            (
                cue
                for cue in self._story.cues.values()
                if cue.seat == seat and cue.state == "open" and self._story.on_path(cue.beat) and not self._said(cue)
            ),
            None,
        )

    def _said(self, cue: Cue) -> bool:
        me = self.node.member.public
        return any(entry.author == me and cue.entry in entry.refs for entry, _ in self._story.offered.values())

    # --- work -------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        await self._load()
        while True:
            self._wake = trio.Event()
            await self._test_if_asked()
            seat = self._seat
            card = card_of(self._story, seat) if seat is not None else None
            if seat is None or card is None:
                await self._wake.wait()
                continue
            if self._failing and self._open_cue() is None:
                await self._try_writer()
            await self._take_mind()
            cue = self._open_cue()
            with trio.CancelScope() as self._scope:
                if cue is not None:
                    self._answering = cue.entry
                    await self._answer(cue, scene_for(self._story, seat, card, cue.beat))
                else:
                    self._answering = b""
                    await self._read_ahead(scene_for(self._story, seat, card))
                    await self._rest()
            self._scope = None
            if cue is not None and not self._said(cue) and self._story.cues[cue.entry].state == "open":
                await self._rest()  # it could not be answered; the narrator will say what happens now

    async def _rest(self) -> None:
        """Until something changes, or it is time to try a writer that failed."""
        with trio.move_on_after(RETRY_SECONDS if self._failing else math.inf):
            await self._wake.wait()

    async def _try_writer(self) -> None:
        if not self._loaded:
            await self._load()
            return
        try:
            await self.writer.probe()
            self._failing = ""
        except NodeError as error:
            self._failing = error.what
        self.reporter.report()

    def _test(self) -> bool:
        """Asked to try the engines: as soon as nothing else is to do. While it answers, that is test enough."""
        if self._answering or not self._loaded:
            return False
        self._tested = False
        self._stir()
        return True

    async def _test_if_asked(self) -> None:
        if not self._tested:
            self._tested = True
            if self._open_cue() is None:
                await self._try_writer()
            self.reporter.answer()

    async def _load(self) -> None:
        try:
            await self.writer.load()
            self._loaded, self._failing = True, ""
        except NodeError as error:
            self._failing = error.what
            logger.warning("the writer does not load: %s %s", error.what, error.hint)
        self.reporter.report()

    async def _take_mind(self) -> None:
        """Between two replies: speak with the adapter that the story names now."""
        if self._loaded and self.versions.is_due():
            await self.versions.change()
            self._read = ()
            self.reporter.report()

    async def _read_ahead(self, scene: Scene) -> None:
        if not self._loaded or (scene.card, scene.turns) == self._read:
            return
        try:
            await self.writer.preread(scene)
            self._read, self._failing = (scene.card, scene.turns), ""
        except NodeError as error:
            self._failing = error.what

    async def _answer(self, cue: Cue, scene: Scene) -> None:
        if not self._loaded:
            await self._load()
        started = trio.current_time()
        queue = started - self._cued_at.get(cue.entry, started)
        sound = self.voicing.begin(cue)
        said = _Said(self, cue, sound, scene.card)
        written: Written | None = None
        self._hushed = False
        try:
            written = await self._write(scene, said)
        except NodeError as error:
            self._failing = error.what
            self.reporter.report()
        finally:
            if written is not None or self._hushed:  # ended otherwise: this process stops, or the cue is gone
                with trio.CancelScope(shield=True):
                    await self._finish(said, written, queue, started)
            else:
                self.voicing.drop(sound)

    async def _write(self, scene: Scene, said: _Said) -> Written:
        send, receive = trio.open_memory_channel[str](256)
        result: list[Written | NodeError] = []

        async def generate() -> None:
            async with send:
                try:
                    result.append(await self.writer.write(scene, send))
                except NodeError as error:  # out of a nursery it would come wrapped in a group
                    result.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(generate)
            async with receive:
                async for piece in receive:
                    self._failing = ""
                    said.push(piece)
        if isinstance(result[0], NodeError):
            raise result[0]
        return result[0]

    async def _finish(self, said: _Said, written: Written | None, queue: float, started: float) -> None:
        text = written.text if written is not None else said.text
        cue, sound = said.cue, said.sound
        if not text.strip():
            text = SAYS_NOTHING
        said.finish(whole=text == said.text)
        stopped = written.stopped if written is not None else "hushed"
        spans = tuple(parse_spans(text))[: limits.SPANS] or (Span("speech", text),)
        draft = Draft(
            Line(spans, self.writer.name[:128], self.versions.worn, stopped), refs=(cue.entry,), audience=cue.audience
        )
        if written is not None:
            self._tell_timing(sound, written, queue, started)
        (line,) = await self.node.write(draft)
        self.voicing.end(sound, line)

    def _tell_timing(self, sound: LineSound, written: Written, queue: float, started: float) -> None:
        """Where the time went; before the line itself, so that whoever shows the line has it."""
        self._rate = written.tokens / max(written.seconds, 0.001)
        self._first_token = written.first_token_seconds
        timing = Timing(
            sound.cue.entry,
            int(queue * 1000),
            written.prompt_tokens,
            int(written.first_token_seconds * 1000),
            int((sound.first_at - started) * 1000) if sound.first_at is not None else 0,
            int((trio.current_time() - started) * 1000),
            written.tokens,
        )
        self.tell(sound.cue, timing.kind, timing.pack())

    def tell(self, cue: Cue, kind: str, payload: bytes) -> None:
        """Send something about an answer: to all, or to the narrator alone when it is not for all."""
        private = cue.review or cue.audience is not None
        self.node.say(kind, payload, only=self.node.ledger.authority.narrator if private else None)

    # --- health -----------------------------------------------------------------------------------------------------

    def _engines(self) -> Engines:
        if self._failing:
            state, why = "failing", self._failing
        elif not self._loaded:
            state, why = "loading", "It is loading its model."
        elif self.voicing.mute or self.versions.why:
            state, why = "slow", self.voicing.mute or self.versions.why
        else:
            state, why = "ready", ""
        voice = format_voice(self.voicing.voice)
        return Engines(
            state, why, self.writer.name, self.versions.worn.hex()[:12], voice, self._rate, self._first_token
        )


class _Said:
    """A line as it streams: pieces go out as tokens, whole sentences to the voice."""

    def __init__(self, performer: Performer, cue: Cue, sound: LineSound, card: Card) -> None:
        self.cue = cue
        self.sound = sound
        self.text = ""
        self._performer = performer
        self._spoken = SpokenStream(card.aloud("actions"), card.aloud("thoughts"))
        self._index = 0

    def push(self, piece: str) -> None:
        self.text += piece
        moment = Tokens(self.cue.entry, self._index, piece[:4096], 0)
        self._index += 1
        self._performer.tell(self.cue, moment.kind, moment.pack())
        for sentence in self._spoken.push(piece):
            self._performer.voicing.say(self.sound, sentence)

    def finish(self, *, whole: bool) -> None:
        """The line is complete. ``whole``: all that streamed is part of it; else half a sentence at its end is not."""
        moment = Tokens(self.cue.entry, self._index, "", 1)
        self._performer.tell(self.cue, moment.kind, moment.pack())
        for sentence in self._spoken.finish() if whole else ():
            self._performer.voicing.say(self.sound, sentence)
