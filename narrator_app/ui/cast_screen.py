"""The Cast screen: everybody of the story as tiles, and a panel beside them for one thing at a time.

Rules of this file:
- What a tile shows is compared with what is to be shown; only tiles that differ are drawn anew.
- Nothing is asked in a dialogue: what can be undone is done, and the quiet bar has the way back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from dwnet.times import now
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.run import Evening
from narrator_app.ui.cast_deeds import CastDeeds
from narrator_app.ui.cast_form import FormPanel, Subject, newcomer, subject_of
from narrator_app.ui.cast_invite import InvitePanel
from narrator_app.ui.cast_panel import ImportPanel, ListenerPanel, NamePanel, OutputPanel, Panel, SamplesPanel
from narrator_app.ui.cast_tile import CastTile
from narrator_app.ui.parts import action, empty, heading, identified, label
from narrator_app.views.cast import CastView, Facts, Tile, cast_view
from narrator_app.voices import Voices
from protocol.story import Story

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

CONCERNS = frozenset(
    {"cast", "changed", "invite", "withdrawn", "joined", "status", "local", "portrait"}
)  # happenings that show here
TYPING = (FormPanel, ImportPanel, ListenerPanel, NamePanel)  # panels in which letters are letters


class CastScreen:
    """The cast of the story that is open."""

    name = "cast"

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        self._view = CastView((), (), (), ())
        self._tiles: dict[int, CastTile] = {}
        self._laid: tuple[tuple[int, ...], ...] = ()
        self._selected = 0
        self.deeds = CastDeeds(self)
        self._panel: Panel | None = None
        self._voices: Voices | None = None
        self._voices_as_of = 0
        self._count = label(desk.palette, "", size=14)
        self._list = ft.Column(spacing=14, expand=True, scroll=ft.ScrollMode.AUTO)
        self._side = ft.Container(visible=False)

    @property
    def evening(self) -> Evening:
        """The story that is open. The shell shows this screen only while there is one."""
        evening = self.desk.evening
        assert evening is not None, "a story is open"
        return evening

    # --- the screen -------------------------------------------------------------------------------------------------

    def build(self) -> ft.Control:
        palette = self.desk.palette
        buttons = ft.Row(
            [
                action(
                    palette,
                    say("cast.new"),
                    lambda event: self.open_new(),
                    icon=ft.Icons.PERSON_ADD_ALT,
                    kind="filled",
                    key="N",
                ),
                action(
                    palette,
                    say("cast.samples"),
                    lambda event: self.open_samples(),
                    icon=ft.Icons.GROUPS_OUTLINED,
                    key="B",
                ),
                action(
                    palette, say("cast.bring"), lambda event: self.open_import(), icon=ft.Icons.UPLOAD_FILE, key="M"
                ),
                action(
                    palette, say("cast.audience"), lambda event: self.open_listener(), icon=ft.Icons.HEARING, key="L"
                ),
            ],
            spacing=8,
            wrap=True,
            run_spacing=8,
        )
        title = ft.Row(
            [heading(palette, say("cast.title")), self._count], spacing=14, vertical_alignment=ft.CrossAxisAlignment.END
        )
        main = ft.Container(
            ft.Column([title, buttons, self._list], spacing=14, expand=True),
            expand=True,
            padding=ft.Padding.only(left=24, top=18, right=16, bottom=12),
        )
        return identified(
            "cast",
            ft.Row([main, self._side], spacing=0, expand=True, vertical_alignment=ft.CrossAxisAlignment.STRETCH),
        )

    def shown(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        if self.desk.evening is None:
            return
        self._view = cast_view(self.story, self.evening.desk.narrator.node.ledger.authority, self._facts())
        groups = tuple(tuple(one.seat for one in group) for group in self._groups())
        if self._selected and self._view.tile(self._selected) is None:
            self._selected = 0
        if groups != self._laid:
            self._lay(groups)
        else:
            for tile in (one for group in self._groups() for one in group):
                self._tiles[tile.seat].show(tile, tile.seat == self._selected)
        if self._panel is not None:
            self._panel.refresh()

    def happened(self, one: Happening) -> None:
        if one["event"] in CONCERNS:
            self.desk.soon(self.refresh)
        if one["event"] == "joined" and one["member"] not in self.evening.desk.casting.local():
            self.desk.tell(say("cast.somebody_joined", name=one["member"]), say("cast.words_are", words=one["words"]))

    def find(self, place: str) -> None:
        """Select a member by name."""
        for seat in self.story.seats.values():
            if seat.name == place:
                self.select(seat.number)

    @property
    def story(self) -> Story:
        """The story as it stands."""
        return self.evening.desk.narrator.story

    def _facts(self) -> Facts:
        casting, attendance = self.evening.desk.casting, self.evening.desk.narrator.attendance
        seats = list(self.story.seats)
        processes = {seat: found for seat in seats if (found := casting.here.state(seat)) is not None}
        here = [seat for seat in seats if casting.here.is_here(seat)]
        return Facts(attendance.conditions, processes, here, casting.invites.states(), casting.portraits.at_hand, now())

    def _groups(self) -> tuple[tuple[Tile, ...], ...]:
        return self._view.stage, self._view.audience, self._view.retired

    def _lay(self, groups: tuple[tuple[int, ...], ...]) -> None:
        """Somebody came, left or moved: the tiles stand anew, those that were drawn are kept."""
        palette, self._laid = self.desk.palette, groups
        tiles = {one.seat: one for group in self._groups() for one in group}
        self._tiles = {seat: self._tiles.get(seat) or CastTile(self, tile) for seat, tile in tiles.items()}
        for seat, tile in tiles.items():
            self._tiles[seat].show(tile, seat == self._selected)
        count = len(self._view.stage)
        self._count.value = say("cast.count_one") if count == 1 else say("cast.count", count=count)
        parts: list[ft.Control] = []
        titles = (say("cast.stage"), say("cast.listeners"), say("cast.left"))
        for title, seats in zip(titles, groups, strict=True):
            if seats:
                if groups[1] or groups[2]:
                    parts.append(label(palette, title, size=14))
                row = [self._tiles[seat].build() for seat in seats]
                parts.append(
                    ft.Row(row, wrap=True, spacing=14, run_spacing=14, vertical_alignment=ft.CrossAxisAlignment.START)
                )
        self._count.visible = bool(parts)
        self._list.controls = parts or [self._empty()]
        for one in (self._count, self._list):
            if one.page:
                one.update()

    def _empty(self) -> ft.Control:
        palette = self.desk.palette
        return empty(
            palette,
            say("cast.empty_title"),
            say("cast.empty_text"),
            action(
                palette,
                say("cast.samples"),
                lambda event: self.open_samples(),
                icon=ft.Icons.GROUPS_OUTLINED,
                kind="filled",
            ),
            action(palette, say("cast.new"), lambda event: self.open_new(), icon=ft.Icons.PERSON_ADD_ALT),
        )

    # --- the panel --------------------------------------------------------------------------------------------------

    def _open(self, panel: Panel) -> None:
        self._panel = panel
        self._side.content, self._side.visible = panel.build(), True
        self._side.update()

    def shut(self) -> None:
        """Close the panel. What was written in it is kept."""
        self._panel, self._side.content, self._side.visible = None, None, False
        self._side.update()

    def open_new(self) -> None:
        """A form for somebody new, or the one that was left."""
        self.open_subject(Subject(None, newcomer(self.evening)))

    def open_form(self, seat: int) -> None:
        """Change somebody. Of a listener there is only the name to change."""
        self.select(seat)
        if self.story.seats[seat].role != "character":
            self._open(NamePanel(self.desk, seat, self.story.name_of(seat), self.deeds.renamed, self.shut))
            return
        self.open_subject(subject_of(self.evening, seat))

    def open_subject(self, subject: Subject) -> None:
        """A form about somebody."""

        def seen() -> bool:
            return self._panel is form and self.desk.shows(self)

        form = FormPanel(self.desk, self.evening, subject, self.ear(), self.shut, self.deeds.kept, seen)
        self._open(form)

    def open_samples(self) -> None:
        """Those who come along with the program."""
        self._open(SamplesPanel(self.desk, self._view.samples, self.deeds.cast_sample, self.shut))

    def open_import(self) -> None:
        """A card from another program."""
        self._open(ImportPanel(self.desk, self.deeds.brought, self.shut))

    def open_listener(self) -> None:
        """A seat in the audience."""
        self._open(ListenerPanel(self.desk, self.deeds.invited, self.shut))

    def open_invite(self, seat: int) -> None:
        """The code of a seat; one is made if none is out and nobody sits there."""
        self.select(seat)
        panel = InvitePanel(self.desk, seat, self.shut)
        self._open(panel)
        casting = self.evening.desk.casting
        if casting.invites.state(seat) is None and not casting.invites.words(seat):
            panel.make()

    def open_output(self, seat: int) -> None:
        """What its process here complained of."""
        self.select(seat)
        self._open(OutputPanel(self.desk, seat, self.story.name_of(seat), self.shut))

    def ear(self) -> Voices:
        """What voices are tried by; another one when voices came or went."""
        changes = self.desk.house.provisions.changes
        if self._voices is None or self._voices_as_of != changes:
            if self._voices is not None:
                self._voices.stop()
            self._voices = Voices(self.evening.player, self.desk.evenings.settings.root)
            self._voices_as_of = changes
        return self._voices

    # --- who is selected --------------------------------------------------------------------------------------------

    def select(self, seat: int) -> None:
        """Show what can be done to somebody."""
        before, self._selected = self._selected, seat
        for one in {before, seat}:
            tile = self._view.tile(one)
            if tile is not None and one in self._tiles:
                self._tiles[one].show(tile, one == seat)

    def ask(self, seat: int, asking: bool) -> None:
        """Ask at the tile whether the seat shall be closed, or take the question back."""
        self._tiles[seat].ask(asking)

    def still(self) -> None:
        """Nothing on the page has changed yet; saying so keeps Flet from comparing all of it."""
        self._count.update()

    # --- keys -------------------------------------------------------------------------------------------------------

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """Letters act on who is selected, except where they are typed into a form."""
        if key.key == "Escape" and self._panel is not None:
            self.shut()
            return True
        if isinstance(self._panel, TYPING):
            return self._pressed_in_form(key)
        if key.key == "Escape" and self._selected in self._tiles and self._tiles[self._selected].asking:
            self.ask(self._selected, False)
            return True
        if key.ctrl or key.alt or key.meta:
            return False
        if isinstance(self._panel, InvitePanel) and key.key in ("C", "N"):
            panel = self._panel
            self.desk.page.run_task(panel.copy) if key.key == "C" else panel.make()
            return True
        if key.key in ("Arrow Down", "Arrow Right", "Arrow Up", "Arrow Left"):
            return self._step(1 if key.key in ("Arrow Down", "Arrow Right") else -1)
        screen = {"N": self.open_new, "B": self.open_samples, "M": self.open_import, "L": self.open_listener}
        if key.key in screen:
            screen[key.key]()
            return True
        return self._act(key.key)

    def _pressed_in_form(self, key: ft.KeyboardEvent) -> bool:
        if isinstance(self._panel, FormPanel) and key.ctrl and key.key in ("Enter", "S"):
            self._panel.save()
            return True
        if isinstance(self._panel, ImportPanel) and key.alt and key.key == "O":
            self.desk.page.run_task(self._panel.pick)
            return True
        if isinstance(self._panel, FormPanel) and key.alt and key.key == "H":
            self._panel.hear()
            return True
        return False

    def _step(self, by: int) -> bool:
        order = [one.seat for group in self._groups() for one in group]
        if order:
            place = order.index(self._selected) if self._selected in order else -1 if by > 0 else 0
            self.select(order[(place + by) % len(order)])
        return bool(order)

    def _act(self, key: str) -> bool:
        tile = self._view.tile(self._selected)
        if tile is None:
            return False
        acts: dict[str, Callable[[int], None]] = {
            "R": self.deeds.retire,
            "I": self.open_invite,
            "E": self.open_form,
            "X": self.deeds.ask_to_close,
        }
        if tile.role == "character":
            acts |= {
                "H": self.deeds.hear,
                "D": self.deeds.duplicate,
                "F": self.deeds.save_card,
                "O": self.open_output,
                "S": self.deeds.restart_here,
            }
            acts["P"] = self.deeds.stop_here if tile.running else self.deeds.play_here
        if tile.retired:
            acts = {"R": self.deeds.bring_back}
        if key in acts:
            acts[key](tile.seat)
        return key in acts
