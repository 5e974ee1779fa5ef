"""Moments in virtual time: how many of them a node hears from one link."""

from __future__ import annotations

from dwnet.simulated_peer import Peer
from protocol import limits, messages
from protocol.effects import Heard
from protocol.moments import Tokens
from tests.kit.network import hive_of


def chatter(member: Peer, first: int, count: int) -> None:
    """Say that many moments at once to everybody, their counters from ``first`` on."""
    for number in range(first, first + count):
        said = Tokens(bytes(32), number, "la", 0)
        one = messages.write_ephemeral(member.member, member.ledger.tag, member.run, number, said.kind, said.pack())
        member.perform(member.gossip.say(one))


def heard_of(listener: Peer, member: Peer) -> int:
    heard = (one.ephemeral for one in listener.effects if isinstance(one, Heard))
    return sum(one.author == member.member.public for one in heard)


def test_a_chatterer_is_heard_up_to_the_bound_of_each_link_and_nobody_is_shut_out() -> None:
    hive, narrator, (mira, mallory) = hive_of("Mira", "Mallory")
    chatter(mallory, 1, 10 * limits.EPHEMERALS_BURST)
    hive.run(1)
    links = 2  # his own, and the one of whoever passes his words on
    assert limits.EPHEMERALS_BURST <= heard_of(narrator, mallory) < 2 * links * limits.EPHEMERALS_BURST
    assert hive.closed == [] and mira.up


def test_a_chatterer_who_falls_quiet_is_heard_again() -> None:
    hive, narrator, (mallory,) = hive_of("Mallory")
    chatter(mallory, 1, 2 * limits.EPHEMERALS_BURST)
    hive.run(limits.EPHEMERALS_BURST / limits.EPHEMERALS_PER_SECOND)
    before = heard_of(narrator, mallory)
    chatter(mallory, 1_000_000, 10)
    hive.run(1)
    assert heard_of(narrator, mallory) == before + 10


def test_a_burst_within_the_bound_is_heard_whole() -> None:
    hive, narrator, (mira,) = hive_of("Mira")
    chatter(mira, 1, limits.EPHEMERALS_BURST)
    hive.run(1)
    assert heard_of(narrator, mira) == limits.EPHEMERALS_BURST
