"""The key that one talks with, decided: what its going down and up mean. Pure; a button does the same.

Going up is not always told: a key is let go while another window has the keyboard, and a screen reader's click has no
length. So a key that was only tapped goes on listening until the next tap, and one that was held ends as it goes up.
"""

from __future__ import annotations

from enum import Enum

HELD = 0.4  # seconds from which on a key was held, not tapped


class Meant(Enum):
    """What is to be done."""

    BEGIN = "listen to what is said until it is let go"
    HANDS_FREE = "listen from now on"
    RELEASE = "it is said"


class TalkKey:
    """``talk`` is how the narrator likes to talk, one of preferences.TALKS; ``now`` is in seconds."""

    def __init__(self) -> None:
        self._down: float | None = None

    def down(self, talk: str, *, listening: bool, now: float) -> Meant:
        """It goes down."""
        self._down = None if listening else now
        if listening:
            return Meant.RELEASE
        return Meant.HANDS_FREE if talk == "hands-free" else Meant.BEGIN

    def up(self, talk: str, now: float) -> Meant | None:
        """It goes up; None when that means nothing."""
        down, self._down = self._down, None
        return Meant.RELEASE if talk == "hold" and down is not None and now - down >= HELD else None
