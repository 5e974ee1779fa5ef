"""What a character has learned, on screen: in place of its panel in the hive, for as long as one looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, chip, heading, label, read_out
from narrator_app.views.mind import MindView, VersionRow

BAR_WIDTH = 260
ANSWER_WIDTH = 300


@dataclass(frozen=True)
class MindDeeds:
    """What can be done there: learn with a strength, or "stop"; speak with a version, pinned or not; go back."""

    learn: Callable[[str], None]
    choose: Callable[[str, bool], None]
    leave: Callable[[], None]


def mind_part(palette: Palette, view: MindView, deeds: MindDeeds) -> ft.Control:
    """All of it; it scrolls where it is longer than its place."""
    told = [one for one in (view.speaks, view.lines, view.safe, view.learns) if one]
    parts: list[ft.Control] = [
        ft.Row(
            [
                heading(palette, view.title, 19),
                action(palette, say("hive.title"), lambda event: deeds.leave(), icon=ft.Icons.ARROW_BACK, key="Esc"),
            ],
            spacing=10,
            wrap=True,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        ),
        read_out(ft.Text(" ".join(told), size=palette.size(13), color=palette.text, selectable=True)),
        *_learning(palette, view, deeds),
    ]
    if view.versions:
        parts.append(heading(palette, say("mind.versions"), 15))
        parts += [_version(palette, one, deeds) for one in view.versions]
    if view.changed:
        parts += [heading(palette, say("mind.changed"), 15), _changed(palette, view)]
    if view.answers:
        parts += [heading(palette, say("mind.answers"), 15), *(_answer(palette, one) for one in view.answers)]
    return ft.Container(
        ft.Column(parts, spacing=8, scroll=ft.ScrollMode.AUTO),
        height=palette.size(300),
    )


def _learning(palette: Palette, view: MindView, deeds: MindDeeds) -> list[ft.Control]:
    parts: list[ft.Control] = []
    if view.state:
        parts.append(read_out(ft.Text(view.state, size=palette.size(13), color=palette.text)))
    if view.share is not None:
        stop = action(palette, say("mind.stop"), lambda event: deeds.learn("stop"), icon=ft.Icons.STOP_CIRCLE_OUTLINED)
        bar = ft.ProgressBar(value=view.share, width=BAR_WIDTH, color=palette.accent, bgcolor=palette.line)
        return [*parts, ft.Row([bar, stop], spacing=12, wrap=True)]
    buttons = [
        action(palette, words, partial(_learn, deeds, strength), icon=ft.Icons.SCHOOL_OUTLINED)
        for strength, words in view.strengths
    ]
    return [*parts, ft.Row([label(palette, say("mind.learn")), *buttons], spacing=8, run_spacing=8, wrap=True)]


def _learn(deeds: MindDeeds, strength: str, event: object) -> None:
    deeds.learn(strength)


def _version(palette: Palette, one: VersionRow, deeds: MindDeeds) -> ft.Control:
    top: list[ft.Control] = [ft.Text(one.title, size=palette.size(14), color=palette.text)]
    if one.is_speaking:
        top.append(chip(palette, say("mind.is_pinned" if one.is_pinned else "mind.speaking"), palette.ok))
    number = str(one.number)
    if not one.is_speaking:
        top.append(action(palette, say("mind.speak"), lambda event: deeds.choose(number, False)))
    if one.is_pinned:
        top.append(action(palette, say("mind.unpin"), lambda event: deeds.choose(number, False)))
    else:
        top.append(action(palette, say("mind.pin"), lambda event: deeds.choose(number, True), icon=ft.Icons.PUSH_PIN))
    if one.is_speaking:
        top.append(action(palette, say("mind.bare"), lambda event: deeds.choose("base", False), icon=ft.Icons.UNDO))
    told = " ".join(part for part in (one.told, one.aside) if part)
    rows: list[ft.Control] = [ft.Row(top, spacing=8, run_spacing=4, wrap=True), label(palette, told, size=12)]
    return ft.Column(rows, spacing=2, tight=True)


def _changed(palette: Palette, view: MindView) -> ft.Control:
    cells: list[ft.Control] = [
        ft.Column(
            [
                label(palette, name, size=12),
                ft.Text(f"{before} → {after}", size=palette.size(13), color=palette.text),
            ],
            spacing=0,
            tight=True,
        )
        for name, before, after in view.changed
    ]
    return ft.Row(cells, spacing=24, run_spacing=6, wrap=True)


def _answer(palette: Palette, one: tuple[str, str, str]) -> ft.Control:
    told, before, after = one
    sides: list[ft.Control] = [
        ft.Column(
            [label(palette, name, size=12), ft.Text(text or "–", size=palette.size(13), color=palette.text)],
            spacing=0,
            tight=True,
            width=palette.size(ANSWER_WIDTH),
        )
        for name, text in ((say("mind.before"), before), (say("mind.after"), after))
    ]
    asked = ft.Text(told, size=palette.size(13), color=palette.muted, italic=True)
    return ft.Column([asked, ft.Row(sides, spacing=16, wrap=True)], spacing=2, tight=True)
