"""The Library: the shelf on the left; on the right what was found, or the story that is looked at, its map of branches,
its checkpoints, a way to take it away, and a seal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import flet as ft

from dwnet.times import now
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.stories import FoundIn, Spine
from narrator_app.summary import summary_of
from narrator_app.ui.library_away import AwayPanel, Progress
from narrator_app.ui.library_deeds import LibraryDeeds
from narrator_app.ui.library_map import MapPanel
from narrator_app.ui.library_places import PlacesPanel
from narrator_app.ui.library_reading import ReadingPanel
from narrator_app.ui.library_seal import SealPanel
from narrator_app.ui.library_search import SearchResults
from narrator_app.ui.library_shelf import NameRow, SpineList
from narrator_app.ui.library_story import StoryHead
from narrator_app.ui.parts import action, identified, outline
from narrator_app.views.library import ShelfView, SpineView, found_view, places_view, shelf_view, unlisted
from narrator_app.views.library_map import branch_map

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

PAUSE = 0.25  # seconds without a key before what was typed is looked for
NARROW = 1_000  # pixels below which the shelf is narrower
SHELF_WIDTH, SHELF_NARROW = 360, 324
SHOWING = frozenset({"narrated", "accepted", "branch", "checkpoint", "renamed", "edited", "chosen", "cast", "notice"})
TABS = ("map", "places", "away", "seal")


class LibraryScreen:
    """The Library on one page."""

    name = "library"

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        palette = desk.palette
        self.spines: list[Spine] = []
        self.deeds = LibraryDeeds(self)
        self._view = ShelfView((), ())
        self._chosen = ""  # the key of the story that is looked at; "" is the open one
        self._tab = "map"
        self._words, self._found_for = "", ""
        self._found: list[FoundIn] = []
        self._typing = 0
        deeds = self.deeds
        self.head = StoryHead(palette, self, self._show_tab)
        self.map = MapPanel(
            palette, lambda stop: deeds.go_to(stop.id, stop.title), lambda stop: deeds.read(stop.id.hex())
        )
        self.places = PlacesPanel(
            palette,
            deeds.keep_place,
            lambda place: deeds.go_to(bytes.fromhex(place.entry), place.name),
            lambda place: deeds.read(place.entry),
            self.typing,
        )
        folder = desk.evenings.settings.root / "exports"
        self.away = AwayPanel(palette, folder, deeds.write, deeds.stop, self.typing, web=desk.page.web)
        self.sealing = SealPanel(palette, deeds.check, deeds.check_file, deeds.stop)
        self.reading = ReadingPanel(palette, deeds.load_lines)
        self.results = SearchResults(palette, self._go_hit)
        self.shelf = SpineList(palette, self._pick)
        self.bringing = Progress(palette, deeds.stop)
        self.new = NameRow(palette, say("library.new_name"), deeds.begin, self.typing)
        self._search = self._search_field()
        self._panel = ft.Container(expand=True)
        self._story = ft.Column([self.head.control, self._panel], spacing=14, expand=True)
        self._right = ft.Container(expand=True, padding=ft.Padding.only(left=24, top=18, right=20, bottom=12))
        self._left = ft.Container()
        self._root = ft.Container(expand=True)

    # --- what a page asks of a screen -------------------------------------------------------------------------------

    def build(self) -> ft.Control:
        """Its controls."""
        palette = self.desk.palette
        buttons = ft.Row(
            [
                action(palette, say("library.new"), self.open_new, icon=ft.Icons.ADD, key="N", kind="filled"),
                action(palette, say("library.bring_in"), self.deeds.bring_in, icon=ft.Icons.UPLOAD_FILE, key="I"),
            ],
            spacing=8,
            wrap=True,
        )
        self._left = ft.Container(
            ft.Column(
                [self._search, buttons, self.new.control, self.bringing.control, self.shelf.control],
                spacing=12,
                expand=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            width=SHELF_WIDTH,
            padding=ft.Padding.only(left=20, top=18, right=16, bottom=12),
            border=ft.Border(right=ft.BorderSide(1, palette.line)),
        )
        self._panel.content = self.map.control
        self._right.content = self._story
        self._root = ft.Container(
            identified(
                "library",
                ft.Row(
                    [self._left, self._right],
                    spacing=0,
                    expand=True,
                    vertical_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
            ),
            expand=True,
            on_size_change=self._resized,
        )
        return self._root

    def shown(self) -> None:
        """It came into view."""
        self.load()

    def refresh(self) -> None:
        """Bring the controls in step with the shelf and the story."""
        if not self.is_on_page():
            return
        evening, tag, loose = self.desk.evening, "", 0
        if evening is not None:
            ledger = evening.home.node.ledger
            live = summary_of(ledger)
            tag, loose = live.tag, len(ledger.canon.tails())
            self.spines = [replace(one, summary=live) if one.summary.tag == tag else one for one in self.spines]
        self._view = shelf_view(self.spines, tag, now())
        chosen = self.chosen
        self.shelf.show(self._view, chosen.key)
        if self._words and self._found_for:
            self._turn_right(self.results.control)
            self.results.show(found_view(self._found, self._found_for, self._view), self._found_for)
            return
        self._turn_right(self._story)
        tabs = self._tabs(chosen)
        if self._tab not in tabs:
            self._tab = tabs[0] if tabs else ""
        self.head.show(chosen, tabs, self._tab, loose if chosen.is_open else 0)
        self._show_panel(chosen)

    def happened(self, one: Happening) -> None:
        """Something happened to the story that is open."""
        if one["event"] in SHOWING and self.is_on_page():
            self.desk.soon(self.refresh)

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """A key was pressed."""
        if key.key == "Escape":
            return self._escape()
        if key.ctrl and key.key == "F":
            self.desk.page.run_task(self._search.focus)
            return True
        if self._typing or key.ctrl or key.alt or key.meta:
            return False
        if key.key == "N":
            self.open_new()
        elif key.key == "I":
            self.desk.page.run_task(self.deeds.bring_in)
        elif key.key == "/":
            self.desk.page.run_task(self._search.focus)
        elif key.key == "O" and self.chosen.can_open:
            self.deeds.open(self.chosen)
        elif key.key == "F2" and self.chosen.is_open:
            self.head.open_rename()
        elif key.key in "1234" and int(key.key) <= len(tabs := self._tabs(self.chosen)):
            self._show_tab(tabs[int(key.key) - 1])
        else:
            return self._tab == "map" and self.map.pressed(key.key)
        return True

    def is_on_page(self) -> bool:
        """Whether somebody looks at it. A control that another screen took the place of still names its page."""
        frame = self._root.parent
        return isinstance(frame, ft.Container) and frame.content is self._root

    # --- what is looked at ------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> SpineView:
        """The story that is looked at: the one that was picked, else the open one."""
        stories = (*self._view.stories, *self._view.archived)
        picked = next((one for one in stories if one.key == self._chosen), None)
        evening = self.desk.evening
        first = next((one for one in stories if one.is_open or evening is None), None)
        return picked or first or unlisted(evening.desk.narrator.story.name if evening is not None else "")

    def spine(self, story: SpineView) -> Spine | None:
        """The story behind what is shown of it."""
        for one in self.spines:
            if story.key in (one.summary.tag, one.summary.name) and story.tag == one.summary.tag:
                return one
        return None

    def load(self, choose: str = "") -> None:
        """Look at the shelf anew."""

        async def look() -> None:
            self.spines = await self.deeds.stories.spines()

        if choose:
            self._chosen = choose
        self.desk.do(look, self.refresh)

    def typing(self, on: bool) -> None:
        """The keyboard came into a field, where letters are letters, or left it."""
        self._typing = max(0, self._typing + (1 if on else -1))

    def open_new(self, event: object = None) -> None:
        """Ask for a new story's name."""
        self.new.open("", say("library.begin"))
        self.desk.page.run_task(self.new.field.focus)

    def _pick(self, story: SpineView) -> None:
        self._chosen = story.key
        self.deeds.seal = None
        self._forget_search()
        self.refresh()

    def _tabs(self, story: SpineView) -> tuple[str, ...]:
        if story.trouble or not story.tag:
            return ("seal",)
        return TABS if story.is_open else ("read", "away", "seal")

    def _show_tab(self, name: str) -> None:
        self._tab = name
        self.refresh()

    def _show_panel(self, chosen: SpineView) -> None:
        panels = {
            "read": self.reading.control,
            "map": self.map.control,
            "places": self.places.control,
            "away": self.away.control,
            "seal": self.sealing.control,
        }
        panel = panels[self._tab]
        if self._panel.content is not panel:
            self._panel.content = panel
            self._panel.update()
        match self._tab:
            case "map":
                self.map.show(branch_map(self.deeds.evening.desk.narrator.story))
            case "places":
                self.places.show(places_view(self.deeds.evening.desk.narrator.story))
            case "read":
                self.reading.look_at(chosen.tag)
            case "away":
                self.away.show(chosen.name)
            case _:
                self.sealing.show(self.deeds.seal, self.deeds.sealed)

    def _turn_right(self, control: ft.Control) -> None:
        if self._right.content is not control:
            self._right.content = control
            self._right.update()

    def _resized(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        self._left.width = SHELF_NARROW if event.width < NARROW else SHELF_WIDTH
        self._left.update()

    # --- search -----------------------------------------------------------------------------------------------------

    def _search_field(self) -> ft.TextField:
        palette = self.desk.palette
        return ft.TextField(
            hint_text=say("library.search"),
            tooltip=f"{say('library.search')} (Ctrl+F)",
            prefix_icon=ft.Icon(ft.Icons.SEARCH, color=palette.muted, semantics_label=say("library.search")),
            text_size=palette.size(15),
            color=palette.text,
            hint_style=ft.TextStyle(color=palette.muted),
            border=outline(palette, 20),
            dense=True,
            on_change=self._typed,
            on_focus=lambda event: self.typing(True),
            on_blur=lambda event: self.typing(False),
        )

    def _typed(self, event: object = None) -> None:
        self._words = words = (self._search.value or "").strip()

        def later() -> bool:
            if words == self._words:
                self._look_for(words)
            return False

        self.desk.house.bridge.every(PAUSE, later)
        self._search.update()

    def _look_for(self, words: str) -> None:
        if not words:
            self._found_for = ""
            self.refresh()
            return
        found = list[FoundIn]()

        async def search() -> None:
            found.extend(await self.deeds.stories.search(words))

        def done() -> None:
            if words == self._words:
                self._found, self._found_for = found, words
                self.refresh()

        self.desk.do(search, done)

    def _forget_search(self) -> None:
        self._words = self._found_for = ""
        if self._search.value:
            self._search.value = ""
            self._search.update()

    def _go_hit(self, story: SpineView, entry: str) -> None:
        if story.is_open:
            self.deeds.read(entry)
        elif story.can_open:
            self.deeds.open(story, entry)
        else:
            self._pick(story)
            self._show_tab("read")
            self.deeds.load_lines(entry)

    def _escape(self) -> bool:
        if self.deeds.stop():
            return True
        if self.new.control.visible or self.head.renaming:
            self.new.close()
            self.head.close_rename()
            return True
        if self._words:
            self._forget_search()
            self.refresh()
            return True
        return False
