"""The hive as a drawing: who stands where, and what runs between them. All measures are parts of the drawing's half
width and height, from -1 to 1, the narrator at 0, 0.

Rules of this file:
- The same members stand at the same places every time; somebody who joins moves the others as little as a ring allows.
- Up to CROWD members stand on one ring, with their names. More stand on rings, without.
- Links between members are known from their own word. In a crowd only those of the member looked at are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from narrator_app.health import PRESENT, Status
from narrator_app.survey import MemberFacts
from protocol.kinds import NARRATOR

CROWD = 24
STAGGERED = 12  # beyond it every other one stands a little further in, so that names do not touch
OUTER = 0.86
INNER_RING = 0.34  # in a crowd; leaves the middle to the narrator
RING_STEP = 0.13  # of a ring's distance to the next, at the least
FLATTEST = 2.0  # of a drawing's longer side to its shorter one
Tone = Literal["ok", "warn", "danger", "accent", "muted"]
Run = Literal["up", "lagging", "lost", "between"]

TONES: dict[Status, Tone] = {
    Status.REGISTERED: "muted",
    Status.OFFLINE: "muted",
    Status.HEARTBEAT: "accent",
    Status.RESPONSIVE: "ok",
    Status.ERROR_API: "danger",
    Status.DEGRADED: "warn",
    Status.UNREACHABLE: "danger",
    Status.DEACTIVATED: "muted",
}


@dataclass(frozen=True)
class Node:
    """A member in the drawing. ``is_here``: it has a link, or is known through others."""

    seat: int
    x: float
    y: float
    name: str
    initials: str
    tone: Tone
    is_here: bool
    is_named: bool


@dataclass(frozen=True)
class Edge:
    """What runs between two seats. Messages are counted since the link opened, 0 between others; they do not make it
    another edge.
    """

    one: int
    other: int
    run: Run
    link: int = 0
    sent: int = field(default=0, compare=False)
    received: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Graph:
    """The whole drawing. ``size`` is the radius of a member, in pixels of a drawing of usual size."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    size: float


def graph(story: str, members: Sequence[MemberFacts], selected: int | None = None) -> Graph:
    """The drawing of a hive; ``selected`` is the seat that is looked at."""
    places = positions(len(members))
    is_named = len(members) <= CROWD
    nodes = [Node(NARRATOR, 0.0, 0.0, story, "", "accent", True, False)]
    for (x, y), one in zip(places, members, strict=True):
        status = one.condition.status
        is_here = status in PRESENT
        nodes.append(Node(one.seat, x, y, one.name, initials(one.name), TONES[status], is_here, is_named))
    return Graph(tuple(nodes), tuple(_edges(members, selected)), node_size(len(members)))


def positions(count: int) -> tuple[tuple[float, float], ...]:
    """Where that many members stand around the narrator, the first at the top, then clockwise."""
    if count <= CROWD:
        return tuple(
            _on_ring(index, count, OUTER * (0.72 if count > STAGGERED and index % 2 else 1)) for index in range(count)
        )
    rings = max(2, min(round((OUTER + 0.1 - INNER_RING) / RING_STEP), math.ceil(math.sqrt(count / 8))))
    radii = [INNER_RING + (OUTER + 0.1 - INNER_RING) * ring / (rings - 1) for ring in range(rings)]
    shares = [int(count * radius / sum(radii)) for radius in radii]
    shares[-1] += count - sum(shares)
    return tuple(
        _on_ring(index + 0.5 * (ring % 2), share, radius)
        for ring, (radius, share) in enumerate(zip(radii, shares, strict=True))
        for index in range(share)
    )


def node_size(count: int) -> float:
    """The radius of a member among that many, in pixels."""
    return 22 if count <= 8 else 17 if count <= STAGGERED else 14 if count <= CROWD else 9 if count <= 80 else 6


def hit(nodes: Sequence[Node], x: float, y: float, width: float, height: float, reach: float) -> int | None:
    """The seat of the node nearest to a point of a drawing of this size, if it is within ``reach`` pixels."""
    best, found = reach, None
    for node in nodes:
        there = at(node.x, node.y, width, height)
        distance = math.hypot(x - there[0], y - there[1])
        if distance <= best:
            best, found = distance, node.seat
    return found


def at(x: float, y: float, width: float, height: float) -> tuple[float, float]:
    """A place of the drawing in pixels: an ellipse in the middle, not too flat, with room for names at its rim."""
    across = max(64.0, min(width, FLATTEST * height) - 64)
    down = max(56.0, min(height, FLATTEST * width) - 56)
    return (width + x * across) / 2, (height + y * down) / 2


def initials(name: str) -> str:
    """What stands in a node: the first letters of the first two words."""
    return "".join(part[0] for part in name.split()[:2]).upper() or "?"


def _on_ring(index: float, count: int, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * index / max(1, count) - math.pi / 2
    return radius * math.cos(angle), radius * math.sin(angle)


def _edges(members: Sequence[MemberFacts], selected: int | None) -> list[Edge]:
    edges: list[Edge] = []
    here = {one.seat: one for one in members if one.condition.status in PRESENT}
    for one in members:
        if one.link is not None:
            run: Run = "lagging" if one.link.lagging else "up"
            edges.append(Edge(NARRATOR, one.seat, run, one.link.id, one.link.sent, one.link.received))
        elif one.peer:
            edges.append(Edge(NARRATOR, one.seat, "lost"))
    between: dict[tuple[int, int], None] = {}
    for seat, one in here.items():
        for other in one.said.links if one.said is not None else ():
            pair = (min(seat, other), max(seat, other))
            is_shown = len(members) <= CROWD or selected in pair
            if is_shown and NARRATOR not in pair and other in here and other != seat:
                between[pair] = None
    return [Edge(one, other, "between") for one, other in between] + edges
