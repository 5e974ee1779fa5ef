"""The answer that is being written, below the last row: words are added as they come, and nothing else is sent."""

from __future__ import annotations

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import STORY_ITALIC, Palette
from narrator_app.ui.stage_row import GUTTER, in_margin, story_style
from narrator_app.views.stage import Writing

FOLD = 32  # spans that become one, so that a long answer is not a thousand of them


class StreamingLine:
    """One answer on its way."""

    def __init__(self, palette: Palette, writing: Writing, picture: bytes | None = None) -> None:
        self.palette = palette
        self.cue = writing.cue
        self._length = 0  # characters shown
        self._folded = 0  # spans at the front that are folded ones
        ink = palette.speaker(writing.colour)
        style = ft.TextStyle(font_family=STORY_ITALIC, color=palette.muted)
        self._thinking = ft.TextSpan(say("stage.thinking"), style=style)
        self._text = ft.Text(spans=[self._thinking], style=story_style(palette))
        name = ft.Text(writing.speaker, size=palette.size(12.5), color=ink, weight=ft.FontWeight.W_700)
        self.control = ft.Semantics(
            identifier="streaming",
            container=True,
            content=ft.Container(
                ft.Row(
                    [
                        in_margin(palette, writing.speaker, writing.colour, picture),
                        ft.Column([name, self._text], spacing=3, expand=True, tight=True),
                        ft.Container(width=GUTTER),
                    ],
                    spacing=0,
                    vertical_alignment=ft.CrossAxisAlignment.START,
                ),
                padding=ft.Padding.only(top=6, bottom=6),
            ),
        )
        self._put(writing.text)

    @property
    def begins(self) -> bool:
        """Nothing came yet."""
        return not self._length

    def show(self, text: str) -> None:
        """Everything that came so far; what is new of it is added."""
        if len(text) > self._length:
            self._put(text)
            self._text.update()

    def _put(self, text: str) -> None:
        new = text[self._length :]
        if not new:
            return
        spans = self._text.spans or []
        if not self._length:
            spans.clear()
        spans.append(ft.TextSpan(new))
        if len(spans) - self._folded > FOLD:
            together = "".join(one.text or "" for one in spans[self._folded :])
            spans[self._folded :] = [ft.TextSpan(together)]
            self._folded += 1
        self._text.spans, self._length = spans, len(text)
