"""Sounds to the loudspeaker: one after the other without a gap, each reported when it was heard, all gone at a hush.

Two threads meet here. The device's own thread asks for samples every ``_PERIOD`` and may never wait: all it does is
copy from the queue under a lock. What it finishes it reports to the trio thread, which wakes whoever waits.
"""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from functools import cache
from threading import Lock
from typing import Any

import trio

from dwnet.audio import CLIP_RATE, Sound, resample, softened
from dwnet.errors import NodeError

_PERIOD = 40  # ms between two questions of the device
_PERIODS = 3  # the device holds this many before the first is heard: miniaudio's own default
QUEUE = 256  # sounds that may wait; two lines of the longest kind
_STALLED = 5.0  # s a device may be late before it counts as gone


class NoAudioDevice(NodeError):
    """There is no audio device here that could play sound ({why}).

    The story goes on in writing, and every clip is kept as a file; start again once a loudspeaker is there.
    """


class AudioDeviceGone(NodeError):
    """The audio device stopped taking sound.

    The story goes on in writing, and every clip is kept as a file; start again once the loudspeaker is back.
    """


class TooManySounds(NodeError):
    """{queued} sounds wait to be played already.

    Hush the story, or wait until some of them were heard.
    """


class Playing:
    """A sound on its way to the ear. ``await playing.heard()``; ``playing.drop()`` takes it out again."""

    def __init__(self, pcm: bytes, player: Player) -> None:
        self._pcm = pcm
        self._player = player
        self._over = trio.Event()
        self._begun: int | None = None  # the device's frame count at the first of our frames
        self._taken = 0  # frames the device has taken
        self._heard = 0  # frames that were heard, final once ``_over`` is set

    @property
    def _frames(self) -> int:
        return len(self._pcm) // 2

    def _heard_at(self, frame: int) -> int:
        """How much of it has been heard when the loudspeaker stands at ``frame`` of the device's count."""
        return 0 if self._begun is None else min(max(frame - self._begun, 0), self._taken)

    async def heard(self) -> float:
        """Wait until it was heard or dropped; seconds of it that were heard. Dropped too when the wait is cancelled."""
        try:
            with trio.move_on_after(self._player.seconds_left() + _STALLED):
                await self._over.wait()
            if not self._over.is_set():
                self._player.give_up()
        finally:
            self.drop()
        return self._heard / CLIP_RATE

    def so_far(self) -> float:
        """Seconds of it that were heard by now."""
        return self._player.heard_of(self)

    def drop(self) -> None:
        """Stop this sound, whether it is waiting or being heard. The ones after it move up."""
        self._player.drop(self)


class Player:
    """The loudspeaker, or its absence: ``why_silent`` then tells why, and every sound counts as heard at once.

    Make one with ``open_player``. All methods belong to the trio thread.
    """

    def __init__(self) -> None:
        self.why_silent: NodeError | None = None
        self.loudness = 1.0  # 0 to 1; at 0 lines take their time all the same
        self._token = trio.lowlevel.current_trio_token()
        self._lock = Lock()  # guards everything below
        self._queue: deque[Playing] = deque()  # in the order of being heard; the first ones may all be taken already
        self._clock = 0  # frames the device has taken, silence included
        self._delay = _PERIOD * _PERIODS * CLIP_RATE // 1000  # frames between taken and heard
        self._heard = 0  # frames of sounds that are over

    @property
    def heard_seconds(self) -> float:
        """Seconds of sound that were heard since the player was opened. Silence between sounds does not count."""
        with self._lock:
            at = self._clock - self._delay
            return (self._heard + sum(playing._heard_at(at) for playing in self._queue)) / CLIP_RATE

    def heard_of(self, playing: Playing) -> float:
        """Seconds of one sound that were heard by now."""
        with self._lock:
            waiting = playing in self._queue
            frames = playing._heard_at(self._clock - self._delay) if waiting else playing._heard
        return frames / CLIP_RATE

    def seconds_left(self) -> float:
        """Until everything queued by now is heard."""
        with self._lock:
            frames = sum(playing._frames - playing._taken for playing in self._queue)
        return (frames + self._delay) / CLIP_RATE

    def queue(self, sound: Sound) -> Playing:
        """Put a 24 kHz sound behind all others, now. Raises TooManySounds when ``QUEUE`` of them wait already."""
        if sound.rate != CLIP_RATE:
            raise ValueError(f"sound: {sound.rate} Hz; resample to {CLIP_RATE} first")
        playing = Playing(sound.pcm, self)
        with self._lock:
            if len(self._queue) >= QUEUE:
                raise TooManySounds(queued=len(self._queue))
            self._queue.append(playing)
            if self.why_silent is not None or not sound.pcm:
                playing._taken = playing._heard = playing._frames
                self._end(playing)
        return playing

    async def play(self, sound: Sound) -> float:
        """Queue the sound and wait until it was heard. Returns the seconds of it that were: fewer after a hush."""
        if sound.rate != CLIP_RATE:
            sound = await trio.to_thread.run_sync(resample, sound, CLIP_RATE)
        return await self.queue(sound).heard()

    def hush(self) -> None:
        """Silence at once: nothing more is given to the device, which holds an eighth of a second already."""
        with self._lock:
            for playing in tuple(self._queue):
                self._cut(playing)

    def drop(self, playing: Playing) -> None:
        with self._lock:
            if playing in self._queue:
                self._cut(playing)

    def give_up(self) -> None:
        """The device no longer asks for samples: go on without it."""
        self.why_silent = AudioDeviceGone()
        self.hush()

    def _cut(self, playing: Playing) -> None:
        playing._heard = playing._heard_at(self._clock - self._delay)
        self._end(playing)

    def _end(self, playing: Playing) -> None:
        self._queue.remove(playing)
        self._heard += playing._heard
        self._token.run_sync_soon(playing._over.set)

    def _take(self, frames: int) -> bytes:
        """The device's next ``frames`` frames. Called in its thread."""
        with self._lock:
            heard_up_to = self._clock - self._delay
            while self._queue and self._queue[0]._heard_at(heard_up_to) == self._queue[0]._frames:
                self._queue[0]._heard = self._queue[0]._frames
                self._end(self._queue[0])
            out = bytearray()
            for playing in self._queue:
                missing = frames - len(out) // 2
                if not missing:
                    break
                if playing._taken == playing._frames:
                    continue
                if playing._begun is None:
                    playing._begun = self._clock + len(out) // 2
                piece = playing._pcm[2 * playing._taken : 2 * (playing._taken + missing)]
                playing._taken += len(piece) // 2
                out += piece
            self._clock += frames
        return softened(bytes(out.ljust(2 * frames, b"\0")), self.loudness)

    def _source(self) -> Generator[bytes, int, None]:
        frames = yield b""
        while True:
            frames = yield self._take(frames)


@asynccontextmanager
async def open_player(backend: str = "") -> AsyncIterator[Player]:
    """A player on the machine's default device, or on that of a backend miniaudio knows by name.

    "null" takes sound in real time and plays it to nobody. Never raises for want of a device:
    the player is silent then and says why.
    """
    player = Player()
    device = None
    try:
        device = await trio.to_thread.run_sync(_start_device, backend, player._source())
    except NoAudioDevice as error:
        player.why_silent = error
    try:
        yield player
    finally:
        player.hush()
        if device is not None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(device.close)


def _start_device(backend: str, source: Generator[bytes, int, None]) -> Any:
    try:
        import miniaudio
    except ImportError as error:
        raise NoAudioDevice(why="the library miniaudio is not installed") from error
    _keep_alsa_quiet()
    try:
        device = miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=CLIP_RATE,
            buffersize_msec=_PERIOD,
            callback_periods=_PERIODS,
            backends=[miniaudio.Backend[backend.upper()]] if backend else None,
            app_name="DreamWeaver",
        )
        if not backend and device.backend == "Null":  # what miniaudio falls back to without saying so
            device.close()
            raise NoAudioDevice(why="this machine has no sound system")
        next(source)
        device.start(source)
    except miniaudio.MiniaudioError as error:
        raise NoAudioDevice(why="; ".join(str(part) for part in error.args)) from error
    return device


@cache
def _keep_alsa_quiet() -> object:
    """ALSA writes some twenty lines to stderr when there is no sound card, across whatever a terminal shows."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        alsa = ctypes.CDLL("libasound.so.2")
        quiet = ctypes.CFUNCTYPE(None)(lambda: None)  # its arguments end in "...", so none of them is declared
        alsa.snd_lib_error_set_handler(quiet)
    except (OSError, AttributeError):
        return None
    return alsa, quiet  # must live as long as the process: ALSA keeps a bare pointer
