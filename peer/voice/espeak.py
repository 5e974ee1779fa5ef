"""espeak-ng, in this process, from the library and data in the espeakng-loader package: the speaker always there.

Its rules, each learnt from a crash or a silence:
- The library keeps everything in globals. Two threads inside it end the process, so there is one instance and one lock.
- The data path compiled into it is that of a build machine: ours is always passed.
- An unknown variant (``en-us+nosuch``) is ignored without a word, so names are checked before.
- Parameters outlive a sentence, and a voice may change them: all are set every time.
- No exception may pass through the C frames: the callback remembers it and says "stop", and it is raised afterwards.
- The same text sounds a little different each time; only the first sentence of a process is always the same.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from threading import Lock
from typing import Any

import trio

from dwnet.audio import Sound
from peer.voice.contract import SpeakerMissing, SpeechFailed, Voice, VoiceUnknown, closest
from peer.voice.thread import speak_in_thread

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: sound is handed to the callback, in the calling thread
_BUFFER = 200  # ms of sound between two callbacks, and so between two chances to stop
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: an error is returned instead of ending the process
_UTF8 = 1
_RATE, _PITCH = 1, 3  # espeak_PARAMETER
_USUAL = ((2, 100), (4, 50), (7, 0))  # volume, range, pause between words; the library refuses to set any others


_UNSPEAKABLE = ("gmq/fo", "trk/kaa", "art/xex")  # in the library's list, but the package lacks their dictionaries


class _Event(ctypes.Structure):
    """espeak_EVENT; only needed for the callback's type."""


class _VoiceRecord(ctypes.Structure):
    """espeak_VOICE: ``languages`` is pairs of a priority byte and a text, ended by a zero priority."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def _languages_of(record: _VoiceRecord) -> Iterator[tuple[int, str]]:
    """Priority and name of each language; the list ends with priority 0."""
    place = ctypes.cast(record.languages, ctypes.c_void_p).value or 0
    while priority := ctypes.string_at(place, 1)[0]:
        name = ctypes.string_at(place + 1)
        yield priority, name.decode()
        place += len(name) + 2


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Library:
    """The one libespeak-ng of this process. Raises SpeakerMissing when it can't be loaded."""

    def __init__(self) -> None:
        try:
            import espeakng_loader

            data = espeakng_loader.get_data_path()
            self._c = ctypes.CDLL(espeakng_loader.get_library_path())
        except (ImportError, OSError, RuntimeError) as error:
            why = f"the package espeakng-loader is missing or broken ({error}); install it with pip"
            raise SpeakerMissing(engine="espeak", why=why) from error
        self._declare()
        self.rate = self._c.espeak_Initialize(_SYNCHRONOUS, _BUFFER, os.fsencode(data), _DONT_EXIT)
        if self.rate <= 0:
            raise SpeakerMissing(engine="espeak", why=f"its data in {data} can't be read; reinstall espeakng-loader")
        self._speaking = Lock()
        self._give: Callable[[Sound], None] = lambda sound: None
        self._failure: BaseException | None = None
        self._callback = _CALLBACK(self._receive)  # kept here: C holds a bare pointer to it
        self._c.espeak_SetSynthCallback(self._callback)
        self.variants = {name.lower(): name for name in os.listdir(os.path.join(data, "voices", "!v"))}
        self.codes: list[str] = []  # of languages, as they are listed for people to choose from
        self.languages = self._list_languages()

    def _declare(self) -> None:
        self._c.espeak_Initialize.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
        self._c.espeak_SetVoiceByName.argtypes = (ctypes.c_char_p,)
        self._c.espeak_SetParameter.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int)
        self._c.espeak_ListVoices.argtypes = (ctypes.c_void_p,)
        self._c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        self._c.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.POINTER(ctypes.c_uint),
            ctypes.c_void_p,
        )

    def _list_languages(self) -> dict[str, str]:
        """Every name a voice goes by, in lower case, and the identifier the library always understands.

        "en-gb", "zh" and "fr-fr" stand in its list and are refused by it: so we look them up ourselves. Where several
        voices speak a language, the lower priority number wins. MBROLA's voices are left out: they need other files.
        """
        names: dict[str, tuple[int, str]] = {}
        for record in self._records():
            identifier = record.identifier.decode()
            if identifier.startswith("mb/") or identifier in _UNSPEAKABLE:
                continue
            languages = list(_languages_of(record))
            name = record.name.decode().strip()
            plain = (languages[0][0], name.partition(" (")[0])  # "English" is called "English (Great Britain)" there
            for priority, known_as in [(0, identifier), (0, name), plain, *languages]:
                names[known_as.lower()] = min(names.get(known_as.lower(), (256, "")), (priority, identifier))
            self.codes += [code for _, code in languages]
        return {name: identifier for name, (_, identifier) in names.items()}

    def _records(self) -> Iterator[_VoiceRecord]:
        records = self._c.espeak_ListVoices(None)
        index = 0
        while records[index]:
            yield records[index].contents
            index += 1

    def _full_name(self, name: str) -> str:
        """The voice as the library wants it. Raises VoiceUnknown, with the closest names there are."""
        base, plus, variant = name.partition("+")
        identifier, known = self.languages.get(base.lower()), self.variants.get(variant.lower())
        if identifier is None or (plus and known is None):
            variants = [f"{base}+{one}" for one in self.variants.values()] if identifier else []
            raise VoiceUnknown(engine="espeak", name=name, closest=closest(name, [*self.languages, *variants]))
        return identifier + (f"+{known}" if plus else "")

    def say(self, sentence: str, voice: Voice, give: Callable[[Sound], None]) -> None:
        """Hand the sentence's sound to ``give``, and stop with what it raises."""
        text = sentence.replace("\0", " ").encode(errors="replace")
        with self._speaking:
            self._give, self._failure = give, None
            self._set_voice(voice)
            answer = self._c.espeak_Synth(text, len(text) + 1, 0, 0, 0, _UTF8, None, None)
            if self._failure is not None:
                raise self._failure
            if answer:
                raise SpeechFailed(engine="espeak", why=f"the library answered with error {answer}")

    def _set_voice(self, voice: Voice) -> None:
        name = self._full_name(voice.name)
        answer = self._c.espeak_SetVoiceByName(name.encode())
        for parameter, value in (*_USUAL, (_RATE, voice.rate), (_PITCH, voice.pitch)):
            answer = answer or self._c.espeak_SetParameter(parameter, value, 0)
        if answer:
            raise SpeechFailed(engine="espeak", why=f"the library refused the voice {name} with error {answer}")

    def _receive(self, samples: Any, count: int, _events: object) -> int:
        """Takes sound from C. Returns 1 to stop, 0 to go on; nothing may be raised through it."""
        try:
            self._give(Sound(ctypes.string_at(samples, count * 2) if samples and count > 0 else b"", self.rate))
        except BaseException as error:  # noqa: BLE001 - also a cancellation: say() raises it once C has returned
            self._failure = error
            return 1
        return 0


@cache
def _load() -> _Library:
    return _Library()


def _library() -> _Library:
    with _loading:
        return _load()


_loading = Lock()


class Espeak:
    """A speaker (see contract.Speaker) of some hundred languages, each with a hundred variants: "de", "en-us+f5"."""

    engine = "espeak"
    notice = ""

    def __init__(self) -> None:
        self._turn = trio.CapacityLimiter(1)  # so that those who wait hold no thread

    def missing(self) -> str | None:
        try:
            _library()
        except SpeakerMissing as error:
            return str(error.facts["why"])
        return None

    def voices(self) -> Sequence[str]:
        """Every language, then every variant of American English; any language takes any variant."""
        library = _library()
        return (*sorted(set(library.codes)), *(f"en-us+{variant}" for variant in sorted(library.variants.values())))

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        await speak_in_thread(self.engine, lambda give: _library().say(sentence, voice, give), out, self._turn)
