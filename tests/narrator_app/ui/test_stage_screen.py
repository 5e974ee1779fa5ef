"""The stage on a real page without a browser, over a real evening."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import flet as ft
import pytest

from dwnet.hearing import Said
from narrator_app.phrases import say
from narrator_app.ui.stage_page import AROUND, CHUNK
from narrator_app.ui.stage_stream import FOLD
from protocol.story import Story
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.flet_page import FletPage
from tests.kit.long_story import lay_down, told

ROW_BYTES = 12_000  # of everything that is sent to show one more narration


def on_stage(folder: Path, play: Callable[[OpenDesk, FletPage], Awaitable[None]], lines: int = 0) -> None:
    """Open a story of so many lines, and a page on it."""

    async def evening() -> None:
        if lines:
            lay_down(told(lines), folder)
        async with desk_with_screens(folder, "The Long Road") as desk, desk.page() as page:
            await page.until(lambda: page.has("stage"))
            await page.until(lambda: len(rows(page)) == min(story(desk).length, CHUNK * (AROUND + 1)))
            await play(desk, page)

    asyncio.run(evening())


def box(page: FletPage) -> ft.TextField:
    return page.one(ft.TextField, page.identified("narration"))


def rows(page: FletPage) -> list[ft.Semantics]:
    return page.all(ft.Semantics, identifier=lambda one: bool(one) and one.startswith("row-"))


def story(desk: OpenDesk) -> Story:
    return desk.evening.desk.narrator.story


def words(page: FletPage) -> str:
    return page.text(page.identified("story"))


async def tell(page: FletPage, text: str) -> None:
    """Tell, until it is part of the story."""
    await page.submit(box(page), text)
    assert page.has("telling") and text in words(page), "it is seen before it is committed"
    await page.until(lambda: text in words(page) and not page.has("telling"))


async def asked(desk: OpenDesk, page: FletPage) -> bytes:
    """Tell something; the cue that is open then. Nobody of the long story is here, so it stays open a while."""
    await page.submit(box(page), "Pim looks up.")
    narrator = desk.evening.desk.narrator
    await page.until(lambda: narrator.queue() and narrator.queue()[0].state == "asked")
    return next(one.entry for one in story(desk).cues.values() if one.state == "open")


def comes(desk: OpenDesk, cue: bytes, text: str) -> None:
    """A token of an answer, as the narrator hears it."""
    narrator = desk.evening.desk.narrator
    narrator.written[cue] = narrator.written.get(cue, "") + text
    narrator.happen("token", member="Pim", text=text, cue=cue.hex())


# --- telling -------------------------------------------------------------------------------------------------------


def test_an_empty_story_says_what_to_do(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        assert say("stage.empty") in page.text() and say("stage.bring") in page.text()
        await tell(page, "Night fell.")
        assert say("stage.empty") not in page.text()

    on_stage(tmp_path, play)


def test_what_is_told_stands_on_the_page_and_the_box_is_empty(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        mark = page.mark()
        await tell(page, "Night fell.")
        await page.until(lambda: box(page).value == "")
        assert page.bytes_since(mark) < ROW_BYTES and len(rows(page)) == 1

    on_stage(tmp_path, play)


def test_a_name_nobody_has_is_said_and_the_words_stay(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.submit(box(page), "Hello @Nobody!")
        await page.until(lambda: "Nobody in this story is called Nobody" in page.text())
        assert box(page).value == "Hello @Nobody!" and story(desk).length == 0
        assert not page.has("telling")

    on_stage(tmp_path, play)


def test_what_was_not_told_yet_is_there_again(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.type(box(page), "Night fe")
        library = desk.evening.librarian.library
        await page.until(lambda: library.draft("stage") == "Night fe")
        async with desk.page() as other:
            await other.until(lambda: other.has("stage"))
            assert box(other).value == "Night fe"
        await tell(page, "Night fell.")
        await page.until(lambda: library.draft("stage") == "")

    on_stage(tmp_path, play)


def test_an_at_sign_offers_the_cast_and_enter_takes_it(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.type(box(page), "Say, @to")
        assert page.has("offers") and "@Tock" in page.text(page.identified("offers"))
        await page.fire(box(page), "submit", "Say, @to")
        assert box(page).value == "Say, @Tock " and not page.has("offers")
        assert story(desk).length == 102 or story(desk).length >= 100, "nothing was told by that"

    on_stage(tmp_path, play, 100)


def test_commands_are_offered_walked_through_and_taken_by_tab(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.type(box(page), "/re")
        assert [one for one in ("/review", "/retake", "/rewind") if one in page.text(page.identified("offers"))]
        await page.press("Arrow Down")
        await page.press("Tab")
        assert box(page).value == "/retake "
        await page.type(box(page), "/re")
        await page.press("Escape")
        assert not page.has("offers") and box(page).value == "/re"

    on_stage(tmp_path, play)


def test_scene_and_whisper_are_modes_that_show(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.type(box(page), "/scene An hour later.")
        assert say("stage.scene_mode") in page.texts() and box(page).value == "/scene An hour later.", "as it was typed"
        await page.fire(box(page), "submit", "/scene An hour later.")
        await page.until(lambda: story(desk).passage_at(story(desk).length - 1).mode == "scene")
        await page.until(lambda: say("stage.scene_mode") not in page.texts())
        await page.type(box(page), "/whisper to")
        await page.press("Tab")
        assert say("stage.whispering", name="Tock") in page.texts() and box(page).value == ""
        await page.submit(box(page), "The key is under the stone.")
        await page.until(lambda: story(desk).passage_at(story(desk).length - 1).take.audience is not None)
        await page.until(lambda: say("stage.alone", names="Tock") in words(page))
        assert say("stage.whispering", name="Tock") in page.texts(), "a whisper goes on until it is ended"
        await page.press("Escape")
        assert say("stage.whispering", name="Tock") not in page.texts()

    on_stage(tmp_path, play, 100)


def test_while_another_screen_is_looked_at_nothing_is_sent_for_the_stage(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        screen = next(iter(desk.house.pages))
        own = {one._i for one in page.walk(page.identified("stage"), hidden=True)}
        screen.go("settings")
        await page.idle()
        mark = page.mark()
        await desk.story(lambda: desk.evening.desk.intents.tell("Morning came.", mode="scene"))
        await page.idle()
        assert not own & {one.control for one in page.sent(mark)}
        screen.go("stage")
        await page.until(lambda: "Morning came." in words(page))

    on_stage(tmp_path, play, 100)


# --- a long story --------------------------------------------------------------------------------------------------


def test_a_story_of_any_length_opens_with_as_many_rows(tmp_path: Path) -> None:
    sent: dict[int, int] = {}

    for lines in (200, 4_000):

        async def play(desk: OpenDesk, page: FletPage, lines: int = lines) -> None:
            await page.until(lambda: len(rows(page)) >= CHUNK * AROUND)
            await page.idle()
            sent[lines] = page.bytes_since(0)
            assert len(rows(page)) <= 200
            assert f"({story(desk).length - 3})" in words(page), "the end is what is seen"

        on_stage(tmp_path / str(lines), play, lines)
    assert sent[4_000] < 1.2 * sent[200]


def test_only_what_is_near_exists(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        place = 1_000
        entry = story(desk).passage_at(place).take.entry
        screen = next(iter(desk.house.pages))
        screen.go("stage", entry.hex())
        wanted = f"row-{story(desk).passage_at(place).id.hex()[:12]}"
        await page.until(lambda: page.has(wanted))
        await page.until(lambda: len(rows(page)) >= CHUNK * (AROUND + 1))
        await page.idle()
        assert len(rows(page)) <= 200
        assert any(one.name == "scroll_to" for one in page.invoked)

    on_stage(tmp_path, play, 4_000)


def test_who_reads_further_up_is_left_in_peace(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        page_list = page.one(ft.ListView)
        before = len(rows(page))
        await scroll(page, page_list, 900)
        await desk.story(lambda: desk.evening.desk.intents.tell("Morning came.", mode="scene"))
        await page.until(lambda: say("stage.more_below") in page.text())
        assert "Morning came." not in words(page) and len(rows(page)) == before
        await page.click(say("stage.more_below"))
        await page.until(lambda: "Morning came." in words(page))
        assert any(one.name == "scroll_to" for one in page.invoked)

    on_stage(tmp_path, play, 100)


async def scroll(page: FletPage, page_list: ft.ListView, pixels: float) -> None:
    extents = {"min_scroll_extent": 0.0, "max_scroll_extent": 9_000.0, "viewport_dimension": 600.0}
    facts = {"event_type": "update", "pixels": pixels, **extents}
    await page.fire(page_list, "scroll", facts)


# --- words that stream ---------------------------------------------------------------------------------------------


def test_a_token_costs_little_however_long_the_answer(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        cue = await asked(desk, page)
        await page.until(lambda: page.has("streaming"))
        comes(desk, cue, "I")
        tokens = 4 * FOLD
        mark = page.mark()
        for number in range(tokens):
            comes(desk, cue, f" word{number}")
        patches = page.sent(mark)
        assert len(patches) == tokens, "one patch for each, at once"
        assert page.bytes_since(mark) / tokens <= 400
        assert sorted(one.size for one in patches)[tokens // 2] <= 200
        text = page.text(page.identified("streaming"))
        assert text.endswith(f" word{tokens - 1}") and "I word0 word1" in text
        spans = page.one(ft.Text, page.identified("streaming"), spans=lambda one: one and len(one) > 1).spans
        assert len(spans or []) <= FOLD + tokens // FOLD + 1

    on_stage(tmp_path, play, 100)


def test_a_page_opened_in_the_middle_of_an_answer_has_its_beginning(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        cue = await asked(desk, page)
        comes(desk, cue, "I said")
        async with desk.page() as other:
            await other.until(lambda: other.has("streaming"))
            assert "I said" in other.text(other.identified("streaming"))
            comes(desk, cue, " so.")
            for one in (page, other):
                assert one.text(one.identified("streaming")).endswith("I said so.")

    on_stage(tmp_path, play, 100)


def test_what_is_being_said_is_marked(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        last = story(desk).passage_at(story(desk).length - 1)
        row = page.identified(f"row-{last.id.hex()[:12]}")

        def marked() -> str:
            spans = [span for text in page.all(ft.Text, row) for span in text.spans or []]
            return "".join(one.text or "" for one in spans if one.style and one.style.bgcolor)

        said = Said(last.take.cue, last.take.entry, last.seat, 4, False, True)
        mark = page.mark()
        desk.evenings._happened({"event": "shown", "shown": said})
        assert marked() == last.take.spans[0].text[:4] and page.bytes_since(mark) < 2_000
        desk.evenings._happened({"event": "shown", "shown": Said(said.cue, said.entry, said.seat, 4, True, True)})
        assert marked() == ""

    on_stage(tmp_path, play, 100)


# --- who speaks next -----------------------------------------------------------------------------------------------


def test_hold_skip_and_ask_are_a_click_away(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await page.press("F8")
        await page.until(lambda: desk.evening.desk.narrator.held)
        await page.submit(box(page), "Pim and Tock look up.")
        strip = partial(page.text, page.identified("speakers"))
        await page.until(lambda: strip().count(say("stage.state_held")) == 2)
        await page.click(say("stage.skip", name="Pim"))
        await page.until(lambda: say("stage.state_skipped") in strip())
        await page.click(say("shell.undo"))
        await page.until(lambda: say("stage.state_skipped") not in strip())
        await page.click(say("stage.hold_off"))
        await page.until(lambda: say("stage.state_asked") in strip())

    on_stage(tmp_path, play, 100)


# --- one row -------------------------------------------------------------------------------------------------------


async def pick(page: FletPage, up: int) -> None:
    for _ in range(up):
        await page.press("Arrow Up", alt=True)


def test_a_line_is_reworded_by_keyboard_and_the_former_words_come_back(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        last = story(desk).passage_at(story(desk).length - 1)
        former = last.take.spans[0].text
        await pick(page, 1)
        await page.press("E", alt=True)
        field = page.one(ft.TextField, page.identified("story"))
        assert field.value == former
        await page.type(field, "Quite so. *He nods.*")
        await page.press("Enter", ctrl=True)
        await page.until(lambda: "Quite so. He nods." in words(page))
        assert say("stage.edited") in words(page)
        await page.click(say("shell.undo"))
        await page.until(lambda: former in words(page) and "Quite so." not in words(page))
        assert say("stage.edited") not in words(page)

    on_stage(tmp_path, play, 100)


def test_going_back_is_offered_by_hover_and_undone(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        length = story(desk).length
        target = story(desk).passage_at(length - 3)
        row = page.identified(f"row-{target.id.hex()[:12]}")
        hovered = page.one(ft.Container, row, on_hover=lambda one: one is not None)
        await page.fire(hovered, "hover", True)
        await page.click(say("stage.deed_back"))
        await page.until(lambda: story(desk).length == length - 2 and say("stage.went_back") in page.text())
        await page.until(lambda: len(rows(page)) > 0 and page.has(f"row-{target.id.hex()[:12]}"))
        await page.click(say("shell.undo"))
        await page.until(lambda: story(desk).length == length)

    on_stage(tmp_path, play, 100)


def test_a_place_gets_a_name(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await pick(page, 2)
        await page.press("M", alt=True)
        await page.submit(say("stage.place_name"), "The door")
        await page.until(lambda: "The door" in story(desk).checkpoints)
        assert story(desk).checkpoints["The door"] == story(desk).passage_at(story(desk).length - 2).id
        await page.until(lambda: not page.all(ft.TextField, page.identified("story")))

    on_stage(tmp_path, play, 100)


@pytest.mark.parametrize("key", ["Escape", "R"])
def test_a_selected_line_is_let_go_or_asked_for_again(tmp_path: Path, key: str) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await pick(page, 1)
        assert say("stage.deed_retake") in str([one.tooltip for one in page.all(ft.IconButton)])
        await page.press(key, alt=key == "R")
        if key == "R":
            await page.until(lambda: any(one.state == "asked" for one in desk.evening.desk.narrator.queue()))
        else:
            assert say("stage.deed_retake") not in str([one.tooltip for one in page.all(ft.IconButton)])

    on_stage(tmp_path, play, 100)


def test_letters_typed_into_the_box_do_nothing_to_a_selected_line(tmp_path: Path) -> None:
    async def play(desk: OpenDesk, page: FletPage) -> None:
        await pick(page, 1)
        await page.fire(box(page), "focus")
        await page.press("B")
        await page.idle()
        assert story(desk).length == 100 and not story(desk).branches

    on_stage(tmp_path, play, 100)
