"""The Library on Flet's own page: the shelf, the map, the files and the seal, as somebody uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import flet as ft

from dwnet.text import marked
from narrator_app.phrases import say
from narrator_app.summary import summary_of
from tests.kit.chain import Chain
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.flet_page import FletPage
from tests.kit.shelf import log_of, put, root_settings

TOLD = ("Night fell.", "A ship came.", "It sank.")


class Shelf:
    """A page that looks at the shelf."""

    def __init__(self, desk: OpenDesk, page: FletPage, folder: Path) -> None:
        self.desk = desk
        self.page = page
        self.folder = folder

    @property
    def told(self) -> list[str]:
        story = self.desk.evening.desk.narrator.story
        return [marked(story.spans_of(one.take)) for one in story.path()]

    @property
    def name(self) -> str:
        return self.desk.evening.desk.narrator.story.name

    async def look(self) -> None:
        """Look at the shelf; its stories are there."""
        next(iter(self.desk.house.pages)).go("library")
        await self.says(say("library.tab_map"))

    async def says(self, *words: str) -> None:
        for one in words:
            await self.page.until(lambda one=one: one in self.page.text(), one)  # type: ignore[misc]

    async def misses(self, words: str) -> None:
        await self.page.until(lambda: words not in self.page.text(), f"no {words}")

    async def pick(self, name: str) -> None:
        """Look at the story of this name."""
        buttons = self.page.all(ft.TextButton, self.page.identified("shelf"))
        await self.page.click(next(one for one in buttons if name in self.page.texts(one)))

    async def stop_at(self, words: str) -> None:
        """Choose the place on the map that says this."""
        buttons = self.page.all(ft.TextButton, self.page.identified("branch-map"))
        await self.page.click(next(one for one in buttons if any(words in text for text in self.page.texts(one))))

    def field(self, label: str) -> ft.TextField:
        return self.page.one(ft.TextField, label=label)


@asynccontextmanager
async def shelf_open(
    folder: Path, *others: Chain, answers: Mapping[str, object] | None = None, web: bool = False
) -> AsyncIterator[Shelf]:
    """The Lighthouse is open, three scenes are told, and these stories stand beside it."""
    settings = root_settings(folder)
    put(settings, Chain("The Lighthouse"))
    for number, one in enumerate(others):
        put(settings, one, f"other-{number}")
    facts = {"web": web}
    async with desk_with_screens(folder, "The Lighthouse") as desk, desk.page(answers=answers or {}, **facts) as page:
        for text in TOLD:
            await desk.story(partial(desk.evening.desk.intents.tell, text, mode="scene"))
        shelf = Shelf(desk, page, folder)
        await shelf.look()
        yield shelf


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await work()

    asyncio.run(whole())


def other(name: str = "The Gate") -> Chain:
    chain = Chain(name, 2)
    chain.join("Mira")
    chain.beat("The gate was shut.", Mira="Then I shall climb.")
    return chain


# --- going back ------------------------------------------------------------------------------------------------------


def test_the_story_goes_back_on_the_map_and_undo_brings_it_back(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path) as shelf:
            await shelf.says(say("library.map_straight"))
            await shelf.stop_at(say("library.map_beginning"))
            await shelf.page.click(say("library.go_back_here"))
            await shelf.says(say("library.map_branches", count=1), "before rewind 1")
            assert shelf.told == []
            await shelf.page.click(say("shell.undo"))
            await shelf.page.until(lambda: shelf.told == list(TOLD))
            await shelf.says(say("library.map_here_named", names="before rewind 1"))
            await shelf.stop_at("It sank.")
            assert say("library.go_back_here") not in shelf.page.text(), "the story stands there"

    run(evening)


def test_a_place_is_chosen_by_keyboard_and_read_on_the_stage(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path) as shelf:
            await shelf.page.press("Arrow Down")
            await shelf.says(say("library.read_it"))
            await shelf.page.press("Arrow Up")
            await shelf.misses(say("library.read_it"))
            await shelf.page.press("Arrow Down")
            await shelf.page.press("R")
            await shelf.page.until(lambda: shelf.page.has("stage"))

    run(evening)


def test_a_checkpoint_is_set_and_gone_back_to(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path) as shelf:
            await shelf.page.press("2")
            await shelf.says(say("library.place_none"))
            await shelf.page.submit(shelf.field(say("library.place_name")), "the wreck")
            await shelf.says("the wreck", say("library.place_here"))
            await shelf.page.until(lambda: (tmp_path / "checkpoints" / "the wreck.dwlog").exists())
            await shelf.desk.story(lambda: shelf.desk.evening.desk.intents.tell("Morning came.", mode="scene"))
            await shelf.misses(say("library.place_here"))
            await shelf.page.click(say("library.go_back_here"))
            await shelf.page.until(lambda: shelf.told == list(TOLD))

    run(evening)


# --- the shelf -------------------------------------------------------------------------------------------------------


def test_a_story_is_renamed_and_undo_gives_its_name_back(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path, other()) as shelf:
            await shelf.page.press("F2")
            field = shelf.field(say("library.new_name"))
            assert field.value == "The Lighthouse"
            await shelf.page.submit(field, "the gate")
            assert field.error == say("library.name_taken") and shelf.name == "The Lighthouse"
            await shelf.page.submit(field, " The  Lamp ")
            await shelf.page.until(lambda: shelf.name == "The Lamp")
            await shelf.says(say("library.renamed", name="The Lamp"))
            await shelf.page.click(say("shell.undo"))
            await shelf.page.until(lambda: shelf.name == "The Lighthouse")

    run(evening)


def test_a_new_story_begins_and_the_other_waits_on_the_shelf(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path) as shelf:
            await shelf.page.press("N")
            field = shelf.field(say("library.new_name"))
            await shelf.page.submit(field, " ")
            assert field.error == say("library.needs_name")
            await shelf.page.submit(field, "The Sea")
            await shelf.desk.until(
                lambda: shelf.desk.evenings.evening is not None and shelf.name == "The Sea", "the new story is open"
            )
            await shelf.page.until(lambda: shelf.page.has("stage"))
            await shelf.look()
            await shelf.says("The Lighthouse", "The Sea")
            await shelf.pick("The Lighthouse")
            await shelf.page.press("O")
            await shelf.desk.until(
                lambda: shelf.desk.evenings.evening is not None and shelf.name == "The Lighthouse", "the first is open"
            )
            assert shelf.told == list(TOLD)

    run(evening)


def test_a_story_is_put_away_and_undo_puts_it_back(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path, other()) as shelf:
            await shelf.pick("The Gate")
            await shelf.page.click(say("library.put_away"))
            await shelf.says(say("library.put_away_list", count=1))
            await shelf.page.click(say("shell.undo"))
            await shelf.misses(say("library.put_away_list", count=1))
            assert say("library.put_away") in shelf.page.text()

    run(evening)


def test_a_damaged_story_says_what_to_do_and_is_not_opened(tmp_path: Path) -> None:
    async def evening() -> None:
        broken = put(root_settings(tmp_path), other(), "broken")
        broken.database.write_bytes(b"rubbish!" * 100)
        async with shelf_open(tmp_path) as shelf:
            await shelf.pick("broken")
            await shelf.says("is damaged")
            assert not shelf.page.all(ft.FilledButton, shelf.page.identified("story"))
            await shelf.page.press("O")
            assert shelf.name == "The Lighthouse"

    run(evening)


def test_where_a_story_cannot_be_opened_the_others_can(tmp_path: Path) -> None:
    async def evening() -> None:
        settings = root_settings(tmp_path)
        put(settings, Chain("The Lighthouse"))
        put(settings, other(), "gate", keys=False)
        async with desk_with_screens(tmp_path, "The Gate") as desk, desk.page() as page:
            await page.until(lambda: page.has("others") and "The Lighthouse" in page.text(page.identified("others")))
            assert "can't be told on here" in page.text()
            shelf = Shelf(desk, page, tmp_path)
            next(iter(desk.house.pages)).go("library")
            await shelf.says("The gate was shut.", "Then I shall climb.")
            await shelf.pick("The Lighthouse")
            await shelf.says(say("library.nothing_to_read"))
            next(iter(desk.house.pages)).go("stage")
            await page.until(lambda: page.has("others") and "The Lighthouse" in page.text(page.identified("others")))
            await page.click("The Lighthouse")
            await page.until(lambda: page.has("stage"))
            assert desk.evening.desk.narrator.story.name == "The Lighthouse"

    run(evening)


# --- search ----------------------------------------------------------------------------------------------------------


def test_a_search_as_one_types_leads_to_the_line(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path, other()) as shelf:
            field = shelf.page.one(ft.TextField, hint_text=say("library.search"))
            await shelf.page.type(field, "nowhere at all")
            await shelf.says(say("library.found_none", words="nowhere at all"))
            await shelf.page.type(field, "gate")
            await shelf.says("The gate was shut.")
            await shelf.page.press("Escape")
            await shelf.says(say("library.tab_map"))
            await shelf.page.until(
                lambda: shelf.desk.evening.librarian.library.search("ship"), "the librarian has recorded it"
            )
            await shelf.page.type(field, "ship")
            await shelf.says("A ship came.")
            hits = shelf.page.all(ft.TextButton, shelf.page.identified("found"))
            await shelf.page.click(hits[0])
            await shelf.page.until(lambda: shelf.page.has("stage"))

    run(evening)


def test_what_is_found_in_another_story_opens_it(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path, other()) as shelf:
            await shelf.page.type(shelf.page.one(ft.TextField, hint_text=say("library.search")), "climb")
            await shelf.says("Then I shall climb.")
            await shelf.page.click(shelf.page.all(ft.TextButton, shelf.page.identified("found"))[0])
            await shelf.desk.until(
                lambda: shelf.desk.evenings.evening is not None and shelf.name == "The Gate", "the other is open"
            )
            await shelf.page.until(lambda: shelf.page.has("stage") and "Then I shall climb." in shelf.page.text())

    run(evening)


def test_a_story_that_is_not_open_is_read_some_passages_at_a_time(tmp_path: Path) -> None:
    long = other()
    for number in range(150):
        long.narrate(f"Scene {number}.")

    async def evening() -> None:
        async with shelf_open(tmp_path, long) as shelf:
            await shelf.pick("The Gate")
            await shelf.says("Scene 149.", say("library.reading_place", first=93, last=152, passages="152 passages"))
            assert "Scene 80." not in shelf.page.text()
            await shelf.page.click(say("library.earlier"))
            await shelf.says("Scene 80.")
            await shelf.page.click(say("library.earlier"))
            await shelf.says("The gate was shut.")
            await shelf.page.click(say("library.later"))
            await shelf.says("Scene 90.")

    run(evening)


def test_what_is_found_in_a_story_that_is_not_ours_is_read_in_the_library(tmp_path: Path) -> None:
    async def evening() -> None:
        put(root_settings(tmp_path), other(), "gate", keys=False)
        async with shelf_open(tmp_path) as shelf:
            await shelf.page.type(shelf.page.one(ft.TextField, hint_text=say("library.search")), "climb")
            await shelf.says("Then I shall climb.")
            await shelf.page.click(shelf.page.all(ft.TextButton, shelf.page.identified("found"))[0])
            await shelf.page.until(
                lambda: shelf.page.has("reading") and "Then I shall climb." in shelf.page.text(), "it is read"
            )
            assert shelf.name == "The Lighthouse"

    run(evening)


# --- files and the seal ----------------------------------------------------------------------------------------------


def test_the_story_is_written_and_the_file_gets_its_seal(tmp_path: Path) -> None:
    async def evening() -> None:
        path = tmp_path / "out" / "story.dwlog"
        picked = {"pick_files": [{"id": 1, "name": path.name, "size": 1, "path": str(path)}]}
        async with shelf_open(tmp_path, answers=picked) as shelf:
            await shelf.page.press("3")
            await shelf.page.submit(shelf.field(say("library.path")), str(path))
            await shelf.says(say("library.written", path=path))
            await shelf.page.press("4")
            await shelf.page.click(say("library.check_file"))
            await shelf.says(say("library.seal_whole"), say("library.sealed_file", name=path.name))
            path.write_bytes(path.read_bytes().replace(b"A ship came.", b"A ship left."))
            await shelf.page.click(say("library.check_file"))
            await shelf.says(say("library.seal_tampered"))

    run(evening)


def test_the_story_itself_gets_a_seal_with_its_words(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path) as shelf:
            await shelf.page.press("4")
            await shelf.page.click(say("library.check"))
            await shelf.says(say("library.seal_whole"))
            words = summary_of(shelf.desk.evening.home.node.ledger).fingerprint
            assert all(word in shelf.page.text() for word in words)

    run(evening)


def test_in_a_browser_the_file_is_handed_over(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path, web=True) as shelf:
            await shelf.page.press("3")
            await shelf.says(say("library.web_files"))
            await shelf.page.click(
                next(one for one in shelf.page.all(ft.TextButton) if "JSON (.json)" in shelf.page.texts(one))
            )
            await shelf.page.click(say("library.download"))
            saved = shelf.page.connection.invoked
            await shelf.page.until(lambda: any(one.name == "save_file" for one in saved))
            handed = next(one.arguments for one in saved if one.name == "save_file")
            assert handed["file_name"] == "The Lighthouse.json" and b"A ship came." in handed["src_bytes"]

    run(evening)


def test_a_story_comes_in_from_a_file_and_can_be_read_only(tmp_path: Path) -> None:
    async def evening() -> None:
        there = root_settings(tmp_path / "there")
        put(there, other())
        path = log_of(there, tmp_path / "gate.dwlog")
        picked = {"pick_files": [{"id": 1, "name": path.name, "size": 1, "bytes": path.read_bytes()}]}
        async with shelf_open(tmp_path / "here", answers=picked, web=True) as shelf:
            await shelf.page.click(say("library.bring_in"))
            await shelf.says("The Gate", say("library.foreign"), say("library.state_foreign"))
            assert not shelf.page.all(ft.FilledButton, shelf.page.identified("story"))

    run(evening)


def test_a_full_disk_while_writing_is_said_in_the_quiet_bar(tmp_path: Path) -> None:
    async def evening() -> None:
        async with shelf_open(tmp_path) as shelf:
            await shelf.page.press("3")
            await shelf.page.submit(shelf.field(say("library.path")), "/dev/full/story.dwlog")
            await shelf.says("cannot be written")

    run(evening)
