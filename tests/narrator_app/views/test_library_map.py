"""The map of branches: everything told is on it once, nothing crosses, and it stays small however long the story is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from narrator_app.views.library_map import MARKS, TIPS, BranchMap, branch_map
from protocol.entry import Entry
from protocol.ledger import Ledger
from protocol.story import Story
from tests.kit.chain import Chain

MOVES = st.lists(st.one_of(st.just("tell"), st.just("mark"), st.integers(0, 30)), max_size=40)


def story_of(chain: Chain) -> Story:
    ledger = Ledger(chain.tag)
    ledger.load(chain.units)
    return ledger.story


def wander(moves: list[str | int]) -> Story:
    """Tell, name the place, or go back to some passage: a number picks it."""
    chain, told = Chain(), list[Entry]()
    for at, move in enumerate(moves):
        if move == "tell" or not told:
            told.append(chain.narrate(f"Passage {at}."))
        elif move == "mark":
            chain.checkpoint(f"mark {at}", told[-1])
        elif isinstance(move, int):
            chain.rewind(told[move % len(told)], f"left {at}")
    return story_of(chain)


def path_down(shown: BranchMap) -> dict[int, int]:
    return {one.lower: one.upper for one in shown.stretches}


@given(MOVES)
def test_everything_told_is_on_the_map_once(moves: list[str | int]) -> None:
    story = wander(moves)
    shown = branch_map(story)
    assert shown.left_out == 0
    assert sum(one.count for one in shown.stretches) + len(shown.stops) - 1 == len(story.passages)
    assert len({one.id for one in shown.stops}) == len(shown.stops)
    assert [one.row for one in shown.stops] == list(range(len(shown.stops)))
    assert {one.lower for one in shown.stretches} == set(range(1, len(shown.stops))), "one way leads to every stop"


@given(MOVES)
def test_a_stretch_leads_down_from_what_it_follows(moves: list[str | int]) -> None:
    story = wander(moves)
    shown = branch_map(story)
    for one in shown.stretches:
        assert one.upper < one.lower
        at, steps = shown.stops[one.lower].id, -1
        while at != shown.stops[one.upper].id:
            at, steps = story.passages[at].parent, steps + 1
        assert steps == one.count


@given(MOVES)
def test_the_way_the_story_goes_is_lane_0_and_no_other_way_is(moves: list[str | int]) -> None:
    story = wander(moves)
    shown = branch_map(story)
    for one in shown.stops:
        assert one.on_way == (one.lane == 0) == (not one.id or story.on_path(one.id))
    (here,) = [one for one in shown.stops if one.id == story.head]
    assert here.kind == "here" and max(one.row for one in shown.stops if one.lane == 0) == here.row


@given(MOVES)
def test_two_ways_never_share_a_lane_at_the_same_height(moves: list[str | int]) -> None:
    shown = branch_map(wander(moves))
    taken: set[tuple[int, int]] = set()
    for one in shown.stretches:
        cells = {(one.lower_lane, row) for row in range(one.upper + 1, one.lower + 1)}
        assert not cells & taken
        taken |= cells
    assert shown.lanes == max(one.lane for one in shown.stops) + 1


def test_a_map_says_what_each_place_is() -> None:
    chain = Chain()
    first = chain.narrate("Night fell over the harbour.")
    chain.checkpoint("dusk", first)
    second = chain.narrate("A ship came.")
    left = chain.narrate("It sank.")
    chain.rewind(second, "the wreck")
    chain.narrate("It sailed on.")
    shown = branch_map(story_of(chain))
    assert [(one.kind, one.title, one.lane) for one in shown.stops] == [
        ("beginning", "The very beginning", 0),
        ("checkpoint", "dusk", 0),
        ("fork", "A fork", 0),
        ("branch", "the wreck", 1),
        ("here", "Here the story stands", 0),
    ]
    assert shown.stops[3].id == left.id and shown.stops[1].text == "Night fell over the harbour."
    assert shown.branches == 1 and shown.lanes == 2


def test_a_story_that_has_not_begun_has_a_beginning() -> None:
    (stop,) = branch_map(Story()).stops
    assert (stop.kind, stop.id, stop.lane) == ("here", b"", 0)


def test_a_long_story_with_thousands_of_branches_stays_small_and_says_what_is_left_out() -> None:
    chain = Chain()
    trunk = [chain.narrate(f"Passage {number}.") for number in range(300)]
    for number in range(TIPS + 20):
        chain.rewind(trunk[number], f"left {number}")
        chain.narrate(f"Another {number}.")
    for number in range(MARKS + 5):
        chain.checkpoint(f"mark {number}", trunk[number * 3])
    shown = branch_map(story_of(chain))
    assert len(shown.stops) <= 2 + TIPS * 2 + MARKS
    assert shown.left_out == 20 + 5
    assert "left 59" in {name for one in shown.stops for name in one.names}
    assert "mark 64" in {name for one in shown.stops for name in one.names}
