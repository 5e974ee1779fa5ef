"""The map of a story's branches as values: stops on lanes, and the stretches between them. Pure.

Rules of this file:
- A stop is a place worth naming: the beginning, where the story stands now, a checkpoint, the end of a branch, a fork.
  What lies between two stops is one stretch with a number, however long it is.
- Rows are in the order in which things were told, so a stop never stands above what it follows. Lane 0 is the way the
  story goes now, from the beginning to where it stands; what was left runs beside it.
- A story may have thousands of branches. The newest are drawn, and it is said how many are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from narrator_app.phrases import say
from narrator_app.views.library import excerpt_of, passages
from protocol.story import Story

TIPS = 40  # ends of branches that are drawn
MARKS = 60  # checkpoints
Kind = Literal["beginning", "fork", "branch", "checkpoint", "here"]


@dataclass(frozen=True)
class Stop:
    """A place on the map. ``id`` is its passage, b"" the very beginning; ``names`` are those of the checkpoints and
    branches that end there; ``on_way``: the way the story goes now leads through it.
    """

    id: bytes
    row: int
    lane: int
    kind: Kind
    names: tuple[str, ...]
    text: str
    on_way: bool

    @property
    def title(self) -> str:
        """What it is called."""
        if self.kind == "here":
            return say("library.map_here_named", names=", ".join(self.names)) if self.names else say("library.map_here")
        return ", ".join(self.names) or say(f"library.map_{self.kind}")


@dataclass(frozen=True)
class Stretch:
    """What lies between two stops: ``count`` passages. It leaves in the upper stop's lane and runs in the lower's."""

    upper: int
    lower: int
    upper_lane: int
    lower_lane: int
    count: int
    on_way: bool

    @property
    def words(self) -> str:
        """How much it is; "" when the stops follow each other."""
        return passages(self.count) if self.count else ""


@dataclass(frozen=True)
class BranchMap:
    """Stops by row, the stretches between them, how many lanes there are, and how many places were left out."""

    stops: tuple[Stop, ...]
    stretches: tuple[Stretch, ...]
    lanes: int
    left_out: int

    @property
    def branches(self) -> int:
        """How many ways were left."""
        return sum(1 for one in self.stops if one.kind == "branch")


def branch_map(story: Story) -> BranchMap:
    """The map of a story as it stands."""
    order = {one: at for at, one in enumerate(story.passages)}
    followed = {one.parent for one in story.passages.values()}
    tips = [one for one in story.passages if one not in followed and one != story.head]
    marks = [one for one in dict.fromkeys(story.checkpoints.values()) if one]
    chosen = {b"", story.head, *tips[-TIPS:], *marks[-MARKS:]}
    stops = _stops(chosen, story)
    placed = sorted(stops, key=lambda one: order.get(one, -1))
    rows = {one: row for row, one in enumerate(placed)}
    before = _before(stops, story)
    way = _way(story, stops)
    lanes = _lanes(placed, rows, before, way)
    names = _names(story)
    return BranchMap(
        tuple(
            Stop(
                one,
                rows[one],
                lanes[one],
                _kind(one, story, names, set(tips)),
                names.get(one, ()),
                excerpt_of(story, one),
                one in way,
            )
            for one in placed
        ),
        tuple(
            Stretch(rows[upper], rows[one], lanes[upper], lanes[one], count, one in way)
            for one, (upper, count) in before.items()
        ),
        max(lanes.values()) + 1,
        len(tips[:-TIPS]) + len(marks[:-MARKS]),
    )


def _stops(chosen: Iterable[bytes], story: Story) -> set[bytes]:
    """The chosen ones, and where their ways part."""
    seen, stops = {b""}, set(chosen)
    for one in chosen:
        at = one
        while at not in seen:
            seen.add(at)
            at = story.passages[at].parent
        if at != one:
            stops.add(at)
    return stops


def _before(stops: set[bytes], story: Story) -> dict[bytes, tuple[bytes, int]]:
    """For every stop but the beginning, the stop before it and how many passages lie between."""
    found: dict[bytes, tuple[bytes, int]] = {}
    for one in stops - {b""}:
        at, count = story.passages[one].parent, 0
        while at not in stops:
            at, count = story.passages[at].parent, count + 1
        found[one] = at, count
    return found


def _way(story: Story, stops: set[bytes]) -> set[bytes]:
    return {one for one in stops if not one or story.on_path(one)}


def _lanes(
    placed: list[bytes], rows: Mapping[bytes, int], before: Mapping[bytes, tuple[bytes, int]], way: set[bytes]
) -> dict[bytes, int]:
    """Lane 0 for the way the story goes; for each chain that leaves it or another, the lowest that is free."""
    lanes = dict.fromkeys(way, 0)
    busy: list[list[tuple[int, int]]] = []
    for tip in reversed(placed):
        chain, at = list[bytes](), tip
        while at not in lanes:
            chain.append(at)
            at = before[at][0]
        if not chain:
            continue
        first, last = rows[at], rows[tip]
        free = (
            number for number, taken in enumerate(busy, 1) if all(last <= begin or end <= first for begin, end in taken)
        )
        lane = next(free, len(busy) + 1)
        if lane > len(busy):
            busy.append([])
        busy[lane - 1].append((first, last))
        lanes.update(dict.fromkeys(chain, lane))
    return lanes


def _names(story: Story) -> dict[bytes, tuple[str, ...]]:
    names: dict[bytes, tuple[str, ...]] = {}
    for name, entry in story.checkpoints.items():
        names[entry] = (*names.get(entry, ()), name)
    for branch in story.branches:
        names[branch.tip] = (*names.get(branch.tip, ()), branch.name)
    return names


def _kind(one: bytes, story: Story, names: Mapping[bytes, object], tips: set[bytes]) -> Kind:
    if one == story.head:
        return "here"
    if not one:
        return "beginning"
    if one in tips:
        return "branch"
    return "checkpoint" if one in story.checkpoints.values() else "fork"
