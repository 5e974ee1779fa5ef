"""Controls that several sections of the settings use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import flet as ft

from narrator_app.ui.palette import Palette
from narrator_app.views.setup import Choice


def card(palette: Palette, *inside: ft.Control, spacing: float = 14) -> ft.Container:
    """A panel with what belongs together."""
    column = ft.Column(list(inside), spacing=spacing, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    return ft.Container(
        column, padding=20, border_radius=12, bgcolor=palette.panel, border=ft.Border.all(1, palette.line)
    )


def caption(palette: Palette, text: str) -> ft.Text:
    """What a row is about."""
    return ft.Text(text, size=palette.size(14), weight=ft.FontWeight.W_600, color=palette.text)


def words(palette: Palette, text: str, *, muted: bool = True) -> ft.Text:
    """A sentence in a card."""
    return ft.Text(text, size=palette.size(14), color=palette.muted if muted else palette.text)


def noted(palette: Palette, icon: ft.IconData, text: ft.Text, colour: str = "") -> ft.Control:
    """A sentence with a sign before it."""
    text.expand = True
    return ft.Row(
        [ft.Icon(icon, size=20, color=colour or palette.muted), text],
        spacing=10,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def choices(palette: Palette, options: Sequence[Choice], choose: Callable[[str], None]) -> ft.Control:
    """One of several, side by side; the chosen one has a mark as well as a colour."""
    return ft.Row([_choice(palette, one, choose) for one in options], spacing=8, wrap=True)


def _choice(palette: Palette, one: Choice, choose: Callable[[str], None]) -> ft.Control:
    icon = ft.Icons.RADIO_BUTTON_CHECKED if one.chosen else ft.Icons.RADIO_BUTTON_UNCHECKED
    colour = palette.accent if one.chosen else palette.text
    button = ft.OutlinedButton(
        one.words,
        icon=ft.Icon(icon, color=colour, size=18),
        on_click=partial(_chosen, choose, one.value),
        style=ft.ButtonStyle(
            color=colour,
            text_style=ft.TextStyle(size=palette.size(14), weight=ft.FontWeight.W_500),
            bgcolor=palette.raised if one.chosen else None,
            side=ft.BorderSide(1, palette.accent if one.chosen else palette.line),
            shape=ft.RoundedRectangleBorder(radius=8),
        ),
    )
    return ft.Semantics(content=button, checked=one.chosen)


def _chosen(choose: Callable[[str], None], value: str, event: ft.Event[ft.OutlinedButton]) -> None:
    choose(value)
