"""One node's conversation with its links: who may say what, live entries by flood, claims, ephemerals. ``event ->
effects``.

Rules of this file:
- Before a grant a link gets genesis, one claim and its answer (door.py). All else from a stranger is ignored, not
  punished: the grant that makes him a member may be on its way.
- A live entry goes to every link not known to have it; what was asked for is not passed on, but told of by heads. A
  link that can't keep up is left alone until it has drained, then brought level by heads. A burst may be late, never
  gone.
- What its author brought rests a moment before it is passed on (resting.py). What decides who counts never rests.
- A live entry of our own key, from a run that is not ours: somebody else lives with this key.
- What is good in a message is kept although what stands beside it ends the link: it is held already.
"""

from __future__ import annotations

from protocol import limits, messages
from protocol.door import Door
from protocol.effects import (
    Close,
    Effect,
    Forked,
    Heard,
    Held,
    Lane,
    Learned,
    Ready,
    SecondCopy,
    Send,
    Store,
    Took,
)
from protocol.encoding import Value, take_int, take_list
from protocol.entry import Entry
from protocol.errors import Code, RemoteError
from protocol.invite import Claim
from protocol.ledger import Ledger, Taken, Unit
from protocol.log import Verdict
from protocol.messages import EXTENSIONS, Ephemeral, PeerRecord, Type, Want
from protocol.presence import Presence
from protocol.resting import HASTY, Resting
from protocol.sync import Neighbour, Sync

PAGE = 16  # address records in a message: each may have 2 KiB, a frame 64


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
        self._presence = Presence(ledger, me)
        self._door = Door(ledger, me)
        self._resting = Resting(run)

    # --- events ----------------------------------------------------------------------------------------------------

    def link_up(self, link: int, remote: bytes, now: float) -> list[Effect]:
        """A link is open and its other end has proven its key."""
        self._links[link] = state = Neighbour(link, remote)
        if not self.ledger.begun:
            return [Send(link, messages.ask_genesis(), Lane.CONTROL)]
        return self._greet(state, now)

    def link_down(self, link: int) -> None:
        gone = self._links.pop(link, None)
        if gone is not None:
            self._sync.forget(gone)
        self._door.forget(link)

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
        for companion in self.ledger.unit_of(unit[0])[1:]:
            self._resting.drop(companion.id)  # it goes out with this one
        if self.ledger.is_narrator(self.me):
            self._sync.held.clear()
        return effects + self._push(unit, None) + self._recheck()

    def tick(self, now: float) -> list[Effect]:
        """Call about once a second."""
        effects: list[Effect] = []
        for state in self._links.values():
            if self._sync.expired(state, now):
                others = [one for one in self._links.values() if one is not state]
                effects += [effect for one in others for effect in self._sync.begin(one, now)]
                effects += self._ask_on(now)
            elif state.ready and now - state.synced_at >= limits.SYNC_SECONDS:
                effects += self._sync.begin(state, now)
        return effects

    @property
    def rests_until(self) -> float | None:
        """When :meth:`pass_on` is to be called next; None while nothing rests."""
        return self._resting.until

    def pass_on(self, now: float) -> list[Effect]:
        """What has rested long enough goes to every link that was not heard to have it meanwhile."""
        return self._push_all(self._resting.rested(now))

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
                return self._door.on_claim(state, fields, self._links.values(), now)
            case Type.REFUSED:
                return self._door.on_refused(state, fields)
            case Type.GRANT:
                return self._greet(state, now) if self._door.on_grant(state, fields) else []
            case _ if not self._door.trusts(state):
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
                return self._on_ephemeral(state, fields, now)
            case Type.PEERS:
                return self._on_peers(state, fields, now)
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
        self._presence.records[record.member] = record
        data = messages.peers([record])
        return [Send(link, data, Lane.CONTROL) for link, state in self._links.items() if state.ready]

    def learn(self, record: PeerRecord) -> None:
        """A record from our own address book, verified when it came."""
        self._presence.records.setdefault(record.member, record)

    def refuse(self, link: int, member: bytes, code: Code, text: str) -> list[Effect]:
        """The narrator's no to a claim."""
        return [Send(link, messages.refused(member, code, text), Lane.CONTROL)] if link in self._links else []

    def remotes(self) -> dict[int, bytes]:
        """The proven member behind every link that is ready."""
        return {link: state.remote for link, state in self._links.items() if state.ready}

    # --- getting to know each other --------------------------------------------------------------------------------

    def _greet(self, state: Neighbour, now: float) -> list[Effect]:
        effects = self._door.greet(state, self.claim)
        if self._door.trusts(state) and not state.ready:
            state.ready = True
            effects.append(Ready(state.link, state.remote))
            effects += self._door.introduce(state)
            effects += self._tell_peers([state.link], list(self._presence.records.values()))
            effects += self._sync.begin(state, now)
        return effects

    def _recheck(self) -> list[Effect]:
        """After a grant or a revoke: who of those linked counts now?"""
        effects: list[Effect] = []
        for link, state in list(self._links.items()):
            if state.ready and not self._door.trusts(state):
                state.ready = False
                effects.append(Close(link, Code.REVOKED, "The narrator closed this seat."))
            else:
                effects += self._greet(state, state.synced_at)
        fresh = self._presence.granted()
        return effects + (self._spread(None, fresh) if fresh else [])

    def _on_ask_genesis(self, link: int) -> list[Effect]:
        first = next(iter(self.ledger.canon.order), None)
        return [Send(link, messages.genesis(first), Lane.CONTROL)] if first else []

    def _on_genesis(self, link: int, state: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        if self.ledger.begun or len(fields) != 1:
            return []
        effects = self._take(state, (messages.read_triple(fields[0]),), now)
        for other in self._links.values():
            effects += self._greet(other, now)
        return effects

    # --- entries ---------------------------------------------------------------------------------------------------

    def _on_give(self, state: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        nonce, units = take_list(fields, "give", 2)
        want = self._sync.close(state, take_int(nonce, "nonce"))
        effects: list[Effect] = []
        try:
            for unit in messages.read_units(units):
                state.knows(unit[0].id)
                effects += self._take(state, unit, now, want)
        except RemoteError as error:
            return [*effects, Close(state.link, error.code, str(error))]
        if want is not None:
            gained = any(isinstance(one, Store) for one in effects)
            effects += self._sync.go_on(state, want, gained, now) + self._ask_on(now)
            if self._sync.is_level(state):
                effects += [effect for one in self._links.values() for effect in self._sync.begin(one, now)]
        return effects

    def _ask_on(self, now: float) -> list[Effect]:
        """An author is free to be asked for again: whoever waited for that asks."""
        return [effect for one in self._links.values() if one.backlog for effect in self._sync.ask_next(one, now)]

    def _take(self, state: Neighbour, unit: Unit, now: float, want: Want | None = None) -> list[Effect]:
        taken = self.ledger.take(unit)
        first = unit[0]
        match taken.verdict:
            case Verdict.TAKEN:
                return self._took(state, taken, now, fetched=want is not None)
            case Verdict.GAP:
                return self._sync.fill(state, first, now, want)
            case Verdict.FORK if taken.fork is not None:
                return self._forked(state.link, *taken.fork)
            case Verdict.UNKNOWN_AUTHOR:
                self._sync.ignored = True
                return []
            case Verdict.TOO_MANY if first.author not in self._sync.held:
                self._sync.held.add(first.author)
                return [Held(first.author)]
            case _:
                return []

    def _took(self, state: Neighbour, taken: Taken, now: float, *, fetched: bool) -> list[Effect]:
        first = taken.unit[0]
        effects: list[Effect] = [Store(taken.unit)]
        effects += [Took(entry) for entry in (*taken.unit[1:], first)]
        if not fetched:
            effects += self._relay(state, taken.unit, now)
            if first.author == self.me and first.run != self.run:
                effects.append(SecondCopy(first.run))
        if taken.fork is not None:
            effects += self._forked(None, *taken.fork)
        if self.ledger.is_narrator(first.author):
            self._sync.held.clear()
            if first.kind in ("grant", "revoke", "genesis"):
                effects += self._recheck()
            if first.kind == "grant" and self._sync.ignored:  # it may be this member's that was not taken
                self._sync.ignored = False
                effects += [effect for one in self._links.values() for effect in self._sync.begin(one, one.synced_at)]
        return effects

    def _relay(self, state: Neighbour, unit: Unit, now: float) -> list[Effect]:
        """Pass on what is new, now or after its rest. What does not rest overtakes nothing."""
        if unit[0].author == state.remote and unit[0].kind not in HASTY:
            return self._push_all(self._resting.add(unit, state.link, now))
        return self._push_all([*self._resting.rested(), (unit, state.link)])

    def _push_all(self, units: list[tuple[Unit, int]]) -> list[Effect]:
        return [effect for unit, source in units for effect in self._push(unit, source)]

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

    def _on_ephemeral(self, state: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        one = self._presence.hear(fields, state, now)
        if one is None:
            return []
        effects: list[Effect] = [Heard(state.link, one)]
        if not one.direct:
            data = messages.ephemeral(one)
            effects += [
                Send(other.link, data, Lane.EPHEMERAL)
                for other in self._links.values()
                if other is not state and other.ready and other.remote != one.author
            ]
        return effects

    def _on_peers(self, state: Neighbour, fields: list[Value], now: float) -> list[Effect]:
        fresh = self._presence.hear_peers(fields, state, now)
        return self._spread(state.link, fresh) if fresh else []

    def _spread(self, source: int | None, fresh: list[PeerRecord]) -> list[Effect]:
        others = [one.link for one in self._links.values() if one.link != source and one.ready]
        return [Learned(tuple(fresh)), *self._tell_peers(others, fresh)]

    def _tell_peers(self, links: list[int], records: list[PeerRecord]) -> list[Effect]:
        pages = [records[at : at + PAGE] for at in range(0, len(records), PAGE)]
        return [Send(link, messages.peers(page), Lane.CONTROL) for link in links for page in pages]
