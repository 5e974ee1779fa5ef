"""When a character on this computer learns is chosen where its writer is, and kept in its own settings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import flet as ft

from narrator_app.phrases import say
from narrator_app.seat_settings import SeatSettings
from tests.narrator_app.ui.test_cast import PIM, Cast, cast_open


async def choose(cast: Cast, value: str) -> None:
    """Choose when it learns, in the form that is open, and keep it."""
    _, group = cast.page.all(ft.RadioGroup, cast.panel())
    group.value = value
    await cast.page.fire(group, "change", value)
    await cast.page.press("S", ctrl=True)
    await cast.page.until(lambda: not cast.page.has("cast-panel"))


def test_when_it_learns_is_chosen_in_its_form(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            await cast.cast(PIM)
            await cast.page.press("Arrow Down")
            await cast.page.press("E")
            assert say("cast.learns_text") in cast.page.text(cast.panel())
            await choose(cast, "idle")
            settings = cast.casting.here.settings(1)
            assert settings.learns() == "idle" and settings.writer() == "default"
            await cast.page.press("E")
            _, group = cast.page.all(ft.RadioGroup, cast.panel())
            assert group.value == "idle"
            await choose(cast, "never")
            assert settings.learns() == "never"

    asyncio.run(evening())


def test_somebody_new_gets_it_too_and_keeps_the_writer_that_is_usual_here(tmp_path: Path) -> None:
    usual = "http://127.0.0.1:9/v1#llama"

    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            cast.casting.here.writer = usual
            await cast.page.press("N")
            await cast.page.type(cast.field(say("cast.name")), "Brine")
            kinds, _ = cast.page.all(ft.RadioGroup, cast.panel())
            kinds.value = "endpoint"
            await cast.page.fire(kinds, "change", "endpoint")
            await cast.page.type(cast.field(say("cast.writer_url")), usual)
            await choose(cast, "never")
            settings: SeatSettings = cast.casting.here.settings(1)
            assert (settings.learns(), settings.writer()) == ("never", usual)

    asyncio.run(evening())
