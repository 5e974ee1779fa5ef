"""The head of the story that is looked at: its name, what can be done with it as a whole, and which part is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.library_shelf import NameRow
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, heading, identified, label
from narrator_app.views.library import SpineView

if TYPE_CHECKING:
    from narrator_app.ui.library_screen import LibraryScreen

ICONS = {
    "read": ft.Icons.AUTO_STORIES_OUTLINED,
    "map": ft.Icons.ACCOUNT_TREE_OUTLINED,
    "places": ft.Icons.BOOKMARKS_OUTLINED,
    "away": ft.Icons.SAVE_ALT,
    "seal": ft.Icons.VERIFIED_OUTLINED,
}


class StoryHead:
    """``turn`` is called with the part that shall be shown."""

    def __init__(self, palette: Palette, screen: LibraryScreen, turn: Callable[[str], None]) -> None:
        self._palette = palette
        self._screen = screen
        self._turn = turn
        self._shown: tuple[object, ...] | None = None
        self._rename = NameRow(palette, say("library.new_name"), screen.deeds.rename, screen.typing)
        self._box = ft.Column(spacing=8, tight=True)
        self.control = identified("story", self._box)

    def show(self, story: SpineView, tabs: Sequence[str], tab: str, loose: int) -> None:
        """Show this story; ``loose``: how many evenings came to light that are not joined."""
        if (shown := (story, tuple(tabs), tab, loose)) == self._shown:
            return
        self._shown = shown
        palette = self._palette
        rows: list[ft.Control] = [
            ft.Row(
                [
                    ft.Container(heading(palette, story.name, 26), expand=True),
                    ft.Row(self._deeds(story), spacing=8, tight=True),
                ],
                spacing=12,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            self._rename.control,
            label(palette, story.facts),
        ]
        rows += self._notes(story, loose)
        rows.append(
            ft.Row([self._tab(one, number, one == tab) for number, one in enumerate(tabs, 1)], spacing=6, wrap=True)
        )
        self._box.controls = rows
        self._box.update()

    @property
    def renaming(self) -> bool:
        """Whether another name is being asked for."""
        return bool(self._rename.control.visible)

    def open_rename(self, event: object = None) -> None:
        """Ask for another name."""
        self._rename.open(self._screen.chosen.name, say("library.rename"))
        self._screen.desk.page.run_task(self._rename.field.focus)

    def close_rename(self) -> None:
        """Keep the name."""
        self._rename.close()

    def _deeds(self, story: SpineView) -> list[ft.Control]:
        palette, deeds = self._palette, self._screen.deeds
        found: list[ft.Control] = []
        if story.can_open:
            found.append(
                action(
                    palette,
                    say("library.open"),
                    lambda event: deeds.open(story),
                    icon=ft.Icons.AUTO_STORIES_OUTLINED,
                    key="O",
                    kind="filled",
                )
            )
        if story.is_open:
            rename = say("library.rename")
            found.append(action(palette, rename, self.open_rename, icon=ft.Icons.EDIT_OUTLINED, key="F2"))
        elif story.archived:
            back = say("library.put_back")
            found.append(
                action(palette, back, lambda event: deeds.archive(story, False), icon=ft.Icons.UNARCHIVE_OUTLINED)
            )
        elif not story.trouble:
            away = say("library.put_away")
            found.append(
                action(palette, away, lambda event: deeds.archive(story, True), icon=ft.Icons.ARCHIVE_OUTLINED)
            )
        return found

    def _notes(self, story: SpineView, loose: int) -> list[ft.Control]:
        palette = self._palette
        notes: list[ft.Control] = []
        if story.trouble:
            notes += [
                label(palette, story.trouble, size=14, colour=palette.danger),
                label(palette, story.hint, size=14),
            ]
        elif not story.ours and not story.is_open:
            notes.append(label(palette, say("library.foreign"), size=14))
        elif story.elsewhere:
            notes.append(label(palette, say("library.elsewhere"), size=14))
        if loose:
            join = action(palette, say("library.join"), self._screen.deeds.adopt, icon=ft.Icons.MERGE)
            words = label(palette, say("library.loose"), size=14, colour=palette.warn)
            notes.append(ft.Row([ft.Container(words, expand=True), join], spacing=12))
        return notes

    def _tab(self, name: str, number: int, on: bool) -> ft.Control:
        palette = self._palette
        words = say(f"library.tab_{name}")
        return ft.TextButton(
            words,
            icon=ICONS[name],
            tooltip=f"{words} ({number})",
            on_click=lambda event: self._turn(name),
            style=ft.ButtonStyle(
                color=palette.accent if on else palette.muted,
                icon_color=palette.accent if on else palette.muted,
                bgcolor=palette.raised if on else None,
                shape=ft.RoundedRectangleBorder(radius=8),
                padding=ft.Padding.symmetric(vertical=8, horizontal=14),
            ),
        )
