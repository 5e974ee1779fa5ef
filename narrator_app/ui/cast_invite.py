"""The invite panel: a code to send, to type or to point a camera at, and whether somebody came."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from dwnet.times import now
from narrator_app.phrases import say
from narrator_app.ui.cast_panel import framed, section
from narrator_app.ui.parts import action, icon_button, identified, label, read_out
from narrator_app.views.invite import InvitePanel as View
from narrator_app.views.invite import invite_panel, qr_picture

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

QR_EDGE = 232  # logical pixels


class InvitePanel:
    """The invite of one seat."""

    def __init__(self, desk: PageDesk, seat: int, shut: Callable[[], None]) -> None:
        self.place = f"invite:{seat}"
        self._desk = desk
        self._seat = seat
        self._shut = shut
        self._shown: View | None = None
        self._body = ft.Column(spacing=14, tight=True)

    def build(self) -> ft.Control:
        self._show(self._view())
        evening = self._desk.evening
        name = evening.desk.narrator.name_of(self._seat) if evening else ""
        return framed(self._desk, say("cast.invite_title", name=name), [self._body], self._shut)

    def refresh(self) -> None:
        view = self._view()
        if view != self._shown:
            self._show(view)
            if self._body.page:
                self._body.update()

    def _view(self) -> View | None:
        evening = self._desk.evening
        if evening is None:
            return None
        invites = evening.desk.casting.invites
        name = evening.desk.narrator.name_of(self._seat)
        return invite_panel(self._seat, name, invites.state(self._seat), invites.words(self._seat), now())

    def _show(self, view: View | None) -> None:
        self._shown = view
        if view is None:
            return
        palette = self._desk.palette
        parts: list[ft.Control] = []
        if view.words:
            parts.append(self._words(view))
        parts.append(label(palette, view.sentence, size=14, colour=palette.text))
        if view.code:
            parts += self._code(view)
        if view.countdown:
            parts.append(label(palette, view.countdown))
        if view.moves and view.can_make:
            parts.append(label(palette, say("cast.moves"), colour=palette.warn))
        row: list[ft.Control] = []
        if view.can_make:
            words = say("cast.new_code") if view.can_withdraw or view.moves else say("cast.make_code")
            row.append(action(palette, words, self._make, icon=ft.Icons.VPN_KEY_OUTLINED, kind="filled", key="N"))
        if view.can_withdraw:
            row.append(action(palette, say("cast.withdraw"), self._withdraw, icon=ft.Icons.BLOCK, kind="danger"))
        parts.append(ft.Row(row, spacing=8, wrap=True, run_spacing=8))
        self._body.controls = parts

    def _words(self, view: View) -> ft.Control:
        palette = self._desk.palette
        inside = ft.Column(
            [
                *section(self._desk, say("cast.words")),
                read_out(ft.Text(view.words, size=palette.size(20), color=palette.text, selectable=True)),
                label(palette, say("cast.words_text")),
            ],
            spacing=6,
            tight=True,
        )
        return identified("four-words", ft.Container(inside, padding=14, border_radius=10, bgcolor=palette.raised))

    def _code(self, view: View) -> list[ft.Control]:
        picture = ft.Image(
            src=qr_picture(view.code),
            width=QR_EDGE,
            height=QR_EDGE,
            fit=ft.BoxFit.CONTAIN,
            filter_quality=ft.FilterQuality.NONE,
            semantics_label=say("cast.qr"),
        )
        symbol = ft.Container(picture, padding=6, bgcolor="#ffffff", border_radius=10, width=QR_EDGE + 12)
        return [
            self._copied(say("cast.code"), view.code, say("cast.copy_code"), "invite-code", "C"),
            ft.Row([symbol], alignment=ft.MainAxisAlignment.CENTER),
            self._copied(say("cast.command"), view.command, say("cast.copy_command"), "invite-command", ""),
        ]

    def _copied(self, title: str, text: str, words: str, name: str, key: str) -> ft.Control:
        """Text to select, and a button that copies it."""
        palette = self._desk.palette
        shown = ft.Text(text, size=palette.size(13), font_family="monospace", color=palette.text, selectable=True)

        async def clicked(event: object) -> None:
            await self.copy(text)

        copy = icon_button(palette, ft.Icons.CONTENT_COPY, words, clicked, key=key)
        return identified(
            name,
            ft.Container(
                ft.Column(
                    [
                        ft.Row([label(palette, title), copy], alignment=ft.MainAxisAlignment.SPACE_BETWEEN),
                        read_out(shown),
                    ],
                    spacing=2,
                    tight=True,
                ),
                padding=ft.Padding.only(left=14, right=6, bottom=12, top=2),
                border_radius=10,
                bgcolor=palette.raised,
            ),
        )

    async def copy(self, text: str = "") -> None:
        """Put the code, or this text, on the clipboard."""
        wanted = text or (self._shown.code if self._shown else "")
        if wanted:
            await ft.Clipboard().set(wanted)
            self._desk.tell(say("cast.copied"))

    def _make(self, event: object = None) -> None:
        self.make()

    def make(self) -> None:
        """A new code; one that is out is worth nothing from then on."""
        evening = self._desk.evening
        if evening is None:
            return
        seat = evening.desk.narrator.story.seats[self._seat]
        self._desk.do(lambda: evening.desk.casting.invite(seat.name, seat.role), self.refresh)
        self._body.update()

    def _withdraw(self, event: object) -> None:
        evening = self._desk.evening
        if evening is None:
            return
        name = evening.desk.narrator.name_of(self._seat)

        def done() -> None:
            self._desk.tell(say("cast.withdrawn", name=name))
            self.refresh()

        self._desk.do(lambda: evening.desk.casting.invites.withdraw(self._seat), done)
        self._body.update()
