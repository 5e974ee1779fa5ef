"""The controls of the first run: made from a view state, one function each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import flet as ft

from narrator_app.gathering import Waking
from narrator_app.phrases import say
from narrator_app.ui.palette import STORY, STORY_ITALIC, Palette
from narrator_app.ui.parts import field, identified, label, portrait, read_out
from narrator_app.views.first_run import STEPS, Candidate, FirstRunView, Sleeper

Handler = Callable[[ft.Event[Any]], None]


def brand(palette: Palette) -> ft.Control:
    """The program's name, and what it is, in six words."""
    lamp = ft.Icon(ft.Icons.LOCAL_FIRE_DEPARTMENT, color=palette.accent, size=palette.size(30))
    name = ft.Text(say("first.welcome"), size=palette.size(30), font_family=STORY, color=palette.text)
    motto = ft.Text(say("first.motto"), size=palette.size(16), font_family=STORY_ITALIC, color=palette.muted)
    row = ft.Row([lamp, name], alignment=ft.MainAxisAlignment.CENTER, tight=True, spacing=10)
    return ft.Column([row, motto], horizontal_alignment=ft.CrossAxisAlignment.CENTER, spacing=2, tight=True)


def lamplight(palette: Palette, inside: ft.Control) -> ft.Control:
    """The whole page, a little brighter where the lamp is."""
    glow = 0.22 if palette.dark else 0.16
    light = ft.RadialGradient(
        colors=[ft.Colors.with_opacity(glow, palette.accent), ft.Colors.with_opacity(0, palette.accent)],
        center=ft.Alignment(0, -0.9),
        radius=1.1,
    )
    return ft.Container(inside, expand=True, alignment=ft.Alignment.CENTER, padding=20, gradient=light)


def dots(palette: Palette, step: int) -> ft.Control:
    """How far one is, as a line of three."""
    marks: list[ft.Control] = [
        ft.Container(height=4, width=36, border_radius=2, bgcolor=palette.accent if at <= step else palette.line)
        for at in range(len(STEPS))
    ]
    words = say("first.step", step=step + 1, steps=len(STEPS))
    return ft.Row([*marks, label(palette, words, size=12)], spacing=6)


def quiet_button(palette: Palette, text: str, hint: str, on_click: Callable[..., Any]) -> ft.Control:
    """Another way on, for those who look for it."""
    letters = ft.TextStyle(size=palette.size(14), weight=ft.FontWeight.W_500)
    style = ft.ButtonStyle(color=palette.muted, text_style=letters)
    return ft.TextButton(text, tooltip=hint, on_click=on_click, style=style)


def name_step(palette: Palette, view: FirstRunView, changed: Handler, entered: Handler) -> ft.Control:
    """One field, and the story that waits behind its name."""
    name = field(
        palette,
        say("first.name_field"),
        view.name,
        autofocus=True,
        on_change=changed,
        on_submit=entered,
        text_style=ft.TextStyle(font_family=STORY, color=palette.text),
    )
    name.text_size = palette.size(21)
    return _stretched([name, told_words(palette, view.narration)])


def candidate_rows(palette: Palette, view: FirstRunView, toggle: Callable[[str], None]) -> dict[str, ft.Container]:
    """A row for each who can be chosen, by name."""
    rows: dict[str, ft.Container] = {}
    for one in view.candidates:
        words = ft.Column(
            [
                ft.Text(one.name, size=palette.size(16), weight=ft.FontWeight.W_600, color=palette.speaker(one.colour)),
                ft.Text(one.line, size=palette.size(13), color=palette.text),
            ],
            spacing=1,
            alignment=ft.MainAxisAlignment.CENTER,
            height=palette.size(66),  # a name and two lines, so that all rows are alike
            expand=True,
        )
        mark = ft.Icon(ft.Icons.CHECK_CIRCLE, size=palette.size(22))
        inside = ft.Row([portrait(palette, one.name, one.colour, 42), words, mark], spacing=14)
        button = ft.TextButton(
            content=inside,
            tooltip=f"{say('first.choose', name=one.name)} ({one.number})",
            on_click=partial(_toggled, toggle, one.name),
            style=ft.ButtonStyle(
                shape=ft.RoundedRectangleBorder(radius=12), padding=ft.Padding.symmetric(vertical=3, horizontal=14)
            ),
        )
        rows[one.name] = ft.Container(ft.Semantics(content=button, checked=one.chosen), border_radius=12)
        mark_candidate(palette, rows[one.name], one)
    return rows


def _toggled(toggle: Callable[[str], None], name: str, event: ft.Event[Any]) -> None:
    toggle(name)


def mark_candidate(palette: Palette, row: ft.Container, one: Candidate) -> None:
    """Show in a row whether it is chosen: by a mark and its frame, never by colour alone."""
    assert isinstance(row.content, ft.Semantics) and isinstance(row.content.content, ft.TextButton)
    inside = row.content.content.content
    assert isinstance(inside, ft.Row)
    mark = inside.controls[-1]
    assert isinstance(mark, ft.Icon)
    mark.icon = ft.Icons.CHECK_CIRCLE if one.chosen else ft.Icons.RADIO_BUTTON_UNCHECKED
    mark.color = palette.accent if one.chosen else palette.muted
    mark.semantics_label = say("first.chosen") if one.chosen else None
    row.content.checked = one.chosen
    row.bgcolor = palette.raised if one.chosen else None
    row.border = ft.Border.all(1, palette.accent if one.chosen else palette.line)


def cast_step(palette: Palette, rows: Sequence[ft.Control], needs: ft.Text) -> ft.Control:
    """Who can be chosen, and what they need."""
    memory = ft.Row([ft.Icon(ft.Icons.MEMORY, size=18, color=palette.muted), needs], spacing=8)
    needs.expand = True
    return ft.Column([*rows, memory], spacing=8, tight=True)


def beat_step(palette: Palette, view: FirstRunView, changed: Handler, entered: Handler) -> ft.Control:
    """The first narration, and who will answer it."""
    narration = field(
        palette,
        say("first.beat_field"),
        view.narration,
        autofocus=True,
        multiline=True,
        shift_enter=True,
        min_lines=4,
        max_lines=9,
        on_change=changed,
        on_submit=entered,
        text_style=ft.TextStyle(font_family=STORY, height=1.5, color=palette.text),
    )
    narration.text_size = palette.size(18)
    chosen: list[ft.Control] = [portrait(palette, one.name, one.colour, 34) for one in view.candidates if one.chosen]
    answering = label(palette, view.answering, size=14)
    return _stretched([narration, ft.Row([*chosen, answering], spacing=8)])


def _stretched(controls: list[ft.Control]) -> ft.Control:
    return ft.Column(controls, spacing=16, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def told_words(palette: Palette, narration: str) -> ft.Control:
    """What will be told, as it will be read."""
    words = ft.Text(
        narration,
        size=palette.size(17),
        font_family=STORY_ITALIC,
        color=palette.muted,
        max_lines=4,
        overflow=ft.TextOverflow.ELLIPSIS,
        style=ft.TextStyle(height=1.5),
    )
    return ft.Container(
        words,
        padding=ft.Padding.only(left=16, top=4, bottom=4),
        border=ft.Border(left=ft.BorderSide(3, palette.line)),
    )


def sleeper_rows(palette: Palette, sleepers: Sequence[Sleeper]) -> ft.Control:
    """Everyone on the way, and how far."""
    rows: list[ft.Control] = []
    for one in sleepers:
        match one.waking:
            case Waking.AWAKE:
                mark: ft.Control = ft.Icon(ft.Icons.CHECK_CIRCLE, color=palette.ok, size=24)
            case Waking.ABSENT:
                mark = ft.Icon(ft.Icons.ERROR_OUTLINE, color=palette.danger, size=24)
            case _:
                mark = ft.ProgressRing(width=20, height=20, stroke_width=2.5, color=palette.accent)
        face = ft.Container(portrait(palette, one.name, one.colour, 52))
        face.opacity = 1.0 if one.waking is Waking.AWAKE else 0.55
        words = ft.Text(one.words, size=palette.size(16), color=palette.text, expand=True)
        rows.append(ft.Row([face, words, ft.Container(mark, width=28, alignment=ft.Alignment.CENTER)], spacing=16))
    return identified("sleepers", ft.Column(rows, spacing=12, tight=True))


def trouble_box(palette: Palette, what: str, hint: str) -> ft.Control:
    """What is in the way, and what to do about it."""
    words: list[ft.Control] = [ft.Text(what, size=palette.size(14), color=palette.text)]
    if hint:
        words.append(read_out(ft.Text(hint, size=palette.size(13), color=palette.muted, selectable=True)))
    return ft.Container(
        ft.Row(
            [
                ft.Icon(ft.Icons.INFO_OUTLINE, color=palette.warn, size=20),
                ft.Column(words, spacing=2, tight=True, expand=True),
            ],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
        padding=12,
        border_radius=10,
        bgcolor=palette.raised,
    )
