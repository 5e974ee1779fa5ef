"""What the narrator changes about what was told: wording, takes, and where the story goes on. By passage, any of them.

Nothing is deleted: the original wording stays in the log, and what is left by going back stays as a branch. Each intent
gives back what it takes to undo it by another intent.
"""

from __future__ import annotations

import re
from itertools import count

from dwnet.node import Draft
from dwnet.text import clean, marked, one_line
from narrator_app.direction import open_cue
from narrator_app.errors import NoSuchPassage, NoSuchPlace, NoSuchTake, NothingToRetake, NotPlayedYet
from narrator_app.narrator import Narrator
from protocol import limits
from protocol.kinds import NARRATOR, Checkpoint, Chosen, Edited, Missed, Rewound
from protocol.moments import Hush
from protocol.shapes import Span
from protocol.story import WENT_BACK, Passage

_MARKED = re.compile(r"\*([^*\n]+)\*|(?<!\S)\(([^()\n]+)\)(?!\S)")


def spans_of(text: str) -> tuple[Span, ...]:
    """A line as a person writes it: actions in asterisks, thoughts in parentheses. The other way round of
    :func:`dwnet.text.marked`.
    """
    spans, at = [], 0
    for found in _MARKED.finditer(text):
        spans += [Span("speech", text[at : found.start()].strip())]
        spans += [Span("action", found[1].strip()) if found[1] else Span("thought", found[2].strip())]
        at = found.end()
    spans += [Span("speech", text[at:].strip())]
    whole = tuple(one for one in spans if one.text)
    return whole if 0 < len(whole) <= limits.SPANS else (Span("speech", text),)


class Revision:
    """The narrator's second thoughts. An ``entry`` may be a passage's id or any of its takes."""

    def __init__(self, narrator: Narrator) -> None:
        self.narrator = narrator

    def passage(self, entry: bytes) -> Passage:
        """The passage an entry stands in, on the way the story goes now.

        :raises NoSuchPassage:
        """
        passage = self.narrator.story.passage_of(entry)
        if passage is None or not self.narrator.story.on_path(passage.id):
            raise NoSuchPassage
        return passage

    async def edit(self, entry: bytes, words: str) -> tuple[Span, ...]:
        """Give a passage the narrator's wording; what its wording was before, for :meth:`reword`."""
        passage = self.passage(entry)
        return await self.reword(entry, (Span("speech", words),) if passage.seat == NARRATOR else spans_of(words))

    async def reword(self, entry: bytes, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        """As :meth:`edit`, with its spans: what undoes an edit."""
        story, take = self.narrator.story, self.passage(entry).take
        former = story.spans_of(take)
        if spans == former:
            return former
        await self.narrator.node.write(Draft(Edited(spans), (take.entry,), take.audience))
        self.narrator.happen("edited", entry=take.entry.hex(), text=clean(marked(spans)), former=clean(marked(former)))
        self.narrator.changed()
        return former

    async def choose(self, entry: bytes, number: int) -> int:
        """Let one of a line's takes stand, counted from 1; the number of the one that stood before."""
        passage = self.passage(entry)
        if passage.seat == NARRATOR:
            raise NothingToRetake
        if not 1 <= number <= len(passage.takes):
            raise NoSuchTake(number=number, name=self.narrator.name_of(passage.seat), count=len(passage.takes))
        take = passage.takes[number - 1]
        if passage.chosen != number - 1:
            await self.narrator.node.write(Draft(Chosen(), (take.entry,), take.audience))
        self.narrator.happen("chosen", entry=take.entry.hex(), take=number, takes=len(passage.takes))
        self.narrator.changed()
        return passage.chosen + 1

    async def retake(self, entry: bytes) -> str:
        """Ask for a line once more. The last line gets another take; for an earlier one the story goes back to before
        it. The branch that is left by that, "" if none.
        """
        passage = self.passage(entry)
        if passage.seat == NARRATOR:
            raise NothingToRetake
        if self.narrator.node.ledger.authority.occupant(passage.seat) is None:
            raise NotPlayedYet(name=self.narrator.name_of(passage.seat))
        left = "" if passage.id == self.narrator.story.head else await self._back_to(passage.parent)
        if (passage.beat, passage.seat) not in self.narrator.forced:
            self.narrator.forced.append((passage.beat, passage.seat))
        self.narrator.happen("called", member=self.narrator.name_of(passage.seat))
        self.narrator.changed()
        return left

    async def mark(self, entry: bytes, name: str) -> str:
        """Name this passage as a place to go back to; the name as it is kept."""
        passage, short = self.passage(entry), one_line(name, limits.NAME)
        if not short:
            raise NoSuchPlace(name=name, places=self.places())
        (marked_at,) = await self.narrator.node.write(Draft(Checkpoint(short), (passage.id,)))
        self.narrator.happen("checkpoint", name=short, entry=marked_at.id.hex())
        self.narrator.changed()
        return short

    async def go_back(self, entry: bytes) -> str:
        """The story goes on after this passage. The branch that is left by that, "" if none."""
        return await self._back_to(self.passage(entry).id)

    async def go_back_before(self, entry: bytes) -> str:
        """The story goes on before this passage, as if it had not been told yet. The branch that is left, "" if
        none.
        """
        return await self._back_to(self.passage(entry).parent)

    async def go_to(self, passage: bytes) -> str:
        """The story goes on after this passage, on whatever branch it lies; b"" is the very beginning. The branch that
        is left by that, "" if none.

        :raises NoSuchPassage:
        """
        if passage and passage not in self.narrator.story.passages:
            raise NoSuchPassage
        return await self._back_to(passage)

    async def rewind(self, name: str) -> str:
        """Go back to a checkpoint or branch; also what undoes going back. The branch that is left, "" if none."""
        target = self.narrator.story.place_named(one_line(name, limits.NAME))
        if target is None:
            raise NoSuchPlace(name=name, places=self.places())
        return await self._back_to(target)

    def places(self) -> str:
        """The names one can go back to."""
        story = self.narrator.story
        return ", ".join([*story.checkpoints, *(one.name for one in story.branches)]) or "none yet"

    async def _back_to(self, target: bytes) -> str:
        story = self.narrator.story
        cue, known = open_cue(story), len(story.branches)
        self.stop_everybody()
        branch = next(one for at in count(known + 1) if story.place_named(one := f"before rewind {at}") is None)
        drafts = [Draft(Missed(WENT_BACK), (cue.entry,), cue.audience)] if cue is not None else []
        await self.narrator.node.write(*drafts, Draft(Rewound(branch), (target,) if target else ()))
        self.narrator.forced.clear()
        self.narrator.skipped.clear()
        left = branch if len(self.narrator.story.branches) > known else ""
        if left:
            self.narrator.happen("branch", name=branch, **{"from": target.hex()})
        else:
            self.narrator.happen("notice", what="The story goes on from there; nothing was left behind.")
        self.narrator.changed()
        return left

    def stop_everybody(self) -> None:
        """Nobody goes on writing or speaking."""
        cue = open_cue(self.narrator.story)
        moment = Hush(cue.entry if cue else b"")
        self.narrator.node.say(moment.kind, moment.pack())
