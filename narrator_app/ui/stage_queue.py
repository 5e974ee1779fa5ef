"""Who speaks now and next, above the narration box: each with its state, to be asked at once or passed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import icon_button, identified
from narrator_app.ui.stage_deeds import quietly
from narrator_app.ui.stage_row import face
from narrator_app.views.stage import Speaker, StageView

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

HOLD_KEY, REVIEW_KEY = "F8", "F9"
SKIPPED = {"asked", "speaking", "waiting", "forced", "planned", "held"}  # who of these may be skipped
CALLED = {"idle", "planned", "skipped", "held"}  # who may be asked now


class SpeakerStrip:
    """A row of those who speak. What changed is drawn anew, and nothing else."""

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        self._shown: tuple[tuple[Speaker, ...], int, bool, bool] | None = None
        self._row = ft.Row(spacing=6, scroll=ft.ScrollMode.AUTO, expand=True)
        self._switches = ft.Row(spacing=2, tight=True)

    def build(self) -> ft.Control:
        """Its controls."""
        return identified("speakers", ft.Row([self._row, self._switches], spacing=8))

    def show(self, view: StageView) -> None:
        """Show who is in turn."""
        now = (view.speakers, view.further, view.review, view.held)
        if now == self._shown:
            return
        before, self._shown = self._shown, now
        if before is None or before[:2] != now[:2]:
            self._row.controls = self._speakers(view)
            self._row.update()
        if before is None or before[2:] != now[2:]:
            self._switches.controls = self._toggles(view)
            self._switches.update()

    def hold(self) -> None:
        """Hold, or go on."""
        evening = self.desk.evening
        if evening is not None:
            on = not evening.desk.narrator.held
            self.desk.do(
                lambda: evening.desk.intents.hold(on),
                lambda: self.desk.tell(say("stage.held" if on else "stage.goes_on")),
            )
        quietly()

    def review(self) -> None:
        """Let lines wait for a word, or let them in."""
        evening = self.desk.evening
        if evening is not None:
            on = not evening.desk.narrator.review
            told = say("stage.review_on" if on else "stage.review_off")
            self.desk.do(lambda: evening.desk.intents.review(on), lambda: self.desk.tell(told))
        quietly()

    def _speakers(self, view: StageView) -> list[ft.Control]:
        found: list[ft.Control] = []
        for number, one in enumerate(view.speakers):
            if one.state == "idle" and (number == 0 or view.speakers[number - 1].state != "idle"):
                word = say("stage.others") if number else say("stage.ask")
                found.append(ft.Text(word, size=self.desk.palette.size(12), color=self.desk.palette.muted))
            found.append(self._chip(one))
        if view.further:
            more = say("stage.further", count=view.further)
            found.append(ft.Text(more, size=self.desk.palette.size(12), color=self.desk.palette.muted))
        return found

    def _chip(self, one: Speaker) -> ft.Control:
        palette = self.desk.palette
        ink = palette.speaker(one.colour)
        active = one.state in ("asked", "speaking", "waiting")
        state = say(f"stage.state_{one.state}")
        words = [
            ft.TextSpan(
                one.name,
                style=ft.TextStyle(color=ink if one.state != "skipped" else palette.muted, weight=ft.FontWeight.W_600),
            )
        ]
        if one.state != "idle":
            words.append(ft.TextSpan(f"  {state}", style=ft.TextStyle(color=palette.muted)))
        who = ft.Container(
            ft.Row(
                [face(palette, one.name, one.colour, 22), ft.Text(spans=words, size=palette.size(12.5), no_wrap=True)],
                spacing=7,
                tight=True,
            ),
            padding=ft.Padding.only(left=5, right=5 if one.state in SKIPPED else 12, top=4, bottom=4),
            border_radius=17,
            tooltip=say("stage.cue", name=one.name) if one.state in CALLED else f"{one.name}: {state}",
            on_click=self._caller(one.name) if one.state in CALLED else None,
            ink=one.state in CALLED,
        )
        parts: list[ft.Control] = [who]
        if one.state in SKIPPED:
            name = say("stage.skip", name=one.name)
            parts.append(_tiny(palette, ft.Icons.SKIP_NEXT_OUTLINED, name, self._skipper(one.name)))
        return ft.Container(
            ft.Row(parts, spacing=0, tight=True),
            padding=ft.Padding.only(right=5 if one.state in SKIPPED else 0),
            border_radius=17,
            border=ft.Border.all(1.2, ink if active else palette.line),
            bgcolor=ft.Colors.with_opacity(0.12, ink) if active else palette.panel,
            opacity=1.0 if one.state != "skipped" else 0.75,
        )

    def _toggles(self, view: StageView) -> list[ft.Control]:
        palette = self.desk.palette
        hold_icon = ft.Icons.PLAY_CIRCLE_OUTLINE if view.held else ft.Icons.PAUSE_CIRCLE_OUTLINE
        hold_name = say("stage.hold_off") if view.held else say("stage.hold_on")
        review_icon = ft.Icons.RATE_REVIEW if view.review else ft.Icons.RATE_REVIEW_OUTLINED
        review_name = say("stage.review_off_name") if view.review else say("stage.review_on_name")
        return [
            icon_button(
                palette, hold_icon, hold_name, lambda event: self.hold(), key=HOLD_KEY,
                colour=palette.accent if view.held else "",
            ),
            icon_button(
                palette, review_icon, review_name, lambda event: self.review(), key=REVIEW_KEY,
                colour=palette.accent if view.review else "",
            ),
        ]  # fmt: skip

    def _caller(self, name: str) -> Callable[[object], None]:
        def call(event: object) -> None:
            quietly()
            evening = self.desk.evening
            if evening is not None:
                self.desk.do(lambda: evening.desk.intents.cue([name]))

        return call

    def _skipper(self, name: str) -> Callable[[object], None]:
        def skip(event: object) -> None:
            quietly()
            evening = self.desk.evening
            if evening is not None:
                intents = evening.desk.intents
                told = say("stage.skipped", name=name)
                self.desk.do(lambda: intents.skip(name), lambda: self.desk.tell(told, undo=lambda: intents.cue([name])))

        return skip


def _tiny(palette: Palette, icon: ft.IconData, name: str, on_click: Callable[[object], None]) -> ft.IconButton:
    return ft.IconButton(
        ft.Icon(icon, semantics_label=name, size=palette.size(16), color=palette.muted),
        tooltip=f"{name} (/skip)",
        on_click=on_click,
        width=26,
        height=24,
        padding=0,
    )
