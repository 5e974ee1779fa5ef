"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """``ours`` and ``theirs`` in the same unit, from the same run; ``target`` is what their ratio should reach.

    ``at_most``: smaller is better. ``beside`` is printed along, in words.
    """

    name: str
    what: str
    against: str
    ours: float
    theirs: float
    unit: str
    target: float
    at_most: bool = True
    beside: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def reached(self) -> bool:
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


def p50(values: list[float]) -> float:
    """The median."""
    return median(values)
