"""The doctor as a screen asks for it: findings that come one after the other, and are kept until the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from dwnet.doctor import EngineCheck, Finding, findings
from dwnet.errors import NodeError
from dwnet.settings import Settings

Checks = Callable[[Settings], Sequence[tuple[str, EngineCheck]]]


class Checkup:
    """Of the machine that the desk runs on. ``settings`` are asked anew each time; ``checks`` are those of the engines,
    which live in another package. Both may take their time: they run in a thread.
    """

    def __init__(self, settings: Callable[[], Settings], checks: Checks) -> None:
        self.findings: tuple[Finding, ...] = ()
        self.running = False
        self._settings = settings
        self._checks = checks
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """``listener`` is called with every finding, until the function returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def examine(self) -> None:
        """Look at everything, from the beginning. Asked for again while it goes on, it does nothing."""
        if self.running:
            return
        self.running, self.findings = True, ()
        try:
            self._tell()
            settings = self._settings()
            checks = await trio.to_thread.run_sync(self._checks, settings)
            async for one in findings(settings, checks):
                self.findings = (*self.findings, one)
                self._tell()
        finally:
            self.running = False
            self._tell()

    async def engine(self, name: str) -> Finding | None:
        """What the check of one engine says; None when there is no such check."""
        checks = await trio.to_thread.run_sync(self._checks, self._settings())
        for known, check in checks:
            if known == name:
                try:
                    return await check()
                except NodeError as error:
                    return Finding(name, False, error.what, error.hint)
        return None

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
