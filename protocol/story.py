"""The fold: canon in, the story as it stands out. The same entries give the same story on every peer.

Rules of this file:
- What shapes the story (order, parents, beats, takes) is read from headers alone. What is sealed to others, or removed,
  is a passage without text at the same place; so the shape is the same for everyone.
- Passages form a tree. The head is where the story goes on; a rewind moves it and deletes nothing.
- A line refers to its cue, the cue to its beat's narration. A line whose beat is not on the path to the head is not
  taken; a second accept of an entry is ignored.
- A beat holds one passage per seat; further lines of that seat in that beat are takes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace

from protocol.body import Opening
from protocol.entry import Entry
from protocol.kinds import (
    NARRATOR,
    NARRATOR_NAME,
    Accepted,
    Body,
    Cast,
    Checkpoint,
    Chosen,
    Cued,
    Discarded,
    Edited,
    Genesis,
    Heard,
    Line,
    Missed,
    Narrated,
    Renamed,
    Rewound,
    Sheet,
    Voiced,
)
from protocol.shapes import Span

SEALED, REMOVED = "sealed", "removed"
SKIPPED, WENT_BACK = "Skipped by the narrator.", "The narrator went back."  # why a cue is missed: he let it go


@dataclass(frozen=True)
class Take:
    """One attempt at a passage: a narration's only one, or a line. ``hidden`` is "", "sealed" or "removed"; then spans
    is empty.
    """

    entry: bytes
    author: bytes
    at: int
    spans: tuple[Span, ...]
    audience: tuple[int, ...] | None
    hidden: str = ""
    cue: bytes = b""
    model: str = ""
    adapter: bytes = b""


@dataclass(frozen=True)
class Passage:
    """A place in the story. ``id`` is its first take's entry; ``parent`` the passage before it (b"": none); ``seat``
    who speaks.
    """

    id: bytes
    parent: bytes
    beat: bytes
    seat: int
    mode: str
    takes: tuple[Take, ...]
    chosen: int = 0

    @property
    def take(self) -> Take:
        return self.takes[self.chosen]


@dataclass(frozen=True)
class Seat:
    """A seat as the last ``cast`` entry left it."""

    number: int
    role: str
    name: str
    voice: str
    colour: str
    talkativeness: int
    portrait: bytes
    retired: bool


@dataclass(frozen=True)
class Cue:
    """A request to answer. ``seat`` is None when the cue is sealed to others; ``state`` is open, answered or missed."""

    entry: bytes
    beat: bytes
    at: int
    seat: int | None
    take: int
    review: bool
    audience: tuple[int, ...] | None
    state: str = "open"
    why: str = ""

    @property
    def let_go(self) -> bool:
        """The narrator no longer waits for it: what comes for it later is not taken, and need not be written."""
        return self.why in (SKIPPED, WENT_BACK)


@dataclass(frozen=True)
class Branch:
    """A tail that a rewind left: its name and the passage it ends in."""

    name: str
    tip: bytes


@dataclass
class Story:
    """The story as it stands. Fold canon in with :meth:`apply`, in order; members' own entries with :meth:`offer`."""

    name: str = ""
    head: bytes = b""
    seats: dict[int, Seat] = field(default_factory=dict)
    sheets: dict[int, str] = field(default_factory=dict)
    passages: dict[bytes, Passage] = field(default_factory=dict)
    plans: dict[bytes, tuple[int, ...]] = field(default_factory=dict)
    cues: dict[bytes, Cue] = field(default_factory=dict)
    checkpoints: dict[str, bytes] = field(default_factory=dict)
    branches: list[Branch] = field(default_factory=list)
    offered: dict[bytes, tuple[Entry, Opening | None]] = field(default_factory=dict)
    edits: dict[bytes, tuple[Span, ...]] = field(default_factory=dict)
    heard: dict[bytes, int] = field(default_factory=dict)
    readers: set[bytes] = field(default_factory=set)  # keys that read narrations; whoever folds knows them
    sounds: dict[tuple[bytes, bytes], tuple[Entry, Voiced]] = field(default_factory=dict)
    _asked: dict[bytes, list[bytes]] = field(default_factory=dict)
    _path: list[bytes] = field(default_factory=list)
    _on_path: dict[bytes, int] = field(default_factory=dict)
    _lines: dict[bytes, bytes] = field(default_factory=dict)
    _settled: set[bytes] = field(default_factory=set)

    def still(self) -> Story:
        """A copy that stays as it is while this one goes on, so that it can be read in a thread."""
        return replace(self, **{name: copy(value) for name, value in vars(self).items()})

    def path(self) -> Iterator[Passage]:
        """The story from its beginning to its head."""
        return (self.passages[one] for one in self._path)

    @property
    def length(self) -> int:
        """How many passages there are from the beginning to the head."""
        return len(self._path)

    def passage_at(self, place: int) -> Passage:
        """The passage at a place of the path; 0 is the first.

        :raises IndexError:
        """
        return self.passages[self._path[place]]

    def place_of(self, passage_id: bytes) -> int | None:
        """Where on the path a passage stands; None when the story has left it."""
        return self._on_path.get(passage_id)

    def cues_of(self, beat: bytes) -> list[Cue]:
        """Who was asked to answer a narration, in order."""
        return [self.cues[one] for one in self._asked.get(beat, ())]

    def name_of(self, seat: int) -> str:
        """The name a seat's lines stand under."""
        if seat == NARRATOR:
            return NARRATOR_NAME
        return self.seats[seat].name if seat in self.seats else f"seat {seat}"

    def passage_of(self, entry_id: bytes) -> Passage | None:
        """The passage that an entry (narration or line) stands in."""
        return self.passages.get(self._lines.get(entry_id, entry_id))

    def on_path(self, passage_id: bytes) -> bool:
        return passage_id in self._on_path

    def last_beat(self) -> bytes:
        """The last narration before the head, b"" when there is none. A line of an older beat may stand after it."""
        return next((one for one in reversed(self._path) if self.passages[one].beat == one), b"")

    def spans_of(self, take: Take) -> tuple[Span, ...]:
        """A take's words as they count: the narrator's edit where there is one."""
        return self.edits.get(take.entry, take.spans)

    def place_named(self, name: str) -> bytes | None:
        """The passage a checkpoint or branch of this name stands for; b"" is the very beginning, None means there is
        none.
        """
        if name in self.checkpoints:
            return self.checkpoints[name]
        return next((one.tip for one in reversed(self.branches) if one.name == name), None)

    def sound_of(self, take: Take) -> Voiced | None:
        """A line's sound as its author signed it last; a narration's as the narrator did, else a reader last."""
        sound = self.sounds.get((take.entry, take.author))
        if sound is None and not take.cue:
            read = [one for key in self.readers if (one := self.sounds.get((take.entry, key))) is not None]
            sound = max(read, key=lambda one: (one[0].at, one[0].id), default=None)
        return sound[1] if sound else None

    def offer(self, entry: Entry, opening: Opening | None) -> None:
        """Take note of a member's own entry: a line that waits to be accepted, or the sound of a passage."""
        if entry.kind == Line.kind and entry.id not in self._settled:
            self.offered[entry.id] = (entry, opening)
        elif entry.kind == Voiced.kind and opening and entry.refs and isinstance(opening.body, Voiced):
            held = self.sounds.get((entry.refs[0], entry.author))
            if held is None or (held[0].at, held[0].id) < (entry.at, entry.id):
                self.sounds[entry.refs[0], entry.author] = (entry, opening.body)

    def apply(
        self, entry: Entry, opening: Opening | None, accepted: tuple[Entry, Opening | None, int] | None = None
    ) -> None:
        """Fold in the next entry of canon. ``accepted``: for an accept, the entry it is about, opened, and its author's
        seat.
        """
        match entry.kind:
            case Narrated.kind:
                self._narrate(entry, opening)
            case Cued.kind:
                self._cue(entry, opening)
            case Accepted.kind if accepted is not None:
                self._accept(*accepted)
            case Rewound.kind:
                self._rewind(entry, opening)
            case Chosen.kind | Discarded.kind if entry.refs:
                self._settle(entry.kind, entry.refs[0])
            case Voiced.kind:
                self.offer(entry, opening)
            case _ if opening is not None:
                self._note(entry, opening.body)

    def _note(self, entry: Entry, body: Body) -> None:
        about = entry.refs[0] if entry.refs else b""
        match body:
            case Genesis(name=name) | Renamed(name=name) if name:
                self.name = name
            case Cast() as cast:
                self.seats[cast.seat] = Seat(
                    cast.seat, cast.role, cast.name, cast.voice, cast.colour, cast.talkativeness, cast.portrait,
                    bool(cast.retired),
                )  # fmt: skip
            case Sheet(seat=seat, card=card):
                self.sheets[seat] = card
            case Checkpoint(name=name) if about in self.passages or not about:
                self.checkpoints[name] = about
            case Edited(spans=spans):
                self.edits[about] = spans
            case Heard(characters=characters):
                self.heard[about] = characters
            case Missed(why=why) if about in self.cues and self.cues[about].state == "open":
                self.cues[about] = replace(self.cues[about], state="missed", why=why)
            case _:
                return

    def _settle(self, kind: str, about: bytes) -> None:
        passage = self.passage_of(about)
        if kind == Discarded.kind:
            self._settled.add(about)
            self.offered.pop(about, None)
        elif passage is not None:
            index = next(i for i, take in enumerate(passage.takes) if take.entry == about)
            self.passages[passage.id] = replace(passage, chosen=index)

    def _narrate(self, entry: Entry, opening: Opening | None) -> None:
        body = opening.body if opening else None
        text = body.text if isinstance(body, Narrated) else ""
        take = Take(
            entry.id,
            entry.author,
            entry.at,
            (Span("speech", text),) if text else (),
            opening.audience if opening else None,
            _hidden(entry, opening),
        )
        mode, self.plans[entry.id] = (body.mode, body.plan) if isinstance(body, Narrated) else ("say", ())
        self._append(Passage(entry.id, self.head, entry.id, NARRATOR, mode, (take,)))

    def _cue(self, entry: Entry, opening: Opening | None) -> None:
        beat = entry.refs[0] if entry.refs else b""
        body = opening.body if opening else None
        seat, number, review = (body.seat, body.take, bool(body.review)) if isinstance(body, Cued) else (None, 0, False)
        audience = opening.audience if opening else None
        self.cues[entry.id] = Cue(entry.id, beat, entry.at, seat, number, review, audience)
        self._asked.setdefault(beat, []).append(entry.id)

    def _accept(self, line: Entry, opening: Opening | None, seat: int) -> None:
        cue = self.cues.get(line.refs[0]) if line.refs else None
        if line.id in self._settled or line.kind != Line.kind or cue is None or cue.beat not in self._on_path:
            return
        self._settled.add(line.id)
        self.offered.pop(line.id, None)
        self.cues[cue.entry] = replace(cue, state="answered")
        body = opening.body if opening else None
        audience, hidden = (opening.audience if opening else None), _hidden(line, opening)
        if isinstance(body, Line):
            take = Take(
                line.id, line.author, line.at, body.spans, audience, hidden, cue.entry, body.model, body.adapter
            )
        else:
            take = Take(line.id, line.author, line.at, (), audience, hidden, cue.entry)
        for index in range(self._on_path[cue.beat] + 1, len(self._path)):
            passage = self.passages[self._path[index]]
            if passage.beat == cue.beat and passage.seat == seat:
                takes = (*passage.takes, take)
                self.passages[passage.id] = replace(passage, takes=takes, chosen=len(takes) - 1)
                self._lines[line.id] = passage.id
                return
        self._append(Passage(line.id, self.head, cue.beat, seat, "line", (take,)))

    def _append(self, passage: Passage) -> None:
        self.passages[passage.id] = passage
        for take in passage.takes:
            self._lines[take.entry] = passage.id
        self._on_path[passage.id] = len(self._path)
        self._path.append(passage.id)
        self.head = passage.id

    def _rewind(self, entry: Entry, opening: Opening | None) -> None:
        target = entry.refs[0] if entry.refs else b""
        if target and target not in self.passages:
            return
        left = self.head
        self.head, path = target, []
        while target:
            path.append(target)
            target = self.passages[target].parent
        self._path = path[::-1]
        self._on_path = {one: index for index, one in enumerate(self._path)}
        if left and left not in self._on_path and opening and isinstance(opening.body, Rewound):
            self.branches.append(Branch(opening.body.branch, left))


def _hidden(entry: Entry, opening: Opening | None) -> str:
    if opening is not None:
        return ""
    return REMOVED if entry.redacted else SEALED
