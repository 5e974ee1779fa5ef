"""A check on one page: of the story, or of a file; and the seal that says in plain words what was proved."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.library_away import Progress
from narrator_app.ui.library_shelf import tone_of
from narrator_app.ui.palette import STORY, Palette
from narrator_app.ui.parts import action, identified, label, read_out
from narrator_app.views.library import SealView

ICONS = {"ok": ft.Icons.VERIFIED, "warn": ft.Icons.GPP_MAYBE, "danger": ft.Icons.GPP_BAD}


class SealPanel:
    """``check`` checks the story that is looked at, ``check_file`` asks for a file and checks that."""

    def __init__(
        self,
        palette: Palette,
        check: Callable[[], None],
        check_file: Callable[[object], object],
        stop: Callable[[], object],
    ) -> None:
        self._palette = palette
        self._shown: tuple[SealView | None, str] | None = None
        self.progress = Progress(palette, stop)
        self._seal = ft.Container(visible=False)
        buttons = ft.Row(
            [
                action(
                    palette, say("library.check"), lambda event: check(), icon=ft.Icons.VERIFIED_OUTLINED, kind="filled"
                ),
                action(palette, say("library.check_file"), check_file, icon=ft.Icons.FILE_OPEN_OUTLINED),
            ],
            spacing=8,
            wrap=True,
        )
        self.control = identified(
            "seal",
            ft.Column(
                [label(palette, say("library.check_text"), size=14), buttons, self.progress.control, self._seal],
                spacing=14,
                scroll=ft.ScrollMode.AUTO,
                expand=True,
            ),
        )
        self.control.expand = True

    def show(self, seal: SealView | None, about: str) -> None:
        """Show what was proved about this; None: nothing yet."""
        if (seal, about) == self._shown:
            return
        self._shown = (seal, about)
        self._seal.visible = seal is not None
        if seal is not None:
            self._seal.content = self._drawn(seal, about)
            palette = self._palette
            self._seal.padding = 20
            self._seal.border_radius = 14
            self._seal.bgcolor = palette.panel
            self._seal.border = ft.Border.all(1.5, tone_of(palette, seal.tone))
        self._seal.update()

    def _drawn(self, seal: SealView, about: str) -> ft.Control:
        palette, ink = self._palette, tone_of(self._palette, seal.tone)
        stamp = ft.Container(
            ft.Icon(ICONS.get(seal.tone, ft.Icons.GPP_MAYBE), size=44, color=ink, semantics_label=seal.title),
            width=84,
            height=84,
            border_radius=42,
            border=ft.Border.all(3, ink),
            bgcolor=ft.Colors.with_opacity(0.1, ink),
            alignment=ft.Alignment.CENTER,
        )
        said: list[ft.Control] = [
            label(palette, about, size=13),
            ft.Text(seal.title, size=palette.size(24), font_family=STORY, color=ink),
            read_out(ft.Text(seal.proved, size=palette.size(14.5), color=palette.text, selectable=True)),
        ]
        if seal.detail:
            said.append(read_out(ft.Text(seal.detail, size=palette.size(13), color=palette.muted, selectable=True)))
        body: list[ft.Control] = [
            ft.Row(
                [stamp, ft.Column(said, spacing=4, expand=True, tight=True)],
                spacing=20,
                vertical_alignment=ft.CrossAxisAlignment.START,
            )
        ]
        if seal.words:
            body += [label(palette, say("library.words_text"), size=13), self._words(seal.words)]
        return ft.Column(body, spacing=14, tight=True)

    def _words(self, words: tuple[str, ...]) -> ft.Control:
        palette = self._palette
        return ft.Row(
            [
                ft.Container(
                    ft.Text(f"{number}  {word}", size=palette.size(15), font_family=STORY, color=palette.text),
                    padding=ft.Padding.symmetric(vertical=5, horizontal=12),
                    border_radius=8,
                    bgcolor=palette.raised,
                )
                for number, word in enumerate(words, 1)
            ],
            wrap=True,
            spacing=8,
            run_spacing=8,
        )
