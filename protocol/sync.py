"""Bringing two nodes level: heads, runs, ranges. The one who lacks something asks for it.

Rules of this file:
- On every link: a summary per author; where it differs, the heads of his runs; what is longer over there is asked for.
- What a neighbour has is worked out anew on every link, never stored.
- One open request per author and link, so that runs come in the order their holder got them. The narrator's come first.
- Another id at a place we hold is asked for alone: the two together prove a fork.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from protocol import limits, messages
from protocol.effects import Effect, Lane, Send
from protocol.encoding import Value
from protocol.entry import Entry
from protocol.ledger import Ledger, Unit
from protocol.messages import Want


@dataclass
class Neighbour:
    """One link, as the gossip sees it. ``ready``: its other end is a member in good standing."""

    link: int
    remote: bytes
    ready: bool = False
    lagging: bool = False
    claimed: bool = False
    known: dict[bytes, None] = field(default_factory=dict)
    wants: dict[int, tuple[Want, float]] = field(default_factory=dict)
    backlog: deque[tuple[bytes, bytes, int, int]] = field(default_factory=lambda: deque(maxlen=limits.RUNS))
    synced_at: float = 0.0

    def knows(self, entry_id: bytes) -> None:
        """It sent us this entry, or we sent it there."""
        self.known[entry_id] = None
        while len(self.known) > limits.KNOWN_PER_LINK:
            del self.known[next(iter(self.known))]


class Sync:
    """The conversation about who lacks what. ``held`` are authors who sent more than may wait: nothing is asked of
    them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.held: set[bytes] = set()
        self._nonce = 0

    def begin(self, to: Neighbour, now: float) -> list[Effect]:
        """Tell what we hold, in sum."""
        if not to.ready:
            return []
        to.synced_at = now
        log = self.ledger.log
        authors = list(log.feeds)
        pages = [authors[at : at + 256] for at in range(0, max(1, len(authors)), 256)]
        return [self._control(to, messages.heads((one, log.summary(one)) for one in page)) for page in pages]

    def on_heads(self, sender: Neighbour, fields: list[Value]) -> list[Effect]:
        theirs = messages.read_heads(fields)
        ours = list(self.ledger.log.feeds)
        partial = len(ours) > 256  # then what this page does not name may stand on another
        authors = sorted({*ours, *theirs}, key=lambda one: (not self.ledger.is_narrator(one), one))
        return [
            effect
            for author in authors
            if theirs.get(author) != self.ledger.log.summary(author) and (author in theirs or not partial)
            for effect in self._tell_runs(sender, author, reply=False)
        ]

    def on_runs(self, sender: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        author, theirs, reply = messages.read_runs(fields)
        log = self.ledger.log
        if author not in self.ledger.authority.members:
            return []
        ours_is_more = bool({run for run, _ in log.heads(author)} - {run for run, _, _ in theirs})
        for run, seq, short in theirs:
            head = log.head(author, run)
            if head is None or head.seq < seq:
                self.ask_for(sender, author, run, head.seq + 1 if head else 0, seq)
            elif (log.at(author, run, seq) or b"")[:16] != short and author not in log.forks:
                self.ask_for(sender, author, run, seq, seq)
            else:
                ours_is_more = ours_is_more or head.seq > seq
        effects = self.ask_next(sender, now)
        return effects + (self._tell_runs(sender, author, reply=True) if ours_is_more and not reply else [])

    def on_want(self, sender: Neighbour, asked: Want) -> list[Effect]:
        units: list[Unit] = []
        size = 0
        for seq in range(asked.first, min(asked.last, asked.first + limits.ARRAY // 2) + 1):
            entry = self.ledger.entry_at(asked.author, asked.run, seq)
            if entry is None:
                break
            unit = self.ledger.unit_of(entry)
            size += sum(one.size for one in unit)
            if units and size > limits.GIVE_BYTES:
                break
            units.append(unit)
        return [Send(sender.link, messages.give(asked.nonce, units), Lane.ENTRIES)]

    def answered(self, sender: Neighbour, nonce: int, took: bool, now: float) -> list[Effect]:
        """An answer was taken: go on with the same run if it is not at its end, then with the next."""
        asked = sender.wants.pop(nonce, None)
        if asked is None:
            return []
        want = asked[0]
        head = self.ledger.log.head(want.author, want.run)
        if took and head is not None and head.seq < want.last:
            sender.backlog.appendleft((want.author, want.run, head.seq + 1, want.last))
        return self.ask_next(sender, now)

    def expired(self, to: Neighbour, now: float) -> bool:
        """Drop requests that nobody answered in time; whether there were any."""
        late = [nonce for nonce, (_, deadline) in to.wants.items() if deadline <= now]
        for nonce in late:
            del to.wants[nonce]
        return bool(late)

    def fill(self, sender: Neighbour, entry: Entry) -> list[Effect]:
        """A pushed entry does not follow what we hold: ask its bringer for what stands between, this one included."""
        head = self.ledger.log.head(entry.author, entry.run)
        if head is not None and entry.seq == head.seq + 1:  # it follows another entry at our head's place
            self.ask_for(sender, entry.author, entry.run, head.seq, head.seq)
        else:
            self.ask_for(sender, entry.author, entry.run, head.seq + 1 if head else 0, entry.seq)
        return self.ask_next(sender, sender.synced_at)

    def ask_for(self, sender: Neighbour, author: bytes, run: bytes, first: int, last: int) -> None:
        """Queue a request, unless the same run is asked for on this link already."""
        if author in self.held or (author in self.ledger.log.forks and not self.ledger.is_narrator(author)):
            return
        asked = {(one.author, one.run) for one, _ in sender.wants.values()} | {item[:2] for item in sender.backlog}
        if (author, run) not in asked:
            sender.backlog.append((author, run, first, last))

    def ask_next(self, sender: Neighbour, now: float) -> list[Effect]:
        """Send queued requests, as many as may be open."""
        effects: list[Effect] = []
        busy = {want.author for want, _ in sender.wants.values()}
        waiting: list[tuple[bytes, bytes, int, int]] = []
        while sender.backlog and len(sender.wants) < limits.WANTS:
            author, run, first, last = sender.backlog.popleft()
            if author in busy:
                waiting.append((author, run, first, last))
                continue
            head = self.ledger.log.head(author, run)
            start = first if first == last or head is None else max(first, head.seq + 1)
            if start > last:
                continue
            busy.add(author)
            self._nonce = self._nonce % 2**31 + 1
            asked = Want(self._nonce, author, run, start, last)
            sender.wants[asked.nonce] = (asked, now + limits.WANT_SECONDS)
            effects.append(self._control(sender, messages.want(asked)))
        sender.backlog.extendleft(reversed(waiting))
        return effects

    def _tell_runs(self, to: Neighbour, author: bytes, *, reply: bool) -> list[Effect]:
        feed = self.ledger.log.feeds.get(author)
        heads = [(run, len(ids) - 1, ids[-1][:16]) for run, ids in feed.runs.items()] if feed else []
        pages = [heads[at : at + 256] for at in range(0, len(heads), 256)] or [[]]
        return [self._control(to, messages.runs(author, page, reply=reply)) for page in pages]

    def _control(self, to: Neighbour, data: bytes) -> Effect:
        return Send(to.link, data, Lane.CONTROL)
