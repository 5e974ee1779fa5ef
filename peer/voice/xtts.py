"""XTTS: a large model that speaks in any voice of which there are some seconds. The only voice file that imports TTS
and torch.

Its rules:
- It is loaded from its folder and nowhere else: the library, left to itself, would fetch it and ask on stdin for
  agreement to its terms. Here somebody agreed before (``tos_agreed.txt`` or COQUI_TOS_AGREED=1), or it does not speak.
- What a voice is, its conditioning, is computed once and kept.
- The library cuts what is too long without a word: its limits are kept by cutting the sentence here.
- coqui-tts 0.28 knows the model's memory of its own tokens as ``past_key_values``; transformers hands it over as
  ``cache`` since 5.24.
- torchaudio from PyPI is linked to CUDA on Linux, and beside a torch without CUDA its extension does not load. Its
  Python parts, all that is used here, need none.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, wraps
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

import trio

from dwnet.audio import Sound
from dwnet.settings import Settings
from peer.voice.contract import (
    USUAL_RATE,
    LanguageUnknown,
    SpeakerMissing,
    SpeechFailed,
    Voice,
    VoiceUnknown,
    closest,
)
from peer.voice.reference import read_reference, references
from peer.voice.thread import speak_in_thread, told

if TYPE_CHECKING:
    import torch

    Conditioning = tuple[torch.Tensor, torch.Tensor]

FILES = ("config.json", "vocab.json", "model.pth")
COQUIS_OWN = Path("tts", "tts_models--multilingual--multi-dataset--xtts_v2")  # below TTS_HOME, as its program fetches
AGREED = "tos_agreed.txt"
USUAL_LANGUAGE = "en"
CHUNK = 20  # tokens between two pieces of sound; about 0.9 seconds
CONDITIONED = 16  # voices kept ready
_HOW = ("temperature", "length_penalty", "repetition_penalty", "top_k", "top_p")  # as the model's config has them
_ENDS = (".!?…。！？؟।", ",;:—–،、，；：", " ")  # where a long sentence may be cut, the best places first
_speaking = Lock()  # one model, one sentence at a time


class Xtts:
    """A speaker (see contract.Speaker): the model's own studio voices, and every recording in
    ``settings.reference_voices``.
    """

    engine = "xtts"
    notice = "The model's licence, CPML, forbids commercial use. Clone a voice only with its owner's consent."

    def __init__(self, settings: Settings) -> None:
        self._folders = (settings.xtts, settings.speech / COQUIS_OWN)
        self._references = settings.reference_voices
        self._turn = trio.CapacityLimiter(1)
        self._conditioned: dict[object, Conditioning] = {}

    def missing(self) -> str | None:
        if any(find_spec(one) is None for one in ("TTS", "torch", "torchaudio")):
            return "its packages are not installed; install them with: pip install 'dreamweaver-net[xtts]'"
        folder = self._folder()
        if folder is None:
            return f"the model is not in {self._folders[0]}; get it with: dwnet voice fetch xtts"
        if not (folder / AGREED).is_file() and os.environ.get("COQUI_TOS_AGREED") != "1":
            return "nobody has agreed to its terms yet; read and accept them with: dwnet voice fetch xtts"
        return None

    def voices(self) -> Sequence[str]:
        self._demand()
        folder = self._folder()
        studio = _studio(folder / "speakers_xtts.pth") if folder else ()
        return sorted({_written(name) for name in (*studio, *references(self._references))})

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        await speak_in_thread(self.engine, lambda give: self._say(sentence, voice, give), out, self._turn)

    def _folder(self) -> Path | None:
        whole = (folder for folder in self._folders if all((folder / file).is_file() for file in FILES))
        return next(whole, None)

    def _demand(self) -> None:
        why = self.missing()
        if why is not None:
            raise SpeakerMissing(engine=self.engine, why=why)

    def _say(self, sentence: str, voice: Voice, give: Callable[[Sound], None]) -> None:
        self._demand()
        with _speaking:
            model = self._loaded()
            language = voice.language or USUAL_LANGUAGE
            if language not in model.config.languages:
                known = ", ".join(model.config.languages)
                raise LanguageUnknown(engine=self.engine, language=language, known=known, example=USUAL_LANGUAGE)
            latent, embedding = self._conditioning(model, voice)
            how = {name: getattr(model.config, name) for name in _HOW}
            how |= {"stream_chunk_size": CHUNK, "speed": voice.rate / USUAL_RATE}
            for part in _parts(model, sentence, language):
                for chunk in model.inference_stream(part, language, latent, embedding, **how):
                    give(_sound(chunk, model.config.model_args.output_sample_rate))

    def _loaded(self) -> Any:
        folder = self._folder()
        assert folder is not None, "it is not missing"
        try:
            return _load(folder)
        except Exception as error:  # torch and the library have many ways to say that a file is damaged
            why = f"the model in {folder} can't be loaded ({told(error)}); fetch it again"
            raise SpeechFailed(engine=self.engine, why=why) from error

    def _conditioning(self, model: Any, voice: Voice) -> Conditioning:
        """What the model needs to know of a voice. Raises VoiceUnknown, ReferenceUnfit."""
        recordings = {_written(name): path for name, path in references(self._references).items()}
        recording = voice.sample or recordings.get(_written(voice.name))
        key = (recording, recording.stat().st_mtime_ns) if recording and recording.exists() else voice.name
        if key not in self._conditioned:
            made = _listen(model, recording) if recording else self._studio_voice(model, voice.name)
            self._conditioned[key] = made
            while len(self._conditioned) > CONDITIONED:
                del self._conditioned[next(iter(self._conditioned))]
        return self._conditioned[key]

    def _studio_voice(self, model: Any, name: str) -> Conditioning:
        speakers = model.speaker_manager.speakers if model.speaker_manager is not None else {}
        found = next((one for known, one in speakers.items() if _written(known) == _written(name)), None)
        if found is None:
            raise VoiceUnknown(engine=self.engine, name=name, closest=closest(name, self.voices()))
        return found["gpt_cond_latent"], found["speaker_embedding"]


def _written(name: str) -> str:
    """A name as a voice text can hold it."""
    return name.replace(" ", "_")


def _listen(model: Any, recording: Path) -> Conditioning:
    """The conditioning that a recording gives, as the library computes it from a file, without its need of FFmpeg."""
    import torch

    heard = read_reference(recording)
    samples = torch.frombuffer(bytearray(heard.pcm), dtype=torch.int16).float()[None] / 32768.0
    config = model.config
    samples = samples[:, : config.max_ref_len * heard.rate]
    chunk = min(config.gpt_cond_chunk_len, config.gpt_cond_len)
    with torch.inference_mode():
        embedding = model.get_speaker_embedding(samples, heard.rate)
        return model.get_gpt_cond_latents(samples, heard.rate, config.gpt_cond_len, chunk), embedding


def _parts(model: Any, text: str, language: str) -> Iterator[str]:
    """The text in parts that the model reads to their end; nothing where there is no word in it."""
    most = model.tokenizer.char_limits.get(language.partition("-")[0], min(model.tokenizer.char_limits.values()))
    waiting = [text]
    while waiting:
        part = waiting.pop().strip()
        fits = (
            len(part) <= most and len(model.tokenizer.encode(part.lower(), language)) < model.args.gpt_max_text_tokens
        )
        if fits or len(part) < 2:
            if any(map(str.isalnum, part)):
                yield part
            continue
        cut = _cut(part, min(most, len(part) - 1) if len(part) > most else len(part) // 2)
        waiting += [part[cut:], part[:cut]]


def _cut(text: str, most: int) -> int:
    """Where to cut a text for at most ``most`` characters to come first: behind a mark, else a blank, else anywhere."""
    for marks in _ENDS:
        place = max(text.rfind(mark, most // 3, most) for mark in marks) + 1
        if place > 0:
            return place
    return most


def _sound(samples: Any, rate: int) -> Sound:
    return Sound((samples.clamp(-1, 1) * 32767).short().cpu().numpy().astype("<i2").tobytes(), rate)


def _studio(file: Path) -> Sequence[str]:
    """Names of the studio voices; none for a file that is missing or can't be read, which loading it will tell of."""
    import pickle

    import torch

    try:
        return [str(name) for name in torch.load(file, map_location="cpu", weights_only=True)]
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        return ()


@lru_cache(maxsize=1)
def _load(folder: Path) -> Any:
    """The model, ready to speak; one for all speakers of this process. Some seconds for the libraries, more for the
    files.
    """
    import torch

    import_torchaudio()
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts as Model

    _take_cache()
    logging.getLogger("transformers").setLevel(logging.ERROR)  # it warns of what the library does, at every start
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = Model(config)
    model.load_checkpoint(config, checkpoint_dir=str(folder), eval=True)
    return model.cuda() if torch.cuda.is_available() else model


def _take_cache() -> None:
    from TTS.tts.layers.xtts.gpt_inference import GPT2InferenceModel

    forward = GPT2InferenceModel.forward
    if hasattr(forward, "__wrapped__") or "cache" in signature(forward).parameters:
        return

    @wraps(forward)
    def with_cache(self: Any, *arguments: Any, cache: Any = None, **named: Any) -> Any:
        return forward(self, *arguments, **(named if cache is None else named | {"past_key_values": cache}))

    GPT2InferenceModel.forward = with_cache


def import_torchaudio() -> None:
    """Import torchaudio, also where its extension does not load."""
    try:
        import torchaudio
    except OSError:
        for name in [one for one in sys.modules if one.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        without: Any = ModuleType("torchaudio._extension")
        without._IS_TORCHAUDIO_EXT_AVAILABLE = without._IS_ALIGN_AVAILABLE = False
        without._check_cuda_version = lambda: None
        without.fail_if_no_align = lambda function: function
        sys.modules["torchaudio._extension"] = without
        import torchaudio  # noqa: F401
