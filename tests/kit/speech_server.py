"""A small OpenAI-style speech server on this machine: it says every letter with a short tone, as it is told to."""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import soundfile
import trio

from dwnet.audio import Sound, concatenate, silence
from tests.kit.sounds import samples_of, tone

LETTER = 0.05  # seconds at the usual speed
PIECE = 8_192  # bytes sent at a time
RATE = 16_000  # Hz
KINDS = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "bare": f"audio/pcm;rate={RATE}"}


@dataclass
class SpeechServer:
    """``form`` is wav, mp3, flac, bare, or text. ``break_after`` pieces the connection ends, ``hang_after`` nothing
    more comes. What was asked for is in ``asked``, with the key it came with in ``keys``.
    """

    url: str = ""
    key: str = ""
    form: str = "wav"
    break_after: int | None = None
    hang_after: int | None = None
    silence: float = 0.0  # seconds, before and after what it says
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def serve(self, connection: trio.SocketStream) -> None:
        """One request, then the connection ends."""
        try:
            head, body = await _request(connection)
            self.keys.append(head.partition("Bearer ")[2].partition("\r\n")[0])
            if self.key and self.keys[-1] != self.key:
                await _refuse(connection, "401 Unauthorized", "no such key")
                return
            asked = json.loads(body)
            self.asked.append(asked)
            if asked["voice"] == "no-such-voice":
                await _refuse(connection, "400 Bad Request", "Voice 'no-such-voice' not found.")
            elif self.form == "text":
                await connection.send_all(_head("200 OK", "text/html") + b"<html>Welcome to nginx</html>")
            else:
                await self._say(connection, asked)
        except trio.BrokenResourceError:
            pass  # whoever asked has heard enough
        finally:
            await trio.aclose_forcefully(connection) if self.break_after is not None else await connection.aclose()

    async def _say(self, connection: trio.SocketStream, asked: dict[str, Any]) -> None:
        letters = sum(map(str.isalnum, asked["input"]))
        around = silence(self.silence, RATE)
        sound = concatenate([around, tone(300, letters * LETTER / asked["speed"], rate=RATE), around], RATE)
        data = encoded(sound, self.form)
        await connection.send_all(_head("200 OK", KINDS[self.form], len(data) if self.break_after else None))
        for number, place in enumerate(range(0, len(data), PIECE)):
            if number == self.hang_after:
                await trio.sleep_forever()
            if number == self.break_after:
                return
            await connection.send_all(data[place : place + PIECE])


def encoded(sound: Sound, form: str) -> bytes:
    """The sound as a server sends it. A WAV that streams does not know its length."""
    if form == "bare":
        return sound.pcm
    if form == "wav":
        endless = 0xFFFFFFFF
        kind = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sound.rate, 2 * sound.rate, 2, 16)
        return (
            struct.pack("<4sI4s", b"RIFF", endless, b"WAVE") + kind + struct.pack("<4sI", b"data", endless) + sound.pcm
        )
    file = io.BytesIO()
    soundfile.write(file, samples_of(sound), sound.rate, format=form.upper())
    return file.getvalue()


@asynccontextmanager
async def speech_server(key: str = "", form: str = "wav") -> AsyncIterator[SpeechServer]:
    """A server that speaks as long as it is entered."""
    server = SpeechServer(key=key, form=form)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, server.serve, 0, host="127.0.0.1"))
        server.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/v1"
        yield server
        nursery.cancel_scope.cancel()


async def _request(connection: trio.SocketStream) -> tuple[str, bytes]:
    request = b""
    while b"\r\n\r\n" not in request:
        more = await connection.receive_some()
        if not more:
            raise trio.BrokenResourceError
        request += more
    head, _, body = request.partition(b"\r\n\r\n")
    length = int((re.search(rb"(?i)content-length: *(\d+)", head) or [b"", b"0"])[1])
    while len(body) < length:
        body += await connection.receive_some()
    return head.decode(), body


async def _refuse(connection: trio.SocketStream, status: str, why: str) -> None:
    await connection.send_all(_head(status, "application/json") + json.dumps({"error": {"message": why}}).encode())


def _head(status: str, kind: str, length: int | None = None) -> bytes:
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{size}Connection: close\r\n\r\n".encode()
