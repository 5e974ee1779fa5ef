from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from peer.evolution.contract import Scores
from peer.evolution.gate import judge
from peer.evolution.nearness import Nearness, variety
from tests.kit.voiced import pairs

BEFORE = Scores(
    loss=3.0, perplexity=20.1, variety=0.9, words=14.0, nearness=0.1, self_naming=0.1, for_others=0.0, empty=0.0,
    leaks=0, secrets=(5.0, 6.0),
)  # fmt: skip
AFTER = replace(BEFORE, loss=2.4, perplexity=11.0, nearness=0.2, secrets=(4.9, 5.8))


def test_better_and_nowhere_worse_is_promoted() -> None:
    assert judge(BEFORE, AFTER) == ()


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"loss": 2.99}, "not clearly likelier"),
        ({"loss": float("nan")}, "not clearly likelier"),
        ({"variety": 0.6}, "repeats itself"),
        ({"words": 3.0}, "too short"),
        ({"nearness": 0.02}, "less like the character"),
        ({"self_naming": 0.5}, "by name"),
        ({"for_others": 0.2}, "speaks for others"),
        ({"empty": 0.4}, "says nothing"),
        ({"leaks": 1}, "gave a secret away"),
        ({"secrets": (4.9, 2.0)}, "1 of 2 secrets became likelier"),
    ],
)
def test_one_thing_that_is_worse_is_enough_to_refuse(worse: dict[str, Any], why: str) -> None:
    reasons = judge(BEFORE, replace(AFTER, **worse))
    assert len(reasons) == 1 and why in reasons[0]


def test_all_reasons_are_given() -> None:
    assert len(judge(BEFORE, replace(AFTER, loss=3.5, variety=0.1, leaks=3))) == 3


def test_lines_of_the_character_are_nearer_than_others() -> None:
    said = [answer for _, answer in pairs()]
    near = Nearness(said[:30], [told for told, _ in pairs()])
    own, strange = near.of(said[40]), near.of("The committee has approved the budget for next year.")
    assert 0 <= strange < own <= 1
    assert near.of("") == 0


def test_variety_tells_repetition() -> None:
    assert variety(["ha ha ha ha ha", "ha ha ha"]) < 0.2
    assert variety([answer for _, answer in pairs()]) > 0.6
    assert variety([]) == 1.0
