"""How this member is, told to the narrator every few seconds, when it changes, and when he asks.

Rules of this file:
- It goes to the narrator alone, over his own link; without one to all, so that he learns of it through others.
- What it costs the narrator does not grow with the hive: in a large one everybody tells less often.
- A probe is answered in any case. It makes this member test its engines at most once in limits.PROBE_SECONDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from dwnet.machine import Meter
from dwnet.node import Event, Node
from protocol import limits
from protocol.effects import Heard
from protocol.moments import REPORT_SECONDS, REPORTS_PER_SECOND, Health, Probe, read_moment

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Engines:
    """How a member's engines are. ``state`` is one of moments.HEALTH_STATES; ``rate`` is in tokens per second,
    ``first_token`` in seconds, both of the last line.
    """

    state: str
    why: str = ""
    writer: str = ""
    adapter: str = ""
    voice: str = ""
    rate: float = 0.0
    first_token: float = 0.0


LISTENING = Engines("ready", "It listens.")


class Reporter:
    """Tells how this member is. ``look`` says how its engines are; ``test`` is asked to try them and to call
    :meth:`answer`, or says False when it has no time for that.
    """

    def __init__(self, node: Node, look: Callable[[], Engines], test: Callable[[], bool] = lambda: False) -> None:
        self._node = node
        self._look = look
        self._test = test
        self._meter = Meter()
        self._asked = self._answered = 0
        self._tested_at: float | None = None

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Report until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell_often)
            async for event in events:
                if isinstance(event, Heard) and event.ephemeral.kind == Probe.kind:
                    self._probed(read_moment(Probe, event.ephemeral.payload).number)

    async def _tell_often(self) -> None:
        while True:
            self.report()
            await trio.sleep(max(REPORT_SECONDS, len(self._node.ledger.authority.current()) / REPORTS_PER_SECOND))

    def _probed(self, number: int) -> None:
        """The narrator asks. Without a test what is known is the answer."""
        self._asked = number
        now = trio.current_time()
        is_time = self._tested_at is None or now - self._tested_at >= limits.PROBE_SECONDS
        if is_time and self._test():
            self._tested_at = now
        else:
            self.answer()

    def answer(self) -> None:
        """The engines were tested, or there is no need: what is reported from now on answers the last probe."""
        self._answered = self._asked
        self.report()

    def report(self) -> None:
        """Tell how this member is now."""
        node, engines, usage = self._node, self._look(), self._meter.read()
        authority = node.ledger.authority
        seats = {one.seat for link in node.links.values() if (one := authority.member(link.remote)) is not None}
        health = Health(
            engines.state,
            engines.why[:256],
            engines.writer[:128],
            engines.adapter[:32],
            engines.voice,
            int(engines.rate * 10),
            int(engines.first_token * 1000),
            int(usage.cpu * 10),
            (usage.memory or 0) // MEBIBYTE,
            node.ledger.canon.head,
            len(node.ledger.log),
            tuple(sorted(seats)),
            self._answered,
        )
        linked = node.linked_to(authority.narrator)
        node.say(health.kind, health.pack(), only=authority.narrator if linked else None)
