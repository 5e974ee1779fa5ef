"""The first evening: three short steps to a told beat. It stands alone on the page, before there is a story."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import flet as ft

from dwnet import shipped
from dwnet.card import read_card
from dwnet.doctor import Finding
from narrator_app.beginning import Choices, Stage
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.ui.first_run_parts import (
    beat_step,
    brand,
    candidate_rows,
    cast_step,
    dots,
    lamplight,
    mark_candidate,
    name_step,
    quiet_button,
    sleeper_rows,
    told_words,
    trouble_box,
)
from narrator_app.ui.parts import action, heading, identified, label
from narrator_app.views.first_run import STEPS, FirstRunView, back, first_run_view, forward, plan_of, toggled, usual

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

WIDTH = 780  # pixels; a line of text is easy to follow up to here


class FirstRun:
    """What a page shows until the first story is begun."""

    name = "welcome"

    def __init__(self, desk: PageDesk) -> None:
        scene = shipped.scene("opening")
        names = (*scene.cast, *(name for name in shipped.cast() if name not in scene.cast))
        self._desk = desk
        self._beginning = desk.house.beginning
        self._cards = tuple(read_card(shipped.card(name)) for name in names)
        self._writer: Finding | None = None
        self._drawn: tuple[object, ...] = ()
        self._panel = ft.Container()
        self._go_on: ft.Control = ft.Container()
        self._rows: dict[str, ft.Container] = {}
        self._needs = label(desk.palette, "")
        if self._beginning.choices is None:
            self._beginning.choices = usual(scene)

    @property
    def choices(self) -> Choices:
        """What was chosen so far, on whichever page."""
        assert self._beginning.choices is not None, "made with the first page"
        return self._beginning.choices

    def view(self) -> FirstRunView:
        """What is to be shown now."""
        return first_run_view(self.choices, self._beginning.progress, self._cards, self._writer)

    # --- the screen -------------------------------------------------------------------------------------------------

    def build(self) -> ft.Control:
        """A card in the middle of the page."""
        palette = self._desk.palette
        self._panel = ft.Container(
            width=WIDTH,
            padding=ft.Padding.symmetric(vertical=24, horizontal=36),
            border_radius=16,
            bgcolor=palette.panel,
            border=ft.Border.all(1, palette.line),
        )
        self._draw()
        column = ft.Column(
            [brand(palette), self._panel],
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            alignment=ft.MainAxisAlignment.CENTER,
            spacing=18,
            scroll=ft.ScrollMode.AUTO,
        )
        return identified("welcome", lamplight(palette, column))

    def shown(self) -> None:
        """Ask, once, whether the characters have a model to think with."""
        if self._writer is None and not self._beginning.over:
            self._desk.do(self._look_for_writer, self.refresh)

    def refresh(self) -> None:
        """Another step or stage is drawn anew; otherwise only what differs changes."""
        view = self.view()
        if self._drawn != self._wanted(view):
            self._draw()
            self._panel.update()
            return
        for candidate in view.candidates:
            if candidate.name in self._rows:
                mark_candidate(self._desk.palette, self._rows[candidate.name], candidate)
        self._needs.value = view.needs
        self._go_on.disabled = not view.can_go_on
        for control in (*self._rows.values(), *((self._needs,) if self._rows else ()), self._go_on):
            control.update()

    def happened(self, one: Happening) -> None:
        """Nothing of the story is shown here."""

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """Ctrl+Enter goes on, Esc goes back, a number takes a character in or leaves it out."""
        if self._beginning.progress.stage is not Stage.ASKING:
            return key.key == "Escape"  # nothing is to be hushed yet
        if key.key == "Enter" and key.ctrl:
            self._on()
        elif key.key == "Escape":
            self._back()
        elif STEPS[self.choices.step] == "cast" and key.key in "123456789" and not (key.ctrl or key.alt or key.meta):
            if int(key.key) <= len(self._cards):
                self._toggle(self._cards[int(key.key) - 1].name)
        else:
            return False
        return True

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _wanted(self, view: FirstRunView) -> tuple[object, ...]:
        """What, when it differs, has the card drawn anew."""
        return self._beginning.progress.stage, view.step, view.trouble, view.sleepers

    def _draw(self) -> None:
        palette, view = self._desk.palette, self.view()
        self._drawn = self._wanted(view)
        self._rows = {}
        inside: list[ft.Control] = [
            heading(palette, view.title, 28),
            ft.Text(view.explanation, size=palette.size(15), color=palette.muted),
        ]
        if view.sleepers or view.busy or view.stuck:
            inside += [sleeper_rows(palette, view.sleepers), told_words(palette, view.narration)]
        else:
            inside.insert(0, dots(palette, view.step))
            inside.append(self._step(view))
        if any(view.trouble):
            inside.append(trouble_box(palette, *view.trouble))
        inside.append(self._foot(view))
        self._panel.content = ft.Column(
            inside, spacing=16, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )

    def _step(self, view: FirstRunView) -> ft.Control:
        palette = self._desk.palette
        match STEPS[view.step]:
            case "name":
                return name_step(palette, view, self._named, lambda event: self._on())
            case "cast":
                self._rows = candidate_rows(palette, view, self._toggle)
                self._needs = label(palette, view.needs)
                return cast_step(palette, list(self._rows.values()), self._needs)
            case _:
                return beat_step(palette, view, self._narrated, lambda event: self._on())

    def _foot(self, view: FirstRunView) -> ft.Control:
        palette = self._desk.palette
        left: list[ft.Control] = []
        if view.busy:
            self._go_on = action(palette, say("first.now"), lambda event: self._tell_anyway())
            self._go_on.tooltip = say("first.now_hint")
            return ft.Row([self._go_on], alignment=ft.MainAxisAlignment.END)
        if view.stuck:
            self._go_on = action(palette, say("first.anyway"), lambda event: self._tell_anyway(), kind="filled")
            again = action(palette, say("first.again"), lambda event: self._again(), icon=ft.Icons.REFRESH)
            return ft.Row([again, self._go_on], alignment=ft.MainAxisAlignment.END)
        if view.step > 0:
            left.append(action(palette, say("first.back"), lambda event: self._back(), key="Esc"))
        else:
            left.append(quiet_button(palette, say("first.skip"), say("first.skip_hint"), lambda event: self._skip()))
            left.append(quiet_button(palette, say("first.bring"), say("first.bring_hint"), self._pick))
        last = view.step == len(STEPS) - 1
        icon = ft.Icons.AUTO_STORIES_OUTLINED if last else ft.Icons.ARROW_FORWARD
        self._go_on = action(
            palette,
            view.go_on,
            lambda event: self._on(),
            icon=icon,
            key="Ctrl+Enter",
            kind="filled",
            disabled=not view.can_go_on,
        )
        return ft.Row([ft.Row(left), self._go_on], alignment=ft.MainAxisAlignment.SPACE_BETWEEN)

    # --- what is done -----------------------------------------------------------------------------------------------

    def _named(self, event: ft.Event[Any]) -> None:
        self._choose(replace(self.choices, name=event.control.value or ""))

    def _narrated(self, event: ft.Event[Any]) -> None:
        self._choose(replace(self.choices, narration=event.control.value or ""))

    def _toggle(self, name: str) -> None:
        self._choose(toggled(self.choices, name))

    def _back(self) -> None:
        self._choose(back(self.choices))

    def _choose(self, choices: Choices) -> None:
        self._beginning.choices = choices
        self.refresh()

    def _on(self) -> None:
        if not self.view().can_go_on:
            return
        if self.choices.step < len(STEPS) - 1:
            self._choose(forward(self.choices))
        else:
            self._again()

    def _again(self) -> None:
        self._desk.do(partial(self._beginning.begin, plan_of(self.choices)))

    def _tell_anyway(self) -> None:
        self._desk.do(self._beginning.tell_anyway)

    def _skip(self) -> None:
        self._beginning.skip(self.choices.name)

    async def _pick(self, event: ft.Event[ft.TextButton]) -> None:
        event.control.update()  # else Flet sends the whole page anew
        files = await ft.FilePicker().pick_files(
            allowed_extensions=["dwlog"], file_type=ft.FilePickerFileType.CUSTOM, with_data=True
        )
        if files and files[0].bytes is not None:
            self._desk.do(partial(self._beginning.bring, files[0].name, files[0].bytes))

    async def _look_for_writer(self) -> None:
        self._writer = await self._desk.house.checkup.engine("writer")
