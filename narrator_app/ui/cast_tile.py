"""One character as a tile of the cast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, chip, heading, icon_button, identified, label, portrait
from narrator_app.views.cast import DANGER, HERE, NOBODY, OK, WARN, Tile

if TYPE_CHECKING:
    from narrator_app.ui.cast_screen import CastScreen

WIDTH = 352  # logical pixels; two stand beside a panel at 1280, one at 900
ICON = 35  # logical pixels of a button; nine of them fit side by side
_PLACES = {HERE: ft.Icons.COMPUTER, NOBODY: ft.Icons.PERSON_OFF_OUTLINED}


class CastTile:
    """A tile that can be selected. It is drawn anew only when what it shows has changed."""

    def __init__(self, screen: CastScreen, tile: Tile) -> None:
        self._screen = screen
        self._palette: Palette = screen.desk.palette
        self.tile = tile
        self._selected = False
        self.asking = False
        self._box = ft.Container(
            width=WIDTH, padding=16, border_radius=12, on_click=lambda event: screen.select(self.tile.seat)
        )
        self._draw()

    def build(self) -> ft.Control:
        return identified(f"tile-{self.tile.seat}", self._box)

    def show(self, tile: Tile, selected: bool) -> None:
        """Show this, if it is not what is shown already."""
        if (tile, selected) == (self.tile, self._selected):
            return
        if not selected:
            self.asking = False
        self.tile, self._selected = tile, selected
        self._draw()
        if self._box.page:
            self._box.update()

    def ask(self, asking: bool) -> None:
        """Ask whether the seat shall really be closed, or take the question back."""
        self.asking = asking
        self._draw()
        self._box.update()

    def _draw(self) -> None:
        palette, tile = self._palette, self.tile
        self._box.bgcolor = palette.raised if self._selected else palette.panel
        self._box.border = ft.Border.all(1.5, palette.accent if self._selected else palette.line)
        self._box.opacity = 0.75 if tile.retired and not self._selected else 1
        self._box.tooltip = None
        words = ft.Column(
            [heading(palette, tile.name, 18), label(palette, tile.line or tile.role_words)],
            spacing=2,
            expand=True,
            tight=True,
        )
        parts: list[ft.Control] = [
            ft.Row(
                [portrait(palette, tile.name, tile.colour, 56, tile.picture), words],
                spacing=14,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            ft.Row(
                [chip(palette, tile.status, self._tone()), self._place()],
                spacing=12,
                wrap=True,
                run_spacing=6,
                vertical_alignment=ft.CrossAxisAlignment.CENTER,
            ),
        ]
        if tile.tone == DANGER and tile.why:
            parts.append(label(palette, tile.why, colour=palette.danger))
        if tile.invite:
            parts.append(label(palette, tile.invite, colour=palette.accent))
        if tile.where == NOBODY and not tile.retired and tile.role == "character" and not tile.invite:
            parts.append(self._first_steps())
        if self.asking:
            parts.append(self._question())
        elif self._selected:
            parts += [ft.Divider(height=1, color=palette.line), self._actions()]
        self._box.content = ft.Column(parts, spacing=10, tight=True)

    def _tone(self) -> str:
        palette = self._palette
        return {OK: palette.ok, WARN: palette.warn, DANGER: palette.danger}.get(self.tile.tone, palette.muted)

    def _place(self) -> ft.Control:
        icon = _PLACES.get(self.tile.where, ft.Icons.GROUP_OUTLINED)
        return ft.Row(
            [ft.Icon(icon, size=16, color=self._palette.muted), label(self._palette, self.tile.where_words)],
            spacing=6,
            tight=True,
        )

    def _first_steps(self) -> ft.Control:
        """What makes a new character speak, without a search for it."""
        palette, screen, seat = self._palette, self._screen, self.tile.seat
        return ft.Row(
            [
                action(palette, say("cast.play_here_short"), lambda event: screen.deeds.play_here(seat), kind="filled"),
                action(palette, say("cast.invite"), lambda event: screen.open_invite(seat)),
            ],
            spacing=8,
            wrap=True,
            run_spacing=8,
        )

    def _actions(self) -> ft.Control:
        """Everything that can be done to who is selected, with its key."""
        tile, screen = self.tile, self._screen
        if tile.retired:
            words = say("cast.bring_back")
            back = action(
                self._palette, words, lambda event: screen.deeds.bring_back(tile.seat), icon=ft.Icons.UNDO, key="R"
            )
            return ft.Row([back])
        row = [self._icon(ft.Icons.EDIT_OUTLINED, say("cast.edit"), screen.open_form, "E")]
        if tile.role == "character":
            row.append(self._icon(ft.Icons.VOLUME_UP_OUTLINED, say("cast.hear"), screen.deeds.hear, "H"))
        row.append(self._icon(ft.Icons.VPN_KEY_OUTLINED, say("cast.invite"), screen.open_invite, "I"))
        if tile.role == "character":
            if tile.running:
                row.append(self._icon(ft.Icons.STOP_CIRCLE_OUTLINED, say("cast.stop"), screen.deeds.stop_here, "P"))
                row.append(self._icon(ft.Icons.RESTART_ALT, say("cast.restart"), screen.deeds.restart_here, "S"))
            else:
                row.append(self._icon(ft.Icons.COMPUTER, say("cast.play_here"), screen.deeds.play_here, "P"))
            if tile.where == HERE:
                row.append(self._icon(ft.Icons.ARTICLE_OUTLINED, say("cast.output"), screen.open_output, "O"))
            row.append(self._icon(ft.Icons.CONTENT_COPY, say("cast.duplicate"), screen.deeds.duplicate, "D"))
            row.append(self._icon(ft.Icons.SAVE_ALT, say("cast.save_card"), screen.deeds.save_card, "F"))
        row.append(self._icon(ft.Icons.LOGOUT, say("cast.retire"), screen.deeds.retire, "R"))
        if tile.where != NOBODY or tile.invite:
            row.append(self._icon(ft.Icons.BLOCK, say("cast.close_seat"), screen.deeds.ask_to_close, "X"))
        return ft.Row(row, spacing=0, wrap=True, run_spacing=0)

    def _icon(self, icon: ft.IconData, words: str, act: Callable[[int], None], key: str) -> ft.Control:
        seat = self.tile.seat
        button = icon_button(self._palette, icon, words, lambda event: act(seat), key=key, size=19)
        button.width = button.height = self._palette.size(ICON)
        button.padding = 0
        return button

    def _question(self) -> ft.Control:
        palette, screen, seat = self._palette, self._screen, self.tile.seat
        return ft.Column(
            [
                label(palette, say("cast.close_question", name=self.tile.name), colour=palette.text, size=14),
                ft.Row(
                    [
                        action(
                            palette, say("cast.close_yes"), lambda event: screen.deeds.close_seat(seat), kind="danger"
                        ),
                        action(palette, say("cast.close_no"), lambda event: self.ask(False), key="Esc"),
                    ],
                    spacing=8,
                ),
            ],
            spacing=8,
            tight=True,
        )
