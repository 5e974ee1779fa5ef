"""The recording a character's voice is taken from: as the narrator gave it last, and what its file is called.

It is bound to no place of the story: going back changes nobody's voice.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol.kinds import Sampled
from protocol.ledger import Ledger

SUFFIX, CONSENT = ".flac", ".txt"  # of the recording, and of the words beside it that say who allowed it
ENGINE = "xtts"  # what takes a voice from a recording


def samples(ledger: Ledger, seat: int) -> Iterator[Sampled]:
    """All that this node may read of a seat's, the last one first."""
    for placed in reversed(ledger.canon.order):
        if placed.kind == Sampled.kind:
            opening = ledger.opening(ledger.entries[placed.id])
            if opening is not None and isinstance(opening.body, Sampled) and opening.body.seat == seat:
                yield opening.body


def sample_of(ledger: Ledger, seat: int) -> Sampled | None:
    """The one that counts; None when there is none, or none any more."""
    last = next(samples(ledger, seat), None)
    return last if last is not None and last.blob else None


def file_of(name: str) -> str:
    """The name of the file a recording lies in, safe on every disk whatever a stranger called it."""
    return "".join(one if one.isascii() and (one.isalnum() or one == "-") else "-" for one in name) or "voice"
