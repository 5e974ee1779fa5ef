"""Who is there now: which moments count, and where members can be dialled.

Rules of this file:
- A moment counts when its author is a member, its run the author's latest, and its counter higher than the last one's;
  a hush or a probe only when it is the narrator's. So nothing that is played back counts.
- A member's moments beyond limits.EPHEMERALS_PER_SECOND, and news of where it is beyond one in limits.ADDRESS_SECONDS,
  are dropped before a signature costs us anything. It is counted by author, so that a flood silences nobody else.
- Which run is the latest is read from the runs themselves: each names what it continues. Clocks decide only between
  runs that nothing else orders.
- An address is a member's own word. The newest counts, by the number its owner gave it.
- Whoever forges another's moment or address to use up his share loses the link with the first one.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocol import limits, messages
from protocol.encoding import Value
from protocol.kinds import NARRATOR, Opened
from protocol.ledger import Ledger
from protocol.messages import Ephemeral, PeerRecord
from protocol.pace import Pace
from protocol.sync import Neighbour

OF_THE_NARRATOR = frozenset({"hush", "probe"})


class Presence:
    """What one node knows of the moment. ``me`` is its own key."""

    def __init__(self, ledger: Ledger, me: bytes) -> None:
        self.ledger = ledger
        self.me = me
        self.records: dict[bytes, PeerRecord] = {}
        self._early: dict[bytes, PeerRecord] = {}
        self._counters: dict[bytes, tuple[bytes, int]] = {}
        self._latest: dict[bytes, tuple[bytes, bytes]] = {}
        self._moments: dict[bytes, Pace] = {}  # by member
        self._news: dict[bytes, Pace] = {}

    def hear(self, fields: list[Value], sender: Neighbour, now: float) -> Ephemeral | None:
        """The moment in a message, if it counts and its author has not sent too many.

        :raises RemoteError: MALFORMED, or BAD_SIGNATURE.
        """
        if len(fields) == 7 and (fields[0] == self.me or self._stale(fields[0], fields[1], fields[2])):
            return None
        if fields and not self._may_say(fields[0], now):
            return None
        one = messages.read_ephemeral(fields, self.ledger.tag)
        member = self.ledger.authority.member(one.author)
        if member is None or one.run != self._latest_run(one.author) or (one.direct and one.author != sender.remote):
            return None
        if one.kind in OF_THE_NARRATOR and member.seat != NARRATOR:
            return None
        self._counters[one.author] = (one.run, one.counter)
        return one

    def hear_peers(self, fields: list[Value], sender: Neighbour, now: float) -> list[PeerRecord]:
        """The addresses in a message that are news, of members who have not moved too often.

        :raises RemoteError: MALFORMED, or BAD_SIGNATURE.
        """

        def is_wanted(member: bytes, stamp: int) -> bool:
            held = self.records.get(member)
            if member == self.me or (held is not None and held.stamp >= stamp):
                return False
            if not sender.records.allows(now, limits.RECORDS_PER_SECOND, limits.RECORDS_BURST):
                return False
            if self.ledger.authority.member(member) is None:
                return True
            news = self._news.setdefault(member, Pace())
            return news.allows(now, 1 / limits.ADDRESS_SECONDS, limits.ADDRESS_BURST)

        return self.learn(messages.read_peers(fields, self.ledger.tag, is_wanted))

    def learn(self, records: Iterable[PeerRecord]) -> list[PeerRecord]:
        """Those of these addresses that are news. A stranger's are kept for a while: a grant may be on its way."""
        fresh = []
        for record in records:
            member = self.ledger.authority.member(record.member)
            held = self.records.get(record.member)
            if record.member == self.me or (held is not None and held.stamp >= record.stamp):
                continue
            if member is not None:
                self.records[record.member] = record
                fresh.append(record)
            elif record.member not in self.ledger.authority.revoked:
                self._early[record.member] = record
                while len(self._early) > limits.LINKS:
                    del self._early[next(iter(self._early))]
        return fresh

    def granted(self) -> list[PeerRecord]:
        """Addresses that came before their member was granted a seat, and are news now."""
        known = [one for key, one in self._early.items() if self.ledger.authority.member(key) is not None]
        for one in known:
            del self._early[one.member]
        return self.learn(known)

    def _stale(self, author: Value, run: Value, counter: Value) -> bool:
        """Seen already: the cheap test before any signature is checked; floods bring everything more than once."""
        last = self._counters.get(author) if type(author) is bytes else None
        return last is not None and last[0] == run and type(counter) is int and counter <= last[1]

    def _may_say(self, author: Value, now: float) -> bool:
        """Count a moment of this author's; False for one too many, and for a stranger's."""
        if type(author) is not bytes:
            return True  # it does not read, and ends the link
        if self.ledger.authority.member(author) is None:
            return False
        said = self._moments.setdefault(author, Pace())
        return said.allows(now, limits.EPHEMERALS_PER_SECOND, limits.EPHEMERALS_BURST)

    def _latest_run(self, author: bytes) -> bytes | None:
        if self.ledger.is_narrator(author):
            return self.ledger.canon.live_run
        heads = self.ledger.log.summary(author)
        if self._latest.get(author, (b"", b""))[0] != heads:
            self._latest[author] = (heads, self._find_latest(author))
        return self._latest[author][1] or None

    def _find_latest(self, author: bytes) -> bytes:
        openings: list[tuple[int, bytes]] = []
        continued: set[bytes] = set()
        for run, _ in self.ledger.log.heads(author):
            entry = self.ledger.entry_at(author, run, 0)
            if entry is None:
                continue
            openings.append((entry.at, run))
            opening = self.ledger.opening(entry)
            before = opening.body.continues if opening and isinstance(opening.body, Opened) else b""
            if before in self.ledger.entries:
                continued.add(self.ledger.entries[before].run)
        return max((one for one in openings if one[1] not in continued), default=(0, b""))[1]
