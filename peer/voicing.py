"""The sound of a character's lines: sentence after sentence becomes a clip, is told of, and at last stands in the log.

Rules of this file:
- One sentence at a time, in the order they were written. What waits is bounded; a sentence too many is left out, never
  waited for.
- What a hush finds unsaid is not said any more. What was voiced until then stays with the line.
- The sound of a line under review becomes an entry when the narrator has let the line in.
- An engine that fails costs the character its voice for a while, and nobody a sentence: the same sentence and what
  follows are said with an embedded voice. It is told once, and the engine tried again ``RETRY_SECONDS`` later.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import trio

from dwnet.audio import decode_clip
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft, Node
from dwnet.pronunciation import respelled
from peer.scene import card_of
from peer.voice.bank import spare_for
from peer.voice.clips import make_clip
from peer.voice.contract import RATE, Speaker, Voice, format_voice
from peer.voice.espeak import Espeak
from peer.voice.spans import Aloud
from protocol import limits
from protocol.entry import Entry
from protocol.kinds import Voiced
from protocol.moments import ClipMade
from protocol.sealing import encrypt_blob
from protocol.shapes import Clip
from protocol.story import Cue

SENTENCES = 64  # waiting to be voiced; a line holds fewer
RETRY_SECONDS = 30.0  # after which an engine that failed is asked for a line again
ASIDE, LOWER, SLOWER = 0.5, 12, 0.9  # of the loudness; of 100 steps of pitch; of the rate
logger = logging.getLogger(__name__)


@dataclass(eq=False)
class LineSound:
    """The sound of one line, while it is being made. ``key`` opens private clips (b"": they are public). A line is said
    in one voice from its beginning to its end, unless an engine fails in the middle.
    """

    cue: Cue
    key: bytes
    voice: Voice
    speaker: Speaker | None
    hints: Mapping[str, str]  # how names are said
    made: list[Clip] = field(default_factory=list)
    characters: int = 0
    line: Entry | None = None
    dropped: bool = False
    first_at: float | None = None  # on trio's clock, when its first clip was ready


class Voicing:
    """One character's voice. ``speaker`` None: it has none on this machine. ``tell`` sends a moment about an answer."""

    def __init__(
        self,
        node: Node,
        clips: Clips,
        speaker: Speaker | None,
        voice: Voice,
        tell: Callable[[Cue, str, bytes], None],
    ) -> None:
        self.voice = voice
        self.mute = ""  # why there is no sound, or not the character's own voice, as the last sentence showed
        self._failed_at = -math.inf  # on trio's clock, the character's own engine
        self._speaking = trio.CancelScope()  # of the sentence that is being made
        self._embedded = Espeak()
        self._node = node
        self._clips = clips
        self._speaker = speaker
        self._tell = tell
        self._sounds: set[LineSound] = set()  # of lines that are not voiced to their end yet
        self._kept: dict[bytes, LineSound] = {}  # by line: voiced while under review, not yet let in
        self._queue, self._queued = trio.open_memory_channel[tuple[LineSound, Aloud | None]](SENTENCES)

    def change(self, voice: Voice, speaker: Speaker | None) -> None:
        """Speak with another voice, from the next line on."""
        self.voice, self._speaker, self.mute = voice, speaker, ""
        self._failed_at = -math.inf

    def begin(self, cue: Cue) -> LineSound:
        """The sound of an answer that is about to be written."""
        key = os.urandom(32) if cue.audience is not None else b""
        seat = self._seat
        card = card_of(self._node.ledger.story, seat) if seat is not None else None
        sound = LineSound(cue, key, self.voice, self._speaker, card.pronunciation if card is not None else {})
        if trio.current_time() < self._failed_at + RETRY_SECONDS:
            self._fall_back(sound)
        self._sounds.add(sound)
        return sound

    @property
    def _seat(self) -> int | None:
        member = self._node.ledger.authority.member(self._node.member.public)
        return member.seat if member is not None else None

    def say(self, sound: LineSound, sentence: Aloud) -> None:
        """A sentence is complete: it will be voiced after those before it."""
        if sound.speaker is None:
            return
        try:
            self._queue.send_nowait((sound, sentence))
        except trio.WouldBlock:
            logger.warning("more than %d sentences wait to be voiced; one is left out", SENTENCES)

    def end(self, sound: LineSound, line: Entry) -> None:
        """The line is in the log and all its sentences are queued: what is made of them becomes an entry."""
        sound.line = line
        try:
            self._queue.send_nowait((sound, None))
        except trio.WouldBlock:
            self.drop(sound)

    def drop(self, sound: LineSound) -> None:
        """There will be no line."""
        sound.dropped = True
        self._sounds.discard(sound)

    def let_in(self, line: bytes) -> None:
        """A line became canon: if it was under review, its sound may be heard by all now."""
        if line in self._kept:
            sound = self._kept.pop(line)
            assert sound.line is not None, "it is kept by its line"
            self.end(sound, sound.line)

    def hush(self) -> None:
        """What is not said yet is not said any more."""
        for sound in self._sounds:
            sound.dropped = True
        self._speaking.cancel()

    async def run(self) -> None:
        """Voice what is queued until cancelled. A word is spoken to nobody first: an engine is slow at its first
        sentence, and a voice that can't speak is better known before it is needed.
        """
        await self._try()
        async for sound, sentence in self._queued:
            if sentence is None:
                await self._close(sound)
                self._sounds.discard(sound)
            elif not sound.dropped and len(sound.made) < limits.CLIPS:
                await self._voice(sound, sentence)

    async def read(self, asked: Cue, sentences: Sequence[str], wanted: Callable[[], bool]) -> None:
        """Voice a whole text, whose entry ``asked`` names, and write what came of it, also when that is nothing. When
        it is not ``wanted`` any more, nothing is written.
        """
        sound = self.begin(asked)
        for sentence in sentences if sound.speaker is not None else ():
            if not sound.dropped:
                await self._voice(sound, Aloud(sentence))
        self._sounds.discard(sound)
        if wanted():
            await self._write(sound, asked.entry)

    async def _try(self) -> None:
        if self._speaker is None:
            return
        try:
            await make_clip(self._speaker, "Ready.", self.voice)
        except NodeError as error:
            self._failed(error)

    def _failed(self, error: NodeError) -> None:
        """The character's own engine failed."""
        self._failed_at = trio.current_time()
        told = f"{error.what} It speaks with an embedded voice meanwhile. {error.hint}"
        if told != self.mute:
            logger.warning("%s", told)
        self.mute = told

    def _fall_back(self, sound: LineSound) -> None:
        """What is left of the line is said with an embedded voice."""
        if sound.speaker is not None:
            languages = self._embedded.voices() if self._embedded.missing() is None else ()
            sound.voice = spare_for(self._seat or 0, sound.voice, languages)
            sound.speaker = self._embedded

    async def _clip(self, sound: LineSound, sentence: Aloud) -> bytes | None:
        """The sentence as a clip, by whichever engine can. Raises what the embedded one raises."""
        assert sound.speaker is not None
        loudness = ASIDE if sentence.softly else 1.0
        words = respelled(sentence.text, sound.hints)
        try:
            data = await make_clip(sound.speaker, words, _manner(sound.voice, sentence), loudness)
        except NodeError as error:
            if sound.speaker is self._embedded:
                raise
            self._failed(error)
            self._fall_back(sound)
            return await make_clip(self._embedded, words, _manner(sound.voice, sentence), loudness)
        if sound.speaker is not self._embedded:
            self.mute, self._failed_at = "", -math.inf
        return data

    async def _voice(self, sound: LineSound, sentence: Aloud) -> None:
        data = None
        try:
            with trio.CancelScope() as self._speaking:
                data = await self._clip(sound, sentence)
        except NodeError as error:
            self.mute = error.what
            return
        sound.characters += len(sentence.text) if sentence.kind == "speech" else 0
        if data is None or sound.dropped:
            return
        milliseconds = int((await trio.to_thread.run_sync(decode_clip, data)).seconds * 1000)
        stored = encrypt_blob(data, sound.key) if sound.key else data
        blob = await self._clips.put(stored)
        clip = Clip(blob, len(stored), milliseconds)
        sound.made.append(clip)
        sound.first_at = sound.first_at or trio.current_time()
        notice = ClipMade(
            sound.cue.entry, len(sound.made) - 1, blob, clip.size, milliseconds, sound.characters, sound.key
        )
        self._tell(sound.cue, notice.kind, notice.pack())

    async def _close(self, sound: LineSound) -> None:
        if sound.line is None or sound.speaker is None or (sound.dropped and not sound.made):
            return
        if sound.cue.review and sound.line.id in self._node.ledger.story.offered:
            self._kept[sound.line.id] = sound  # nobody hears a line before the narrator let it in
            while len(self._kept) > limits.PLAN:
                del self._kept[next(iter(self._kept))]
            return
        await self._write(sound, sound.line.id)

    async def _write(self, sound: LineSound, about: bytes) -> None:
        """Also that there is nothing to hear, so that nobody waits for it."""
        body = Voiced(tuple(sound.made), format_voice(sound.voice), sound.key)
        await self._node.write(Draft(body, refs=(about,), audience=sound.cue.audience))


def _manner(voice: Voice, sentence: Aloud) -> Voice:
    """The voice as it says this sentence: an aside is lower and slower."""
    if not sentence.softly:
        return voice
    return replace(voice, pitch=max(0, voice.pitch - LOWER), rate=max(RATE[0], round(voice.rate * SLOWER)))
