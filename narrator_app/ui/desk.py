"""The desk put together: which screens there are, where they open, and how everything ends.

Closing the window, Ctrl-C and SIGTERM end alike: first the story, with everything committed and its peers told, then
the screens.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import flet as ft

from dwnet.errors import INTERRUPTED
from dwnet.settings import Settings
from dwnet.terminal import print_json
from narrator_app.beginning import Beginning
from narrator_app.checkup import Checks, Checkup
from narrator_app.evenings import Evenings
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.places import stories
from narrator_app.preferences import Looks
from narrator_app.provisions import Provisions
from narrator_app.ui import desktop_client, window
from narrator_app.ui.bridge import Bridge
from narrator_app.ui.cast_screen import CastScreen
from narrator_app.ui.first_run import FirstRun
from narrator_app.ui.hive_screen import HiveScreen
from narrator_app.ui.house import House, ScreenMaker
from narrator_app.ui.library_screen import LibraryScreen
from narrator_app.ui.server import WebDesk, fonts_folder
from narrator_app.ui.settings_screen import SettingsScreen
from narrator_app.ui.stage_screen import StageScreen

WINDOW_SECONDS = 3  # for a window to close when it is asked to
logger = logging.getLogger(__name__)
SCREENS_ONLY = ("state", "words", "shown")  # happenings that are not printed


def screens() -> dict[str, ScreenMaker]:
    """All screens of the desk, in the order of the navigation; the first is where a page begins."""
    return {
        "stage": ScreenMaker(ft.Icons.AUTO_STORIES_OUTLINED, StageScreen),
        "cast": ScreenMaker(ft.Icons.THEATER_COMEDY_OUTLINED, CastScreen),
        "hive": ScreenMaker(ft.Icons.HUB_OUTLINED, HiveScreen),
        "library": ScreenMaker(ft.Icons.LOCAL_LIBRARY_OUTLINED, LibraryScreen, alone=True),
        "settings": ScreenMaker(ft.Icons.TUNE, SettingsScreen, alone=True),
    }


def make_house(settings: Settings, story: str, checks: Checks = lambda settings: ()) -> House:
    """The desk over a data root. With no story on the shelf and none named, it begins with the first run.

    ``checks``: what the doctor asks of the engines on this machine.
    """
    first = not story and not stories(settings)
    looks = Looks(settings.root)
    evenings = Evenings(settings, None if first else story)
    checkup = Checkup(lambda: evenings.settings, checks)
    beginning = Beginning(evenings, looks, asking=first)
    return House(evenings, beginning, looks, checkup, Provisions(evenings), screens(), FirstRun)


def run_desk(settings: Settings, story: str, checks: Checks, *, web: bool, json: bool) -> int:
    """Show the desk until it is closed. Returns the exit code."""
    house = make_house(settings, story, checks)
    opens = window.choose(house.looks.now, web=web, environ=os.environ, tell=_tell)
    house.why_browser = opens.why if isinstance(opens, window.Browser) else ""
    if json:
        house.evenings.listen(_print)
    return asyncio.run(_host(house, opens, json=json))


async def _host(house: House, opens: window.Opens, *, json: bool) -> int:
    bridge = Bridge(house.evenings)
    house.bridge = bridge
    bridge.take_signals()
    bridge.begin()
    front = asyncio.ensure_future(_show(house, opens, json=json))
    stopping = asyncio.ensure_future(bridge.stopping.wait())
    story = asyncio.ensure_future(bridge.over())
    try:
        await asyncio.wait({front, stopping, story}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        house.evenings.leave()
        await story  # everything is committed and the peers are told before the screens go
        if not front.done():
            await house.see_off()
        stopping.cancel()
        bridge.ended.set()
        await front
    if json:
        print_json({"event": "bye"})
    return INTERRUPTED if bridge.interrupted else 0


async def _show(house: House, opens: window.Opens, *, json: bool) -> None:
    """Show the desk where it was chosen to open. A window that never shows a page is said, and the browser taken."""
    if isinstance(opens, window.Desktop):
        well = await _show_window(house)
        if well or house.was_seen or house.bridge.stopping.is_set() or house.bridge.ended.is_set():
            return
        house.bridge.take_signals()  # Flet had taken them
        opens = window.Browser(say("window.ended_at_once"))
        house.why_browser = opens.why
    await _show_browser(house, opens, json=json)


async def _show_browser(house: House, opens: window.Browser, *, json: bool) -> None:
    """Serve the desk until the story has ended. A program that reads JSON opens the address itself."""
    desk = WebDesk(house.page)
    serving = asyncio.ensure_future(desk.serve())
    await desk.ready()
    if opens.why:
        _tell(opens.why)
    if json:
        print_json({"event": "desk", "url": desk.url})
    else:
        _tell(await asyncio.to_thread(window.show, desk.url, os.environ, desk.url_for_once))
    await house.bridge.ended.wait()
    desk.close()
    await serving


async def _show_window(house: House) -> bool:
    """Show the desk in a window of its own, until it is closed or the story has ended. False when its program could
    not be started or ended with an error.
    """
    with desktop_client.started() as clients:
        showing = ft.run_async(house.page, view=ft.AppView.FLET_APP, assets_dir=str(fonts_folder()))
        running = asyncio.ensure_future(showing)
        ended = asyncio.ensure_future(house.bridge.ended.wait())
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not running.done():
            for one in tuple(house.pages):
                await one.page.window.destroy()  # type: ignore[no-untyped-call]
            await asyncio.wait({running}, timeout=WINDOW_SECONDS)
        well = all(client.returncode in (0, None) for client in clients)
        for client in clients:
            if client.returncode is None:
                client.kill()
        try:
            await running
        except OSError as error:
            logger.warning("the desk's window could not be started: %s", error)
            return False
        return well


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _print(one: Happening) -> None:
    if one["event"] not in SCREENS_ONLY:
        print_json(one)
