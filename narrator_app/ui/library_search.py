"""What a search over the shelf found: story by story, each line a button that leads there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import STORY, Palette
from narrator_app.ui.parts import empty, identified, label
from narrator_app.views.library import Hit, HitGroup, SpineView


class SearchResults:
    """``go`` is called with the story and the line, as hexadecimal, that somebody wants to read."""

    def __init__(self, palette: Palette, go: Callable[[SpineView, str], None]) -> None:
        self._palette = palette
        self._go = go
        self._shown: tuple[object, ...] | None = None
        self._column = ft.Column(spacing=6, scroll=ft.ScrollMode.AUTO, expand=True)
        self.control = identified("found", self._column)
        self.control.expand = True

    def show(self, groups: Sequence[HitGroup], words: str) -> None:
        """Show what was found for these words."""
        if (shown := (tuple(groups), words)) == self._shown:
            return
        self._shown = shown
        palette = self._palette
        if not groups:
            self._column.controls = [
                empty(palette, say("library.found_none", words=words), say("library.found_none_hint"))
            ]
        else:
            self._column.controls = [one for group in groups for one in self._group(group)]
        self._column.update()

    def _group(self, group: HitGroup) -> list[ft.Control]:
        palette = self._palette
        head = ft.Row(
            [
                ft.Text(group.story.name, size=palette.size(17), font_family=STORY, color=palette.text),
                label(palette, group.count),
            ],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.END,
        )
        return [
            ft.Container(head, padding=ft.Padding.only(top=8)),
            *(self._hit(group.story, one) for one in group.hits),
        ]

    def _hit(self, story: SpineView, hit: Hit) -> ft.Control:
        palette = self._palette
        spans = [
            ft.TextSpan(
                piece.text,
                ft.TextStyle(
                    weight=ft.FontWeight.W_700 if piece.found else None,
                    color=palette.accent if piece.found else palette.text,
                ),
            )
            for piece in hit.pieces
        ]
        who = say("library.hit_private", speaker=hit.speaker) if hit.private else hit.speaker
        return ft.TextButton(
            content=ft.Column(
                [
                    ft.Row(
                        [label(palette, who, size=12.5), label(palette, hit.when, size=12.5)],
                        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
                    ),
                    ft.Text(spans=spans, size=palette.size(15), font_family=STORY),
                ],
                spacing=2,
                tight=True,
            ),
            tooltip=say("library.read_it") if story.is_open else say("library.open_there", name=story.name),
            on_click=lambda event: self._go(story, hit.entry),
            style=ft.ButtonStyle(
                padding=ft.Padding.symmetric(vertical=8, horizontal=12),
                shape=ft.RoundedRectangleBorder(radius=8),
                bgcolor=palette.panel,
                side=ft.BorderSide(1, palette.line),
            ),
        )
