"""Where the time of the last answers went: a bar for each, all to one scale."""

from __future__ import annotations

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import label
from narrator_app.views.hive import Bar

SCALE = 1000  # parts of the longest answer; Flet's flex factors are whole numbers
SHOWN = 5
HEIGHT = 12
SILENT = 0.45  # opacity of what is written and not heard yet


class HiveAnswers:
    """The chart on one page."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._bars: tuple[Bar, ...] | None = None
        self._column = ft.Column([], spacing=7, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
        self.control = ft.Semantics(content=self._column, identifier="hive-answers", container=True)

    def show(self, bars: tuple[Bar, ...]) -> None:
        """Show these, the newest first."""
        if bars == self._bars:
            return
        self._bars = bars
        if bars:
            self._column.controls = [*(self._row(bar) for bar in bars[:SHOWN]), self._legend()]
        else:
            self._column.controls = [label(self._palette, say("hive.no_answers"))]
        self._column.update()

    def _row(self, bar: Bar) -> ft.Control:
        palette = self._palette
        colours = (palette.muted, palette.accent, ft.Colors.with_opacity(SILENT, palette.ok), palette.ok)
        parts = (bar.waiting, bar.first_token, bar.writing, bar.sounding)
        rest = 1.0 - sum(parts)
        pieces: list[ft.Control] = [
            ft.Container(height=HEIGHT, expand=round(part * SCALE), bgcolor=colour)
            for part, colour in zip((*parts, rest), (*colours, None), strict=True)
            if round(part * SCALE) > 0
        ]
        drawn = ft.Row(
            [
                ft.Text(
                    bar.name,
                    size=palette.size(12),
                    color=palette.text,
                    width=palette.size(72),
                    no_wrap=True,
                    overflow=ft.TextOverflow.ELLIPSIS,
                ),
                ft.Container(
                    ft.Row(pieces, spacing=1, expand=True),
                    expand=True,
                    border_radius=3,
                    clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
                ),
                ft.Text(
                    bar.total,
                    size=palette.size(12),
                    color=palette.muted,
                    width=palette.size(48),
                    text_align=ft.TextAlign.RIGHT,
                ),
            ],
            spacing=8,
            tooltip=bar.spoken,
        )
        return ft.Semantics(content=drawn, label=bar.spoken, container=True, exclude_semantics=True)

    def _legend(self) -> ft.Control:
        palette = self._palette
        told = (
            (palette.muted, say("hive.legend_waiting")),
            (palette.accent, say("hive.legend_first_token")),
            (ft.Colors.with_opacity(SILENT, palette.ok), say("hive.legend_writing")),
            (palette.ok, say("hive.legend_sounding")),
        )
        return ft.Row(
            [
                ft.Row(
                    [ft.Container(width=9, height=9, border_radius=2, bgcolor=colour), label(palette, text, size=11)],
                    spacing=4,
                    tight=True,
                )
                for colour, text in told
            ],
            spacing=12,
            wrap=True,
        )
