"""Every author's feed as a file tells it, checked entry by entry: who may write, where each run stands, what is canon.

Rules of this file:
- A unit is judged by what was told before it, never by what comes after.
- What the narrator accepted is taken whatever became of its author or of the run before it.
- Ids are kept (some 100 bytes per entry, some 500 per entry of the narrator's) and no bodies.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from protocol.authority import Authority, Right
from protocol.body import read_body
from protocol.canon import Canon
from protocol.entry import Entry, check_signature, tag_of
from protocol.errors import Code, RemoteError
from protocol.kinds import (
    LASTING,
    Accepted,
    Adopted,
    Genesis,
    Opened,
    Redacted,
    SetAside,
)
from protocol.ledger import Unit

# Bodies that matter to which of the narrator's entries are canon. Those that matter to who may write what are the
# authority's to know; no other is taken apart.
ORDER = frozenset(one.kind for one in (Genesis, Opened, Adopted, SetAside))

_REFUSALS = {
    Right.UNKNOWN: "an entry by somebody who has been granted no seat before it",
    Right.REVOKED: "an entry by somebody whose key was revoked before it",
    Right.NOT_HIS: "an entry of a kind that its author may not write",
}


@dataclass(frozen=True)
class Author:
    """How much of one author's feed the file holds. ``name`` came from a stranger: clean it before it is shown."""

    key: bytes
    name: str
    entries: int
    runs: int
    forked: bool


class Feeds:
    """The entries of one file so far: who may write, where each run stands, and what is canon."""

    def __init__(self) -> None:
        self.tag = b""
        self.authority = Authority()
        self.canon = Canon()
        self.forked: set[bytes] = set()
        self.of_author: Counter[bytes] = Counter()
        self.told = 0  # entries as they stand in the units: a redaction stands beside each entry it is for, too
        self._runs: dict[bytes, tuple[int, bytes]] = {}
        self._told: dict[bytes, bytes] = {}

    @property
    def entries(self) -> int:
        """How many entries there are, each counted once."""
        return self.of_author.total()

    def take(self, unit: Unit) -> None:
        """Check and count one unit.

        :raises RemoteError: naming what is wrong with it.
        """
        first = unit[0]
        if not self.tag:
            self._begin(first)
        elif first.tag != self.tag:
            raise RemoteError(Code.WRONG_STORY, "an entry of another story")
        else:
            right = self.authority.right(first)
            if right is not Right.GOOD and not (right is Right.REVOKED and first.id in self._told):
                raise RemoteError(Code.NOT_GRANTED, _REFUSALS[right])
        check_signature(first)
        if len(unit) > 1 or not first.body or first.kind == Accepted.kind:
            self._companions(first, list(unit[1:]))
        self._place(first)
        self.told += len(unit)

    def take_fork(self, pair: Unit) -> None:
        """Check a proof of a fork.

        :raises RemoteError: when it proves nothing.
        """
        first, second = pair if len(pair) == 2 else (pair[0], pair[0])
        if first[1:5] != second[1:5] or first.id == second.id or first.tag != self.tag:
            raise RemoteError(
                Code.MALFORMED, "a proof that proves nothing: two different entries at one place expected"
            )
        if first.author not in self.authority.members:
            raise RemoteError(Code.NOT_GRANTED, _REFUSALS[Right.UNKNOWN])
        check_signature(first)
        check_signature(second)
        self.forked.add(first.author)

    def author(self, key: bytes) -> Author:
        runs = sum(one.startswith(key) for one in self._runs)
        return Author(key, self.authority.name_of(key), self.of_author[key], runs, key in self.forked)

    def _begin(self, genesis: Entry) -> None:
        opening = read_body(genesis) if genesis.kind == Genesis.kind else None
        if opening is None or genesis.seq:
            raise RemoteError(Code.MALFORMED, "a story begins with its genesis entry")
        self.tag = tag_of(genesis.id)

    def _companions(self, first: Entry, rest: list[Entry]) -> None:
        without_body = [] if first.body else [first]
        if first.kind == Accepted.kind:
            accepted = self._accepted(first, rest)
            if accepted is not None and not accepted.body:
                without_body.append(accepted)
        for entry in without_body:
            self._redaction(entry, rest)
        if rest:
            raise RemoteError(Code.MALFORMED, "an entry stands beside one it does not belong to")

    def _accepted(self, accept: Entry, rest: list[Entry]) -> Entry | None:
        """What an accept is about, where it stands beside it; then it is taken off ``rest``."""
        opening = read_body(accept)
        if not opening or not isinstance(opening.body, Accepted) or not accept.refs:
            raise RemoteError(Code.MALFORMED, "an accept that names nothing")
        author, about = opening.body.author, accept.refs[0]
        if author == self.authority.narrator:
            raise RemoteError(Code.MALFORMED, "an accept of the narrator's own, which is canon without it")
        if not rest or rest[0].id != about:
            if self._told.get(about) != author:
                raise RemoteError(Code.MALFORMED, "an accept without the entry it accepts")
            return None
        accepted = rest.pop(0)
        if accepted.tag != self.tag or accepted.author != author or author not in self.authority.members:
            raise RemoteError(Code.NOT_GRANTED, "what is accepted is not by whom the accept names")
        check_signature(accepted)
        seq, head = self._runs.get(author + accepted.run, (-1, b""))
        if accepted.seq == seq + 1 and accepted.prev == head:
            self._place(accepted)
        elif about not in self._told:
            if accepted.seq <= seq:
                self.forked.add(author)
            self._told[about] = author
            self.of_author[author] += 1
        return accepted

    def _redaction(self, entry: Entry, rest: list[Entry]) -> None:
        redaction = rest.pop(0) if rest else None
        if entry.kind in LASTING:
            raise RemoteError(Code.MALFORMED, "a body is missing of a kind that can't be removed")
        if redaction is None or redaction.kind != Redacted.kind or entry.id not in redaction.refs:
            raise RemoteError(Code.MALFORMED, "a body is missing, and no redaction stands in its place")
        if redaction.tag != self.tag or redaction.author not in (entry.author, self.authority.narrator):
            raise RemoteError(Code.NOT_GRANTED, "a body was removed by somebody who may not")
        check_signature(redaction)

    def _place(self, entry: Entry) -> None:
        """Put an entry at the end of its run."""
        run = entry.author + entry.run
        seq, head = self._runs.get(run, (-1, b""))
        if entry.seq != seq + 1:
            if entry.seq > seq:
                raise RemoteError(
                    Code.MALFORMED, "an entry is missing: this one does not follow the one before it in its run"
                )
            raise RemoteError(Code.MALFORMED, "an entry is told twice, or out of its order")
        if entry.prev != head:
            raise RemoteError(Code.MALFORMED, "an entry was exchanged: this one follows another than stands before it")
        self._runs[run] = entry.seq, entry.id
        if entry.id not in self._told:
            self.of_author[entry.author] += 1
        if entry.author == self.authority.narrator or not self.authority.narrator:
            self.authority.add(entry)
            self.canon.add(entry if entry.kind in ORDER else self._bare(entry))
        else:
            self._told[entry.id] = entry.author

    def _bare(self, entry: Entry) -> Entry:
        """As much of an entry of the narrator's as canon needs."""
        narrator = self.authority.narrator
        return Entry(entry.id, b"", narrator, entry.run, entry.seq, b"", 0, entry.kind, b"", (), 0, b"", b"", b"", b"")
