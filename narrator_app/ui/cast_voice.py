"""The voice in a character's form: engine, name, pace and pitch, tried by ear."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.parts import action, field, label, redraw
from narrator_app.views.voice_form import PITCHES, RATES, VoiceForm, found, voice_of, voice_words
from narrator_app.voices import VoiceChoice, Voices

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

ANY = "any"  # the choice to leave it to the machine that plays the character
SHOWN = 12  # voices that a search shows at a time


class VoicePart:
    """The fields of a voice. ``changed`` is called after every change; ``name`` says whose voice is tried."""

    def __init__(
        self,
        desk: PageDesk,
        voices: Voices,
        seat: int,
        voice: VoiceForm,
        name: Callable[[], str],
        changed: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._voices = voices
        self._voice = voice
        self._seat = seat
        self._name = name
        self._changed = changed
        self._listed: tuple[VoiceChoice, ...] = ()
        palette = desk.palette
        self._search = field(palette, say("cast.voice_search"), dense=True, on_change=self._searched)
        self._hits = ft.Row(wrap=True, spacing=6, run_spacing=6)
        self._now = label(palette, "", size=14, colour=palette.text)
        self._rate_words = label(palette, "")
        self._pitch_words = label(palette, "")
        self._rate = self._slider(RATES, voice.rate)
        self._pitch = self._slider(PITCHES, voice.pitch)
        self._finer = ft.Column(
            [self._rate_words, self._rate, self._pitch_words, self._pitch],
            spacing=0,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    @property
    def voice(self) -> VoiceForm:
        """What is chosen."""
        return self._voice

    def build(self) -> ft.Control:
        palette = self._desk.palette
        hear = action(
            palette, say("cast.hear"), lambda event: self.hear(), icon=ft.Icons.VOLUME_UP_OUTLINED, key="Alt+H"
        )
        parts: list[ft.Control] = [
            ft.Row([ft.Container(self._now, expand=True), hear]),
            self._search,
            self._hits,
            self._finer,
        ]
        if self._desk.page.web:
            parts.append(label(palette, say("cast.web_sound"), size=12))
        self._lay()
        self._ask_for_list()
        return ft.Column(parts, spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    def hear(self) -> None:
        """Say a sentence in the voice that is chosen, whatever was being tried."""
        text, sentence = self._voice.text, say("cast.voice_sample", name=self._name() or "?")

        async def hear() -> None:
            await self._voices.hear(text or await self._voices.usual(self._seat), sentence)

        self._desk.tell(say("cast.hearing"))
        self._desk.do(hear)

    def _ask_for_list(self) -> None:
        async def ask() -> None:
            self._listed = await self._voices.listed()

        def show() -> None:
            self._lay_hits()
            redraw(self._hits)

        self._desk.do(ask, show)

    def _slider(self, bounds: tuple[int, int], value: int) -> ft.Slider:
        low, high = bounds
        return ft.Slider(
            min=low,
            max=high,
            value=min(high, max(low, value)),
            on_change=self._slid,
            active_color=self._desk.palette.accent,
        )

    def _slid(self, event: object) -> None:
        self._take(
            VoiceForm(self._voice.engine, self._voice.name, round(self._rate.value or 0), round(self._pitch.value or 0))
        )

    def _searched(self, event: object) -> None:
        self._lay_hits()
        self._hits.update()

    def choose(self, voice: VoiceForm) -> None:
        """Let it be this one."""
        self._rate.value, self._pitch.value = voice.rate, voice.pitch
        self._take(voice)

    def _take(self, voice: VoiceForm) -> None:
        self._voice = voice
        self._lay()
        redraw(self._now, self._finer, self._hits)
        self._changed()

    def _lay(self) -> None:
        voice = self._voice
        if voice.odd:
            self._now.value = say("cast.voice_odd", voice=voice.odd)
        else:
            self._now.value = f"{voice.engine}: {voice_words(voice)}" if voice.engine else say("cast.engine_any_text")
        self._finer.visible = bool(voice.engine)
        self._rate_words.value = say("cast.rate", rate=voice.rate)
        self._pitch_words.value = say("cast.pitch", pitch=voice.pitch)
        self._lay_hits()

    def _lay_hits(self) -> None:
        """The picked voices; with something typed, every voice whose name holds it."""
        wanted = (self._search.value or "").strip()
        names = [one.voice for one in self._listed if one.picked or wanted]
        hits = [*found(names, wanted, SHOWN + 4)] if wanted else names
        chips: list[ft.Control] = [self._chip(say("cast.engine_any"), VoiceForm())] if not wanted else []
        seen = dict.fromkeys(hits)
        chips += [
            self._chip(one.partition(":")[2] if wanted else voice_words(voice_of(one)), voice_of(one)) for one in seen
        ]
        self._hits.controls = chips

    def _chip(self, words: str, voice: VoiceForm) -> ft.Control:
        palette = self._desk.palette
        on = voice.text == self._voice.text
        colour = palette.on_accent if on else palette.text
        style = ft.ButtonStyle(
            bgcolor=palette.accent if on else palette.raised,
            color=colour,
            padding=ft.Padding.symmetric(vertical=6, horizontal=10),
            shape=ft.RoundedRectangleBorder(radius=14),
            text_style=ft.TextStyle(size=palette.size(12)),
        )
        tip = voice.text or None
        return ft.TextButton(words, style=style, tooltip=tip, on_click=lambda event: self.choose(voice))
