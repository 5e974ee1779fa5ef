"""The stage's microphone on a real page: what is said stands in the box, and becomes narration."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import flet as ft
import pytest

from narrator_app.ear.dictation import State
from narrator_app.ear.microphone import NoMicrophone
from narrator_app.phrases import say
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.flet_page import FletPage
from tests.kit.told_aloud import Room

HEARD = "The lamp goes out."
LONG = 15.0  # seconds of a glance that no test waits for


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(monkeypatch)


def on_stage(folder: Path, play: Callable[[OpenDesk, FletPage], Awaitable[None]], **habits: object) -> None:
    async def evening() -> None:
        async with desk_with_screens(folder, "The Lamp") as desk:
            desk.house.looks.change(**{"glance": LONG, "countdown": LONG, **habits})
            async with desk.page(web=True) as page:
                await page.until(lambda: page.has("stage"))
                await play(desk, page)

    asyncio.run(evening())


def box(page: FletPage) -> ft.TextField:
    return page.one(ft.TextField, page.identified("narration"))


def bar(page: FletPage) -> str:
    return page.text(page.identified("ear")) if page.has("ear") else ""


def told(desk: OpenDesk) -> list[str]:
    story = desk.evening.desk.narrator.story
    return ["".join(span.text for span in story.spans_of(one.take)) for one in story.path()]


def state(desk: OpenDesk) -> State:
    return desk.evening.desk.stenographer.dictation.state


async def until(desk: OpenDesk, page: FletPage, wanted: State) -> None:
    await page.until(lambda: state(desk) is wanted, f"{wanted}", 60)


async def begin(desk: OpenDesk, page: FletPage, room: Room) -> None:
    """Press the key and speak."""
    await page.press("F2")
    await until(desk, page, State.TAKING)
    await page.until(lambda: say("stage.ear_taking") in bar(page))
    await desk.story(room.speak)
    await page.until(lambda: room.words.split()[0] in bar(page).splitlines(), "what is understood so far")
    await page.until(lambda: desk.evening.desk.stenographer.dictation._spoken > 0.3, "enough was said", 60)


async def dictate(desk: OpenDesk, page: FletPage, room: Room) -> None:
    """Speak one sentence, until it stands in the box."""
    await begin(desk, page, room)
    await page.press("F2")
    await page.until(lambda: room.words in (box(page).value or ""), "it stands in the box", 60)


def test_what_is_said_stands_in_the_box_and_enter_tells_it(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await dictate(desk, page, room)
        assert "Enter tells it now" in bar(page) and told(desk) == []
        await page.fire(box(page), "submit", box(page).value)
        await page.until(lambda: told(desk) == [HEARD], "it is told", 60)
        assert box(page).value == "" and bar(page) == ""

    on_stage(tmp_path, play)


def test_one_sentence_after_the_other_is_told(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        for number in (1, 2, 3):
            await dictate(desk, page, room)
            await page.fire(box(page), "submit", box(page).value)
            await page.until(lambda number=number: told(desk) == number * [HEARD], "it is told", 60)  # type: ignore[misc]
            await until(desk, page, State.OFF)

    on_stage(tmp_path, play)


def test_a_key_that_was_held_ends_when_it_goes_up(tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        monkeypatch.setattr("narrator_app.ear.talk_key.HELD", 0.0)
        await begin(desk, page, room)
        listener = page.one(ft.KeyboardListener)
        await page.fire(listener, "key_up", {"key": "Shift"})
        assert state(desk) is State.TAKING
        await page.fire(listener, "key_up", {"key": "F2"})
        await page.until(lambda: box(page).value == HEARD, "it stands in the box", 60)

    on_stage(tmp_path, play)


def test_the_button_does_what_the_key_does_and_has_a_name(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        button = page.one(ft.Semantics, label=say("stage.ear_toggle"))
        gesture = page.one(ft.GestureDetector, button)
        await page.fire(gesture, "tap_down", {})
        await page.fire(gesture, "tap_up", {})
        await until(desk, page, State.TAKING)
        await page.until(lambda: button.label == say("stage.ear_stop") and button.toggled)
        await page.fire(gesture, "tap_down", {})
        await until(desk, page, State.OFF)
        await page.until(lambda: button.label == say("stage.ear_toggle"))
        assert told(desk) == [], "nobody spoke"

    on_stage(tmp_path, play, talk="toggle")


def test_it_is_told_by_itself_after_a_glance(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await begin(desk, page, room)
        await page.press("F2")
        await page.until(lambda: told(desk) == [HEARD], "it is told", 60)
        await page.until(lambda: box(page).value == "" and bar(page) == "")

    on_stage(tmp_path, play, glance=0.2)


def test_words_that_are_put_right_wait_and_are_told_as_they_stand(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await dictate(desk, page, room)
        await page.type(box(page), "The camp goes out.")
        await page.until(lambda: say("stage.ear_mending") in bar(page))
        await page.fire(box(page), "submit", box(page).value)
        await page.until(lambda: told(desk) == ["The camp goes out."], "it is told", 60)

    on_stage(tmp_path, play)


def test_escape_drops_it_and_it_can_be_had_back(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await dictate(desk, page, room)
        await page.press("Escape")
        await until(desk, page, State.OFF)
        assert box(page).value == "" and told(desk) == []
        await page.until(lambda: say("stage.ear_dropped") in page.text())
        await page.click(say("shell.undo"))
        await page.until(lambda: box(page).value == HEARD)

    on_stage(tmp_path, play)


def test_what_is_heard_behind_typed_words_waits_for_enter(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.type(box(page), "Midnight.")
        await dictate(desk, page, room)
        assert box(page).value == f"Midnight. {HEARD}" and state(desk) is State.MENDING
        await page.press("Escape")
        await page.until(lambda: box(page).value == "Midnight.", "the typed words stay")
        await dictate(desk, page, room)
        await page.fire(box(page), "submit", box(page).value)
        await page.until(lambda: told(desk) == [f"Midnight. {HEARD}"], "both are told", 60)

    on_stage(tmp_path, play, glance=0.0)


def test_what_is_heard_for_a_change_of_scene_is_not_told_as_narration(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.click(say("stage.scene"))
        await dictate(desk, page, room)
        assert state(desk) is State.MENDING and told(desk) == []
        await page.fire(box(page), "submit", box(page).value)
        await page.until(lambda: told(desk) == [HEARD], "it is told", 60)
        assert [one.mode for one in desk.evening.desk.narrator.story.path()] == ["scene"]
        await until(desk, page, State.OFF)

    on_stage(tmp_path, play, glance=0.0)


def test_hands_free_counts_down_and_goes_on_listening(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.press("F2")
        await page.until(lambda: say("stage.ear_waiting") in bar(page))
        await desk.story(lambda: room.speak(1.5))
        await page.until(lambda: "Told in 15 s" in bar(page), "the countdown is seen", 60)
        assert box(page).value == HEARD
        await page.fire(box(page), "submit", box(page).value)
        await page.until(lambda: told(desk) == [HEARD], "it is told", 60)
        await page.until(lambda: say("stage.ear_waiting") in bar(page))
        await page.press("F2")
        await until(desk, page, State.OFF)
        assert bar(page) == ""

    on_stage(tmp_path, play, talk="hands-free")


def test_without_a_microphone_the_bar_says_what_to_do(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        room.trouble = NoMicrophone(why="this machine has no sound system")
        await page.press("F2")
        await page.until(lambda: "no sound system" in page.text() and "Plug one in" in page.text(), "", 60)
        await page.until(lambda: bar(page) == "")
        assert page.one(ft.Semantics, label=say("stage.ear_hold")).toggled is False
        room.trouble = None
        await page.press("F2")
        await until(desk, page, State.TAKING)

    on_stage(tmp_path, play)


def test_what_was_hard_to_hear_waits(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        room.sure = 0.01
        await dictate(desk, page, room)
        assert say("stage.ear_unsure") in bar(page) and told(desk) == []

    on_stage(tmp_path, play, glance=0.0)


def test_on_another_screen_it_is_said_what_was_heard(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.press("F2")
        await until(desk, page, State.WAITING)
        await page.press("4", ctrl=True)
        await desk.story(lambda: room.speak(1.5))
        await page.until(lambda: say("stage.ear_heard_elsewhere", text=HEARD) in page.text(), "", 60)
        await page.press("1", ctrl=True)
        await page.until(lambda: box(page).value == HEARD, "it stands in the box")

    on_stage(tmp_path, play, talk="hands-free")


def test_a_page_that_is_drawn_anew_has_it_still(tmp_path: Path, room: Room) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await dictate(desk, page, room)
        before = box(page)
        desk.house.looks.change(theme="dark")
        await page.until(lambda: page.has("narration") and box(page) is not before)
        await page.until(lambda: box(page).value == HEARD, "it stands in the box")
        await page.fire(box(page), "submit", box(page).value)
        await page.until(lambda: told(desk) == [HEARD], "it is told", 60)

    on_stage(tmp_path, play)
