"""Evenings that were lost and found: a narrator whose story file came back from a backup, and two copies of one key."""

from __future__ import annotations

import pytest

from dwnet.simulated_peer import Peer
from dwnet.simulation import Simulation
from protocol import messages
from protocol.effects import Heard, Lane, SecondCopy, Send
from protocol.kinds import Adopted, Opened
from protocol.ledger import Unit
from tests.kit.network import cue, hive_of, line, tell


def lost_evening(*, starts: int = 1) -> tuple[Simulation, Peer, list[Peer], list[Unit], set[bytes]]:
    """A hive whose narrator was backed up before an evening of ``starts`` process starts; what that evening added."""
    hive, narrator, members = hive_of("Mira", "Tom")
    tell(narrator, "An early night.")
    hive.settle()
    backup = list(narrator.disk)
    before = {entry.id for unit in backup for entry in unit}
    for number in range(starts):
        asked = cue(narrator, tell(narrator, f"A night that the backup forgot, {number}.", members[0]), members[0])
        hive.settle()
        line(members[0], asked, "I shall remember.")
        hive.settle()
        narrator.stop()
        hive.run(1)
        if number < starts - 1:
            narrator.start()
            hive.settle()
    evening = {entry for entry in members[0].ledger.entries if entry not in before}
    return hive, narrator, members, backup, evening


def claim_nothing_lost(hive: Simulation, narrator: Peer, evening: set[bytes]) -> None:
    hive.run(5)
    assert hive.settle() < 60
    assert hive.missed() == 0
    assert evening <= set(narrator.ledger.entries), "nothing is lost"
    assert all(not peer.ledger.log.forks for peer in hive.peers), "nothing is forked"
    up = [peer for peer in hive.peers if peer.up]
    assert all(peer.ledger.canon.live_run == narrator.run for peer in up), "canon ends where the narrator tells"
    assert not narrator.ledger.canon.unsettled()


@pytest.mark.parametrize("starts", [1, 2, 3])
def test_a_restored_narrator_who_told_nothing_gets_the_evening_back(starts: int) -> None:
    hive, narrator, _, backup, evening = lost_evening(starts=starts)
    narrator.start(backup)
    claim_nothing_lost(hive, narrator, evening)
    told = {entry.id for entry in narrator.ledger.canon.order}
    assert all(one in told for one in evening if narrator.ledger.entries[one].author == narrator.member.public)
    assert narrator.ledger.canon.order[-1].kind == "adopt"


@pytest.mark.parametrize("starts", [1, 2, 3])
def test_a_restored_narrator_who_told_more_finds_the_evening_as_a_branch(starts: int) -> None:
    hive, narrator, members, backup, evening = lost_evening(starts=starts)
    hive.part([narrator], members)
    narrator.start(backup)
    new = tell(narrator, "Another night.")
    hive.run(5)
    hive.heal()
    claim_nothing_lost(hive, narrator, evening)
    canon = narrator.ledger.canon
    assert canon.contains(new.id)
    assert not any(canon.contains(one) for one in evening), "what the human told since goes first"
    (tail,) = canon.tails()
    assert {one.id for one in canon.missing_of(tail)} <= evening and canon.missing_of(tail)


def test_a_narrator_whose_clock_is_a_year_behind_gets_the_evening_back_too() -> None:
    hive, narrator, _, backup, evening = lost_evening(starts=2)
    narrator.skew = -365 * 86_400_000
    narrator.start(backup)
    claim_nothing_lost(hive, narrator, evening)


def test_with_one_peer_of_two_nothing_is_lost_and_the_second_joins_later() -> None:
    hive, narrator, (mira, tom), backup, evening = lost_evening()
    tom.stop()
    mira.stop()
    hive.run(1)
    narrator.start(backup)
    mira.start()
    claim_nothing_lost(hive, narrator, evening)
    tom.start()
    claim_nothing_lost(hive, narrator, evening)


def test_a_stale_peer_alone_does_not_hide_the_evening_from_those_who_come_later() -> None:
    hive, narrator, (mira, tom), backup, evening = lost_evening()
    mira.stop()
    tom.stop()
    tom.disk = list(backup)
    narrator.start(backup)
    tom.start()
    hive.run(10)
    tell(narrator, "Another night.")
    mira.start()
    claim_nothing_lost(hive, narrator, evening)
    assert not any(narrator.ledger.canon.contains(one) for one in evening)


def test_the_lost_evening_can_be_adopted_after_all_and_ends_up_once_in_canon() -> None:
    hive, narrator, members, backup, _ = lost_evening(starts=2)
    hive.part([narrator], members)
    narrator.start(backup)
    tell(narrator, "Another night.")
    hive.run(3)
    hive.heal()
    hive.settle()
    hive.run(3)
    (tail,) = narrator.ledger.canon.tails()
    gained = [one.id for one in narrator.ledger.canon.missing_of(tail)]
    narrator.write(Adopted(), (tail.tip.id,))
    hive.settle()
    for peer in hive.peers:
        order = [one.id for one in peer.ledger.canon.order]
        assert len(order) == len(set(order)) and set(gained) <= set(order)
        assert order[-1] == peer.ledger.canon.head == narrator.ledger.canon.runs[narrator.run].tip.id
        assert peer.ledger.canon.tails() == []


def test_an_old_tail_that_is_played_back_changes_nothing() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    first_run = [entry for entry in narrator.ledger.entries.values() if entry.run == narrator.run]
    narrator.stop()
    narrator.start()
    tell(narrator)
    hive.settle()
    head = tom.ledger.canon.head
    wire = next(wire for wire in mira.links.values() if wire.other(mira) is tom)
    mira.perform([Send(wire.id, messages.give(0, [(one,) for one in first_run]), Lane.ENTRIES)])
    hive.run(2)
    assert tom.ledger.canon.head == head and hive.level() and hive.closed == []


def copy_of(peer: Peer, friend: Peer) -> Peer:
    """Somebody else with this peer's key and story, linked to a friend of both."""
    copy = Peer(peer.simulation, f"{peer.name}'s copy", peer.role, peer.seat)
    copy.member, copy.seal, copy.claim = peer.member, peer.seal, peer.claim
    copy.start(peer.disk)
    peer.simulation.connect(copy, friend)
    peer.simulation.run(1)
    return copy


def test_a_living_copy_of_ones_own_key_is_noticed() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    copy = copy_of(mira, tom)
    line(copy, tell(narrator))
    hive.run(1)
    assert SecondCopy(copy.run) in mira.effects
    line(mira, tell(narrator))
    hive.run(1)
    assert SecondCopy(mira.run) in copy.effects


def test_a_living_copy_of_the_narrator_is_noticed_by_both() -> None:
    hive, narrator, (_, tom) = hive_of("Mira", "Tom")
    copy = copy_of(narrator, tom)
    tell(copy)
    hive.run(1)
    tell(narrator)
    hive.run(1)
    assert SecondCopy(copy.run) in narrator.effects
    assert SecondCopy(narrator.run) in copy.effects


def test_ones_own_past_played_back_is_no_second_copy() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    said = line(mira, tell(narrator))
    old = messages.write_ephemeral(mira.member, hive.tag, mira.run, 7, "health", b"")
    hive.settle()
    mira.stop()
    mira.start()
    hive.settle()
    wire = next(wire for wire in tom.links.values() if wire.other(tom) is mira)
    tom.perform([Send(wire.id, messages.ephemeral(old), Lane.EPHEMERAL)])
    tom.perform([Send(wire.id, messages.give(0, [(said,)]), Lane.ENTRIES)])
    hive.run(1)
    assert not any(isinstance(one, SecondCopy | Heard) for one in mira.effects)


def test_an_evening_found_again_is_no_second_copy() -> None:
    hive, narrator, _, backup, evening = lost_evening()
    narrator.start(backup)
    claim_nothing_lost(hive, narrator, evening)
    assert not any(isinstance(one, SecondCopy) for one in narrator.effects)


def test_two_runs_of_one_key_fork_nothing() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    copy = copy_of(mira, tom)
    line(mira, tell(narrator), "One of me.")
    line(copy, tell(narrator), "Another of me.")
    hive.settle()
    assert all(not peer.ledger.log.forks for peer in hive.peers)
    opened = [
        one for one in tom.ledger.entries.values() if one.author == mira.member.public and one.kind == Opened.kind
    ]
    assert len(opened) == 2
