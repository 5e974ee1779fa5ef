"""The line at the foot of a page: what went wrong, what was done, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.parts import action, icon_button, identified, read_out

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

Work = Callable[[], Awaitable[object]]
NOTICE_SECONDS, UNDO_SECONDS, TROUBLE_SECONDS = 10, 30, 60


class QuietBar:
    """The line at the foot that says what went wrong or was done. It never takes the keyboard."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._box: ft.Container | None = None
        self._forget: Callable[[], None] = lambda: None
        self._trouble = False

    def build(self) -> ft.Control:
        """Its control, empty."""
        self._box = ft.Container()
        return identified("bar", ft.Container(self._box))

    def gone(self) -> None:
        """The page shows no bar any more: what is told until the next is built is told to nobody."""
        self._forget()
        self._box = None

    def tell(self, what: str, hint: str = "", *, trouble: bool = False, undo: Work | None = None) -> None:
        """Show a sentence, in place of the last one. It goes by itself when there was time to read it, and to undo."""
        if self._box is None:
            return
        self._trouble = trouble
        self._forget()
        self._forget = self._desk.later(
            TROUBLE_SECONDS if trouble else UNDO_SECONDS if undo else NOTICE_SECONDS, self.clear
        )
        palette = self._desk.palette
        icon = ft.Icons.ERROR_OUTLINE if trouble else ft.Icons.INFO_OUTLINE
        words: list[ft.Control] = [read_out(ft.Text(what, size=palette.size(14), color=palette.text, selectable=True))]
        if hint:
            words.append(read_out(ft.Text(hint, size=palette.size(13), color=palette.muted, selectable=True)))
        row: list[ft.Control] = [
            ft.Icon(icon, color=palette.danger if trouble else palette.accent, size=20),
            ft.Column(words, spacing=2, expand=True, tight=True),
        ]
        if undo is not None:
            row.append(action(palette, say("shell.undo"), lambda event: self._undo(undo), icon=ft.Icons.UNDO))
        row.append(icon_button(palette, ft.Icons.CLOSE, say("shell.dismiss"), lambda event: self.clear(), size=18))
        self._box.content = ft.Row(row, spacing=12, vertical_alignment=ft.CrossAxisAlignment.CENTER)
        self._box.padding = ft.Padding.symmetric(vertical=8, horizontal=20)
        self._box.bgcolor = palette.raised
        self._box.border = ft.Border(top=ft.BorderSide(1, palette.line))
        self._box.update()

    def leave(self) -> None:
        """Another screen is looked at: trouble of the last one is no longer the matter."""
        if self._trouble:
            self.clear()

    def clear(self) -> None:
        """Say nothing."""
        self._forget()
        if self._box is None or self._box.content is None:
            return
        self._box.content, self._box.padding, self._box.border = None, None, None
        self._box.update()

    def _undo(self, undo: Work) -> None:
        self.clear()
        self._desk.do(undo)
