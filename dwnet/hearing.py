"""What is said aloud, in its order: line after line, sentence after sentence, none twice, and how far it has come.

Rules of this file:
- A line is heard while it is still being written: its clips are queued as they come, each before the one before it
  ends, so that there is no gap. So it is from line to line.
- A clip that does not come is left out after a while; what comes after it is not held up.
- Whoever shows the story is told at a bounded rate how much was said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from dwnet.audio import Sound
from dwnet.playback import Player, Playing
from protocol import limits

CLIP_SECONDS = 8.0  # to wait for the next clip of a line whose text is complete
LINE_SECONDS = 40.0  # to wait for anything more of a line that is still being written
LEAD_SECONDS = 0.5  # before the end of a line at which the next one is given to the loudspeaker
FOLLOW_SECONDS = 0.2  # between two words on how far a line has come


@dataclass(frozen=True)
class Said:
    """How far a line was said aloud. ``entry`` is b"" while there is only its cue; ``characters`` counts what is
    speech in it; ``over``: nothing more of it will be heard; ``replayed``: it was said before.
    """

    cue: bytes
    entry: bytes
    seat: int
    characters: int
    over: bool
    replayed: bool


@dataclass
class Speech:
    """The sound of one line. ``clips`` holds what is here and was not queued yet: by index, the sound and how many
    characters of the line are said at its end. ``count`` is how many there will be, None while that is not known.
    """

    cue: bytes
    seat: int
    entry: bytes = b""
    replayed: bool = False
    clips: dict[int, tuple[Sound, int]] = field(default_factory=dict)
    count: int | None = None
    texted: bool = False
    over: bool = False
    said: int = 0  # characters that were said aloud
    changed: trio.Event = field(default_factory=trio.Event)

    @property
    def is_narration(self) -> bool:
        """Nobody was cued for it: it stands for itself."""
        return self.cue == self.entry

    def stir(self) -> None:
        """Something about it changed."""
        self.changed.set()
        self.changed = trio.Event()


class Hearing:
    """Says one line after the other. ``tell`` is called with how far each has come."""

    def __init__(self, player: Player, tell: Callable[[Said], None]) -> None:
        self.player = player
        self._tell = tell
        self._queue: deque[Speech] = deque()
        self._queued = trio.Event()
        self._saying: list[Speech] = []  # being heard, and the one whose clips follow those

    def add(self, line: Speech, before: Callable[[Speech], bool] = lambda other: False) -> None:
        """Say this line after all others, save those that are to come after it."""
        place = next((at for at, other in enumerate(self._queue) if before(other)), len(self._queue))
        self._queue.insert(place, line)
        self._queued.set()

    def drop(self, line: Speech) -> None:
        """Say no more of this line."""
        self._end(line)

    def silence(self) -> list[Speech]:
        """Stop the sound; the lines that were being said or waited to be."""
        lines = self._waiting()
        for line in lines:
            self._end(line)
        self.player.hush()
        return lines

    def stop_replays(self) -> None:
        """Stop what is said once more; what is said for the first time goes on."""
        for line in self._waiting():
            if line.replayed:
                self._end(line)

    def busy(self) -> bool:
        """Whether anything is being said aloud, or waits to be."""
        return bool(self._saying or self._queue)

    def is_speaking(self, line: Speech) -> bool:
        """Whether this is the line that is being said."""
        return self._saying[:1] == [line]

    async def run(self) -> None:
        """Speak until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                while not self._queue:
                    self._queued = trio.Event()
                    await self._queued.wait()
                line = self._queue.popleft()
                self._saying.append(line)
                send, receive = trio.open_memory_channel[tuple[Playing, Sound, int]](limits.CLIPS)
                nursery.start_soon(self._hear, line, receive)
                async with send:
                    await self._feed(line, send)
                await self._nearly_over(line)

    def _waiting(self) -> list[Speech]:
        return [line for line in (*self._saying, *self._queue) if not line.over]

    def _end(self, line: Speech) -> None:
        line.over = True
        if line in self._queue:
            self._queue.remove(line)
        line.stir()

    async def _feed(self, line: Speech, send: trio.MemorySendChannel[tuple[Playing, Sound, int]]) -> None:
        """Give a line's clips to the loudspeaker as they come."""
        index = 0
        while not line.over:
            if index in line.clips:
                sound, characters = line.clips.pop(index)
                if sound.pcm:
                    send.send_nowait((self.player.queue(sound), sound, characters))
                index += 1
            elif line.count is not None and index >= line.count:
                return
            else:
                with trio.move_on_after(CLIP_SECONDS if line.texted else LINE_SECONDS) as patience:
                    await line.changed.wait()
                if patience.cancelled_caught:
                    return

    async def _nearly_over(self, line: Speech) -> None:
        """Until so little is left to be heard of it that the next line must follow now."""
        while line in self._saying and (left := self.player.seconds_left() - LEAD_SECONDS) > 0:
            with trio.move_on_after(left):
                await line.changed.wait()

    async def _hear(self, line: Speech, queued: trio.MemoryReceiveChannel[tuple[Playing, Sound, int]]) -> None:
        async for playing, sound, characters in queued:
            if line.over and line.replayed:
                playing.drop()
                continue
            before = line.said
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._follow, line, playing, sound, characters)
                seconds = await playing.heard()
                nursery.cancel_scope.cancel()
            line.said = _reached(before, characters, sound, seconds)
            self._note(line)
        line.over = True
        self._saying.remove(line)
        line.stir()
        self._note(line)

    async def _follow(self, line: Speech, playing: Playing, sound: Sound, characters: int) -> None:
        before = line.said
        while True:
            line.said = _reached(before, characters, sound, playing.so_far())
            self._note(line)
            with trio.move_on_after(FOLLOW_SECONDS):
                while not (line.over and line.replayed):
                    await line.changed.wait()
                playing.drop()
                return

    def _note(self, line: Speech) -> None:
        self._tell(Said(line.cue, line.entry, line.seat, line.said, line.over, line.replayed))


def _reached(before: int, characters: int, sound: Sound, seconds: float) -> int:
    share = min(1.0, seconds / sound.seconds) if sound.seconds else 1.0
    return before + int(max(0, characters - before) * share)
