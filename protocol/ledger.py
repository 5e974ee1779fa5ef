"""Everything a node holds of one story, and what it means: log, canon, rights and fold behind one door.

Rules of this file:
- A *unit* is what travels and is stored together: an entry, and after it what it can't stand without: the entry an
  accept is about, the redaction that stands for a body. A unit is taken whole or not at all.
- Everything is checked before anything changes: shape, signature, rights, place.
- What the narrator accepted is immune: to forks, to revokes, to gaps.
- Words can be taken back, structure can't: a redaction of an entry that others stand on has no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from protocol import limits
from protocol.authority import Authority, Right
from protocol.body import Opening, read_body
from protocol.canon import Canon
from protocol.entry import Entry, check_signature, tag_of
from protocol.errors import Code, RemoteError
from protocol.kinds import (
    LASTING,
    Accepted,
    Brought,
    Discarded,
    Evolved,
    Genesis,
    Kept,
    Minded,
    Narrated,
    Redacted,
    Resealed,
)  # fmt: skip
from protocol.log import Log, Verdict
from protocol.sealing import SealKey
from protocol.story import Story

Unit = tuple[Entry, ...]
ABOUT_MINDS = frozenset((Evolved.kind, Minded.kind, Brought.kind, Kept.kind))


class Taken(NamedTuple):
    """What became of a unit. ``unit`` is what to store (empty unless TAKEN); ``fork`` two entries that prove one, also
    when what the narrator accepted is the second of them.
    """

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
        self.story = Story(readers=self.authority.readers)
        self.entries: dict[bytes, Entry] = {}
        self.about_minds: list[bytes] = []  # entries that protocol/minds.py reads
        self.redactions: dict[bytes, Entry] = {}
        self.proofs: dict[bytes, tuple[Entry, Entry]] = {}
        self._early_redactions: dict[tuple[bytes, bytes], Entry] = {}
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
            unit.extend(self.entries[ref] for ref in entry.refs[:1] if ref in self.entries)
        unit.extend(self.redactions[one.id] for one in tuple(unit) if one.id in self.redactions)
        return tuple(unit)

    def units(self) -> Iterator[Unit]:
        """Everything held, in an order in which another ledger can take it. An accepted entry with a gap before it in
        its run comes with its accept alone.
        """
        return (self.unit_of(entry) for entry in tuple(self.entries.values()) if self.log.in_place(entry))

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

    def load(self, units: Iterable[Unit], proofs: Iterable[tuple[Entry, Entry]] = ()) -> None:
        """Hold what our own store gives back; it was checked before it was stored."""
        for unit in units:
            if unit[0].kind == Genesis.kind:
                self._begin(unit[0])
            elif not self.log.in_place(unit[0]):
                self._place(unit[0], unit[1:], stored=True)
        for first, second in proofs:
            self._keep_proof(first, second)

    def take_fork(self, first: Entry, second: Entry) -> bool:
        """Take a proof that an author told two things at one place. True when it is news.

        :raises RemoteError: when it proves nothing.
        """
        same_place = (first.author, first.run, first.seq) == (second.author, second.run, second.seq)
        if not same_place or first.id == second.id or first.tag != second.tag or first.tag != self.tag:
            raise RemoteError(Code.MALFORMED, "fork: two different entries at one place expected")
        if first.author not in self.authority.members or first.author in self.log.forks:
            return False
        check_signature(first)
        check_signature(second)
        return self._keep_proof(first, second)

    def _keep_proof(self, first: Entry, second: Entry) -> bool:
        if not self.log.prove_fork(first.author, first.id, second.id):
            return False
        self.proofs[first.author] = (first._replace(body=b""), second._replace(body=b""))
        return True

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
        _check_small(first)
        if first.kind == Accepted.kind:
            about = first.refs[0] if first.refs else b""
            accepted = by_id.get(about) or self.entries.get(about)
            opening = self.opening(first)
            if accepted is None or not opening or not isinstance(opening.body, Accepted):
                raise RemoteError(Code.MALFORMED, "accept: what it accepts must come with it")
            if accepted.author != opening.body.author or accepted.tag != self.tag:
                raise RemoteError(Code.MALFORMED, "accept: names another author")
            if self.is_narrator(accepted.author):
                raise RemoteError(Code.MALFORMED, "accept: the narrator's own is canon without it")
            if accepted.author not in self.authority.members:
                return None
            needed.append(accepted)
        needed.extend(self._redaction(one, rest) for one in (first, *needed) if one.redacted)
        for one in needed:
            if one.id not in self.log:
                check_signature(one)
        return tuple(needed)

    def _redaction(self, entry: Entry, rest: Unit) -> Entry:
        if entry.kind in LASTING:
            raise RemoteError(Code.MALFORMED, f"{entry.kind}: its body can't be removed")
        for one in (*rest, self._redaction_of(entry)):
            if one is not None and one.kind == Redacted.kind and entry.id in one.refs and self._may_redact(one, entry):
                _check_small(one)
                return one
        raise RemoteError(Code.MALFORMED, "body: missing, and no redaction stands in its place")

    def _redaction_of(self, entry: Entry) -> Entry | None:
        """The redaction we hold of an entry, whichever of the two came first."""
        if entry.id in self.redactions or entry.kind in LASTING:
            return self.redactions.get(entry.id)
        by_author = self._early_redactions.get((entry.id, entry.author))
        return by_author or self._early_redactions.get((entry.id, self.authority.narrator))

    def _may_redact(self, redaction: Entry, entry: Entry) -> bool:
        return redaction.tag == self.tag and redaction.author in (entry.author, self.authority.narrator)

    def _place(self, first: Entry, companions: Unit, *, stored: bool = False) -> Taken:
        narrator = not self.begun or self.is_narrator(first.author)
        verdict = self.log.take(first, bounded=not narrator and not stored)
        if verdict is Verdict.FORK:
            return Taken(verdict, fork=self._fork_of(first))
        if verdict is not Verdict.TAKEN:
            self._fall_into_place(first, verdict)
            self._fill_gaps(first)
            return Taken(verdict)
        if stored and not narrator:
            self.log.charge(first)
        fork = next((fork for one in companions if (fork := self._fork_of(one)) is not None), None)
        new = [one for one in companions if self.log.take_accepted(one) is Verdict.TAKEN]
        redactions = [one for one in new if one.kind == Redacted.kind]
        for one in (*(one for one in new if one not in redactions), first, *redactions):
            self._hold(one)
        for one in redactions:
            if not self.is_narrator(one.author):
                self.log.charge(one)
        for one in (*new, first):
            self._fill_gaps(one)
        return Taken(Verdict.TAKEN, (self.entries[first.id], *(self.entries[one.id] for one in new)), fork)

    def _fork_of(self, entry: Entry) -> tuple[Entry, Entry] | None:
        """The two entries that prove a fork, when another one than this is held at its place."""
        held = self.entry_at(entry.author, entry.run, entry.seq)
        return (held, entry) if held is not None and held.id != entry.id else None

    def _fill_gaps(self, entry: Entry) -> None:
        """What was held loose behind this entry's run falls into its place."""
        while (entry_id := self.log.next_loose(entry.author, entry.run)) is not None:
            self._fall_into_place(self.entries[entry_id], self.log.take(self.entries[entry_id], bounded=False))

    def _fall_into_place(self, entry: Entry, verdict: Verdict) -> None:
        held = self.entries.get(entry.id)
        if verdict is Verdict.KNOWN and held is not None:
            self.entries[entry.id] = self.entries.pop(entry.id)
            if self.is_narrator(entry.author):
                self._fold(held)

    def _hold(self, entry: Entry) -> None:
        redaction = self._redaction_of(entry)
        if redaction is not None:
            self.redactions[entry.id] = redaction
            entry = entry._replace(body=b"")
        self.entries[entry.id] = entry
        if entry.kind in ABOUT_MINDS:
            self.about_minds.append(entry.id)
        if entry.kind == Redacted.kind:
            self._redact(entry)
        if self.log.in_place(entry) or not self.is_narrator(entry.author):
            self._fold(entry)

    def _fold(self, entry: Entry) -> None:
        if not self.begun or self.is_narrator(entry.author):
            self._answer(entry)
            moved = self.authority.moved
            self.authority.add(entry)
            self._advance(self.canon.add(entry) and moved == self.authority.moved)
        else:
            self.story.offer(entry, self.opening(entry))
            if self._folded < 0:
                self._advance(False)

    def _redact(self, redaction: Entry) -> None:
        for ref in redaction.refs:
            entry = self.entries.get(ref)
            if entry is None:
                self._early_redactions.setdefault((ref, redaction.author), redaction)
            elif entry.kind not in LASTING and self._may_redact(redaction, entry):
                self.redactions.setdefault(ref, redaction)
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
        if entry.kind == Narrated.kind:
            self.log.give_back()

    def _advance(self, grew: bool) -> None:
        if not grew or self._folded < 0:
            self.story, self._folded = Story(readers=self.authority.readers), 0
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
                waiting = self.story.offered.get(accepted.id)
                opening = waiting[1] if waiting is not None and waiting[0] is accepted else self.opening(accepted)
                self.story.apply(entry, None, (accepted, opening, seat))
        self._folded = len(self.canon.order)


def _check_small(entry: Entry) -> None:
    if entry.kind in (Accepted.kind, Redacted.kind) and entry.body_size > limits.SMALL_BODY:
        raise RemoteError(Code.TOO_LARGE, f"{entry.kind}: too large to travel with what it is about")
