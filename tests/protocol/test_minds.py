"""With which mind a seat speaks: learned, chosen, pinned, and what going back makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from protocol import minds
from protocol.entry import Entry
from protocol.kinds import Brought, Evolved, Kept, Minded
from protocol.ledger import Ledger
from protocol.shapes import Score
from tests.kit.chain import Chain, Hand

OLD, NEW, OWN = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32


def ledger_of(chain: Chain, reader: Hand | None = None) -> Ledger:
    ledger = Ledger(chain.tag, (reader or chain.narrator).seal)
    for unit in chain.units:
        ledger.take(unit)
    return ledger


def learn(hand: Hand, adapter: bytes, at: Sequence[bytes] = (), *, promoted: int = 1) -> Entry:
    scores = (Score("loss", 2_000, 1_500),)
    return hand.write(Evolved(adapter, bytes(32), "m", b"", b"", 60, scores, (), promoted, "better"), at)


def choose(chain: Chain, seat: int, adapter: bytes, at: Sequence[bytes] = (), *, pinned: int = 0) -> Entry:
    return chain.tell(Minded(seat, adapter, pinned), at)


@pytest.fixture
def chain() -> Chain:
    chain = Chain()
    chain.join("Mira")
    chain.join("Tom")
    return chain


def spoken_with(chain: Chain, hand: Hand) -> bytes:
    return minds.mind(ledger_of(chain, hand), hand.seat).adapter


def test_a_seat_that_learned_nothing_speaks_with_the_bare_model(chain: Chain) -> None:
    mira, _ = chain.members
    assert minds.mind(ledger_of(chain), mira.seat) == minds.Mind(b"", False)
    assert minds.versions(ledger_of(chain), mira.seat) == ()


def test_what_was_promoted_last_speaks_and_what_was_not_is_kept_aside(chain: Chain) -> None:
    mira, tom = chain.members
    learn(mira, OLD)
    learn(mira, NEW, promoted=0)
    assert spoken_with(chain, mira) == OLD
    assert spoken_with(chain, tom) == b""
    assert [(one.number, one.made.adapter) for one in minds.versions(ledger_of(chain), mira.seat)] == [
        (1, OLD),
        (2, NEW),
    ]


def test_going_back_takes_the_mind_of_that_time_and_going_forth_brings_it_back(chain: Chain) -> None:
    mira, _ = chain.members
    first, *_ = chain.beat("Night fell.", Mira="Who is there?")
    learn(mira, OLD, (first.id,))
    second, *_ = chain.beat("Day broke.", Mira="At last.")
    learn(mira, NEW, (second.id,))
    assert spoken_with(chain, mira) == NEW
    chain.rewind(first, "day")
    assert spoken_with(chain, mira) == OLD
    assert [one.here for one in minds.versions(ledger_of(chain), mira.seat)] == [True, False]
    chain.rewind(second, "night")
    assert spoken_with(chain, mira) == NEW


def test_the_narrators_choice_counts_until_something_newer_is_learned(chain: Chain) -> None:
    mira, _ = chain.members
    learn(mira, OLD)
    learn(mira, NEW)
    choose(chain, mira.seat, OLD)
    assert spoken_with(chain, mira) == OLD
    choose(chain, mira.seat, b"")
    assert spoken_with(chain, mira) == b""
    learn(mira, OWN)
    assert spoken_with(chain, mira) == OWN


def test_what_is_pinned_stays_whatever_is_learned_and_wherever_the_story_goes(chain: Chain) -> None:
    mira, _ = chain.members
    first, *_ = chain.beat("Night fell.", Mira="Who is there?")
    second, *_ = chain.beat("Day broke.", Mira="At last.")
    learn(mira, OLD, (second.id,))
    choose(chain, mira.seat, OLD, (second.id,), pinned=1)
    learn(mira, NEW, (second.id,))
    assert minds.mind(ledger_of(chain), mira.seat) == minds.Mind(OLD, True)
    chain.rewind(first, "day")
    assert spoken_with(chain, mira) == OLD
    choose(chain, mira.seat, b"", (first.id,))
    assert minds.mind(ledger_of(chain), mira.seat) == minds.Mind(b"", False)


def test_a_strangers_adapter_is_not_granted_until_the_narrator_chooses_it(chain: Chain) -> None:
    mira, tom = chain.members
    learn(tom, NEW)
    assert not minds.granted(ledger_of(chain), mira.seat, NEW)
    assert minds.granted(ledger_of(chain), tom.seat, NEW)
    choose(chain, mira.seat, NEW)
    assert minds.granted(ledger_of(chain), mira.seat, NEW)


def test_what_is_kept_is_read_by_the_seat_and_the_narrator_alone(chain: Chain) -> None:
    mira, tom = chain.members

    def keep(what: str, name: bytes) -> None:
        mira.write(Kept(what, name, bytes([7]) * 32, 100, bytes([8]) * 32, 5), audience=[mira])

    keep("samples", OLD)
    keep("adapter", NEW)
    keep("samples", OWN)
    for reader in (mira, chain.narrator):
        found = minds.backups(ledger_of(chain, reader), mira.seat)
        assert [(one.held.what, one.held.name) for one in found] == [("adapter", NEW), ("samples", OWN)]
    assert minds.backups(ledger_of(chain, tom), mira.seat) == ()


def test_what_the_narrator_lets_a_seat_bring_along_is_a_version_of_its_wherever_the_story_goes(chain: Chain) -> None:
    mira, tom = chain.members
    first, *_ = chain.beat("Night fell.", Mira="Who is there?")
    second, *_ = chain.beat("Day broke.", Mira="At last.")
    scores = (Score("loss", 2_000, 1_500),)
    body = Brought(mira.seat, OLD, bytes(32), "m", scores, bytes([7]) * 32, 100, bytes([8]) * 32)
    chain.tell(body, audience=[mira])
    assert spoken_with(chain, mira) == b"" and minds.granted(ledger_of(chain, mira), mira.seat, OLD)
    choose(chain, mira.seat, OLD)
    chain.rewind(first, "day")
    assert spoken_with(chain, mira) == OLD
    for reader in (mira, chain.narrator):
        (made,) = minds.versions(ledger_of(chain, reader), mira.seat)
        assert made.brought and made.here and (made.made.adapter, made.made.scores) == (OLD, scores)
        assert [one.held.name for one in minds.backups(ledger_of(chain, reader), mira.seat)] == [OLD]
    assert not minds.versions(ledger_of(chain, tom), mira.seat) and not minds.backups(ledger_of(chain, tom), mira.seat)
    assert not minds.granted(ledger_of(chain), tom.seat, OLD) and not minds.versions(ledger_of(chain), tom.seat)
    chain.rewind(second, "night")
    learn(mira, NEW, (second.id,))
    assert spoken_with(chain, mira) == NEW


def test_the_seat_keeps_its_versions_when_somebody_else_takes_it(chain: Chain) -> None:
    mira, _ = chain.members
    learn(mira, OLD)
    chain.revoke(mira)
    again = chain.hand("Mira", mira.seat)
    chain.grant(again)
    assert minds.mind(ledger_of(chain), mira.seat).adapter == OLD
    assert minds.granted(ledger_of(chain), mira.seat, OLD)
