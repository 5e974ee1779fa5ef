"""Everyone in a table: how they are, since when and why, how fast, what they take, how much of the story they hold.

Rules of this file:
- At most PAGE rows are alive, however many members there are: they are filled anew for another page.
- Only a row whose values changed is sent.
"""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.hive_graph import tone_colour
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import icon_button, label
from narrator_app.views.hive import UNKNOWN, Row

PAGE = 25
ROW_HEIGHT = 52
LATENCY, SPEED, TAKES, COPY, MODEL = 76, 92, 104, 92, 190  # pixels
ROOM_FOR_MODEL = 980  # pixels from which the table has a column more


class HiveTable:
    """The table on one page. ``pick`` is called with the seat of a row that was clicked."""

    def __init__(self, palette: Palette, pick: Callable[[int], None]) -> None:
        self._palette = palette
        self._pick = pick
        self._rows: tuple[Row, ...] = ()
        self._first = 0
        self._only_troubled = False
        self._is_wide = False
        self._slots = [_Slot(palette, pick) for _ in range(PAGE)]
        self._all = _Choice(palette, lambda: self._choose(False))
        self._troubled = _Choice(palette, lambda: self._choose(True))
        self._place = label(palette, "", size=12)
        self._pager = ft.Row(
            [
                icon_button(
                    palette, ft.Icons.CHEVRON_LEFT, say("hive.earlier"), lambda event: self.turn(-1), key="Page Up"
                ),
                self._place,
                icon_button(
                    palette, ft.Icons.CHEVRON_RIGHT, say("hive.later"), lambda event: self.turn(1), key="Page Down"
                ),
            ],
            spacing=0,
            tight=True,
        )
        self._model_title = self._title(say("hive.column_model"), MODEL)
        self._list = ft.ListView(
            [slot.control for slot in self._slots], spacing=2, expand=True, padding=ft.Padding.only(bottom=8)
        )

    def build(self) -> ft.Control:
        """Title line, column titles, rows."""
        top = ft.Row(
            [ft.Row([self._all.control, self._troubled.control], spacing=6, tight=True), self._pager],
            alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
        )
        titles = ft.Container(
            ft.Row(
                [
                    self._title(say("hive.column_member"), None),
                    self._model_title,
                    self._title(say("hive.column_latency"), LATENCY),
                    self._title(say("hive.column_speed"), SPEED),
                    self._title(say("hive.column_takes"), TAKES),
                    self._title(say("hive.column_copy"), COPY),
                ],
                spacing=8,
            ),
            padding=ft.Padding.symmetric(horizontal=10),
        )
        return ft.Column(
            [top, titles, self._list], spacing=6, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )

    def show(self, rows: tuple[Row, ...], troubled: int, selected: int | None) -> None:
        """Show these members, the page that was looked at; what has not changed is not sent."""
        self._rows = rows
        self._all.show(say("hive.all", count=len(rows)), not self._only_troubled)
        self._troubled.show(say("hive.troubled", count=troubled), self._only_troubled)
        shown = self._shown()
        self._first = max(0, min(self._first, (len(shown) - 1) // PAGE * PAGE))
        page = shown[self._first : self._first + PAGE]
        told = say("hive.page", first=self._first + 1, last=self._first + len(page), count=len(shown))
        is_paged = len(shown) > PAGE
        if (self._place.value, self._pager.visible) != (told, is_paged):
            self._place.value, self._pager.visible = told, is_paged
            self._pager.update()
        for index, slot in enumerate(self._slots):
            row = page[index] if index < len(page) else None
            slot.show(row, row is not None and row.seat == selected, self._is_wide)

    def fit(self, width: float) -> bool:
        """The table is this wide now; True if it has other columns for that."""
        is_wide = width >= self._palette.size(ROOM_FOR_MODEL)
        if is_wide == self._is_wide:
            return False
        self._is_wide = self._model_title.visible = is_wide
        self._model_title.update()
        return True

    def turn(self, pages: int) -> None:
        """Another page of rows."""
        self._first = max(0, self._first + pages * PAGE)
        self._redraw()

    def neighbour(self, seat: int | None, steps: int) -> int | None:
        """The seat so many rows from this one, the first from none; its page is turned to."""
        seats = [row.seat for row in self._shown()]
        if not seats:
            return None
        index = seats.index(seat) + steps if seat in seats else 0
        index = max(0, min(index, len(seats) - 1))
        self._first = index // PAGE * PAGE
        return seats[index]

    def reveal(self, seat: int) -> None:
        """Turn to the page that this seat is on, of everybody if need be."""
        if seat not in [row.seat for row in self._shown()]:
            self._only_troubled = False
        seats = [row.seat for row in self._shown()]
        if seat in seats:
            self._first = seats.index(seat) // PAGE * PAGE

    def _shown(self) -> list[Row]:
        return [row for row in self._rows if row.is_troubled or not self._only_troubled]

    def _choose(self, only_troubled: bool) -> None:
        self._only_troubled, self._first = only_troubled, 0
        self._redraw()

    def _redraw(self) -> None:
        selected = next((slot.seat for slot in self._slots if slot.is_selected), None)
        self.show(self._rows, sum(row.is_troubled for row in self._rows), selected)

    def _title(self, text: str, width: float | None) -> ft.Text:
        title = label(self._palette, text, size=12)
        title.width = None if width is None else self._palette.size(width)
        title.expand, title.visible = width is None, width != MODEL
        title.no_wrap = True
        return title


class _Choice:
    """One of the ways to look at the table."""

    def __init__(self, palette: Palette, choose: Callable[[], None]) -> None:
        self._palette = palette
        self._text = ft.Text("", size=palette.size(13), weight=ft.FontWeight.W_600)
        self.control = ft.TextButton(
            content=self._text,
            on_click=lambda event: choose(),
            style=ft.ButtonStyle(
                shape=ft.RoundedRectangleBorder(radius=8), padding=ft.Padding.symmetric(horizontal=10)
            ),
        )

    def show(self, text: str, is_chosen: bool) -> None:
        colour = self._palette.accent if is_chosen else self._palette.muted
        if (self._text.value, self._text.color) != (text, colour):
            self._text.value, self._text.color = text, colour
            self._text.update()


class _Slot:
    """A row that is alive, and the member it shows now."""

    def __init__(self, palette: Palette, pick: Callable[[int], None]) -> None:
        self._palette = palette
        self._row: Row | None = None
        self._key: tuple[object, ...] = ()
        self.is_selected = False
        self._dot = ft.Container(width=10, height=10, border_radius=5)
        self._name = self._text(14, palette.text, bold=True)
        self._status = self._text(12, palette.muted)
        self._why = self._text(12, palette.muted)
        self._latency = self._text(13, palette.text, LATENCY)
        self._speed = self._text(13, palette.text, SPEED)
        self._copy = self._text(13, palette.text, COPY)
        self._model = self._text(12, palette.muted, MODEL)
        self._takes = self._text(13, palette.text, TAKES)
        self._box = ft.Container(
            ft.Row(
                [
                    self._dot,
                    ft.Column(
                        [ft.Row([self._name, self._status], spacing=8), self._why],
                        spacing=1,
                        expand=True,
                        alignment=ft.MainAxisAlignment.CENTER,
                    ),
                    self._model,
                    self._latency,
                    self._speed,
                    self._takes,
                    self._copy,
                ],
                spacing=8,
            ),
            height=palette.size(ROW_HEIGHT),
            padding=ft.Padding.symmetric(horizontal=10),
            border_radius=8,
            ink=True,
            on_click=lambda event: pick(self._row.seat) if self._row is not None else None,
        )
        self.control = ft.Semantics(
            content=self._box,
            container=True,
            button=True,
            exclude_semantics=True,  # its label says all of it
            on_tap=lambda event: pick(self._row.seat) if self._row is not None else None,
            visible=False,
        )

    @property
    def seat(self) -> int | None:
        return self._row.seat if self._row is not None else None

    def show(self, row: Row | None, is_selected: bool, is_wide: bool) -> None:
        """Show this member, or nothing."""
        key = (row, is_selected, is_wide)
        if key == self._key:
            return
        self._key, self._row, self.is_selected = key, row, is_selected
        self.control.visible = row is not None
        if row is not None:
            self._fill(row, is_selected, is_wide)
        self.control.update()

    def _fill(self, row: Row, is_selected: bool, is_wide: bool) -> None:
        palette = self._palette
        colour = tone_colour(palette, row.tone)
        self.control.label, self.control.selected = row.spoken, is_selected
        self.control.identifier = f"hive-row-{row.name}"
        self._box.bgcolor = palette.raised if is_selected else None
        self._box.border = ft.Border(left=ft.BorderSide(3, palette.accent if is_selected else palette.panel))
        self._box.tooltip = f"{row.code}. {row.remedy}".strip()
        self._dot.bgcolor = colour
        self._name.value = row.name
        self._status.value, self._status.color = say("hive.status_since", status=row.status, time=row.since), colour
        self._why.value = row.why or row.code
        self._latency.value, self._speed.value = row.latency, row.speed
        self._takes.value = say("hive.takes", cpu=row.cpu, memory=row.memory) if row.cpu != UNKNOWN else UNKNOWN
        self._copy.value = row.copy
        self._copy.color = palette.ok if row.has_full_copy else palette.muted
        self._model.value, self._model.visible = row.model, is_wide

    def _text(self, size: float, colour: str, width: float | None = None, *, bold: bool = False) -> ft.Text:
        return ft.Text(
            "",
            size=self._palette.size(size),
            color=colour,
            width=None if width is None else self._palette.size(width),
            no_wrap=True,
            max_lines=1,
            overflow=ft.TextOverflow.ELLIPSIS,
            weight=ft.FontWeight.W_600 if bold else None,
        )
