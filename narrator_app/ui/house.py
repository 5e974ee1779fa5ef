"""What all pages of the desk share, and what a screen is to a page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import flet as ft

from narrator_app.beginning import Beginning
from narrator_app.checkup import Checkup
from narrator_app.evenings import Evenings
from narrator_app.narrator import Happening
from narrator_app.preferences import Looks
from narrator_app.provisions import Provisions
from narrator_app.ui.bridge import Bridge

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


# With Alt: steps by which text grows; 0 is the usual size.
TEXT_KEYS = {"+": 1, "=": 1, "Numpad Add": 1, "-": -1, "Numpad Subtract": -1, "0": 0, "Numpad 0": 0}
FAREWELL_SECONDS = 3  # for the pages to show that the desk has ended
logger = logging.getLogger(__name__)


class Screen(Protocol):
    """What stands in the middle of a page. One object per page and per building of it."""

    name: str

    def build(self) -> ft.Control:
        """Its controls; called once."""
        ...

    def shown(self) -> None:
        """It came into view, its controls are on the page: take a fresh view state."""
        ...

    def refresh(self) -> None:
        """Bring the controls in step with the story."""
        ...

    def happened(self, one: Happening) -> None:
        """Something happened; called for every screen that was shown once, also while another is looked at."""
        ...

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """A key was pressed while this screen is looked at. True if it meant something here."""
        ...


class ScreenMaker:
    """How a screen is made and what stands for it in the navigation. ``alone``: it has something to show when the story
    could not be opened.
    """

    def __init__(self, icon: ft.IconData, make: Callable[[PageDesk], Screen], *, alone: bool = False) -> None:
        self.icon = icon
        self.make = make
        self.alone = alone


class House:
    """What all pages of one process share. ``bridge`` is there once the loop runs."""

    bridge: Bridge

    def __init__(
        self,
        evenings: Evenings,
        beginning: Beginning,
        looks: Looks,
        checkup: Checkup,
        provisions: Provisions,
        screens: dict[str, ScreenMaker],
        welcome: Callable[[PageDesk], Screen],
    ) -> None:
        self.evenings = evenings
        self.beginning = beginning
        self.looks = looks
        self.checkup = checkup
        self.provisions = provisions
        self.screens = screens
        self.welcome = welcome
        self.pages: set[PageDesk] = set()
        self.was_seen = False  # a page was opened, on whatever screen
        self.why_browser = ""  # why the desk is in the browser although a window was wanted
        evenings.listen(self._opened)
        looks.listen(lambda now: self._set_loudness())

    def _opened(self, one: Happening) -> None:
        if one["event"] == "state":
            self._set_loudness()

    def _set_loudness(self) -> None:
        if self.evenings.evening is not None:
            self.evenings.evening.player.loudness = self.looks.loudness

    def page(self, page: ft.Page) -> None:
        """What Flet calls for every page that opens."""
        from narrator_app.ui.shell import PageDesk

        self.was_seen = True
        self.bridge.take_signals()
        desk = PageDesk(page, self)
        page.on_connect = lambda event: desk.connect()
        page.on_disconnect = lambda event: desk.disconnect()
        page.on_close = lambda event: desk.disconnect()
        desk.open()

    async def see_off(self) -> None:
        """Let every page show how things are now, and wait until it does: what a page is asked, it answers after it
        has drawn what it was sent before. One that does not answer is not waited for longer than FAREWELL_SECONDS.
        """
        self.bridge.draw()
        asked = [one.page.get_device_info() for one in self.pages]
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                answers = await asyncio.gather(*asked, return_exceptions=True)
        except TimeoutError:
            logger.info("a page did not answer in %s s whether it shows the end", FAREWELL_SECONDS)
        else:
            for error in filter(lambda one: isinstance(one, BaseException), answers):
                logger.info("a page could not be shown the end: %s", error)
