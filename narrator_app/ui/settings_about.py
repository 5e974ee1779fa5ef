"""Settings: the sheet of all keys; which program this is, and what it stands on."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import flet as ft
import flet.version

from dwnet.version import VERSION
from narrator_app.phrases import say
from narrator_app.ui.parts import heading
from narrator_app.ui.settings_parts import caption, card, words
from narrator_app.views.setup import LICENCES, KeyGroup, key_groups

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


STACK = 460  # pixels of one stack of cards


class KeysSection:
    """Every key, by the place it means something in."""

    def __init__(self, desk: PageDesk) -> None:
        self._palette = desk.palette

    def build(self) -> ft.Control:
        """A card for each place, stacked side by side as far as there is room."""
        cards = [self._card(group) for group in key_groups()]
        stacks: list[ft.Control] = [
            ft.Column(list(cards[first:last]), spacing=14, tight=True, width=STACK)
            for first, last in ((0, 2), (2, 4), (4, len(cards)))
        ]
        return ft.Row(stacks, spacing=14, run_spacing=14, wrap=True, vertical_alignment=ft.CrossAxisAlignment.START)

    def _card(self, group: KeyGroup) -> ft.Control:
        palette = self._palette
        rows: list[ft.Control] = [caption(palette, group.title)]
        for keys, what in group.rows:
            pressed: list[ft.Control] = [self._key(one) for one in keys.split(", ")]
            told = ft.Text(what, size=palette.size(14), color=palette.text, expand=5)
            rows.append(ft.Row([ft.Row(pressed, spacing=4, run_spacing=4, wrap=True, expand=4), told], spacing=12))
        return card(palette, *rows, spacing=8)

    def _key(self, key: str) -> ft.Control:
        palette = self._palette
        return ft.Container(
            ft.Text(key, size=palette.size(13), font_family="monospace", color=palette.text),
            padding=ft.Padding.symmetric(vertical=2, horizontal=7),
            border_radius=6,
            bgcolor=palette.raised,
            border=ft.Border.all(1, palette.line),
        )

    def refresh(self) -> None:
        """Keys stay."""


class AboutSection:
    """Version and licences."""

    def __init__(self, desk: PageDesk) -> None:
        self._palette = desk.palette

    def build(self) -> ft.Control:
        """Which program this is, then what it stands on."""
        palette = self._palette
        told = say(
            "settings.version", version=VERSION, flet=flet.version.flet_version, python=platform.python_version()
        )
        rows: list[ft.Control] = [
            ft.Row(
                [
                    ft.Text(name, size=palette.size(14), color=palette.text, expand=3),
                    ft.Text(licence, size=palette.size(13), color=palette.muted, expand=2),
                ]
            )
            for name, licence in LICENCES
        ]
        return ft.Column(
            [
                card(
                    palette,
                    heading(palette, say("shell.program"), 20),
                    words(palette, told),
                    words(palette, say("settings.licence")),
                    spacing=6,
                ),
                card(palette, caption(palette, say("settings.licences")), *rows, spacing=8),
            ],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    def refresh(self) -> None:
        """Nothing changes."""
