"""Characters gather on this machine: they are cast, their processes start, their models load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from narrator_app.commands import Desk
from narrator_app.health import Condition, Status
from narrator_app.local import ENDED

CAST_AT_FIRST = 2  # on a machine with few cores; more would share them to nobody's joy


class Waking(Enum):
    """How one character comes to life."""

    COMING = "coming"  # its process starts
    LOADING = "loading"  # its model is being read
    AWAKE = "awake"
    ABSENT = "absent"  # it cannot answer, and says why


@dataclass(frozen=True)
class Arrival:
    """How one of the cast is on the way. ``why`` and ``remedy`` are sentences, for those who can't come."""

    name: str
    waking: Waking = Waking.COMING
    why: str = ""
    remedy: str = ""


def waking(condition: Condition | None) -> Waking:
    """How a character is on the way, by how it is."""
    match condition.status if condition else None:
        case Status.RESPONSIVE | Status.DEGRADED:
            return Waking.AWAKE
        case Status.HEARTBEAT:
            return Waking.LOADING
        case Status.ERROR_API | Status.DEACTIVATED:
            return Waking.ABSENT
        case _:
            return Waking.COMING


async def bring_in(desk: Desk, names: Sequence[str]) -> None:
    """Cast these sample characters or cards, unless they are in the story already, and start them on this machine."""
    desk.casting.here.expected = max(1, len(names))
    for name in names:
        card = desk.casting.find_card(name)
        seats = {seat.name.casefold(): seat.number for seat in desk.narrator.story.seats.values()}
        seat = seats.get(card.name.casefold())
        if seat is None:
            seat = await desk.casting.cast(card)
        if not desk.casting.here.is_here(seat):
            await desk.casting.play_here(seat)


def arrivals(desk: Desk, names: Sequence[str]) -> tuple[Arrival, ...]:
    """How these are on the way, now."""
    found = []
    for name in names:
        seat = next(
            (one.number for one in desk.narrator.story.seats.values() if one.name.casefold() == name.casefold()), None
        )
        if seat is None:
            found.append(Arrival(name))
            continue
        condition = desk.narrator.attendance.conditions.get(seat)
        process = desk.casting.here.state(seat)
        one = Arrival(desk.narrator.name_of(seat), waking(condition))
        if process is not None and process.state == ENDED:
            one = replace(one, waking=Waking.ABSENT, why=process.why)
        elif one.waking is Waking.ABSENT and condition is not None:
            one = replace(one, why=condition.why, remedy=condition.remedy(one.name))
        found.append(one)
    return tuple(found)


def settled(coming: Sequence[Arrival]) -> bool:
    """Nobody is on the way any more: each is awake or can't come."""
    return all(one.waking in (Waking.AWAKE, Waking.ABSENT) for one in coming)
