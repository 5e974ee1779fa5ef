"""What a character sees when it is asked to speak: a pure view of the story, from its own seat.

Rules of this file:
- What is sealed to others is not there: no text, no trace. What a character must not know never reaches its writer.
- For another take, the scene ends where the first attempt began.
"""

from __future__ import annotations

from dwnet.card import Card, PublicCard, card_from_parts
from dwnet.text import marked
from peer.writer.contract import Scene, Turn
from protocol.kinds import NARRATOR
from protocol.story import Seat, Story

SAYS_NOTHING = "*says nothing*"  # stands for a reply without a word
TURNS = 240  # the newest; far more than any small model reads


def card_of(story: Story, seat: int) -> Card | None:
    """The whole card of a seat, as far as this node was told; None before its private part came."""
    public, private = story.seats.get(seat), story.sheets.get(seat)
    return card_from_parts(_public(public), private.encode()) if public and private else None


def scene_for(story: Story, seat: int, card: Card, beat: bytes = b"") -> Scene:
    """The scene for this seat's answer in ``beat``; without a beat, for what may be asked next."""
    turns: list[Turn] = []
    for passage in story.path():
        if beat and passage.beat == beat and passage.seat == seat:
            continue
        take = passage.take
        text = marked(story.spans_of(take))
        if not text:
            continue
        kind = "whisper" if take.audience is not None else "narration" if passage.seat == NARRATOR else "line"
        turns.append(Turn(story.name_of(passage.seat), text, kind))
    cast = tuple(one.name for one in story.seats.values() if one.number != seat and one.role == "character")
    return Scene(card=card, cast=cast, turns=tuple(turns[-TURNS:]), story=story.name)


def _public(seat: Seat) -> PublicCard:
    return PublicCard(
        name=seat.name, voice=seat.voice, colour=seat.colour, talkativeness=seat.talkativeness / 100, tags=()
    )
