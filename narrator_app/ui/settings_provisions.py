"""Settings: voices, ears and writers that are here or can be fetched, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.parts import action, chip, icon_button, identified, label
from narrator_app.ui.settings_parts import caption, card, noted, words
from narrator_app.views.provisions import (
    ProvisionGroup,
    ProvisionRow,
    ProvisionsView,
    coming_view,
    provisions_view,
)

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

ICONS = {
    "coming": ft.Icons.DOWNLOADING,
    "here": ft.Icons.CHECK_CIRCLE_OUTLINE,
    "best": ft.Icons.STAR_OUTLINE,
    "fits": ft.Icons.CLOUD_OUTLINED,
    "large": ft.Icons.WARNING_AMBER,
}


class ProvisionsSection:
    """Rows are drawn anew when what they say changes; while something comes, only its bar moves."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._provisions = desk.house.provisions
        palette = desk.palette
        self._machine = words(palette, "")
        self._groups = ft.Column(spacing=14, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
        self._shown: dict[str, tuple[ProvisionRow, bool, ft.Container]] = {}
        self._asking = ""  # the row that asks something back
        self._bar = ft.ProgressBar(color=palette.accent, bgcolor=palette.line, border_radius=4, bar_height=8)
        self._so_far = label(palette, "")
        self._progress = ft.Column([self._bar, self._so_far], spacing=6, tight=True)
        self._stop: Callable[[], None] | None = None

    def build(self) -> ft.Control:
        """What this computer has, then a card for each kind."""
        palette = self._desk.palette
        self._fill(self._view())
        everything = ft.Column(
            [card(palette, noted(palette, ft.Icons.MEMORY, self._machine)), self._groups],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
        return identified("provisions", everything)

    def refresh(self) -> None:
        """Bring every row in step."""
        if self._stop is None:
            self._stop = self._provisions.listen(lambda: self._desk.soon(self._changed))
        self._changed()

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _view(self) -> ProvisionsView:
        one = self._provisions
        return provisions_view(one.standings(), one.machine(), one.coming, one.is_agreed, one.is_used)

    def _changed(self) -> None:
        if not self._is_there():
            if self._stop is not None:
                self._stop()
            return
        view = self._view()
        if [row.key for group in view.groups for row in group.rows] != list(self._shown):
            self._fill(view)
            self._groups.update()
            return
        for group in view.groups:
            for row in group.rows:
                self._show(row)
        self._move()

    def _is_there(self) -> bool:
        try:
            return self._groups.page is not None
        except RuntimeError:  # Flet's word for a control that has left its page
            return False

    def _fill(self, view: ProvisionsView) -> None:
        self._machine.value = view.machine
        self._shown = {}
        self._groups.controls = [self._group(group) for group in view.groups]

    def _group(self, group: ProvisionGroup) -> ft.Control:
        palette = self._desk.palette
        inside: list[ft.Control] = [
            ft.Column([caption(palette, group.title), label(palette, group.text)], spacing=2, tight=True)
        ]
        for row in group.rows:
            box = ft.Container(self._draw(row))
            self._shown[row.key] = (row, self._asking == row.key, box)
            inside += [ft.Divider(height=1, color=palette.line), identified(f"provision-{row.name}", box)]
        return card(palette, *inside, spacing=12)

    def _show(self, row: ProvisionRow) -> None:
        before, asked, box = self._shown[row.key]
        asking = self._asking == row.key
        if (row, asking) != (before, asked):
            self._shown[row.key] = (row, asking, box)
            box.content = self._draw(row)
            box.update()

    def _draw(self, row: ProvisionRow) -> ft.Control:
        palette = self._desk.palette
        colour = {"here": palette.ok, "best": palette.accent, "coming": palette.accent, "large": palette.warn}
        name = ft.Text(row.name, size=palette.size(15), weight=ft.FontWeight.W_600, color=palette.text)
        marks: list[ft.Control] = [name, chip(palette, row.words, colour.get(row.state, palette.muted))]
        if row.used:
            marks.append(chip(palette, say("settings.provision_used"), palette.accent))
        told: list[ft.Control] = [ft.Row(marks, spacing=8, run_spacing=4, wrap=True), label(palette, row.facts)]
        if row.about:
            told.append(words(palette, row.about, muted=False))
        if row.why:
            told.append(label(palette, row.why, colour=palette.warn))
        if row.can_use and self._asking != row.key:
            told.append(self._uses(row))
        if row.state == "coming":
            told.append(ft.Container(self._progress, padding=ft.Padding.only(top=6)))
        elif self._asking == row.key:
            told.append(self._question(row))
        icon = ft.Icon(ICONS[row.state], size=20, color=colour.get(row.state, palette.muted))
        return ft.Row(
            [icon, ft.Column(told, spacing=4, tight=True, expand=True), self._deeds(row)],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )

    def _question(self, row: ProvisionRow) -> ft.Control:
        """The terms that have to be agreed to, or whether it shall really go."""
        palette = self._desk.palette
        if row.can_remove:
            text, yes = say("settings.remove_text"), say("settings.remove_yes")
            deed = partial(self._remove, row)
        else:
            text, yes = row.terms, say("settings.agree")
            deed = partial(self._fetch, row, agreed=True)
        answers: list[ft.Control] = [
            action(palette, yes, lambda event: deed(), kind="danger" if row.can_remove else "filled"),
            action(palette, say("settings.not_now"), lambda event: self._ask("")),
        ]
        inside: list[ft.Control] = [
            words(palette, text, muted=False),
            ft.Row(answers, spacing=8, run_spacing=8, wrap=True),
        ]
        return ft.Container(
            ft.Column(inside, spacing=10, tight=True),
            padding=12,
            margin=ft.Margin.only(top=6),
            border_radius=8,
            bgcolor=palette.raised,
        )

    def _deeds(self, row: ProvisionRow) -> ft.Control:
        """Buttons named after what they do to which: a page full of “Fetch” could not be told apart by ear."""
        buttons: list[ft.Control] = []
        asks = self._asking == row.key
        if row.state == "coming":
            buttons.append(self._icon(ft.Icons.STOP_CIRCLE_OUTLINED, "stop", row, self._provisions.stop))
        if row.can_fetch and not asks:
            fetch = partial(self._ask, row.key) if row.terms else partial(self._fetch, row)
            buttons.append(self._icon(ft.Icons.DOWNLOAD, "fetch", row, fetch))
            buttons[-1].disabled = row.waits
        if row.can_remove and not asks:
            buttons.append(self._icon(ft.Icons.DELETE_OUTLINE, "remove", row, partial(self._ask, row.key)))
        return ft.Row(buttons, spacing=0, tight=True)

    def _icon(self, icon: ft.IconData, what: str, row: ProvisionRow, deed: Callable[[], None]) -> ft.IconButton:
        palette = self._desk.palette
        colour = palette.muted if what == "remove" or row.waits else palette.accent
        name = say(f"settings.provision_{what}", name=row.name)
        return icon_button(palette, icon, name, lambda event: deed(), colour=colour, size=22)

    def _uses(self, row: ProvisionRow) -> ft.Control:
        palette = self._desk.palette
        text = say("settings.provision_unuse") if row.used else say("settings.provision_use", name=row.name)
        button = action(palette, text, lambda event: self._use(row), icon=ft.Icons.THEATER_COMEDY_OUTLINED)
        return ft.Container(ft.Row([button], wrap=True), padding=ft.Padding.only(top=6))

    def _move(self) -> None:
        coming = self._provisions.coming
        if coming is None:
            return
        view = coming_view(coming)
        self._bar.value, self._so_far.value = view.share, view.words
        if self._bar.parent is not None:
            self._progress.update()

    # --- what is done -----------------------------------------------------------------------------------------------

    def _ask(self, key: str) -> None:
        """Ask something back in a row, and in no other; "" takes the question back."""
        self._asking = key
        self._changed()

    def _fetch(self, row: ProvisionRow, *, agreed: bool = False) -> None:
        self._asking = ""
        whole: list[bool] = []

        async def fetch() -> None:
            whole.append(await self._provisions.fetch(row.offer, agreed=agreed))

        def done() -> None:
            self._desk.tell(say("settings.fetched" if whole[0] else "settings.fetch_stopped", name=row.name))

        self._desk.do(fetch, done)

    def _remove(self, row: ProvisionRow) -> None:
        self._asking = ""
        self._desk.do(
            lambda: self._provisions.remove(row.offer),
            lambda: self._desk.tell(say("settings.removed", name=row.name)),
        )

    def _use(self, row: ProvisionRow) -> None:
        said = say("settings.unused") if row.used else say("settings.used", name=row.name)
        self._desk.do(lambda: self._provisions.use(row.offer), lambda: self._desk.tell(said))
