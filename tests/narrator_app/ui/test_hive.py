"""The Hive on a fake page, over a real story."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import flet as ft
import flet.canvas as cv
import pytest

from narrator_app.health import Condition, Status
from narrator_app.survey import HiveFacts, MemberFacts, Surveyor
from narrator_app.ui.hive_graph import HIDDEN, PULSES, HiveGraph
from narrator_app.ui.hive_screen import HiveScreen
from narrator_app.ui.hive_table import PAGE
from narrator_app.ui.palette import light
from narrator_app.views.hive_graph import Graph, graph
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.flet_page import FletPage
from tests.narrator_app.views.test_hive import LINK, NOW, SAID, answer, member

NAMES = ("Pim", "Tock", "Vesper")


@dataclass
class Look:
    """A page that looks at the hive."""

    desk: OpenDesk
    page: FletPage

    @property
    def screen(self) -> HiveScreen:
        (page_desk,) = self.desk.house.pages
        built = page_desk._built["hive"][0]
        assert isinstance(built, HiveScreen)
        return built

    def rows(self) -> list[ft.Semantics]:
        """The rows that are to be seen."""
        found = self.page.all(ft.Semantics, button=True)
        return [one for one in found if (one.identifier or "").startswith("hive-row-")]

    def chosen(self) -> list[str]:
        return [(one.identifier or "").removeprefix("hive-row-") for one in self.rows() if one.selected]

    def panel(self) -> str:
        return self.page.text(self.page.identified("hive-panel"))


async def cast_one(desk: OpenDesk, name: str) -> None:
    casting = desk.evening.desk.casting
    await casting.cast(casting.find_card(name))


@asynccontextmanager
async def looking(folder: Path, *cast: str) -> AsyncIterator[Look]:
    async with desk_with_screens(folder, "The Lighthouse") as desk, desk.page() as page:
        for name in cast:
            await desk.story(partial(cast_one, desk, name))
        (page_desk,) = desk.house.pages
        page_desk.go("hive")
        look = Look(desk, page)
        look.screen.refresh()
        yield look


def crowd(monkeypatch: pytest.MonkeyPatch, *members: MemberFacts) -> None:
    """These members are found, whoever is really there."""
    real = Surveyor.survey

    def survey(self: Surveyor) -> HiveFacts:
        facts = real(self)
        return replace(facts, at=NOW, members=members, answers=(answer("Pim"),))

    monkeypatch.setattr(Surveyor, "survey", survey)


def evening(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_with_nobody_here_it_says_how_to_begin(tmp_path: Path) -> None:
    async def run() -> None:
        async with looking(tmp_path) as look:
            assert "Nobody is here yet" in look.page.text()
            assert look.page.all(ft.FilledButton, content="To the cast")
            assert "nobody but you" in str(look.page.identified("hive-graph").label)
            assert "Only this computer" in look.panel()

    evening(run)


def test_the_cast_stands_in_the_table_and_in_the_drawing(tmp_path: Path) -> None:
    async def run() -> None:
        async with looking(tmp_path, *NAMES) as look:
            assert [one.identifier for one in look.rows()] == [f"hive-row-{name}" for name in NAMES]
            assert "Pim: Not joined yet" in str(look.rows()[0].label)
            drawn = look.page.identified("hive-graph")
            assert drawn.image and "Not joined yet: Pim, Tock, Vesper." in str(drawn.label)
            assert "Nobody is here yet" not in look.page.text()

    evening(run)


def test_a_member_is_looked_at_by_keys_by_a_click_on_its_row_and_by_its_name(tmp_path: Path) -> None:
    async def run() -> None:
        async with looking(tmp_path, *NAMES) as look:
            await look.page.press("Arrow Down")
            assert look.chosen() == ["Pim"]
            await look.page.press("Arrow Down")
            await look.page.press("Arrow Down")
            await look.page.press("Arrow Down")
            assert look.chosen() == ["Vesper"], "below the last there is nobody"
            assert "/invite Vesper" in look.panel() and "Registered" in look.panel()
            await look.page.press("Arrow Up")
            assert look.chosen() == ["Tock"]
            box = next(one.content for one in look.rows() if one.identifier == "hive-row-Pim")
            assert isinstance(box, ft.Container)
            await look.page.click(box)
            assert look.chosen() == ["Pim"]
            look.screen.find("Vesper")
            assert look.chosen() == ["Vesper"]
            await look.page.press("Escape")
            assert look.chosen() == [] and "This computer" in look.panel()

    evening(run)


def test_a_click_in_the_drawing_looks_at_who_stands_there(tmp_path: Path) -> None:
    async def run() -> None:
        async with looking(tmp_path, *NAMES) as look:
            drawn = look.page.identified("hive-graph")
            canvas = look.page.all(cv.Canvas, drawn)[0]
            await look.page.fire(canvas, "resize", {"w": 400, "h": 400})
            await look.page.until(lambda: look.screen._graph._places[0] == (200, 200), "it is drawn at that size")
            tock = look.screen._graph._marks[2].disc
            detector = look.page.one(ft.GestureDetector, drawn)

            async def tap(x: float, y: float) -> None:
                place = {"x": x, "y": y}
                await look.page.fire(detector, "tap_down", {"k": "mouse", "l": place, "g": place})

            await tap(tock.x + 4, tock.y - 4)
            assert look.chosen() == ["Tock"]
            await tap(200, 200)
            assert look.chosen() == [], "oneself is this computer"
            await tap(tock.x, tock.y)
            await tap(2, 2)
            assert look.chosen() == []

    evening(run)


def test_closing_a_seat_is_asked_once_more_and_can_be_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []

    async def deactivate(self: object, seat: int) -> None:
        closed.append(seat)

    monkeypatch.setattr("narrator_app.casting.Casting.deactivate", deactivate)
    crowd(monkeypatch, member(1, "Pim"))

    async def run() -> None:
        async with looking(tmp_path) as look:
            await look.page.press("Arrow Down")
            await look.page.click("Close seat")
            assert "Close the seat of Pim?" in look.panel()
            await look.page.press("Escape")
            assert "Close the seat" not in look.panel() and look.chosen() == ["Pim"]
            await look.page.press("Delete")
            await look.page.click("Keep it")
            assert "Close the seat" not in look.panel() and closed == []
            await look.page.press("Delete")
            await look.page.press("Delete")
            await look.desk.until(lambda: closed == [1], "the seat is closed")
            await look.desk.until(lambda: "The seat of Pim is closed." in look.page.text(), "it is said")

    evening(run)


def test_a_probe_that_can_not_be_sent_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with looking(tmp_path, "Pim") as look:
            await look.page.press("Arrow Down")
            await look.page.press("P")
            await look.desk.until(lambda: "Pim is not connected" in look.page.text(), "the quiet bar says so")

    evening(run)


def test_a_member_on_probe_can_not_be_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(monkeypatch, member(1, "Pim", is_probed=True), member(2, "Tock"))

    async def run() -> None:
        async with looking(tmp_path) as look:
            await look.page.press("Arrow Down")
            (button,) = look.page.all(ft.OutlinedButton, content="Probing …")
            assert button.disabled
            await look.page.press("Arrow Down")
            (button,) = look.page.all(ft.OutlinedButton, content="Probe")
            assert not button.disabled and button.tooltip == "Probe (P)"

    evening(run)


def test_what_came_of_a_probe_is_said(tmp_path: Path) -> None:
    async def run() -> None:
        async with looking(tmp_path, "Pim") as look:
            facts = {"event": "probed", "member": "Pim", "why": "Ready.", "remedy": "", "milliseconds": 340}
            look.screen.happened({**facts, "answered": True})
            assert "Pim answered in 0.3 s." in look.page.text() and "Ready." in look.page.text()
            look.screen.happened({**facts, "answered": False})
            assert "Pim does not answer." in look.page.text()

    evening(run)


def test_an_address_and_a_fingerprint_can_be_copied(tmp_path: Path) -> None:
    async def run() -> None:
        async with looking(tmp_path) as look:
            head = look.desk.evening.home.node.ledger.canon.head.hex()
            await look.page.click("Copy the fingerprint")
            await look.desk.until(lambda: "Copied: Fingerprint." in look.page.text(), "it is said")
            assert any(head in str(one) for one in look.page.invoked)

    evening(run)


def test_of_two_hundred_a_page_is_alive_and_the_keys_reach_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everyone = [member(seat, f"M{seat}") for seat in range(1, 200)]
    crowd(monkeypatch, *everyone, member(200, "Last", Condition(Status.ERROR_API, NOW, "No.")))

    async def run() -> None:
        async with looking(tmp_path) as look:
            assert len(look.rows()) == PAGE
            assert len(list(look.page.walk(look.page.identified("hive-panel").parent, hidden=True))) < 2_000
            assert "1–25 of 200" in look.page.text() and "and 187 more" in str(look.page.identified("hive-graph").label)
            await look.page.click("Later rows")
            assert "26–50 of 200" in look.page.text()
            for _ in range(10):
                await look.page.press("Page Down")
            assert [one.identifier for one in look.rows()][-1] == "hive-row-Last"
            await look.page.press("Arrow Down")
            assert look.chosen() == ["M1"], "from nobody, the first"
            await look.page.click("In trouble 1")
            assert [one.identifier for one in look.rows()] == ["hive-row-Last"]
            look.screen.find("M100")
            assert look.chosen() == ["M100"], "who is looked at is shown"

    evening(run)


def test_what_did_not_change_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [member(seat, f"M{seat}") for seat in range(1, 201)]
    crowd(monkeypatch, *members)

    async def run() -> None:
        async with looking(tmp_path) as look:
            await look.page.idle()
            before = look.page.mark()
            look.screen.refresh()
            look.screen.refresh()
            assert look.page.bytes_since(before) < 2_000
            members[3] = replace(members[3], said=replace(SAID, rate=777))
            crowd(monkeypatch, *members)
            before = look.page.mark()
            look.screen.refresh()
            assert "77.7 tok/s" in look.page.text()
            assert look.page.bytes_since(before) < 4_000

    evening(run)


def test_nothing_moves_while_another_screen_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with looking(tmp_path, "Pim") as look:
            screen = look.screen
            (page_desk,) = look.desk.house.pages
            assert screen._step()
            page_desk._current = "elsewhere"
            assert not screen._step() and not screen._is_moving
            surveyed: list[int] = []
            monkeypatch.setattr(Surveyor, "survey", lambda self: surveyed.append(1))
            screen.happened({"event": "status"})
            screen.refresh()
            assert surveyed == []
            page_desk._current = "hive"

    evening(run)


# --- the drawing alone ------------------------------------------------------------------------------------------------


class Silent(HiveGraph):
    """A drawing that is on no page; ``sent`` counts what would be sent."""

    def __init__(self) -> None:
        super().__init__(light(), "You", lambda seat: None, lambda draw: draw())
        self.sent = {"canvas": 0, "moving": 0, "named": 0}
        for name in self.sent:
            getattr(self, name).update = lambda name=name: self.sent.__setitem__(name, self.sent[name] + 1)

    def alive(self) -> int:
        """Pulses that are to be seen."""
        return sum(one.x != HIDDEN for one in self._dots)


def drawn(count: int, **facts: Any) -> tuple[Silent, Graph]:
    silent, shown = Silent(), graph("", [member(seat, f"M{seat}", **facts) for seat in range(1, count + 1)])
    silent.show(shown, None, "words")
    return silent, shown


def test_a_pulse_runs_where_a_message_was_counted_and_then_all_is_still() -> None:
    silent, _ = drawn(3)
    silent.flow({1: (7, 10, 20), 2: (8, 0, 0)})
    silent.step()
    assert silent.alive() == 0 == silent.sent["moving"], "what was before this was looked at is no news"
    silent.flow({1: (7, 10, 21), 2: (8, 0, 0)})
    silent.step()
    assert silent.alive() == 1
    (dot,) = [one for one in silent._dots if one.x != HIDDEN]
    assert dot.y < silent._places[0][1], "on its way from the member at the top"
    for _ in range(10):
        silent.step()
    still = silent.sent["moving"]
    assert silent.alive() == 0
    silent.step()
    assert silent.sent["moving"] == still


def test_a_link_that_was_made_anew_begins_to_count_anew() -> None:
    silent, _ = drawn(2)
    silent.flow({1: (7, 10, 20)})
    silent.flow({1: (9, 500, 500)})
    silent.step()
    assert silent.alive() == 0


def test_a_flood_of_messages_is_a_bounded_number_of_pulses() -> None:
    silent, _ = drawn(200)
    silent.flow({seat: (seat, 0, 0) for seat in range(1, 201)})
    silent.flow({seat: (seat, 10**9, 10**9) for seat in range(1, 201)})
    for _ in range(3):
        silent.step()
    assert 0 < silent.alive() <= PULSES and len(silent._pulses) <= PULSES


def test_shapes_are_kept_from_look_to_look() -> None:
    silent, shown = drawn(12)
    before = list(map(id, silent.canvas.shapes))
    silent.show(shown, 3, "words")
    assert list(map(id, silent.canvas.shapes)) == before
    again = silent.sent["canvas"]
    silent.show(shown, 3, "words")
    assert silent.sent["canvas"] == again, "nothing changed, nothing is sent"
    silent.show(graph("", [member(1)]), None, "words")
    assert len(silent.canvas.shapes) < len(before)


def test_more_messages_do_not_make_another_drawing() -> None:
    silent, _ = drawn(3)
    sent = silent.sent["canvas"]
    busier = [member(seat, f"M{seat}", link=replace(LINK, sent=99)) for seat in range(1, 4)]
    silent.show(graph("", busier), None, "words")
    assert silent.sent["canvas"] == sent
