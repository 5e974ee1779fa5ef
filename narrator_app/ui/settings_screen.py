"""Settings: a list of sections on the left, the one that is looked at beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import flet as ft

from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.ui.parts import heading, identified
from narrator_app.ui.settings_about import AboutSection, KeysSection
from narrator_app.ui.settings_address import AddressSection, FolderSection
from narrator_app.ui.settings_doctor import DoctorSection
from narrator_app.ui.settings_hearing import HearingSection
from narrator_app.ui.settings_looks import LooksSection, SoundSection, WindowSection
from narrator_app.ui.settings_provisions import ProvisionsSection
from narrator_app.views.setup import SECTIONS

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

WIDTH = 700  # pixels of a section; its lines are easy to follow up to here
STEP = 120  # pixels that a press of an arrow scrolls
WIDE = 1_420  # of one that stands in stacks
ICONS = {
    "looks": ft.Icons.PALETTE_OUTLINED,
    "sound": ft.Icons.VOLUME_UP_OUTLINED,
    "hearing": ft.Icons.MIC_NONE_OUTLINED,
    "window": ft.Icons.WEB_ASSET_OUTLINED,
    "address": ft.Icons.GROUP_ADD_OUTLINED,
    "provisions": ft.Icons.DOWNLOAD_OUTLINED,
    "folder": ft.Icons.FOLDER_OUTLINED,
    "doctor": ft.Icons.HEALTH_AND_SAFETY_OUTLINED,
    "keys": ft.Icons.KEYBOARD_OUTLINED,
    "about": ft.Icons.INFO_OUTLINED,
}


class Section(Protocol):
    """One page of the settings."""

    def build(self) -> ft.Control:
        """Its controls, as things are now."""
        ...

    def refresh(self) -> None:
        """Bring them in step; called when something happened while it is looked at."""
        ...


class SettingsScreen:
    """The screen on one page. ``section`` is the one that is looked at."""

    name = "settings"

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        self.section = SECTIONS[0]
        self._clipboard = ft.Clipboard()
        self._made: Section | None = None
        self._middle = ft.Container(expand=True)
        self._column = ft.Column()
        self._rows: dict[str, ft.Container] = {}

    # --- what a page asks of a screen -------------------------------------------------------------------------------

    def build(self) -> ft.Control:
        """The list, and room for a section."""
        palette = self.desk.palette
        self._rows = {name: self._row(name) for name in SECTIONS}
        names = ft.Container(
            ft.Column(list(self._rows.values()), spacing=2, scroll=ft.ScrollMode.AUTO),
            width=176,
            padding=ft.Padding.only(left=14, top=20, right=8),
            border=ft.Border(right=ft.BorderSide(1, palette.line)),
        )
        row = ft.Row([names, self._middle], spacing=0, expand=True)
        row.vertical_alignment = ft.CrossAxisAlignment.STRETCH
        return identified("settings", ft.Container(row, expand=True))

    def shown(self) -> None:
        """Draw the section that was looked at last."""
        self._look_at(self.section)

    def refresh(self) -> None:
        """Bring the section in step."""
        if self._made is not None and self.desk.shows(self):
            self._made.refresh()

    def happened(self, one: Happening) -> None:
        """Nothing of the story changes what is shown here."""

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """Page Up and Page Down go through the sections, Up and Down through one; Alt+C checks again."""
        if key.key in ("Page Up", "Page Down") and not (key.ctrl or key.alt or key.meta):
            at = SECTIONS.index(self.section) + (1 if key.key == "Page Down" else -1)
            self._look_at(SECTIONS[at % len(SECTIONS)])
        elif key.key in ("Arrow Up", "Arrow Down") and not (key.ctrl or key.alt or key.meta):
            self.desk.page.run_task(self._column.scroll_to, delta=STEP if key.key == "Arrow Down" else -STEP)
        elif key.key == "C" and key.alt:
            self._look_at("doctor")
            assert isinstance(self._made, DoctorSection)
            self._made.check()
        else:
            return False
        return True

    def find(self, place: str) -> None:
        """Look at the section of this name."""
        if place in SECTIONS:
            self._look_at(place)

    def copy(self, text: str, what: str) -> None:
        """Put a text on the clipboard and say so."""

        async def copied() -> None:
            await self._clipboard.set(text)
            self.desk.tell(say("settings.copied", what=what))

        self.desk.page.run_task(copied)

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _row(self, name: str) -> ft.Container:
        palette = self.desk.palette
        words = ft.Row(
            [ft.Icon(ICONS[name], size=20), ft.Text(say(f"settings.{name}"), size=palette.size(14))], spacing=12
        )
        style = ft.ButtonStyle(
            shape=ft.RoundedRectangleBorder(radius=8), padding=ft.Padding.symmetric(vertical=10, horizontal=12)
        )
        button = ft.TextButton(content=words, on_click=partial(self._picked, name), style=style)
        return ft.Container(button, border_radius=8)

    def _picked(self, name: str, event: ft.Event[ft.TextButton]) -> None:
        self._look_at(name)

    def _look_at(self, name: str) -> None:
        palette = self.desk.palette
        self.section = name
        self._made = self._make(name)
        inside = ft.Column(
            [
                heading(palette, say(f"settings.{name}_title"), 24),
                ft.Text(say(f"settings.{name}_text"), size=palette.size(14), color=palette.muted),
                ft.Container(height=6),
                self._made.build(),
            ],
            spacing=8,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
        width = WIDE if name == "keys" else WIDTH
        page = ft.Container(inside, width=width, padding=ft.Padding.symmetric(vertical=24))
        self._column = ft.Column([page], scroll=ft.ScrollMode.AUTO, expand=True)
        self._middle.content = ft.Container(self._column, padding=ft.Padding.only(left=32, right=24))
        self._middle.update()
        for known, row in self._rows.items():
            self._mark(row, on=known == name)
        self._made.refresh()

    def _mark(self, row: ft.Container, *, on: bool) -> None:
        palette = self.desk.palette
        row.bgcolor = palette.raised if on else None
        assert isinstance(row.content, ft.TextButton) and isinstance(row.content.content, ft.Row)
        for part in row.content.content.controls:
            assert isinstance(part, ft.Icon | ft.Text)
            part.color = palette.accent if on else palette.text
        row.update()

    def _make(self, name: str) -> Section:
        match name:
            case "looks":
                return LooksSection(self.desk)
            case "sound":
                return SoundSection(self.desk)
            case "hearing":
                return HearingSection(self.desk)
            case "window":
                return WindowSection(self.desk)
            case "address":
                return AddressSection(self.desk, self.copy)
            case "provisions":
                return ProvisionsSection(self.desk)
            case "folder":
                return FolderSection(self.desk, self.copy)
            case "doctor":
                return DoctorSection(self.desk, self.copy)
            case "keys":
                return KeysSection(self.desk)
            case _:
                return AboutSection(self.desk)
