"""Bringing two nodes level: heads, runs, ranges. The one who lacks something asks for it.

Rules of this file:
- On every link: a summary per author; where it differs, the heads of his runs; what is longer over there is asked for.
- What a neighbour has is worked out anew on every link, never stored.
- One open request per author, on whichever link: nothing is fetched twice, and runs come in the order their holder got
  them. The narrator's come first.
- Another id at a place we hold is asked for alone: the two together prove a fork. Whoever has no proof yet is told; of
  an author with a proof against him nothing is compared any more.
- What came in answer is looked over once more when nothing is left to ask: much is brought level in bounded steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol import limits, messages
from protocol.effects import Effect, Lane, Send
from protocol.encoding import Value
from protocol.entry import Entry
from protocol.identity import digest
from protocol.ledger import Ledger, Unit
from protocol.log import HEADS_PERSON, NO_HEADS
from protocol.messages import Want
from protocol.pace import Pace

SET_ASIDE = digest(HEADS_PERSON, b"set aside", size=16)


@dataclass
class Neighbour:
    """One link, as the gossip sees it. ``ready``: its other end is a member in good standing.

    ``claimed``: our claim went there; ``claims``: how many came. ``shown``: it showed the grant that makes it a member.
    ``gained``: since the last round of heads it had something for us. ``records``, ``passed``: how many addresses and
    others' claims it has brought.
    """

    link: int
    remote: bytes
    ready: bool = False
    lagging: bool = False
    claimed: bool = False
    claims: int = 0
    shown: bool = False
    gained: bool = False
    known: dict[bytes, None] = field(default_factory=dict)
    wants: dict[int, tuple[Want, float]] = field(default_factory=dict)
    backlog: dict[bytes, dict[bytes, tuple[int, int]]] = field(default_factory=dict)
    synced_at: float = 0.0
    records: Pace = field(default_factory=Pace)
    passed: Pace = field(default_factory=Pace)

    def knows(self, entry_id: bytes) -> None:
        """It sent us this entry, or we sent it there."""
        self.known[entry_id] = None
        while len(self.known) > limits.KNOWN_PER_LINK:
            del self.known[next(iter(self.known))]


class Sync:
    """The conversation about who lacks what. ``held`` are authors who sent more than may wait: nothing is asked of
    them. ``ignored``: something of an unknown author's was not taken; his grant may be on its way.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.held: set[bytes] = set()
        self.ignored = False
        self._asked: set[bytes] = set()
        self._nonce = 0

    def begin(self, to: Neighbour, now: float) -> list[Effect]:
        """Tell what we hold, in sum."""
        if not to.ready:
            return []
        to.synced_at = now
        to.gained = False
        authors = list(self._authors())
        pages = [authors[at : at + 256] for at in range(0, max(1, len(authors)), 256)]
        return [self._control(to, messages.heads((one, self._summary(one)) for one in page)) for page in pages]

    def on_heads(self, sender: Neighbour, fields: list[Value]) -> list[Effect]:
        theirs = messages.read_heads(fields)
        ours = self._authors()
        # With many authors, what this page does not name may stand on another.
        absent = [one for one in ours if one not in theirs] if len(ours) <= 256 else []
        differing = [one for one, summary in theirs.items() if summary != self._summary(one)]
        strangers = [one for one in differing if one not in self.ledger.authority.members]
        self.ignored = self.ignored or bool(strangers)
        differing = [one for one in differing if one in self.ledger.authority.members]
        differing += [one for one in absent if self._summary(one) != NO_HEADS]
        differing.sort(key=lambda one: not self.ledger.is_narrator(one))
        return [effect for one in differing[: limits.RUNS_TOLD] for effect in self._tell(sender, one)]

    def on_runs(self, sender: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        author, theirs, reply = messages.read_runs(fields)
        log = self.ledger.log
        if author not in self.ledger.authority.members:
            self.ignored = True
            return []
        ours_is_more = bool({run for run, _ in log.heads(author)} - {run for run, _, _ in theirs})
        cut = self.ledger.authority.revoked.get(author)
        for run, last, short in theirs:
            head = log.head(author, run)
            seq = last if cut is None else min(last, cut.get(run, -1))
            if seq < last and (seq < 0 or (head is not None and head.seq >= seq)):
                continue  # what stands behind a revoke is not taken
            if head is None or head.seq < seq:
                self.ask_for(sender, author, run, head.seq + 1 if head else 0, seq)
            elif (log.at(author, run, seq) or b"")[:16] != short and author not in log.forks:
                self.ask_for(sender, author, run, seq, seq)
            else:
                ours_is_more = ours_is_more or head.seq > seq
        effects = self.ask_next(sender, now)
        return effects + (self._tell_runs(sender, author, reply=True) if ours_is_more and not reply else [])

    def _tell(self, to: Neighbour, author: bytes) -> list[Effect]:
        proof = self.ledger.proofs.get(author)
        told = [self._control(to, messages.fork(*proof))] if proof else []
        return told + ([] if self._is_set_aside(author) else self._tell_runs(to, author, reply=False))

    def _authors(self) -> dict[bytes, None]:
        return dict.fromkeys((*self.ledger.log.feeds, *self.ledger.log.forks))

    def _is_set_aside(self, author: bytes) -> bool:
        return author in self.ledger.log.forks and not self.ledger.is_narrator(author)

    def _summary(self, author: bytes) -> bytes:
        if self._is_set_aside(author):
            return SET_ASIDE
        return self.ledger.log.summary(author, self.ledger.authority.revoked.get(author))

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

    def close(self, sender: Neighbour, nonce: int) -> Want | None:
        """The request that an answer of this number is about, which is thereby no longer open."""
        asked = sender.wants.pop(nonce, None)
        if asked is not None:
            self._asked.discard(asked[0].author)
        return asked[0] if asked else None

    def go_on(self, sender: Neighbour, want: Want, gained: bool, now: float) -> list[Effect]:
        """An answer was taken: go on with the same run if it is not at its end, then with the next."""
        head = self.ledger.log.head(want.author, want.run)
        sender.gained = sender.gained or gained
        if head is not None and want.first <= head.seq < want.last:
            rest = sender.backlog.pop(want.author, {})
            sender.backlog[want.author] = {want.run: (head.seq + 1, want.last)} | rest
        return self.ask_next(sender, now)

    def is_level(self, sender: Neighbour) -> bool:
        """Whether nothing is left to ask for, after something came: the time to compare once more, with everybody."""
        return sender.gained and not sender.wants and not sender.backlog

    def expired(self, to: Neighbour, now: float) -> bool:
        """Drop requests that nobody answered in time; whether there were any."""
        late = [nonce for nonce, (_, deadline) in to.wants.items() if deadline <= now]
        for nonce in late:
            self.close(to, nonce)
        return bool(late)

    def forget(self, gone: Neighbour) -> None:
        """A link went down: what it was asked for may be asked of others."""
        for nonce in list(gone.wants):
            self.close(gone, nonce)

    def fill(self, sender: Neighbour, entry: Entry, now: float, answer_to: Want | None) -> list[Effect]:
        """An entry does not follow what we hold: ask its bringer for what stands between, this one included.

        An answer with a gap in it is no reason to ask the same again.
        """
        head = self.ledger.log.head(entry.author, entry.run)
        if head is not None and entry.seq == head.seq + 1:  # it follows another entry at our head's place
            if answer_to is None or answer_to.last > head.seq:
                self.ask_for(sender, entry.author, entry.run, head.seq, head.seq)
        elif answer_to is None:
            self.ask_for(sender, entry.author, entry.run, head.seq + 1 if head else 0, entry.seq)
        return self.ask_next(sender, now)

    def ask_for(self, sender: Neighbour, author: bytes, run: bytes, first: int, last: int) -> None:
        """Queue a request. What is asked for on this link already is only made longer."""
        if author in self.held or self._is_set_aside(author):
            return
        for nonce, (want, deadline) in sender.wants.items():
            if (want.author, want.run) == (author, run):
                sender.wants[nonce] = (want._replace(last=max(want.last, last)), deadline)
                return
        waiting = sender.backlog.get(author, {})
        if run in waiting:
            waiting[run] = (min(waiting[run][0], first), max(waiting[run][1], last))
        elif sum(map(len, sender.backlog.values())) < limits.RUNS:
            sender.backlog.setdefault(author, {})[run] = (first, last)

    def ask_next(self, sender: Neighbour, now: float) -> list[Effect]:
        """Send queued requests, as many as may be open."""
        effects: list[Effect] = []
        for author in list(sender.backlog):
            if author not in self._asked and len(sender.wants) < limits.WANTS:
                effects += self._ask(sender, author, now)
        return effects

    def _ask(self, sender: Neighbour, author: bytes, now: float) -> list[Effect]:
        runs = sender.backlog.pop(author)
        while runs:
            run = next(iter(runs))
            first, last = runs.pop(run)
            head = self.ledger.log.head(author, run)
            start = first if first == last or head is None else max(first, head.seq + 1)
            if start > last:
                continue
            if runs:
                sender.backlog[author] = runs
            self._nonce = self._nonce % 2**31 + 1
            asked = Want(self._nonce, author, run, start, last)
            sender.wants[asked.nonce] = (asked, now + limits.WANT_SECONDS)
            self._asked.add(author)
            return [self._control(sender, messages.want(asked))]
        return []

    def _tell_runs(self, to: Neighbour, author: bytes, *, reply: bool) -> list[Effect]:
        feed = self.ledger.log.feeds.get(author)
        heads = [(run, len(ids) - 1, ids[-1][:16]) for run, ids in feed.runs.items()] if feed else []
        pages = [heads[at : at + 256] for at in range(0, len(heads), 256)] or [[]]
        return [self._control(to, messages.runs(author, page, reply=reply)) for page in pages]

    def _control(self, to: Neighbour, data: bytes) -> Effect:
        return Send(to.link, data, Lane.CONTROL)
