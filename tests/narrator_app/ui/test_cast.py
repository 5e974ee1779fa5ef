"""The Cast screen on Flet's own page: what is clicked, typed and pressed reaches the story, and what happens shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import flet as ft
import pytest

from dwnet import shipped
from dwnet.card import Card, read_card
from dwnet.card_picture import embed, plain_picture
from narrator_app.casting import Casting, stored_card
from narrator_app.phrases import say
from narrator_app.run import Evening
from protocol.invite import parse_invite
from protocol.story import Seat
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.flet_page import FletPage

PIM = read_card(shipped.card("Pim"))


class Cast:
    """A page that looks at the cast of a story."""

    def __init__(self, desk: OpenDesk, page: FletPage) -> None:
        self.desk = desk
        self.page = page

    @property
    def evening(self) -> Evening:
        return self.desk.evening

    @property
    def casting(self) -> Casting:
        return self.evening.desk.casting

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.evening.desk.narrator.story.seats.values()]

    def seat(self, number: int) -> Seat:
        return self.evening.desk.narrator.story.seats[number]

    async def cast(self, *cards: Card) -> None:
        for card in cards:
            await self.desk.story(lambda card=card: self.casting.cast(card))  # type: ignore[misc]
        await self.page.until(lambda: all(card.name in self.page.text() for card in cards))

    async def tell(self, work: Callable[[], Awaitable[object]]) -> None:
        await self.desk.story(work)

    def said(self) -> str:
        return self.page.text(self.page.identified("bar"))

    def panel(self) -> ft.Semantics:
        return self.page.identified("cast-panel")

    def field(self, label: str) -> ft.TextField:
        return self.page.one(ft.TextField, self.panel(), label=label)


@asynccontextmanager
async def cast_open(folder: Path, *, answers: dict[str, object] | None = None, **facts: object) -> AsyncIterator[Cast]:
    async with desk_with_screens(folder, "Needle Rock") as desk, desk.page(answers=answers or {}, **facts) as page:
        next(iter(desk.house.pages)).go("cast")
        await page.until(lambda: page.has("cast"))
        yield Cast(desk, page)


def picked(data: bytes, name: str = "card.png") -> dict[str, object]:
    return {"pick_files": [{"id": 1, "name": name, "size": len(data), "path": None, "bytes": data}]}


def test_an_empty_cast_says_what_to_do_and_a_sample_comes_in(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            assert say("cast.empty_title") in page.text()
            await page.press("B")
            await page.until(lambda: "Cinder" in page.text(cast.panel()))
            takes = page.all(ft.OutlinedButton, cast.panel())
            assert len(takes) == len(shipped.cast())
            await page.click(takes[0])
            await page.until(lambda: cast.names == ["Cinder"] and say("cast.cast", name="Cinder") in cast.said())
            assert not page.has("cast-panel") and say("cast.empty_title") not in page.text()
            assert page.has("tile-1") and say("cast.count_one") in page.text()

    asyncio.run(evening())


def test_a_character_is_made_and_what_is_missing_is_said_at_its_field(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            await page.press("N")
            await page.type(cast.field(say("cast.personality")), "salty")
            await page.press("Enter", ctrl=True)
            assert cast.field(say("cast.name")).error == say("cast.no_name") and cast.names == []
            await page.type(cast.field(say("cast.name")), "Brine")
            await page.type(cast.field(say("cast.goals")), "To find the egg.")
            await page.click(page.all(ft.OutlinedButton, cast.panel(), content=say("cast.aloud_softly"))[0])
            await page.click(say("cast.add_lore"))
            await page.type(cast.field(say("cast.lore_keys")), "egg, eggs")
            await page.press("S", ctrl=True)
            assert cast.field(say("cast.lore_content")).error == say("cast.wrong_lore")
            await page.type(cast.field(say("cast.lore_content")), "It hums.")
            await page.press("S", ctrl=True)
            await page.until(lambda: cast.names == ["Brine"] and not page.has("cast-panel"))
            card = stored_card(cast.evening.desk.narrator.story, 1)
            assert (card.personality, card.goals) == ("salty", "To find the egg.")
            assert (card.aloud("actions"), card.aloud("thoughts")) == ("softly", "off")
            assert card.character_book is not None and card.colour.startswith("#")
            assert cast.evening.librarian.library.draft("card:new") == ""

    asyncio.run(evening())


def test_an_unfinished_form_goes_on_where_it_was_left(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page, library = cast.page, cast.evening.librarian.library
            await cast.cast(PIM)
            await page.press("Arrow Down")
            await page.press("E")
            await page.type(cast.field(say("cast.backstory")), "He was a mouse once.")
            await page.until(lambda: "a mouse once" in library.draft("card:1"))
            await page.press("Escape")
            assert not page.has("cast-panel")
            await page.press("E")
            assert cast.field(say("cast.backstory")).value == "He was a mouse once."
            assert say("cast.unfinished") in page.text(cast.panel())
            await page.click(say("cast.start_over"))
            await page.until(lambda: not page.has("cast-panel") and library.draft("card:1") == "")
            await page.press("E")
            assert cast.field(say("cast.backstory")).value == PIM.backstory

    asyncio.run(evening())


def test_a_change_keeps_the_seat_and_says_what_changed(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            await cast.cast(PIM, Card("Tock"))
            await page.press("Arrow Down")
            await page.press("E")
            assert say("cast.changed_none") in page.text(cast.panel())
            await page.type(cast.field(say("cast.name")), "Tock")
            assert say("cast.taken_name", name="Tock") in page.text(cast.panel())
            await page.type(cast.field(say("cast.name")), "Pim the Brave")
            assert say("cast.changed_one") in page.text(cast.panel())
            await page.click(say("cast.save"))
            await page.until(lambda: cast.names == ["Pim the Brave", "Tock"] and "Pim the Brave" in page.text())
            assert stored_card(cast.evening.desk.narrator.story, 1).mes_example == PIM.mes_example
            await page.until(lambda: say("cast.kept", name="Pim the Brave") in cast.said())
            await page.click(say("shell.undo"))
            await page.until(lambda: cast.names == ["Pim", "Tock"])

    asyncio.run(evening())


def test_a_card_is_imported_with_its_picture_and_looked_through_first(tmp_path: Path) -> None:
    async def evening() -> None:
        png = embed(plain_picture("#aa3300"), shipped.card("Vesper"))
        async with cast_open(tmp_path, answers=picked(png)) as cast:
            page = cast.page
            await page.press("M")
            await page.press("O", alt=True)
            await page.until(lambda: page.has("cast-panel") and say("cast.imported") in page.text(cast.panel()))
            assert cast.names == [] and page.all(ft.Image, cast.panel())
            await page.click(say("cast.create"))
            await page.until(lambda: cast.names == ["Vesper"])
            assert cast.seat(1).portrait in cast.casting.portraits.at_hand
            await page.until(lambda: page.has("tile-1") and page.all(ft.Image, page.identified("tile-1")))

    asyncio.run(evening())


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (plain_picture("#aa3300"), "carries no character card"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP picture"),
        (b"%PDF-1.7", "no character card"),
    ],
)
def test_a_file_that_is_no_card_is_refused_where_it_was_chosen(data: bytes, says: str, tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(data)) as cast:
            page = cast.page
            await page.click(say("cast.bring"))
            await page.click(say("cast.import_pick"))
            await page.until(lambda: says in page.text(cast.panel()))
            await page.click(say("cast.import_read"))
            assert say("cast.import_nothing") in page.text(cast.panel())
            await page.type(cast.field(say("cast.import_paste")), shipped.card("Tock").decode())
            await page.click(say("cast.import_read"))
            await page.until(lambda: say("cast.form_imported", name="Tock") in page.text(cast.panel()))
            assert cast.names == []

    asyncio.run(evening())


def test_a_portrait_is_chosen_for_a_character(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(plain_picture("#1d7a8c"), "face.png")) as cast:
            page = cast.page
            await cast.cast(PIM)
            await page.press("Arrow Down")
            await page.press("E")
            await page.click(say("cast.choose_portrait"))
            await page.until(lambda: page.all(ft.Image, cast.panel()))
            await page.press("S", ctrl=True)
            await page.until(lambda: cast.seat(1).portrait)
            await page.until(lambda: not page.has("cast-panel"))
            await page.press("E")
            await page.click(say("cast.no_portrait"))
            await page.press("S", ctrl=True)
            await page.until(lambda: not cast.seat(1).portrait)

    asyncio.run(evening())


def test_an_invite_is_made_copied_withdrawn_and_made_again(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page, invites = cast.page, cast.casting.invites
            await cast.cast(PIM)
            await page.press("Arrow Down")
            await page.press("I")
            await page.until(lambda: page.has("invite-code"))
            state = invites.state(1)
            assert state is not None and parse_invite(state.code)
            assert state.code in page.texts(page.identified("invite-code"))
            assert f"dwnet peer --invite {state.code}" in page.texts(page.identified("invite-command"))
            assert page.one(ft.Image, cast.panel()).semantics_label == say("cast.qr")
            await page.click(say("cast.copy_code"))
            assert [one.arguments for one in page.invoked if one.name == "set"] == [{"data": state.code}]
            await page.until(lambda: say("cast.copied") in cast.said())
            await page.click(say("cast.withdraw"))
            await page.until(lambda: not page.has("invite-code"))
            assert say("cast.code_withdrawn") in page.text(cast.panel())
            await page.press("N")
            await page.until(lambda: page.has("invite-code"))
            again = invites.state(1)
            assert again is not None and again.code != state.code

    asyncio.run(evening())


def test_a_listener_gets_a_seat_and_a_code_and_another_name(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            await page.press("L")
            await page.submit(cast.field(say("cast.listener_name")), "@Vera")
            await page.until(lambda: "begins with @" in cast.said())
            await page.submit(cast.field(say("cast.listener_name")), "Vera")
            await page.until(lambda: page.has("invite-code"))
            assert (cast.seat(1).name, cast.seat(1).role) == ("Vera", "listener")
            await page.press("E")
            await page.submit(cast.field(say("cast.name")), "Vera Stone")
            await page.until(lambda: cast.names == ["Vera Stone"] and "Vera Stone" in page.text())

    asyncio.run(evening())


def test_off_the_stage_and_back_by_the_quiet_bar(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            await cast.cast(PIM, Card("Tock"))
            await page.press("Arrow Down")
            await page.press("R")
            await page.until(lambda: cast.seat(1).retired and say("cast.retired", name="Pim") in cast.said())
            await page.until(lambda: say("cast.left") in page.text())
            await page.click(say("shell.undo"))
            await page.until(lambda: not cast.seat(1).retired and say("cast.left") not in page.text())
            await page.press("D")
            await page.until(lambda: cast.names == ["Pim", "Tock", "Pim 2"])
            assert stored_card(cast.evening.desk.narrator.story, 3).personality == PIM.personality

    asyncio.run(evening())


def test_a_seat_is_closed_after_one_question_at_its_tile(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            await cast.cast(PIM)
            await cast.tell(lambda: cast.casting.invite("Pim"))
            await page.press("Arrow Down")
            await page.press("X")
            assert say("cast.close_question", name="Pim") in page.text()
            await page.click(say("cast.close_no"))
            assert say("cast.close_question", name="Pim") not in page.text()
            await page.press("X")
            await page.press("Escape")
            assert say("cast.close_question", name="Pim") not in page.text()
            await page.press("X")
            await page.click(say("cast.close_yes"))
            await page.until(lambda: say("cast.closed", name="Pim") in cast.said())
            state = cast.casting.invites.state(1)
            assert state is not None and state.state == "withdrawn"

    asyncio.run(evening())


def test_a_writer_is_a_setting_of_this_machine_and_stands_in_no_entry(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            await cast.cast(PIM)
            await page.press("Arrow Down")
            await page.press("E")
            group, _ = page.all(ft.RadioGroup, cast.panel())
            group.value = "endpoint"
            await page.fire(group, "change", "endpoint")
            await page.type(cast.field(say("cast.writer_url")), "nonsense")
            await page.press("S", ctrl=True)
            await page.until(lambda: "cannot write with" in cast.said())
            await page.type(cast.field(say("cast.writer_url")), "http://127.0.0.1:9/v1#llama")
            await page.type(cast.field(say("cast.writer_key")), "sk-secret-12345")
            await page.press("S", ctrl=True)
            await page.until(lambda: not page.has("cast-panel"))
            settings = cast.casting.here.settings(1)
            assert settings.writer() == "http://127.0.0.1:9/v1#llama" and settings.has_key()
            await page.press("E")
            assert say("cast.writer_key_kept") in page.text(cast.panel())
            assert not cast.field(say("cast.writer_key")).value
        holding = [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-secret" in path.read_bytes()]
        assert [path.name for path in holding] == ["api_key"]

    asyncio.run(evening())


def test_only_what_changed_is_sent(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            page = cast.page
            await cast.cast(*(Card(f"Sailor {number}", personality="salty " * 10) for number in range(30)))
            await page.idle()
            mark = page.mark()
            await cast.tell(lambda: cast.casting.retire(1))
            await cast.tell(lambda: cast.casting.bring_back(1))
            await page.until(lambda: page.sent(mark))
            await asyncio.sleep(0.2)
            mark = page.mark()
            await cast.tell(lambda: cast.casting.invite("Sailor 5"))
            await page.until(lambda: say("cast.invite_open") in page.text())
            assert page.bytes_since(mark) < 6_000, "one tile of thirty"

    asyncio.run(evening())
