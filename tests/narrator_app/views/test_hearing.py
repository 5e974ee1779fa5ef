from __future__ import annotations

import pytest

from narrator_app.ear.catalogue import EarRow
from narrator_app.ear.dictation import Hearing, State
from narrator_app.phrases import say
from narrator_app.preferences import Preferences
from narrator_app.views.hearing import HearingView, hearing_choices, hearing_view, joined

SPHINX = EarRow("sphinx:en-us", "sphinx", "en-us")
WHISPER = EarRow("whisper:small", "whisper", "small", "its model is not on this machine")


def view(hearing: Hearing, *, opening: bool = False, hands_free: bool = False) -> HearingView:
    return hearing_view(hearing, opening=opening, hands_free=hands_free, whole=4.0)


def test_an_ear_that_is_off_takes_no_room() -> None:
    assert view(Hearing()) == HearingView()


@pytest.mark.parametrize("state", list(State)[1:])
def test_every_other_state_has_words(state: State) -> None:
    assert view(Hearing(state, "The lamp", seconds=2.0)).words


def test_what_is_understood_so_far_and_the_meter_are_seen_while_one_speaks() -> None:
    shown = view(Hearing(State.TAKING, partial="the la"))
    assert shown.partial == "the la" and shown.level and "F2" in shown.words
    assert "F2" not in view(Hearing(State.TAKING), hands_free=True).words


def test_the_clock_is_seen_as_long_as_it_runs() -> None:
    assert view(Hearing(State.SHOWN, "The lamp", seconds=3.0)).left == 0.75
    assert view(Hearing(State.MENDING, "The lamp")).left is None


def test_what_was_hard_to_hear_says_so() -> None:
    assert view(Hearing(State.MENDING, "a", unsure=True)).words == say("stage.ear_unsure")


def test_an_ear_that_is_being_opened_says_so_and_no_longer_than_that() -> None:
    assert view(Hearing(), opening=True).words == say("stage.ear_opening")
    assert view(Hearing(State.TAKING), opening=True).words != say("stage.ear_opening")


def test_heard_words_stand_behind_typed_ones() -> None:
    assert joined("", "The lamp.") == joined("  ", "The lamp.") == "The lamp."
    assert joined("Night. ", "The lamp.") == "Night. The lamp."


def test_ears_that_are_here_can_be_chosen_and_one_that_is_gone_is_said() -> None:
    usual = hearing_choices(Preferences(), [SPHINX, WHISPER], ["Trumpet"])
    assert [(one.value, one.chosen) for one in usual.ears] == [("sphinx:en-us", True)] and not usual.missing
    gone = hearing_choices(Preferences(ear="whisper:small", microphone="Horn"), [SPHINX, WHISPER], ["Trumpet"])
    assert [one.value for one in gone.ears] == ["sphinx:en-us", "whisper:small"]
    assert "its model is not on this machine" in gone.missing and "Horn" in gone.lost
    assert [one.value for one in gone.microphones] == ["", "Trumpet", "Horn"]


def test_a_glance_of_nothing_says_that_it_is_told_at_once() -> None:
    assert hearing_choices(Preferences(glance=0.0), [], []).glance == say("settings.glance_none")
    assert "2.5 s" in hearing_choices(Preferences(glance=2.5), [], []).glance
