"""Settings: how the narrator is heard: the key, the ear, the microphone, and what becomes of the words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.ear.around import Around, look_around
from narrator_app.phrases import say
from narrator_app.preferences import COUNTDOWN_LEAST, GLANCE_MOST
from narrator_app.ui.parts import action, identified
from narrator_app.ui.settings_parts import caption, card, choices, noted, words
from narrator_app.views.hearing import HearingChoices, hearing_choices

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk


class HearingSection:
    """Everything here is kept at once. Ears and microphones are looked for when the section is opened."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._around = Around()
        palette, now = desk.palette, desk.looks.now
        self._choices = ft.Column(spacing=14, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
        self._glance_words, self._countdown_words = words(palette, "", muted=False), words(palette, "", muted=False)
        self._glance = self._slider(0.0, now.glance, "glance")
        self._countdown = self._slider(COUNTDOWN_LEAST, now.countdown, "countdown")
        self._commands_words = words(palette, "")
        self._commands = self._switch(say("settings.spoken_switch"), "spoken_commands", on=now.spoken_commands)
        self._keep = self._switch(say("settings.keep_voice_switch"), "keep_voice", on=now.keep_voice)

    def build(self) -> ft.Control:
        """As things are known; what is looked for comes when it is found."""
        palette = self._desk.palette
        self._fill()
        waits = card(
            palette,
            self._glance_words,
            ft.Semantics(content=self._glance, label=say("settings.glance_name")),
            self._countdown_words,
            ft.Semantics(content=self._countdown, label=say("settings.countdown_name")),
        )
        spoken = card(
            palette, self._commands, self._commands_words, self._keep, words(palette, say("settings.kept_words"))
        )
        column = ft.Column([self._choices, waits, spoken], spacing=14, tight=True)
        column.horizontal_alignment = ft.CrossAxisAlignment.STRETCH
        self._look()
        return identified("hearing", column)

    def refresh(self) -> None:
        """What was chosen, also on another page."""
        now = self._desk.looks.now
        self._glance.value, self._countdown.value = now.glance, now.countdown
        self._commands.value, self._keep.value = now.spoken_commands, now.keep_voice
        self._fill()
        for control in (self._choices, self._glance, self._countdown, self._commands, self._keep):
            control.update()
        for one in (self._glance_words, self._countdown_words):
            one.update()

    def _fill(self) -> None:
        view = hearing_choices(self._desk.looks.now, self._around.ears, self._around.microphones)
        self._glance_words.value, self._countdown_words.value = view.glance, view.countdown
        self._commands_words.value = view.commands
        self._choices.controls = [self._talking(view), self._ear(view), self._microphone(view)]

    def _talking(self, view: HearingChoices) -> ft.Control:
        palette = self._desk.palette
        return card(
            palette,
            caption(palette, say("settings.talk")),
            choices(palette, view.talks, partial(self._choose, "talk")),
            words(palette, view.talk_words),
        )

    def _ear(self, view: HearingChoices) -> ft.Control:
        palette = self._desk.palette
        inside: list[ft.Control] = [
            caption(palette, say("settings.ear")),
            choices(palette, view.ears, partial(self._choose, "ear")),
            words(palette, say("settings.ear_words")),
        ]
        if view.missing:
            inside.append(noted(palette, ft.Icons.WARNING_AMBER, words(palette, view.missing), palette.warn))
        more = action(
            palette,
            say("settings.ear_more"),
            lambda event: self._desk.go("settings", "provisions"),
            icon=ft.Icons.DOWNLOAD_OUTLINED,
        )
        return card(palette, *inside, ft.Row([more]))

    def _microphone(self, view: HearingChoices) -> ft.Control:
        palette = self._desk.palette
        inside: list[ft.Control] = [
            caption(palette, say("settings.microphone")),
            choices(palette, view.microphones, partial(self._choose, "microphone")),
        ]
        trouble = self._around.none or view.lost
        if trouble:
            inside.append(noted(palette, ft.Icons.MIC_OFF_OUTLINED, words(palette, trouble), palette.warn))
        if self._desk.page.web:
            inside.append(noted(palette, ft.Icons.COMPUTER_OUTLINED, words(palette, say("settings.microphone_web"))))
        again = action(palette, say("settings.microphone_again"), lambda event: self._look(), icon=ft.Icons.REFRESH)
        return card(palette, *inside, ft.Row([again]))

    def _look(self) -> None:
        """See which ears and microphones there are now."""

        async def look() -> None:
            self._around = await look_around(self._desk.evenings.settings)

        def show() -> None:
            if self._choices.page:
                self._fill()
                self._choices.update()

        self._desk.do(look, show)

    def _choose(self, name: str, value: str) -> None:
        self._desk.looks.change(**{name: value})
        self.refresh()

    def _slider(self, least: float, value: float, name: str) -> ft.Slider:
        slider = ft.Slider(min=least, max=GLANCE_MOST, divisions=round((GLANCE_MOST - least) * 2), value=value)
        slider.active_color = self._desk.palette.accent
        slider.on_change = lambda event: self._set(name, slider.value or 0.0)
        return slider

    def _switch(self, name: str, preference: str, *, on: bool) -> ft.Switch:
        palette = self._desk.palette
        switch = ft.Switch(label=name, value=on, active_color=palette.accent)
        switch.label_text_style = ft.TextStyle(size=palette.size(15), color=palette.text)
        switch.on_change = lambda event: self._set(preference, bool(switch.value))
        return switch

    def _set(self, name: str, value: float | bool) -> None:
        self._desk.looks.change(**{name: value})
        self._fill()
        self._glance_words.update()
        self._countdown_words.update()
