"""A hive that lives in virtual time, over a network that misbehaves by seed.

Rules of this file:
- Everything random is drawn from one seeded source: the same seed gives the same run, to the last message.
- Nobody may notice the simulation but by time: nodes are the real ones of simulated_peer.py.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from dwnet.simulated_peer import Closed, Peer, Player, Quiet, Teller, Wire
from protocol import limits
from protocol.effects import Lane
from protocol.entry import tag_of
from protocol.identity import SigningKey
from protocol.invite import make_claim
from protocol.kinds import NARRATOR, Cast, Cued, Genesis, Granted, Invited, Narrated
from protocol.story import Story

DRAIN = 2.0  # seconds that a link which fell behind needs to be empty again
WEEK = 7 * 86_400_000  # ms
CAST = 8  # characters of a simulated hive; the others listen
CLAIMING = 64  # nodes up to which everybody comes with a claim of its own
SPEAKING = 256  # nodes up to which the audience says where it is: what all say to all grows with the square


@dataclass(frozen=True)
class Weather:
    """What the network does. ``latency``: seconds one way, least and most, drawn per message. ``cut``, ``lag``: chance
    per message that its link is cut, or falls behind and loses the entries that wait.
    """

    latency: tuple[float, float] = (0.005, 0.12)
    cut: float = 0.0
    lag: float = 0.0


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
        narrator.write(Invited(key.public, peer.seat, role, narrator.clock() + WEEK))
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
    tree = ((one.id, one.parent, one.beat, one.seat, tuple(t.entry for t in one.takes), one.chosen) for one in passages)
    return story.head, tuple(tree), tuple(one.id for one in story.path())


@dataclass(frozen=True)
class SimReport:
    """What came of a run. ``seconds``: of virtual time from the network's healing until everybody was level;
    ``missed``: entries that one holds and another does not; ``repeats``: how often an entry was given to a node, per
    entry it took.
    """

    seed: int
    nodes: int
    level: bool
    seconds: float
    missed: int
    entries: int
    messages: int
    bytes: int
    repeats: float
    closed: tuple[Closed, ...]


def run_sim(
    seed: int, nodes: int, *, beats: int = 6, partitions: int = 2, restarts: int = 4, weather: Weather | None = None
) -> SimReport:
    """Tell a story of ``beats`` beats to ``nodes`` nodes while links are cut, groups parted and nodes crash; then let
    the network heal and see whether everybody holds and believes the same.
    """
    hive = Simulation(seed, weather or Weather(cut=0.0005, lag=0.0005))
    chance = hive.chance
    narrator = hive.begin(kind=Teller)
    cast = min(nodes - 1, CAST)
    claiming = nodes <= CLAIMING
    for number in range(1, nodes):
        role, kind = ("character", Player) if number <= cast else ("listener", Peer if nodes <= SPEAKING else Quiet)
        (hive.join if claiming else hive.seat)(f"peer {number}", role, kind)
    for peer in hive.peers[1:] if not claiming else ():
        peer.start(narrator.disk)
    hive.settle(120)
    for number in range(beats):
        hive.after(number * 6 + chance.uniform(0, 3), _tell, narrator, cast)
    for _ in range(partitions):
        hive.after(chance.uniform(0, beats * 6), _part, hive, chance.uniform(3, 15))
    for _ in range(restarts):
        hive.after(chance.uniform(0, beats * 6), _restart, hive, chance.choice(hive.peers), chance.uniform(1, 10))
    hive.run(beats * 6 + 10)
    hive.weather = Weather(hive.weather.latency)
    hive.heal()
    seconds = hive.settle(180)
    counts = hive.counts
    return SimReport(
        seed, nodes, hive.level(), seconds, hive.missed(), len(narrator.ledger.entries), counts["messages"],
        counts["bytes"], counts["entries given"] / max(1, counts["entries taken"]), tuple(hive.closed),
    )  # fmt: skip


def _tell(narrator: Peer, cast: int) -> None:
    if not narrator.up:
        return
    asked = narrator.simulation.chance.sample(range(1, cast + 1), min(cast, 3))
    beat = narrator.write(Narrated("The light went out.", tuple(asked), "say"))
    for seat in asked:
        narrator.write(Cued(seat, 0, 0), (beat.id,))


def _part(hive: Simulation, seconds: float) -> None:
    groups: tuple[list[Peer], list[Peer]] = ([], [])
    for peer in hive.peers:
        hive.chance.choice(groups).append(peer)
    hive.part(*groups)
    hive.after(seconds, hive.heal)


def _restart(hive: Simulation, peer: Peer, seconds: float) -> None:
    if peer.up:
        peer.stop(crash=True)
        hive.after(seconds, peer.start)
