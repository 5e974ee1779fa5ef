"""One node's conversation with its links: who may say what, live entries by flood, claims, ephemerals. ``event ->
effects``.

Rules of this file:
- Before a grant a link gets genesis, one claim and its answer. All else from a stranger is ignored, not punished: the
  grant that makes him a member may be on its way.
- A live entry goes to every link not known to have it. A link that can't keep up is left alone until it has drained,
  then brought level by heads. A burst may be late, never gone.
- Ephemerals are taken from an author's latest run only, and only with a rising counter; only the narrator may hush.
"""

from __future__ import annotations

from protocol import limits, messages
from protocol.effects import (
    Claimed,
    Close,
    Effect,
    Forked,
    Heard,
    Held,
    Lane,
    Learned,
    Ready,
    Refused,
    SecondCopy,
    Send,
    Store,
    Took,
)
from protocol.encoding import Value
from protocol.entry import Entry
from protocol.errors import Code, RemoteError
from protocol.invite import Claim, claim_from_value, verify_claim
from protocol.ledger import Ledger, Taken, Unit
from protocol.log import Verdict
from protocol.messages import EXTENSIONS, Ephemeral, PeerRecord, Type
from protocol.sync import Neighbour, Sync


class Gossip:
    """One node's conversation with all its links about one story. ``me`` is its own member key, ``run`` its present
    run.
    """

    def __init__(self, ledger: Ledger, me: bytes, run: bytes) -> None:
        self.ledger = ledger
        self.me = me
        self.run = run
        self.claim: Claim | None = None
        self._links: dict[int, Neighbour] = {}
        self._sync = Sync(ledger)
        self._counters: dict[bytes, tuple[bytes, int]] = {}
        self._relayed_claims: dict[bytes, int] = {}
        self._records: dict[bytes, PeerRecord] = {}

    # --- events ----------------------------------------------------------------------------------------------------

    def link_up(self, link: int, remote: bytes, now: float) -> list[Effect]:
        """A link is open and its other end has proven its key."""
        self._links[link] = state = Neighbour(link, remote)
        if not self.ledger.begun:
            return [Send(link, messages.ask_genesis(), Lane.CONTROL)]
        return self._greet(state, now)

    def link_down(self, link: int) -> None:
        self._links.pop(link, None)

    def lagging(self, link: int) -> None:
        """The link's queue overflowed and was thrown away; nothing is pushed to it until :meth:`drained`."""
        if link in self._links:
            self._links[link].lagging = True

    def drained(self, link: int, now: float) -> list[Effect]:
        state = self._links.get(link)
        if state is None:
            return []
        state.lagging = False
        state.known.clear()
        return self._sync.begin(state, now)

    def wrote(self, unit: Unit) -> list[Effect]:
        """Our own entry is on disk: only now may it leave this machine."""
        effects: list[Effect] = [Took(entry) for entry in unit if entry.author == self.me]
        return effects + self._push(unit, None) + self._recheck()

    def tick(self, now: float) -> list[Effect]:
        """Call about once a second."""
        effects: list[Effect] = []
        for state in self._links.values():
            if self._sync.expired(state, now):
                others = [one for one in self._links.values() if one is not state]
                effects += [effect for one in others for effect in self._sync.begin(one, now)]
                effects += self._sync.ask_next(state, now)
            elif state.ready and now - state.synced_at >= limits.SYNC_SECONDS:
                effects += self._sync.begin(state, now)
        return effects

    def received(self, link: int, message: list[Value], now: float) -> list[Effect]:
        """One message from a link.

        :raises RemoteError: when the link broke a rule; close it with the code.
        """
        state = self._links.get(link)
        if state is None:
            return []
        if not message or type(message[0]) is not int:
            raise RemoteError(Code.MALFORMED, "message: its type comes first")
        kind, fields = message[0], message[1:]
        match kind:
            case Type.ASK_GENESIS:
                return self._on_ask_genesis(link)
            case Type.GENESIS:
                return self._on_genesis(link, state, fields, now)
            case Type.CLAIM:
                return self._on_claim(link, state, fields)
            case Type.REFUSED:
                return self._on_refused(fields)
            case _ if not self._trusted(state):
                return []
            case Type.HEADS:
                return self._sync.on_heads(state, fields)
            case Type.RUNS:
                return self._sync.on_runs(state, fields, now)
            case Type.WANT:
                return self._sync.on_want(state, messages.read_want(fields))
            case Type.GIVE:
                return self._on_give(state, fields, now)
            case Type.FORK:
                return self._on_fork(link, fields)
            case Type.EPHEMERAL:
                return self._on_ephemeral(link, fields)
            case Type.PEERS:
                return self._on_peers(link, fields)
            case _ if kind >= EXTENSIONS:
                return []
            case _:
                raise RemoteError(Code.MALFORMED, f"message: unknown type {kind}")

    # --- what the node asks ----------------------------------------------------------------------------------------

    def say(self, one: Ephemeral, only: bytes | None = None) -> list[Effect]:
        """Send our own ephemeral: to all members, or to one member over its direct links alone."""
        data = messages.ephemeral(one)
        return [
            Send(link, data, Lane.EPHEMERAL)
            for link, state in self._links.items()
            if state.ready and (only is None or state.remote == only)
        ]

    def announce(self, record: PeerRecord) -> list[Effect]:
        """Our own address changed: tell everyone."""
        self._records[record.member] = record
        data = messages.peers([record])
        return [Send(link, data, Lane.CONTROL) for link, state in self._links.items() if state.ready]

    def learn(self, record: PeerRecord) -> None:
        """A record from our own address book, verified when it came."""
        self._records.setdefault(record.member, record)

    def refuse(self, link: int, member: bytes, code: Code, text: str) -> list[Effect]:
        """The narrator's no to a claim."""
        return [Send(link, messages.refused(member, code, text), Lane.CONTROL)] if link in self._links else []

    def remotes(self) -> dict[int, bytes]:
        """The proven member behind every link that is ready."""
        return {link: state.remote for link, state in self._links.items() if state.ready}

    # --- getting to know each other --------------------------------------------------------------------------------

    def _trusted(self, state: Neighbour) -> bool:
        return self.ledger.begun and self.ledger.authority.member(state.remote) is not None

    def _greet(self, state: Neighbour, now: float) -> list[Effect]:
        link = state.link
        if state.remote in self.ledger.authority.revoked:
            return [Close(link, Code.REVOKED, "This seat was given to somebody else or closed by the narrator.")]
        effects: list[Effect] = []
        if self.claim is not None and self.ledger.authority.member(self.me) is None and not state.claimed:
            state.claimed = True
            effects.append(Send(link, messages.claim(self.claim.to_value()), Lane.CONTROL))
        if self._trusted(state) and not state.ready:
            state.ready = True
            effects.append(Ready(link, state.remote))
            effects.append(Send(link, messages.peers(self._records.values()), Lane.CONTROL))
            effects += self._sync.begin(state, now)
        return effects

    def _recheck(self) -> list[Effect]:
        """After a grant or a revoke: who of those linked counts now?"""
        effects: list[Effect] = []
        for link, state in list(self._links.items()):
            if state.ready and not self._trusted(state):
                state.ready = False
                effects.append(Close(link, Code.REVOKED, "The narrator closed this seat."))
            elif not state.ready and self._trusted(state):
                effects += self._greet(state, state.synced_at)
        return effects

    def _on_ask_genesis(self, link: int) -> list[Effect]:
        first = next(iter(self.ledger.canon.order), None)
        return [Send(link, messages.genesis(first), Lane.CONTROL)] if first else []

    def _on_genesis(self, link: int, state: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        if self.ledger.begun or len(fields) != 1:
            return []
        effects = self._take(link, (messages.read_triple(fields[0]),))
        for other in self._links.values():
            effects += self._greet(other, now)
        return effects

    def _on_claim(self, link: int, state: Neighbour, fields: list[Value]) -> list[Effect]:
        if not self.ledger.begun or len(fields) != 1:
            return []
        if state.claimed and not self._trusted(state):
            raise RemoteError(Code.TOO_MANY, "claim: one per link")
        state.claimed = True
        claim = claim_from_value(fields[0])
        verify_claim(claim)
        if claim.tag != self.ledger.tag:
            raise RemoteError(Code.WRONG_STORY, "claim: for another story")
        if self.me == self.ledger.authority.narrator:
            return [Claimed(link, claim)]
        if len(self._relayed_claims) < limits.LINKS:
            self._relayed_claims[claim.member_public] = link
        narrator = [one for one, s in self._links.items() if self.ledger.is_narrator(s.remote) and one != link]
        return [Send(one, messages.claim(claim.to_value()), Lane.CONTROL) for one in narrator[:1]]

    def _on_refused(self, fields: list[Value]) -> list[Effect]:
        member, code, text = messages.read_refused(fields)
        if member == self.me:
            return [Refused(code, text)]
        link = self._relayed_claims.pop(member, None)
        known = Code(code) if code in set(Code) else Code.NOT_GRANTED
        return self.refuse(link, member, known, text) if link is not None else []

    # --- entries ---------------------------------------------------------------------------------------------------

    def _on_give(self, state: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        if len(fields) != 2 or type(fields[0]) is not int:
            raise RemoteError(Code.MALFORMED, "give: nonce and units expected")
        effects: list[Effect] = []
        for unit in messages.read_units(fields[1]):
            state.knows(unit[0].id)
            effects += self._take(state.link, unit)
        took = any(isinstance(one, Store) for one in effects)
        return effects + self._sync.answered(state, fields[0], took, now)

    def _take(self, link: int, unit: Unit) -> list[Effect]:
        taken = self.ledger.take(unit)
        first = unit[0]
        match taken.verdict:
            case Verdict.TAKEN:
                return self._took(link, taken)
            case Verdict.GAP:
                return self._sync.fill(self._links[link], first)
            case Verdict.FORK if taken.fork is not None:
                return self._forked(link, *taken.fork)
            case Verdict.TOO_MANY if first.author not in self._sync.held:
                self._sync.held.add(first.author)
                return [Held(first.author)]
            case _:
                return []

    def _took(self, link: int, taken: Taken) -> list[Effect]:
        first = taken.unit[0]
        effects: list[Effect] = [Store(taken.unit)]
        effects += [Took(entry) for entry in (*taken.unit[1:], first)]
        effects += self._push(taken.unit, link)
        if self.ledger.is_narrator(first.author):
            self._sync.held.clear()
            if first.kind in ("grant", "revoke", "genesis"):
                effects += self._recheck()
                effects += [effect for one in self._links.values() for effect in self._sync.begin(one, one.synced_at)]
        return effects

    def _push(self, unit: Unit, source: int | None) -> list[Effect]:
        entry = unit[0]
        data = messages.give(0, [self.ledger.unit_of(entry)])
        effects: list[Effect] = []
        for link, state in self._links.items():
            if link != source and state.ready and not state.lagging and entry.id not in state.known:
                state.knows(entry.id)
                effects.append(Send(link, data, Lane.ENTRIES))
        return effects

    def _forked(self, link: int | None, first: Entry, second: Entry) -> list[Effect]:
        if not self.ledger.take_fork(first, second):
            return []
        data = messages.fork(first, second)
        effects: list[Effect] = [Forked(first, second)]
        effects += [Send(one, data, Lane.CONTROL) for one, s in self._links.items() if one != link and s.ready]
        return effects

    def _on_fork(self, link: int, fields: list[Value]) -> list[Effect]:
        if len(fields) != 2:
            raise RemoteError(Code.MALFORMED, "fork: two entries expected")
        return self._forked(link, messages.read_triple(fields[0]), messages.read_triple(fields[1]))

    # --- ephemerals and addresses ----------------------------------------------------------------------------------

    def _on_ephemeral(self, link: int, fields: list[Value]) -> list[Effect]:
        if len(fields) == 7 and self._stale(fields[0], fields[1], fields[2]):
            return []
        one = messages.read_ephemeral(fields, self.ledger.tag)
        if one.author == self.me:
            return [SecondCopy(one.run)] if one.run != self.run else []
        member = self.ledger.authority.member(one.author)
        if member is None or not self._latest_run(one.author, one.run) or (one.kind == "hush" and member.seat != 0):
            return []
        self._counters[one.author] = (one.run, one.counter)
        effects: list[Effect] = [Heard(link, one)]
        if not one.direct:
            data = messages.ephemeral(one)
            effects += [
                Send(other, data, Lane.EPHEMERAL)
                for other, state in self._links.items()
                if other != link and state.ready and state.remote != one.author
            ]
        return effects

    def _stale(self, author: Value, run: Value, counter: Value) -> bool:
        """Seen already: the cheap test before any signature is checked; floods bring everything more than once."""
        last = self._counters.get(author) if type(author) is bytes else None
        return last is not None and last[0] == run and type(counter) is int and counter <= last[1]

    def _latest_run(self, author: bytes, run: bytes) -> bool:
        feed = self.ledger.log.feeds.get(author)
        return bool(feed and feed.runs) and next(reversed(feed.runs)) == run if feed else False

    def _on_peers(self, link: int, fields: list[Value]) -> list[Effect]:
        fresh = []
        for record in messages.read_peers(fields, self.ledger.tag):
            held = self._records.get(record.member)
            known = self.ledger.authority.member(record.member) is not None
            if known and record.member != self.me and (held is None or held.stamp < record.stamp):
                self._records[record.member] = record
                fresh.append(record)
        if not fresh:
            return []
        data = messages.peers(fresh)
        effects: list[Effect] = [Learned(tuple(fresh))]
        effects += [Send(one, data, Lane.CONTROL) for one, s in self._links.items() if one != link and s.ready]
        return effects
