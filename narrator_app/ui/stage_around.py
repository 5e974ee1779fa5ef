"""What stands around the page of the story: what to do when it is empty, the way to its end, and which keys do what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.parts import action, empty, label
from narrator_app.views.stage import StageView

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


def nothing_told(desk: PageDesk, view: StageView) -> ft.Control:
    """What an empty story says."""
    hint = say("stage.empty_hint") if view.cast else say("stage.empty_hint_alone")
    bring = action(
        desk.palette,
        say("stage.bring"),
        lambda event: desk.go("cast"),
        icon=ft.Icons.PERSON_ADD_OUTLINED,
        kind="filled",
    )
    return empty(desk.palette, say("stage.empty"), hint, *([] if view.cast else [bring]))


def to_the_end(desk: PageDesk, words: str, go: Callable[[], None]) -> ft.Control:
    """A button over the page, while its end is out of view."""
    palette = desk.palette
    return ft.FilledTonalButton(
        words,
        icon=ft.Icons.ARROW_DOWNWARD,
        tooltip=f"{say('stage.to_end')} (Alt+End)",
        on_click=lambda event: go(),
        style=ft.ButtonStyle(bgcolor=palette.raised, color=palette.text, icon_color=palette.accent, elevation=3),
    )


def footnote(desk: PageDesk) -> ft.Control:
    """Which keys do what, and where sound is heard."""
    evening = desk.evening
    notes = [say("stage.keys")]
    if evening is not None and evening.silent:
        notes.append(say("stage.silent"))
    elif desk.page.web:
        notes.append(say("stage.web_sound"))
    labels: list[ft.Control] = [label(desk.palette, one, size=11.5) for one in notes]
    labels[-1].tooltip = evening.silent if evening is not None and evening.silent else None
    return ft.Row(labels, alignment=ft.MainAxisAlignment.SPACE_BETWEEN, wrap=True, spacing=16, run_spacing=2)
