"""A voice recorded at the desk, for a character to take its voice from.

Its rules:
- One use of the microphone at a time: the stage's ear ends when a recording begins, and a recording ends when the ear
  is opened again.
- It goes on only as long as somebody looks at it, and no longer than a sample may be.
- However it ends, what was recorded is there.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from dwnet.audio import CLIP_RATE, Sound
from dwnet.errors import NodeError
from narrator_app.ear.microphone import Microphone, MicrophoneGone, NoMicrophone, open_microphone
from narrator_app.ear.stenographer import Stenographer
from narrator_app.reference_voices import LONGEST


class NotRecorded(NodeError):
    """No voice can be recorded here: {why}.

    Plug a microphone in, or choose another under Settings, Hearing. What was recorded before is kept; a recording that
    was made elsewhere can be chosen as a file.
    """


class VoiceRecording:
    """One recording, made once. ``stenographer`` listens for the stage."""

    def __init__(self, stenographer: Stenographer, backend: str = "") -> None:
        self._stenographer = stenographer
        self._backend = backend
        self._scope = trio.CancelScope()
        self._microphone: Microphone | None = None
        self._pcm = bytearray()  # at most LONGEST seconds

    @property
    def sound(self) -> Sound:
        """What is recorded so far."""
        return Sound(bytes(self._pcm), CLIP_RATE)

    @property
    def seconds(self) -> float:
        """How long that is."""
        return len(self._pcm) / 2 / CLIP_RATE

    @property
    def level(self) -> float:
        """How loud it is just now, 0 to 1."""
        return self._microphone.level if self._microphone is not None else 0.0

    async def run(self, microphone: str, looked_at: Callable[[], bool]) -> None:
        """Record from the microphone of this name ("" the system's own) until :meth:`stop`, or LONGEST seconds are
        there, or nobody looks any more.

        :raises NotRecorded: there is no microphone, or it went away; :attr:`sound` has what came before.
        """
        self._stenographer.release()
        with self._scope:
            try:
                async with open_microphone(microphone, self._backend, CLIP_RATE) as self._microphone:
                    await self._take(self._microphone, looked_at)
            except NoMicrophone as error:
                raise NotRecorded(why=error.facts["why"]) from error
            except MicrophoneGone as error:
                raise NotRecorded(why=f"the microphone {error.facts['name']} brings no sound any more") from error
            finally:
                self._microphone = None

    def stop(self) -> None:
        """It is said."""
        self._scope.cancel()

    async def _take(self, microphone: Microphone, looked_at: Callable[[], bool]) -> None:
        most = 2 * round(LONGEST * CLIP_RATE)
        async for frame in microphone.frames():
            if self._stenographer.dictation.microphone or not looked_at():
                return
            self._pcm += frame[: most - len(self._pcm)]
            if len(self._pcm) >= most:
                return
