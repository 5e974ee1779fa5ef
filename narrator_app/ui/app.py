"""The desk put together: which screens there are, and what happens when a page opens or goes."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from narrator_app.ui.bridge import Bridge
from narrator_app.ui.shell import PageDesk, ScreenMaker, Screens


def screens() -> Screens:
    """All screens of the desk."""
    makers: dict[str, ScreenMaker] = {}
    return Screens("stage", makers)


def pages(bridge: Bridge) -> Callable[[ft.Page], None]:
    """What Flet calls for every page that opens."""

    def main(page: ft.Page) -> None:
        bridge.take_signals()
        desk = PageDesk(page, bridge, screens())
        page.on_connect = lambda event: desk.connect()
        page.on_disconnect = lambda event: desk.disconnect()
        page.on_close = lambda event: desk.disconnect()
        desk.open()

    return main
