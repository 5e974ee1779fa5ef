"""trio as asyncio's guest: intents in order, errors told, everything ended together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.lowlevel

from dwnet.settings import narrator_settings, prepare
from narrator_app.evenings import Evenings, Open
from narrator_app.ui.bridge import Bridge


def bridge_at(folder: Path, name: str | None = None) -> Bridge:
    settings = narrator_settings({"data": str(folder), "listen": "127.0.0.1:0"}, {})
    prepare(settings)
    return Bridge(Evenings(settings, name))


def run(folder: Path, evening: Callable[[Bridge], Awaitable[None]], name: str | None = None) -> None:
    """Do ``evening`` while the story's side runs; then end it as the desk does."""

    async def host() -> None:
        bridge = bridge_at(folder, name)
        bridge.begin()
        try:
            await evening(bridge)
        finally:
            bridge.evenings.leave()
            await asyncio.wait_for(bridge.over(), 30)

    asyncio.run(host())


async def done(bridge: Bridge, work: Callable[[], Awaitable[object]]) -> BaseException | None:
    """Hand ``work`` over and wait for its end."""
    ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    bridge.do(work, ended.set_result)
    return await asyncio.wait_for(ended, 30)


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while True:
            if there():
                return
            await asyncio.sleep(0.01)


def test_work_runs_on_the_storys_side_and_begins_in_order(tmp_path: Path) -> None:
    begun: list[int] = []
    ended: list[BaseException | None] = []

    async def evening(bridge: Bridge) -> None:
        async def work(number: int) -> None:
            begun.append(number)
            await trio.lowlevel.checkpoint()

        for number in range(49):
            bridge.do(partial(work, number), ended.append)
        ended.append(await done(bridge, partial(work, 49)))

    run(tmp_path, evening)
    assert begun == list(range(50))
    assert ended == [None] * 50


def test_an_error_comes_back_and_ends_nothing(tmp_path: Path) -> None:
    async def evening(bridge: Bridge) -> None:
        async def bad() -> None:
            raise ValueError("no")

        assert isinstance(await done(bridge, bad), ValueError)
        assert await done(bridge, trio.lowlevel.checkpoint) is None

    run(tmp_path, evening)


def test_more_work_than_anybody_can_press_is_refused_and_said(tmp_path: Path) -> None:
    errors: list[BaseException | None] = []

    async def evening(bridge: Bridge) -> None:
        for _ in range(2_000):
            bridge.do(trio.sleep_forever, errors.append)

    run(tmp_path, evening)
    assert any(isinstance(error, trio.WouldBlock) for error in errors)


def test_a_burst_is_shown_once(tmp_path: Path) -> None:
    shown: list[int] = []

    async def evening(bridge: Bridge) -> None:
        def refresh() -> None:
            shown.append(1)

        def broken() -> None:
            raise RuntimeError("this screen cannot be drawn")

        for _ in range(100):
            bridge.soon(broken)
            bridge.soon(refresh)
        await until(lambda: shown)

    run(tmp_path, evening)
    assert shown == [1]


def test_whoever_asked_may_be_gone_when_the_answer_comes(tmp_path: Path) -> None:
    async def evening(bridge: Bridge) -> None:
        async def work() -> None:
            await trio.lowlevel.checkpoint()

        def gone(error: BaseException | None) -> None:
            raise RuntimeError("this page was closed")

        bridge.do(work, gone)
        assert await done(bridge, work) is None
        assert await done(bridge, work) is None

    run(tmp_path, evening)


def test_leaving_ends_the_story_with_everything_committed(tmp_path: Path) -> None:
    async def evening(bridge: Bridge) -> None:
        await until(lambda: isinstance(bridge.evenings.state, Open))
        told = bridge.evenings.evening
        assert told is not None
        assert await done(bridge, lambda: told.desk.intents.tell("Night fell.")) is None

    run(tmp_path, evening, "The Lighthouse")

    async def again(bridge: Bridge) -> None:
        await until(lambda: isinstance(bridge.evenings.state, Open))
        found = bridge.evenings.evening
        assert found is not None
        story = found.home.node.ledger.story
        assert [story.spans_of(one.take)[0].text for one in story.path()] == ["Night fell."]

    run(tmp_path, again, "")


def test_an_error_that_nobody_holds_reaches_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def host() -> None:
        bridge = bridge_at(tmp_path)

        async def broken() -> None:
            raise OSError("the story's side broke")

        monkeypatch.setattr(bridge.evenings, "run", broken)
        bridge.begin()
        with pytest.raises(BaseExceptionGroup) as caught:
            await asyncio.wait_for(bridge.over(), 30)
        assert caught.group_contains(OSError, match="broke")

    asyncio.run(host())
