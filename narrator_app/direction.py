"""Who speaks next: a pure decision over the story as it stands. Called again whenever anything changes.

Rules of this file:
- The fold is the truth. What was planned, asked, answered and missed is read from it, so a narrator's peer that was
  killed in the middle of a beat goes on where it was.
- One cue at a time. The next is given when the last was answered or missed.
- Narrating again drops the speakers of the older beat who have not been asked; the one who was asked may finish.
- A hush ends the beat: whoever was not asked yet is not asked any more.
- While the narrator holds, nobody is asked; who was asked may finish. Whoever he skipped is not asked in this beat.
- No first token in 30 s, or no progress in 20 s: missed. A line that comes later is taken while its beat is the last
  one. A line that is there has no haste: under review it waits for the narrator's word as long as he likes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from protocol.authority import Authority
from protocol.entry import Entry
from protocol.story import Cue, Story

FIRST_TOKEN_SECONDS = 30.0
PROGRESS_SECONDS = 20.0
GONE_SECONDS = 10.0  # a member that lost its link this long is not waited for
FAILING_SECONDS = 3.0  # a member that says it cannot answer is believed after this long
ANSWERERS = 4  # asked by themselves after one narration; more than that tires the ear


@dataclass(frozen=True)
class Accept:
    line: Entry


@dataclass(frozen=True)
class Ask:
    beat: bytes
    seat: int
    take: int


@dataclass(frozen=True)
class Miss:
    cue: bytes
    why: str


Decision = Accept | Ask | Miss


@dataclass
class Pace:
    """What the log does not hold: when a cue was last seen to progress, and who has been away since when (seconds)."""

    asked_at: float
    progressed_at: float | None = None


@dataclass(frozen=True)
class Circumstances:
    """What decides beside the story: ``away`` holds since when a seat has no link, ``failing`` why one
    cannot answer; ``forced`` are seats asked for by hand and ``skipped`` those passed over, each with its beat; while
    ``held`` nobody is asked."""

    now: float
    review: bool
    paces: Mapping[bytes, Pace]
    away: Mapping[int, float]
    failing: Mapping[int, str]
    forced: Sequence[tuple[bytes, int]] = ()
    skipped: Collection[tuple[bytes, int]] = ()
    held: bool = False


@dataclass(frozen=True)
class Turn:
    """A place in the queue of those who speak. ``state`` is "asked" (nothing came yet), "speaking", "waiting" (its line
    waits for the narrator's word), "forced" (by hand), "planned", "held", "skipped" or "empty" (nobody plays it).
    """

    seat: int
    state: str


def decide(story: Story, authority: Authority, around: Circumstances) -> Decision | None:
    """The next thing to do, or None while there is nothing to do but wait."""
    line = None if around.review else next(iter(acceptable(story, authority)), None)
    if line is not None:
        return Accept(line)
    cue = open_cue(story)
    if cue is not None:
        is_answered = any(cue.entry in line.refs for line in acceptable(story, authority))
        why = "" if is_answered else _overdue(story, authority, cue, around)
        return Miss(cue.entry, why) if why else None
    if around.held:
        return None
    for beat, seat in around.forced:
        if story.on_path(beat):
            return Ask(beat, seat, takes_asked(story, beat, seat))
    beat = story.last_beat()
    for seat in _planned(story, beat):
        if (beat, seat) not in around.skipped and authority.occupant(seat) is not None:
            return Ask(beat, seat, 0)
    return None


def queue(story: Story, authority: Authority, around: Circumstances) -> tuple[Turn, ...]:
    """Who speaks now and next, in order: what :func:`decide` does if nothing else happens, and whom it passes over."""
    turns = []
    cue = open_cue(story)
    if cue is not None and cue.seat is not None:
        pace = around.paces.get(cue.entry)
        is_answered = any(cue.entry in line.refs for line in acceptable(story, authority))
        begun = pace is not None and pace.progressed_at is not None
        turns.append(Turn(cue.seat, "waiting" if is_answered else "speaking" if begun else "asked"))
    beat = story.last_beat()
    for about, seat in around.forced:
        if story.on_path(about):
            turns.append(Turn(seat, "held" if around.held else "forced"))
    for seat in _planned(story, beat):
        if (beat, seat) in around.forced:
            continue
        is_empty, is_skipped = authority.occupant(seat) is None, (beat, seat) in around.skipped
        held = "held" if around.held else "planned"
        turns.append(Turn(seat, "empty" if is_empty else "skipped" if is_skipped else held))
    return tuple(turns)


def _planned(story: Story, beat: bytes) -> list[int]:
    """Seats a narration asks for that were not asked yet."""
    if not beat or _hushed(story, beat):
        return []
    asked = {cue.seat for cue in story.cues_of(beat)}
    return [seat for seat in story.plans.get(beat, ()) if seat not in asked]


def acceptable(story: Story, authority: Authority) -> list[Entry]:
    """Lines that were offered by whoever was asked and may become canon, oldest first."""
    result = []
    for entry, _ in story.offered.values():
        cue = story.cues.get(entry.refs[0]) if entry.refs else None
        author = authority.members.get(entry.author)
        if cue is None or author is None or author.seat != cue.seat or not story.on_path(cue.beat):
            continue
        late = cue.state == "missed" and not cue.let_go and cue.beat == story.last_beat()
        if cue.state == "open" or late:
            result.append(entry)
    return sorted(result, key=lambda entry: (entry.at, entry.id))


def open_cue(story: Story) -> Cue | None:
    """The cue that waits for its answer."""
    return next((cue for cue in story.cues.values() if cue.state == "open" and story.on_path(cue.beat)), None)


def under_review(story: Story) -> bool:
    """Whether the cue that waits was given with review on: a narrator who starts anew lets no line in unseen."""
    cue = open_cue(story)
    return cue is not None and cue.review


def takes_asked(story: Story, beat: bytes, seat: int) -> int:
    """How often this seat was asked in this beat."""
    return sum(cue.seat == seat for cue in story.cues_of(beat))


def plan_for(text: str, story: Story, asked: Sequence[int] | None = None) -> tuple[int, ...]:
    """Whom a narration asks: those named with @, else those named in it, else everybody, longest silent first."""
    seats = [one for one in story.seats.values() if one.role == "character" and not one.retired]
    if asked is not None:
        return tuple(dict.fromkeys(asked))
    for sign in ("@", r"(?<!\w)"):
        found = [(place, one.number) for one in seats if (place := _named(one.name, sign, text)) is not None]
        if found:
            return tuple(dict.fromkeys(number for _, number in sorted(found)))
    last_spoken = {passage.seat: index for index, passage in enumerate(story.path())}
    ordered = sorted(seats, key=lambda one: (last_spoken.get(one.number, -1), -one.talkativeness, one.number))
    return tuple(one.number for one in ordered[:ANSWERERS])


def unknown_names(text: str, story: Story) -> list[str]:
    """Names called with an @ that no character of this story answers to; "a@b.org" calls nobody."""
    seats = [one for one in story.seats.values() if one.role == "character" and not one.retired]
    found = []
    for call in re.finditer(r"(?<![\w@.])@(\w[\w'’-]*)", text):
        rest = text[call.start() :]
        if not any(_named(one.name, "@", rest) == 0 for one in seats):
            found.append(call[1])
    return found


def _named(name: str, sign: str, text: str) -> int | None:
    """Where a name stands in a text: the whole of it however it is written; a part of it only as it is spelt there, and
    not one as short as "The" or "of", unless it was asked for with an @.
    """
    parts = name.split() if sign == "@" else [part for part in name.split() if len(part) > 3]
    whole = [re.search(rf"{sign}{re.escape(name)}(?!\w)", text, re.IGNORECASE)]
    whole += [re.search(rf"{sign}{re.escape(part)}(?!\w)", text, re.IGNORECASE if sign == "@" else 0) for part in parts]
    return min((match.start() for match in whole if match is not None), default=None)


def _overdue(story: Story, authority: Authority, cue: Cue, around: Circumstances) -> str:
    name = story.seats[cue.seat].name if cue.seat in story.seats else "This seat"
    if cue.seat is not None and authority.occupant(cue.seat) is None:
        return f"Nobody plays {name}."
    away_since = around.away.get(cue.seat) if cue.seat is not None else None
    pace = around.paces.get(cue.entry)
    if away_since is not None and around.now - away_since >= GONE_SECONDS:
        return f"{name} is not here."
    if pace is None:
        return ""
    failing = around.failing.get(cue.seat) if cue.seat is not None else None
    if failing and pace.progressed_at is None and around.now - pace.asked_at >= FAILING_SECONDS:
        return f"{name} cannot answer: {failing}"
    if pace.progressed_at is None and around.now - pace.asked_at >= FIRST_TOKEN_SECONDS:
        return f"{name} did not begin to answer within {FIRST_TOKEN_SECONDS:.0f} seconds."
    if pace.progressed_at is not None and around.now - pace.progressed_at >= PROGRESS_SECONDS:
        return f"{name} stopped in the middle of the answer for {PROGRESS_SECONDS:.0f} seconds."
    return ""


def _hushed(story: Story, beat: bytes) -> bool:
    for about in story.heard:
        cue = story.cues.get(about)
        passage = story.passage_of(about)
        if (cue and cue.beat == beat) or (passage and passage.beat == beat):
            return True
    return False
