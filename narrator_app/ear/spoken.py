"""Commands that are said rather than typed, each begun with "narrator", and words that ears make up out of silence."""

from __future__ import annotations

import re

CALL = "narrator"
# What is said: what is typed. A name may follow where the typed command ends with a space.
SPOKEN = {
    "checkpoint": "/checkpoint ", "rewind to": "/rewind ", "go back to": "/rewind ", "hush": "/hush",
    "silence": "/hush", "retake": "/retake", "once more": "/retake", "accept": "/accept", "discard": "/discard",
}  # fmt: skip
_PHANTOMS = {
    "thank you",
    "thanks",
    "thanks for watching",
    "thank you for watching",
    "you",
    "bye",
    "bye bye",
    "the",
    "uh",
}
_BRIEF = 0.4  # seconds of speech, in which nobody says one of those


def command_of(text: str) -> str | None:
    """The typed command that a spoken one means; None for what is to be told."""
    words = re.sub(r"[^\w\s']", " ", text).split()
    if not words or words[0].casefold() != CALL:
        return None
    rest = " ".join(words[1:])
    for said, typed in SPOKEN.items():
        if rest.casefold() == said and not typed.endswith(" "):
            return typed
        if typed.endswith(" ") and rest.casefold().startswith(f"{said} "):
            return typed + rest[len(said) + 1 :]
    return None


def spoken_sentences() -> list[str]:
    """What an ear should expect to hear when spoken commands are on."""
    return [f"{CALL} {said}" for said in SPOKEN]


def is_phantom(text: str, spoken: float) -> bool:
    """Whether an ear made this up: nothing, or a phrase that ears hear in noise. ``spoken``: seconds of speech."""
    plain = " ".join(re.sub(r"[^\w\s']", " ", text).casefold().split())
    return not plain or (plain in _PHANTOMS and spoken < _BRIEF)
