"""The order of the story: which of the narrator's entries are canon, and in what order.

Rules of this file:
- The narrator's feed is a tree of runs: each run names the entry it continues. A run *knows* everything on its path to
  genesis, and every tail it has adopted or set aside (with that tail's own path).
- A run whose last entry another run knows is superseded. Among the runs that are left, the one furthest from genesis is
  canon; where two are equally far, the one opened later by its own clock, then the greater run id. Length never
  decides.
- ``adopt`` puts the tail it names into canon just before itself. So canon grows at its end and only there, and always
  ends in the live run.
- Everything is a function of the set of entries. The order in which they came cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.body import read_body
from protocol.entry import Entry
from protocol.errors import RemoteError
from protocol.kinds import Adopted, Genesis, Opened, SetAside

# A run that holds none of these has told nothing: an older tail joins it by itself.
TOLD = frozenset({"narrate", "accept", "edit", "choose", "discard", "rewind", "checkpoint", "redact"})


@dataclass
class Run:
    """One process start of the narrator's, as far as we hold it without a gap."""

    id: bytes
    continues: bytes
    opened_at: int
    entries: list[Entry] = field(default_factory=list)

    @property
    def tip(self) -> Entry:
        return self.entries[-1]

    @property
    def told(self) -> bool:
        return any(one.kind in TOLD for one in self.entries)


class Canon:
    """The narrator's feed, in order. Feed it entries with :meth:`add`; read :attr:`order`, :attr:`head` and
    :meth:`tails`.
    """

    def __init__(self) -> None:
        self.runs: dict[bytes, Run] = {}
        self.order: list[Entry] = []
        self._places: dict[bytes, tuple[bytes, int]] = {}
        self._included: set[bytes] = set()
        self._named: set[bytes] = set()
        self._leaves: set[bytes | None] = set()
        self._live: bytes | None = None

    @property
    def head(self) -> bytes:
        """The id of the last entry in canon: the story's fingerprint. ``b""`` before genesis."""
        return self.order[-1].id if self.order else b""

    @property
    def live_run(self) -> bytes | None:
        """The run that canon ends in."""
        return self._live

    def add(self, entry: Entry) -> bool:
        """Take the narrator's next entry of a run (the caller has checked that it follows). True when canon only grew
        at its end.
        """
        run = self.runs.get(entry.run)
        if run is None:
            run = self.runs[entry.run] = Run(entry.run, _continues(entry), entry.at)
            self._named.add(run.continues)
        run.entries.append(entry)
        self._places[entry.id] = (entry.run, entry.seq)
        named = entry.id in self._named
        self._named.update(_joined(entry))
        if entry.run == self._live and not named and not _joined(entry):
            self._include(entry)
            return True
        if entry.seq == 0 and run.continues and run.continues == self.head and not named:
            self._leaves = self._leaves - {self._live} | {run.id}
            self._live = run.id
            self._include(entry)
            return True
        if entry.seq and not named and not _joined(entry) and (run.id in self._leaves or not self._rooted(run)):
            return True  # a run that was not chosen; growing changes nothing about that
        return self._settle()

    def contains(self, entry_id: bytes) -> bool:
        return entry_id in self._included

    def get(self, entry_id: bytes) -> Entry | None:
        """Any entry of the narrator's that we hold, canon or not."""
        place = self._places.get(entry_id)
        return self.runs[place[0]].entries[place[1]] if place else None

    def tails(self, run_id: bytes | None = None) -> list[Run]:
        """The runs whose last entries are not in canon: what a restored backup left behind. Oldest first.

        ``run_id``: seen from this run of the narrator's, whether canon ends in it or not.
        """
        included = self._seen_from(run_id)
        loose = [run for run in self.runs.values() if run.tip.id not in included and self._rooted(run)]
        inner = {run.continues for run in loose}
        return sorted((run for run in loose if run.tip.id not in inner), key=lambda run: (run.opened_at, run.id))

    def unsettled(self, run_id: bytes | None = None) -> list[Run]:
        """Those tails the live run, or ``run_id``, has neither adopted nor set aside."""
        run = self.runs.get(run_id or self._live or b"")
        known = self._known(run) if run and self._rooted(run) else set()
        return [one for one in self.tails(run_id) if one.tip.id not in known]

    def missing_of(self, run: Run, run_id: bytes | None = None) -> list[Entry]:
        """What canon, or the story as ``run_id`` tells it, would gain by adopting this tail, in order."""
        included = self._seen_from(run_id)
        return [one for one in self._path(run.tip.id) if one.id not in included]

    def _seen_from(self, run_id: bytes | None) -> set[bytes]:
        run = self.runs.get(run_id) if run_id is not None and run_id != self._live else None
        return {one.id for one in self._in_order(run.tip.id)} if run and self._rooted(run) else self._included

    def _include(self, entry: Entry) -> None:
        self._included.add(entry.id)
        self.order.append(entry)

    def _settle(self) -> bool:
        before = self.order
        live = self._choose()
        if live is None:
            return True
        self._live, self.order, self._included = live.id, [], set()
        for entry in self._in_order(live.tip.id):
            self._include(entry)
        return len(self.order) >= len(before) and all(a.id == b.id for a, b in zip(before, self.order, strict=False))

    def _choose(self) -> Run | None:
        rooted = [run for run in self.runs.values() if self._rooted(run)]
        known_by = {run.id: self._known(run) for run in rooted}
        leaves = [
            run for run in rooted if not any(run.tip.id in known_by[other.id] for other in rooted if other is not run)
        ]
        self._leaves = {run.id for run in leaves}
        return max(leaves, key=lambda run: (self._depth(run), run.opened_at, run.id), default=None)

    def _rooted(self, run: Run) -> bool:
        """Whether we hold the whole path to genesis."""
        seen: set[bytes] = set()
        while run.continues:
            if run.id in seen or run.continues not in self._places:
                return False
            seen.add(run.id)
            run = self.runs[self._places[run.continues][0]]
        return run.entries[0].kind == "genesis"

    def _reachable(self, entry_id: bytes) -> bool:
        """Whether we hold this entry and the whole path to it."""
        return entry_id in self._places and self._rooted(self.runs[self._places[entry_id][0]])

    def _depth(self, run: Run) -> int:
        depth = 0
        while run.continues:
            depth += 1
            run = self.runs[self._places[run.continues][0]]
        return depth

    def _path(self, tip: bytes) -> list[Entry]:
        """All entries from genesis to ``tip`` along the runs, adopted tails left out."""
        segments: list[list[Entry]] = []
        at: bytes = tip
        while at:
            run_id, seq = self._places[at]
            run = self.runs[run_id]
            segments.append(run.entries[: seq + 1])
            at = run.continues
        return [entry for segment in reversed(segments) for entry in segment]

    def _known(self, run: Run) -> set[bytes]:
        known: set[bytes] = set()
        tips = [run.tip.id]
        while tips:
            for entry in self._path(tips.pop()):
                if entry.id not in known:
                    known.add(entry.id)
                    tips.extend(ref for ref in _joined(entry) if ref not in known and self._reachable(ref))
        return known

    def _in_order(self, tip: bytes) -> Iterator[Entry]:
        included: set[bytes] = set()
        waiting = [iter(self._path(tip))]
        adopting: list[Entry] = []
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
                if adopting:
                    yield adopting.pop()
            elif entry.id not in included:
                included.add(entry.id)
                tails = [ref for ref in _joined(entry) if entry.kind == Adopted.kind and self._reachable(ref)]
                if tails:
                    adopting.append(entry)
                    waiting.append(iter(self._path(tails[0])))
                else:
                    yield entry


def _continues(entry: Entry) -> bytes:
    """What the first entry of a run goes on from; a run that does not open as it should hangs in the air and never
    counts.
    """
    if entry.kind == Genesis.kind:
        return b""
    try:
        opening = read_body(entry)
    except RemoteError:
        return entry.id
    return (
        opening.body.continues if opening and isinstance(opening.body, Opened) and opening.body.continues else entry.id
    )


def _joined(entry: Entry) -> tuple[bytes, ...]:
    """The last entry of the tail that this one adopts or sets aside."""
    return entry.refs[:1] if entry.kind in (Adopted.kind, SetAside.kind) else ()
