"""The stage as values: the story's rows, who speaks now and next, the line that waits. Pure; the screen shows it.

Rules of this file:
- A row is made when it is looked at. What is asked of the whole story is its length and a place in it, never a list.
- A row is equal to the one made before exactly when it is shown alike, so that a screen sends differences alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dwnet.text import clean, clean_piece
from narrator_app.direction import Turn, acceptable, open_cue
from protocol.authority import Authority
from protocol.kinds import NARRATOR, NARRATOR_NAME, Line
from protocol.shapes import Span
from protocol.story import WENT_BACK, Passage, Story

Kind = Literal["narration", "line", "scene", "whisper"]
IDLE = 24  # characters who are not in turn and are offered to be asked; a cast may have hundreds


@dataclass(frozen=True)
class Piece:
    """A stretch of a row in one look: ``kind`` is speech, action or thought; ``said``: it was heard by the listeners,
    or is as good as heard because nothing cut it off. ``joined``: it goes on with the piece before, without a blank.
    """

    kind: str
    text: str
    said: bool = True
    joined: bool = False


@dataclass(frozen=True)
class Note:
    """Who was asked in a beat and did not answer, and why."""

    speaker: str
    colour: str
    why: str


@dataclass(frozen=True)
class Row:
    """A passage as it is shown. ``id`` is the passage's, ``entry`` the take's that stands; ``said`` how many characters
    were heard before a hush, None when nothing cut it off; ``private`` names who alone may read it; ``at`` is in ms
    since 1970; ``notes`` stand below the last row of a beat; ``marks`` are the names this place in the story has;
    ``hidden`` is "", "sealed" or "removed"; ``portrait`` is a blob, b"" where there is none.
    """

    id: bytes
    entry: bytes
    beat: bytes
    kind: Kind
    speaker: str
    seat: int
    colour: str
    spans: tuple[Span, ...]
    said: int | None
    edited: bool
    take: int
    takes: int
    private: tuple[str, ...]
    at: int
    has_sound: bool
    hidden: str
    notes: tuple[Note, ...]
    marks: tuple[str, ...] = ()
    portrait: bytes = b""

    @property
    def is_line(self) -> bool:
        """A character said it."""
        return self.seat != NARRATOR


@dataclass(frozen=True)
class Speaker:
    """A character and its place among those who speak. ``state`` is a turn's, or "idle"."""

    seat: int
    name: str
    colour: str
    state: str


@dataclass(frozen=True)
class Writing:
    """An answer that is being written: what came of it so far."""

    cue: bytes
    seat: int
    speaker: str
    colour: str
    text: str
    portrait: bytes = b""


@dataclass(frozen=True)
class Waiting:
    """A line that waits for the narrator's word."""

    entry: bytes
    seat: int
    speaker: str
    colour: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class StageView:
    """Everything on the stage but the rows, which are made place by place. ``head``: the passage the story ends in;
    ``idle`` counts further characters that are not shown one by one.
    """

    length: int
    head: bytes
    speakers: tuple[Speaker, ...]
    further: int
    writing: Writing | None
    waiting: Waiting | None
    review: bool
    held: bool
    cast: tuple[str, ...]


def stage_view(
    story: Story,
    authority: Authority,
    turns: Sequence[Turn],
    written: Mapping[bytes, str],
    *,
    review: bool,
    held: bool,
) -> StageView:
    """What the stage shows now. ``turns`` is the queue, ``written`` what came of answers so far, by cue."""
    waiting = _waiting(story, authority)
    characters = [one for one in story.seats.values() if one.role == "character" and not one.retired]
    in_turn = {turn.seat for turn in turns}
    idle = [one for one in characters if one.number not in in_turn and authority.occupant(one.number) is not None]
    speakers = [_speaker(story, turn.seat, turn.state) for turn in turns]
    speakers += [_speaker(story, one.number, "idle") for one in idle[:IDLE]]
    return StageView(
        length=story.length,
        head=story.head,
        speakers=tuple(speakers),
        further=max(0, len(idle) - IDLE),
        writing=_writing(story, written) if waiting is None else None,
        waiting=waiting if review else None,
        review=review,
        held=held,
        cast=tuple(one.name for one in characters),
    )


def row_at(story: Story, place: int) -> Row:
    """The row at a place of the story; 0 is the first.

    :raises IndexError:
    """
    passage = story.passage_at(place)
    take = passage.take
    following = story.passage_at(place + 1).beat if place + 1 < story.length else b""
    return Row(
        id=passage.id,
        entry=take.entry,
        beat=passage.beat,
        kind=_kind(passage),
        speaker=story.name_of(passage.seat),
        seat=passage.seat,
        colour=_colour(story, passage.seat),
        portrait=_portrait(story, passage.seat),
        spans=story.spans_of(take),
        said=story.heard.get(take.entry, story.heard.get(take.cue)),
        edited=story.edits.get(take.entry, take.spans) != take.spans,
        take=passage.chosen + 1,
        takes=len(passage.takes),
        private=tuple(story.name_of(one) for one in take.audience or () if one != NARRATOR),
        at=take.at,
        has_sound=(sound := story.sound_of(take)) is not None and bool(sound.clips),
        hidden=take.hidden,
        notes=_notes(story, passage.beat) if following != passage.beat else (),
        marks=tuple(name for name, place in story.checkpoints.items() if place == passage.id),
    )


def row_told(text: str, mode: str, to: str) -> Row:
    """A narration as it will stand, before it is part of the story. ``mode`` is say, scene or whisper."""
    kinds: dict[str, Kind] = {"scene": "scene", "whisper": "whisper"}
    return Row(
        id=b"",
        entry=b"",
        beat=b"",
        kind=kinds.get(mode, "narration"),
        speaker=NARRATOR_NAME,
        seat=NARRATOR,
        colour="",
        spans=(Span("speech", text),),
        said=None,
        edited=False,
        take=1,
        takes=1,
        private=(to,) if to else (),
        at=0,
        has_sound=False,
        hidden="",
        notes=(),
    )


def beat_of(story: Story, entry: bytes) -> list[bytes]:
    """The passages of the beat that an entry stands in, in their order."""
    passage = story.passage_of(entry)
    at = story.place_of(passage.beat) if passage is not None else None
    if passage is None or at is None:
        return []
    found = []
    while at < story.length and (one := story.passage_at(at)).beat == passage.beat:
        found.append(one.id)
        at += 1
    return found


def pieces(spans: Sequence[Span], said: int | None) -> tuple[Piece, ...]:
    """A line cut at what was said aloud: ``said`` counts characters of speech; what is done or thought goes with the
    speech before it.
    """
    if said is None:
        return tuple(Piece(one.kind, one.text) for one in spans)
    found, left = [], said
    for one in spans:
        if one.kind != "speech":
            found.append(Piece(one.kind, one.text, said > 0 and left > 0))
            continue
        heard = min(left, len(one.text))
        found += [Piece("speech", one.text[:heard], True)] if heard else []
        found += [Piece("speech", one.text[heard:], False, heard > 0)] if heard < len(one.text) else []
        left -= heard
    return tuple(found)


def _kind(passage: Passage) -> Kind:
    if passage.take.audience is not None:
        return "whisper"
    if passage.seat != NARRATOR:
        return "line"
    return "scene" if passage.mode == "scene" else "narration"


def _portrait(story: Story, seat: int) -> bytes:
    return story.seats[seat].portrait if seat in story.seats else b""


def _colour(story: Story, seat: int) -> str:
    return story.seats[seat].colour if seat in story.seats else ""


def _speaker(story: Story, seat: int, state: str) -> Speaker:
    return Speaker(seat, story.name_of(seat), _colour(story, seat), state)


def _notes(story: Story, beat: bytes) -> tuple[Note, ...]:
    cues = story.cues_of(beat)
    answered = {cue.seat for cue in cues if cue.state == "answered"}
    last = {cue.seat: cue for cue in cues if cue.seat is not None}
    return tuple(
        Note(story.name_of(seat), _colour(story, seat), cue.why)
        for seat, cue in last.items()
        if cue.state == "missed" and seat not in answered and cue.why != WENT_BACK
    )


def _writing(story: Story, written: Mapping[bytes, str]) -> Writing | None:
    cue = open_cue(story)
    if cue is None or cue.seat is None:
        return None
    text = clean_piece(written.get(cue.entry, ""))
    return Writing(
        cue.entry, cue.seat, story.name_of(cue.seat), _colour(story, cue.seat), text, _portrait(story, cue.seat)
    )


def _waiting(story: Story, authority: Authority) -> Waiting | None:
    for line in acceptable(story, authority):
        seat, (_, opening) = story.cues[line.refs[0]].seat, story.offered[line.id]
        if seat is not None and opening is not None and isinstance(opening.body, Line):
            spans = tuple(Span(one.kind, clean(one.text)) for one in opening.body.spans)
            return Waiting(line.id, seat, story.name_of(seat), _colour(story, seat), spans)
    return None
