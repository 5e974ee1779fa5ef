"""One node of a simulated hive: the protocol's own code, a disk that forgets what was not committed, and a will.

Rules of this file:
- What nodes say, keep and believe is protocol/'s own doing. Only network, disk and people are made up.
- A crash loses what was taken and not committed yet; an own entry is committed before it is sent.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dwnet.mesh import wanted
from protocol import limits, messages
from protocol.body import pack_body, place_of, seal_body
from protocol.effects import Claimed, Close, Effect, Forked, Lane, Learned, Send, Store, Took
from protocol.encoding import decode
from protocol.entry import Entry, write_entry
from protocol.errors import Code, RemoteError
from protocol.gossip import Gossip
from protocol.identity import SigningKey
from protocol.invite import Claim
from protocol.kinds import NARRATOR, Accepted, Adopted, Body, Cued, Genesis, Granted, Line, Opened, SetAside
from protocol.ledger import Ledger, Unit
from protocol.messages import PeerRecord, Type
from protocol.sealing import SealKey
from protocol.shapes import Span

if TYPE_CHECKING:
    from dwnet.simulation import Simulation

EVENING = 1_767_283_200_000  # ms since 1970 at which every run begins
COMMIT = 0.005  # seconds until what was taken is on disk


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
        self._passing = False  # whether it will look after what rests in its gossip

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
        self.up, self.starts, self.waiting, self._passing = True, self.starts + 1, [], False
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
        if message[0] == Type.GIVE and isinstance(message[-1], list):
            self.simulation.counts["entries given"] += len(message[-1])
        try:
            self.perform(self.gossip.received(wire.id, message, self.simulation.now))
            self._pass_on_later()
        except RemoteError as error:
            self.perform([Close(wire.id, error.code, str(error))])

    def _pass_on_later(self) -> None:
        until = self.gossip.rests_until
        if until is not None and not self._passing:
            self._passing = True
            self.simulation.after(max(0.0, until - self.simulation.now), self._pass_on, self.starts)

    def _pass_on(self, start: int) -> None:
        if self.up and start == self.starts:
            self._passing = False
            self.perform(self.gossip.pass_on(self.simulation.now))
            self._pass_on_later()

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


class Quiet(Peer):
    """Somebody in the audience who says nothing, not even that he is here."""

    def begin(self) -> None:
        """He opens no run."""


class Player(Peer):
    """A character that answers every cue it gets."""

    def took(self, entry: Entry) -> None:
        super().took(entry)
        opening = self.ledger.opening(entry) if entry.kind == "cue" else None
        if opening is not None and isinstance(opening.body, Cued) and opening.body.seat == self.seat:
            self.simulation.after(self.simulation.chance.uniform(0.2, 2), self.speak, entry, opening.audience)

    def speak(self, cue: Entry, audience: Sequence[int] | None) -> None:
        me, log = self.member.public, self.ledger.log
        if self.up and log.head(me, self.run) is not None and me not in log.forks:
            said = " ".join(self.simulation.chance.choices(("wind", "light", "sea", "door"), k=12))
            self.write(Line((Span("speech", said),), "echo", b"", ""), (cue.id,), audience)


class Teller(Peer):
    """A narrator that accepts every line."""

    def took(self, entry: Entry) -> None:
        super().took(entry)
        if entry.kind in ("line", "open"):
            self.simulation.after(0.2, self.accept_all, self.starts)

    def accept_all(self, start: int) -> None:
        if not self.up or start != self.starts or self.ledger.log.head(self.member.public, self.run) is None:
            return
        for line, _ in list(self.ledger.story.offered.values()):
            cue = self.ledger.story.cues.get(line.refs[0]) if line.refs else None
            if cue is not None and self.ledger.story.on_path(cue.beat):
                self.write(Accepted(line.author), (line.id,), companions=(line,))
