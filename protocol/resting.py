"""Entries that rest a moment before they are passed on.

An author tells everybody he is linked to. So what he brings himself is hardly news to anyone, and of two who would
pass it on to each other, the one who rests less spares the other. The time is one's own in every run: nobody is always
first.
"""

from __future__ import annotations

import math

from protocol import limits
from protocol.ledger import Unit

HASTY = frozenset(("genesis", "grant", "revoke"))  # they decide who counts; nothing waits for them, they for nothing


class Resting:
    """What rests at one node, in the order in which it came. ``run`` is its present run."""

    def __init__(self, run: bytes) -> None:
        between = limits.REST_MOST_MS - limits.REST_LEAST_MS
        self._rest = (limits.REST_LEAST_MS + between * (run[0] if run else 0) / 255) / 1000
        self._units: dict[bytes, tuple[float, Unit, int]] = {}

    @property
    def until(self) -> float | None:
        """When the first of them has rested long enough; None while nothing rests."""
        return next((until for until, _, _ in self._units.values()), None)

    def add(self, unit: Unit, link: int, now: float) -> list[tuple[Unit, int]]:
        """Let a unit rest that came from ``link``; those that must go now because there are too many."""
        self._units[unit[0].id] = (now + self._rest, unit, link)
        return self._out(len(self._units) - limits.RESTING)

    def drop(self, entry_id: bytes) -> None:
        """It is told otherwise."""
        self._units.pop(entry_id, None)

    def rested(self, now: float = math.inf) -> list[tuple[Unit, int]]:
        """Units that have rested long enough, by default all, and the link that each came from."""
        return self._out(sum(until <= now for until, _, _ in self._units.values()))

    def _out(self, count: int) -> list[tuple[Unit, int]]:
        first = list(self._units)[: max(0, count)]
        return [self._units.pop(one)[1:] for one in first]
