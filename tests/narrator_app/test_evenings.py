"""One story after the other in one process, and what remains when one ends by an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio
import trio.testing

from dwnet.settings import Settings, narrator_settings, prepare
from narrator_app.evenings import Closed, Evenings, Failed, Open
from narrator_app.run import Evening


def settings_in(folder: Path) -> Settings:
    settings = narrator_settings({"data": str(folder), "listen": "127.0.0.1:0"}, {})
    prepare(settings)
    return settings


@asynccontextmanager
async def running(evenings: Evenings) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(evenings.run)
        yield
        evenings.leave()


async def until(there: Callable[[], object]) -> None:
    with trio.fail_after(30):
        while not there():  # noqa: ASYNC110 - states are looked at from outside
            await trio.sleep(0.01)


async def opened(evenings: Evenings, name: str) -> Evening:
    await until(lambda: evenings.evening and evenings.evening.home.node.ledger.authority.name == name)
    assert evenings.evening is not None
    return evenings.evening


async def test_nothing_is_begun_before_somebody_names_it(tmp_path: Path) -> None:
    evenings = Evenings(settings_in(tmp_path), None)
    async with running(evenings):
        await trio.testing.wait_all_tasks_blocked()
        assert isinstance(evenings.state, Closed)
        evenings.open("The Lighthouse")
        await opened(evenings, "The Lighthouse")
    assert isinstance(evenings.state, Closed)


async def test_another_story_is_opened_in_the_place_of_this_one(tmp_path: Path) -> None:
    evenings = Evenings(settings_in(tmp_path), "The Lighthouse")
    async with running(evenings):
        first = await opened(evenings, "The Lighthouse")
        await first.desk.intents.tell("Night fell.")
        evenings.open("The Ferry")
        second = await opened(evenings, "The Ferry")
        assert not second.home.node.ledger.story.passages
        evenings.open("The Lighthouse")
        again = await opened(evenings, "The Lighthouse")
        assert len(again.home.node.ledger.story.passages) == 1


async def test_a_story_that_ends_by_an_error_is_said_and_can_be_opened_again(tmp_path: Path) -> None:
    evenings = Evenings(settings_in(tmp_path), "The Lighthouse")
    async with running(evenings):
        evening = await opened(evenings, "The Lighthouse")
        await evening.desk.intents.tell("Night fell.")

        async def break_down() -> None:
            raise OSError("the engine room is under water")

        evening.nursery.start_soon(break_down)
        await until(lambda: isinstance(evenings.state, Failed))
        assert isinstance(evenings.state, Failed) and "under water" in evenings.state.what and evenings.state.hint
        evenings.restart()
        again = await opened(evenings, "The Lighthouse")
        assert len(again.home.node.ledger.story.passages) == 1


async def test_a_story_that_begins_to_end_is_not_offered_any_more(tmp_path: Path) -> None:
    evenings = Evenings(settings_in(tmp_path), "The Lighthouse")
    async with running(evenings):
        evening = await opened(evenings, "The Lighthouse")
        evening.nursery.cancel_scope.cancel()
        assert isinstance(evenings.state, Open) and evenings.evening is None
    assert isinstance(evenings.state, Closed)


async def test_from_the_moment_of_leaving_no_story_is_offered(tmp_path: Path) -> None:
    evenings = Evenings(settings_in(tmp_path), "The Lighthouse")
    async with running(evenings):
        await opened(evenings, "The Lighthouse")
        evenings.leave()
        assert isinstance(evenings.state, Open) and evenings.evening is None


async def test_a_folder_that_is_in_use_is_a_reason_and_no_crash(tmp_path: Path) -> None:
    one, other = Evenings(settings_in(tmp_path), ""), Evenings(settings_in(tmp_path), "")
    async with running(one):
        await until(lambda: isinstance(one.state, Open))
        async with running(other):
            await until(lambda: isinstance(other.state, Failed))
        assert isinstance(one.state, Open)


async def test_who_listens_no_more_hears_no_more(tmp_path: Path) -> None:
    evenings = Evenings(settings_in(tmp_path), None)
    heard: list[str] = []
    forget = evenings.listen(lambda one: heard.append(one["event"]))
    async with running(evenings):
        evenings.open("The Lighthouse")
        evening = await opened(evenings, "The Lighthouse")
        assert {"state", "ready"} <= set(heard)
        forget()
        before = len(heard)
        await evening.desk.intents.tell("Night fell.")
        assert len(heard) == before
