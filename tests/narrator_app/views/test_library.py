"""The library's view states: what a spine says, what was found, where one can go back to, and what a seal means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrator_app.library import Found
from narrator_app.phrases import say
from narrator_app.seal import STATES, Seal
from narrator_app.stories import FoundIn, Spine
from narrator_app.summary import Summary
from narrator_app.views.library import (
    DAY,
    HOUR,
    MINUTE,
    ago,
    forms_view,
    found_view,
    pieces_of,
    places_view,
    seal_view,
    shelf_view,
    size,
)
from protocol.ledger import Ledger
from tests.kit.chain import Chain
from tests.kit.shelf import root_settings

NOW = 1_800_000_000_000
SETTINGS = root_settings(Path("/nowhere"))


def spine(name: str, tag: str, told_at: int = 0, **facts: Any) -> Spine:
    summary = Summary(name, tag, 2, 9, ("Mira", "Tom"), told_at=told_at)
    return replace(Spine(SETTINGS, summary, 57_000), **facts)


def test_the_open_story_stands_first_then_the_one_told_last() -> None:
    spines = [spine("Old", "a", NOW - 9 * DAY), spine("Open", "b", NOW - 5 * DAY), spine("New", "c", NOW - HOUR)]
    view = shelf_view([*spines, spine("Away", "d", NOW, archived=True)], "b", NOW)
    assert [one.name for one in view.stories] == ["Open", "New", "Old"]
    assert [one.name for one in view.archived] == ["Away"]
    assert view.stories[0].is_open and not view.stories[0].can_open and view.stories[1].can_open
    assert view.stories[1].facts == "2 passages · told an hour ago · 57\u00a0kB"
    assert view.stories[1].cast == "Mira, Tom"
    assert view.named("d") == view.archived[0] and view.named("e") is None


@pytest.mark.parametrize(
    ("facts", "state", "can_open"),
    [
        ({}, "", True),
        ({"open": True}, say("library.state_elsewhere"), False),
        ({"ours": False}, say("library.state_foreign"), False),
        ({"trouble": "It is damaged.", "ours": False}, say("library.state_trouble"), False),
        ({"archived": True}, say("library.state_archived"), True),
    ],
)
def test_a_spine_says_how_a_story_is_and_whether_it_can_be_told_on(
    facts: dict[str, Any], state: str, can_open: bool
) -> None:
    view = shelf_view([spine("The Gate", "a", **facts)], "b", NOW)
    (one,) = (*view.stories, *view.archived)
    assert (one.state, one.can_open) == (state, can_open)


def test_two_stories_of_one_name_are_opened_by_their_tags() -> None:
    view = shelf_view([spine("The Gate", "a"), spine("the gate", "b"), spine("The Sea", "c")], "", NOW)
    assert sorted(one.key for one in view.stories) == ["The Sea", "a", "b"]


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (-5, "just now"), (59_999, "just now"), (MINUTE, "a minute ago"), (59 * MINUTE, "59 minutes ago"),
        (HOUR, "an hour ago"), (23 * HOUR, "23 hours ago"), (DAY, "yesterday"), (400 * DAY, "400 days ago"),
    ],
)  # fmt: skip
def test_a_moment_is_told_as_people_tell_it(passed: int, words: str) -> None:
    assert ago(passed) == words


@given(st.integers(0, 2**50))
def test_a_size_is_never_nothing(count: int) -> None:
    assert not size(count).startswith("0\u00a0")


@given(st.text(max_size=60), st.text(max_size=12))
def test_an_excerpt_is_cut_and_loses_nothing(text: str, words: str) -> None:
    pieces = pieces_of(text, words)
    whole = pieces_of(text, "")
    assert "".join(one.text for one in pieces) == whole[0].text


def test_what_was_looked_for_stands_out_whatever_its_case() -> None:
    pieces = pieces_of("The Lamp by the lamplight", 'LAMP "the')
    assert [(one.text, one.found) for one in pieces] == [
        ("The", True), (" ", False), ("Lamp", True), (" by ", False), ("the", True), (" ", False),
        ("lamp", True), ("light", False),
    ]  # fmt: skip


def test_what_was_found_is_grouped_and_leads_to_its_line() -> None:
    gate, sea = spine("The Gate", "a"), spine("The Sea", "b")
    line = Found(b"\1" * 32, 3, "Mira", "2026-01-01T16:00:00.000Z", "Then I climb.", True)
    shelf = shelf_view([gate, sea], "b", NOW)
    groups = found_view(
        [FoundIn(gate, (line,)), FoundIn(sea, (line, line)), FoundIn(spine("Gone", "c"), (line,))], "climb", shelf
    )
    assert [(one.story.name, one.count) for one in groups] == [("The Sea", "2 lines"), ("The Gate", "1 line")]
    hit = groups[1].hits[0]
    assert (hit.entry, hit.speaker, hit.when, hit.private) == ("01" * 32, "Mira", "2026-01-01", True)


def test_checkpoints_say_whether_the_story_is_there_or_has_left_them() -> None:
    chain = Chain()
    first = chain.narrate("Night fell.")
    chain.checkpoint("dusk", first)
    left = chain.narrate("A ship came. " * 40)
    chain.checkpoint("the ship", left)
    chain.rewind(first, "the other way")
    ledger = Ledger(chain.tag)
    ledger.load(chain.units)
    ship, dusk = places_view(ledger.story)
    assert (dusk.name, dusk.text, dusk.here, dusk.left) == ("dusk", "Night fell.", True, False)
    assert (ship.name, ship.here, ship.left) == ("the ship", False, True)
    assert ship.text.endswith("…") and len(ship.text) <= 90


def test_every_form_says_what_it_is_for() -> None:
    assert [one.name for one in forms_view()] == ["dwlog", "json", "txt", "ogg", "wav", "audiobook"]
    assert all(one.title and one.text and one.suffix.startswith(".") for one in forms_view())


@pytest.mark.parametrize("state", STATES.values())
@pytest.mark.parametrize("known", [True, False])
def test_every_seal_says_in_plain_words_what_was_proved(state: str, known: bool) -> None:
    seal = Seal(state, "the finding", words=("a", "b"), entries=1234, authors=3, known=known)
    view = seal_view(seal)
    assert view.title and view.proved and view.words == ("a", "b")
    assert (view.tone == "ok") == (state == "whole" and known), "green is for what was proved whole, and whose it is"
    assert (view.detail == "") == (state == "whole")
