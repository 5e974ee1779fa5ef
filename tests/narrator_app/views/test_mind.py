"""What a screen says of a character's mind."""

from __future__ import annotations

from dataclasses import replace

from narrator_app.minds import MindFacts
from narrator_app.views.mind import mind_view
from protocol.kinds import Evolved
from protocol.minds import Mind, Version
from protocol.moments import Learning
from protocol.shapes import Answer, Score

NOW = 1_767_283_200_000
SCORES = (Score("loss", 2_310, 1_702), Score("leaks", 0, 0), Score("variety", 810, 805), Score("of tomorrow", 1, 500))
ANSWERS = (Answer("The lamp\nwent out.", "It is dark.", "Arr, dark as a kettle."),)
FIRST = Evolved(bytes([1]) * 32, bytes(32), "small", b"", b"", 60, SCORES, ANSWERS, 1, "Promoted.")
SECOND = replace(FIRST, adapter=bytes([2]) * 32, promoted=0, why="it repeats itself")
VERSIONS = (Version(1, b"1", NOW - 3_600_000, FIRST, True), Version(2, b"2", NOW - 60_000, SECOND, True))
SAID = Learning("training", "", 60, 430, 1_720, 120, "normal")
FACTS = MindFacts(Mind(FIRST.adapter, False), VERSIONS, SAID, 9_800_000, 19_600_000)


def test_a_mind_that_learned_nothing_says_how_to_begin() -> None:
    view = mind_view("Pim", MindFacts(Mind(b"", False), (), None, 0, 0), NOW)
    assert view.title == "What Pim has learned" and view.speaks == "It speaks with the bare model."
    assert [one for one, _ in view.strengths] == ["gentle", "normal", "strong"]
    assert view.safe == "Nothing to keep safe yet." and view.share is None and view.versions == ()


def test_while_it_learns_one_sees_how_far_it_is_and_can_only_stop() -> None:
    view = mind_view("Pim", FACTS, NOW)
    assert view.state == "It learns. 43 % done, loss 1.72. About 2 min left." and view.share == 0.43
    assert view.strengths == () and view.lines == "60 lines to learn from."
    paused = mind_view("Pim", replace(FACTS, said=replace(SAID, state="paused", why="Somebody speaks.")), NOW)
    assert paused.state == "It waits. Somebody speaks." and paused.share == 0.43
    ended = mind_view("Pim", replace(FACTS, said=replace(SAID, state="failed", why="No memory.")), NOW)
    assert ended.state == "Learning failed. No memory." and ended.share is None and ended.strengths


def test_versions_stand_newest_first_with_what_became_of_them() -> None:
    second, first = mind_view("Pim", FACTS, NOW).versions
    assert first.is_speaking and not first.is_pinned and first.aside == ""
    assert first.told == "From 60 lines on small, 1 h ago. Loss on lines it never saw: 2.31, then 1.70."
    assert second.aside == "Kept aside: it repeats itself" and not second.is_speaking
    pinned = mind_view("Pim", replace(FACTS, mind=Mind(FIRST.adapter, True)), NOW)
    assert pinned.versions[1].is_pinned and pinned.speaks == "It speaks with version 1. Pinned."
    gone = mind_view("Pim", replace(FACTS, versions=(replace(VERSIONS[0], here=False),)), NOW)
    assert "has left the place" in gone.versions[0].aside


def test_what_was_brought_along_says_so_and_is_not_kept_aside() -> None:
    brought = replace(VERSIONS[0], made=replace(FIRST, count=0, promoted=0, why=""), brought=True)
    (row,) = mind_view("Pim", replace(FACTS, versions=(brought,)), NOW).versions
    assert row.told.startswith("Brought along from another story 1 h ago, for small. Loss") and row.aside == ""
    assert row.is_speaking


def test_a_strangers_adapter_is_named_as_one_it_did_not_train() -> None:
    view = mind_view("Pim", replace(FACTS, mind=Mind(bytes([9]) * 32, False)), NOW)
    assert view.speaks == "It speaks with the adapter 090909090909, which it did not train."


def test_scores_and_answers_stand_side_by_side() -> None:
    view = mind_view("Pim", FACTS, NOW)
    assert view.changed == (
        ("loss on unseen lines", "2.31", "1.70"),
        ("secrets given away", "0", "0"),
        ("variety of words", "81%", "80%"),
        ("of tomorrow", "0%", "50%"),
    )
    assert view.answers == (("The lamp went out.", "It is dark.", "Arr, dark as a kettle."),)


def test_how_much_is_safe_is_told_in_megabytes() -> None:
    assert mind_view("Pim", FACTS, NOW).safe == "9.8 of 19.6 MB are safe here, encrypted."
