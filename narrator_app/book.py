"""The fold as people read it: passages in order, with names and words. Exports and search are made from this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Literal

from dwnet.shipped import words
from dwnet.text import marked
from dwnet.times import iso
from narrator_app.export import Book, CastMember, Mark, Passage
from narrator_app.library import SpokenLine
from protocol.identity import peer_id
from protocol.kinds import NARRATOR
from protocol.ledger import Ledger
from protocol.names import fingerprint
from protocol.story import Passage as Told
from protocol.story import Story

REMOVED = "(removed)"


def book_of(ledger: Ledger, *, with_whispers: bool) -> Book:
    """The story from its beginning to its head. Whispers stand in it only when asked for."""
    return book_later(ledger, with_whispers=with_whispers)()


def book_later(ledger: Ledger, *, with_whispers: bool) -> Callable[[], Book]:
    """The story as it stands now. The passages of a long one take a while to put together: call what is returned in a
    thread, while the ledger goes on.
    """
    story, authority = ledger.story.still(), ledger.authority
    cast = []
    for seat in story.seats.values():
        occupant = authority.occupant(seat.number)
        if seat.role == "character" and not seat.retired:
            cast.append(CastMember(seat.name, seat.voice, seat.colour, peer_id(occupant.key) if occupant else ""))
    head = ledger.canon.head
    return lambda: Book(
        title=story.name,
        tag=ledger.tag.hex(),
        fingerprint_hex=head.hex(),
        fingerprint_words=fingerprint(head, words()),
        cast=tuple(cast),
        passages=tuple(_passages(story, with_whispers)),
        checkpoints=tuple(Mark(name, entry.hex()) for name, entry in story.checkpoints.items()),
    )


def _passages(story: Story, with_whispers: bool) -> Iterator[Passage]:
    beats: dict[bytes, int] = {}
    for told in story.path():
        beat = beats.setdefault(told.beat, len(beats) + 1)
        take = told.take
        private = take.audience is not None
        if take.hidden == "sealed" or (private and not with_whispers):
            continue
        spans = story.spans_of(take)
        text = REMOVED if take.hidden else marked(spans)
        said = story.heard.get(take.entry, story.heard.get(take.cue))
        yield Passage(
            kind=_kind(told),
            speaker=story.name_of(told.seat),
            text=text,
            spans=spans,
            at=iso(take.at),
            entry=take.entry.hex(),
            beat=beat,
            take=told.chosen + 1,
            edited=take.entry in story.edits,
            heard=None if said is None else text[:said],
            model=take.model,
            author=peer_id(take.author),
            audience=tuple(story.name_of(one) for one in take.audience or () if one != told.seat),
        )


def _kind(told: Told) -> Literal["narration", "line", "scene", "whisper"]:
    if told.take.audience is not None:
        return "whisper"
    if told.seat != NARRATOR:
        return "line"
    return "scene" if told.mode == "scene" else "narration"


def spoken_lines(story: Story, beyond: int = 0) -> Iterator[SpokenLine]:
    """Every passage that can be read here, as the library keeps it; without so many at the beginning."""
    for position, told in islice(enumerate(story.path()), beyond, None):
        take = told.take
        text = marked(story.spans_of(take))
        if text:
            yield SpokenLine(
                position,
                take.entry,
                told.beat,
                told.chosen,
                story.name_of(told.seat),
                "narration" if told.seat == NARRATOR else "line",
                text,
                take.at,
                take.audience is not None,
            )
