from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import flet as ft
import pytest

from narrator_app.ear.microphone import NoMicrophone
from narrator_app.evenings import Open
from narrator_app.preferences import habits
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.flet_page import FletPage


async def settings(page: FletPage, section: str = "") -> None:
    await page.until(lambda: bool(page.all(ft.TextButton, tooltip=lambda text: "Settings" in str(text))))
    await page.click(page.all(ft.TextButton, tooltip=lambda text: "Settings" in str(text))[0])
    assert page.has("settings")
    if section:
        await page.click(section)


def drawn(page: FletPage, words: str) -> bool:
    return words in page.text()


def test_the_theme_is_changed_on_every_page_at_once_and_kept(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as one, desk.page() as other:
            await settings(one)
            await one.click("Dark")
            await one.until(lambda: one.page.theme_mode is ft.ThemeMode.DARK)
            await other.until(lambda: other.page.theme_mode is ft.ThemeMode.DARK)
            await one.until(lambda: one.has("settings"))
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as one:
            assert one.page.theme_mode is ft.ThemeMode.DARK

    asyncio.run(evening())


def test_text_grows_by_button_and_by_key_and_comes_back(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await settings(page)
            await page.click("Larger text")
            await page.until(lambda: drawn(page, "110 %"))
            await page.press("+", alt=True)
            await page.until(lambda: drawn(page, "120 %"))
            await page.press("-", alt=True)
            await page.until(lambda: drawn(page, "110 %"))
            await page.press("0", alt=True)
            await page.until(lambda: drawn(page, "100 %"))

    asyncio.run(evening())


def test_sections_are_gone_through_by_key(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await settings(page)
            await page.press("Page Down")
            assert drawn(page, "What you hear")
            await page.press("Page Up")
            await page.press("Page Up")
            assert drawn(page, "About DreamWeaver") and drawn(page, "GPL-3.0-or-later")
            await page.press("/", ctrl=True)
            assert drawn(page, "Ctrl+D")

    asyncio.run(evening())


def test_sound_can_be_turned_off_and_made_softer(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            desk.house.looks.change(volume=0.5)
            assert desk.evening.player.loudness == 0.5
            desk.house.looks.change(sound=False)
            assert desk.evening.player.loudness == 0.0
            await settings(page, "Sound")
            assert page.all(ft.Switch)[0].value is False
            assert drawn(page, str(tmp_path / "audio"))

    asyncio.run(evening())


def test_a_voice_that_reads_aloud_is_turned_on_and_off(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            casting = desk.evening.desk.casting
            await settings(page, "Sound")
            switch = page.all(ft.Switch)[1]
            assert switch.value is False
            switch.value = True
            await page.submit(page.one(ft.TextField), "espeak:en-gb")
            await desk.until(lambda: casting.reads_aloud, "the voice reads")
            seat = casting.reader()
            assert seat is not None
            assert casting.narrator.story.seats[seat].voice == "espeak:en-gb"
            await page.until(lambda: page.all(ft.Switch)[1].value is True)
            switch.value = False
            await page.submit(page.one(ft.TextField), "espeak:en-gb")
            await desk.until(lambda: not casting.reads_aloud and not casting.here.playing(), "it is silent")

    asyncio.run(evening())


def test_another_address_is_written_down_and_the_story_opened_again_there(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            first = desk.evening
            await settings(page, "Friends")
            assert drawn(page, "this computer alone") and drawn(page, "in invites")
            await page.submit(page.one(ft.TextField), "localhost:0")
            await page.until(lambda: drawn(page, "Open the story again now"))
            assert tomllib.loads((tmp_path / "config.toml").read_text()) == {"host": "localhost", "port": 0}
            await page.click("Open the story again now")
            await desk.until(lambda: reopened(desk, first), "the story is open again")
            assert desk.evening.home.settings.host == "localhost"

    asyncio.run(evening())


def reopened(desk: OpenDesk, first: object) -> bool:
    state = desk.evenings.state
    return isinstance(state, Open) and state.evening is not first


def test_an_address_that_is_none_is_said_in_the_quiet_bar_and_nothing_is_written(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await settings(page, "Friends")
            await page.submit(page.one(ft.TextField), "somewhere")
            await page.until(lambda: drawn(page, "HOST:PORT"))
            assert not (tmp_path / "config.toml").exists()

    asyncio.run(evening())


def test_the_doctor_looks_when_it_is_opened_and_again_when_asked(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await settings(page, "Doctor")
            await page.until(lambda: drawn(page, "All is well.") and drawn(page, "Story file"))
            (tmp_path / "keys" / "member.key").chmod(0o644)
            await page.press("C", alt=True)
            await page.until(lambda: drawn(page, "One thing needs you."))
            (tmp_path / "keys" / "member.key").chmod(0o600)
            await page.click("Check again")
            await page.until(lambda: drawn(page, "All is well."))

    asyncio.run(evening())


def test_the_data_folder_is_shown(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await settings(page, "Data")
            assert drawn(page, str(tmp_path))

    asyncio.run(evening())


def test_where_it_opens_the_next_time_is_chosen(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await settings(page, "Window")
            await page.click("In the browser")
            assert desk.house.looks.now.opens_in == "browser"
            assert [one.checked for one in page.all(ft.Semantics) if one.checked is not None] == [False, True]

    asyncio.run(evening())


def test_how_one_is_heard_is_chosen_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrator_app.ear.around.microphones", lambda: ["Trumpet"])

    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page(web=True) as page:
            await settings(page, "Hearing")
            await page.click("Hands-free")
            await page.until(lambda: drawn(page, "Trumpet"))
            await page.click("Trumpet")
            assert drawn(page, "not of the one the browser runs on")
            glance, countdown = page.all(ft.Slider)
            page.session.apply_patch(glance._i, {"value": 0.0})
            await page.fire(glance, "change", 0.0)
            assert drawn(page, "What was heard is told at once.")
            page.session.apply_patch(countdown._i, {"value": 5.0})
            await page.fire(countdown, "change", 5.0)
            commands, keep = page.all(ft.Switch)
            for switch in (commands, keep):
                page.session.apply_patch(switch._i, {"value": True})
                await page.fire(switch, "change", True)
        kept = habits(tmp_path)
        assert (kept.talk, kept.microphone, kept.ear) == ("hands-free", "Trumpet", "sphinx:en-us")
        assert (kept.glance, kept.countdown, kept.spoken_commands, kept.keep_voice) == (0.0, 5.0, True, True)

    asyncio.run(evening())


def test_without_a_microphone_the_settings_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[str]:
        raise NoMicrophone(why="this machine has no sound system")

    monkeypatch.setattr("narrator_app.ear.around.microphones", none)

    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await settings(page, "Hearing")
            await page.until(lambda: drawn(page, "no sound system"))
            monkeypatch.setattr("narrator_app.ear.around.microphones", lambda: ["Trumpet"])
            await page.click("Look again")
            await page.until(lambda: drawn(page, "Trumpet") and not drawn(page, "no sound system"))

    asyncio.run(evening())
