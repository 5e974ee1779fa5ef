"""What of a character's lines is said aloud besides its speech: what it does, what it thinks."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from dwnet.card import ALOUD
from narrator_app.phrases import say
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import label
from narrator_app.ui.settings_parts import choices
from narrator_app.views.setup import Choice


class AloudPart:
    """Two rows of choices. ``changed`` is called after every choice."""

    def __init__(self, palette: Palette, actions: str, thoughts: str, changed: Callable[[], None]) -> None:
        self._palette = palette
        self._changed = changed
        self._chosen = {"actions": actions, "thoughts": thoughts}
        self._box = ft.Column(spacing=6, tight=True)

    @property
    def actions(self) -> str:
        """One of ALOUD."""
        return self._chosen["actions"]

    @property
    def thoughts(self) -> str:
        """One of ALOUD."""
        return self._chosen["thoughts"]

    def build(self) -> ft.Control:
        """As it is chosen."""
        self._lay()
        return self._box

    def _lay(self) -> None:
        rows: list[ft.Control] = []
        for kind, chosen in self._chosen.items():
            options = [Choice(one, say(f"cast.aloud_{one}"), one == chosen) for one in ALOUD]
            rows += [
                label(self._palette, say(f"cast.aloud_{kind}"), size=14, colour=self._palette.text),
                choices(self._palette, options, lambda value, kind=kind: self._choose(kind, value)),  # type: ignore[misc]
            ]
        self._box.controls = rows

    def _choose(self, kind: str, value: str) -> None:
        self._chosen[kind] = value
        self._lay()
        self._box.update()
        self._changed()
