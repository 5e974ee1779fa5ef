"""Which of the narrator's entries are canon, and in what order: a function of the set of them, however they come."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canon import Canon
from protocol.entry import Entry
from protocol.kinds import Adopted, Opened, SetAside
from tests.kit.chain import Chain


def canon_of(entries: Iterable[Entry]) -> Canon:
    canon = Canon()
    for entry in entries:
        canon.add(entry)
    return canon


def ids(entries: Iterable[Entry]) -> list[bytes]:
    return [one.id for one in entries]


def lost_evening(chain: Chain, runs: int = 1) -> tuple[bytes, list[Entry]]:
    """The head that a backup has, and the evening it forgot: ``runs`` process starts of two narrations each."""
    before = chain.canon_head
    evening = []
    for _ in range(runs):
        evening += [chain.narrator.open(), chain.narrate("Forgotten."), chain.narrate("Forgotten too.")]
    return before, evening


def test_one_run_is_canon_in_its_order() -> None:
    chain = Chain()
    chain.join("Mira")
    chain.narrate("Night fell.")
    own = chain.narrator.feed
    canon = canon_of(own)
    assert ids(canon.order) == ids(own) and canon.head == own[-1].id and canon.tails() == []
    assert all(canon.contains(one.id) and canon.get(one.id) == one for one in own)
    assert canon.get(bytes(32)) is None and Canon().head == b""


def test_runs_that_continue_one_another_are_one_story() -> None:
    chain = Chain()
    for number in range(4):
        chain.narrate(f"Night {number}.")
        chain.narrator.open()
    canon = canon_of(chain.narrator.feed)
    assert ids(canon.order) == ids(chain.narrator.feed) and canon.live_run == chain.narrator.run


def test_canon_only_grows_at_its_end_and_says_so() -> None:
    chain = Chain()
    canon = canon_of([chain.genesis])
    for entry in [chain.narrate("Night fell."), chain.narrator.open(), chain.narrate("Day broke.")]:
        before = ids(canon.order)
        assert canon.add(entry)
        assert ids(canon.order) == [*before, entry.id]


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_the_evening_that_a_backup_forgot_is_a_tail(runs: int) -> None:
    chain = Chain()
    chain.narrate("Night fell.")
    before, evening = lost_evening(chain, runs)
    opened = chain.narrator.open(before)
    canon = canon_of(chain.narrator.feed)
    own = opened.run
    (tail,) = canon.unsettled(own)
    assert tail.tip == evening[-1] and canon.missing_of(tail, own) == evening
    assert not canon.runs[own].told
    if runs == 1:
        assert canon.live_run == own, "of two equally far from genesis the later one"
        assert canon.unsettled() == [tail] and canon.missing_of(tail) == evening


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_a_tail_joins_before_its_adopt_and_canon_goes_on_in_the_live_run(runs: int) -> None:
    chain = Chain()
    before, evening = lost_evening(chain, runs)
    opened = chain.narrator.open(before)
    adopt = chain.tell(Adopted(), (evening[-1].id,))
    after = chain.narrate("And on.")
    canon = canon_of(chain.narrator.feed)
    assert ids(canon.order) == ids([chain.genesis, opened, *evening, adopt, after])
    assert canon.live_run == opened.run and canon.tails() == canon.unsettled() == []
    following = chain.narrator.open(canon.head)
    assert canon.add(following) and canon.head == following.id


def test_a_tail_set_aside_stays_a_branch_and_needs_no_more_answer() -> None:
    chain = Chain()
    before, evening = lost_evening(chain, 2)
    opened = chain.narrator.open(before)
    told = chain.narrate("Another night.")
    aside = chain.tell(SetAside("found again"), (evening[-1].id,))
    canon = canon_of(chain.narrator.feed)
    assert ids(canon.order) == ids([chain.genesis, opened, told, aside])
    (tail,) = canon.tails()
    assert canon.unsettled() == [] and canon.missing_of(tail) == evening
    assert canon.runs[opened.run].told
    chain.narrator.open()
    assert canon_of(chain.narrator.feed).unsettled() == [], "a later run knows what its forerunners knew"


def test_a_tail_set_aside_can_be_adopted_after_all() -> None:
    chain = Chain()
    before, evening = lost_evening(chain)
    chain.narrator.open(before)
    chain.tell(SetAside("found again"), (evening[-1].id,))
    chain.tell(Adopted(), (evening[-1].id,))
    canon = canon_of(chain.narrator.feed)
    assert canon.tails() == [] and ids(canon.order)[-4:-1] == ids(evening)


def test_a_tail_that_was_joined_and_grows_is_a_tail_again() -> None:
    chain = Chain()
    before, evening = lost_evening(chain)
    chain.narrator.open(before)
    chain.tell(Adopted(), (evening[1].id,))
    canon = canon_of(chain.narrator.feed)
    (tail,) = canon.unsettled()
    assert canon.missing_of(tail) == [evening[2]]


def test_length_never_decides() -> None:
    chain = Chain()
    start = chain.canon_head
    long = [chain.narrator.open(start), *(chain.narrate(f"{number}") for number in range(20))]
    short = chain.narrator.open(start)
    canon = canon_of(chain.narrator.feed)
    assert canon.head == short.id
    assert canon.unsettled()[0].tip == long[-1]


def test_a_run_that_opens_as_none_may_hangs_in_the_air() -> None:
    chain = Chain()
    chain.narrate("Night fell.")
    head = chain.canon_head
    chain.narrator.run, chain.narrator.seq, chain.narrator.head = b"\1" * 8, 0, b""
    chain.narrate("From nowhere.")
    chain.narrator.run, chain.narrator.seq, chain.narrator.head = b"\2" * 8, 0, b""
    chain.tell(Opened(b"", "from nothing"))
    canon = canon_of(chain.narrator.feed)
    assert canon.head == head and canon.tails() == canon.unsettled() == []


def test_adopting_what_is_not_here_yet_waits_for_it() -> None:
    chain = Chain()
    before, evening = lost_evening(chain, 2)
    opened = chain.narrator.open(before)
    adopt = chain.tell(Adopted(), (evening[-1].id,))
    canon = canon_of([chain.genesis, opened, adopt])
    assert ids(canon.order) == ids([chain.genesis, opened, adopt])
    for entry in evening[3:]:  # the second start of that evening, whose first is not here
        canon.add(entry)
    assert ids(canon.order) == ids([chain.genesis, opened, adopt])
    for entry in evening[:3]:
        canon.add(entry)
    assert ids(canon.order) == ids([chain.genesis, opened, *evening, adopt])


def woven(data: st.DataObject, runs: list[list[Entry]]) -> list[Entry]:
    """Some order in which sync can bring these: each run in its own order, runs in any."""
    left = [run[:] for run in runs]
    result = []
    while left := [run for run in left if run]:
        result.append(data.draw(st.sampled_from(left), label="run").pop(0))
    return result


def tangled_story(steps: list[int]) -> list[list[Entry]]:
    """Runs that continue here and there, adopt and set aside one another."""
    chain = Chain()
    told = [chain.genesis]
    for step in steps:
        about = told[step % len(told)]
        match step % 5:
            case 0:
                told.append(chain.narrator.open(about.id))
            case 1:
                told.append(chain.tell(Adopted(), (about.id,)))
            case 2:
                told.append(chain.tell(SetAside("aside"), (about.id,)))
            case _:
                told.append(chain.narrate("Night fell."))
    runs: dict[bytes, list[Entry]] = {}
    for entry in told:
        runs.setdefault(entry.run, []).append(entry)
    return list(runs.values())


@given(st.lists(st.integers(0, 400), max_size=25), st.data())
def test_the_order_in_which_entries_come_does_not_matter(steps: list[int], data: st.DataObject) -> None:
    runs = tangled_story(steps)
    straight = canon_of(entry for run in runs for entry in run)
    canon = Canon()
    for entry in woven(data, runs):
        before = ids(canon.order)
        grew = canon.add(entry)
        assert grew == (ids(canon.order)[: len(before)] == before)
    assert ids(canon.order) == ids(straight.order) and canon.live_run == straight.live_run
    assert ids(run.tip for run in canon.tails()) == ids(run.tip for run in straight.tails())
    assert ids(run.tip for run in canon.unsettled()) == ids(run.tip for run in straight.unsettled())
    assert len(set(ids(canon.order))) == len(canon.order), "nothing is told twice"
    assert not canon.order or canon.order[0].kind == "genesis"
    if canon.live_run is not None:
        assert canon.head == canon.runs[canon.live_run].tip.id
