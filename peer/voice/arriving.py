"""Sound that arrives bit by bit from a server, in whichever form it sends. Pure: bytes in any cuts in, sound out.

WAV of 16 bits and bare samples are given on as they come; every other form is collected and read at its end.
"""

from __future__ import annotations

import struct
from array import array

from dwnet.audio import Sound, SoundUnreadable, read_sound

BARE_RATE = 24_000  # Hz of samples without a header, as OpenAI sends them
MOST = 8 * 1024 * 1024  # bytes of a form that has to be collected; two minutes of WAV at 32 kHz
_COLLECTED = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"OggS", b"fLaC")
_BARE = ("audio/pcm", "audio/l16", "audio/raw", "application/octet-stream")


class ArrivingSound:
    """One answer. ``kind`` is its content type; bare samples may tell their rate in it (``audio/pcm;rate=22050``)."""

    def __init__(self, kind: str) -> None:
        self._kind = kind.lower()
        self._held = b""  # not given on yet
        self._form = ""  # "", "wave", "bare" or "collected"
        self._rate = BARE_RATE
        self._channels = 1

    def feed(self, more: bytes) -> Sound | None:
        """What can be given on now. Raises SoundUnreadable when this is no sound."""
        self._held += more
        if not self._form and len(self._held) >= 12:
            self._begin()
        if self._form == "wave?":
            self._read_header()
        if self._form in ("wave", "bare"):
            return self._give()
        if len(self._held) > MOST:
            raise SoundUnreadable(why="it does not end")
        return None

    def close(self) -> Sound | None:
        """The rest. Raises SoundUnreadable when this was no sound."""
        if self._form in ("wave", "bare") or not self._held:
            return None
        return read_sound(self._held)

    def _begin(self) -> None:
        if self._held[:4] == b"RIFF" and self._held[8:12] == b"WAVE":
            self._form = "wave?"
        elif self._held.startswith(_COLLECTED):
            self._form = "collected"
        elif self._kind.startswith(_BARE):
            self._form = "bare"
            _, _, rate = self._kind.partition("rate=")
            self._rate = int(rate) if rate.isdecimal() else BARE_RATE
        else:
            raise SoundUnreadable(why=f"it is {self._kind.partition(';')[0] or 'of an unknown kind'}, and no sound")

    def _read_header(self) -> None:
        """Find where the samples of a WAV begin. Its sizes are not believed: who streams can't know them."""
        place, form = 12, b""
        while len(self._held) >= place + 8:
            name, size = self._held[place : place + 4], struct.unpack_from("<I", self._held, place + 4)[0]
            if name == b"data":
                self._use(form)
                self._held = self._held[place + 8 :] if self._form == "wave" else self._held
                return
            if name == b"fmt ":
                form = self._held[place + 8 : place + 8 + size]
            place += 8 + size + size % 2

    def _use(self, form: bytes) -> None:
        if len(form) < 16:
            raise SoundUnreadable(why="its header is damaged")
        _, self._channels, self._rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
        self._form = "wave" if bits == 16 and self._channels in (1, 2) else "collected"

    def _give(self) -> Sound | None:
        frame = 2 * self._channels
        whole = len(self._held) // frame * frame
        samples, self._held = self._held[:whole], self._held[whole:]
        if not samples:
            return None
        if self._channels == 2:
            both = array("h", samples)
            samples = array(
                "h", ((left + right) // 2 for left, right in zip(both[::2], both[1::2], strict=True))
            ).tobytes()
        try:
            return Sound(samples, self._rate)
        except ValueError as error:
            raise SoundUnreadable(why=str(error)) from error
