"""With which mind a seat speaks: what it has learned, what the narrator chose, what is kept of it. A fold, like the
story.

Rules of this file:
- An adapter counts for a seat when a member who had that seat says that it was trained there (``evolved``), or the
  narrator brought it there (``brought``) or chose it (``mind``). What nobody of these named is a stranger's.
- What the narrator let a seat bring along from another story (``brought``) is one of its versions, wherever the story
  goes. It speaks when he chooses it.
- A version belongs to the place of the story it was made at. Where the story left that place, by a rewind, it does not
  speak: going back takes the mind of that time. Going forth again brings it back.
- The narrator's last choice counts until the seat learns something newer that is promoted; pinned, it counts until his
  next choice, wherever the story goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from protocol.entry import Entry
from protocol.kinds import Body, Brought, Evolved, Kept, Minded
from protocol.ledger import Ledger

_B = TypeVar("_B", bound=Body)


@dataclass(frozen=True)
class Version:
    """One adapter of a seat. ``number`` counts from 1 in the order of making; ``at`` is in ms since 1970; ``here``:
    the story has not left the place it was made at; ``brought``: it was made in another story.
    """

    number: int
    entry: bytes
    at: int
    made: Evolved
    here: bool
    brought: bool = False


@dataclass(frozen=True)
class Mind:
    """What a seat speaks with now: the SHA-256 of an adapter's file (b"": the bare model)."""

    adapter: bytes
    pinned: bool


@dataclass(frozen=True)
class Backup:
    """Something of a seat's that is kept as a private blob; ``author`` has it for certain."""

    entry: bytes
    author: bytes
    at: int
    held: Kept


def versions(ledger: Ledger, seat: int) -> tuple[Version, ...]:
    """Everything a seat has learned, in the order in which it was made; of one adapter the first telling."""
    made: dict[bytes, tuple[Entry, Evolved]] = {}
    brought = [(entry, _as_made(body)) for entry, body in _brought_by(ledger, seat)]
    told = [*brought, *_told_by(ledger, seat, Evolved)]
    for entry, body in sorted(told, key=lambda one: (one[0].at, one[0].id)):
        made.setdefault(body.adapter, (entry, body))
    return tuple(
        Version(number, entry.id, entry.at, body, _is_here(ledger, entry), entry.kind == Brought.kind)
        for number, (entry, body) in enumerate(made.values(), 1)
    )


def _as_made(body: Brought) -> Evolved:
    """What was made elsewhere, told like what was made here: of no sample of this story, and not promoted in it."""
    return Evolved(body.adapter, body.base, body.model, b"", b"", 0, body.scores, (), 0, "")


def mind(ledger: Ledger, seat: int) -> Mind:
    """With what a seat speaks where the story stands now."""
    choices = [(entry, body) for entry, body in _read(ledger, Minded) if body.seat == seat and _in_canon(ledger, entry)]
    if choices and choices[-1][1].pinned:
        return Mind(choices[-1][1].adapter, True)
    chosen = next((one for one in reversed(choices) if _is_here(ledger, one[0])), None)
    learned = [
        (entry, body)
        for entry, body in _told_by(ledger, seat, Evolved)
        if body.promoted and _is_here(ledger, entry) and (chosen is None or _knows(ledger, entry, chosen[0]))
    ]
    if learned:
        return Mind(max(learned, key=lambda one: (one[0].at, one[0].id))[1].adapter, False)
    return Mind(chosen[1].adapter, False) if chosen is not None else Mind(b"", False)


def granted(ledger: Ledger, seat: int, adapter: bytes) -> bool:
    """Whether an adapter may speak for a seat: a member who has or had it says that it was trained there, or the
    narrator brought it there, or chose it for the seat.
    """
    named = {body.adapter for _, body in _told_by(ledger, seat, Evolved)}
    named.update(body.adapter for _, body in _brought_by(ledger, seat))
    return adapter in named or any(
        body.seat == seat and body.adapter == adapter and _in_canon(ledger, entry)
        for entry, body in _read(ledger, Minded)
    )


def backups(ledger: Ledger, seat: int) -> tuple[Backup, ...]:
    """What is kept of a seat, as far as this node can open it, in the order in which it came; of one content, and of
    the samples, the last.
    """
    found: dict[bytes, Backup] = {}
    for entry, one in _brought_by(ledger, seat):
        found[one.adapter] = Backup(
            entry.id, entry.author, entry.at, Kept("adapter", one.adapter, one.blob, one.size, one.key, 0)
        )
    for entry, body in _told_by(ledger, seat, Kept):
        name = b"samples" if body.what == "samples" else body.name
        found.pop(name, None)
        found[name] = Backup(entry.id, entry.author, entry.at, body)
    return tuple(found.values())


def _read(ledger: Ledger, kind: type[_B]) -> Iterator[tuple[Entry, _B]]:
    for entry_id in ledger.about_minds:
        entry = ledger.entries.get(entry_id)
        if entry is not None and entry.kind == kind.kind:
            opening = ledger.opening(entry)
            if opening is not None and isinstance(opening.body, kind):
                yield entry, opening.body


def _told_by(ledger: Ledger, seat: int, kind: type[_B]) -> Iterator[tuple[Entry, _B]]:
    """What members who sit or sat on a seat say."""
    members = ledger.authority.members
    return (one for one in _read(ledger, kind) if members[one[0].author].seat == seat)


def _brought_by(ledger: Ledger, seat: int) -> Iterator[tuple[Entry, Brought]]:
    """What the narrator let a seat bring along."""
    return (one for one in _read(ledger, Brought) if one[1].seat == seat and _in_canon(ledger, one[0]))


def _in_canon(ledger: Ledger, entry: Entry) -> bool:
    return ledger.canon.contains(entry.id)


def _is_here(ledger: Ledger, entry: Entry) -> bool:
    return not entry.refs or ledger.story.on_path(entry.refs[0])


def _knows(ledger: Ledger, entry: Entry, choice: Entry) -> bool:
    """Whether the author of ``entry`` knew of the narrator's ``choice`` when it was written."""
    for one in reversed(ledger.canon.order):
        if one.id == entry.seen:
            return True
        if one.id == choice.id:
            return False
    return False
