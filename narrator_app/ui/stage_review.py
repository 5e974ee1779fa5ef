"""The line that waits for the narrator's word: read it, let it in, change it, or leave it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flet as ft

from dwnet.text import marked
from narrator_app.phrases import say
from narrator_app.ui.parts import action, identified, outline
from narrator_app.ui.stage_deeds import quietly
from narrator_app.ui.stage_row import face, story_style, words
from narrator_app.views.stage import Waiting

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

ACCEPT_KEY, EDIT_KEY, DISCARD_KEY = "Ctrl+Enter", "Alt+Enter", "Alt+Delete"


class ReviewBar:
    """Shown while a line waits."""

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        self._waiting: Waiting | None = None
        self._field: ft.TextField | None = None
        self._box = ft.Container()
        self._frame = identified("review", self._box)
        self._frame.visible = False

    def build(self) -> ft.Control:
        """Its controls, empty."""
        return self._frame

    def show(self, waiting: Waiting | None) -> None:
        """Show this line, or none."""
        if waiting != self._waiting:
            self._waiting, self._field = waiting, None
            self._draw()

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """A key while a line waits."""
        if self._waiting is None:
            return False
        if key.key == "Enter" and key.ctrl:
            self.accept()
        elif key.key == "Enter" and key.alt:
            self.edit()
        elif key.key == "Delete" and key.alt:
            self.discard()
        elif key.key == "Escape" and self._field is not None:
            self._field = None
            self._draw()
        else:
            return False
        return True

    def accept(self) -> None:
        """Let the line in, with the narrator's wording if he changed it."""
        evening = self.desk.evening
        if evening is not None and self._waiting is not None:
            text = (self._field.value or "").strip() if self._field is not None else ""
            changed = self._field is not None and text != marked(self._waiting.spans)
            self.desk.do(lambda: evening.desk.intents.edit(text) if changed else evening.desk.intents.accept())
        quietly()

    def edit(self) -> None:
        """Change its wording before it is let in."""
        if self._waiting is not None and self._field is None:
            palette = self.desk.palette
            self._field = ft.TextField(
                value=marked(self._waiting.spans),
                multiline=True,
                autofocus=True,
                text_style=story_style(palette),
                border=outline(palette),
                max_lines=6,
            )
            self._draw()

    def discard(self) -> None:
        """Leave it out of the story."""
        evening = self.desk.evening
        if evening is not None and self._waiting is not None:
            name, intents = self._waiting.speaker, evening.desk.intents
            told = say("stage.discarded", name=name)
            self.desk.do(intents.discard, lambda: self.desk.tell(told, undo=lambda: intents.cue([name])))
        quietly()

    def _draw(self) -> None:
        palette, waiting = self.desk.palette, self._waiting
        self._frame.visible = waiting is not None
        if waiting is not None:
            ink = palette.speaker(waiting.colour)
            text = self._field or ft.Text(
                spans=words(palette, waiting.spans, None, None, ink), style=story_style(palette)
            )
            head = ft.Text(
                spans=[
                    ft.TextSpan(waiting.speaker, style=ft.TextStyle(color=ink, weight=ft.FontWeight.W_700)),
                    ft.TextSpan(f"   {say('stage.waits')}"),
                ],
                size=palette.size(12.5),
                color=palette.muted,
            )
            buttons: list[ft.Control] = [
                action(
                    palette,
                    say("stage.accept"),
                    lambda event: self.accept(),
                    icon=ft.Icons.CHECK,
                    key=ACCEPT_KEY,
                    kind="filled",
                ),
                action(
                    palette, say("stage.discard"), lambda event: self.discard(), icon=ft.Icons.CLOSE, key=DISCARD_KEY
                ),
            ]
            if self._field is None:
                buttons.insert(
                    1,
                    action(
                        palette,
                        say("stage.change"),
                        lambda event: self.edit(),
                        icon=ft.Icons.EDIT_OUTLINED,
                        key=EDIT_KEY,
                    ),
                )
            self._box.content = ft.Row(
                [
                    face(palette, waiting.speaker, waiting.colour),
                    ft.Column([head, text, ft.Row(buttons, spacing=8, wrap=True)], spacing=6, expand=True, tight=True),
                ],
                spacing=14,
                vertical_alignment=ft.CrossAxisAlignment.START,
            )
            self._box.bgcolor, self._box.border_radius, self._box.padding = palette.raised, 14, 14
            self._box.border = ft.Border.all(1.2, ink)
        self._frame.update()
