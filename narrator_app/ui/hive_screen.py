"""The Hive: everyone's state at a glance, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flet as ft

from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.survey import HiveFacts, Surveyor
from narrator_app.ui.hive_answers import HiveAnswers
from narrator_app.ui.hive_graph import HiveGraph
from narrator_app.ui.hive_panel import Deeds, HivePanel
from narrator_app.ui.hive_table import ROW_HEIGHT, HiveTable
from narrator_app.ui.mind_hands import MindHands
from narrator_app.ui.parts import action, empty, heading, identified, label
from narrator_app.views.hive import HiveView, Row, hive_view, past_statuses
from narrator_app.views.hive_graph import CROWD
from narrator_app.views.mind import mind_view
from protocol.kinds import NARRATOR

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

STEP_SECONDS = 0.12  # between two frames of what moves
SURVEY_STEPS = 8  # frames between two looks at everyone: about a second
NARROW = 1_060  # pixels below which everything stands in one column
GRAPH_WIDTH, GRAPH_HEIGHT = 400, 290
AROUND = 124  # pixels of a page that are not this screen: the navigation and the margins
GRAPH_SHARE, GRAPH_MOST = 0.36, 860  # of the screen's width, where there is more of it
TABLE_TOP, TABLE_LEAST, TABLE_MOST = 108, 240, 430
SHOWING = frozenset(
    {"status", "probed", "timing", "joined", "cast", "invite", "checkpoint", "accepted", "narrated", "line"}
    | {"learning", "evolved", "mind", "kept"}
)


class HiveScreen:
    """The screen on one page. ``selected`` is the seat that is looked at, None this computer."""

    name = "hive"

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        self.selected: int | None = None
        self._view: HiveView | None = None
        self._facts: HiveFacts | None = None
        self._past: tuple[object, ...] = ()
        self._steps = 0
        self._is_moving = False
        self._minds = False  # whether what the selected one has learned is looked at
        self._is_narrow: bool | None = None
        palette = desk.palette
        self._surveyor = self._make_surveyor()
        self._graph = HiveGraph(palette, say("hive.you"), self._picked, desk.soon)
        self._table = HiveTable(palette, self._picked)
        self._panel = HivePanel(palette, self._deeds())
        self._answers = HiveAnswers(palette)
        self._summary = label(palette, "")
        self._clipboard = ft.Clipboard()
        self._body = ft.Container(expand=True, on_size_change=self._resized)
        self._left = ft.Column()
        self._nobody = ft.Container(visible=False, expand=True, bgcolor=palette.panel)

    # --- what a page asks of a screen -------------------------------------------------------------------------------

    def build(self) -> ft.Control:
        """Everything, to be filled by :meth:`refresh`."""
        palette = self.desk.palette
        self._nobody.content = empty(
            palette,
            say("hive.empty_title"),
            say("hive.empty_text"),
            action(palette, say("hive.to_cast"), lambda event: self.desk.go("cast"), kind="filled"),
        )
        room = (self.desk.page.width or 1280) - AROUND  # until its real size is told
        self._arrange(is_narrow=room < self.desk.palette.size(NARROW))
        return self._body

    def shown(self) -> None:
        """Look, and go on looking while this screen is in view."""
        self.refresh()
        if not self._is_moving:
            self._is_moving = True
            self.desk.house.bridge.every(STEP_SECONDS, self._step)

    def refresh(self) -> None:
        """Look at everyone anew."""
        if self._surveyor is None or not self.desk.shows(self):
            return
        self._facts = self._surveyor.survey()
        seats = {one.seat for one in self._facts.members}
        if self.selected not in seats:
            self.selected = None
        self._view = hive_view(self._facts, self.selected)
        self._draw(self._view)

    def happened(self, one: Happening) -> None:
        """Something that may change what is seen here."""
        if not self.desk.shows(self):
            return
        if one["event"] == "probed":
            self._tell_probe(one)
        if one["event"] in SHOWING:
            self.desk.soon(self.refresh)

    def _tell_probe(self, one: Happening) -> None:
        if one["answered"]:
            seconds = f"{one['milliseconds'] / 1000:.1f}"
            self.desk.tell(say("hive.answered", name=one["member"], count=seconds), one["remedy"] or one["why"])
        else:
            self.desk.tell(say("hive.no_answer", name=one["member"]), one["remedy"])

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """Up and Down choose a member, P probes it, I invites, Delete closes its seat, Escape goes back."""
        if key.ctrl or key.alt or key.meta or self._view is None:
            return False
        match key.key:
            case "Arrow Down" | "Arrow Up":
                self._picked(self._table.neighbour(self.selected, 1 if key.key == "Arrow Down" else -1))
            case "Page Down" | "Page Up":
                self._table.turn(1 if key.key == "Page Down" else -1)
            case "Escape" if self._minds:
                self._mind(False)
            case "M" if self._row is not None:
                self._mind(not self._minds)
            case "Escape" if self._panel.is_asking:
                self._ask(False)
            case "Escape" if self.selected is not None:
                self._picked(None)
            case "P" if self._row is not None:
                self._probe()
            case "I" if self._row is not None:
                self._invite()
            case "Delete" if self._row is not None and self._row.can_close:
                self._close()
            case _:
                return False
        return True

    def find(self, place: str) -> None:
        """Look at the member of this name."""
        self._picked(next((row.seat for row in self._view.rows if row.name == place), None) if self._view else None)

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _make_surveyor(self) -> Surveyor | None:
        evening = self.desk.evening
        return Surveyor(evening.desk.narrator, evening.librarian.library) if evening is not None else None

    @property
    def _is_crowd(self) -> bool:
        """Whether a frame is so much to draw that half as many must do."""
        return self._view is not None and len(self._view.rows) > CROWD

    @property
    def _row(self) -> Row | None:
        rows = self._view.rows if self._view is not None else ()
        return next((row for row in rows if row.seat == self.selected), None)

    def _draw(self, view: HiveView) -> None:
        if self._nobody.visible == bool(view.rows):
            self._nobody.visible = not view.rows
            self._nobody.update()
        if self._summary.value != view.summary:
            self._summary.value = view.summary
            self._summary.update()
        if self._is_narrow and self._table_card.height != self._table_height:
            self._table_card.height = self._table_height
            self._table_card.update()
        self._graph.show(view.graph, self.selected, view.spoken)
        self._table.show(view.rows, view.troubled, self.selected)
        self._answers.show(view.bars)
        row = self._row
        if row is None:
            self._panel.show_own(view.own, view.log)
        elif self._minds and self.desk.evening is not None and self._facts is not None:
            facts = self.desk.evening.desk.minds.facts(row.seat)
            learns = MindHands(self.desk, self.desk.evening, row).learns()
            self._panel.show_mind(mind_view(row.name, facts, self._facts.at, learns))
        elif self._surveyor is not None and self._facts is not None:
            notes = self._surveyor.history(row.name)[1:]
            self._panel.show_member(row, past_statuses(notes, self._facts.at))

    def _step(self) -> bool:
        """One frame. It ends when this screen is looked at no longer."""
        if self._surveyor is None or not self.desk.shows(self):
            self._is_moving = False
            return False
        self._steps += 1
        if self._steps % 2 == 0:
            links = self._surveyor.links()
            seats = {key: self._surveyor.seat_of(key) for key in links}
            self._graph.flow(
                {
                    seat: (links[key].id, links[key].sent, links[key].received)
                    for key, seat in seats.items()
                    if seat is not None
                }
            )
        if self._steps % 2 == 0 or not self._is_crowd:
            self._graph.step()
        if self._steps % SURVEY_STEPS == 0:
            self.refresh()
        return True

    # --- the arrangement --------------------------------------------------------------------------------------------

    def _resized(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        is_narrow = event.width < self.desk.palette.size(NARROW)
        if is_narrow != self._is_narrow:
            self._arrange(is_narrow=is_narrow)
            self._body.update()
        left = 0.0 if is_narrow else max(GRAPH_WIDTH, min(GRAPH_MOST, event.width * GRAPH_SHARE))
        if not is_narrow and self._left.width != left:
            self._left.width = left
            self._left.update()
        table_width = event.width - left - (40 if is_narrow else 72)
        if self._table.fit(table_width):
            self.refresh()

    def _arrange(self, *, is_narrow: bool) -> None:
        """Side by side, or below each other."""
        self._is_narrow = is_narrow
        table = self._table_card = self._card(ft.Stack([self._built_table, self._nobody], expand=True), expand=True)
        answers = self._card(
            ft.Column([heading(self.desk.palette, say("hive.answers_title"), 16), self._answers.control], spacing=10)
        )
        panel = self._card(self._panel.control, padding=0)
        keys = label(self.desk.palette, say("hive.keys"), size=12)
        self._summary.expand, keys.visible = True, not is_narrow
        title = ft.Row(
            [identified("hive", heading(self.desk.palette, say("hive.title"))), self._summary, keys],
            spacing=16,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )
        self._body.padding = 20
        if is_narrow:
            table.expand, table.height = None, self._table_height
            graph = self._card(self._graph.named, padding=8)
            graph.height = GRAPH_HEIGHT
            self._body.content = ft.Column(
                [title, graph, table, panel, answers],
                spacing=14,
                scroll=ft.ScrollMode.AUTO,
                expand=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            )
            return
        self._left = ft.Column(
            [self._card(self._graph.named, padding=8, expand=True), answers],
            width=GRAPH_WIDTH,
            spacing=14,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
        right = ft.Column([table, panel], spacing=14, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
        both = ft.Row([self._left, right], spacing=14, expand=True, vertical_alignment=ft.CrossAxisAlignment.STRETCH)
        self._body.content = ft.Column([title, both], spacing=14, expand=True)

    @property
    def _table_height(self) -> float:
        """Of a table that is not all there is: what its rows need, up to a bound beyond which they scroll."""
        rows = len(self._view.rows) if self._view is not None else 0
        return max(TABLE_LEAST, min(TABLE_MOST, TABLE_TOP + rows * (self.desk.palette.size(ROW_HEIGHT) + 2)))

    @property
    def _built_table(self) -> ft.Control:
        if not hasattr(self, "_table_control"):
            self._table_control = self._table.build()
        return self._table_control

    def _card(self, content: ft.Control, *, padding: float = 14, expand: bool = False) -> ft.Container:
        palette = self.desk.palette
        return ft.Container(
            content,
            padding=padding,
            bgcolor=palette.panel,
            border=ft.Border.all(1, palette.line),
            border_radius=12,
            expand=expand,
        )

    # --- what a person does -----------------------------------------------------------------------------------------

    def _picked(self, seat: int | None) -> None:
        self._minds = self._minds and seat == self.selected
        self.selected = None if seat == NARRATOR else seat
        self._panel.ask(False)
        if self.selected is not None:
            self._table.reveal(self.selected)
        self.refresh()

    def _deeds(self) -> Deeds:
        return Deeds(self._probe, self._invite, self._close, self._copy, self._mind, self._learn, self._choose)

    def _mind(self, is_looked_at: bool) -> None:
        self._minds = is_looked_at
        self.refresh()

    def _learn(self, strength: str) -> None:
        evening, row = self.desk.evening, self._row
        if evening is not None and row is not None:
            MindHands(self.desk, evening, row).learn(strength)

    def _choose(self, version: str, pinned: bool) -> None:
        evening, row = self.desk.evening, self._row
        if evening is not None and row is not None:
            MindHands(self.desk, evening, row).choose(version, pinned=pinned, then=self.refresh)

    def _probe(self) -> None:
        evening, row = self.desk.evening, self._row
        if evening is None or row is None:
            return

        async def ask() -> None:
            evening.desk.narrator.probe(row.seat)

        self.desk.do(ask, self.refresh)

    def _invite(self) -> None:
        if self._row is not None:
            self.desk.go("cast", self._row.name)

    def _close(self) -> None:
        """Asked once more first."""
        evening, row = self.desk.evening, self._row
        if evening is None or row is None or not row.can_close:
            return
        if not self._panel.is_asking:
            self._ask(True)
            return
        self._ask(False)

        async def close() -> None:
            await evening.desk.casting.deactivate(row.seat)

        self.desk.do(close, lambda: self.desk.tell(say("hive.closed", name=row.name), say("hive.closed_hint")))

    def _ask(self, is_asking: bool) -> None:
        self._panel.ask(is_asking)
        self.refresh()

    def _copy(self, text: str, what: str) -> None:
        async def copy() -> None:
            await self._clipboard.set(text)
            self.desk.tell(say("hive.copied", what=what))

        self.desk.page.run_task(copy)
