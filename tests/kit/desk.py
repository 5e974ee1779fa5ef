"""The desk without a browser: a real evening on trio, Flet's own pages on fake connections, and the bridge between.

Use it from a plain test function, inside ``asyncio.run``::

    async with desk_with_screens(tmp_path, "The Lighthouse") as desk, desk.page() as page:
        await page.until(lambda: page.has("stage"))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from dwnet.settings import narrator_settings, prepare
from narrator_app.evenings import Failed, Open
from narrator_app.narrator import Happening
from narrator_app.run import Evening
from narrator_app.ui.bridge import Bridge
from narrator_app.ui.desk import make_house
from narrator_app.ui.house import House
from tests.kit.flet_page import FletPage, open_page

Result = TypeVar("Result")

PATIENCE = 60.0  # seconds; a bound for a busy machine, no claim about speed


class OpenDesk:
    """A desk that is running, with no page open yet."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.bridge = house.bridge
        self.evenings = house.evenings
        self.happened: list[Happening] = []
        self.evenings.listen(self.happened.append)

    def page(self, **facts: Any) -> AbstractAsyncContextManager[FletPage]:
        """Open a page; ``facts`` are those of :func:`open_page`."""
        return open_page(self.house.page, **facts)

    @property
    def evening(self) -> Evening:
        """The story that is open."""
        assert self.evenings.evening is not None, self.evenings.state
        return self.evenings.evening

    async def story(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Run this on the story's side, as a screen does, and wait for it.

        :raises Exception: what it raised.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            done.set_result(await work())

        self.bridge.do(run, lambda error: done.set_exception(error) if error is not None else None)
        return await asyncio.wait_for(done, PATIENCE)

    async def until(self, there: Callable[[], object], what: str) -> None:
        """Wait until ``there`` says so.

        :raises AssertionError: after a while, with what happened.
        """
        end = asyncio.get_running_loop().time() + PATIENCE
        while not there():
            if asyncio.get_running_loop().time() > end:
                raise AssertionError(f"not in {PATIENCE:g} s: {what}\n{self.evenings.state}\n{self.happened[-20:]}")
            await asyncio.sleep(0.005)


@asynccontextmanager
async def desk_with_screens(folder: Path, story: str = "", **environment: str) -> AsyncIterator[OpenDesk]:
    """Run a desk whose data lies in ``folder``, with ``story`` open (with none there and none named,
    the first run); left, everything ends as on Ctrl-C.

    ``environment`` are variables the settings are read from.
    """
    settings = narrator_settings({"data": str(folder), "listen": "127.0.0.1:0"}, environment)
    prepare(settings)
    house = make_house(settings, story)
    house.bridge = bridge = Bridge(house.evenings)
    desk = OpenDesk(house)
    bridge.begin()
    try:
        if house.beginning.over:
            await desk.until(lambda: isinstance(desk.evenings.state, Open | Failed), "the story is open")
        yield desk
    finally:
        desk.evenings.leave()
        await asyncio.wait_for(bridge.over(), PATIENCE)
