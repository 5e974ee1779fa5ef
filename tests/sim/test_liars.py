"""One liar among honest nodes: the honest ones end up level, and shut out or ignore nobody else."""

from __future__ import annotations

import pytest

from dwnet.simulated_peer import Peer, Player, Teller
from dwnet.simulation import Simulation
from protocol import limits, messages
from protocol.effects import Forked, Held, Lane, Learned, Send
from protocol.kinds import Accepted, Narrated
from protocol.story import Story
from tests.kit.network import (
    Censor,
    Equivocator,
    Flooder,
    Garbler,
    Liar,
    Mover,
    Replayer,
    cue,
    hive_of,
    line,
    seeds,
    tell,
)


def play(kind: type[Peer], seed: int, beats: int = 5) -> tuple[Simulation, Peer, list[Peer]]:
    """A story of some beats, all three characters asked in each; the liar, and the honest ones."""
    hive = Simulation(seed)
    narrator = hive.begin(kind=Teller)
    honest = [narrator, hive.join("Mira", kind=Player), hive.join("Tom", kind=Player)]
    liar = hive.join("Mallory", kind=kind)
    hive.settle(60, honest)
    for number in range(beats):
        beat = narrator.write(Narrated(f"Night {number}.", (1, 2, 3), "say"))
        for member in (*honest[1:], liar):
            cue(narrator, beat, member)
        hive.run(6)
    assert hive.settle(120, honest) < 120, "the honest ones end up level"
    of_others = [
        {one.id for one in peer.ledger.entries.values() if one.author != liar.member.public} for peer in honest
    ]
    assert of_others[0] == of_others[1] == of_others[2]
    return hive, liar, honest


def lines_of(story: Story, seat: int) -> int:
    return sum(len(one.takes) for one in story.passages.values() if one.seat == seat)


def only_the_liar_was_shut_out(hive: Simulation, liar: Peer) -> bool:
    return all(one.to == liar.name or one.by == liar.name for one in hive.closed)


@pytest.mark.parametrize("kind", [Equivocator, Censor, Liar, Replayer, Garbler])
@pytest.mark.parametrize("seed", seeds(3))
def test_a_liar_keeps_no_line_of_anybodys_from_the_others(kind: type[Peer], seed: int) -> None:
    hive, liar, honest = play(kind, seed)
    assert only_the_liar_was_shut_out(hive, liar)
    for peer in honest:
        assert lines_of(peer.ledger.story, 1) == lines_of(peer.ledger.story, 2) == 5
        assert peer.ledger.log.forks.keys() <= {liar.member.public}


@pytest.mark.parametrize("seed", seeds(5))
def test_whoever_tells_two_things_is_set_aside_by_everybody_with_the_proof(seed: int) -> None:
    hive, liar, honest = play(Equivocator, seed)
    late = hive.join("Late")
    hive.settle(60, [*honest, late])
    hive.run(40)
    for peer in (*honest, late):
        assert peer.ledger.log.forks.keys() == {liar.member.public}
        assert sum(isinstance(one, Forked) for one in peer.effects) == 1, "told once"
        first, second = peer.ledger.proofs[liar.member.public]
        assert first.id != second.id and (first.run, first.seq) == (second.run, second.seq)
    assert hive.level([*honest, late])


@pytest.mark.parametrize("seed", seeds(3))
def test_a_proof_outlives_a_restart_and_what_was_accepted_stays(seed: int) -> None:
    hive, liar, honest = play(Equivocator, seed)
    accepted = {one.refs[0] for one in honest[0].ledger.canon.order if one.kind == Accepted.kind}
    tom = honest[2]
    tom.stop()
    tom.start()
    hive.settle(60, honest)
    assert tom.ledger.log.forks.keys() == tom.ledger.proofs.keys() == {liar.member.public}
    assert accepted <= set(tom.ledger.entries)


@pytest.mark.parametrize("later", [0, 3])
def test_two_stories_of_one_member_are_found_out_though_neither_is_heard_live(later: int) -> None:
    hive, narrator, (mira, tom, mallory) = hive_of("Mira", "Tom", "Mallory")
    hive.part([narrator, mira, mallory], [tom])
    disk, run = list(mallory.disk), mallory.run
    line(mallory, tell(narrator), "One thing.")
    hive.run(1)
    hive.part([narrator, mira], [tom, mallory])
    mallory.stop()
    mallory.start(disk)
    mallory.run = run
    own = mallory.ledger.log.head(mallory.member.public, run)
    assert own is not None
    for number in range(1 + later):
        line(mallory, tell(narrator), f"Another thing, {number}.")
    hive.run(3)
    mallory.stop()
    hive.heal()
    hive.run(40)
    honest = [narrator, mira, tom]
    assert all(peer.ledger.log.forks.keys() == {mallory.member.public} for peer in honest)
    assert hive.closed == []


def test_a_flooder_fills_nobodys_disk_and_is_taken_again_once_he_is_answered() -> None:
    hive, narrator, (mira, mallory) = hive_of("Mira", "Mallory", kind=Flooder)
    assert isinstance(mallory, Flooder)
    key = mallory.member.public
    mallory.flood(limits.PENDING_ENTRIES + 100)
    hive.run(40)
    for peer in (narrator, mira):
        held = [one for one in peer.ledger.entries.values() if one.author == key]
        assert len(held) == limits.PENDING_ENTRIES
        assert Held(key) in peer.effects
    said = line(mira, tell(narrator))
    hive.run(2)
    assert said.id in narrator.ledger.entries, "nobody else suffers"
    answered = next(one for one in narrator.ledger.entries.values() if one.author == key and one.kind == "line")
    narrator.write(Accepted(key), (answered.id,), companions=(answered,))
    hive.run(40)
    assert hive.missed() == 0 and hive.closed == []


def test_a_member_who_is_never_answered_gets_a_little_back_with_each_narration() -> None:
    hive, narrator, (mallory,) = hive_of("Mallory", kind=Flooder)
    assert isinstance(mallory, Flooder)
    mallory.flood(limits.PENDING_ENTRIES + 100)
    hive.run(5)
    held = len(narrator.ledger.entries)
    tell(narrator)
    hive.run(40)
    assert len(narrator.ledger.entries) == held + 1 + limits.PENDING_BACK_ENTRIES


def test_good_entries_beside_a_bad_one_are_kept_and_stored() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    hive.part([narrator, mira], [tom])
    said = line(mira, tell(narrator))
    hive.run(1)
    hive.heal()
    hive.part([mira, tom], [narrator])
    bad = said._replace(signature=bytes(64), header=said.header)
    told = narrator.ledger.entries[narrator.ledger.canon.head]
    hive.connect(mira, tom)
    wire = next(wire for wire in mira.links.values() if wire.other(mira) is tom)
    mira.perform([Send(wire.id, messages.give(0, [(told,), (bad,)]), Lane.ENTRIES)])
    hive.run(0.3)
    assert [one.to for one in hive.closed] == ["Mira"]
    assert told.id in tom.ledger.entries
    tom.stop()
    assert told.id in {one.id for unit in tom.disk for one in unit}, "held and stored are one"


def test_a_member_that_moves_all_the_time_and_brings_claims_ends_no_link_of_the_others() -> None:
    hive, narrator, (mira, tom, mallory) = hive_of("Mira", "Tom", "Mallory", kind=Mover)
    assert isinstance(mallory, Mover)
    before = hive.counts["messages"]
    mallory.flood(2_000)
    hive.run(5)
    assert hive.counts["messages"] - before < 3 * 2_200 + 200, "the flood itself, and next to nothing because of it"
    for peer in (narrator, mira, tom):
        news = [one for one in peer.effects if isinstance(one, Learned)]
        records = [one for told in news for one in told.records if one.member == mallory.member.public]
        assert len(records) <= limits.ADDRESS_BURST
    said = line(mira, tell(narrator))
    hive.run(1)
    assert said.id in tom.ledger.entries and hive.closed == []
