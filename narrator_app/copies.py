"""This story told twice: on another machine at the same time, or on an evening that came to light later.

Rules of this file:
- Of two live copies, the one that opened its run later stops.
- Lines of an older evening join by themselves if nothing was told since; else they are a branch, and a person decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import trio

from dwnet.node import Draft, Node
from dwnet.times import iso
from narrator_app.errors import AnotherCopy
from protocol.kinds import Adopted, SetAside

DISPLACED = 3  # times in DISPLACED_SECONDS that our place at a peer was taken: two live copies displace each other
DISPLACED_SECONDS = 20  # about every second


class Copies:
    """What is known of other copies. ``happen`` tells whoever shows the story; ``behind_since``: in ms since 1970,
    since when this copy is known to be older than what this machine told before.
    """

    def __init__(self, node: Node, happen: Callable[..., Any], behind_since: int | None) -> None:
        self.behind_since = behind_since
        self._node = node
        self._happen = happen
        self._displacements: deque[float] = deque(maxlen=DISPLACED)
        self._tail_at: float | None = None

    def note_tail(self) -> None:
        """An entry of another run of ours came."""
        self._tail_at = trio.current_time()

    def tail_waits(self) -> bool:
        """Entries of an older evening came, and for a second no more of them."""
        return self._tail_at is not None and trio.current_time() - self._tail_at >= 1

    def displaced(self) -> None:
        """A peer gave up its only link to us for another one to our key. Again and again: somebody else lives with it.
        Of the two, the one that opened its run later stops.

        :raises AnotherCopy:
        """
        now = trio.current_time()
        self._displacements.append(now)
        runs = self._node.ledger.canon.runs
        own = runs[self._node.run_id]
        latest = all((one.opened_at, one.id) <= (own.opened_at, own.id) for one in runs.values())
        if latest and len(self._displacements) == DISPLACED and now - self._displacements[0] <= DISPLACED_SECONDS:
            raise AnotherCopy

    def second(self, run: bytes) -> None:
        """Another run of ours is live.

        :raises AnotherCopy: when it began earlier than this one.
        """
        other, own = self._node.ledger.canon.runs.get(run), self._node.ledger.canon.runs.get(self._node.run_id)
        if own is not None and (other is None or (other.opened_at, other.id) < (own.opened_at, own.id)):
            raise AnotherCopy

    async def settle_tails(self) -> None:
        """Lines of an older evening came to light: they join by themselves if nothing was told since."""
        self._tail_at = None
        canon, own = self._node.ledger.canon, self._node.run_id
        live = canon.runs.get(own)
        if live is None:
            return
        for tail in canon.unsettled(own):
            gained = canon.missing_of(tail, own)
            if not live.told:
                await self._node.write(Draft(Adopted(), (tail.tip.id,)))
                self.behind_since = None
                self._happen(
                    "notice",
                    what=f"{len(gained)} entries of an earlier evening were missing here; they are joined again.",
                )
            else:
                name = f"evening of {iso(tail.opened_at)[:16].replace('T', ' ')}"
                await self._node.write(Draft(SetAside(name), (tail.tip.id,)))
                self._happen("branch", name=name, **{"from": tail.continues.hex()})
                self._happen(
                    "notice", what=f"{len(gained)} entries of an earlier evening came to light. /adopt joins them here."
                )
