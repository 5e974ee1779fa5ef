"""How a character looks: its portrait and its colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.run import Evening
from narrator_app.ui.parts import action, field, portrait
from narrator_app.views.card_form import COLOURS, CardForm

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

EDGE = 84  # logical pixels of the portrait
SWATCH = 26


class LookPart:
    """Portrait and colour. ``portrait``: the blob that was chosen, b"" for none, None for "as it is"."""

    def __init__(
        self,
        desk: PageDesk,
        evening: Evening,
        seat: int | None,
        form: CardForm,
        chosen: bytes | None,
        name: Callable[[], str],
        changed: Callable[[], None],
    ) -> None:
        self.portrait = chosen
        self.colour = form.colour
        self._desk = desk
        self._evening = evening
        self._seat = seat
        self._name = name
        self._changed = changed
        self._face = ft.Container()
        self._swatches = ft.Row(wrap=True, spacing=4, run_spacing=4)
        self._hex = field(desk.palette, say("cast.colour"), form.colour, dense=True, width=130, on_change=self._typed)
        self._out = action(desk.palette, say("cast.no_portrait"), self._remove, icon=ft.Icons.HIDE_IMAGE_OUTLINED)

    def build(self) -> ft.Control:
        pick = action(self._desk.palette, say("cast.choose_portrait"), self._pick, icon=ft.Icons.IMAGE_OUTLINED)
        self._lay()
        right = ft.Column(
            [ft.Row([pick, self._out], spacing=8, wrap=True, run_spacing=8), self._swatches, self._hex],
            spacing=10,
            expand=True,
            tight=True,
        )
        return ft.Row([self._face, right], spacing=16, vertical_alignment=ft.CrossAxisAlignment.START)

    def refresh(self) -> None:
        """The portrait may have come meanwhile."""
        self._show_face()

    def _picture(self) -> bytes | None:
        seats, known = self._evening.desk.narrator.story.seats, self._evening.desk.casting.portraits.at_hand
        stored = seats[self._seat].portrait if self._seat in seats else b""
        blob = stored if self.portrait is None else self.portrait
        return known.get(blob) if blob else None

    def _lay(self) -> None:
        picture = self._picture()
        self._face.content = portrait(self._desk.palette, self._name() or "?", self.colour, EDGE, picture)
        self._out.visible = picture is not None
        self._swatches.controls = [self._swatch(one) for one in COLOURS]

    def _swatch(self, colour: str) -> ft.Control:
        palette = self._desk.palette
        on = colour == self.colour.lower()
        return ft.IconButton(
            ft.Icon(
                ft.Icons.CHECK_CIRCLE if on else ft.Icons.CIRCLE,
                color=palette.speaker(colour),
                size=SWATCH,
                semantics_label=say("cast.colour_name", colour=colour),
            ),
            tooltip=colour,
            padding=0,
            width=SWATCH + 6,
            height=SWATCH + 6,
            on_click=lambda event: self._choose(colour),
        )

    def _show_face(self) -> None:
        self._lay()
        for one in (self._face, self._out, self._swatches):
            if one.page:
                one.update()

    def _choose(self, colour: str) -> None:
        self.colour = self._hex.value = colour
        self._hex.update()
        self._show_face()
        self._changed()

    def _typed(self, event: object) -> None:
        self.colour = (self._hex.value or "").strip()
        self._show_face()
        self._changed()

    def _remove(self, event: object) -> None:
        self.portrait = b""
        self._show_face()
        self._changed()

    async def _pick(self, event: object) -> None:
        files = await ft.FilePicker().pick_files(
            dialog_title=say("cast.picture_file"), file_type=ft.FilePickerFileType.IMAGE, with_data=True
        )
        data = files[0].bytes if files else None
        if data is None:
            self._face.update()
            return
        made: list[bytes] = []

        async def keep() -> None:
            made.append(await self._evening.desk.casting.portraits.keep(data))

        def show() -> None:
            self.portrait = made[0]
            self._show_face()
            self._changed()

        self._desk.do(keep, show)
        self._face.update()
