"""The better ear, where there is a model for it: faster-whisper, in a thread of this process.

Its rules:
- Nothing is fetched here: a model is a folder among ours, or one that Hugging Face's own cache already holds.
- The library gives Python's lock back while it works; a recognition that nobody waits for any more ends at its next
  segment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import trio

from dwnet.audio import Sound, concatenate, resample
from dwnet.catalogue import offers
from dwnet.text import one_line
from narrator_app.ear.contract import RATE, EarFailed, EarMissing, Heard
from narrator_app.ear.samples import fractions

QUICK = 0.5  # seconds; as long as a recognition takes no more, words are shown while one speaks
STEP = 1.0  # seconds of new sound between two looks at the words so far
HOTWORDS = 400  # characters; the model reads no more than some hundred tokens of them
FILES = ("model.bin", "tokenizer.json")  # without the second the library would ask the network for it
CLEAR = 0.6  # likelihood that nobody spoke, above which a segment is not taken


class Whisper:
    """An ear (see contract.Ear) of many languages. ``models`` holds a folder for each model, named after it."""

    def __init__(self, name: str, models: Path) -> None:
        self.spec = f"whisper:{name}"
        self._name = name
        self._models = models
        self._turn = trio.Lock()
        self._one = trio.CapacityLimiter(1)  # one recognition at a time, also when the last was given up
        self._model: Any = None
        self._hotwords = ""
        self._took = 0.0  # seconds of the last recognition

    def missing(self) -> str | None:
        if find_spec("faster_whisper") is None:
            return "the package faster-whisper is missing; install it with: pip install 'dreamweaver-net[whisper]'"
        if self._folder() is None:
            name = self._name
            fetch = f"run: dwnet ear fetch {name}" if name in offered() else f"put its files into {self._models / name}"
            return f"its model is not on this machine; {fetch}"
        return None

    def _folder(self) -> Path | None:
        """Where the model lies; None when it is not here."""
        place = self._models / self._name if "/" not in self._name else Path(self._name).expanduser()
        if all((place / file).is_file() for file in FILES):
            return place
        return cached(self._name) if self._name in offered() else None

    async def hint(self, sentences: Sequence[str], names: Sequence[str]) -> None:
        """Whisper takes the names; a whole scene would drown what is said."""
        self._hotwords = one_line(", ".join(names), HOTWORDS)

    async def listen(self, mic: trio.MemoryReceiveChannel[Sound], out: trio.MemorySendChannel[Heard]) -> None:
        async with mic, out, self._turn:
            pcm, looked = bytearray(), 0
            rest: list[Sound] = []
            async for sound in mic:
                rest.append(sound)
                if sum(one.seconds for one in rest) < STEP:
                    continue
                pcm += await _joined(rest)
                rest = []
                if self._model is not None and self._took < QUICK and len(pcm) - looked >= 2 * RATE * STEP:
                    looked = len(pcm)
                    text, _ = await self._recognised(bytes(pcm))
                    await out.send(Heard(text))
            pcm += await _joined(rest)
            text, confidence = await self._recognised(bytes(pcm))
            await out.send(Heard(text, True, confidence))

    async def _recognised(self, pcm: bytes) -> tuple[str, float]:
        if not pcm:
            return "", 0.0
        began = trio.current_time()
        found = await trio.to_thread.run_sync(
            self._recognise, pcm, self._hotwords, limiter=self._one, abandon_on_cancel=True
        )
        self._took = trio.current_time() - began
        return found

    def _recognise(self, pcm: bytes, hotwords: str) -> tuple[str, float]:
        """Words and confidence. In a thread."""
        folder = self._folder()
        if folder is None or find_spec("faster_whisper") is None:
            raise EarMissing(spec=self.spec, why=self.missing() or "its model is gone")
        try:
            if self._model is None:
                self._model = opened(folder)
            segments, _ = self._model.transcribe(
                fractions(pcm), vad_filter=True, hotwords=hotwords or None, condition_on_previous_text=False
            )
            words, sure, weight = [], 0.0, 0.0
            for one in segments:
                trio.from_thread.check_cancelled()
                if one.no_speech_prob > CLEAR:
                    continue
                words.append(one.text.strip())
                length = max(0.01, one.end - one.start)
                sure, weight = sure + length * math.exp(min(0.0, one.avg_logprob)), weight + length
        except trio.Cancelled:
            raise
        except Exception as error:  # the tokenizer raises nothing more special
            raise EarFailed(spec=self.spec, why=str(error)[:200] or type(error).__name__) from error
        return " ".join(words).strip(), sure / weight if weight else 0.0


def offered() -> tuple[str, ...]:
    """The models that can be fetched."""
    return tuple(one.name for one in offers("ear") if one.engine == "whisper")


def cached(name: str) -> Path | None:
    """Where Hugging Face's cache on this machine holds a size; None when it does not. Never asks the network."""
    from faster_whisper.utils import download_model

    try:
        return Path(download_model(name, local_files_only=True))
    except (OSError, ValueError):
        return None


def opened(folder: Path) -> Any:
    """The model in a folder, on this machine's processor."""
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)


async def _joined(sounds: Sequence[Sound]) -> bytes:
    if not sounds:
        return b""
    sound = concatenate(sounds, sounds[0].rate)
    return (await trio.to_thread.run_sync(resample, sound, RATE)).pcm
