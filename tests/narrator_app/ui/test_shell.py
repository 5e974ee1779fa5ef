"""A page of the desk over a story that opens, breaks and is opened again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import trio

from narrator_app.evenings import Failed, Open
from narrator_app.phrases import say
from tests.kit.desk import OpenDesk, desk_with_screens


class Broken(Exception):
    pass


async def break_off(desk: OpenDesk) -> None:
    """Something in the running story fails, as a part of it with an error would."""

    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise Broken("the mill wheel came off")

    desk.evening.nursery.start_soon(fail)
    await desk.until(lambda: isinstance(desk.evenings.state, Failed), "the story has ended")


def test_a_story_that_breaks_says_so_and_is_opened_again_whole(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lighthouse") as desk, desk.page() as page:
            told = await desk.story(lambda: desk.evening.desk.intents.tell("Night fell."))
            await break_off(desk)
            await page.until(lambda: page.has("failed"))
            assert "the mill wheel came off" in page.text()
            await page.click(say("shell.again"))
            await desk.until(lambda: isinstance(desk.evenings.state, Open), "the story is open again")
            await page.until(lambda: not page.has("failed") and "The Lighthouse" in page.text())
            assert told.id in desk.evening.home.node.ledger.story.passages

    asyncio.run(evening())


def test_a_notice_on_a_page_without_a_bar_is_told_to_nobody(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lighthouse") as desk:
            narrator = desk.evening.desk.narrator
            async with desk.page() as page:
                narrator.happen("notice", what="The tide is out.")
                await page.until(lambda: "The tide is out." in page.text())
                await break_off(desk)
                await page.until(lambda: page.has("failed"))
                assert "The tide is out." not in page.text()
            async with desk.page() as page:
                page_desk = next(iter(desk.house.pages))
                page_desk.tell("Nobody hears this.")
                page_desk.bar.clear()
                assert page.has("failed")

    asyncio.run(evening())


def test_a_page_that_cannot_be_drawn_ends_no_story(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lighthouse") as desk:

            def refuse(one: object) -> None:
                raise Broken("nothing can be drawn here")

            desk.evenings.listen(refuse)
            desk.evening.desk.narrator.happen("notice", what="The tide is out.")
            await desk.story(lambda: desk.evening.desk.intents.tell("Night fell."))
            assert isinstance(desk.evenings.state, Open)

    asyncio.run(evening())
