"""The spines on the shelf: one button for each story, and the fields for a new one and for another name."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import STORY, Palette
from narrator_app.ui.parts import action, chip, identified, label, outline
from narrator_app.views.library import ShelfView, SpineView


def tone_of(palette: Palette, tone: str) -> str:
    """The colour of a tone."""
    return {"ok": palette.ok, "warn": palette.warn, "danger": palette.danger}.get(tone, palette.muted)


class SpineList:
    """All spines; ``pick`` is called with the one that shall be looked at."""

    def __init__(self, palette: Palette, pick: Callable[[SpineView], None]) -> None:
        self._palette = palette
        self._pick = pick
        self._shown: tuple[ShelfView, str] | None = None
        self._away_open = False
        self._column = ft.Column(spacing=6, scroll=ft.ScrollMode.AUTO, expand=True)
        self.control = identified("shelf", self._column)
        self.control.expand = True

    def show(self, view: ShelfView, chosen: str) -> None:
        """Show these; what is shown already stays."""
        if (view, chosen) == self._shown:
            return
        self._shown = (view, chosen)
        controls = [self._spine(one, chosen) for one in view.stories]
        if view.archived:
            controls.append(self._fold(len(view.archived)))
            if self._away_open or any(one.key == chosen for one in view.archived):
                controls += [self._spine(one, chosen) for one in view.archived]
        self._column.controls = controls
        self._column.update()

    def _fold(self, count: int) -> ft.Control:
        return ft.TextButton(
            say("library.put_away_list", count=count),
            icon=ft.Icons.EXPAND_LESS if self._away_open else ft.Icons.EXPAND_MORE,
            on_click=self._turn,
            style=ft.ButtonStyle(color=self._palette.muted, icon_color=self._palette.muted),
        )

    def _turn(self, event: object = None) -> None:
        self._away_open = not self._away_open
        shown, self._shown = self._shown, None
        if shown is not None:
            self.show(*shown)

    def _spine(self, one: SpineView, chosen: str) -> ft.Control:
        palette, is_chosen = self._palette, one.key == chosen
        ink = palette.muted if one.archived else palette.text
        lines: list[ft.Control] = [
            ft.Text(
                one.name,
                size=palette.size(17),
                font_family=STORY,
                color=ink,
                max_lines=2,
                overflow=ft.TextOverflow.ELLIPSIS,
            ),
            label(palette, one.facts, size=12.5),
        ]
        if not one.trouble:
            lines.append(label(palette, one.cast, size=12.5))
        if one.state:
            lines.append(ft.Row([chip(palette, one.state, tone_of(palette, one.tone))], tight=True))
        return ft.TextButton(
            content=ft.Row(
                [
                    ft.Container(width=3, height=46, border_radius=2, bgcolor=palette.accent if one.is_open else None),
                    ft.Column(lines, spacing=3, expand=True, tight=True),
                ],
                spacing=10,
            ),
            on_click=lambda event: self._pick(one),
            style=ft.ButtonStyle(
                padding=ft.Padding.symmetric(vertical=10, horizontal=10),
                shape=ft.RoundedRectangleBorder(radius=10),
                side=ft.BorderSide(1, palette.accent if is_chosen else palette.line),
                bgcolor=palette.raised if is_chosen else palette.panel,
            ),
        )


class NameRow:
    """A field for a name, with what to do with it. It is there when it is asked for."""

    def __init__(self, palette: Palette, name: str, use: Callable[[str], str], typing: Callable[[bool], None]) -> None:
        """``use`` gets the name and says what is wrong with it, "" when it was used."""
        self._use = use
        self.field = ft.TextField(
            label=name,
            text_size=palette.size(15),
            color=palette.text,
            border=outline(palette),
            label_style=ft.TextStyle(color=palette.muted),
            dense=True,
            max_length=64,
            counter="",
            on_submit=self._submit,
            on_focus=lambda event: typing(True),
            on_blur=lambda event: typing(False),
        )
        self._buttons = ft.Row(spacing=8)
        self._palette = palette
        self.control = ft.Container(
            ft.Column(
                [self.field, self._buttons],
                spacing=8,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            visible=False,
            padding=ft.Padding.only(top=4),
        )

    def open(self, value: str, do_it: str) -> None:
        """Show it, with a name to begin from, and put the keyboard there."""
        self.field.value, self.field.error = value, None
        self._buttons.controls = [
            action(self._palette, do_it, self._submit, kind="filled"),
            action(self._palette, say("library.never_mind"), lambda event: self.close(), key="Esc"),
        ]
        self.control.visible = True
        self.control.update()

    def close(self) -> None:
        """Hide it."""
        if self.control.visible:
            self.control.visible = False
            self.control.update()

    def _submit(self, event: object = None) -> None:
        wrong = self._use(" ".join((self.field.value or "").split()))
        if wrong:
            self.field.error = wrong
            self.field.update()
        else:
            self.close()
