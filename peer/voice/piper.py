"""Piper: small neural voices that need no graphics card. The only file that imports piper.

Its rules:
- A voice is two files, ``<voice>.onnx`` and ``<voice>.onnx.json``, in a folder of their name. One that holds several
  speakers is written ``VOICE#SPEAKER``.
- Piper ends a sentence behind every stop, also that of "Mr."; the titles' stops are left out, which changes nothing
  else. What it makes of one of our sentences is one clip in any case.
- ``normalize_audio`` would bring every sentence to full scale, whispered or shouted: clips are levelled as a whole.
- The phonemizer keeps a global state: one sentence at a time in this process, whoever speaks.
- Double square brackets would be read as phonemes, so none come through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import trio

from dwnet.audio import Sound
from dwnet.settings import Settings
from peer.voice.contract import USUAL_RATE, SpeakerMissing, SpeechFailed, Voice, VoiceUnknown, closest
from peer.voice.thread import speak_in_thread, told

if TYPE_CHECKING:
    from piper import PiperVoice

_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof|St)\.(?=\s)")
_speaking = Lock()


class Piper:
    """A speaker (see contract.Speaker) with the voices in ``settings.piper_voices``."""

    engine = "piper"
    notice = "Each voice has a licence of its own: see the MODEL_CARD where it comes from."

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.piper_voices
        self._turn = trio.CapacityLimiter(1)

    def missing(self) -> str | None:
        if find_spec("piper") is None:
            return "its package is not installed; install it with: pip install 'dreamweaver-net[piper]'"
        if not self._files():
            return f"there is no voice in {self._folder}; get one with: dwnet voice fetch"
        return None

    def voices(self) -> Sequence[str]:
        """Every voice; one with several speakers stands for its first, and once for each of them."""
        self._demand()
        return [
            name
            for voice, file in self._files().items()
            for name in (voice, *(f"{voice}#{speaker}" for speaker in _speakers(file)))
        ]

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        await speak_in_thread(self.engine, lambda give: self._say(sentence, voice, give), out, self._turn)

    def _demand(self) -> None:
        why = self.missing()
        if why is not None:
            raise SpeakerMissing(engine=self.engine, why=why)

    def _files(self) -> dict[str, Path]:
        """The model's file of each voice that is whole, by name."""
        files = [*self._folder.glob("*/*.onnx"), *self._folder.glob("*.onnx")]
        return {file.stem: file for file in sorted(files) if Path(f"{file}.json").is_file()}

    def _say(self, sentence: str, voice: Voice, give: Callable[[Sound], None]) -> None:
        self._demand()
        from piper import SynthesisConfig

        file, speaker = self._find(voice.name)
        with _speaking:
            model = self._loaded(file)
            config = SynthesisConfig(
                speaker_id=speaker,
                length_scale=model.config.length_scale * USUAL_RATE / voice.rate,
                normalize_audio=False,
            )
            words = _TITLE.sub(r"\1", sentence.replace("[[", " ").replace("]]", " "))
            for chunk in model.synthesize(words, config):
                give(Sound(chunk.audio_int16_bytes, chunk.sample_rate))

    def _find(self, name: str) -> tuple[Path, int | None]:
        """The file of a voice and the number of the speaker in it. Raises VoiceUnknown."""
        files = self._files()
        voice, mark, speaker = name.partition("#")
        file = files.get(voice)
        if file is not None and not mark:
            return file, 0 if _speakers(file) else None
        number = _speakers(file).get(speaker) if file is not None else None
        if file is None or number is None:
            raise VoiceUnknown(engine=self.engine, name=name, closest=closest(name, self.voices()))
        return file, number

    def _loaded(self, file: Path) -> PiperVoice:
        try:
            return _load(file, file.stat().st_mtime_ns)
        except Exception as error:  # onnxruntime raises plain Exceptions for a damaged file
            why = f"the voice in {file} can't be loaded ({told(error)}); fetch it again"
            raise SpeechFailed(engine=self.engine, why=why) from error


@lru_cache(maxsize=2)
def _load(file: Path, changed: int) -> PiperVoice:
    """The voice, for all speakers of this process."""
    from piper import PiperVoice

    return PiperVoice.load(file)


def _speakers(file: Path) -> dict[str, int]:
    """Names and numbers of the speakers in a voice that has several, else nothing; so for a file that can't be read,
    which loading it will tell of.
    """
    try:
        config = json.loads(Path(f"{file}.json").read_text(encoding="utf-8"))
        known = dict(config.get("speaker_id_map") or {})
        return {str(name): int(number) for name, number in known.items()} if config.get("num_speakers", 1) > 1 else {}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
