"""A story that is not open, to be read: some passages at a time, from its end or from where something was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from narrator_app.library import SpokenLine
from narrator_app.phrases import say
from narrator_app.ui.palette import STORY, Palette
from narrator_app.ui.parts import action, empty, identified, label, read_out
from narrator_app.views.library import passages

SHOWN = 60  # passages at a time


class ReadingPanel:
    """``load`` brings the passages of the story that is looked at, and hands them to :meth:`show`."""

    def __init__(self, palette: Palette, load: Callable[[], None]) -> None:
        self._palette = palette
        self._load = load
        self._tag = ""
        self._first = 0
        self._lines: Sequence[SpokenLine] = ()
        self._rows = ft.Column(spacing=12, scroll=ft.ScrollMode.AUTO, expand=True)
        self._place = label(palette, "")
        self._deeds = ft.Row(spacing=8)
        self.control = identified(
            "reading",
            ft.Column(
                [
                    ft.Row([self._place, self._deeds], alignment=ft.MainAxisAlignment.SPACE_BETWEEN, wrap=True),
                    self._rows,
                ],
                spacing=10,
                expand=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
        )
        self.control.expand = True

    def look_at(self, tag: str) -> None:
        """The story with this tag is looked at."""
        if tag != self._tag:
            self._tag, self._lines, self._first = tag, (), 0
            self._draw()
            self._load()

    def show(self, tag: str, lines: Sequence[SpokenLine], entry: str = "") -> None:
        """These are the passages of a story; begin with this one if it is named, else show the last."""
        at = next((place for place, one in enumerate(lines) if one.entry.hex() == entry), None)
        self._tag, self._lines = tag, lines
        self._first = max(0, len(lines) - SHOWN) if at is None else at
        self._draw()

    def _turn(self, step: int) -> None:
        self._first = max(0, min(len(self._lines) - 1, self._first + step))
        self._draw()

    def _draw(self) -> None:
        palette, count = self._palette, len(self._lines)
        last = min(count, self._first + SHOWN)
        self._place.value = ""
        self._deeds.controls = []
        if count:
            where = say("library.reading_place", first=self._first + 1, last=last, passages=passages(count))
            self._place.value = where if count > SHOWN else passages(count)
        if self._first:
            self._deeds.controls.append(
                action(palette, say("library.earlier"), lambda event: self._turn(-SHOWN), icon=ft.Icons.ARROW_UPWARD)
            )
        if last < count:
            self._deeds.controls.append(
                action(palette, say("library.later"), lambda event: self._turn(SHOWN), icon=ft.Icons.ARROW_DOWNWARD)
            )
        self._rows.controls = [self._row(one) for one in self._lines[self._first : last]] or [
            empty(palette, say("library.nothing_to_read"), say("library.nothing_to_read_hint"))
        ]
        self.control.update()

    def _row(self, line: SpokenLine) -> ft.Control:
        palette = self._palette
        words: list[ft.Control] = [
            read_out(ft.Text(line.text, size=palette.size(16), font_family=STORY, color=palette.text, selectable=True))
        ]
        if line.kind == "line":
            words.insert(0, label(palette, line.speaker, size=13, colour=palette.accent))
        return ft.Container(
            ft.Column(words, spacing=1, tight=True), padding=ft.Padding.only(left=20 if line.kind == "line" else 0)
        )
