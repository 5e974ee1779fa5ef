"""How a process is asked to end. Ctrl-C, SIGTERM and SIGHUP are received in one place: an interrupt that is thrown into
whatever happens to run may be swallowed there, by a library's callback for one, and nobody would ever hear of it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

import trio

from dwnet.errors import INTERRUPTED

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
