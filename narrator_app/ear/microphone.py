"""The microphone: sound as frames of 480 samples (30 ms at an ear's 16 kHz), from the device's own thread into trio.

The device's thread may never wait: it puts bytes into a bounded queue and wakes trio. When nobody takes them, the
oldest are lost and counted. The library does not tell when a device goes away: it counts as gone when it brings
nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import Any

import trio

from dwnet.errors import NodeError
from narrator_app.ear.contract import RATE
from narrator_app.ear.samples import amplitude
from narrator_app.ear.voice_activity import FRAME

PERIOD = 30  # ms between two calls of the device
WAITING = 1_000  # pieces, some thirty seconds; trio is never away for so long
SILENT = 5.0  # seconds without a byte after which a device is gone; a busy machine is late by one at most
LOUD = 8_000.0  # mean amplitude that fills a level meter; speech close to a microphone


class NoMicrophone(NodeError):
    """There is no microphone here that could be listened to ({why}).

    Plug one in, or choose another under Settings; until then the story is told by typing. `dwnet ear hear FILE` hears
    recordings.
    """


class MicrophoneGone(NodeError):
    """The microphone {name} brings no sound any more.

    What was heard so far is kept. Plug it in again, and begin to listen once more; or type.
    """


class Microphone:
    """An open microphone. ``name`` is the device's; ``level`` 0 to 1, for a meter; ``lost`` pieces nobody took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.level = 0.0
        self.lost = 0
        self._came: deque[bytes] = deque(maxlen=WAITING)
        self._token = trio.lowlevel.current_trio_token()
        self._news = trio.Event()

    def _source(self) -> Generator[None, bytes, None]:
        """Takes what the device brings. Runs in its thread."""
        while True:
            data = bytes((yield))
            self.lost += len(self._came) == WAITING
            self._came.append(data)
            try:
                self._token.run_sync_soon(self._wake, idempotent=True)
            except trio.RunFinishedError:
                return

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def frames(self) -> AsyncIterator[bytes]:
        """Frames of 960 bytes (s16le), for ever.

        :raises MicrophoneGone:
        """
        rest = b""
        while True:
            while self._came:
                rest += self._came.popleft()
                while len(rest) >= 2 * FRAME:
                    frame, rest = rest[: 2 * FRAME], rest[2 * FRAME :]
                    self.level = min(1.0, amplitude(frame) / LOUD)
                    yield frame
            with trio.move_on_after(SILENT) as patience:
                await self._news.wait()
            if patience.cancelled_caught and not self._came:
                raise MicrophoneGone(name=self.name)


@asynccontextmanager
async def open_microphone(name: str = "", backend: str = "", rate: int = RATE) -> AsyncIterator[Microphone]:
    """The microphone of this name, or the system's own; ``backend`` is one that miniaudio knows by name, ``rate`` is
    in Hz.

    :raises NoMicrophone:
    """
    microphone = Microphone(name or "of this machine")
    source = microphone._source()
    next(source)
    device = await trio.to_thread.run_sync(_started, name, backend, rate, source)
    try:
        yield microphone
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(device.close)


def microphones(backend: str = "") -> list[str]:
    """The names of this machine's microphones, the system's own among them. It may take a moment: call it in a thread.

    :raises NoMicrophone: when there is no sound system.
    """
    return [one["name"] for one in _captures(_library(), backend)]


def _captures(miniaudio: Any, backend: str) -> list[dict[str, Any]]:
    try:
        devices = miniaudio.Devices(_backends(miniaudio, backend))
        if not backend and devices.backend == "Null":  # what miniaudio falls back to without saying so
            raise NoMicrophone(why="this machine has no sound system")
        found: list[dict[str, Any]] = devices.get_captures()
    except miniaudio.MiniaudioError as error:
        raise NoMicrophone(why="; ".join(str(part) for part in error.args)) from error
    return found


def _started(name: str, backend: str, rate: int, source: Generator[None, bytes, None]) -> Any:
    miniaudio = _library()
    chosen = None
    if name:
        captures = _captures(miniaudio, backend)
        chosen = next((one["id"] for one in captures if one["name"] == name), None)
        if chosen is None:
            there = ", ".join(one["name"] for one in captures) or "none"
            raise NoMicrophone(why=f"{name} is not there; there are: {there}")
    try:
        device = miniaudio.CaptureDevice(
            input_format=miniaudio.SampleFormat.SIGNED16, nchannels=1, sample_rate=rate, buffersize_msec=PERIOD,
            device_id=chosen, backends=_backends(miniaudio, backend), app_name="DreamWeaver",
        )  # fmt: skip
        if not backend and device.backend == "Null":
            device.close()
            raise NoMicrophone(why="this machine has no sound system")
        device.start(source)
    except miniaudio.MiniaudioError as error:
        raise NoMicrophone(why="; ".join(str(part) for part in error.args)) from error
    return device


def _backends(miniaudio: Any, backend: str) -> list[Any] | None:
    return [miniaudio.Backend[backend.upper()]] if backend else None


def _library() -> Any:
    try:
        import miniaudio
    except ImportError as error:
        raise NoMicrophone(why="the library miniaudio is not installed") from error
    return miniaudio
