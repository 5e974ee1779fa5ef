"""Where trio and asyncio meet: the story runs on trio, Flet on asyncio, both on one thread.

Rules of this file:
- trio is a guest of the loop that Flet runs on. One guest run per process, whatever number of pages is open.
- Handlers of the screens and tasks of the story share a thread: they call each other's plain functions directly, and
  neither may block. What waits is handed over with :meth:`Bridge.do`.
- Closing the window, Ctrl-C and SIGTERM end alike: the story first, with everything committed and its peers told.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import outcome
import trio

from dwnet.errors import sentence
from narrator_app.evenings import Evenings

JOBS = 256  # intents that wait to be begun; a person cannot press keys this fast
SOON_SECONDS = 0.05  # what happens is shown at once, and a burst that follows it once in this time
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Work = Callable[[], Awaitable[object]]
logger = logging.getLogger(__name__)


class Bridge:
    """The story's side of one process, as the screens reach it."""

    def __init__(self, evenings: Evenings) -> None:
        self.evenings = evenings
        self.stopping = asyncio.Event()  # it is to end
        self.ended = asyncio.Event()  # the story has; the screens may go
        self.interrupted = False
        self._send, self._receive = trio.open_memory_channel[tuple[Work, Callable[[BaseException | None], None]]](JOBS)
        self._due: dict[Callable[[], None], None] = {}
        self._refreshed = float("-inf")
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        """Start the story's side on the running loop."""
        loop = asyncio.get_running_loop()
        start = partial(
            trio.lowlevel.start_guest_run,
            self._run,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            run_sync_soon_not_threadsafe=loop.call_soon,
            done_callback=self._ended,
            host_uses_signal_set_wakeup_fd=True,
        )
        contextvars.Context().run(start)  # else every task of the story inherits the page that happened to call

    async def over(self) -> None:
        """Wait until the story's side has ended; its error, if it ended by one."""
        await asyncio.shield(self._over)

    def stop(self) -> None:
        """Begin to end: the story is left, then the screens are closed."""
        self.stopping.set()

    def take_signals(self) -> None:
        """Ctrl-C and SIGTERM end the desk. Called again when a page opens: Flet takes them for itself in between."""
        loop = asyncio.get_running_loop()
        for one in SIGNALS:
            loop.add_signal_handler(one, self._signalled, one)

    def _signalled(self, which: signal.Signals) -> None:
        self.interrupted = self.interrupted or which is signal.SIGINT
        self.stop()

    def do(self, work: Work, done: Callable[[BaseException | None], None]) -> None:
        """Run ``work`` on trio; ``done`` gets the error it ended with, or None. Begun in the order of the calls."""
        try:
            self._send.send_nowait((work, done))
        except trio.WouldBlock as error:
            done(error)

    def soon(self, refresh: Callable[[], None]) -> None:
        """Call ``refresh`` once however often it is asked for: when the loop is next free, and then not again before
        ``SOON_SECONDS`` have passed.
        """
        if not self._due:
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), self._refreshed + SOON_SECONDS), self.draw)
        self._due[refresh] = None

    def every(self, seconds: float, step: Callable[[], bool]) -> None:
        """Call ``step`` again and again, this far apart, until it says False."""
        loop = asyncio.get_running_loop()

        def again() -> None:
            try:
                goes_on = step()
            except Exception:  # what moves on one page is no reason for the others to stand still
                logger.exception("a screen could not move")
                return
            if goes_on:
                loop.call_later(seconds, again)

        loop.call_later(seconds, again)

    def later(self, seconds: float, then: Callable[[], None]) -> Callable[[], None]:
        """Call ``then`` after a while, unless the function returned is called before."""
        return asyncio.get_running_loop().call_later(seconds, _draw, then).cancel

    def draw(self) -> None:
        """Bring everything that waits for it in step now."""
        self._refreshed = asyncio.get_running_loop().time()
        due, self._due = list(self._due), {}
        for refresh in due:
            _draw(refresh)

    async def _run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._work, nursery)
            await self.evenings.run()
            nursery.cancel_scope.cancel()

    async def _work(self, nursery: trio.Nursery) -> None:
        async for work, done in self._receive:
            nursery.start_soon(_run_one, work, done)

    def _ended(self, how: outcome.Outcome[Any]) -> None:
        if not self._over.done():
            if isinstance(how, outcome.Error):
                self._over.set_exception(how.error)
            else:
                self._over.set_result(None)


def _draw(refresh: Callable[[], None]) -> None:
    try:
        refresh()
    except Exception:  # one page that cannot be drawn is no reason for the others not to be
        logger.exception("a screen could not be brought up to date")


async def _run_one(work: Work, done: Callable[[BaseException | None], None]) -> None:
    try:
        await work()
    except Exception as error:
        logger.info("an intent was not carried out: %s", sentence(error)[0], exc_info=error)
        _tell(done, error)
    else:
        _tell(done, None)


def _tell(done: Callable[[BaseException | None], None], error: BaseException | None) -> None:
    """Whoever asked may be a page that is gone by now, and that is no reason for the story to end."""
    try:
        done(error)
    except Exception:
        logger.exception("a page did not take how its intent ended")
