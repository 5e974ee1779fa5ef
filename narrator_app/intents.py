"""What the narrator can do to the story. The terminal and the desk call these and nothing else.

Every intent raises a NodeError with a sentence and a hint when it can't be done, and changes nothing then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dwnet.audio import Sound
from dwnet.clips import Clips
from dwnet.node import BEFORE, Draft
from dwnet.text import clean, marked, one_line
from dwnet.whole_file import writing
from narrator_app.direction import acceptable, open_cue, plan_for, unknown_names
from narrator_app.errors import (
    NobodyCalled,
    NoSuchCharacter,
    NoSuchPlace,
    NothingToAdopt,
    NothingTold,
    NothingToRetake,
    NothingWaits,
    NotInTurn,
    NotPlayedYet,
    TooLong,
)
from narrator_app.narrator import Narrator
from narrator_app.recording import keep_recording
from narrator_app.revision import Revision
from protocol import limits
from protocol.entry import Entry
from protocol.kinds import (
    NARRATOR,
    Adopted,
    Checkpoint,
    Discarded,
    Heard,
    Line,
    Missed,
    Narrated,
)
from protocol.story import SKIPPED, Passage


class Intents:
    """The narrator's hands. ``draft`` is the file an over-long or untold narration is kept in.

    ``said_aloud`` tells what is being heard when a hush comes: the entry (line or cue) and how many characters of it
    were said; it also stops the sound.
    """

    def __init__(
        self, narrator: Narrator, draft: Path, said_aloud: Callable[[], Sequence[tuple[bytes, int]]], clips: Clips
    ) -> None:
        self.narrator = narrator
        self.draft = draft
        self.clips = clips
        self.revision = Revision(narrator)
        self._said_aloud = said_aloud

    # --- telling ----------------------------------------------------------------------------------------------------

    async def tell(
        self, text: str, ask: Sequence[str] | None = None, *, mode: str = "say", recording: Sound | None = None
    ) -> Entry:
        """Narrate. ``ask`` names who shall answer; without it those named in the text, else everybody. ``recording``
        is the narrator saying it, which becomes the narration's sound; no reader reads it then.

        :raises NothingTold, TooLong, NoSuchCharacter, NobodyCalled, RecordingTooLong: and nothing is told.
        """
        words = self._fit(text)
        story = self.narrator.story
        asked = [self.seat_of(name) for name in ask] if ask is not None else None
        if asked is None and mode != "scene" and (unknown := unknown_names(words, story)):
            raise NobodyCalled(name=unknown[0], cast=self._cast())
        plan = () if mode == "scene" else plan_for(words, story, asked)
        sound = await keep_recording(self.clips, recording) if recording is not None else None
        await self.narrator.copies.settle_tails()
        drafts = [Draft(Narrated(words, plan[: limits.PLAN], mode)), *([Draft(sound, (BEFORE,))] if sound else [])]
        entry, *_ = await self.narrator.node.write(*drafts)
        self.narrator.skipped.clear()
        self.narrator.happen("narrated", entry=entry.id.hex(), text=words, mode=mode)
        self._tell_of_empty_seats(plan)
        self.remind()
        self.narrator.changed()
        return entry

    async def whisper(self, name: str, text: str) -> Entry:
        """Tell something that only ``name``'s machine can read; its answer comes back the same way."""
        words, seat = self._fit(text), self.seat_of(name)
        if self.narrator.node.ledger.authority.occupant(seat) is None:
            raise NotPlayedYet(name=name)
        draft = Draft(Narrated(words, (seat,), "say"), (), (NARRATOR, seat))
        (entry,) = await self.narrator.node.write(draft)
        self.narrator.happen(
            "narrated", entry=entry.id.hex(), text=words, mode="whisper", to=self.narrator.name_of(seat)
        )
        self.narrator.changed()
        return entry

    def _tell_of_empty_seats(self, plan: Sequence[int]) -> None:
        authority = self.narrator.node.ledger.authority
        for name in [self.narrator.name_of(seat) for seat in plan if authority.occupant(seat) is None]:
            self.narrator.happen(
                "notice",
                what=f"Nobody plays {name} yet. /cast {name} --here plays it here, /invite {name} elsewhere.",
            )

    def _fit(self, text: str) -> str:
        words = clean(text)
        if not words:
            raise NothingTold
        if len(words) > limits.TEXT:
            with writing(self.draft):
                self.draft.write_text(words, encoding="utf-8")
            raise TooLong(count=f"{len(words):,}", most=f"{limits.TEXT:,}", draft=self.draft)
        return words

    async def cue(self, names: Sequence[str]) -> None:
        """Ask these, or all, to answer the last narration now."""
        beat = self.narrator.story.last_beat()
        if not beat:
            raise NothingTold
        everybody = [
            one.number for one in self.narrator.story.seats.values() if one.role == "character" and not one.retired
        ]
        seats = everybody if [one.lower() for one in names] == ["all"] else [self.seat_of(one) for one in names]
        authority = self.narrator.node.ledger.authority
        empty = [seat for seat in seats if authority.occupant(seat) is None]
        if empty and (seats is not everybody or empty == everybody):
            raise NotPlayedYet(name=self.narrator.name_of(empty[0]))
        seats = [seat for seat in seats if seat not in empty]
        for one in [(beat, seat) for seat in dict.fromkeys(seats)]:
            if one in self.narrator.skipped:
                self.narrator.skipped.remove(one)
            if one not in self.narrator.forced:
                self.narrator.forced.append(one)
            self.narrator.happen("called", member=self.narrator.name_of(one[1]))
        self.narrator.changed()

    async def skip(self, name: str) -> None:
        """Pass over a speaker: one who waits for a turn is not asked in this beat, one who was asked is not waited for.

        :raises NotInTurn: when it was neither.
        """
        narrator, seat = self.narrator, self.seat_of(name)
        cue, member = open_cue(narrator.story), narrator.name_of(seat)
        if cue is not None and cue.seat == seat:
            lines = acceptable(narrator.story, narrator.node.ledger.authority)
            waiting = [line for line in lines if cue.entry in line.refs]
            await narrator.node.write(
                *(Draft(Discarded("skipped by the narrator"), (line.id,), cue.audience) for line in waiting),
                Draft(Missed(SKIPPED), (cue.entry,), cue.audience),
            )
            narrator.happen("missed", member=member, why=SKIPPED)
        elif any(turn.seat == seat and turn.state != "skipped" for turn in narrator.queue()):
            for forced in [one for one in narrator.forced if one[1] == seat]:
                narrator.forced.remove(forced)
            narrator.skipped.append((narrator.story.last_beat(), seat))
            narrator.happen("skipped", member=member)
        else:
            raise NotInTurn(name=member)
        narrator.changed()

    async def hold(self, on: bool) -> None:
        """While held, nobody is asked; whoever was asked may finish."""
        self.narrator.held = on
        self.narrator.happen("held", on=on)
        self.narrator.changed()

    def _cast(self) -> str:
        seats = self.narrator.story.seats.values()
        return ", ".join(one.name for one in seats if one.role == "character" and not one.retired) or "nobody yet"

    def seat_of(self, name: str) -> int:
        """The seat of a character by its name, or the beginning of one that fits nobody else."""
        wanted = one_line(name.lstrip("@"), limits.NAME).casefold()
        seats = [one for one in self.narrator.story.seats.values() if one.number != NARRATOR]
        exact = [one for one in seats if one.name.casefold() == wanted]
        close = exact or [one for one in seats if wanted and one.name.casefold().startswith(wanted)]
        if len(close) != 1:
            cast = ", ".join(one.name for one in seats) or "nobody yet"
            raise NoSuchCharacter(name=name, cast=cast)
        return close[0].number

    # --- the line that waits, and the last one ----------------------------------------------------------------------

    async def accept(self) -> None:
        """The line that waits becomes canon."""
        await self.narrator.accept(self._waiting())
        self.narrator.changed()

    async def discard(self) -> None:
        """The line that waits does not become canon; its cue counts as missed."""
        line = self._waiting()
        cue = self.narrator.story.cues[line.refs[0]]
        await self.narrator.node.write(
            Draft(Discarded("discarded by the narrator"), (line.id,), cue.audience),
            Draft(Missed("The narrator discarded the line."), (cue.entry,), cue.audience),
        )
        self.narrator.happen("notice", what="The line is discarded. It stays in the log, and out of the story.")
        self.narrator.changed()

    async def edit(self, text: str) -> None:
        """The line that waits, or the last passage, gets the narrator's wording. The original stays in the log."""
        words = self._fit(text)
        waiting = acceptable(self.narrator.story, self.narrator.node.ledger.authority)
        if waiting and self.narrator.review:
            line = waiting[0].id
            await self.narrator.accept(waiting[0])
        else:
            line = self._last().id
        await self.revision.edit(line, words)
        self.narrator.happen("notice", what="The wording was changed; the original stays in the log.")
        self.narrator.changed()

    async def retake(self) -> None:
        """Ask the last speaker for another take of the last line."""
        await self.revision.retake(self._last().id)

    async def take(self, number: int) -> None:
        """Let one of the last line's takes stand; they count from 1."""
        passage = self._last()
        await self.revision.choose(passage.id, number)
        words = " ".join(one.text for one in self.narrator.story.spans_of(passage.takes[number - 1]))
        self.narrator.happen("notice", what=f"Take {number} of {len(passage.takes)} stands: {words}")

    async def review(self, on: bool) -> None:
        """With review on, lines wait, and their words and sound come to the narrator alone."""
        self.narrator.review = on
        self.narrator.happen("review", on=on)
        self.narrator.changed()

    def remind(self) -> None:
        """Say that a line waits, where that may have been forgotten."""
        story = self.narrator.story
        for line in acceptable(story, self.narrator.node.ledger.authority)[: int(self.narrator.review)]:
            cue, (_, opening) = story.cues[line.refs[0]], story.offered[line.id]
            words = clean(marked(opening.body.spans)) if opening and isinstance(opening.body, Line) else ""
            self.narrator.happen(
                "notice",
                what=f"Review is on, and a line of {self.narrator.name_of(cue.seat)} waits for your word: {words}\n"
                "/accept, /edit TEXT or /discard. Nobody else speaks before.",
            )

    def _waiting(self) -> Entry:
        waiting = acceptable(self.narrator.story, self.narrator.node.ledger.authority)
        if not waiting:
            raise NothingWaits
        return waiting[0]

    def _last(self) -> Passage:
        story = self.narrator.story
        if not story.head:
            raise NothingToRetake
        return story.passages[story.head]

    # --- going back -----------------------------------------------------------------------------------------------

    async def checkpoint(self, name: str) -> None:
        """Name this place in the story."""
        short = one_line(name, limits.NAME)
        if not short:
            raise NoSuchPlace(name=name, places=self.revision.places())
        head = self.narrator.story.head
        (entry,) = await self.narrator.node.write(Draft(Checkpoint(short), (head,) if head else ()))
        self.narrator.happen("checkpoint", name=short, entry=entry.id.hex())

    async def adopt(self) -> None:
        """Join the lines of an earlier evening that was found again."""
        tails = self.narrator.node.ledger.canon.tails()
        if not tails:
            raise NothingToAdopt
        gained = sum(len(self.narrator.node.ledger.canon.missing_of(tail)) for tail in tails)
        await self.narrator.node.write(*(Draft(Adopted(), (tail.tip.id,)) for tail in tails))
        self.narrator.copies.behind_since = None
        self.narrator.happen("notice", what=f"{gained} entries of an earlier evening are joined to the story.")
        self.narrator.changed()

    # --- silence --------------------------------------------------------------------------------------------------

    async def hush(self) -> None:
        """Stop generating, speaking and sounding everywhere, and note what was said aloud by then."""
        said = list(self._said_aloud())
        self.revision.stop_everybody()
        self.narrator.forced.clear()
        story = self.narrator.story
        cue = open_cue(story)
        if cue is not None and all(about != cue.entry for about, _ in said):
            said.append((cue.entry, 0))  # being written and not said yet; without this its beat would go on
        for about, characters in said:
            cue = story.cues.get(about)
            passage = story.passage_of(about)
            audience = cue.audience if cue else passage.take.audience if passage else None
            await self.narrator.node.write(Draft(Heard(min(characters, limits.TEXT)), (about,), audience))
        self.narrator.happen("notice", what="Hush. Nobody speaks.")
        self.narrator.changed()
