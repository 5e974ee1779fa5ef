"""Settings: theme and text size, what is heard, and where the desk opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import STORY
from narrator_app.ui.parts import action, icon_button
from narrator_app.ui.settings_parts import caption, card, choices, noted, words
from narrator_app.ui.settings_reading import ReadingCard
from narrator_app.views.setup import SoundView, looks_view, sound_view, window_view

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


class LooksSection:
    """A change of theme or size builds the whole page anew; so nothing here need follow."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk

    def build(self) -> ft.Control:
        """Theme, size, and a line to see them by."""
        palette, view = self._desk.palette, looks_view(self._desk.looks.now)
        shrink = icon_button(
            palette, ft.Icons.REMOVE, say("settings.smaller"), lambda event: self._desk.looks.resize(-1), key="Alt+-"
        )
        grow = icon_button(
            palette, ft.Icons.ADD, say("settings.larger"), lambda event: self._desk.looks.resize(1), key="Alt++"
        )
        shrink.disabled, grow.disabled = not view.can_shrink, not view.can_grow
        size = ft.Text(view.size_words, size=palette.size(15), color=palette.text, width=palette.size(64))
        size.text_align = ft.TextAlign.CENTER
        row: list[ft.Control] = [shrink, size, grow]
        if view.percent != 100:
            row.append(action(palette, say("settings.usual"), lambda event: self._desk.looks.resize(0), key="Alt+0"))
        sample = ft.Text(view.sample, size=palette.size(19), font_family=STORY, color=palette.text)
        sample.style = ft.TextStyle(height=1.5)
        return ft.Column(
            [
                card(palette, caption(palette, say("settings.theme")), choices(palette, view.themes, self._theme)),
                card(
                    palette,
                    caption(palette, say("settings.size")),
                    ft.Row(row, spacing=6),
                    ft.Container(sample, padding=16, border_radius=10, bgcolor=palette.page),
                ),
            ],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    def refresh(self) -> None:
        """The page is built anew instead."""

    def _theme(self, theme: str) -> None:
        self._desk.looks.change(theme=theme)


class SoundSection:
    """What is heard, or why nothing is."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        palette = desk.palette
        self._words = words(palette, "")
        self._switch = ft.Switch(label=say("settings.sound_switch"), on_change=lambda event: self._turn())
        self._switch.label_text_style = ft.TextStyle(size=palette.size(15), color=palette.text)
        self._switch.active_color = palette.accent
        self._slider = ft.Slider(min=0, max=100, divisions=20, label="{value} %", expand=True)
        self._slider.active_color = palette.accent
        self._slider.on_change_end = lambda event: self._set()
        self._reading = ReadingCard(desk)

    def build(self) -> ft.Control:
        """A switch, a slider, and a sentence; and the voice that reads the narration."""
        palette, view = self._desk.palette, self._view()
        loud = ft.Semantics(content=self._slider, label=say("settings.volume"), expand=True)
        icon = ft.Icons.VOLUME_UP_OUTLINED if view.ok else ft.Icons.VOLUME_OFF_OUTLINED
        inside: list[ft.Control] = [
            self._switch,
            ft.Row([caption(palette, say("settings.volume")), loud], spacing=12),
            noted(palette, icon, self._words, palette.muted if view.ok else palette.warn),
        ]
        if view.where:
            inside.append(noted(palette, ft.Icons.COMPUTER_OUTLINED, words(palette, view.where)))
        self._fill()
        both = ft.Column([card(palette, *inside), self._reading.build()], spacing=14, tight=True)
        both.horizontal_alignment = ft.CrossAxisAlignment.STRETCH
        return both

    def refresh(self) -> None:
        """Switch, slider and sentence as things are now."""
        self._fill()
        self._reading.refresh()
        for control in (self._words, self._switch, self._slider):
            control.update()

    def _fill(self) -> None:
        view = self._view()
        self._words.value, self._switch.value, self._slider.value = view.words, view.on, view.percent
        self._switch.disabled, self._slider.disabled = not view.ok, not view.ok or not view.on

    def _view(self) -> SoundView:
        evening, page = self._desk.evening, self._desk.page
        silent = evening.silent if evening is not None else ""
        folder = str(evening.home.settings.audio if evening is not None else self._desk.evenings.settings.audio)
        return sound_view(self._desk.looks.now, silent, folder, web=bool(page.web))

    def _turn(self) -> None:
        self._desk.looks.change(sound=bool(self._switch.value))
        self.refresh()

    def _set(self) -> None:
        self._desk.looks.change(volume=(self._slider.value or 0) / 100)
        self.refresh()


class WindowSection:
    """Where the desk opens the next time."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._box = ft.Container()

    def build(self) -> ft.Control:
        """Two choices and a sentence."""
        self._fill()
        return self._box

    def refresh(self) -> None:
        """The choice as it is now."""
        self._fill()
        self._box.update()

    def _fill(self) -> None:
        palette = self._desk.palette
        view = window_view(self._desk.looks.now, self._desk.house.why_browser, web=bool(self._desk.page.web))
        self._box.content = card(
            palette,
            choices(palette, view.choices, self._choose),
            noted(palette, ft.Icons.INFO_OUTLINED, words(palette, view.now)),
        )

    def _choose(self, place: str) -> None:
        self._desk.looks.change(opens_in=place)
        self.refresh()
