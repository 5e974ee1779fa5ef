"""What a click in a character's mind does to the story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dwnet.errors import NodeError
from dwnet.settings import EVOLVE
from narrator_app.minds import STOP
from narrator_app.phrases import say
from narrator_app.run import Evening
from narrator_app.views.hive import Row

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


@dataclass(frozen=True)
class MindHands:
    """The narrator's hands at one member's mind."""

    desk: PageDesk
    evening: Evening
    row: Row

    def learns(self) -> str:
        """When it does so by what was chosen on this machine, one of EVOLVE; "elsewhere" where another plays it."""
        here = self.evening.desk.casting.here
        if not here.is_here(self.row.seat):
            return "elsewhere"
        try:
            return here.settings(self.row.seat).learns()
        except NodeError:  # its process, which reads the same file, does not even start, and says why
            return EVOLVE[-1]

    def learn(self, strength: str) -> None:
        """Let it learn, or stop."""

        async def ask() -> None:
            self.evening.desk.minds.evolve(self.row.seat, strength)

        told = None if strength == STOP else say("mind.asked", name=self.row.name)
        self.desk.do(ask, lambda: self.desk.tell(told) if told else None)

    def choose(self, version: str, *, pinned: bool, then: Callable[[], None]) -> None:
        """Let it speak with a version."""

        async def choose() -> None:
            await self.evening.desk.minds.choose(self.row.seat, version, pinned=pinned)

        self.desk.do(choose, then)
