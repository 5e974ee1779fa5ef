"""Settings: what works on this computer and what does not, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, icon_button, identified, read_out
from narrator_app.ui.settings_parts import card
from narrator_app.views.setup import DoctorView, FindingRow, doctor_view

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


class DoctorSection:
    """Findings that come one after the other; looking begins when the section is first opened."""

    def __init__(self, desk: PageDesk, copy: Callable[[str, str], None]) -> None:
        self._desk = desk
        self._copy = copy
        self._checkup = desk.house.checkup
        self._box = ft.Container()
        self._stop: Callable[[], None] | None = None

    def build(self) -> ft.Control:
        """What is known so far."""
        self._fill()
        return identified("doctor", self._box)

    def refresh(self) -> None:
        """Show what was found by now; the first time, begin to look."""
        if self._stop is None:
            self._stop = self._checkup.listen(lambda: self._desk.soon(self._changed))
            if not self._checkup.findings:
                self.check()
        self._fill()
        self._box.update()

    def check(self) -> None:
        """Look at everything again."""
        self._desk.do(self._checkup.examine)

    def _changed(self) -> None:
        if self._is_there():
            self._fill()
            self._box.update()
        elif self._stop is not None:
            self._stop()

    def _is_there(self) -> bool:
        try:
            return self._box.page is not None
        except RuntimeError:  # Flet's word for a control that has left its page
            return False

    def _fill(self) -> None:
        palette = self._desk.palette
        view = doctor_view(self._checkup.findings, running=self._checkup.running)
        rows = [_row(palette, one) for one in view.rows]
        self._box.content = ft.Column(
            [card(palette, self._summary(view)), *([card(palette, *rows, spacing=16)] if rows else [])],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    def _summary(self, view: DoctorView) -> ft.Control:
        palette = self._desk.palette
        if view.running:
            mark: ft.Control = ft.ProgressRing(width=20, height=20, stroke_width=2.5, color=palette.accent)
        else:
            icon = ft.Icons.CHECK_CIRCLE if view.well else ft.Icons.ERROR_OUTLINE
            mark = ft.Icon(icon, color=palette.ok if view.well else palette.warn, size=24)
        told = ft.Text(view.words, size=palette.size(16), color=palette.text, expand=True)
        text = "\n".join(f"{one.title}: {one.words} {one.remedy}".rstrip() for one in view.rows)
        copy = icon_button(
            palette,
            ft.Icons.CONTENT_COPY,
            say("settings.copy_findings"),
            lambda event: self._copy(text, say("settings.doctor")),
            size=18,
        )
        check = action(
            palette,
            say("settings.check"),
            lambda event: self.check(),
            icon=ft.Icons.REFRESH,
            key="Alt+C",
            disabled=view.running,
        )
        return ft.Row([ft.Container(mark, width=28, alignment=ft.Alignment.CENTER), told, copy, check], spacing=10)


def _row(palette: Palette, one: FindingRow) -> ft.Control:
    icon = ft.Icons.CHECK if one.ok else ft.Icons.ERROR_OUTLINE
    colour = palette.ok if one.ok else palette.danger
    mark = ft.Icon(icon, color=colour, size=20, semantics_label=say("settings.well" if one.ok else "settings.ill"))
    told: list[ft.Control] = [
        read_out(
            ft.Text(one.words, size=palette.size(14), color=palette.muted if one.ok else palette.text, selectable=True)
        )
    ]
    if one.remedy:
        told.append(read_out(ft.Text(one.remedy, size=palette.size(14), color=palette.accent, selectable=True)))
    title = ft.Text(one.title, size=palette.size(14), weight=ft.FontWeight.W_600, color=palette.text)
    return ft.Row(
        [mark, ft.Container(title, width=palette.size(110)), ft.Column(told, spacing=3, tight=True, expand=True)],
        spacing=10,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
