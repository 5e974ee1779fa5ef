"""However links, groups and nodes come and go: in the end everybody holds the same, and believes the same."""

from __future__ import annotations

import sys

import pytest

from dwnet.simulation import SimReport, Weather, run_sim, view_of
from tests.kit.network import SEED, cue, hive_of, line, seeds, tell


def claim(report: SimReport) -> None:
    sys.stdout.write(f"{report}\n")
    assert report.level and report.missed == 0, report
    assert report.closed == (), "among honest nodes nobody is shut out"
    assert report.repeats < 12, "the flood does not feed itself"


@pytest.mark.parametrize("seed", seeds(10))
def test_two_nodes_end_up_level(seed: int) -> None:
    claim(run_sim(seed, 2))


@pytest.mark.parametrize("seed", seeds(6))
def test_eight_nodes_end_up_level(seed: int) -> None:
    claim(run_sim(seed, 8, partitions=3, restarts=8))


@pytest.mark.parametrize("seed", seeds(2))
def test_eight_nodes_on_a_very_bad_network_end_up_level(seed: int) -> None:
    claim(run_sim(seed, 8, weather=Weather((0.001, 1.5), cut=0.01, lag=0.01)))


def test_fifty_nodes_end_up_level() -> None:
    claim(run_sim(SEED, 50))


@pytest.mark.slow
def test_two_hundred_nodes_end_up_level() -> None:
    claim(run_sim(SEED, 200))


@pytest.mark.slow
def test_a_thousand_nodes_end_up_level() -> None:
    claim(run_sim(SEED, 1_000, beats=3, restarts=20))


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(200))
def test_many_small_hives_end_up_level(seed: int) -> None:
    claim(run_sim(seed, 2 + seed % 9, partitions=seed % 4, restarts=seed % 10))


def test_the_same_seed_gives_the_same_run_to_the_last_byte() -> None:
    assert run_sim(SEED, 6) == run_sim(SEED, 6)


def test_characters_go_on_while_the_narrator_is_away_and_canon_catches_up() -> None:
    hive, narrator, (mira, tom) = hive_of("Mira", "Tom")
    asked = cue(narrator, tell(narrator, "Night fell.", mira), mira)
    hive.settle()
    narrator.stop()
    said = line(mira, asked)
    hive.run(2)
    assert said.id in tom.ledger.entries and said.id in tom.ledger.story.offered
    assert tom.ledger.canon.head == mira.ledger.canon.head == asked.id, "canon waits"
    narrator.start()
    hive.settle()
    assert said.id in narrator.ledger.story.offered
    assert hive.level()


def test_a_link_that_fell_behind_is_brought_level() -> None:
    hive, narrator, _ = hive_of("Mira")
    hive.weather = Weather(lag=1.0)
    for number in range(20):
        tell(narrator, f"Night {number}.")
    hive.run(0.5)
    assert not hive.level(), "everything that waited was thrown away"
    hive.weather = Weather()
    tell(narrator, "Morning came.")
    assert hive.settle() < 5, "not only after the next round of heads"


def test_a_crash_loses_what_was_not_committed_and_nothing_more() -> None:
    hive, narrator, (mira, _) = hive_of("Mira", "Tom")
    tell(narrator)
    while not mira.waiting:
        hive.run(0.001)
    mira.stop(crash=True)
    held = len(mira.disk)
    mira.start()
    assert len(mira.ledger.entries) == held + 1, "what the disk had, and the new run's first entry"
    assert hive.settle() < 35
    assert hive.missed() == 0


def test_what_a_disk_gives_back_is_what_was_held() -> None:
    hive, narrator, members = hive_of("Mira", "Tom")
    for number in range(5):
        asked = cue(narrator, tell(narrator, f"Night {number}."), members[number % 2])
        hive.run(1)
        line(members[number % 2], asked)
        hive.run(1)
    for peer in hive.peers:
        before = view_of(peer)
        peer.ledger, loaded = type(peer.ledger)(hive.tag, peer.seal), peer.ledger
        peer.ledger.load(peer.disk)
        assert view_of(peer) == before
        assert peer.ledger.story.offered.keys() == loaded.story.offered.keys()


def test_a_newcomer_fetches_the_story_once_and_not_from_everybody() -> None:
    hive, narrator, _ = hive_of("Mira", "Tom", "Ada", "Rusk", "Olga")
    for number in range(300):
        tell(narrator, f"Night {number}.")
    hive.settle()
    given = hive.counts["entries given"]
    hive.join("Late")
    hive.settle()
    given = hive.counts["entries given"] - given
    sys.stdout.write(f"{given} entries given to a newcomer, of {len(narrator.ledger.entries)}\n")
    assert given < 2 * len(narrator.ledger.entries)


def test_everybody_learns_where_everybody_can_be_called() -> None:
    hive, _, _ = hive_of("Mira", "Tom", "Ada")
    hive.run(5)
    others = {peer.name for peer in hive.peers}
    for peer in hive.peers:
        known = {one.addresses[0] for one in peer.records.values()} | {peer.name}
        assert known == others
