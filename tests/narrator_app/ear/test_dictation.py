"""Dictation, decided: keys, frames and words in; what is told out. No sound, no waiting."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrator_app.ear.dictation import (
    LONGEST,
    PAUSE,
    Begin,
    Dictation,
    Drop,
    Effect,
    Final,
    Frame,
    Kept,
    Lost,
    Manner,
    Mend,
    Release,
    Send,
    State,
    Tell,
    Tick,
    Words,
)
from narrator_app.ear.spoken import command_of, is_phantom
from narrator_app.ear.voice_activity import FRAME_SECONDS

FREE = Begin(hands_free=True)


class Desk:
    """A dictation and its clock."""

    def __init__(self, manner: Manner | None = None) -> None:
        self.dictation = Dictation(manner)
        self.now = 100.0
        self.done: list[Effect | Tell] = []

    def does(self, *events: object) -> list[Effect | Tell]:
        """What comes of these events."""
        new = [effect for event in events for effect in self.dictation.handle(event, self.now)]
        self.done += new
        return new

    def sound(self, seconds: float, *, speech: bool) -> list[Effect | Tell]:
        new: list[Effect | Tell] = []
        for _ in range(round(seconds / FRAME_SECONDS)):
            self.now += FRAME_SECONDS
            new += self.does(Frame(speech))
        return new

    def later(self, seconds: float) -> list[Effect | Tell]:
        self.now += seconds
        return self.does(Tick())

    def state(self) -> State:
        return self.dictation.state

    def listens(self) -> bool:
        return self.dictation.microphone


def test_held_spoken_released_shown_and_told() -> None:
    desk = Desk()
    assert desk.does(Begin()) == [Effect.OPEN] and desk.listens()
    desk.sound(1.0, speech=True)
    desk.does(Words("the lamp"))
    assert desk.dictation.hearing(desk.now).partial == "the lamp"
    assert desk.does(Release()) == [Effect.CLOSE] and not desk.listens()
    assert desk.does(Final("The lamp goes out.", 0.8)) == []
    assert desk.state() is State.SHOWN and desk.dictation.hearing(desk.now).seconds == 2.0
    assert desk.later(1.9) == []
    assert desk.later(0.2) == [Tell("The lamp goes out.")]
    assert desk.state() is State.OFF and not desk.listens()


def test_without_a_glance_it_is_told_at_once() -> None:
    desk = Desk(Manner(glance=0.0))
    desk.does(Begin())
    desk.sound(1.0, speech=True)
    assert desk.does(Release(), Final("Night falls.", 0.9)) == [Effect.CLOSE, Tell("Night falls.")]


def test_hands_free_from_the_first_sound_to_the_next_sentence() -> None:
    desk = Desk()
    assert desk.does(FREE) == [] and desk.state() is State.WAITING and desk.listens()
    assert desk.sound(5.0, speech=False) == []
    assert desk.sound(1.0, speech=True) == [Effect.OPEN]
    assert desk.sound(PAUSE - 0.1, speech=False) == []
    assert desk.sound(0.3, speech=True) == []
    assert desk.sound(PAUSE + 0.1, speech=False) == [Effect.CLOSE]
    desk.does(Final("Who is there?", 0.7))
    assert desk.dictation.hearing(desk.now).seconds == 3.0
    assert desk.later(3.1) == [Tell("Who is there?")] and desk.state() is State.WAITING


def test_a_cough_is_no_utterance() -> None:
    desk = Desk()
    desk.does(FREE)
    assert desk.sound(0.09, speech=True) + desk.sound(3, speech=False) == []


def test_who_goes_on_speaking_stops_the_countdown_and_nothing_is_lost() -> None:
    desk = Desk()
    desk.does(FREE)
    desk.sound(1.0, speech=True)
    desk.sound(1.0, speech=False)
    assert desk.sound(1.0, speech=True) == [Effect.OPEN]  # before the words of the first are there
    desk.does(Final("The lamp goes out.", 0.7))
    assert desk.state() is State.TAKING
    desk.sound(1.0, speech=False)
    desk.does(Final("Somebody laughs.", 0.7))
    assert desk.sound(0.3, speech=True) == [Effect.OPEN] and desk.later(60) == []  # no clock runs
    desk.sound(1.0, speech=False)
    desk.does(Final("Ha.", 0.7))
    assert desk.later(3.1) == [Tell("The lamp goes out. Somebody laughs. Ha.")]


def test_who_speaks_without_end_is_heard_in_parts() -> None:
    desk = Desk()
    desk.does(Begin())
    assert desk.sound(2.5 * LONGEST, speech=True) == [Effect.CLOSE, Effect.OPEN] * 2
    desk.does(Final("One.", 0.5), Release(), Final("Two.", 0.5))
    assert desk.state() is State.RECOGNISING
    desk.does(Final("Three.", 0.5))
    assert desk.dictation.text == "One. Two. Three."


@pytest.mark.parametrize("text", ["", "  ", "Thank you.", "thanks for watching!", "you", "…"])
@pytest.mark.parametrize("begin", [Begin(), FREE])
def test_what_was_made_up_out_of_silence_is_never_told(text: str, begin: Begin) -> None:
    desk = Desk()
    desk.does(begin)
    desk.sound(0.24, speech=True)
    desk.sound(1.0, speech=False)
    desk.does(Release(), Final(text, 0.99))
    assert desk.later(600) == [] and desk.state() is State.OFF
    assert not any(isinstance(one, Tell) for one in desk.done)


def test_a_key_held_in_silence_is_not_even_recognised() -> None:
    desk = Desk()
    desk.does(Begin())
    desk.sound(3.0, speech=False)
    assert desk.does(Release()) == [Effect.FORGET] and desk.state() is State.OFF


def test_thanks_that_were_really_said_are_told() -> None:
    assert not is_phantom("Thank you.", 0.6) and is_phantom("Thank you.", 0.3) and not is_phantom("No.", 0.2)


def heard(desk: Desk, text: str = "The lamb goes out.", sure: float = 0.7) -> None:
    desk.does(Begin())
    desk.sound(1.0, speech=True)
    desk.does(Release(), Final(text, sure))


def test_what_was_heard_can_be_mended() -> None:
    desk = Desk()
    heard(desk)
    desk.does(Mend())
    assert desk.later(600) == [] and desk.state() is State.MENDING
    assert desk.does(Send("The lamp goes out.")) == [Tell("The lamp goes out.")]


def test_what_is_to_be_mended_waits_also_when_that_is_known_before_it_is_heard() -> None:
    desk = Desk(Manner(glance=0.0))
    desk.does(Begin())
    desk.sound(1.0, speech=True)
    desk.does(Mend())
    assert desk.does(Release(), Final("Night falls.", 0.9)) == [Effect.CLOSE] and desk.state() is State.MENDING
    assert desk.does(Send()) == [Tell("Night falls.")]
    desk.does(Begin())
    desk.sound(1.0, speech=True)
    told = desk.does(Release(), Final("A knock.", 0.9))
    assert told == [Effect.CLOSE, Tell("A knock.")], "the next one is told as usual"


def test_what_was_heard_can_be_dropped_or_told_at_once() -> None:
    desk = Desk()
    heard(desk)
    assert desk.does(Drop()) == [Effect.DROP] and desk.later(600) == []
    heard(desk, "Night falls.")
    assert desk.does(Send()) == [Tell("Night falls.")]
    desk.does(Begin())
    assert desk.does(Drop()) == [Effect.FORGET, Effect.DROP] and desk.state() is State.OFF


def test_what_an_ear_is_unsure_of_waits_for_a_word() -> None:
    desk = Desk()
    heard(desk, "No who she", 0.05)
    assert desk.later(600) == [] and desk.dictation.hearing(desk.now).unsure
    assert desk.does(Send("你好")) == [Tell("你好")]
    assert not desk.dictation.unsure


def test_what_could_not_be_told_waits_too() -> None:
    desk = Desk(Manner(glance=0.0))
    heard(desk)
    desk.does(Kept("The lamb goes out."))
    assert (desk.state(), desk.dictation.text) == (State.MENDING, "The lamb goes out.")


def test_when_the_microphone_goes_what_was_heard_before_stays() -> None:
    desk = Desk()
    desk.does(FREE)
    desk.sound(1.0, speech=True)
    desk.sound(1.0, speech=False)
    desk.does(Final("The lamp goes out.", 0.7), Lost())
    assert (desk.state(), desk.dictation.text) == (State.MENDING, "The lamp goes out.")
    assert not desk.listens()


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("Narrator, checkpoint the old tower.", "/checkpoint the old tower"), ("narrator hush", "/hush"),
        ("Narrator: retake!", "/retake"), ("narrator go back to the old tower", "/rewind the old tower"),
        ("the narrator hushes", None), ("narrator", None), ("narrator checkpoint", None), ("", None),
        ("narrator hush now please", None),
    ],
)  # fmt: skip
def test_commands_can_be_said(said: str, typed: str | None) -> None:
    assert command_of(said) == typed


def test_hush_does_not_wait_for_a_glance() -> None:
    desk = Desk(Manner(commands=True))
    desk.does(Begin())
    desk.sound(1.0, speech=True)
    assert desk.does(Release(), Final("Narrator hush.", 0.6))[-1] == Tell("Narrator hush.")


EVENTS = st.lists(
    st.one_of(
        st.sampled_from([Begin(), FREE, Release(), Tick(), Mend(), Send(), Drop(), Lost(), Words("x"), Kept("kept")]),
        st.builds(Frame, st.booleans()),
        st.builds(Final, st.sampled_from(["", "Night falls.", "thank you"]), st.floats(0, 1)),
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_utterances_are_opened_and_closed_in_turn_and_nothing_empty_is_told(
    events: Iterable[object],
) -> None:
    desk, open_ = Desk(), False
    for event in events:
        desk.now += 1.0
        for effect in desk.does(event):
            match effect:
                case Effect.OPEN:
                    assert not open_
                    open_ = True
                case Effect.CLOSE:
                    assert open_
                    open_ = False
                case Effect.FORGET:
                    open_ = False
                case Tell(text=text):
                    assert text.strip()
        assert open_ is (desk.state() is State.TAKING)
        assert (desk.dictation.deadline is not None) is (desk.state() is State.SHOWN)
