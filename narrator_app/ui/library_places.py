"""Checkpoints on one page: name the place where the story stands, and go back to one that was named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import STORY, Palette
from narrator_app.ui.parts import action, empty, identified, label, outline
from narrator_app.views.library import PlaceView


class PlacesPanel:
    """``keep`` names the place where the story stands, ``go`` takes it to another, ``read`` shows one on the stage."""

    def __init__(
        self,
        palette: Palette,
        keep: Callable[[str], None],
        go: Callable[[PlaceView], None],
        read: Callable[[PlaceView], None],
        typing: Callable[[bool], None],
    ) -> None:
        self._palette = palette
        self._keep = keep
        self._go = go
        self._read = read
        self._shown: tuple[PlaceView, ...] | None = None
        self.field = ft.TextField(
            label=say("library.place_name"),
            text_size=palette.size(15),
            color=palette.text,
            border=outline(palette),
            label_style=ft.TextStyle(color=palette.muted),
            dense=True,
            expand=True,
            on_submit=self._submit,
            on_focus=lambda event: typing(True),
            on_blur=lambda event: typing(False),
        )
        self._rows = ft.Column(spacing=6, scroll=ft.ScrollMode.AUTO, expand=True)
        keeping = action(
            palette, say("library.place_keep"), self._submit, icon=ft.Icons.BOOKMARK_ADD_OUTLINED, kind="filled"
        )
        self.control = identified(
            "places",
            ft.Column(
                [
                    label(palette, say("library.place_text"), size=14),
                    ft.Row([self.field, keeping], spacing=8),
                    self._rows,
                ],
                spacing=12,
                expand=True,
            ),
        )
        self.control.expand = True

    def show(self, places: Sequence[PlaceView]) -> None:
        """Show these; what is shown already stays."""
        if tuple(places) == self._shown:
            return
        self._shown = tuple(places)
        palette = self._palette
        if places:
            self._rows.controls = [self._row(one) for one in places]
        else:
            self._rows.controls = [empty(palette, say("library.place_none"), say("library.place_none_hint"))]
        self._rows.update()

    def _submit(self, event: object = None) -> None:
        name = (self.field.value or "").strip()
        if name:
            self._keep(name)
            self.field.value = ""
        self.field.update()

    def _row(self, place: PlaceView) -> ft.Control:
        palette = self._palette
        note = say("library.place_here") if place.here else say("library.place_left") if place.left else ""
        words = ft.Column(
            [
                ft.Row(
                    [
                        ft.Text(place.name, size=palette.size(15), weight=ft.FontWeight.W_600, color=palette.text),
                        label(palette, note, size=12.5),
                    ],
                    spacing=10,
                ),
                ft.Text(
                    place.text,
                    size=palette.size(13.5),
                    font_family=STORY,
                    color=palette.muted,
                    max_lines=2,
                    overflow=ft.TextOverflow.ELLIPSIS,
                ),
            ],
            spacing=2,
            expand=True,
            tight=True,
        )
        deeds: list[ft.Control] = []
        if place.entry and not place.left:
            deeds.append(action(palette, say("library.read_it"), lambda event: self._read(place)))
        if not place.here:
            deeds.append(
                action(palette, say("library.go_back_here"), lambda event: self._go(place), icon=ft.Icons.HISTORY)
            )
        return ft.Container(
            ft.Row([words, ft.Row(deeds, spacing=8, wrap=True, tight=True)], spacing=12),
            padding=ft.Padding.symmetric(vertical=10, horizontal=14),
            border_radius=10,
            bgcolor=palette.panel,
            border=ft.Border.all(1, palette.line),
        )
