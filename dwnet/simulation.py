"""A hive that lives in virtual time: the protocol's own code on many nodes, over a network that misbehaves by seed.

Rules of this file:
- Only the network, the disks and the people are made up. What nodes say, keep and believe is protocol/'s own doing.
- Everything random is drawn from one seeded source: the same seed gives the same run, to the last message.
- A disk keeps what was committed. A crash loses what was taken and not committed yet; an own entry is committed before
  it is sent.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from dwnet.mesh import wanted
from protocol import limits, messages
from protocol.body import pack_body, place_of, seal_body
from protocol.effects import Claimed, Close, Effect, Forked, Lane, Learned, Send, Store, Took
from protocol.encoding import decode
from protocol.entry import Entry, tag_of, write_entry
from protocol.errors import Code, RemoteError
from protocol.gossip import Gossip
from protocol.identity import SigningKey
from protocol.invite import Claim, make_claim
from protocol.kinds import NARRATOR, Adopted, Body, Cast, Genesis, Granted, Invited, Opened, SetAside
from protocol.ledger import Ledger, Unit
from protocol.messages import PeerRecord, Type
from protocol.sealing import SealKey
from protocol.story import Story

EVENING = 1_767_283_200_000  # ms since 1970 at which every run begins
COMMIT = 0.005  # seconds until what was taken is on disk
DRAIN = 2.0  # seconds that a link which fell behind needs to be empty again


@dataclass(frozen=True)
class Weather:
    """What the network does. ``latency``: seconds one way, least and most, drawn per message. ``cut``, ``lag``: chance
    per message that its link is cut, or falls behind and loses the entries that wait.
    """

    latency: tuple[float, float] = (0.005, 0.12)
    cut: float = 0.0
    lag: float = 0.0


class Closed(NamedTuple):
    """A link that one end closed on purpose."""

    by: str
    to: str
    code: Code
    text: str


@dataclass
class Wire:
    """A link between two nodes. ``free`` is when the last message of a direction and lane arrives."""

    id: int
    ends: tuple[Peer, Peer]
    free: dict[tuple[str, Lane], float] = field(default_factory=dict)
    lagging: set[str] = field(default_factory=set)

    def other(self, end: Peer) -> Peer:
        return self.ends[self.ends[0] is end]


class Peer:
    """One node: its keys and its disk, and while it is up its ledger and gossip. ``skew``: its clock's error in ms."""

    def __init__(self, simulation: Simulation, name: str, role: str, seat: int) -> None:
        self.simulation, self.name, self.role, self.seat = simulation, name, role, seat
        self.member = SigningKey.from_seed(simulation.chance.randbytes(32))
        self.seal = SealKey.from_seed(simulation.chance.randbytes(32))
        self.claim: Claim | None = None
        self.via: Peer | None = None
        self.skew = 0
        self.up = False
        self.disk: list[Unit] = []
        self.proofs: list[tuple[Entry, Entry]] = []
        self.records: dict[bytes, PeerRecord] = {}
        self.links: dict[int, Wire] = {}
        self.effects: list[Effect] = []
        self.waiting: list[Unit] = []
        self.starts = 0
        self.ledger = Ledger(simulation.tag, self.seal)
        self.gossip = Gossip(self.ledger, self.member.public, b"")
        self._wanted: tuple[int, set[bytes]] = (-1, set())

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self, disk: Sequence[Unit] | None = None) -> None:
        """Come up with what the disk holds, or with another disk's content: a backup."""
        self.disk = list(self.disk if disk is None else disk)
        self.run = self.simulation.chance.randbytes(8)
        self.ledger = Ledger(self.simulation.tag, self.seal)
        self.ledger.load(self.disk, self.proofs)
        self.gossip = Gossip(self.ledger, self.member.public, self.run)
        self.gossip.claim = self.claim
        for record in self.records.values():
            self.gossip.learn(record)
        self.up, self.starts, self.waiting = True, self.starts + 1, []
        self.simulation.after(self.simulation.chance.random(), self._tick, self.starts)
        self.begin()

    def stop(self, *, crash: bool = False) -> None:
        """Go down; in a crash, without having committed the last of what came."""
        if not crash:
            self._commit()
        self.up = False
        for wire in list(self.links.values()):
            self.simulation.cut(wire)

    def begin(self) -> None:
        """Once seated: open this start's run and say where we are."""
        me = self.member.public
        if self.ledger.authority.member(me) is None or self.ledger.log.head(me, self.run) is not None:
            return
        heads = [self.ledger.entries[head.id] for _, head in self.ledger.log.heads(me)]
        last = max(heads, key=lambda one: one.at, default=None)
        narrator = self.ledger.is_narrator(me)
        self.write(Opened(self.ledger.canon.head if narrator else last.id if last else b"", "sim"))
        record = messages.write_peer_record(self.member, self.ledger.tag, self.clock(), [self.name])
        self.perform(self.gossip.announce(record))

    def clock(self) -> int:
        return EVENING + self.skew + round(self.simulation.now * 1000)

    # --- what it writes ----------------------------------------------------------------------------------------------

    def write(
        self,
        body: Body,
        refs: Sequence[bytes] = (),
        audience: Sequence[int] | None = None,
        companions: Unit = (),
    ) -> Entry:
        """Sign, commit, tell everyone."""
        entry = self.sign(body, refs, audience)
        unit = self.ledger.take((entry, *companions)).unit
        assert unit, f"{self.name}'s own {body.kind} was not taken"
        self.disk += [*self.waiting, unit]
        self.waiting.clear()
        self.perform(self.gossip.wrote(unit))
        return entry

    def sign(self, body: Body, refs: Sequence[bytes] = (), audience: Sequence[int] | None = None) -> Entry:
        """The next entry of this run."""
        chance, ledger, me = self.simulation.chance, self.ledger, self.member.public
        head = ledger.log.head(me, self.run)
        seq = head.seq + 1 if head else 0
        tag = b"" if isinstance(body, Genesis) else ledger.tag
        if audience is None:
            packed = pack_body(body, chance.randbytes(16))
        else:
            sitting = [ledger.authority.occupant(seat) for seat in audience]
            keys = sorted({self.seal.public, *(one.seal_key for one in sitting if one)})
            place = place_of(tag, me, self.run, seq, body.kind)
            packed = seal_body(body, place, sorted(audience), keys, chance.randbytes(64), chance.randbytes(16))
        return write_entry(
            self.member, tag=tag, run=self.run, seq=seq, prev=head.id if head else b"", at=self.clock(),
            kind=body.kind, body=packed, seen=b"" if self.seat == NARRATOR else ledger.canon.head, refs=refs,
        )  # fmt: skip

    # --- what it hears -----------------------------------------------------------------------------------------------

    def hear(self, wire: Wire, data: bytes) -> None:
        """One message from a link."""
        message = decode(data, limits.FRAME)
        assert isinstance(message, list)
        self.simulation.counts["entries given"] += len(message[2]) if message[0] == Type.GIVE else 0  # type: ignore[arg-type]
        try:
            self.perform(self.gossip.received(wire.id, message, self.simulation.now))
        except RemoteError as error:
            self.perform([Close(wire.id, error.code, str(error))])

    def utter(self, wire: Wire, data: bytes, lane: Lane) -> Iterable[bytes]:
        """What really goes out when the protocol wants to send this. Liars override it."""
        return (data,)

    def perform(self, effects: Sequence[Effect]) -> None:
        """Do what the core asks."""
        for effect in effects:
            match effect:
                case Send(link=link, data=data, lane=lane) if link in self.links:
                    for one in self.utter(self.links[link], data, lane):
                        if link in self.links:
                            self.simulation.send(self.links[link], self, one, lane)
                case Close(link=link, code=code, text=text) if link in self.links:
                    wire = self.links[link]
                    self.simulation.closed.append(Closed(self.name, wire.other(self).name, code, text))
                    self.simulation.cut(wire)
                case Store(unit=unit):
                    self.simulation.counts["entries taken"] += 1
                    self.waiting.append(unit)
                    self.simulation.after(COMMIT, self._commit)
                case Forked(first=first, second=second):
                    self.proofs.append((first, second))
                    self.effects.append(effect)
                case Took(entry=entry):
                    self.took(entry)
                case Claimed(link=link, claim=claim):
                    self.answer(link, claim)
                case Send() | Close():
                    pass
                case _:
                    if isinstance(effect, Learned):
                        self.records.update({one.member: one for one in effect.records})
                    self.effects.append(effect)

    def answer(self, link: int, claim: Claim) -> None:
        """The narrator's answer to a claim."""
        authority = self.ledger.authority
        code = authority.judge(claim.invite_public, claim.member_public, self.clock())
        if code is None:
            known = authority.invites[claim.invite_public]
            key, seal_key = claim.member_public, claim.seal_public
            self.write(Granted(known.seat, known.role, key, seal_key, claim.invite_public, b""))
        elif code is not Code.DONE:
            self.perform(self.gossip.refuse(link, claim.member_public, code, "no"))

    def took(self, entry: Entry) -> None:
        """An entry is now held."""
        if self.ledger.authority.member(self.member.public) is not None and entry.kind == "grant":
            self.simulation.after(0, self.begin)
        if entry.author == self.member.public and entry.run != self.run and self.seat == NARRATOR:
            self.simulation.after(1, self.settle_tails, self.starts)

    def settle_tails(self, start: int) -> None:
        """The narrator: what an older copy had forgotten joins by itself when nothing was told since."""
        canon = self.ledger.canon
        for tail in canon.unsettled(self.run) if self.up and start == self.starts else ():
            body = SetAside("found again") if canon.runs[self.run].told else Adopted()
            self.write(body, (tail.tip.id,))

    def _commit(self) -> None:
        self.disk += self.waiting
        if any(one.kind == "redact" for unit in self.waiting for one in unit):
            self.disk = [tuple(self.ledger.entries[one.id] for one in unit) for unit in self.disk]
        self.waiting.clear()

    def _tick(self, start: int) -> None:
        if not self.up or start != self.starts:
            return
        self.perform(self.gossip.tick(self.simulation.now))
        if self.via is not None and not self.links and self.via.up:
            self.simulation.connect(self, self.via)
        authority = self.ledger.authority
        if self._wanted[0] != len(authority.members) + len(authority.revoked):
            members = [one.key for one in authority.current()]
            chosen = wanted(self.member.public, authority.narrator, members, random.Random(self.member.public))
            self._wanted = (len(authority.members) + len(authority.revoked), chosen)
        if authority.member(self.member.public) is not None:
            linked = {wire.other(self).member.public for wire in self.links.values()}
            for key in sorted(self._wanted[1] - linked):
                self.simulation.connect(self, self.simulation.by_key[key])
        self.simulation.after(1, self._tick, start)


class Simulation:
    """The clock, the network, and everybody on it. ``apart`` says who cannot reach whom: names to groups."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.weather = weather or Weather()
        self.now = 0.0
        self.tag = b""
        self.peers: list[Peer] = []
        self.by_key: dict[bytes, Peer] = {}
        self.apart: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.closed: list[Closed] = []
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = count()
        self._wires = count(1)

    def begin(self, name: str = "The Lighthouse", kind: type[Peer] = Peer) -> Peer:
        """The narrator, with a story of one entry."""
        narrator = self._add(kind(self, "Narrator", "narrator", NARRATOR))
        narrator.run = self.chance.randbytes(8)
        genesis = narrator.sign(Genesis(name, narrator.seal.public))
        self.tag = tag_of(genesis.id)
        narrator.start([(genesis,)])
        return narrator

    def invite(self, name: str, role: str = "character", kind: type[Peer] = Peer, via: Peer | None = None) -> Peer:
        """Somebody with a claim to a fresh seat; ``via`` is whom he calls, the narrator unless told otherwise."""
        narrator = self.peers[0]
        peer = self._add(kind(self, name, role, len(self.peers)))
        key = SigningKey.from_seed(self.chance.randbytes(32))
        narrator.write(Cast(peer.seat, role, name, "", "", 50, b"", 0))
        narrator.write(Invited(key.public, peer.seat, role, narrator.clock() + 7 * 86_400_000))
        peer.claim = make_claim(self.tag, key, peer.member, peer.seal.public)
        peer.via = via or narrator
        return peer

    def join(self, name: str, role: str = "character", kind: type[Peer] = Peer, via: Peer | None = None) -> Peer:
        """Invite somebody and start him."""
        peer = self.invite(name, role, kind, via)
        peer.start()
        return peer

    def seat(self, name: str, role: str = "listener", kind: type[Peer] = Peer) -> Peer:
        """Somebody granted a seat without a claim, who was given the story so far."""
        narrator = self.peers[0]
        peer = self._add(kind(self, name, role, len(self.peers)))
        narrator.write(Granted(peer.seat, role, peer.member.public, peer.seal.public, self.chance.randbytes(32), b""))
        return peer

    # --- time --------------------------------------------------------------------------------------------------------

    def after(self, seconds: float, act: Callable[..., None], *values: object) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), act, values))

    def run(self, seconds: float) -> None:
        """Let time go by."""
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, act, values = heapq.heappop(self._events)
            act(*values)
        self.now = end

    def settle(self, most: float = 120, among: Sequence[Peer] | None = None) -> float:
        """Let time go by until everybody is level; how long that took. ``most`` seconds if they never were."""
        began = self.now
        while self.now - began < most and not self.level(among):
            self.run(0.5)
        return self.now - began

    # --- network -----------------------------------------------------------------------------------------------------

    def connect(self, one: Peer, other: Peer) -> None:
        if one is other or not other.up or self.apart.get(one.name, 0) != self.apart.get(other.name, 0):
            return
        if any(wire.other(one) is other for wire in one.links.values()):
            return
        wire = Wire(next(self._wires), (one, other))
        one.links[wire.id] = other.links[wire.id] = wire
        for end in wire.ends:
            if wire.id in end.links:
                end.perform(end.gossip.link_up(wire.id, wire.other(end).member.public, self.now))

    def cut(self, wire: Wire) -> None:
        for end in wire.ends:
            if end.links.pop(wire.id, None) is not None:
                end.gossip.link_down(wire.id)

    def part(self, *groups: Iterable[Peer]) -> None:
        """Nobody of one group reaches another group; who is in none stays with the first."""
        self.apart = {peer.name: number for number, group in enumerate(groups) for peer in group}
        for wire in {wire.id: wire for peer in self.peers for wire in peer.links.values()}.values():
            if len({self.apart.get(end.name, 0) for end in wire.ends}) > 1:
                self.cut(wire)

    def heal(self) -> None:
        """Everybody reaches everybody."""
        self.apart = {}

    def send(self, wire: Wire, sender: Peer, data: bytes, lane: Lane) -> None:
        assert len(data) < limits.FRAME - 128, "a message that no frame holds"
        if lane is Lane.ENTRIES and sender.name in wire.lagging:
            return
        draw = self.chance.random()
        if draw < self.weather.cut:
            return self.cut(wire)
        if lane is Lane.ENTRIES and draw < self.weather.cut + self.weather.lag:
            wire.lagging.add(sender.name)
            sender.gossip.lagging(wire.id)
            return self.after(DRAIN, self._drained, wire, sender)
        self.counts["messages"] += 1
        self.counts["bytes"] += len(data)
        least, most = self.weather.latency
        at = max(self.now + self.chance.uniform(least, most), wire.free.get((sender.name, lane), 0.0))
        wire.free[sender.name, lane] = at
        return self.after(at - self.now, self._deliver, wire, wire.other(sender), data)

    def _deliver(self, wire: Wire, receiver: Peer, data: bytes) -> None:
        if wire.id in receiver.links:
            receiver.hear(wire, data)

    def _drained(self, wire: Wire, sender: Peer) -> None:
        wire.lagging.discard(sender.name)
        if wire.id in sender.links:
            sender.perform(sender.gossip.drained(wire.id, self.now))

    # --- what came of it ---------------------------------------------------------------------------------------------

    def level(self, among: Sequence[Peer] | None = None) -> bool:
        """Whether all who are up hold the same entries, and tell the same story from them."""
        return len({view_of(peer) for peer in among or self.peers if peer.up}) == 1

    def missed(self, among: Sequence[Peer] | None = None) -> int:
        """How many entries are held by one and missing at another."""
        held = [set(peer.ledger.entries) for peer in among or self.peers if peer.up]
        return sum(len(set.union(*held) - one) for one in held)

    def _add(self, peer: Peer) -> Peer:
        self.peers.append(peer)
        self.by_key[peer.member.public] = peer
        return peer


def view_of(peer: Peer) -> object:
    """What a node holds and believes, to be compared: heads by author, canon's head, the story's shape."""
    log = peer.ledger.log
    heads = ((one, b"" if one in log.forks else log.summary(one)) for one in {*log.feeds, *log.forks})
    return frozenset(heads), peer.ledger.canon.head, shape_of(peer.ledger.story)


def shape_of(story: Story) -> object:
    """What of a story is the same for those who can read it all and those who can't."""
    passages = story.passages.values()
    tree = ((one.id, one.parent, one.beat, one.seat, tuple(take.entry for take in one.takes), one.chosen) for one in passages)
    return story.head, tuple(tree), tuple(one.id for one in story.path())
