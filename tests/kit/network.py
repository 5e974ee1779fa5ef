"""Small hives over the simulated network, their liars, and how to say which seed broke one.

A liar is a peer with one method changed; all else of it is the real thing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from dwnet.simulated_peer import Peer, Player, Wire
from dwnet.simulation import Simulation
from protocol import limits, messages
from protocol.body import pack_body
from protocol.effects import Lane, Send
from protocol.encoding import decode, encode
from protocol.entry import Entry, write_entry
from protocol.identity import SigningKey
from protocol.invite import make_claim
from protocol.kinds import Cued, Line, Narrated
from protocol.messages import Type
from protocol.shapes import Span

SEED = int(os.environ.get("DWNET_SIM_SEED", "1"))


def seeds(number: int) -> list[int]:
    """The seeds of a test: ``number`` of them from DWNET_SIM_SEED on. A failing test shows its own in its name."""
    return list(range(SEED, SEED + number))


def hive_of(*names: str, seed: int = SEED, kind: type[Peer] = Peer) -> tuple[Simulation, Peer, list[Peer]]:
    """A narrator and these characters, all linked and level. They do nothing by themselves."""
    hive = Simulation(seed)
    narrator = hive.begin()
    members = [hive.join(name, kind=kind) for name in names]
    assert hive.settle(60) < 60
    return hive, narrator, members


def tell(narrator: Peer, text: str = "The light went out.", *plan: Peer) -> Entry:
    return narrator.write(Narrated(text, tuple(one.seat for one in plan), "say"))


def cue(narrator: Peer, beat: Entry, asked: Peer) -> Entry:
    return narrator.write(Cued(asked.seat, 0, 0), (beat.id,))


def line(member: Peer, about: Entry, text: str = "Who is there?") -> Entry:
    return member.write(Line((Span("speech", text),), "echo", b"", ""), (about.id,))


def type_of(data: bytes) -> int:
    message = decode(data, limits.FRAME)
    assert isinstance(message, list) and isinstance(message[0], int)
    return message[0]


class Equivocator(Player):
    """Tells the odd seats another line than the even ones, at the same place."""

    def utter(self, wire: Wire, data: bytes, lane: Lane) -> Iterable[bytes]:
        own = [one for one in self.ledger.entries.values() if one.author == self.member.public and one.kind == "line"]
        if type_of(data) == Type.GIVE and own and wire.other(self).seat % 2 and own[-1].header in data:
            return (messages.give(0, [(self.twin(own[-1]),)]),)
        return (data,)

    def twin(self, entry: Entry) -> Entry:
        """Another line at the place of one's own last one."""
        body = pack_body(Line((Span("speech", "I never said that."),), "echo", b"", ""), bytes(16))
        return write_entry(
            self.member, tag=entry.tag, run=entry.run, seq=entry.seq, prev=entry.prev, at=entry.at, kind=entry.kind,
            body=body, seen=entry.seen, refs=entry.refs,
        )  # fmt: skip


class Censor(Player):
    """Passes nothing on but what is its own."""

    def utter(self, wire: Wire, data: bytes, lane: Lane) -> Iterable[bytes]:
        if type_of(data) == Type.GIVE and self.member.public not in data:
            return ()
        return (data,)


class Liar(Player):
    """Says of everybody's runs that they are longer, and gives nothing when it is asked."""

    def utter(self, wire: Wire, data: bytes, lane: Lane) -> Iterable[bytes]:
        message = decode(data, limits.FRAME)
        assert isinstance(message, list)
        if message[0] == Type.RUNS:
            author, runs, reply = messages.read_runs(message[1:])
            return (messages.runs(author, [(run, seq + 5, bytes(16)) for run, seq, _ in runs], reply=reply),)
        if message[0] == Type.HEADS:
            return (messages.heads((author, bytes(16)) for author in messages.read_heads(message[1:])),)
        return () if message[0] == Type.GIVE and message[1] else (data,)


class Replayer(Player):
    """Says everything three times, old things too."""

    def utter(self, wire: Wire, data: bytes, lane: Lane) -> Iterable[bytes]:
        said = self.__dict__.setdefault("said", [])
        said.append(data)
        return (data, self.simulation.chance.choice(said), data)


class Garbler(Player):
    """Sends good bytes of a message that says nonsense."""

    def utter(self, wire: Wire, data: bytes, lane: Lane) -> Iterable[bytes]:
        chance = self.simulation.chance
        kind = chance.choice([*(one for one in Type if one >= 10), 99])
        return (data, encode([int(kind), *(chance.choice([b"", 7, "x", [[]]]) for _ in range(chance.randrange(8)))]))


class Mover(Player):
    """Says that it is somewhere else, and brings claims that nobody gave it a code for."""

    def flood(self, messages_each: int) -> None:
        """That many of each to everybody at once."""
        chance = self.simulation.chance
        invite = SigningKey.from_seed(chance.randbytes(32))
        for number in range(messages_each):
            record = messages.write_peer_record(self.member, self.ledger.tag, self.clock() + number, [f"host:{number}"])
            self.perform(self.gossip.announce(record))
        for _ in range(messages_each // 10):
            joiner = SigningKey.from_seed(chance.randbytes(32))
            claim = make_claim(self.ledger.tag, invite, joiner, self.seal.public)
            data = messages.claim(claim.to_value())
            self.perform([Send(link, data, Lane.CONTROL) for link in self.links])


class Flooder(Player):
    """Writes more than anybody may."""

    def flood(self, entries: int) -> None:
        """Entries that its own ledger would not take: it has made itself one that does."""
        for number in range(entries):
            body = Line((Span("speech", f"flood {number}"),), "echo", b"", "")
            self.ledger.log.settle(self.member.public)
            self.write(body)
