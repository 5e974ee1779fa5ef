"""A speaker that is a server: OpenAI's, or any that answers ``/v1/audio/speech`` as that does (Kokoro, LocalAI).

Its address is a setting of this machine (``speech_server``), and its key lies in ``keys/speech_key``: neither stands in
a voice's text, which travels. WAV is asked for, since that says its rate and can be heard while it comes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast
from urllib.parse import urlsplit

import trio

from dwnet.audio import Sound, SoundUnreadable
from dwnet.errors import NodeError
from dwnet.keyring import read_api_key
from dwnet.settings import Settings
from peer.endpoint import Endpoint
from peer.voice.arriving import ArrivingSound
from peer.voice.contract import USUAL_RATE, SpeakerMissing, SpeechFailed, Voice, VoiceUnknown, closest
from peer.writer.errors import EndpointRefused, WriterError

FIRST_SECONDS, NEXT_SECONDS = 30.0, 20.0  # until the first sound, and between two pieces
VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")  # OpenAI's
USUAL_MODEL = "tts-1"
_SPEEDS = (0.25, 4.0)


class SpeechServer:
    """A speaker (see contract.Speaker). Which voices a server has, only the server knows: any name is asked for."""

    engine = "openai"

    def __init__(self, settings: Settings) -> None:
        self._address = settings.speech_server or ""
        self._key_file = settings.speech_key_file
        self._endpoint: Endpoint | None = None

    @property
    def notice(self) -> str:
        """Whose server it is, is told as far as it is known."""
        try:
            host = urlsplit(self._address).hostname
        except ValueError:
            host = None
        return f"Every sentence is sent to {host or 'the speech server that you name'}."

    def missing(self) -> str | None:
        """Whether the server answers, only a sentence shows."""
        try:
            parts = urlsplit(self._address)
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            read_api_key(self._key_file)
        except ValueError:
            is_address = False
        except NodeError as error:
            return f"{error.what} {error.hint}"
        if is_address:
            return None
        what = f"{self._address} is no address" if self._address else "no server is named"
        return f'{what}; write speech_server = "http://HOST:PORT/v1#MODEL" into config.toml'

    def voices(self) -> Sequence[str]:
        self._demand()
        return VOICES

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        self._demand()
        if not any(map(str.isalnum, sentence)):
            return
        try:
            with trio.move_on_after(FIRST_SECONDS) as patience:
                await self._ask(sentence, voice, out, patience)
        except SoundUnreadable as error:
            why = f"what the server sent is no sound: {error.facts['why']}"
            raise SpeechFailed(engine=self.engine, why=why) from error
        except EndpointRefused as error:
            if "voice" in str(error.facts["why"]).casefold():
                raise VoiceUnknown(engine=self.engine, name=voice.name, closest=closest(voice.name, VOICES)) from error
            raise SpeechFailed(engine=self.engine, why=error.what.rstrip(".")) from error
        except WriterError as error:
            raise SpeechFailed(engine=self.engine, why=error.what.rstrip(".")) from error
        if patience.cancelled_caught:
            raise SpeechFailed(engine=self.engine, why="the server sends no more")

    def _demand(self) -> None:
        why = self.missing()
        if why is not None:
            raise SpeakerMissing(engine=self.engine, why=why)

    async def _ask(
        self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound], patience: trio.CancelScope
    ) -> None:
        address, _, model = self._address.partition("#")
        self._endpoint = self._endpoint or Endpoint(address, read_api_key(self._key_file))
        speed = min(max(voice.rate / USUAL_RATE, _SPEEDS[0]), _SPEEDS[1])
        body = {"model": model or USUAL_MODEL, "input": sentence, "voice": voice.name, "response_format": "wav"}
        async with self._endpoint.ask("audio/speech", body | {"speed": round(speed, 3)}) as response:
            sound = ArrivingSound(response.headers.get("content-type", ""))
            async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_raw())) as pieces:
                async for more in pieces:
                    if piece := sound.feed(more):
                        patience.deadline = float("inf")  # a slow listener is not the server's fault
                        await out.send(piece)
                    patience.deadline = trio.current_time() + NEXT_SECONDS
        if piece := await trio.to_thread.run_sync(sound.close):
            await out.send(piece)
