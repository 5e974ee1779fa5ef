"""The way out where a story can't be opened: the others on the shelf, and a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flet as ft

from dwnet.times import now
from narrator_app.phrases import say
from narrator_app.stories import Spine, Stories
from narrator_app.ui.library_shelf import NameRow
from narrator_app.ui.parts import action, identified, label
from narrator_app.views.library import SpineView, shelf_view

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

OFFERED = 8  # stories, those told last


class OtherStories:
    """A button for every story that can be told on."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._stories = Stories(desk.evenings.settings)
        self._rows = ft.Row(spacing=8, run_spacing=8, wrap=True, alignment=ft.MainAxisAlignment.CENTER)
        self._new = NameRow(desk.palette, say("library.new_name"), self._begin, lambda on: None)
        self._new.control.width = 420
        self.control = identified(
            "others",
            ft.Column(
                [self._rows, self._new.control],
                spacing=12,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
        )

    def load(self) -> None:
        """Look at the shelf, once its control is on the page."""
        found = list[Spine]()

        async def look() -> None:
            found.extend(await self._stories.spines())

        self._desk.do(look, lambda: self._show(found))

    def _show(self, spines: list[Spine]) -> None:
        if self._rows.parent is None:
            return
        palette = self._desk.palette
        offered = [one for one in shelf_view(spines, "", now()).stories if one.can_open][:OFFERED]
        self._rows.controls = [self._button(one) for one in offered]
        self._rows.controls.append(
            action(
                palette, say("library.new"), lambda event: self._new.open("", say("library.begin")), icon=ft.Icons.ADD
            )
        )
        if offered:
            self._rows.controls.insert(0, label(palette, say("library.or_another"), size=14))
        self._rows.update()

    def _button(self, story: SpineView) -> ft.Control:
        return action(
            self._desk.palette,
            story.name,
            lambda event: self._desk.evenings.open(story.key),
            icon=ft.Icons.AUTO_STORIES_OUTLINED,
        )

    def _begin(self, name: str) -> str:
        if not name:
            return say("library.needs_name")
        self._desk.evenings.open(name)
        return ""
