"""How every member is: eight statuses, one transition table, and for each what to do about it.

Rules of this file:
- Everything that affects a transition stands in ``TABLE``. A signal that has no row for a status changes nothing.
- A link decides between the Online_* and Error_API* statuses: heartbeats say the process lives, its own word about its
  engines says it can answer. Without a link it is Offline; when every address was tried and failed, Error_Unreachable.
- A status carries since when, why, and the one thing to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Status(Enum):
    """How a member is, as the narrator sees it."""

    REGISTERED = "Registered"
    OFFLINE = "Offline"
    HEARTBEAT = "Online_Heartbeat"
    RESPONSIVE = "Online_Responsive"
    ERROR_API = "Error_API"
    DEGRADED = "Error_API_Degraded"
    UNREACHABLE = "Error_Unreachable"
    DEACTIVATED = "Deactivated"


class Signal(Enum):
    """What was observed."""

    INVITED = "invited"
    GRANTED = "granted"
    LINKED = "linked"
    LOST = "lost"
    UNREACHABLE = "unreachable"
    LOADING = "loading"
    READY = "ready"
    SLOW = "slow"
    FAILING = "failing"
    DEACTIVATED = "deactivated"


_ENGINES = {
    Signal.LOADING: Status.HEARTBEAT,
    Signal.READY: Status.RESPONSIVE,
    Signal.SLOW: Status.DEGRADED,
    Signal.FAILING: Status.ERROR_API,
    Signal.LOST: Status.OFFLINE,
    Signal.DEACTIVATED: Status.DEACTIVATED,
    Signal.GRANTED: Status.OFFLINE,
}
_AWAY = {
    Signal.LINKED: Status.HEARTBEAT,
    Signal.UNREACHABLE: Status.UNREACHABLE,
    Signal.DEACTIVATED: Status.DEACTIVATED,
}
TABLE: dict[Status, dict[Signal, Status]] = {
    Status.REGISTERED: {
        Signal.GRANTED: Status.OFFLINE,
        Signal.LINKED: Status.HEARTBEAT,
        Signal.DEACTIVATED: Status.DEACTIVATED,
    },
    Status.OFFLINE: _AWAY,
    Status.UNREACHABLE: {Signal.LINKED: Status.HEARTBEAT, Signal.DEACTIVATED: Status.DEACTIVATED},
    Status.HEARTBEAT: _ENGINES,
    Status.RESPONSIVE: _ENGINES,
    Status.DEGRADED: _ENGINES,
    Status.ERROR_API: _ENGINES,
    Status.DEACTIVATED: {Signal.INVITED: Status.REGISTERED, Signal.GRANTED: Status.OFFLINE},
}

PRESENT = frozenset({Status.HEARTBEAT, Status.RESPONSIVE, Status.DEGRADED, Status.ERROR_API})

REMEDIES: dict[Status, str] = {
    Status.REGISTERED: "Give the invite code to whoever shall play this seat: /invite {name}",
    Status.OFFLINE: "Start it again on its machine with: dwnet peer",
    Status.HEARTBEAT: "It is loading its model; nothing to do.",
    Status.RESPONSIVE: "",
    Status.ERROR_API: "On its machine, look at: dwnet doctor",
    Status.DEGRADED: "It answers without sound or slowly. On its machine, look at: dwnet doctor",
    Status.UNREACHABLE: "None of its addresses answers. Is its machine on, with dwnet peer running and no firewall?",
    Status.DEACTIVATED: "To play this seat again: /invite {name}",
}


@dataclass(frozen=True)
class Condition:
    """A member's status with its story. ``since`` is in ms since 1970."""

    status: Status
    since: int
    why: str

    def remedy(self, name: str) -> str:
        return REMEDIES[self.status].format(name=name)


def begin(now: int) -> Condition:
    return Condition(Status.REGISTERED, now, "Nobody has joined for this seat yet.")


def observe(condition: Condition, signal: Signal, why: str, now: int) -> Condition:
    """The condition after a signal; the same object when nothing changes that a person would want to know."""
    status = TABLE[condition.status].get(signal)
    if status is None:
        return condition
    if status is condition.status:
        return condition if why == condition.why else replace(condition, why=why)
    return Condition(status, now, why)
