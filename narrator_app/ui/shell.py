"""One open page of the desk: navigation, the quiet bar, keys; and in the middle the screen that is looked at.

Rules of this file:
- A page decides nothing about the story. Screens send intents through :meth:`PageDesk.do` and show view states.
- Nothing stands in the way of the story: what went wrong, what was done and how to undo it is said in the quiet bar.
- When the theme or the story changes, the page is built anew; a screen keeps nothing that would be lost by that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import flet as ft

from dwnet.errors import sentence
from narrator_app.evenings import Closed, Evenings, Failed, Open, Opening
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.preferences import Looks, Preferences
from narrator_app.run import Evening
from narrator_app.ui import palette as palettes
from narrator_app.ui.house import TEXT_KEYS, House, Screen, ScreenMaker
from narrator_app.ui.library_others import OtherStories
from narrator_app.ui.palette import FONTS, Palette
from narrator_app.ui.parts import action, empty, heading, icon_button, identified, label
from narrator_app.ui.quiet_bar import QuietBar
from narrator_app.ui.window_place import remember_place

Work = Callable[[], Awaitable[object]]


class PageDesk:
    """One page of the desk, as its screens see it."""

    def __init__(self, page: ft.Page, house: House) -> None:
        self.page = page
        self.house = house
        self.palette: Palette = palettes.light()
        self.bar = QuietBar(self)
        self._built: dict[str, tuple[Screen, ft.Control]] = {}
        self._current = ""
        self._middle = ft.Container(expand=True)
        self._rail: dict[str, ft.Container] = {}
        self._title = heading(self.palette, "", 18)
        self._unlisten: list[Callable[[], None]] = []
        self._drawn = _drawn(house.looks.now)

    @property
    def evening(self) -> Evening | None:
        """The story that is open, or None."""
        return self.house.evenings.evening

    @property
    def evenings(self) -> Evenings:
        """Which story is open; to open another."""
        return self.house.evenings

    @property
    def looks(self) -> Looks:
        """The narrator's preferences; to change them."""
        return self.house.looks

    def do(self, work: Work, then: Callable[[], None] | None = None) -> None:
        """Carry out an intent; when it can't be, the quiet bar says why and what to do. ``then`` follows success."""

        def done(error: BaseException | None) -> None:
            if error is not None:
                what, hint = sentence(error)
                self.bar.tell(what, hint, trouble=True)
            elif then is not None:
                then()

        self.house.bridge.do(work, done)

    def soon(self, refresh: Callable[[], None]) -> None:
        """Call ``refresh`` in a moment, once however often it is asked for meanwhile."""
        self.house.bridge.soon(refresh)

    def later(self, seconds: float, then: Callable[[], None]) -> Callable[[], None]:
        """Call ``then`` after a while, unless the function returned is called before."""
        return self.house.bridge.later(seconds, then)

    def tell(self, what: str, hint: str = "", undo: Work | None = None) -> None:
        """Say something in the quiet bar, with a way back where there is one."""
        self.bar.tell(what, hint, undo=undo)

    def go(self, screen: str, place: str = "") -> None:
        """Look at another screen, at a place in it if it knows it."""
        if screen not in self._rail:
            return
        state = self.evenings.state
        if isinstance(state, Failed) and not self.house.screens[screen].alone:
            self._current, self._middle.content = screen, self._failed(state)
            self._mark_rail()
            self._middle.update()
            return
        if screen not in self._built:
            made = self.house.screens[screen].make(self)
            self._built[screen] = (made, made.build())
        if self._current != screen:
            self.bar.leave()
        self._current = screen
        self.looks.change(screen=screen)
        shown, control = self._built[screen]
        self._middle.content = control
        self._mark_rail()
        self._middle.update()
        shown.shown()
        find = getattr(shown, "find", None)
        if place and find is not None:
            find(place)

    def shows(self, screen: Screen) -> bool:
        """Whether this very screen is looked at now, on a page that is there."""
        built = self._built.get(self._current)
        return self in self.house.pages and built is not None and built[0] is screen

    # --- the page ---------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Set the page up and follow what happens."""
        page = self.page
        page.title = say("shell.program")
        page.padding = 0
        page.fonts = FONTS
        page.theme, page.dark_theme = palettes.theme(palettes.light()), palettes.theme(palettes.dark())
        page.on_keyboard_event = self._pressed
        page.on_platform_brightness_change = lambda event: self.rebuild()
        self._current = self.looks.now.screen
        if not page.web:
            remember_place(page, self.looks)
        self.connect()
        self.rebuild()
        if self.looks.trouble is not None:
            self.tell(self.looks.trouble.what, self.looks.trouble.hint)
            self.looks.trouble = None

    def connect(self) -> None:
        """Follow what happens, from now on."""
        self.disconnect()
        self.house.pages.add(self)
        self._unlisten = [
            self.evenings.listen(self._happened),
            self.looks.listen(self._look_changed),
            self.house.beginning.listen(lambda: self.soon(self._begun)),
        ]

    def disconnect(self) -> None:
        """Nobody looks at this page: it costs nothing any more."""
        self.house.pages.discard(self)
        while self._unlisten:
            self._unlisten.pop()()

    def rebuild(self) -> None:
        """Build everything anew: another theme, another story, or none."""
        looks = self.looks.now
        self._drawn = _drawn(looks)
        self.page.theme_mode = ft.ThemeMode(looks.theme)
        system = self.page.platform_brightness is ft.Brightness.DARK
        dark = looks.theme == "dark" or (looks.theme == "system" and system)
        self.palette = palettes.dark(looks.scale) if dark else palettes.light(looks.scale)
        self.page.bgcolor = self.palette.page
        self._built.clear()
        self._rail.clear()
        self.bar.gone()
        self.page.controls.clear()
        state = self.evenings.state
        if not self.house.beginning.over:
            self._welcome()
            return
        match state:
            case Open() | Failed():
                self.page.add(self._rooms())
                self.go(self._current if self._current in self._rail else next(iter(self._rail), ""))
            case Opening(name=name):
                self.page.add(self._waiting(name))
            case Closed() if self.evenings.leaving:
                self.page.add(self._ended())
            case Closed():
                self.page.add(self._waiting(""))

    def _welcome(self) -> None:
        """The first evening: until its story is told, nothing else is there."""
        screen = self.house.welcome(self)
        self._built["welcome"] = (screen, screen.build())
        self._current = "welcome"
        self._middle = ft.Container(self._built["welcome"][1], expand=True)
        self.page.add(ft.Column([self._middle, self.bar.build()], spacing=0, expand=True))
        screen.shown()

    def _begun(self) -> None:
        if self.house.beginning.over and self._current == "welcome":
            self._current = "stage"
            self.rebuild()
        elif self._current == "welcome":
            self._built["welcome"][0].refresh()

    def _look_changed(self, looks: Preferences) -> None:
        if _drawn(looks) != self._drawn:
            self.soon(self.rebuild)

    def _rooms(self) -> ft.Control:
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
            for number, (name, maker) in enumerate(self.house.screens.items(), 1)
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
            [ft.Icon(maker.icon, size=22), ft.Text(words, size=min(self.palette.size(11), 14))],
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

    def _ended(self) -> ft.Control:
        """The last that a page in a browser shows; it outlives the desk."""
        return ft.Container(
            heading(self.palette, say("shell.ended"), 18), expand=True, alignment=ft.Alignment.CENTER, padding=32
        )

    def _failed(self, state: Failed) -> ft.Control:
        again = action(
            self.palette,
            say("shell.again"),
            lambda event: self.evenings.restart(),
            icon=ft.Icons.REFRESH,
            kind="filled",
        )
        others = OtherStories(self)
        self.soon(others.load)
        inside = ft.Column(
            [empty(self.palette, state.what, state.hint, again), others.control],
            alignment=ft.MainAxisAlignment.CENTER,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        )
        return identified("failed", ft.Container(inside, expand=True, alignment=ft.Alignment.CENTER))

    # --- what happens -----------------------------------------------------------------------------------------------

    def _happened(self, one: Happening) -> None:
        match one["event"]:
            case "state":
                if self.house.beginning.over:
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
        self.looks.change(theme="light" if self.palette.dark else "dark")

    def _pressed(self, key: ft.KeyboardEvent) -> None:
        if key.ctrl and key.key in "123456789" and int(key.key) <= len(self.house.screens):
            self.go(list(self.house.screens)[int(key.key) - 1])
        elif key.ctrl and key.key == "D":
            self._turn()
        elif key.ctrl and key.key == "/":
            self.go("settings", "keys")
        elif key.alt and key.key in TEXT_KEYS:
            self.looks.resize(TEXT_KEYS[key.key])
        elif self._current in self._built and self._built[self._current][0].pressed(key):
            return
        elif key.key == "Escape":
            self._hush()


def _drawn(looks: Preferences) -> tuple[str, float]:
    """What of the preferences the drawn page depends on."""
    return looks.theme, looks.scale
