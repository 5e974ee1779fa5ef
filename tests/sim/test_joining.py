"""How somebody gets in: by a claim, through whomever he can reach, and not otherwise."""

from __future__ import annotations

from dwnet.simulated_peer import Peer
from dwnet.simulation import Simulation
from protocol import messages
from protocol.effects import Lane, Refused, Send
from protocol.errors import Code
from protocol.identity import SigningKey
from protocol.invite import make_claim
from protocol.kinds import Granted, Invited, Revoked, Withdrawn
from protocol.messages import Type
from tests.kit.network import hive_of, line, tell, type_of


class Recorder(Peer):
    """Keeps what it hears."""

    def hear(self, wire: object, data: bytes) -> None:
        self.__dict__.setdefault("heard", []).append(type_of(data))
        super().hear(wire, data)  # type: ignore[arg-type]


def claim_again(hive: Simulation, owner: Peer, name: str) -> Peer:
    """Somebody else with the same invite: the code was passed on, or stolen."""
    second = Peer(hive, name, "character", owner.seat)
    hive.peers.append(second)
    hive.by_key[second.member.public] = second
    second.via = hive.peers[0]
    return second


def test_a_stranger_gets_genesis_and_the_answer_to_its_claim_and_nothing_else() -> None:
    hive, narrator, _ = hive_of("Mira")
    stranger = hive.invite("Stranger", kind=Recorder)
    narrator.write(Withdrawn(next(reversed(narrator.ledger.authority.invites))))
    stranger.start()
    hive.run(20)
    assert set(stranger.__dict__["heard"]) == {Type.GENESIS, Type.REFUSED}
    assert Refused(Code.INVITE_REVOKED, "no") in stranger.effects
    assert len(stranger.ledger.entries) == 1


def test_a_former_member_gets_nothing() -> None:
    hive, narrator, (mira,) = hive_of("Mira")
    narrator.write(Revoked(mira.member.public, (), "left"))
    hive.run(1)
    held = len(mira.ledger.entries)
    tell(narrator)
    hive.run(40)
    assert len(mira.ledger.entries) == held
    assert {(one.by, one.code) for one in hive.closed} >= {("Narrator", Code.REVOKED)}


def test_a_claim_goes_through_whomever_can_be_reached() -> None:
    hive, narrator, (mira,) = hive_of("Mira")
    late = hive.invite("Late", via=mira)
    blocked = hive.connect

    def connect(one: Peer, other: Peer) -> None:
        if {one.name, other.name} != {"Late", "Narrator"}:
            blocked(one, other)

    hive.connect = connect  # type: ignore[method-assign]
    late.start()
    hive.run(5)
    assert late.ledger.authority.member(late.member.public) is not None
    assert hive.level() and hive.closed == []
    line(late, tell(narrator))
    hive.run(2)
    assert hive.level()


def test_a_claim_waits_with_a_member_until_the_narrator_is_back() -> None:
    hive, narrator, (mira,) = hive_of("Mira")
    late = hive.invite("Late", via=mira)
    hive.settle()
    narrator.stop()
    late.start()
    hive.run(30)
    assert len(late.ledger.entries) == 1
    narrator.start()
    hive.run(10)
    assert late.ledger.authority.member(late.member.public) is not None
    assert hive.level()


def test_a_refusal_comes_back_the_way_the_claim_went() -> None:
    hive, narrator, (mira,) = hive_of("Mira")
    late = hive.invite("Late", via=mira)
    narrator.write(Withdrawn(next(reversed(narrator.ledger.authority.invites))))
    late.start()
    hive.run(20)
    assert Refused(Code.INVITE_REVOKED, "no") in late.effects


def test_of_two_with_one_code_the_first_gets_the_seat() -> None:
    hive, narrator, _ = hive_of("Mira")
    owner = hive.invite("Owner")
    thief = claim_again(hive, owner, "Thief")
    key = SigningKey.from_seed(hive.chance.randbytes(32))
    narrator.write(Invited(key.public, owner.seat, "character", 2**50))
    owner.claim = make_claim(hive.tag, key, owner.member, owner.seal.public)
    thief.claim = make_claim(hive.tag, key, thief.member, thief.seal.public)
    owner.start()
    hive.run(3)
    thief.start()
    hive.run(10)
    assert narrator.ledger.authority.member(owner.member.public) is not None
    assert narrator.ledger.authority.member(thief.member.public) is None
    assert Refused(Code.INVITE_USED, "no") in thief.effects


def test_a_claim_made_again_after_the_answer_was_lost_changes_nothing() -> None:
    hive, narrator, _ = hive_of("Mira")
    late = hive.invite("Late")
    late.start()
    while not any(one.kind == "grant" and one.seq for one in narrator.ledger.canon.order[-1:]):
        hive.run(0.01)
    late.stop(crash=True)
    hive.run(1)
    late.start()
    hive.run(10)
    grants = [one for one in narrator.ledger.canon.order if one.kind == Granted.kind]
    assert len(grants) == 2 and hive.level()
    assert late.ledger.authority.member(late.member.public) is not None


def test_a_member_that_was_never_told_of_another_believes_its_grant() -> None:
    hive, narrator, (mira,) = hive_of("Mira")
    mira.stop()
    late = hive.join("Late")
    hive.settle()
    narrator.stop()
    mira.start()
    assert mira.ledger.authority.member(late.member.public) is None
    hive.run(10)
    assert hive.level() and hive.missed() == 0
    said = line(mira, next(iter(mira.ledger.entries.values())))
    hive.run(1)
    assert said.id in late.ledger.entries


def test_somebody_elses_grant_makes_nobody_a_member() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    mira.stop()
    hive.join("Late")
    hive.settle()
    narrator.stop()
    mira.start()
    grant = next(one for one in tom.ledger.entries.values() if one.kind == "grant")
    stranger = claim_again(hive, mira, "Stranger")
    stranger.start()
    hive.connect(stranger, mira)
    hive.run(1)
    wire = next(iter(stranger.links))
    held = len(mira.ledger.entries)
    stranger.perform([Send(wire, messages.grant(grant), Lane.CONTROL)])
    hive.run(3)
    assert stranger.member.public not in mira.gossip.remotes().values()
    assert len(stranger.ledger.entries) <= 1 <= held


def test_an_entry_before_its_grant_is_fetched_later_and_nobody_is_blamed() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    hive.part([narrator, mira], [tom])
    late = hive.join("Late")
    hive.run(5)
    said = line(late, tell(narrator))
    hive.run(2)
    hive.part([narrator], [mira, tom])
    wire = next((wire for wire in mira.links.values() if wire.other(mira) is tom), None)
    if wire is None:
        hive.connect(mira, tom)
        wire = next(wire for wire in mira.links.values() if wire.other(mira) is tom)
    mira.perform([Send(wire.id, messages.give(0, [(said,)]), Lane.ENTRIES)])
    hive.run(2)
    assert said.id in tom.ledger.entries
    assert hive.closed == []
