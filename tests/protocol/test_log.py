"""Places: what follows what, what proves a fork, and how much one author may put on everybody's disk."""

from __future__ import annotations

import pytest

from protocol import limits
from protocol.kinds import Line, Opened
from protocol.log import NO_HEADS, Head, Log, Verdict
from protocol.shapes import Span
from tests.kit.chain import Chain, Hand


def said(member: Hand, text: str = "x") -> Line:
    return Line((Span("speech", text),), "echo", b"", "")


@pytest.fixture
def mira() -> Hand:
    return Chain().join("Mira")


def test_a_run_is_taken_in_order_and_a_gap_is_named(mira: Hand) -> None:
    log = Log()
    entries = [*mira.feed, mira.write(said(mira)), mira.write(said(mira))]
    assert log.take(entries[1], bounded=True) is Verdict.GAP
    assert log.feeds == {}, "what is not taken leaves no trace"
    assert [log.take(one, bounded=True) for one in entries] == [Verdict.TAKEN] * 3
    assert log.take(entries[0], bounded=True) is Verdict.KNOWN
    assert log.head(mira.public, mira.run) == Head(2, entries[2].id) and len(log) == 3


def test_the_next_entry_after_another_one_is_a_gap_until_the_twin_is_looked_at(mira: Hand) -> None:
    log = Log()
    ours = mira.write(said(mira))
    twin = mira.twin(said(mira, "y"))
    after = mira.write(said(mira))
    for one in (mira.feed[0], twin):
        log.take(one, bounded=True)
    assert log.take(after, bounded=True) is Verdict.GAP
    assert log.take(ours, bounded=True) is Verdict.FORK


def test_after_a_proof_nothing_new_is_taken_but_what_the_narrator_accepts(mira: Hand) -> None:
    log = Log()
    ours, twin = mira.write(said(mira)), mira.twin(said(mira, "y"))
    later = mira.write(said(mira))
    for one in mira.feed[:2]:
        log.take(one, bounded=True)
    assert log.prove_fork(mira.public, ours.id, twin.id)
    assert not log.prove_fork(mira.public, later.id, twin.id), "one proof is enough"
    assert log.take(later, bounded=True) is Verdict.SET_ASIDE
    assert log.take_accepted(twin) is Verdict.TAKEN
    assert ours.id in log and twin.id in log and not log.in_place(twin)
    assert log.at(mira.public, mira.run, ours.seq) == ours.id, "what was there first stays there"


def test_an_accepted_entry_is_held_before_its_run_and_falls_into_place(mira: Hand) -> None:
    log = Log()
    entries = [*mira.feed, *(mira.write(said(mira)) for _ in range(3))]
    for one in (entries[3], entries[2]):
        assert log.take_accepted(one) is Verdict.TAKEN
        assert one.id in log and not log.in_place(one)
    assert log.heads(mira.public) == [], "a head has no gap before it"
    assert log.at(mira.public, mira.run, 3) == entries[3].id
    for one in entries[:2]:
        assert log.take(one, bounded=True) is Verdict.TAKEN
    for one in entries[2:]:
        assert log.next_loose(mira.public, mira.run) == one.id
        assert log.take(one, bounded=False) is Verdict.KNOWN and log.in_place(one)
    assert log.next_loose(mira.public, mira.run) is None


def test_two_accepted_twins_are_both_held(mira: Hand) -> None:
    log = Log()
    ours = mira.write(said(mira))
    twins = [mira.twin(said(mira, text)) for text in "yz"]
    for one in (mira.feed[0], ours):
        log.take(one, bounded=True)
    assert [log.take_accepted(one) for one in twins] == [Verdict.TAKEN] * 2
    assert [log.in_place(one) for one in (ours, *twins)] == [True, False, False]


def test_an_author_may_send_so_many_entries_until_he_is_answered(mira: Hand) -> None:
    log = Log()
    log.take(mira.feed[0], bounded=True)
    for _ in range(limits.PENDING_ENTRIES - 1):
        assert log.take(mira.write(said(mira)), bounded=True) is Verdict.TAKEN
    over = mira.write(said(mira))
    assert log.take(over, bounded=True) is Verdict.TOO_MANY
    log.settle(mira.public)
    assert log.take(over, bounded=True) is Verdict.TAKEN


def test_an_author_may_send_so_many_bytes_until_he_is_answered(mira: Hand) -> None:
    log = Log()
    log.take(mira.feed[0], bounded=True)
    taken = 0
    while log.take(entry := mira.write(said(mira, "ä" * limits.TEXT)), bounded=True) is Verdict.TAKEN:
        taken += entry.size
    assert limits.PENDING_BYTES - 2 * entry.size < taken <= limits.PENDING_BYTES
    log.give_back()
    assert log.take(entry, bounded=True) is Verdict.TAKEN, "each narration gives a little back"


def test_what_is_charged_counts_like_what_was_taken(mira: Hand) -> None:
    log = Log()
    for _ in range(limits.PENDING_ENTRIES):
        log.charge(mira.feed[0])
    assert log.take(mira.feed[0], bounded=True) is Verdict.TOO_MANY
    for _ in range(limits.PENDING_ENTRIES // limits.PENDING_BACK_ENTRIES + 3):
        log.give_back()
    assert log.feeds[mira.public].open_entries == log.feeds[mira.public].open_bytes == 0, "never below nothing"


def test_an_author_has_a_bounded_number_of_runs(mira: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RUNS", 3)
    log = Log()
    for _ in range(3):
        log.take(mira.feed[-1], bounded=True)
        log.settle(mira.public)
        mira.open()
    assert log.take(mira.feed[-1], bounded=True) is Verdict.TOO_MANY
    last = mira.feed[-2]
    mira.run, mira.seq, mira.head = last.run, 1, last.id
    assert log.take(mira.write(said(mira)), bounded=True) is Verdict.TAKEN, "runs that are there may grow"


def test_summaries_are_equal_exactly_when_heads_are(mira: Hand) -> None:
    one, other = Log(), Log()
    assert one.summary(mira.public) == NO_HEADS
    mira.write(said(mira))
    first_run, second_run = mira.feed[:], [mira.open(), mira.write(said(mira))]
    for entry in (*first_run, *second_run):
        one.take(entry, bounded=True)
    for entry in (*second_run, *first_run[:1]):
        other.take(entry, bounded=True)
    assert one.summary(mira.public) != other.summary(mira.public)
    other.take(first_run[1], bounded=True)
    assert one.summary(mira.public) == other.summary(mira.public), "in whichever order the runs came"
    third = mira.open(b"")
    before = one.summary(mira.public)
    one.take_accepted(mira.write(Opened(b"", "loose")))
    assert one.summary(mira.public) == before, "what is loose is no head"
    one.take(third, bounded=True)
    assert one.summary(mira.public) != before
