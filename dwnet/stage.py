"""What is being said right now, for whoever listens in: words as they stream, sound in its order.

Rules of this file:
- A member's tokens and clips count only for a cue of its own seat.
- Clips are fetched as they are announced and heard in order: line after line, sentence after sentence, none twice.
  While one is heard, the next ones are fetched already.
- A clip that does not come, or does not decode, is left out after a while; the text is never held up by it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import trio

from dwnet.audio import CLIP_RATE, Sound, decode_clip, resample
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Event, Node
from dwnet.playback import Player, Playing
from dwnet.text import clean_piece, one_line
from dwnet.whole_file import writing
from protocol import limits
from protocol.effects import Heard, Took
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.kinds import Voiced
from protocol.moments import ClipMade, Hush, Tokens, read_moment
from protocol.sealing import decrypt_blob
from protocol.story import Cue

CUES = 32  # whose sound is kept in mind
CLIP_SECONDS = 8.0  # to wait for the next clip of a line whose text is complete
LINE_SECONDS = 40.0  # to wait for anything more of a line that is still being written
LARGEST = limits.CLIP_BYTES + 16  # bytes of a clip as it travels; encrypting a private one adds so many
NAME = 40  # characters of a name in the name of a file, which may have 255 bytes
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Words:
    """A piece of a line that is being written. ``done``: it was the last."""

    cue: Cue
    seat: int
    text: str
    done: bool


@dataclass(frozen=True)
class LineVoiced:
    """All clips of a line are here, as playable files."""

    line: Entry
    seat: int
    paths: tuple[Path, ...]


Shown = Words | LineVoiced


@dataclass
class _Line:
    """The sound of one answer."""

    cue: bytes
    seat: int
    clips: dict[int, tuple[Sound, int]] = field(default_factory=dict)
    wanted: set[int] = field(default_factory=set)
    paths: dict[int, Path] = field(default_factory=dict)
    number: int = 0  # of this line among the files; 0 until it has one
    count: int | None = None
    texted: bool = False
    over: bool = False
    changed: trio.Event = field(default_factory=trio.Event)
    said: int = 0  # characters that were said aloud
    entry: bytes = b""

    def stir(self) -> None:
        self.changed.set()
        self.changed = trio.Event()


class Stage:
    """Follows what is said. ``show`` is called with what there is to see; ``folder`` gets the clips as files."""

    def __init__(self, node: Node, clips: Clips, player: Player, folder: Path, show: Callable[[Shown], None]) -> None:
        self.node = node
        self.clips = clips
        self.player = player
        self.folder = folder
        self._show = show
        self._lines: dict[bytes, _Line] = {}
        self._queue: deque[_Line] = deque()
        self._queued = trio.Event()
        self._speaking: _Line | None = None
        self._nursery: trio.Nursery
        self._number = 0

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Follow until cancelled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._number = sum(1 for _ in self.folder.glob("*.ogg"))
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._speak)
            async for event in events:
                match event:
                    case Took(entry=entry):
                        self._took(entry)
                    case Heard(link=link, ephemeral=one):
                        seat = self._seat_of(one.author)
                        if seat is None:
                            continue
                        try:
                            self._heard(link, seat, one.kind, one.payload)
                        except ProtocolError as error:
                            logger.warning("a moment that does not read: %s", error)

    def silence(self) -> list[tuple[bytes, int]]:
        """Stop the sound. What was being said: the line, or its cue while there is none, and the characters
        said aloud.
        """
        lines = [line for line in (self._speaking, *self._queue) if line is not None and not line.over]
        self._queue.clear()
        heard = [(line.entry or line.cue, line.said) for line in lines if line.said or line is self._speaking]
        for line in lines:
            line.over = True
            line.stir()
        self.player.hush()
        return heard

    def busy(self) -> bool:
        """Whether anything is being said aloud, or waits to be."""
        return self._speaking is not None or bool(self._queue)

    # --- what comes -------------------------------------------------------------------------------------------------

    def _took(self, entry: Entry) -> None:
        story = self.node.ledger.story
        match entry.kind:
            case "cue":
                cue = story.cues.get(entry.id)
                if cue is not None and cue.seat is not None and cue.state == "open":
                    self._begin(cue)
            case "line" if entry.refs and entry.refs[0] in self._lines:
                line = self._lines[entry.refs[0]]
                line.texted, line.entry = True, entry.id
                line.stir()
            case "missed" | "discard" if entry.refs:
                for line in self._lines.values():
                    if entry.refs[0] in (line.cue, line.entry):
                        line.over = True
                        line.stir()
            case "voiced":
                opening = self.node.ledger.opening(entry)
                if opening and isinstance(opening.body, Voiced) and entry.refs:
                    self._voiced(entry, opening.body)

    def _begin(self, cue: Cue) -> None:
        assert cue.seat is not None
        line = self._lines[cue.entry] = _Line(cue.entry, cue.seat)
        self._queue.append(line)
        self._queued.set()
        while len(self._lines) > CUES:
            del self._lines[next(iter(self._lines))]

    def _heard(self, link: int, seat: int, kind: str, payload: bytes) -> None:
        if kind == Hush.kind:
            self.silence()
            return
        if kind not in (Tokens.kind, ClipMade.kind):
            return
        moment = read_moment(Tokens, payload) if kind == Tokens.kind else read_moment(ClipMade, payload)
        line, cue = self._lines.get(moment.cue), self.node.ledger.story.cues.get(moment.cue)
        if line is None or cue is None or line.seat != seat:
            return
        if isinstance(moment, Tokens):
            self._show(Words(cue, seat, clean_piece(moment.text), bool(moment.done)))
        elif moment.index not in line.wanted and moment.size <= LARGEST:
            line.wanted.add(moment.index)
            self._nursery.start_soon(
                self._fetch, line, moment.index, moment.blob, moment.characters, moment.key, (link,)
            )

    def _voiced(self, entry: Entry, body: Voiced) -> None:
        line = next((one for one in self._lines.values() if one.entry == entry.refs[0]), None)
        seat = self._seat_of(entry.author)
        if line is None or seat != line.seat or line.count is not None:
            return
        line.count = len(body.clips)
        links = tuple(self.node.gossip.remotes())
        for index, clip in enumerate(body.clips):
            if index not in line.wanted and clip.size <= LARGEST:
                line.wanted.add(index)
                self._nursery.start_soon(self._fetch, line, index, clip.blob, 0, body.key, links)
        line.stir()
        self._nursery.start_soon(self._tell_voiced, line, entry.refs[0])

    async def _fetch(
        self, line: _Line, index: int, blob: bytes, characters: int, key: bytes, links: tuple[int, ...]
    ) -> None:
        occupant = self.node.ledger.authority.occupant(line.seat)
        author = occupant.key if occupant else b""
        try:
            data = await self.clips.fetch(blob, LARGEST, links, author)
            if key:
                data = decrypt_blob(data, key)
            sound = await trio.to_thread.run_sync(_playable, data)
            path = self._place_of(line, index, private=bool(key))
            await trio.to_thread.run_sync(_save, path, data)
            line.paths[index] = path
            line.clips[index] = (sound, characters)
        except (NodeError, ProtocolError) as error:
            logger.warning("a clip is left out: %s", error)
            line.clips[index] = (Sound(b"", CLIP_RATE), characters)
        line.stir()

    def _place_of(self, line: _Line, index: int, *, private: bool) -> Path:
        """Where people find a clip: numbered in the order of the story, with the name of who speaks."""
        if not line.number:
            self._number += 1
            line.number = self._number
        seat = self.node.ledger.story.seats.get(line.seat)
        name = "".join(one if one.isalnum() else "-" for one in one_line(seat.name if seat else "voice", NAME))
        folder = self.folder / "whispers" if private else self.folder
        return folder / f"{line.number:04d}-{name}-{index + 1}.ogg"

    # --- what is heard ----------------------------------------------------------------------------------------------

    async def _speak(self) -> None:
        while True:
            while not self._queue:
                self._queued = trio.Event()
                await self._queued.wait()
            self._speaking = self._queue.popleft()
            await self._speak_line(self._speaking)
            self._speaking = None

    async def _speak_line(self, line: _Line) -> None:
        """Queue its clips as they come, each before the one before it ends, so that there is no gap; and hear them."""
        send, receive = trio.open_memory_channel[tuple[Playing, Sound, int]](limits.CLIPS)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hear, line, receive)
            async with send:
                index = 0
                while not line.over:
                    if index in line.clips:
                        sound, characters = line.clips.pop(index)
                        if sound.pcm:
                            send.send_nowait((self.player.queue(sound), sound, characters))
                        index += 1
                    elif line.count is not None and index >= line.count:
                        break
                    else:
                        with trio.move_on_after(CLIP_SECONDS if line.texted else LINE_SECONDS) as patience:
                            await line.changed.wait()
                        if patience.cancelled_caught:
                            break
        line.over = True

    async def _hear(self, line: _Line, queued: trio.MemoryReceiveChannel[tuple[Playing, Sound, int]]) -> None:
        async for playing, sound, characters in queued:
            before = line.said
            seconds = await playing.heard()
            share = min(1.0, seconds / sound.seconds) if sound.seconds else 1.0
            line.said = before + int(max(0, characters - before) * share)

    async def _tell_voiced(self, line: _Line, entry_id: bytes) -> None:
        with trio.move_on_after(LINE_SECONDS):
            while len(line.paths) < (line.count or 0):
                await line.changed.wait()
        entry = self.node.ledger.entries.get(entry_id)
        if entry is not None and line.paths:
            self._show(LineVoiced(entry, line.seat, tuple(path for _, path in sorted(line.paths.items()))))

    def _seat_of(self, key: bytes) -> int | None:
        member = self.node.ledger.authority.member(key)
        return member.seat if member else None


def _playable(data: bytes) -> Sound:
    """The sound of a clip at the rate the loudspeaker takes, whatever rate a stranger chose."""
    return resample(decode_clip(data), CLIP_RATE)


def _save(path: Path, data: bytes) -> None:
    with writing(path):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
