"""Settings: where friends reach this computer, and where everything lies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.listening import Reach, listen_at
from narrator_app.phrases import say
from narrator_app.ui import window
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, chip, field, icon_button, identified
from narrator_app.ui.settings_parts import caption, card, noted, words
from narrator_app.views.setup import AddressRow, AddressView, address_view

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

Copy = Callable[[str, str], None]


class AddressSection:
    """The addresses this computer has, who can be expected to reach them, and listening elsewhere."""

    def __init__(self, desk: PageDesk, copy: Copy) -> None:
        self._desk = desk
        self._copy = copy
        self._kept = ft.Container(visible=False)
        self._field = field(
            desk.palette,
            say("settings.listen_field"),
            self._view().listen,
            helper=say("settings.listen_help"),
            on_submit=lambda event: self._keep(),
            expand=True,
        )

    def build(self) -> ft.Control:
        """Addresses, then the field."""
        palette, view = self._desk.palette, self._view()
        rows = [self._row(palette, one) for one in view.rows]
        hint = noted(palette, ft.Icons.INFO_OUTLINED, words(palette, view.hint))
        keep = action(palette, say("settings.listen_keep"), lambda event: self._keep(), key="Enter")
        self._kept.content = ft.Column(
            [
                words(palette, say("settings.listen_kept")),
                ft.Row([action(palette, say("settings.listen_now"), lambda event: self._reopen(), kind="filled")]),
            ],
            spacing=10,
        )
        line = ft.Row([self._field, keep], spacing=12, vertical_alignment=ft.CrossAxisAlignment.START)
        return ft.Column(
            [
                card(palette, caption(palette, view.words), *rows, hint),
                card(palette, line, self._kept),
            ],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    def refresh(self) -> None:
        """Addresses change only when the story is opened again, and then the page is built anew."""

    def _view(self) -> AddressView:
        evening, settings = self._desk.evening, self._desk.evenings.settings
        if evening is None:
            return address_view(settings.host, settings.ports[0], ())
        return address_view(evening.home.settings.host, evening.home.mesh.port, evening.home.mesh.addresses)

    def _row(self, palette: Palette, one: AddressRow) -> ft.Control:
        colour = palette.muted if one.reach is Reach.SELF else palette.ok
        told: list[ft.Control] = [
            ft.Text(one.address, size=palette.size(15), font_family="monospace", color=palette.text),
            ft.Text(one.words, size=palette.size(13), color=palette.muted, expand=True),
        ]
        if one.invited:
            told.append(chip(palette, say("settings.in_invites"), colour))
        copy = icon_button(
            palette, ft.Icons.CONTENT_COPY, say("settings.copy"), partial(self._copied, one.address), size=18
        )
        return ft.Row([*told, copy], spacing=12)

    def _copied(self, address: str, event: ft.Event[ft.IconButton]) -> None:
        self._copy(address, address)

    def _keep(self) -> None:
        """Write the address down, if this computer can listen there."""
        evenings = self._desk.evenings
        wanted = self._field.value or ""
        port = self._desk.evening.home.mesh.port if self._desk.evening is not None else 0

        async def keep() -> None:
            evenings.settings = await listen_at(evenings.settings, wanted, port)

        self._desk.do(keep, self._offer)

    def _offer(self) -> None:
        self._kept.visible = True
        self._kept.update()

    def _reopen(self) -> None:
        self._desk.evenings.restart()


class FolderSection:
    """The data folder, and what to keep a copy of."""

    def __init__(self, desk: PageDesk, copy: Copy) -> None:
        self._desk = desk
        self._copy = copy

    def build(self) -> ft.Control:
        """Its place, and buttons to go there."""
        palette, place = self._desk.palette, str(self._desk.evenings.settings.root)
        path = ft.Text(place, size=palette.size(15), font_family="monospace", color=palette.text, expand=True)
        copy = icon_button(
            palette, ft.Icons.CONTENT_COPY, say("settings.copy"), lambda event: self._copy(place, place), size=18
        )
        open_it = action(
            palette, say("settings.folder_open"), lambda event: self._open(place), icon=ft.Icons.FOLDER_OPEN
        )
        return card(
            palette,
            caption(palette, say("settings.folder_place")),
            ft.Row([identified("data-folder", path), copy], spacing=12),
            ft.Row([open_it]),
            noted(palette, ft.Icons.KEY_OUTLINED, words(palette, say("settings.folder_keys")), palette.warn),
        )

    def refresh(self) -> None:
        """It stays where it is."""

    def _open(self, place: str) -> None:
        if not window.show_folder(place):
            self._desk.tell(say("settings.folder_not_opened"), say("settings.folder_not_opened_hint"))
