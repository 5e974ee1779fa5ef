"""What can be done to the cast from its screen: each an intent, what is said of it, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import flet as ft

from dwnet.card import Card
from narrator_app.phrases import say
from narrator_app.travels import NOTHING, Parting
from narrator_app.ui.cast_form import Subject
from narrator_app.ui.library_away import file_name

if TYPE_CHECKING:
    from narrator_app.ui.cast_screen import CastScreen

Work = Callable[[], Awaitable[object]]


class CastDeeds:
    """The hands of the Cast screen."""

    def __init__(self, screen: CastScreen) -> None:
        self._screen = screen
        self._desk = screen.desk

    def play_here(self, seat: int) -> None:
        self._do(lambda: self._screen.evening.desk.casting.play_here(seat))

    def restart_here(self, seat: int) -> None:
        self._do(lambda: self._screen.evening.desk.casting.here.restart(seat))

    def stop_here(self, seat: int) -> None:
        casting, name = self._screen.evening.desk.casting, self._name(seat)

        async def stop() -> None:
            casting.here.stop(seat)

        self._do(stop, say("cast.stopped", name=name), lambda: casting.play_here(seat))

    def duplicate(self, seat: int) -> None:
        casting, made = self._screen.evening.desk.casting, list[int]()

        async def work() -> None:
            made.append(await casting.duplicate(seat))

        def done() -> None:
            self._screen.refresh()
            self._screen.select(made[0])
            self._desk.tell(say("cast.duplicated", name=self._name(made[0])), undo=lambda: casting.retire(made[0]))

        self._desk.do(work, done)
        self._screen.still()

    def save_card(self, seat: int) -> None:
        """Its card as a file, and beside it what it has learned."""
        self._desk.page.run_task(self._save_card, seat)

    async def _save_card(self, seat: int) -> None:
        casting, one = self._screen.evening.desk.casting, self._screen.story.seats[seat]
        name, left = file_name(one.name, ".png" if one.portrait else ".json"), list[Parting]()

        async def part() -> None:
            left.append(await casting.parting(seat, Path(name).suffix))

        def hand_over() -> None:
            self._desk.page.run_task(self._hand_over, Path(name), left[0])

        if self._desk.page.web:
            self._desk.do(part, hand_over)
            return
        folder = self._desk.evenings.settings.root / "exports"
        chosen = await ft.FilePicker().save_file(
            dialog_title=say("cast.save_card"), file_name=name, initial_directory=str(folder)
        )
        if chosen:
            path = Path(chosen)

            async def save() -> None:
                left.append(await casting.save_card(seat, path))

            self._desk.do(save, lambda: self._desk.tell(say("cast.card_saved", path=path), left[0].told))

    async def _hand_over(self, name: Path, left: Parting) -> None:
        """Let the browser keep the files."""
        await ft.FilePicker().save_file(file_name=name.name, src_bytes=left.card)
        if left.mind is not None and left.adapter is not None:
            await ft.FilePicker().save_file(file_name=left.mind.beside(name).name, src_bytes=left.adapter)
        self._desk.tell(say("library.downloaded", name=name.name), left.told)

    def retire(self, seat: int) -> None:
        """Off the stage; the same key brings back."""
        casting, name = self._screen.evening.desk.casting, self._name(seat)
        if self._screen.story.seats[seat].retired:
            self.bring_back(seat)
            return
        self._do(lambda: casting.retire(seat), say("cast.retired", name=name), lambda: casting.bring_back(seat))

    def bring_back(self, seat: int) -> None:
        casting, name = self._screen.evening.desk.casting, self._name(seat)
        self._do(lambda: casting.bring_back(seat), say("cast.back", name=name), lambda: casting.retire(seat))

    def ask_to_close(self, seat: int) -> None:
        self._screen.select(seat)
        self._screen.ask(seat, True)

    def close_seat(self, seat: int) -> None:
        name = self._name(seat)
        self._screen.ask(seat, False)
        self._do(lambda: self._screen.evening.desk.casting.deactivate(seat), say("cast.closed", name=name))

    def hear(self, seat: int) -> None:
        """Somebody's voice, in a sentence of its own."""
        name, voice, ear = self._name(seat), self._screen.story.seats[seat].voice, self._screen.ear()

        async def hear() -> None:
            await ear.hear(voice or await ear.usual(seat), say("cast.voice_sample", name=name))

        self._desk.tell(say("cast.hearing"))
        self._desk.do(hear)

    def _do(self, work: Work, told: str = "", undo: Work | None = None) -> None:
        """An intent, then what is to be said of it, with the way back."""

        def done() -> None:
            self._screen.refresh()
            if told:
                self._desk.tell(told, undo=undo)

        self._desk.do(work, done)
        self._screen.still()

    def _name(self, seat: int) -> str:
        return self._screen.evening.desk.narrator.name_of(seat)

    def kept(self, seat: int, undo: Work | None) -> None:
        """A card was written; ``undo`` gives one that was changed its old one back."""
        self._screen.shut()
        self._screen.refresh()
        self._screen.select(seat)
        name = self._name(seat)
        self._desk.tell(say("cast.kept", name=name) if undo else say("cast.cast", name=name), undo=undo)

    def cast_sample(self, card: Card) -> None:
        made: list[int] = []

        async def work() -> None:
            made.append(await self._screen.evening.desk.casting.cast(card))

        self._desk.do(work, lambda: self.kept(made[0], None))
        self._screen.still()

    def brought(self, card: Card, picture: bytes | None, path: Path | None) -> None:
        """A card was read: look it through before it comes into the story. Its own picture is its portrait, if it can
        be one; what it has learned comes along from beside its file.
        """
        made: list[bytes] = []
        along = [NOTHING]

        async def work() -> None:
            casting = self._screen.evening.desk.casting
            if path is not None:
                along.append(await casting.luggage(card, path))
            if picture is not None:
                made.append(await casting.portrait_in(card, picture))

        def look() -> None:
            self._screen.open_subject(Subject(None, card, made[0] or None if made else None, along[-1]))

        self._desk.do(work, look)
        self._screen.still()

    def invited(self, name: str) -> None:
        self._screen.refresh()
        seat = next((one.number for one in self._screen.story.seats.values() if one.name == name.strip()), 0)
        if seat:
            self._screen.open_invite(seat)

    def renamed(self, seat: int, name: str) -> None:
        """A listener is called otherwise."""
        self._do(lambda: self._screen.evening.desk.casting.rename(seat, name), say("cast.renamed", name=name.strip()))
        self._screen.shut()
