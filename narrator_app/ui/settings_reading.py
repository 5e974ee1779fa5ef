"""Settings: whether a voice reads aloud what is told, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.parts import outline
from narrator_app.ui.settings_parts import card, words

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


class ReadingCard:
    """A switch, the voice, and a sentence. Without an open story there is nothing to turn on."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        palette = desk.palette
        self._switch = ft.Switch(label=say("settings.reading_switch"), on_change=lambda event: self._turn())
        self._switch.label_text_style = ft.TextStyle(size=palette.size(15), color=palette.text)
        self._switch.active_color = palette.accent
        self._voice = ft.TextField(
            label=say("settings.reading_voice"),
            hint_text="espeak:en-us+f5",
            border=outline(palette),
            text_size=palette.size(15),
            on_submit=lambda event: self._turn(),
        )
        self._words = words(palette, "")

    def build(self) -> ft.Control:
        """As things are now."""
        self._fill(voice=True)
        return card(self._desk.palette, self._switch, self._voice, self._words)

    def refresh(self) -> None:
        """Switch and sentence as things are now; a voice that is being typed is left alone."""
        self._fill(voice=False)
        self._switch.update()
        self._words.update()

    def _fill(self, *, voice: bool) -> None:
        evening = self._desk.evening
        self._switch.disabled = evening is None
        self._voice.disabled = evening is None
        casting = evening.desk.casting if evening is not None else None
        self._switch.value = casting is not None and casting.reads_aloud
        self._words.value = say("settings.reading_words" if casting is not None else "shell.closed")
        if voice and evening is not None and casting is not None and (seat := casting.reader()) is not None:
            self._voice.value = evening.desk.narrator.story.seats[seat].voice

    def _turn(self) -> None:
        evening, on, voice = self._desk.evening, bool(self._switch.value), (self._voice.value or "").strip()
        if evening is None:
            return

        async def turn() -> None:
            if on:
                await evening.desk.casting.read_aloud(voice)
            else:
                await evening.desk.casting.stop_reading()

        self._desk.do(turn, self.refresh)
