"""The fold as people read it: passages in order, with names and words. Exports and search are made from this."""

from __future__ import annotations

from collections.abc import Iterator

from narrator_app.library import SpokenLine
from narrator_app.wording import plain
from protocol.kinds import NARRATOR
from protocol.ledger import Ledger
from protocol.story import Story

REMOVED = "(removed)"


def book_of(ledger: Ledger, *, with_whispers: bool) -> object:
    """The story from its beginning to its head. Whispers stand in it only when asked for."""
    return None


def spoken_lines(story: Story) -> Iterator[SpokenLine]:
    """Every passage that can be read here, as the library keeps it."""
    for position, told in enumerate(story.path()):
        take = told.take
        text = plain(story.spans_of(take))
        if text:
            kind = "narration" if told.seat == NARRATOR else "line"
            yield SpokenLine(
                position,
                take.entry,
                told.beat,
                told.chosen,
                speaker(story, told.seat),
                kind,
                text,
                take.at,
                take.audience is not None,
            )


def speaker(story: Story, seat: int) -> str:
    """The name a passage is spoken under."""
    if seat == NARRATOR:
        return "Narrator"
    return story.seats[seat].name if seat in story.seats else f"seat {seat}"
