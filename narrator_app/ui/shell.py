"""One open page of the desk: navigation, the quiet bar, keys; and in the middle the screen that is looked at.

Rules of this file:
- A page decides nothing about the story. Screens send intents through :meth:`PageDesk.do` and show view states.
- Nothing stands in the way of the story: what went wrong, what was done and how to undo it is said in the quiet bar.
- When the theme or the story changes, the page is built anew; a screen keeps nothing that would be lost by that.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import flet as ft

from dwnet.errors import sentence
from narrator_app.evenings import Closed, Evenings, Failed, Open, Opening
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.run import Evening
from narrator_app.ui import palette as palettes
from narrator_app.ui.bridge import Bridge
from narrator_app.ui.palette import FONTS, Palette
from narrator_app.ui.parts import action, empty, heading, icon_button, identified, label

Work = Callable[[], Awaitable[object]]
logger = logging.getLogger(__name__)


class Screen(Protocol):
    """What stands in the middle of a page. One object per page and per building of it."""

    name: str

    def build(self) -> ft.Control:
        """Its controls; called once."""
        ...

    def shown(self) -> None:
        """It came into view, its controls are on the page: take a fresh view state."""
        ...

    def refresh(self) -> None:
        """Bring the controls in step with the story."""
        ...

    def happened(self, one: Happening) -> None:
        """Something happened; called for every screen that was shown once, also while another is looked at."""
        ...

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """A key was pressed while this screen is looked at. True if it meant something here."""
        ...


class PageDesk:
    """One page of the desk, as its screens see it."""

    def __init__(self, page: ft.Page, bridge: Bridge, screens: Screens) -> None:
        self.page = page
        self.evenings: Evenings = bridge.evenings
        self.palette: Palette = palettes.light()
        self.bar = QuietBar(self)
        self._bridge = bridge
        self._screens = screens
        self._built: dict[str, tuple[Screen, ft.Control]] = {}
        self._current = ""
        self._middle = ft.Container(expand=True)
        self._rail: dict[str, ft.Container] = {}
        self._title = heading(self.palette, "", 18)
        self._unlisten: Callable[[], None] = lambda: None

    @property
    def evening(self) -> Evening | None:
        """The story that is open, or None."""
        return self.evenings.evening

    def do(self, work: Work, then: Callable[[], None] | None = None) -> None:
        """Carry out an intent; when it can't be, the quiet bar says why and what to do. ``then`` follows success."""

        def done(error: BaseException | None) -> None:
            if error is not None:
                what, hint = sentence(error)
                self.bar.tell(what, hint, trouble=True)
            elif then is not None:
                then()

        self._bridge.do(work, done)

    def soon(self, refresh: Callable[[], None]) -> None:
        """Call ``refresh`` in a moment, once however often it is asked for meanwhile."""
        self._bridge.soon(refresh)

    def tell(self, what: str, hint: str = "", undo: Work | None = None) -> None:
        """Say something in the quiet bar, with a way back where there is one."""
        self.bar.tell(what, hint, undo=undo)

    def go(self, screen: str, place: str = "") -> None:
        """Look at another screen, at a place in it if it knows it."""
        if screen not in self._built and screen in self._screens.makers:
            made = self._screens.makers[screen].make(self)
            self._built[screen] = (made, made.build())
        if screen not in self._built:
            return
        self._current = screen
        shown, control = self._built[screen]
        self._middle.content = control
        self._mark_rail()
        self._middle.update()
        shown.shown()
        find = getattr(shown, "find", None)
        if place and find is not None:
            find(place)

    # --- the page ---------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Set the page up and follow what happens."""
        page = self.page
        page.title = say("shell.program")
        page.padding = 0
        page.fonts = FONTS
        page.theme_mode = ft.ThemeMode.SYSTEM
        page.theme, page.dark_theme = palettes.theme(palettes.light()), palettes.theme(palettes.dark())
        page.on_keyboard_event = self._pressed
        page.on_platform_brightness_change = lambda event: self.rebuild()
        self.connect()
        self.rebuild()

    def connect(self) -> None:
        """Follow what happens, from now on."""
        self._unlisten()
        self._unlisten = self.evenings.listen(self._happened)

    def disconnect(self) -> None:
        """Nobody looks at this page: it costs nothing any more."""
        self._unlisten()

    def rebuild(self) -> None:
        """Build everything anew: another theme, another story, or none."""
        dark = self.page.theme_mode is ft.ThemeMode.DARK or (
            self.page.theme_mode is ft.ThemeMode.SYSTEM and self.page.platform_brightness is ft.Brightness.DARK
        )
        self.palette = palettes.dark() if dark else palettes.light()
        self.page.bgcolor = self.palette.page
        self._built.clear()
        self.page.controls.clear()
        state = self.evenings.state
        match state:
            case Open():
                self.page.add(self._house())
                self.go(self._current or self._screens.first)
            case Opening(name=name):
                self.page.add(self._waiting(name))
            case Failed(what=what, hint=hint):
                self.page.add(self._failed(what, hint))
            case Closed():
                self.page.add(self._waiting(""))

    def _house(self) -> ft.Control:
        palette = self.palette
        self._title = heading(palette, self._story_name(), 18)
        top = ft.Container(
            ft.Row(
                [
                    self._title,
                    ft.Row(
                        [
                            icon_button(
                                palette, ft.Icons.VOLUME_OFF_OUTLINED, say("shell.hush"), self._hush, key="Esc"
                            ),
                            icon_button(
                                palette, ft.Icons.DARK_MODE_OUTLINED, say("shell.theme"), self._turn, key="Ctrl+D"
                            ),
                        ],
                        spacing=4,
                    ),
                ],
                alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
            ),
            padding=ft.Padding.symmetric(vertical=6, horizontal=20),
            border=ft.Border(bottom=ft.BorderSide(1, palette.line)),
        )
        self._rail = {
            name: self._rail_button(name, maker, number)
            for number, (name, maker) in enumerate(self._screens.makers.items(), 1)
        }
        rail = ft.Container(
            ft.Column(list(self._rail.values()), spacing=4),
            width=84,
            padding=ft.Padding.symmetric(vertical=12, horizontal=6),
            bgcolor=palette.panel,
            border=ft.Border(right=ft.BorderSide(1, palette.line)),
        )
        self._middle = ft.Container(expand=True)
        body = ft.Column([top, self._middle, self.bar.build()], spacing=0, expand=True)
        return ft.Row([rail, body], spacing=0, expand=True, vertical_alignment=ft.CrossAxisAlignment.STRETCH)

    def _rail_button(self, name: str, maker: ScreenMaker, number: int) -> ft.Container:
        words = say(f"shell.{name}")
        inside = ft.Column(
            [ft.Icon(maker.icon, size=22), ft.Text(words, size=self.palette.size(11))],
            spacing=2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        )
        button = ft.TextButton(
            content=inside,
            tooltip=f"{words} (Ctrl+{number})",
            on_click=lambda event: self.go(name),
            style=ft.ButtonStyle(
                shape=ft.RoundedRectangleBorder(radius=10), padding=ft.Padding.symmetric(vertical=10, horizontal=4)
            ),
            width=72,
        )
        return ft.Container(button, border_radius=10)

    def _mark_rail(self) -> None:
        for name, container in self._rail.items():
            on = name == self._current
            container.bgcolor = self.palette.raised if on else None
            button = container.content
            assert isinstance(button, ft.TextButton) and isinstance(button.content, ft.Column)
            for part in button.content.controls:
                part.color = self.palette.accent if on else self.palette.muted  # type: ignore[attr-defined]
            container.update()

    def _waiting(self, name: str) -> ft.Control:
        words = say("shell.opening", name=name) if name else say("shell.closed")
        return ft.Container(
            ft.Column(
                [ft.ProgressRing(color=self.palette.accent), label(self.palette, words, size=15)],
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
                alignment=ft.MainAxisAlignment.CENTER,
                spacing=20,
            ),
            expand=True,
            alignment=ft.Alignment.CENTER,
        )

    def _failed(self, what: str, hint: str) -> ft.Control:
        again = action(
            self.palette,
            say("shell.again"),
            lambda event: self.evenings.restart(),
            icon=ft.Icons.REFRESH,
            kind="filled",
        )
        return identified(
            "failed", ft.Container(empty(self.palette, what, hint, again), expand=True, alignment=ft.Alignment.CENTER)
        )

    # --- what happens -----------------------------------------------------------------------------------------------

    def _happened(self, one: Happening) -> None:
        match one["event"]:
            case "state":
                self.soon(self.rebuild)
                return
            case "notice":
                self.bar.tell(one["what"])
            case "error":
                self.bar.tell(one["what"], one["hint"], trouble=True)
        for screen, _ in tuple(self._built.values()):
            screen.happened(one)

    def _story_name(self) -> str:
        return self.evening.home.node.ledger.authority.name if self.evening else ""

    def _hush(self, event: object = None) -> None:
        evening = self.evening
        if evening is not None:
            self.do(evening.desk.intents.hush)

    def _turn(self, event: object = None) -> None:
        self.page.theme_mode = ft.ThemeMode.LIGHT if self.palette.dark else ft.ThemeMode.DARK
        self.rebuild()

    def _pressed(self, key: ft.KeyboardEvent) -> None:
        if key.ctrl and key.key in "123456789" and int(key.key) <= len(self._screens.makers):
            self.go(list(self._screens.makers)[int(key.key) - 1])
        elif key.ctrl and key.key == "D":
            self._turn()
        elif self._current in self._built and self._built[self._current][0].pressed(key):
            return
        elif key.key == "Escape":
            self._hush()


class QuietBar:
    """The line at the foot that says what went wrong or was done. It never takes the keyboard."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._box = ft.Container()

    def build(self) -> ft.Control:
        """Its control, empty."""
        self._box = ft.Container()
        return identified("bar", ft.Container(self._box))

    def tell(self, what: str, hint: str = "", *, trouble: bool = False, undo: Work | None = None) -> None:
        """Show a sentence, in place of the last one."""
        if not self._box.page:
            return
        palette = self._desk.palette
        icon = ft.Icons.ERROR_OUTLINE if trouble else ft.Icons.INFO_OUTLINE
        words: list[ft.Control] = [ft.Text(what, size=palette.size(14), color=palette.text, selectable=True)]
        if hint:
            words.append(ft.Text(hint, size=palette.size(13), color=palette.muted, selectable=True))
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

    def clear(self) -> None:
        """Say nothing."""
        self._box.content, self._box.padding, self._box.border = None, None, None
        self._box.update()

    def _undo(self, undo: Work) -> None:
        self.clear()
        self._desk.do(undo)


class ScreenMaker:
    """How a screen is made and what stands for it in the navigation."""

    def __init__(self, icon: ft.IconData, make: Callable[[PageDesk], Screen]) -> None:
        self.icon = icon
        self.make = make


class Screens:
    """All screens by name, in the order of the navigation. ``first`` is the one a page opens with."""

    def __init__(self, first: str, makers: dict[str, ScreenMaker]) -> None:
        self.first = first
        self.makers = makers
