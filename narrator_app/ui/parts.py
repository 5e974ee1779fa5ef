"""Small controls that every screen uses, each with a name a screen reader can say and a tooltip that tells its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import flet as ft

from narrator_app.ui.palette import STORY, Palette

Handler = Callable[[Any], Any]


def icon_button(
    palette: Palette,
    icon: ft.IconData,
    label: str,
    on_click: Handler,
    *,
    key: str = "",
    colour: str = "",
    size: float = 20,
) -> ft.IconButton:
    """A button that is a picture. Its name stands in the icon: a tooltip alone is not read out."""
    return ft.IconButton(
        ft.Icon(icon, semantics_label=label, size=palette.size(size), color=colour or palette.muted),
        tooltip=_with_key(label, key),
        on_click=on_click,
    )


def action(
    palette: Palette,
    text: str,
    on_click: Handler,
    *,
    icon: ft.IconData | None = None,
    key: str = "",
    kind: Literal["plain", "filled", "danger"] = "plain",
    disabled: bool = False,
) -> ft.Control:
    """A button with words on it."""
    shape = ft.RoundedRectangleBorder(radius=8)
    tooltip = _with_key(text, key) if key else None
    letters = ft.TextStyle(size=palette.size(14), weight=ft.FontWeight.W_500)
    if kind == "filled":
        style = ft.ButtonStyle(bgcolor=palette.accent, color=palette.on_accent, shape=shape, text_style=letters)
        return ft.FilledButton(text, icon=icon, on_click=on_click, tooltip=tooltip, style=style, disabled=disabled)
    colour = palette.danger if kind == "danger" else palette.text
    side = ft.BorderSide(1, palette.line)
    style = ft.ButtonStyle(color=colour, icon_color=colour, side=side, shape=shape, text_style=letters)
    return ft.OutlinedButton(text, icon=icon, on_click=on_click, tooltip=tooltip, style=style, disabled=disabled)


def heading(palette: Palette, text: str, size: float = 22) -> ft.Text:
    """A title in the story's own letters."""
    return ft.Text(text, size=palette.size(size), font_family=STORY, color=palette.text)


def label(palette: Palette, text: str, *, size: float = 13, colour: str = "") -> ft.Text:
    """A short explanation."""
    return ft.Text(text, size=palette.size(size), color=colour or palette.muted)


def outline(palette: Palette, radius: float = 8) -> dict[ft.ControlState, ft.InputBorder]:
    """The frame of a text field, stronger where the cursor is."""
    return {
        ft.ControlState.DEFAULT: ft.OutlineInputBorder(side=ft.BorderSide(1, palette.line), border_radius=radius),
        ft.ControlState.FOCUSED: ft.OutlineInputBorder(side=ft.BorderSide(2, palette.accent), border_radius=radius),
    }


def field(palette: Palette, name: str, value: str = "", **settings: Any) -> ft.TextField:
    """A text field; ``settings`` are Flet's."""
    return ft.TextField(
        label=name,
        value=value,
        text_size=palette.size(15),
        color=palette.text,
        border=outline(palette),
        label_style=ft.TextStyle(size=palette.size(14), color=palette.muted),
        **settings,
    )


def empty(palette: Palette, title: str, what_to_do: str, *actions: ft.Control) -> ft.Control:
    """What stands where nothing is yet: what it will be, and how to begin."""
    return ft.Container(
        ft.Column(
            [
                heading(palette, title),
                ft.Text(what_to_do, size=palette.size(15), color=palette.muted, text_align=ft.TextAlign.CENTER),
                ft.Row(list(actions), alignment=ft.MainAxisAlignment.CENTER, wrap=True),
            ],
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            tight=True,
            spacing=16,
        ),
        alignment=ft.Alignment.CENTER,
        padding=32,
    )


def portrait(palette: Palette, name: str, colour: str, size: float, picture: bytes | None = None) -> ft.Control:
    """A face, or the first letters of a name on its colour."""
    ink = palette.speaker(colour)
    inside: ft.Control
    if picture:
        inside = ft.Image(src=picture, width=size, height=size, fit=ft.BoxFit.COVER, semantics_label=name)
    else:
        initials = "".join(part[0] for part in name.split()[:2]).upper() or "?"
        inside = ft.Text(initials, size=size * 0.4, color=ink, weight=ft.FontWeight.W_600)
    return ft.Container(
        inside,
        width=size,
        height=size,
        border_radius=size / 2,
        border=ft.Border.all(1.5, ink),
        bgcolor=ft.Colors.with_opacity(0.14, ink),
        alignment=ft.Alignment.CENTER,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        tooltip=name,
    )


def chip(palette: Palette, text: str, colour: str) -> ft.Control:
    """A small word on its colour, with a dot: never told by colour alone."""
    return ft.Container(
        ft.Row(
            [
                ft.Container(width=8, height=8, border_radius=4, bgcolor=colour),
                ft.Text(text, size=palette.size(12), color=palette.text),
            ],
            tight=True,
            spacing=6,
        ),
        padding=ft.Padding.symmetric(vertical=3, horizontal=10),
        border_radius=12,
        bgcolor=ft.Colors.with_opacity(0.16, colour),
    )


def read_out(text: ft.Text) -> ft.Semantics:
    """Text that can be selected, and is read out all the same: in the browser a screen reader finds an empty field in
    its place otherwise. Whoever changes the text changes the label with it.
    """
    return ft.Semantics(label=text.value or "", exclude_semantics=True, content=text)


def identified(name: str, control: ft.Control) -> ft.Semantics:
    """A control that a test can find in the page by this name. To hide it, hide this and not what is in it: Flet draws
    an error in the place of a Semantics whose content is hidden.
    """
    return ft.Semantics(identifier=name, container=True, content=control)


def _with_key(text: str, key: str) -> str:
    return f"{text} ({key})" if key else text


def redraw(*controls: ft.Control) -> None:
    """Show what has changed of them; those that have left their page meanwhile need nothing."""
    for one in controls:
        try:
            there = one.page is not None
        except RuntimeError:  # Flet's word for a control that has left its page
            continue
        if there:
            one.update()
