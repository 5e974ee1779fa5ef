from __future__ import annotations

from dataclasses import replace

import pytest

from dwnet import shipped
from dwnet.card import Card, read_card
from dwnet.doctor import Finding
from narrator_app.beginning import Choices, Plan, Progress, Stage
from narrator_app.gathering import Arrival, Waking
from narrator_app.views.first_run import (
    STEPS,
    FirstRunView,
    back,
    first_run_view,
    forward,
    line_of,
    plan_of,
    toggled,
    usual,
)
from protocol import limits

SCENE = shipped.scene("opening")
CARDS = [read_card(shipped.card(name)) for name in shipped.cast()]
ASKING = Progress(Stage.ASKING)


def view(choices: Choices, progress: Progress = ASKING, writer: Finding | None = None) -> FirstRunView:
    return first_run_view(choices, progress, CARDS, writer)


def test_whoever_changes_nothing_tells_the_scene_that_ships_in_three_steps() -> None:
    choices = usual(SCENE)
    for step in range(len(STEPS)):
        seen = view(choices)
        assert seen.step == step and seen.can_go_on and seen.trouble == ("", "")
        choices = forward(choices)
    assert plan_of(choices) == Plan(SCENE.title, ("Pim", "Tock"), SCENE.beats[0].narration)
    assert len(STEPS) <= 3


def test_steps_go_back_and_forward_and_end_at_both_ends() -> None:
    choices = usual(SCENE)
    assert back(choices).step == 0
    assert forward(forward(forward(forward(choices)))).step == 2
    assert back(forward(choices)) == choices


@pytest.mark.parametrize("name", ["", "   ", "\n", "\x1b"])
def test_a_story_without_a_name_is_not_gone_on_with(name: str) -> None:
    choices = replace(usual(SCENE), name=name)
    assert not view(choices).can_go_on and forward(choices) == choices


def test_a_name_is_one_line_of_bounded_length() -> None:
    assert plan_of(replace(usual(SCENE), name=" The\nLamp ")).name == "The Lamp"
    assert len(plan_of(replace(usual(SCENE), name="x" * 10_000)).name) <= limits.NAME


def test_characters_are_taken_in_and_left_out_by_a_key_each() -> None:
    choices = usual(SCENE)
    seen = view(replace(choices, step=1))
    assert [one.name for one in seen.candidates if one.chosen] == ["Pim", "Tock"]
    assert [one.number for one in seen.candidates] == [1, 2, 3, 4, 5]
    with_vesper = toggled(choices, "Vesper")
    assert with_vesper.cast == ("Pim", "Tock", "Vesper")
    assert toggled(with_vesper, "Pim").cast == ("Tock", "Vesper")
    assert toggled(toggled(choices, "Pim"), "Pim").cast == ("Tock", "Pim")


def test_every_sample_character_has_a_line_to_stand_beside_its_name() -> None:
    for card in CARDS:
        line = line_of(card)
        assert "{{" not in line and line.endswith(".") and line[0].isupper() and not line.startswith(card.name)
    assert line_of(Card("Ada", description="{{char}} sings. {{char}} also swims.")) == "Ada sings."
    assert line_of(Card("Ada")) == ""


def test_who_will_answer_is_said() -> None:
    choices = replace(usual(SCENE), step=2)
    assert view(choices).answering == "Pim and Tock will answer."
    assert view(toggled(choices, "Vesper")).answering == "Pim, Tock and Vesper will answer."
    assert view(toggled(choices, "Tock")).answering == "Pim will answer."
    assert "Nobody" in view(replace(choices, cast=())).answering


def test_what_the_cast_needs_is_said_for_none_one_and_many() -> None:
    choices = replace(usual(SCENE), step=1)
    two, one, none = (view(replace(choices, cast=cast)).needs for cast in (("Pim", "Tock"), ("Pim",), ()))
    assert "2 of them" in two and "500 MB" in two and "250 MB" in one and "alone" in none
    assert view(replace(choices, cast=())).can_go_on


def test_a_missing_model_is_said_where_the_cast_is_chosen_with_its_remedy() -> None:
    missing = Finding("writer", False, "The writer is not ready.", "Install it with: pip install '.[local]'")
    choices = replace(usual(SCENE), step=1)
    assert "no model" in view(choices, writer=missing).trouble[0]
    assert view(choices, writer=missing).trouble[1] == missing.remedy
    assert view(choices, writer=missing).can_go_on
    for fine in (replace(choices, cast=()), replace(choices, step=0)):
        assert view(fine, writer=missing).trouble == ("", "")
    assert view(choices, writer=Finding("writer", True, "Here.")).trouble == ("", "")


def test_a_narration_that_is_empty_or_too_long_cannot_be_told() -> None:
    choices = replace(usual(SCENE), step=2)
    assert not view(replace(choices, narration=" \n ")).can_go_on
    long = view(replace(choices, narration="x" * (limits.TEXT + 1)))
    assert not long.can_go_on and f"{limits.TEXT:,}" in long.trouble[0]


def test_while_they_wake_up_each_is_told_of_in_words() -> None:
    coming = (Arrival("Pim", Waking.LOADING), Arrival("Tock", Waking.AWAKE), Arrival("Vesper"))
    seen = view(usual(SCENE), Progress(Stage.WAKING, coming))
    assert [one.words for one in seen.sleepers] == ["Pim is waking up", "Tock is awake", "Vesper is on the way"]
    assert seen.busy and not seen.stuck and all(one.colour for one in seen.sleepers)


def test_when_nobody_wakes_up_why_and_what_to_do_are_said() -> None:
    coming = (Arrival("Pim", Waking.ABSENT, "The model is not installed."),)
    seen = view(usual(SCENE), Progress(Stage.STUCK, coming))
    assert seen.stuck and not seen.busy and all(seen.trouble)
    assert "not installed" in seen.sleepers[0].words


def test_a_story_that_could_not_be_opened_is_asked_for_again_with_its_reason() -> None:
    seen = view(replace(usual(SCENE), step=2), Progress(Stage.ASKING, (), "The disk is full.", "Free some space."))
    assert seen.trouble == ("The disk is full.", "Free some space.") and seen.can_go_on and seen.sleepers == ()
