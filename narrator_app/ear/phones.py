"""How a word that no dictionary knows is said: espeak-ng's phonemes as those of the recogniser (ARPAbet).

Belongs to the recogniser's own process: espeak-ng keeps everything in globals.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

_IPA = {
    "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "ɔɪ": "OY", "əl": "AH L", "ɑːɹ": "AA R",
    "oːɹ": "AO R", "ɔːɹ": "AO R", "ɛɹ": "EH R", "ɪɹ": "IH R", "ʊɹ": "UH R", "ɜː": "ER", "ɚ": "ER", "iː": "IY",
    "uː": "UW", "ɑː": "AA", "ɔː": "AO", "oː": "AO", "ɐ": "AH", "ə": "AH", "ʌ": "AH", "æ": "AE", "a": "AE", "ɛ": "EH",
    "e": "EH", "ɪ": "IH", "i": "IY", "ᵻ": "IH", "ʊ": "UH", "u": "UW", "ɑ": "AA", "ɔ": "AO", "ɒ": "AA", "o": "OW",
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K", "l": "L", "m": "M",
    "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T", "θ": "TH", "v": "V",
    "w": "W", "x": "K", "z": "Z", "ʒ": "ZH", "ʔ": "T",
}  # fmt: skip
_LONGEST = max(map(len, _IPA))
_RETRIEVAL = 2  # espeak_AUDIO_OUTPUT: no sound device is opened
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_UTF8, _AS_IPA = 1, 2


def phones(word: str) -> str:
    """The phones of a word as American English, parted by spaces; "" when it cannot be said or espeak-ng is away."""
    library = _library()
    if library is None:
        return ""
    text = ctypes.c_char_p(word.replace("\0", "").encode(errors="replace"))
    spoken = library.espeak_TextToPhonemes(ctypes.byref(text), _UTF8, _AS_IPA) or b""
    return arpabet(spoken.decode(errors="replace"))


def arpabet(ipa: str) -> str:
    """IPA as espeak-ng writes it, in the recogniser's letters; what it has no letter for is left out."""
    found, place = [], 0
    ipa = "".join(one for one in ipa if one not in "ˈˌ \u0329\u0303")
    while place < len(ipa):
        for length in range(_LONGEST, 0, -1):
            if (phone := _IPA.get(ipa[place : place + length])) is not None:
                found.append(phone)
                place += length
                break
        else:
            place += 1
    return " ".join(found)


@cache
def _library() -> Any:
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = os.fsencode(espeakng_loader.get_data_path())
    except (ImportError, OSError, RuntimeError):
        return None
    library.espeak_Initialize.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
    library.espeak_SetVoiceByName.argtypes = (ctypes.c_char_p,)
    library.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    if library.espeak_Initialize(_RETRIEVAL, 0, data, _DONT_EXIT) <= 0 or library.espeak_SetVoiceByName(b"en-us"):
        return None
    return library
