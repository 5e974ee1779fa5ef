"""Names that are said otherwise than they are written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet.card import Card, card_from_parts, check_card, private_part, public_part, read_card, write_card
from dwnet.card_showing import show_card
from dwnet.pronunciation import LONGEST, NAMES, respelled

HINTS = {"Siobhan": "shivawn", "Siobhan Ó Néill": "shivawn oh nail", "Cthulhu": "kuh-thool-hoo"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Siobhan waits.", "shivawn waits."),
        ("“SIOBHAN!” he cried.", "“shivawn!” he cried."),
        ("Siobhan's lamp, Siobhans lamp", "shivawn's lamp, Siobhans lamp"),
        ("Ask Siobhan Ó Néill, or Cthulhu.", "Ask shivawn oh nail, or kuh-thool-hoo."),
        ("Nobody.", "Nobody."),
    ],
)
def test_whole_names_are_respelled(text: str, said: str) -> None:
    assert respelled(text, HINTS) == said


@given(st.text(max_size=60), st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=4))
def test_no_name_breaks_the_search_for_it(text: str, hints: dict[str, str]) -> None:
    assert respelled(text, {}) == text
    respelled(text, hints)


def test_hints_travel_in_the_private_part_and_nobody_is_shown_them() -> None:
    card = read_card(write_card(Card("Mira").having(pronunciation=HINTS)))
    assert card.pronunciation == HINTS
    assert card_from_parts(public_part(card), private_part(card)).pronunciation == HINTS
    assert "shivawn" not in str(public_part(card)) + str(show_card(card))
    assert Card("Mira").pronunciation == {}


@pytest.mark.parametrize(
    "hints",
    [
        ["Siobhan"],
        {"Siobhan": 5},
        {"Siobhan": ""},
        {" ": "x"},
        {"Siobhan": "a\nb"},
        {"x" * (LONGEST + 1): "x"},
        {f"name{number}": "x" for number in range(NAMES + 1)},
    ],
)
def test_what_is_no_hint_is_told_with_its_field(hints: object) -> None:
    card = {"spec": "chara_card_v2", "data": {"name": "Mira", "extensions": {"dreamweaver": {"pronunciation": hints}}}}
    found = [one for one in check_card(json.dumps(card).encode()) if one.severity == "error"]
    assert found and found[0].field.startswith("extensions.dreamweaver.pronunciation")
