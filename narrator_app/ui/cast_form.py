"""The form of a character: made anew, imported, or changed. What was written survives leaving it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from dwnet.card import Card
from narrator_app.casting import stored_card
from narrator_app.drafts import Drafts
from narrator_app.phrases import say
from narrator_app.run import Evening
from narrator_app.travels import NOTHING, Luggage
from narrator_app.ui.cast_aloud import AloudPart
from narrator_app.ui.cast_look import LookPart
from narrator_app.ui.cast_panel import framed, section
from narrator_app.ui.cast_rows import RowsPart, examples_part, lore_part
from narrator_app.ui.cast_sample import SamplePart
from narrator_app.ui.cast_voice import VoicePart
from narrator_app.ui.cast_writer import WriterPart
from narrator_app.ui.parts import action, field, label, redraw
from narrator_app.views.card_form import (
    CardForm,
    Exchange,
    LoreLine,
    Problem,
    Unfinished,
    card_of,
    changes,
    form_of,
    free_colour,
    from_draft,
    problems,
    to_draft,
)
from narrator_app.voices import Voices

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

Work = Callable[[], Awaitable[object]]
LONG = {"description": 2, "personality": 2, "goals": 2, "backstory": 4, "scenario": 2, "first_message": 2}  # lines


@dataclass(frozen=True)
class Subject:
    """Whom a form is about. ``seat`` None: somebody new. ``portrait``: the blob of one that came with the card;
    ``luggage``: what it brings along.
    """

    seat: int | None
    card: Card
    portrait: bytes | None = None
    luggage: Luggage = NOTHING

    @property
    def brings(self) -> str:
        """What is to be said of what it has learned; a form that was left does not know where the card lies."""
        lacks = self.card.mind is not None and self.luggage.brought is None
        return self.luggage.told or (say("cast.mind_stays") if lacks else "")

    @property
    def place(self) -> str:
        """The name under which an unfinished form is kept."""
        return "card:new" if self.seat is None else f"card:{self.seat}"


def newcomer(evening: Evening) -> Card:
    """An empty card in a colour of its own."""
    colours = [one.colour for one in evening.desk.narrator.story.seats.values()]
    return Card("").having(colour=free_colour(colours))


def subject_of(evening: Evening, seat: int) -> Subject:
    """Somebody who is in the story."""
    return Subject(seat, stored_card(evening.desk.narrator.story, seat))


class FormPanel:
    """The form. ``shut`` closes it, ``kept`` is called with the seat when the card was written, and with the way back
    for one that was changed; ``seen`` says whether it is looked at.
    """

    def __init__(
        self,
        desk: PageDesk,
        evening: Evening,
        subject: Subject,
        voices: Voices,
        shut: Callable[[], None],
        kept: Callable[[int, Work | None], None],
        seen: Callable[[], bool],
    ) -> None:
        self.place = f"form:{'new' if subject.seat is None else subject.seat}"
        self._desk = desk
        self._evening = evening
        self._subject = subject
        self._shut = shut
        self._kept = kept
        self._seen = seen
        self._drafts = Drafts(evening.librarian.library, subject.place)
        brought = subject.seat is None and bool(subject.card.name)
        left = None if brought else from_draft(self._drafts.text)
        if left is not None and subject.seat is None:
            self._subject = subject = Subject(None, left.base)
        self._stored = form_of(subject.card)
        self._goes_on = left is not None and (left.form != self._stored or left.portrait is not None)
        if left is None:
            left = Unfinished(self._stored, subject.card, subject.portrait)
        self._lay(left.form, left.portrait, voices)

    def _lay(self, form: CardForm, portrait: bytes | None, voices: Voices) -> None:
        desk, palette = self._desk, self._desk.palette
        self._name = field(palette, say("cast.name"), form.name, on_change=self._typed, autofocus=not form.name)
        labels = {
            "description": say("cast.description"),
            "personality": say("cast.personality"),
            "goals": say("cast.goals"),
            "backstory": say("cast.backstory"),
            "scenario": say("cast.scenario"),
            "first_message": say("cast.first_message"),
        }
        self._texts = {
            name: field(
                palette, labels[name], getattr(form, name), multiline=True, min_lines=1, max_lines=2 * lines,
                on_change=self._typed,
            )
            for name, lines in LONG.items()
        }  # fmt: skip
        self._texts["description"].hint_text = say("cast.description_hint")
        self._texts["personality"].hint_text = say("cast.personality_hint")
        self._look = LookPart(
            desk, self._evening, self._subject.seat, form, portrait, lambda: self._name.value or "", self._typed
        )
        self._voice = VoicePart(
            desk, voices, self._subject.seat or 0, form.voice, lambda: self._name.value or "", self._typed
        )
        self._aloud = AloudPart(palette, form.actions, form.thoughts, self._typed)
        self._sample = SamplePart(desk, self._evening, voices, self._subject.seat, self._sampled, self._seen)
        share = say("cast.talkativeness", share=form.talkativeness)
        self._talk_words = label(palette, share, size=14, colour=palette.text)
        self._talk = ft.Slider(
            min=0, max=100, divisions=20, value=form.talkativeness, on_change=self._slid, active_color=palette.accent
        )
        self._raw: ft.TextField | None = None
        self._examples: RowsPart | None = None
        if form.raw_examples is not None:
            self._raw = field(
                palette,
                say("cast.examples_raw"),
                form.raw_examples,
                multiline=True,
                min_lines=4,
                max_lines=12,
                on_change=self._typed,
            )
        else:
            self._examples = examples_part(desk, [(one.told, one.answer, -1) for one in form.examples], self._typed)
        self._lore = lore_part(desk, [(one.keys, one.content, one.place) for one in form.lore], self._typed)
        here = self._evening.desk.casting.here
        settings = here.settings(self._subject.seat) if self._subject.seat is not None else None
        self._writer = WriterPart(desk, settings, self._typed)
        self._foot = label(palette, "", size=13)
        words = say("cast.save") if self._subject.seat is not None else say("cast.create")
        self._save = action(
            palette, words, lambda event: self.save(), icon=ft.Icons.CHECK, kind="filled", key="Ctrl+Enter"
        )
        self._over = action(palette, say("cast.start_over"), lambda event: self._start_over(), icon=ft.Icons.REFRESH)
        self._over.visible = self._goes_on

    def build(self) -> ft.Control:
        desk = self._desk
        texts = self._texts
        examples = self._raw or (self._examples.build() if self._examples else ft.Container())
        body: list[ft.Control] = [
            *([label(desk.palette, say("cast.unfinished"), colour=desk.palette.warn)] if self._goes_on else []),
            *([label(desk.palette, self._subject.brings)] if self._subject.brings else []),
            *section(desk, say("cast.part_who")),
            self._name,
            self._look.build(),
            texts["description"],
            texts["personality"],
            texts["goals"],
            texts["backstory"],
            *section(desk, say("cast.part_voice")),
            self._voice.build(),
            self._aloud.build(),
            self._sample.build(),
            *section(desk, say("cast.part_play")),
            label(desk.palette, say("cast.examples"), size=14, colour=desk.palette.text),
            label(desk.palette, say("cast.examples_text")),
            examples,
            self._talk_words,
            self._talk,
            label(desk.palette, say("cast.talkativeness_text")),
            *section(desk, say("cast.part_world")),
            texts["scenario"],
            texts["first_message"],
            label(desk.palette, say("cast.lore"), size=14, colour=desk.palette.text),
            self._lore.build(),
            *section(desk, say("cast.part_machine"), say("cast.writer_text")),
            label(desk.palette, say("cast.writer"), size=14, colour=desk.palette.text),
            self._writer.build(),
        ]
        foot = ft.Column(
            [self._foot, ft.Row([self._save, self._over], spacing=8, wrap=True, run_spacing=8)], spacing=8, tight=True
        )
        self._judge()
        return framed(desk, self._title(), body, self._shut, foot)

    def _title(self) -> str:
        if self._subject.seat is not None:
            return say("cast.form_edit", name=self._subject.card.name)
        name = self._subject.card.name
        return say("cast.form_imported", name=name) if name else say("cast.form_new")

    def refresh(self) -> None:
        self._look.refresh()

    def form(self) -> CardForm:
        """What stands in the fields."""
        texts = {name: one.value or "" for name, one in self._texts.items()}
        examples = (
            tuple(Exchange(told, answer) for told, answer, _ in self._examples.values()) if self._examples else ()
        )
        return CardForm(
            name=self._name.value or "",
            **texts,
            examples=examples,
            raw_examples=(self._raw.value or "") if self._raw else None,
            lore=tuple(LoreLine(*one) for one in self._lore.values()),
            voice=self._voice.voice,
            actions=self._aloud.actions,
            thoughts=self._aloud.thoughts,
            talkativeness=round(self._talk.value or 0),
            colour=self._look.colour,
        )

    def hear(self) -> None:
        """Try the voice that is chosen."""
        self._voice.hear()

    # --- what is typed ----------------------------------------------------------------------------------------------

    def _slid(self, event: object) -> None:
        self._talk_words.value = say("cast.talkativeness", share=round(self._talk.value or 0))
        self._talk_words.update()
        self._typed()

    def _sampled(self) -> None:
        """The story gave it another voice, or took it back: no change of this form's, and nothing for it to undo."""
        if self._subject.seat is not None:
            self._subject = subject_of(self._evening, self._subject.seat)
            self._stored = form_of(self._subject.card)
            self._voice.choose(self._stored.voice)

    def _typed(self, event: object = None) -> None:
        left = Unfinished(self.form(), self._subject.card, self._look.portrait)
        self._desk.do(lambda: self._drafts.keep(to_draft(left)))
        self._judge()
        redraw(self._foot)

    def _judge(self) -> None:
        """Say below the form how it stands."""
        palette, count = self._desk.palette, len(changes(self.form(), self._stored))
        count += self._look.portrait is not None
        wrong = self._wrong()
        if wrong and (count or self._subject.card.name):
            self._foot.value, self._foot.color = f"{wrong[0].what} {wrong[0].remedy}", palette.danger
        elif self._subject.seat is None:
            self._foot.value, self._foot.color = say("cast.imported") if self._subject.card.name else "", palette.muted
        else:
            words = say("cast.changed_one") if count == 1 else say("cast.changed", count=count)
            self._foot.value, self._foot.color = words if count else say("cast.changed_none"), palette.muted

    def _wrong(self) -> tuple[Problem, ...]:
        seats = self._evening.desk.narrator.story.seats.values()
        others = [one.name for one in seats if one.number != self._subject.seat]
        return problems(self.form(), self._subject.card, others)

    def _show_faults(self, wrong: tuple[Problem, ...]) -> None:
        by_field = {one.field: one.what for one in wrong}
        self._fault(self._name, by_field.get("name", ""))
        for name, one in self._texts.items():
            self._fault(one, by_field.get(name, ""))
        for part, rows in (("examples", self._examples), ("lore", self._lore)):
            for number, _ in enumerate(rows.values() if rows else ()):
                if rows:
                    rows.fault(number, by_field.get(f"{part}.{number}", ""))

    def _fault(self, control: ft.TextField, what: str) -> None:
        if (control.error or "") != what:
            control.error = what or None
            control.update()

    # --- what is done -----------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the card, or say at the field what keeps it from being written."""
        wrong = self._wrong()
        self._show_faults(wrong)
        if wrong:
            self._foot.value = f"{wrong[0].what} {wrong[0].remedy}"
            self._foot.color = self._desk.palette.danger
            self._foot.update()
            return
        card = card_of(self.form(), self._subject.card)
        seats: list[int] = []
        back = self._way_back()
        self._desk.do(lambda: self._write(card, seats), lambda: self._kept(seats[0], back))
        self._foot.update()

    def _way_back(self) -> Work | None:
        """What gives somebody the card it has now."""
        casting, seat = self._evening.desk.casting, self._subject.seat
        if seat is None:
            return None
        before, portrait = self._subject.card, self._evening.desk.narrator.story.seats[seat].portrait
        return lambda: casting.change(seat, before, portrait)

    async def _write(self, card: Card, seats: list[int]) -> None:
        casting, seat = self._evening.desk.casting, self._subject.seat
        renewed = self._writer.is_changed()
        if seat is None:
            seat = await casting.cast(card, self._look.portrait or b"", self._subject.luggage)
        else:
            await casting.change(seat, card, self._look.portrait)
        if renewed:
            self._writer.keep(casting.here.settings(seat))
            if seat in casting.here.playing():
                await casting.here.restart(seat)
        await self._drafts.keep("")
        seats.append(seat)

    def _start_over(self) -> None:
        """Forget what was written here."""
        self._desk.do(lambda: self._drafts.keep(""), self._shut)
        self._foot.update()
