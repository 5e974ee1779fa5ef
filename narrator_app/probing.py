"""Asking a member to test itself now, and telling what came of it."""

from __future__ import annotations

from typing import Protocol

import trio

from dwnet.errors import NodeError
from dwnet.node import Node
from protocol.moments import Health, Probe

PATIENCE = 20.0  # seconds for an answer; a model server that is called far away may take some for one token


class NotConnected(NodeError):
    """{name} is not connected, so nobody can ask how it is.

    {remedy}
    """

    exit_code = 2


class Told(Protocol):
    """Tells everybody of a probe that ended. ``milliseconds`` is None when it was not answered."""

    def __call__(self, seat: int, milliseconds: int | None) -> None: ...


class Probes:
    """The probes of one narrator that wait for their answer: one per seat, the last that was sent."""

    def __init__(self, node: Node, tell: Told) -> None:
        self._node = node
        self._tell = tell
        self._number = 0
        self._waiting: dict[int, tuple[int, float]] = {}  # by seat: number, and when it was sent on trio's clock

    def ask(self, seat: int, name: str, remedy: str) -> None:
        """Send a probe to whoever plays this seat.

        :raises NotConnected: with ``remedy``, when there is no link to it.
        """
        member = self._node.ledger.authority.occupant(seat)
        if member is None or not self._node.linked_to(member.key):
            raise NotConnected(name=name, remedy=remedy)
        self._number += 1
        self._waiting[seat] = (self._number, trio.current_time())
        self._node.say(Probe.kind, Probe(self._number).pack(), only=member.key)

    def waits(self, seat: int) -> bool:
        """Whether an answer of this seat is still to come."""
        return seat in self._waiting

    def heard(self, seat: int, said: Health) -> None:
        """A health came: it may be the answer."""
        asked = self._waiting.get(seat)
        if asked is not None and said.probe >= asked[0]:
            del self._waiting[seat]
            self._tell(seat, int((trio.current_time() - asked[1]) * 1000))

    def give_up(self) -> None:
        """Call about once a second: who has not answered in time does not answer."""
        now = trio.current_time()
        for seat in [seat for seat, (_, at) in self._waiting.items() if now - at >= PATIENCE]:
            del self._waiting[seat]
            self._tell(seat, None)
