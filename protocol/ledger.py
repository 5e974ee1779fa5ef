"""Everything a node holds of one story, and what it means: log, canon, rights and fold behind one door.

Rules of this file:
- A *unit* is what travels and is stored together: an entry, and after it what it can't stand without: the entry an
  accept is about, the redaction that stands for a body. A unit is taken whole or not at all.
- Everything is checked before anything changes: shape, signature, rights, place.
- What the narrator accepted is immune: to forks, to revokes, to gaps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from protocol.authority import Authority, Right
from protocol.body import Opening, read_body
from protocol.canon import Canon
from protocol.entry import Entry, check_signature, tag_of
from protocol.errors import Code, RemoteError
from protocol.kinds import Accepted, Discarded, Genesis, Redacted, Resealed
from protocol.log import Log, Verdict
from protocol.sealing import SealKey
from protocol.story import Story

Unit = tuple[Entry, ...]


class Taken(NamedTuple):
    """What became of a unit. ``unit`` is what to store (empty unless TAKEN); ``fork`` two entries that prove one."""

    verdict: Verdict
    unit: Unit = ()
    fork: tuple[Entry, Entry] | None = None


class Ledger:
    """One story as a node holds it. ``key`` is the node's own X25519 key; without it sealed text stays sealed."""

    def __init__(self, tag: bytes, key: SealKey | None = None) -> None:
        self.tag = tag
        self.log = Log()
        self.canon = Canon()
        self.authority = Authority()
        self.story = Story()
        self.entries: dict[bytes, Entry] = {}
        self.redactions: dict[bytes, Entry] = {}
        self._key = key
        self._body_keys: dict[bytes, bytes] = {}
        self._folded = 0

    @property
    def begun(self) -> bool:
        """Whether genesis is here, and with it the narrator's key."""
        return bool(self.authority.narrator)

    def is_narrator(self, author: bytes) -> bool:
        return author == self.authority.narrator

    def opening(self, entry: Entry) -> Opening | None:
        """An entry's body as this node can read it: None when sealed to others, redacted, unknown or unreadable."""
        try:
            return read_body(entry, self._key, self._body_keys.get(entry.id))
        except RemoteError:
            return None

    def unit_of(self, entry: Entry) -> Unit:
        """The unit an entry travels in."""
        unit = [entry]
        if entry.kind == Accepted.kind:
            unit.extend(self.entries[ref] for ref in entry.refs if ref in self.entries)
        unit.extend(self.redactions[one.id] for one in tuple(unit) if one.redacted)
        return tuple(unit)

    def entry_at(self, author: bytes, run: bytes, seq: int) -> Entry | None:
        entry_id = self.log.at(author, run, seq)
        return self.entries.get(entry_id) if entry_id else None

    def take(self, unit: Unit) -> Taken:
        """Check a unit and, if it is good and next, hold it.

        :raises RemoteError: when it breaks a rule for which the sender is to blame: he checks before he forwards.
        """
        first = unit[0]
        if self.log.in_place(first):
            return Taken(Verdict.KNOWN)
        if first.kind == Genesis.kind:
            return self._begin(first)
        if first.tag != self.tag:
            raise RemoteError(Code.WRONG_STORY, "entry: of another story")
        if not self.begun:
            return Taken(Verdict.UNKNOWN_AUTHOR)
        right = self.authority.right(first)
        if right is Right.UNKNOWN:
            return Taken(Verdict.UNKNOWN_AUTHOR)
        if right is Right.REVOKED:
            return Taken(Verdict.REVOKED)
        if right is Right.NOT_HIS:
            raise RemoteError(Code.NOT_GRANTED, f"{first.kind}: not this author's to write")
        check_signature(first)
        companions = self._companions(first, unit[1:])
        if companions is None:
            return Taken(Verdict.UNKNOWN_AUTHOR)
        return self._place(first, companions)

    def load(self, units: Iterable[Unit]) -> None:
        """Hold what our own store gives back; it was checked before it was stored."""
        for unit in units:
            if unit[0].kind == Genesis.kind:
                self._begin(unit[0])
            else:
                self._place(unit[0], unit[1:])

    def take_fork(self, first: Entry, second: Entry) -> bool:
        """Take a proof that an author told two things at one place. True when it is news.

        :raises RemoteError: when it proves nothing.
        """
        same_place = (first.author, first.run, first.seq) == (second.author, second.run, second.seq)
        if not same_place or first.id == second.id or first.tag != second.tag or first.tag != self.tag:
            raise RemoteError(Code.MALFORMED, "fork: two different entries at one place expected")
        if first.author not in self.authority.members:
            return False
        check_signature(first)
        check_signature(second)
        return self.log.prove_fork(first.author, first.id, second.id)

    def _begin(self, genesis: Entry) -> Taken:
        if tag_of(genesis.id) != self.tag or genesis.seq != 0:
            raise RemoteError(Code.WRONG_STORY, "genesis: of another story")
        check_signature(genesis)
        if read_body(genesis) is None:
            raise RemoteError(Code.MALFORMED, "genesis: no body")
        return self._place(genesis, ())

    def _companions(self, first: Entry, rest: Unit) -> Unit | None:
        """What must come along, checked; None when we lack what it takes to check it."""
        by_id = {one.id: one for one in rest}
        needed: list[Entry] = []
        if first.kind == Accepted.kind:
            about = first.refs[0] if first.refs else b""
            accepted = by_id.get(about) or self.entries.get(about)
            opening = self.opening(first)
            if accepted is None or not opening or not isinstance(opening.body, Accepted):
                raise RemoteError(Code.MALFORMED, "accept: what it accepts must come with it")
            if accepted.author != opening.body.author or accepted.tag != self.tag:
                raise RemoteError(Code.MALFORMED, "accept: names another author")
            if accepted.author not in self.authority.members:
                return None
            needed.append(accepted)
        needed.extend(self._redaction(one, rest) for one in (first, *needed) if one.redacted)
        for one in needed:
            if one.id not in self.log:
                check_signature(one)
        return tuple(needed)

    def _redaction(self, entry: Entry, rest: Unit) -> Entry:
        candidates = (*rest, *(self.redactions[entry.id],)) if entry.id in self.redactions else rest
        for one in candidates:
            if one.kind == Redacted.kind and entry.id in one.refs and self._may_redact(one, entry):
                return one
        raise RemoteError(Code.MALFORMED, "body: missing, and no redaction stands in its place")

    def _may_redact(self, redaction: Entry, entry: Entry) -> bool:
        return redaction.tag == self.tag and redaction.author in (entry.author, self.authority.narrator)

    def _place(self, first: Entry, companions: Unit) -> Taken:
        narrator = not self.begun or self.is_narrator(first.author)
        verdict = self.log.take(first, bounded=not narrator)
        if verdict is Verdict.FORK:
            held = self.entry_at(first.author, first.run, first.seq)
            return Taken(verdict, fork=(held, first) if held else None)
        if verdict is not Verdict.TAKEN:
            return Taken(verdict)
        new = [one for one in companions if self.log.take_accepted(one) is Verdict.TAKEN]
        for one in (*new, first):
            self._hold(one)
        return Taken(Verdict.TAKEN, (self.entries[first.id], *(self.entries[one.id] for one in new)))

    def _hold(self, entry: Entry) -> None:
        redaction = self.redactions.get(entry.id)
        if redaction is not None and self._may_redact(redaction, entry):
            entry = entry._replace(body=b"")
        self.entries[entry.id] = entry
        if entry.kind == Redacted.kind:
            self._redact(entry)
        if not self.begun or self.is_narrator(entry.author):
            self._answer(entry)
            self.authority.add(entry)
            self._advance(self.canon.add(entry))
        else:
            self.story.offer(entry, self.opening(entry))

    def _redact(self, redaction: Entry) -> None:
        for ref in redaction.refs:
            entry = self.entries.get(ref)
            if entry is None or self._may_redact(redaction, entry):
                self.redactions.setdefault(ref, redaction)
            if entry is not None and entry.kind != Genesis.kind and self._may_redact(redaction, entry):
                self.entries[ref] = entry._replace(body=b"")
                self._folded = -1

    def _answer(self, entry: Entry) -> None:
        if entry.kind in (Accepted.kind, Discarded.kind) and entry.refs and entry.refs[0] in self.entries:
            self.log.settle(self.entries[entry.refs[0]].author)
        if entry.kind == Resealed.kind and entry.refs:
            opening = self.opening(entry)
            if opening and isinstance(opening.body, Resealed):
                self._body_keys[entry.refs[0]] = opening.body.key
                self._folded = -1

    def _advance(self, grew: bool) -> None:
        if not grew or self._folded < 0:
            self.story, self._folded = Story(), 0
            for entry in self.entries.values():
                if not self.is_narrator(entry.author):
                    self.story.offer(entry, self.opening(entry))
        for placed in self.canon.order[self._folded :]:
            entry = self.entries[placed.id]
            accepted = self.entries.get(entry.refs[0]) if entry.kind == Accepted.kind and entry.refs else None
            if accepted is None:
                self.story.apply(entry, self.opening(entry))
            else:
                seat = self.authority.members[accepted.author].seat
                self.story.apply(entry, self.opening(entry), (accepted, self.opening(accepted), seat))
        self._folded = len(self.canon.order)
