from __future__ import annotations

import asyncio
from pathlib import Path

import flet as ft

from narrator_app.beginning import Stage
from narrator_app.evenings import Open
from narrator_app.preferences import Looks
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.flet_page import FletPage

TOLD = "On the stormiest night"


async def leave_everybody_out(page: FletPage) -> None:
    for number in ("1", "2"):
        await page.press(number)


def told(desk: OpenDesk) -> list[str]:
    return [one["text"] for one in desk.happened if one["event"] == "narrated"]


def test_three_steps_by_keyboard_alone_lead_to_a_told_beat(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path) as desk, desk.page() as page:
            assert page.has("welcome") and "Step 1 of 3" in page.text()
            await page.submit(page.one(ft.TextField), "The Quiet Bell")
            assert "Step 2 of 3" in page.text()
            await leave_everybody_out(page)
            assert "Nobody: you tell alone" in page.text()
            await page.press("Enter", ctrl=True)
            assert "Step 3 of 3" in page.text() and TOLD in page.text()
            await page.submit(page.one(ft.TextField), "A bell rings.")
            await desk.until(lambda: told(desk), "the first narration is told")
            assert told(desk) == ["A bell rings."]
            assert desk.evening.home.node.ledger.authority.name == "The Quiet Bell"
            await page.until(lambda: not page.has("welcome"))
        assert Looks(tmp_path).now.welcomed

    asyncio.run(evening())


def test_the_cast_is_chosen_by_number_or_click_and_shown_as_chosen(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path) as desk, desk.page() as page:
            await page.press("Enter", ctrl=True)

            def chosen() -> list[bool | None]:
                return [one.checked for one in page.all(ft.Semantics) if one.checked is not None]

            assert chosen() == [True, True, False, False, False]
            await page.press("5")
            await page.click(page.all(ft.TextButton, tooltip=lambda text: "Pim" in str(text))[0])
            assert chosen() == [False, True, False, False, True]
            choices = desk.house.beginning.choices
            assert choices is not None and choices.cast == ("Tock", "Vesper")
            assert "250" not in page.text() and "500 MB" in page.text()

    asyncio.run(evening())


def test_a_story_without_a_name_is_not_gone_on_with(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path) as desk, desk.page() as page:
            await page.submit(page.one(ft.TextField), "  ")
            assert "Step 1 of 3" in page.text()
            assert page.one(ft.FilledButton).disabled
            await page.type(page.one(ft.TextField), "A name")
            assert not page.one(ft.FilledButton).disabled
            assert desk.house.beginning.progress.stage is Stage.ASKING

    asyncio.run(evening())


def test_what_was_typed_outlives_the_page_and_another_theme(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path) as desk:
            async with desk.page() as page:
                await page.submit(page.one(ft.TextField), "The Quiet Bell")
                await page.press("3")
                await page.press("D", ctrl=True)
                await page.until(lambda: desk.house.looks.now.theme == "dark" and "Step 2 of 3" in page.text())
            async with desk.page() as again:
                assert "Step 2 of 3" in again.text()
                await again.press("Escape")
                assert again.one(ft.TextField).value == "The Quiet Bell"

    asyncio.run(evening())


def test_whoever_knows_the_way_lands_in_an_empty_story(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path) as desk, desk.page() as page:
            await page.click("I know my way")
            await desk.until(lambda: isinstance(desk.evenings.state, Open), "the story is open")
            await page.until(lambda: not page.has("welcome"))
            assert told(desk) == [] and not desk.evening.desk.narrator.story.seats.keys() - {0}
        async with desk_with_screens(tmp_path) as again:
            assert again.house.beginning.over

    asyncio.run(evening())


def test_a_story_that_cannot_be_opened_is_said_where_it_was_asked_for(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path) as desk, desk.page() as page:
            (tmp_path / "dream_weaver.db").mkdir()
            await page.press("Enter", ctrl=True)
            await leave_everybody_out(page)
            await page.press("Enter", ctrl=True)
            await page.press("Enter", ctrl=True)
            await desk.until(lambda: desk.house.beginning.progress.what, "it is said")
            await page.until(lambda: desk.house.beginning.progress.what in page.text())
            assert "Step 3 of 3" in page.text()
            (tmp_path / "dream_weaver.db").rmdir()
            await page.press("Enter", ctrl=True)
            await desk.until(lambda: told(desk), "the first narration is told")

    asyncio.run(evening())


def test_two_pages_show_the_same_beginning(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path) as desk, desk.page() as one, desk.page() as other:
            await one.press("Enter", ctrl=True)
            await leave_everybody_out(one)
            await one.press("Enter", ctrl=True)
            await one.press("Enter", ctrl=True)
            await desk.until(lambda: told(desk), "the first narration is told")
            await other.until(lambda: not other.has("welcome"))

    asyncio.run(evening())
