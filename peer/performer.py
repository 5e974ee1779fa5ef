"""A character at work: it reads ahead while others speak, answers when it is cued, and is voiced as it writes.

Rules of this file:
- What is open is read from the story, never remembered: after a restart an unanswered cue is answered then.
- The text of a line is written to the log the moment it is complete. Its sound follows; slow speech never delays the
  text.
- What derives from a whisper, or is under review, goes to the narrator alone, over his own link.
- Hush stops writing and speaking at once; what was written by then becomes the line.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field

import trio

from dwnet.audio import decode_clip
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft, Event, Node
from peer.scene import card_of, scene_for
from peer.voice.clips import make_clip
from peer.voice.contract import Speaker, Voice, format_voice
from peer.voice.spans import SpokenStream, parse_spans
from peer.writer.contract import Scene, Writer, Written
from protocol import limits
from protocol.effects import Heard, Took
from protocol.entry import Entry
from protocol.kinds import Line, Voiced
from protocol.moments import ClipMade, Health, Hush, Timing, Tokens
from protocol.sealing import encrypt_blob
from protocol.shapes import Clip, Span
from protocol.story import Cue, Story

HEALTH_SECONDS = 2.0
SENTENCES = 64  # waiting to be voiced; a line holds fewer
logger = logging.getLogger(__name__)


@dataclass
class _Sound:
    """The sound of one line, while it is being made."""

    cue: Cue
    key: bytes
    made: list[Clip] = field(default_factory=list)
    characters: int = 0
    line: Entry | None = None
    dropped: bool = False
    first_at: float | None = None


class Performer:
    """Plays one seat. ``speaker`` None: the seat has no voice on this machine."""

    def __init__(self, node: Node, clips: Clips, writer: Writer, speaker: Speaker | None, voice: Voice) -> None:
        self.node = node
        self.clips = clips
        self.writer = writer
        self.speaker = speaker
        self.voice = voice
        self._loaded = False
        self._failing = ""
        self._mute = ""
        self._rate = 0.0
        self._first_token = 0.0
        self._wake = trio.Event()
        self._scope: trio.CancelScope | None = None
        self._answering: bytes = b""
        self._hushed = False
        self._read: tuple[object, ...] = ()
        self._sounding: _Sound | None = None
        self._kept: dict[bytes, _Sound] = {}  # by line: voiced while under review, not yet let in
        self._cued_at: dict[bytes, float] = {}
        self._sentences: trio.MemorySendChannel[tuple[_Sound, str | None]]

    @property
    def _seat(self) -> int | None:
        member = self.node.ledger.authority.member(self.node.member.public)
        return member.seat if member and member.role == "character" else None

    @property
    def _story(self) -> Story:
        return self.node.ledger.story

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Play until cancelled."""
        self._sentences, sentences = trio.open_memory_channel[tuple[_Sound, str | None]](SENTENCES)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, events)
            nursery.start_soon(self._tell_health)
            nursery.start_soon(self._voice_all, sentences)
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
                    if entry.kind == "accept" and entry.refs and entry.refs[0] in self._kept:
                        self._end_sound(self._kept.pop(entry.refs[0]))
                    self._stir()
                case Heard(ephemeral=one) if one.kind == Hush.kind:
                    self._hush()

    def _stir(self) -> None:
        """Something changed: stop reading ahead and look again. An answer goes on, unless its cue is gone."""
        self._wake.set()
        cue = self._story.cues.get(self._answering)
        if self._scope is not None and (cue is None or cue.state != "open"):
            self._scope.cancel()

    def _hush(self) -> None:
        self._hushed = True
        if self._scope is not None:
            self._scope.cancel()
        if self._sounding is not None:
            self._sounding.dropped = True

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
            seat = self._seat
            card = card_of(self._story, seat) if seat is not None else None
            if seat is None or card is None:
                await self._wake.wait()
                continue
            cue = self._open_cue()
            with trio.CancelScope() as self._scope:
                if cue is not None:
                    self._answering = cue.entry
                    await self._answer(cue, scene_for(self._story, seat, card, cue.beat))
                else:
                    self._answering = b""
                    await self._read_ahead(scene_for(self._story, seat, card))
                    await self._wake.wait()
            self._scope = None
            if cue is not None and not self._said(cue) and self._story.cues[cue.entry].state == "open":
                await self._wake.wait()  # it could not be answered; the narrator will say what happens now

    async def _load(self) -> None:
        try:
            await self.writer.load()
            self._loaded = True
        except NodeError as error:
            self._failing = error.what
            logger.warning("the writer does not load: %s %s", error.what, error.hint)

    async def _read_ahead(self, scene: Scene) -> None:
        if not self._loaded or scene.turns == self._read:
            return
        try:
            await self.writer.preread(scene)
            self._read = scene.turns
        except NodeError as error:
            self._failing = error.what

    async def _answer(self, cue: Cue, scene: Scene) -> None:
        if not self._loaded:
            await self._load()
        started = trio.current_time()
        queue = started - self._cued_at.get(cue.entry, started)
        sound = _Sound(cue, os.urandom(32) if cue.audience is not None else b"")
        said = _Said(self, cue, sound)
        written: Written | None = None
        self._hushed = False
        try:
            written = await self._write(scene, said)
            self._failing = ""
        except NodeError as error:
            self._failing = error.what
            self._report()
        finally:
            if written is not None or self._hushed:  # ended otherwise: this process stops, or the cue is gone
                with trio.CancelScope(shield=True):
                    await self._finish(said, written, queue, started)

    async def _write(self, scene: Scene, said: _Said) -> Written:
        send, receive = trio.open_memory_channel[str](256)
        result: list[Written] = []

        async def generate() -> None:
            async with send:
                result.append(await self.writer.write(scene, send))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(generate)
            async with receive:
                async for piece in receive:
                    said.push(piece)
        return result[0]

    async def _finish(self, said: _Said, written: Written | None, queue: float, started: float) -> None:
        text = written.text if written is not None else said.text
        cue, sound = said.cue, said.sound
        if not text.strip():
            text = "*says nothing*"
        said.finish(whole=text == said.text)
        stopped = written.stopped if written is not None else "hushed"
        spans = tuple(parse_spans(text))[: limits.SPANS] or (Span("speech", text),)
        draft = Draft(Line(spans, self.writer.name[:128], b"", stopped), refs=(cue.entry,), audience=cue.audience)
        (sound.line,) = await self.node.write(draft)
        if written is not None:
            seconds = max(written.seconds, 0.001)
            self._rate, self._first_token = written.tokens / seconds, written.first_token_seconds
            first_clip = int(((sound.first_at or trio.current_time()) - started) * 1000)
            timing = Timing(
                cue.entry,
                int(queue * 1000),
                written.prompt_tokens,
                int(written.first_token_seconds * 1000),
                first_clip,
                int((trio.current_time() - started) * 1000),
                written.tokens,
            )
            self.tell(cue, timing.kind, timing.pack())
        self._end_sound(sound)

    def _end_sound(self, sound: _Sound) -> None:
        """All its sentences are queued: what is made of it becomes an entry after them."""
        try:
            self._sentences.send_nowait((sound, None))
        except trio.WouldBlock:
            sound.dropped = True

    def tell(self, cue: Cue, kind: str, payload: bytes) -> None:
        """Send something about an answer: to all, or to the narrator alone when it is not for all."""
        private = cue.review or cue.audience is not None
        self.node.say(kind, payload, only=self.node.ledger.authority.narrator if private else None)

    # --- sound ------------------------------------------------------------------------------------------------------

    def queue_sentence(self, sound: _Sound, sentence: str) -> None:
        """A sentence is complete: it will be voiced after those before it."""
        if self.speaker is None:
            return
        try:
            self._sentences.send_nowait((sound, sentence))
        except trio.WouldBlock:
            logger.warning("more than %d sentences wait to be voiced; one is left out", SENTENCES)

    async def _voice_all(self, sentences: trio.MemoryReceiveChannel[tuple[_Sound, str | None]]) -> None:
        async for sound, sentence in sentences:
            self._sounding = sound
            if sentence is None:
                await self._close_sound(sound)
                self._sounding = None
            elif not sound.dropped and len(sound.made) < limits.CLIPS:
                await self._voice(sound, sentence)

    async def _voice(self, sound: _Sound, sentence: str) -> None:
        assert self.speaker is not None
        try:
            data = await make_clip(self.speaker, sentence, self.voice)
            self._mute = ""
        except NodeError as error:
            self._mute = error.what
            return
        sound.characters += len(sentence)
        if data is None or sound.dropped:
            return
        milliseconds = int(decode_clip(data).seconds * 1000)
        stored = encrypt_blob(data, sound.key) if sound.key else data
        blob = await self.clips.put(stored)
        clip = Clip(blob, len(stored), milliseconds)
        sound.made.append(clip)
        sound.first_at = sound.first_at or trio.current_time()
        notice = ClipMade(
            sound.cue.entry, len(sound.made) - 1, blob, clip.size, milliseconds, sound.characters, sound.key
        )
        self.tell(sound.cue, notice.kind, notice.pack())

    async def _close_sound(self, sound: _Sound) -> None:
        if sound.line is None or not sound.made:
            return
        if sound.cue.review and sound.line.id in self._story.offered:
            self._kept[sound.line.id] = sound  # nobody hears a line before the narrator let it in
            while len(self._kept) > limits.PLAN:
                del self._kept[next(iter(self._kept))]
            return
        body = Voiced(tuple(sound.made), format_voice(self.voice), sound.key)
        await self.node.write(Draft(body, refs=(sound.line.id,), audience=sound.cue.audience))

    # --- health -----------------------------------------------------------------------------------------------------

    async def _tell_health(self) -> None:
        while True:
            self._report()
            await trio.sleep(HEALTH_SECONDS)

    def _report(self) -> None:
        if self._failing:
            state, why = "failing", self._failing
        elif not self._loaded:
            state, why = "loading", "It is loading its model."
        elif self._mute:
            state, why = "slow", self._mute
        else:
            state, why = "ready", ""
        health = Health(
            state,
            why[:256],
            self.writer.name[:128],
            format_voice(self.voice),
            int(self._rate * 10),
            int(self._first_token * 1000),
        )
        self.node.say(health.kind, health.pack())


class _Said:
    """A line as it streams: pieces go out as tokens, whole sentences to the voice."""

    def __init__(self, performer: Performer, cue: Cue, sound: _Sound) -> None:
        self.cue = cue
        self.sound = sound
        self.text = ""
        self._performer = performer
        self._spoken = SpokenStream()
        self._index = 0

    def push(self, piece: str) -> None:
        self.text += piece
        moment = Tokens(self.cue.entry, self._index, piece[:4096], 0)
        self._index += 1
        self._performer.tell(self.cue, moment.kind, moment.pack())
        for sentence in self._spoken.push(piece):
            self._performer.queue_sentence(self.sound, sentence)

    def finish(self, *, whole: bool) -> None:
        """The line is complete. ``whole``: all that streamed is part of it; else half a sentence at its end is not."""
        moment = Tokens(self.cue.entry, self._index, "", 1)
        self._performer.tell(self.cue, moment.kind, moment.pack())
        for sentence in self._spoken.finish() if whole else ():
            self._performer.queue_sentence(self.sound, sentence)
