"""Which story the desk has open, one after the other, in one process. No screens; they look at ``state``.

Rules of this file:
- One story at a time. To open another, or the same one again, ends the one that is open, with everything committed and
  its peers told.
- A story that ends by an error ends nothing else: the state says why, and the screens offer to open it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import trio

from dwnet.errors import sentence
from dwnet.settings import Settings
from dwnet.stage import Shown, Words
from narrator_app.narrator import Happening
from narrator_app.places import story_settings
from narrator_app.run import Evening, narrate

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Closed:
    """No story is open, and none is being opened."""


@dataclass(frozen=True)
class Opening:
    """A story is being opened: its log is read and checked."""

    name: str


@dataclass(frozen=True)
class Open:
    """A story is being told."""

    evening: Evening


@dataclass(frozen=True)
class Failed:
    """The story could not be opened, or ended by an error. What was told is on the disk."""

    name: str
    what: str
    hint: str


State = Closed | Opening | Open | Failed


class Evenings:
    """The stories of one data root, told one at a time. Listeners get every happening, words, and changes of state.

    ``name`` is the story to begin with, "" the first on the shelf, None none until one is asked for.
    """

    def __init__(self, settings: Settings, name: str | None) -> None:
        self.settings = settings
        self.state: State = Closed()
        self._listeners: list[Callable[[Happening], None]] = []
        self._wanted: str | None = name
        self._open = trio.CancelScope()
        self._called = trio.Event()
        self.leaving = False

    @property
    def evening(self) -> Evening | None:
        """The story that is open; None from the moment at which it begins to end, for its nursery may be gone then."""
        match self.state:
            case Open(evening=evening) if not (self._open.cancel_called or evening.nursery.cancel_scope.cancel_called):
                return evening
        return None

    def listen(self, listener: Callable[[Happening], None]) -> Callable[[], None]:
        """``listener`` is called with everything that happens from now on, until the function returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def open(self, name: str) -> None:
        """Open the story of this name, or begin it; the one that is open ends first."""
        self._wanted = name
        self._open.cancel()
        self._called.set()

    def restart(self) -> None:
        """Open the same story again."""
        match self.state:
            case Open(evening=evening):
                self.open(evening.home.node.ledger.authority.name)
            case Failed(name=name) | Opening(name=name):
                self.open(name)
            case Closed():
                self.open("")

    def leave(self) -> None:
        """End: the story that is open is closed, and :meth:`run` returns."""
        self.leaving = True
        self._open.cancel()
        self._called.set()

    async def run(self) -> None:
        """Open what is asked for, one story after the other, until :meth:`leave`."""
        while not self.leaving:
            if self._wanted is None:
                self._called = trio.Event()
                await self._called.wait()
                continue
            name, self._wanted = self._wanted, None
            self._open = trio.CancelScope()
            with self._open:
                await self._tell(name)
            if not isinstance(self.state, Failed):
                self._become(Closed())

    async def _tell(self, name: str) -> None:
        self._become(Opening(name))
        try:
            where, known = await trio.to_thread.run_sync(story_settings, self.settings, name)
            async with narrate(where, known, self._happened, self._shown) as evening:
                self._become(Open(evening))
                await trio.sleep_forever()
        except Exception as error:
            logger.exception("the evening ended with an error")
            what, hint = sentence(error)
            self._become(Failed(name, what, hint))

    def _become(self, state: State) -> None:
        self.state = state
        self._happened({"event": "state"})

    def _happened(self, one: Happening) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(one)
            except Exception:  # a page that cannot be drawn is no reason for the story to end
                logger.exception("a page did not take what happened: %s", one["event"])

    def _shown(self, one: Shown) -> None:
        evening = self.evening
        if isinstance(one, Words) and evening is not None:
            name = evening.desk.narrator.name_of(one.seat)
            self._happened(
                {
                    "event": "words",
                    "cue": one.cue.entry.hex(),
                    "seat": one.seat,
                    "member": name,
                    "text": one.text,
                    "done": one.done,
                }
            )
        elif not isinstance(one, Words):
            self._happened({"event": "shown", "shown": one})
