"""Voices, ears and writers as the desk has them: what is here, what is on its way, what new characters write with.

Rules of this file:
- One fetch at a time: a line is no quicker for two. It belongs to the desk and not to the page that asked for it.
- Whatever is chosen for new characters, those that are cast keep the writer they have.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import trio

from dwnet import installing
from dwnet.catalogue import KINDS, Offer, Standing, own_models, spoken, standings
from dwnet.errors import NodeError
from dwnet.machine import Machine, look
from dwnet.settings import Settings
from narrator_app.config_file import keep_in_config
from narrator_app.evenings import Evenings
from narrator_app.seat_settings import DEFAULT, shared_writer


class AlreadyFetching(NodeError):
    """{name} is on its way already.

    Wait until it is here, or stop it; what came of it is kept.
    """


@dataclass(frozen=True)
class Coming:
    """What is on its way: bytes that are here, and how many there are; ``total`` is 0 as long as nobody has said."""

    offer: Offer
    have: int = 0
    total: int = 0


class Provisions:
    """Of the machine that the desk runs on. ``coming`` is what is on its way; ``changes`` counts how often something
    came or went; ``evenings`` say where things lie.
    """

    def __init__(self, evenings: Evenings) -> None:
        self.coming: Coming | None = None
        self.changes = 0
        self._evenings = evenings
        self._scope = trio.CancelScope()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """``listener`` is called at every change, until the function returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # --- what is so -------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self._evenings.settings

    def machine(self) -> Machine:
        """What this machine has to give now."""
        return look(self.settings.models)

    def standings(self) -> tuple[Standing, ...]:
        """Everything there is, writers first, a kind's own order kept; GGUF files of one's own are here too."""
        seen = self.machine()
        every = [one for kind in reversed(KINDS) for one in standings(kind, self.settings, seen)]
        own = [Standing(_own(path), here=True) for path in own_models(self.settings)]
        return (*own, *every)

    def is_agreed(self, one: Offer) -> bool:
        """Whether its terms were agreed to here, or there are none."""
        return installing.is_agreed(one, self.settings)

    def is_used(self, one: Offer) -> bool:
        """Whether new characters write with it."""
        return one.kind == "model" and shared_writer(self.settings) == spoken(one, self.settings)

    # --- what is done -----------------------------------------------------------------------------------------------

    async def fetch(self, one: Offer, *, agreed: bool = False) -> bool:
        """Fetch it; whether it is here now, or was called off. ``agreed``: somebody agreed to its terms.

        :raises AlreadyFetching, and what installing.install raises:
        """
        if self.coming is not None:
            raise AlreadyFetching(name=self.coming.offer.name)
        if agreed and not self.is_agreed(one):
            installing.agree(one, self.settings)
        self._scope, self.coming = trio.CancelScope(), Coming(one)
        self._tell()
        try:
            with self._scope:
                await installing.install(one, self.settings, os.environ, came=partial(self._came, one))
        finally:
            self.coming = None
            self.changes += 1
            self._tell()
        return not self._scope.cancelled_caught

    def stop(self) -> None:
        """Call it off; what came is kept."""
        self._scope.cancel()

    async def remove(self, one: Offer) -> None:
        """Take it from the disk. What new characters write with is then what comes along.

        :raises FileNotWritten, ConfigUnclear, FileNotRead, NoRoomForFile:
        """
        used = self.is_used(one)
        await trio.to_thread.run_sync(installing.remove, one, self.settings)
        self.changes += 1
        if used:
            await self._write_with(DEFAULT)
        self._tell()

    async def use(self, one: Offer) -> None:
        """New characters on this machine write with it from now on; used already, with what comes along again.

        :raises ConfigUnclear, FileNotRead, FileNotWritten, NoRoomForFile:
        """
        await self._write_with(DEFAULT if self.is_used(one) else spoken(one, self.settings))
        self._tell()

    async def _write_with(self, writer: str) -> None:
        await trio.to_thread.run_sync(keep_in_config, self.settings.config_file, {"writer": writer})
        self._evenings.settings = replace(self.settings, writer=writer)
        if self._evenings.evening is not None:
            self._evenings.evening.desk.casting.here.writer = writer

    def _came(self, one: Offer, have: int, total: int) -> None:
        self.coming = Coming(one, have, total)
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _own(path: Path) -> Offer:
    return Offer("model", path.name, "gguf", "", (path.name,), size=path.stat().st_size)
