"""A running node: the one place where the effects of the pure core are performed.

Rules of this file:
- No decision about the story is taken here. It says "perform this effect" and "report this event", nothing else.
- An own entry is on disk before its first byte leaves; its mark (high_water.py) follows, in nobody's way.
- If the disk fails, the node stops: what is in memory then is no longer what is on disk, and the next start reads the
  disk.
- Whoever listens (:meth:`Node.subscribe`) gets values over a bounded channel. What is of the moment is dropped first;
  what is held can always be read again from the ledger.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import trio

from dwnet.high_water import HighWater, Mark
from dwnet.link import Link, worse
from dwnet.store import Store
from dwnet.store_reader import Peer
from dwnet.times import now
from protocol import limits, messages
from protocol.body import pack_body, place_of, seal_body
from protocol.effects import Close, Effect, Forked, Heard, Learned, Send, Took
from protocol.effects import Store as StoreUnit
from protocol.encoding import Value
from protocol.entry import Entry, write_entry
from protocol.errors import Code, LocalError
from protocol.gossip import Gossip
from protocol.identity import SigningKey
from protocol.kinds import NARRATOR, Body, Opened
from protocol.ledger import Ledger, Unit
from protocol.sealing import SealKey

EVENTS = 4_096  # waiting for one subscriber; a burst of entries fits, beyond it he reads the ledger
BEFORE = b"before"  # in a draft's refs: the draft that is written just before this one, in the same transaction
OWN = 0  # in place of a link: what this very node says, so that whoever sits beside it sees and hears it too
MOMENTS = 1_024  # of these, ephemerals
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LinkOpened:
    """A link came up; ``member`` is the proven key at its other end."""

    link: int
    member: bytes
    address: str


@dataclass(frozen=True)
class LinkClosed:
    """A link is gone. ``code`` is None when it was cut without a word."""

    link: int
    member: bytes
    code: Code | None
    text: str


Event = Effect | LinkOpened | LinkClosed


@dataclass(frozen=True)
class Draft:
    """An entry to write: its body, what it refers to, who may read it (None: all), and what travels with it.
    ``BEFORE`` among ``refs`` is the entry that is written just before it.
    """

    body: Body
    refs: tuple[bytes, ...] = ()
    audience: tuple[int, ...] | None = None
    companions: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        if self.audience is not None and NARRATOR not in self.audience:
            raise LocalError("the narrator is part of every audience")


class Node:
    """One peer of one story. ``run_id`` was drawn at random for this process start; ``mark`` notes what was written
    here.
    """

    def __init__(
        self, ledger: Ledger, store: Store, member: SigningKey, seal_key: SealKey, run_id: bytes, mark: HighWater
    ) -> None:
        self.ledger = ledger
        self.member = member
        self.seal_key = seal_key
        self.run_id = run_id
        self.gossip = Gossip(ledger, member.public, self.run_id)
        self.links: dict[int, Link] = {}
        self.on_blob_message: Callable[[int, list[Value]], None] | None = None
        self.on_peers: Callable[[Sequence[messages.PeerRecord]], None] = lambda records: None
        self._store = store
        self._mark = mark
        self._counter = 0
        self._subscribers: list[trio.MemorySendChannel[Event]] = []
        self._waiting: list[Unit] = []
        self._chores: list[Callable[[], Awaitable[None]]] = []
        self._learned: dict[bytes, messages.PeerRecord] = {}  # not yet written down: of each member the newest
        self._wake = trio.Event()
        self._rests = trio.Event()  # set when something rests in the gossip
        self._failed: Exception | None = None
        self._due: Mark | None = None

    # --- life ------------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Store what arrives, keep time, until cancelled. Ends with an error when the disk does."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_storing)
                nursery.start_soon(self._keep_time)
                nursery.start_soon(self._keep_passing_on)
                task_status.started()
        finally:
            if self._failed is None:
                with trio.CancelScope(shield=True):
                    await self._flush()

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(1)
            self.perform(self.gossip.tick(trio.current_time()))

    async def _keep_passing_on(self) -> None:
        while True:
            until = self.gossip.rests_until
            if until is None:
                self._rests = trio.Event()
                await self._rests.wait()
            else:
                await trio.sleep_until(until)
                self.perform(self.gossip.pass_on(trio.current_time()))

    async def _keep_storing(self) -> None:
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            if self._failed is not None:
                raise self._failed
            await self._flush()

    async def _flush(self) -> None:
        while self._waiting and self._failed is None:
            units, self._waiting = self._waiting, []
            await self._commit(units)
        chores, self._chores = self._chores, []
        learned, self._learned = self._learned, {}
        for chore in chores:
            await chore()
        for record in learned.values():
            await self._store.keep_peer(_peer(record))
        if self._due is not None:
            await trio.lowlevel.checkpoint()  # what was written goes out first
            due, self._due = self._due, None
            self._mark.write(due)

    async def _commit(self, units: Sequence[Unit]) -> None:
        try:
            await self._store.commit(units)
        except Exception as error:
            self._failed = error
            self._wake.set()
            raise

    # --- what the story's people do ---------------------------------------------------------------------------------

    def subscribe(self) -> trio.MemoryReceiveChannel[Event]:
        """Everything that happens from now on."""
        send, receive = trio.open_memory_channel[Event](EVENTS)
        self._subscribers.append(send)
        return receive

    async def write(self, *bodies: Draft) -> tuple[Entry, ...]:
        """Sign these, make them durable in one transaction, then tell everyone.

        :raises LocalError: when a draft is out of bounds, or we may not write.
        :raises dwnet.errors.NodeError: when the disk refuses; the node ends with the same error.
        """
        if self._failed is not None:
            raise self._failed
        entries: list[Entry] = []
        units: list[Unit] = []
        for draft in bodies:
            entry = self._sign(draft, entries[-1].id if entries else b"")
            taken = self.ledger.take((entry, *draft.companions))
            if not taken.unit:
                raise LocalError(f"our own {draft.body.kind} was not taken: {taken.verdict.value}")
            entries.append(entry)
            units.append(taken.unit)
        before, self._waiting = self._waiting, []
        await self._commit([*before, *units])
        for unit in units:
            self.perform(self.gossip.wrote(unit))
        last = entries[-1]
        self._due = Mark(last.run, last.seq, last.id, self.ledger.canon.head, len(self.ledger.log))
        self._wake.set()
        return tuple(entries)

    def _sign(self, draft: Draft, before: bytes) -> Entry:
        head = self.ledger.log.head(self.member.public, self.run_id)
        seq, prev = (head.seq + 1, head.id) if head else (0, b"")
        if seq == 0 and not isinstance(draft.body, Opened) and self.ledger.begun:
            raise LocalError("a run begins with an open entry")
        salt = os.urandom(16)
        kind = draft.body.kind
        if draft.audience is None:
            body = pack_body(draft.body, salt)
        else:
            place = place_of(self.ledger.tag, self.member.public, self.run_id, seq, kind)
            body = seal_body(draft.body, place, draft.audience, self._keys_of(draft.audience), os.urandom(64), salt)
        narrator = not self.ledger.begun or self.ledger.is_narrator(self.member.public)
        return write_entry(
            self.member,
            tag=self.ledger.tag if self.ledger.begun else b"",
            run=self.run_id,
            seq=seq,
            prev=prev,
            at=self._now(),
            kind=kind,
            body=body,
            seen=b"" if narrator else self.ledger.canon.head,
            refs=tuple(before if ref == BEFORE else ref for ref in draft.refs),
        )

    def _keys_of(self, audience: Sequence[int]) -> list[bytes]:
        """The seal keys of everyone who sits there now, the narrator and ourselves included."""
        keys = {self.ledger.authority.narrator_seal_key, self.seal_key.public}
        keys.update(one.seal_key for seat in audience if (one := self.ledger.authority.occupant(seat)) is not None)
        return sorted(keys)

    def _now(self) -> int:
        """Milliseconds; never behind our own last entry, so that a clock set back does not show."""
        head = self.ledger.log.head(self.member.public, self.run_id)
        last = self.ledger.entries[head.id].at if head else 0
        return max(last, now())

    def say(self, kind: str, payload: bytes, *, only: bytes | None = None) -> None:
        """Send something of the moment: to everyone, or to one member over direct links alone."""
        if self.ledger.authority.member(self.member.public) is None:
            return
        self._counter += 1
        one = messages.write_ephemeral(
            self.member, self.ledger.tag, self.run_id, self._counter, kind, payload, direct=only is not None
        )
        self.perform(self.gossip.say(one, only))
        self._publish(Heard(OWN, one))

    # --- links ------------------------------------------------------------------------------------------------------

    def opened(self, link: Link) -> None:
        """A link's handshake is done. Of two links to one member the better stays (docs/protocol.md, "Two links")."""
        for other in list(self.links.values()):
            if other.remote == link.remote:
                worse(other, link, self.member.public).close(Code.DUPLICATE_LINK)
        narrator = self.ledger.is_narrator(link.remote)
        link.trusted = link.trusted or narrator
        if len(self.links) >= limits.LINKS and not narrator:
            link.close(Code.TOO_MANY, "This peer has as many links as it keeps.")
            return
        self.links[link.id] = link
        self._publish(LinkOpened(link.id, link.remote, link.address))
        self.perform(self.gossip.link_up(link.id, link.remote, trio.current_time()))

    def received(self, link: Link, message: list[Value]) -> None:
        if message and type(message[0]) is int and 40 <= message[0] < 50:
            if self.on_blob_message is not None and link.id in self.gossip.remotes():
                self.on_blob_message(link.id, message)
            return
        self.perform(self.gossip.received(link.id, message, trio.current_time()))
        if self.gossip.rests_until is not None:
            self._rests.set()

    def lagging(self, link: Link) -> None:
        self.gossip.lagging(link.id)

    def drained(self, link: Link) -> None:
        self.perform(self.gossip.drained(link.id, trio.current_time()))

    def closed(self, link: Link, code: Code | None, text: str) -> None:
        if self.links.pop(link.id, None) is not None:
            self.gossip.link_down(link.id)
            self._publish(LinkClosed(link.id, link.remote, code, text))

    def linked_to(self, member: bytes) -> bool:
        """Whether any link leads to this member."""
        return any(link.remote == member for link in self.links.values())

    def close_links(self, code: Code, text: str = "") -> None:
        """Say goodbye to everyone."""
        for link in list(self.links.values()):
            link.close(code, text)

    # --- effects ----------------------------------------------------------------------------------------------------

    def perform(self, effects: Sequence[Effect]) -> None:
        """Do what the core asks."""
        for effect in effects:
            match effect:
                case Send(link=link, data=data, lane=lane):
                    if link in self.links:
                        self.links[link].send(data, lane)
                case Close(link=link, code=code, text=text):
                    if link in self.links:
                        self.links[link].close(code, text)
                case StoreUnit(unit=unit):
                    self._waiting.append(unit)
                    self._wake.set()
                case _:
                    self._keep(effect)
                    self._publish(effect)

    def _keep(self, effect: Effect) -> None:
        """Write down what is not an entry: addresses, proofs, and bodies that are gone."""
        match effect:
            case Learned(records=records):
                self.on_peers(records)
                self._learned.update({one.member: one for one in records})
            case Forked(first=first, second=second):
                self._chores.append(partial(self._store.keep_fork_proof, first, second))
            case Took(entry=entry) if entry.kind == "redact":
                gone = [ref for ref in entry.refs if ref in self.ledger.entries and self.ledger.entries[ref].redacted]
                self._chores += [partial(self._store.redact, ref, entry) for ref in gone]
            case _:
                return
        self._wake.set()

    def _publish(self, event: Event) -> None:
        for subscriber in tuple(self._subscribers):
            waiting = subscriber.statistics().current_buffer_used
            if isinstance(event, Heard) and waiting > MOMENTS:
                continue
            try:
                subscriber.send_nowait(event)
            except trio.WouldBlock:
                logger.warning("a subscriber is %d events behind; it reads the ledger", waiting)
            except trio.BrokenResourceError:
                self._subscribers.remove(subscriber)


def _peer(record: messages.PeerRecord) -> Peer:
    return Peer(record.member, record.addresses, None, messages.peers([record]))
