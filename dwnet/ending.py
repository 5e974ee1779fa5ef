"""How a process is asked to end. Ctrl-C, SIGTERM and SIGHUP are received in one place: an interrupt that is thrown into
whatever happens to run may be swallowed there, by a library's callback for one, and nobody would ever hear of it.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from dwnet.errors import INTERRUPTED

R = TypeVar("R")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Whether this process was asked to end, and the exit code that follows from it."""

    def __init__(self) -> None:
        self.code = 0

    async def wait(self, stop: Callable[[], None]) -> None:
        """Call ``stop`` when a signal comes. The next Ctrl-C is Python's again: an end that hangs can be broken off."""
        with trio.open_signal_receiver(*_SIGNALS) as signals:
            async for one in signals:
                self.code = INTERRUPTED if one == signal.SIGINT else 0
                stop()
                return


async def unless_ended(work: Callable[[], Awaitable[R]]) -> R:
    """What ``work`` returns. A signal cancels it.

    :raises KeyboardInterrupt: when a signal came before it was done.
    """
    ending, results = Ending(), list[R]()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ending.wait, nursery.cancel_scope.cancel)
            results.append(await work())
            nursery.cancel_scope.cancel()
    except Exception:
        if ending.code != INTERRUPTED:  # what breaks while it is broken off is of no interest
            raise
    if not results:
        raise KeyboardInterrupt
    return results[0]
