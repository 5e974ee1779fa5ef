"""Who is here: every seat's condition, kept by what links, health reports and dialling tell."""

from __future__ import annotations

from collections.abc import Callable

import trio

from dwnet.mesh import Mesh
from dwnet.node import Node
from dwnet.text import one_line
from dwnet.times import iso
from narrator_app import health
from narrator_app.health import PRESENT, Condition, Signal, Status
from protocol import limits
from protocol.kinds import NARRATOR
from protocol.moments import REPORTS_PER_SECOND, Health
from protocol.pace import Pace

WHY = 256  # characters of a member's own word about itself
QUIET_SECONDS = 10.0  # after which a member without a link, known through others alone, counts as gone; or more:
QUIET_REPORTS = 4  # as many times the pause between two of its reports
TRIED = 2  # rounds of dialling every address, after which a member counts as out of reach
_SIGNALS = {"loading": Signal.LOADING, "ready": Signal.READY, "slow": Signal.SLOW, "failing": Signal.FAILING}


class Attendance:
    """All conditions of one story. ``tell`` is called with a seat whose status changed; ``now`` gives ms since 1970."""

    def __init__(self, node: Node, mesh: Mesh, tell: Callable[[int], None], now: Callable[[], int]) -> None:
        self.conditions: dict[int, Condition] = {}
        self.reports: dict[int, Health] = {}
        self.reported_at: dict[int, float] = {}  # on trio's clock
        self._paces: dict[int, Pace] = {}
        self.away: dict[int, float] = {}  # since when, on trio's clock, a seat has no link
        self.failing: dict[int, str] = {}  # why a seat cannot answer, in its own word
        self.starting: Callable[[int], bool] = lambda seat: False  # a process of this machine that only just began
        self._node = node
        self._mesh = mesh
        self._tell = tell
        self._now = now

    def begin_all(self) -> None:
        """Every seat of the story, also those that an earlier evening brought along."""
        for seat in self._node.ledger.story.seats:
            self.begin(seat)

    def begin(self, seat: int) -> None:
        """A seat is there: nobody's yet, or somebody's who is not connected."""
        if seat == NARRATOR or seat in self.conditions:
            return
        self.conditions[seat] = health.begin(self._now())
        if self._node.ledger.authority.occupant(seat) is not None:
            why = "Starting on this machine." if self.starting(seat) else "Not connected yet."
            self.observe(seat, Signal.GRANTED, why)
        elif self._is_closed(seat):
            self.observe(seat, Signal.DEACTIVATED, "Closed by the narrator.")
        else:
            self._tell(seat)

    def _is_closed(self, seat: int) -> bool:
        """Somebody played this seat, nobody does now, and no code is out for it."""
        authority = self._node.ledger.authority
        left = any(one.seat == seat for one in authority.members.values())
        spent = authority.burned.keys() | authority.withdrawn
        return left and not any(one.seat == seat and key not in spent for key, one in authority.invites.items())

    def observe(self, seat: int | None, signal: Signal, why: str) -> None:
        """Take note of how a seat's member is; tell it when its status changed."""
        if seat is None or seat == NARRATOR:
            return
        before = self.conditions.get(seat)
        after = health.observe(before or health.begin(self._now()), signal, why, self._now())
        self.conditions[seat] = after
        away = after.status in (Status.OFFLINE, Status.UNREACHABLE)
        if away:
            self.away.setdefault(seat, trio.current_time())
        else:
            self.away.pop(seat, None)
        if (before is None or after.status is not before.status) and not (away and self.starting(seat)):
            self._tell(seat)

    def hear(self, seat: int, said: Health) -> bool:
        """A member's own word about itself. False when it says too much of it, and nobody listens."""
        at = trio.current_time()
        if not self._paces.setdefault(seat, Pace()).allows(at, limits.REPORTS_PER_SECOND, limits.REPORTS_BURST):
            return False
        self.reports[seat] = said
        self.reported_at[seat] = at
        if not self._is_linked(seat):
            self.observe(seat, Signal.LINKED, "Reached through others.")
        signal = _SIGNALS.get(said.state, Signal.FAILING)
        self.failing.pop(seat, None)
        if signal is Signal.FAILING:
            self.failing[seat] = one_line(said.why, WHY)
        ready = f"Ready, with {one_line(said.writer, limits.NAME)}." if signal is Signal.READY else ""
        self.observe(seat, signal, one_line(said.why, WHY) or ready)
        return True

    def _is_linked(self, seat: int) -> bool:
        member = self._node.ledger.authority.occupant(seat)
        return member is not None and self._node.linked_to(member.key)

    def look_for_absent(self) -> None:
        """Call about once a second: members whose addresses were all tried in vain are out of reach; those known
        through others alone are gone when nothing is heard of them any more.
        """
        pause = len(self.conditions) / REPORTS_PER_SECOND
        quiet = trio.current_time() - max(QUIET_SECONDS, QUIET_REPORTS * pause)
        for seat, condition in list(self.conditions.items()):
            if condition.status in PRESENT and self.reported_at.get(seat, 0) < quiet and not self._is_linked(seat):
                self.observe(seat, Signal.LOST, "Nothing is heard of it any more.")
        for seat in list(self.away):
            member = self._node.ledger.authority.occupant(seat)
            reach = self._mesh.reach.get(member.key) if member else None
            if reach is not None and reach.addresses and reach.failed >= TRIED:
                self.observe(seat, Signal.UNREACHABLE, reach.why or "No address answers.")

    def facts(self, seat: int, name: str) -> dict[str, str]:
        """A seat's condition as a status happening tells it."""
        condition = self.conditions[seat]
        return {
            "member": name,
            "status": condition.status.value,
            "why": condition.why,
            "since": iso(condition.since),
            "remedy": condition.remedy(name),
        }
