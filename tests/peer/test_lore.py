from __future__ import annotations

from typing import Any

import pytest

from peer.lore import Surfaced, read_book, surface


def entry(content: str, *keys: str, **more: Any) -> dict[str, Any]:
    usual = {"keys": list(keys), "content": content, "extensions": {}, "enabled": True, "insertion_order": 0}
    return {**usual, **more}


def found(*entries: dict[str, Any], said: tuple[str, ...] = ("Narrator: A silver key.",), **book: Any) -> Surfaced:
    place, budget = book.pop("place", 1), book.pop("budget", 1_000)
    read = read_book({"entries": list(entries), **book}, lambda text: text.replace("{{char}}", "Mira"))
    return surface(read, said, story="the story", place=place, budget=budget, count=len)


def test_a_fact_surfaces_when_its_word_is_said() -> None:
    assert found(entry("The key sings.", "key")).late == ("The key sings.",)
    assert found(entry("The bell is cracked.", "bell")).late == ()


@pytest.mark.parametrize(
    ("key", "comes"),
    [("KEY", True), ("ke", False), ("silver key", True), ("silver ke", True), ("/k.y/i", False), ("", False)],
)
def test_one_word_must_stand_alone_and_several_may_not(key: str, comes: bool) -> None:
    assert bool(found(entry("It sings.", key)).late) is comes


def test_case_counts_where_the_entry_says_so() -> None:
    assert found(entry("x", "Key", case_sensitive=True)).late == ()
    assert found(entry("x", "key", case_sensitive=True)).late == ("x",)


def test_an_entry_that_is_off_or_empty_never_comes() -> None:
    off = entry("x", "key", enabled=False)
    assert found(off, entry("  ", "key"), entry("@@dont_activate\nx", "key")) == Surfaced()


@pytest.mark.parametrize(
    ("logic", "second", "comes"),
    [(0, ["silver", "gold"], True), (0, ["gold"], False), (1, ["silver", "gold"], True), (1, ["silver"], False),
     (2, ["gold"], True), (2, ["silver"], False), (3, ["silver", "a"], True), (3, ["silver", "gold"], False)],
)  # fmt: skip
def test_secondary_keys_follow_their_logic(logic: int, second: list[str], comes: bool) -> None:
    selective = entry("x", "key", selective=True, secondary_keys=second, extensions={"selectiveLogic": logic})
    assert bool(found(selective).late) is comes


def test_secondary_keys_of_an_entry_that_is_not_selective_are_ignored() -> None:
    assert found(entry("x", "key", secondary_keys=["gold"])).late == ("x",)


def test_constant_facts_stand_around_the_character_in_their_order() -> None:
    facts = [
        entry("third", constant=True, insertion_order=9),
        entry("first", constant=True, insertion_order=1),
        entry("after", constant=True, position="after_char"),
        entry("@@activate\nsecond", insertion_order=5),
    ]
    assert found(*facts, said=()) == Surfaced(before=("first", "second", "third"), after=("after",))


def test_over_budget_the_least_important_is_dropped() -> None:
    facts = [entry("a" * 10, "key", priority=1), entry("b" * 10, "key", priority=5), entry("c" * 10, constant=True)]
    assert found(*facts, budget=20) == Surfaced(before=("c" * 10,), late=("b" * 10,))
    assert found(*facts, token_budget=10) == Surfaced(before=("c" * 10,))


def test_only_the_newest_turns_are_scanned() -> None:
    said = ("Narrator: A key.", "Narrator: Rain.")
    assert found(entry("x", "key"), said=said, scan_depth=1).late == ()
    assert found(entry("x", "key"), said=said, scan_depth=2).late == ("x",)
    assert found(entry("x", "key"), said=said, scan_depth=0).late == ()


def test_facts_bring_up_facts_where_the_book_allows_it() -> None:
    chain = (entry("It opens the gate.", "key"), entry("The gate is drowned.", "gate"), entry("x", "drowned"))
    assert found(*chain).late == ("It opens the gate.",)
    assert found(*chain, recursive_scanning=True).late == ("It opens the gate.", "The gate is drowned.", "x")


def test_facts_that_name_each_other_come_once() -> None:
    assert len(found(entry("egg", "key", "hen"), entry("hen", "egg"), recursive_scanning=True).late) == 2


def test_a_draw_is_the_same_each_time_it_is_told() -> None:
    rare = entry("x", "key", id=7, extensions={"probability": 30, "useProbability": True})
    drawn = [bool(found(rare, place=place).late) for place in range(200)]
    assert drawn == [bool(found(rare, place=place).late) for place in range(200)]
    assert 30 < sum(drawn) < 90


def test_macros_are_filled_in_keys_and_content() -> None:
    assert found(entry("{{char}} fears fire.", "{{char}}"), said=("Rusk: Mira!",)).late == ("Mira fears fire.",)


@pytest.mark.parametrize(
    "book", [None, {}, {"entries": None}, {"entries": [None, 3, {}, {"keys": 3, "content": []}]}, {"scan_depth": "x"}]
)
def test_a_book_that_is_none_holds_nothing(book: Any) -> None:
    assert surface(read_book(book, str), ("a",), story="s", place=0, budget=9, count=len) == Surfaced()
