"""What is being said right now, for whoever listens in: words as they stream, sound in its order.

Rules of this file:
- A member's tokens and clips count only for a cue of its own seat, a reader's clips only for a narration.
- A narration is heard before what answers it: as the narrator recorded it, else as a reader reads it, never as both. To
  the narrator himself no recording of his is played.
- Clips are fetched as they are announced, and heard in order (hearing.py). While one is heard, the next ones are
  fetched already.
- A clip that does not decode is left out. One that finds no room on the disk is heard all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trio

from dwnet.audio import CLIP_RATE, Sound, decode_clip, resample
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.hearing import LINE_SECONDS, Hearing, Said, Speech
from dwnet.node import Event, Node
from dwnet.playback import Player
from dwnet.text import clean_piece, one_line
from dwnet.whole_file import writing
from protocol import limits
from protocol.effects import Heard, Took
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.kinds import NARRATOR, Voiced
from protocol.moments import ClipMade, Hush, Tokens, read_moment
from protocol.sealing import decrypt_blob
from protocol.story import Cue

CUES = 32  # whose sound is kept in mind
LARGEST = limits.CLIP_BYTES + 16  # bytes of a clip as it travels; encrypting a private one adds so many
NAME = 40  # characters of a name in the name of a file, which may have 255 bytes
logger = logging.getLogger(__name__)


class NothingToHear(NodeError):
    """There is no sound of this yet.

    A line has sound once its character has spoken it; what you tell yourself has none.
    """


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


Shown = Words | LineVoiced | Said


@dataclass
class _Line(Speech):
    """The sound of one answer, on its way to this machine."""

    wanted: set[int] = field(default_factory=set)
    settled: set[int] = field(default_factory=set)
    paths: dict[int, Path] = field(default_factory=dict)
    number: int = 0  # of this line among the files; 0 until it has one


class Stage:
    """Follows what is said. ``show`` is called with what there is to see; ``folder`` gets the clips as files."""

    def __init__(self, node: Node, clips: Clips, player: Player, folder: Path, show: Callable[[Shown], None]) -> None:
        self.node = node
        self.clips = clips
        self.player = player
        self.folder = folder
        self._show = show
        self._lines: dict[bytes, _Line] = {}
        self._hearing = Hearing(player, show)
        self._nursery: trio.Nursery
        self._number = 0

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Follow until cancelled."""
        self._number = sum(1 for _ in self.folder.glob("*.ogg"))
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._hearing.run)
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
        """Stop the sound. What was being said by characters: the line, or its cue while there is none, and how much
        of it was said aloud.
        """
        return [
            (line.entry or line.cue, line.said)
            for line in self._hearing.silence()
            if not line.replayed and not line.is_narration and (line.said or self._hearing.is_speaking(line))
        ]

    def busy(self) -> bool:
        """Whether anything is being said aloud, or waits to be."""
        return self._hearing.busy()

    def replay(self, entries: Sequence[bytes]) -> None:
        """Say these lines once more, one after the other, in place of what else is said once more now.

        :raises NothingToHear: when none of them has sound.
        :raises NoAudioDevice, AudioDeviceGone: when nothing can be heard here.
        """
        if self.player.why_silent is not None:
            raise self.player.why_silent
        story = self.node.ledger.story
        takes = [passage.take for one in entries if (passage := story.passage_of(one)) is not None]
        voiced = [(take, body) for take in takes if (body := story.sound_of(take)) is not None and body.clips]
        if not voiced:
            raise NothingToHear
        self._hearing.stop_replays()
        for take, body in voiced:
            passage = story.passage_of(take.entry)
            line = _Line(take.cue, passage.seat if passage else 0, take.entry, True, count=len(body.clips), texted=True)
            spoken = sum(len(one.text) for one in story.spans_of(take) if one.kind == "speech")
            self._hearing.add(line)
            self._fetch_all(line, body, spoken)

    def stop_replay(self) -> None:
        """Stop what is said once more; what is said for the first time goes on."""
        self._hearing.stop_replays()

    # --- what comes -------------------------------------------------------------------------------------------------

    def _took(self, entry: Entry) -> None:
        story = self.node.ledger.story
        match entry.kind:
            case "cue":
                cue = story.cues.get(entry.id)
                if cue is not None and cue.seat is not None and cue.state == "open":
                    self._begin(cue)
            case "narrate" if (seat := self._reader()) is not None:
                self._begin_narration(entry.id, seat)
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
                    if self.node.ledger.is_narrator(entry.author):
                        self._recorded(entry, opening.body)
                    else:
                        self._voiced(entry, opening.body)

    def _begin(self, cue: Cue) -> None:
        assert cue.seat is not None
        line = _Line(cue.entry, cue.seat)
        self._hearing.add(line)
        self._follow(line)

    def _begin_narration(self, entry: bytes, seat: int) -> _Line | None:
        """The last narration, which ``seat`` makes heard before the lines of its beat; None when it is another, or not
        for everybody.
        """
        story = self.node.ledger.story
        passage = story.passages.get(entry) if entry == story.last_beat() else None
        if passage is None or passage.seat != NARRATOR or passage.take.audience is not None or passage.take.hidden:
            return None
        line = _Line(entry, seat, entry, texted=True)
        self._hearing.add(line, lambda other: (cue := story.cues.get(other.cue)) is not None and cue.beat == entry)
        self._follow(line)
        return line

    def _reader(self) -> int | None:
        """The seat that reads narrations aloud, and can be reached from here."""
        node, story = self.node, self.node.ledger.story
        for one in node.ledger.authority.current():
            on_stage = one.seat in story.seats and not story.seats[one.seat].retired
            if one.role == "reader" and on_stage and (one.key == node.member.public or node.linked_to(one.key)):
                return one.seat
        return None

    def _follow(self, line: _Line) -> None:
        self._lines[line.cue] = line
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
        if line is None and isinstance(moment, ClipMade) and self._reads(seat):
            line = self._begin_narration(moment.cue, seat)  # a reader that is not linked to us
        if line is None or line.seat != seat:
            return
        if isinstance(moment, Tokens):
            if cue is not None:
                self._show(Words(cue, seat, clean_piece(moment.text), bool(moment.done)))
        elif moment.index not in line.wanted and moment.size <= LARGEST:
            line.wanted.add(moment.index)
            self._nursery.start_soon(
                self._fetch, line, moment.index, moment.blob, moment.characters, moment.key, (link,)
            )

    def _reads(self, seat: int) -> bool:
        member = self.node.ledger.authority.occupant(seat)
        return member is not None and member.role == "reader"

    def _recorded(self, entry: Entry, body: Voiced) -> None:
        """The narrator's own voice, which goes before a reader's."""
        line = self._lines.get(entry.refs[0])
        if entry.author == self.node.member.public:
            if line is not None:
                self._hearing.drop(line)
            return
        line = line or self._begin_narration(entry.refs[0], NARRATOR)
        if line is not None and not line.wanted:
            line.seat = NARRATOR
            self._all_is_known(line, entry, body)

    def _voiced(self, entry: Entry, body: Voiced) -> None:
        line = next((one for one in self._lines.values() if one.entry == entry.refs[0]), None)
        seat = self._seat_of(entry.author)
        if line is None or seat != line.seat or line.count is not None:
            return
        self._all_is_known(line, entry, body)

    def _all_is_known(self, line: _Line, entry: Entry, body: Voiced) -> None:
        passage = self.node.ledger.story.passages.get(line.entry) if line.is_narration else None
        spoken = sum(len(one.text) for one in passage.take.spans) if passage else 0
        line.count = len(body.clips)
        self._fetch_all(line, body, spoken)
        line.stir()
        self._nursery.start_soon(self._tell_voiced, line, entry.refs[0])

    def _fetch_all(self, line: _Line, body: Voiced, spoken: int) -> None:
        """Fetch what is not on its way yet. ``spoken``: characters of the whole line, which its clips share by their
        length.
        """
        links = tuple(self.node.gossip.remotes())
        whole = sum(clip.milliseconds for clip in body.clips) or 1
        reached = 0
        for index, clip in enumerate(body.clips):
            reached += clip.milliseconds
            if index not in line.wanted and clip.size <= LARGEST:
                line.wanted.add(index)
                self._nursery.start_soon(
                    self._fetch, line, index, clip.blob, spoken * reached // whole, body.key, links
                )

    async def _fetch(
        self, line: _Line, index: int, blob: bytes, characters: int, key: bytes, links: tuple[int, ...]
    ) -> None:
        occupant = self.node.ledger.authority.occupant(line.seat)
        author = occupant.key if occupant else b""
        sound, data = Sound(b"", CLIP_RATE), b""
        try:
            data = await self.clips.fetch(blob, LARGEST, links, author)
            if key:
                data = decrypt_blob(data, key)
            sound = await trio.to_thread.run_sync(_playable, data)
        except (NodeError, ProtocolError) as error:
            logger.warning("a clip is left out: %s", error)
        line.clips[index] = (sound, characters)
        line.stir()
        if sound.pcm and not line.replayed:
            await self._keep(line, index, data, private=bool(key))
        line.settled.add(index)
        line.stir()

    async def _keep(self, line: _Line, index: int, data: bytes, *, private: bool) -> None:
        path = self._place_of(line, index, private=private)
        try:
            await trio.to_thread.run_sync(_save, path, data)
        except NodeError as error:
            logger.warning("a clip is heard and not kept as a file: %s", error)
        else:
            line.paths[index] = path

    def _place_of(self, line: _Line, index: int, *, private: bool) -> Path:
        """Where people find a clip: numbered in the order of the story, with the name of who speaks."""
        if not line.number:
            self._number += 1
            line.number = self._number
        name = one_line(self.node.ledger.story.name_of(line.seat), NAME)
        name = "".join(one if one.isalnum() else "-" for one in name)
        folder = self.folder / "whispers" if private else self.folder
        return folder / f"{line.number:04d}-{name}-{index + 1}.ogg"

    async def _tell_voiced(self, line: _Line, entry_id: bytes) -> None:
        with trio.move_on_after(LINE_SECONDS):
            while len(line.settled) < (line.count or 0):
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
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
