"""Work that takes a while, in a thread: it says how far it is, and stops where it does when nobody waits any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from dwnet.log_file import Progress

T = TypeVar("T")


class Errand:
    """A piece of work that whoever asked for it can call off."""

    def __init__(self) -> None:
        self._scope = trio.CancelScope()

    @property
    def called_off(self) -> bool:
        """Whether it ended because of that."""
        return self._scope.cancelled_caught

    async def run(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do it, until it is done or called off. Once."""
        with self._scope:
            await work()

    def call_off(self) -> None:
        """Nobody waits for it any more."""
        self._scope.cancel()


async def in_thread(work: Callable[[Progress], T], progress: Progress | None = None) -> T:
    """What ``work`` returns. It is handed a function to call now and then with what is done and how much there is.

    ``progress`` hears of it on the trio thread, once for each hundredth. Cancelled, ``work`` ends with
    ``trio.Cancelled`` where it next calls that function, and leaves nothing half done behind it.
    """
    told = -1

    def step(done: int, total: int) -> None:
        nonlocal told
        trio.from_thread.check_cancelled()
        hundredth = 100 * done // max(total, 1)
        if progress is not None and hundredth != told:
            told = hundredth
            trio.from_thread.run_sync(progress, done, total)

    return await trio.to_thread.run_sync(work, step)
