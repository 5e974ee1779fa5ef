"""Lists of two fields side by side in a form: examples, and facts that come up by keyword."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.parts import action, field, icon_button

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


@dataclass
class Row:
    """Two fields, and what goes along with them unseen."""

    first: ft.TextField
    second: ft.TextField
    place: int
    control: ft.Control


class RowsPart:
    """A list of rows with a way to add and remove them. ``changed`` is called after every change."""

    def __init__(
        self,
        desk: PageDesk,
        labels: tuple[str, str],
        add: str,
        remove: Callable[[int], str],
        rows: Sequence[tuple[str, str, int]],
        changed: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._labels = labels
        self._add_words = add
        self._remove_words = remove
        self._changed = changed
        self._rows = [self._row(*one) for one in rows]
        self._list = ft.Column(spacing=10, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    def build(self) -> ft.Control:
        add = action(self._desk.palette, self._add_words, self._add, icon=ft.Icons.ADD)
        self._lay()
        stretch = ft.CrossAxisAlignment.STRETCH
        return ft.Column([self._list, ft.Row([add])], spacing=8, tight=True, horizontal_alignment=stretch)

    def values(self) -> tuple[tuple[str, str, int], ...]:
        """What stands in the rows."""
        return tuple((row.first.value or "", row.second.value or "", row.place) for row in self._rows)

    def fault(self, number: int, what: str) -> None:
        """Say what is wrong with a row; "" takes it back."""
        if 0 <= number < len(self._rows) and (self._rows[number].second.error or "") != what:
            self._rows[number].second.error = what or None
            self._rows[number].second.update()

    def _row(self, first: str, second: str, place: int) -> Row:
        palette = self._desk.palette
        one = field(palette, self._labels[0], first, dense=True, on_change=self._typed)
        two = field(palette, self._labels[1], second, dense=True, multiline=True, max_lines=4, on_change=self._typed)
        box = ft.Container(padding=ft.Padding.only(left=10, top=10, bottom=10, right=0), border_radius=10)
        box.bgcolor = palette.raised
        row = Row(one, two, place, box)
        return row

    def _lay(self) -> None:
        """Every row's way out bears its number, so that a screen reader tells them apart."""
        palette = self._desk.palette
        for number, row in enumerate(self._rows, 1):
            out = icon_button(palette, ft.Icons.CLOSE, self._remove_words(number), partial(self._removed, row), size=16)
            assert isinstance(row.control, ft.Container)
            stretch = ft.CrossAxisAlignment.STRETCH
            fields = ft.Column(
                [row.first, row.second], spacing=8, expand=True, tight=True, horizontal_alignment=stretch
            )
            row.control.content = ft.Row([fields, out], spacing=2, vertical_alignment=ft.CrossAxisAlignment.START)
        self._list.controls = [row.control for row in self._rows]

    def _add(self, event: object) -> None:
        self._rows.append(self._row("", "", -1))
        self._lay()
        self._list.update()
        self._changed()

    def _removed(self, row: Row, event: object) -> None:
        self._rows.remove(row)
        self._lay()
        self._list.update()
        self._changed()

    def _typed(self, event: object) -> None:
        self._changed()


def examples_part(desk: PageDesk, rows: Sequence[tuple[str, str, int]], changed: Callable[[], None]) -> RowsPart:
    """What is told, and how the character answers."""
    labels = (say("cast.told"), say("cast.answer"))
    return RowsPart(
        desk, labels, say("cast.add_example"), lambda number: say("cast.remove_example", number=number), rows, changed
    )


def lore_part(desk: PageDesk, rows: Sequence[tuple[str, str, int]], changed: Callable[[], None]) -> RowsPart:
    """Words that bring a fact up, and the fact."""
    labels = (say("cast.lore_keys"), say("cast.lore_content"))
    return RowsPart(
        desk, labels, say("cast.add_lore"), lambda number: say("cast.remove_lore", number=number), rows, changed
    )
