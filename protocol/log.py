"""What we hold of every feed: heads, places, and what to do with an entry that arrives.

Rules of this file:
- A run is held without gaps; a gap is fetched, never guessed.
- Two signed entries at one place of one run prove a fork. One proof is kept per author and told to everyone. From then
  on nothing new of that author's is taken, save what the narrator accepts; what we held stays.
- An accepted entry comes along with its accept. It is held even where its run has a gap before it ("loose"), and falls
  into its place once the gap is filled.
- Nobody may fill our disk: of one author (the narrator apart) a bounded amount is taken between two acts of the
  narrator's that answer him. Each narration gives everybody a little back, for seats that nobody ever answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from protocol import limits
from protocol.encoding import encode
from protocol.entry import Entry
from protocol.identity import digest

HEADS_PERSON = b"dwnet-heads-v1"
NO_HEADS = digest(HEADS_PERSON, size=16)


class Verdict(Enum):
    """What became of an entry. TAKEN changed the log; the rest did not."""

    TAKEN = "taken"
    KNOWN = "known"
    GAP = "gap"
    FORK = "fork"
    SET_ASIDE = "set aside"
    TOO_MANY = "too many"
    UNKNOWN_AUTHOR = "unknown author"
    REVOKED = "revoked"


class Head(NamedTuple):
    """The last entry of a run that we hold without a gap."""

    seq: int
    id: bytes


@dataclass
class Feed:
    """One author's runs: the ids of each, in order, and how much of it nobody has answered yet."""

    runs: dict[bytes, list[bytes]] = field(default_factory=dict)
    open_entries: int = 0
    open_bytes: int = 0
    summary: bytes = b""

    def head(self, run: bytes) -> Head | None:
        ids = self.runs.get(run)
        return Head(len(ids) - 1, ids[-1]) if ids else None


class Log:
    """An index over the entries of one story. Signatures and rights are the caller's; this is about places alone."""

    def __init__(self) -> None:
        self.feeds: dict[bytes, Feed] = {}
        self.forks: dict[bytes, tuple[bytes, bytes]] = {}
        self._known: set[bytes] = set()
        self._loose: dict[tuple[bytes, bytes, int], dict[bytes, bytes]] = {}

    def __contains__(self, entry_id: bytes) -> bool:
        return entry_id in self._known

    def __len__(self) -> int:
        return len(self._known)

    def in_place(self, entry: Entry) -> bool:
        """Whether this entry is held where it belongs, not only loose."""
        return entry.id in self._known and entry.id not in self._loose.get((entry.author, entry.run, entry.seq), ())

    def take(self, entry: Entry, *, bounded: bool) -> Verdict:
        """Take the next entry of a run, or say why not. ``bounded``: count it against its author's share."""
        if self.in_place(entry):
            return Verdict.KNOWN
        if entry.author in self.forks and bounded:
            return Verdict.SET_ASIDE
        feed = self.feeds.get(entry.author, Feed())
        ids = feed.runs.get(entry.run, [])
        if entry.seq < len(ids):
            return Verdict.FORK
        if entry.seq > len(ids) or (ids and entry.prev != ids[-1]):
            return Verdict.GAP
        if bounded and not self._has_room(feed, entry):
            return Verdict.TOO_MANY
        self.feeds.setdefault(entry.author, feed).runs.setdefault(entry.run, ids).append(entry.id)
        feed.summary = b""
        known = entry.id in self._known
        self._known.add(entry.id)
        self._forget_loose((entry.author, entry.run, entry.seq), entry.id)
        if bounded:
            self.charge(entry)
        return Verdict.KNOWN if known else Verdict.TAKEN

    def take_accepted(self, entry: Entry) -> Verdict:
        """Take an entry that came along with its accept: in its place if it is next, loose otherwise, whatever its
        author did.
        """
        if entry.id in self._known:
            return Verdict.KNOWN
        verdict = self.take(entry, bounded=False)
        if verdict in (Verdict.GAP, Verdict.FORK):
            self._loose.setdefault((entry.author, entry.run, entry.seq), {})[entry.id] = entry.prev
            self._known.add(entry.id)
            return Verdict.TAKEN
        return verdict

    def next_loose(self, author: bytes, run: bytes) -> bytes | None:
        """The loose entry that follows the head of this run, if there is one."""
        feed = self.feeds.get(author)
        ids = feed.runs.get(run, []) if feed else []
        waiting = self._loose.get((author, run, len(ids)), {})
        return next((one for one, prev in waiting.items() if not ids or prev == ids[-1]), None)

    def charge(self, entry: Entry) -> None:
        """Count an entry against its author's share."""
        feed = self.feeds.setdefault(entry.author, Feed())
        feed.open_entries += 1
        feed.open_bytes += entry.size

    def settle(self, author: bytes) -> None:
        """The narrator answered this author: his share begins anew."""
        feed = self.feeds.get(author)
        if feed:
            feed.open_entries = feed.open_bytes = 0

    def give_back(self) -> None:
        """The story went on: everybody may send a little more."""
        for feed in self.feeds.values():
            feed.open_entries = max(0, feed.open_entries - limits.PENDING_BACK_ENTRIES)
            feed.open_bytes = max(0, feed.open_bytes - limits.PENDING_BACK_BYTES)

    def prove_fork(self, author: bytes, first: bytes, second: bytes) -> bool:
        """Note two ids at one place. True when it is the first proof against this author."""
        return self.forks.setdefault(author, (first, second)) == (first, second)

    def at(self, author: bytes, run: bytes, seq: int) -> bytes | None:
        """The id we hold at a place."""
        feed = self.feeds.get(author)
        ids = feed.runs.get(run, []) if feed else []
        return ids[seq] if seq < len(ids) else next(iter(self._loose.get((author, run, seq), ())), None)

    def head(self, author: bytes, run: bytes) -> Head | None:
        feed = self.feeds.get(author)
        return feed.head(run) if feed else None

    def heads(self, author: bytes) -> list[tuple[bytes, Head]]:
        """The heads of all runs of an author, by run id."""
        feed = self.feeds.get(author)
        if feed is None:
            return []
        return sorted((run, Head(len(ids) - 1, ids[-1])) for run, ids in feed.runs.items() if ids)

    def summary(self, author: bytes, cut: Mapping[bytes, int] | None = None) -> bytes:
        """16 bytes that are equal on two nodes exactly when they hold the same heads of this author.

        ``cut``: of each run only what stands up to this place counts; of runs it does not name, nothing.
        """
        feed = self.feeds.get(author)
        if feed is None or not feed.runs:
            return NO_HEADS
        if cut is not None:
            kept = [(run, min(len(ids) - 1, cut.get(run, -1))) for run, ids in sorted(feed.runs.items())]
            parts = [encode([run, seq, feed.runs[run][seq]]) for run, seq in kept if seq >= 0]
            return digest(HEADS_PERSON, *parts, size=16) if parts else NO_HEADS
        if not feed.summary:
            heads = (encode([run, head.seq, head.id]) for run, head in self.heads(author))
            feed.summary = digest(HEADS_PERSON, *heads, size=16)
        return feed.summary

    def _forget_loose(self, place: tuple[bytes, bytes, int], entry_id: bytes) -> None:
        waiting = self._loose.get(place)
        if waiting is not None:
            waiting.pop(entry_id, None)
            if not waiting:
                del self._loose[place]

    def _has_room(self, feed: Feed, entry: Entry) -> bool:
        return (
            (entry.run in feed.runs or len(feed.runs) < limits.RUNS)
            and feed.open_entries < limits.PENDING_ENTRIES
            and feed.open_bytes + entry.size <= limits.PENDING_BYTES
        )
