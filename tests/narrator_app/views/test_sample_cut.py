from __future__ import annotations

from collections.abc import Callable

import pytest

from dwnet.audio import Sound
from narrator_app.phrases import say
from narrator_app.reference_voices import LONGEST, SHORTEST, Proposal
from narrator_app.views.sample_cut import SampleCut, cut_of, recording_words, usual_cut


@pytest.mark.parametrize(("seconds", "end"), [(4.0, 4.0), (15.0, 15.0), (90.0, 15.0)])
def test_of_a_long_recording_its_beginning_is_proposed(seconds: float, end: float) -> None:
    assert usual_cut(seconds) == SampleCut(0.0, end, seconds)


@pytest.mark.parametrize(
    ("move", "start", "end"),
    [
        (lambda cut: cut.from_second(5.0), 5.0, 10.0),
        (lambda cut: cut.from_second(12.0), 12.0, 12.1),
        (lambda cut: cut.from_second(-1.0), 0.0, 10.0),
        (lambda cut: cut.from_second(99.0), 19.9, 20.0),
        (lambda cut: cut.to_second(7.5), 2.0, 7.5),
        (lambda cut: cut.to_second(1.0), 0.9, 1.0),
        (lambda cut: cut.to_second(0.0), 0.0, 0.1),
        (lambda cut: cut.to_second(99.0), 2.0, 20.0),
    ],
)
def test_no_end_is_ever_before_its_beginning(move: Callable[[SampleCut], SampleCut], start: float, end: float) -> None:
    cut = move(SampleCut(2.0, 10.0, 20.0))
    assert (cut.start, cut.end, cut.whole) == pytest.approx((start, end, 20.0))


@pytest.mark.parametrize(
    ("end", "problem"),
    [
        (SHORTEST - 0.1, say("cast.sample_short", least=3)),
        (SHORTEST, ""),
        (LONGEST, ""),
        (LONGEST + 0.1, say("cast.sample_long", most=60)),
    ],
)
def test_what_is_too_little_or_too_much_is_said(end: float, problem: str) -> None:
    assert SampleCut(0.0, end, 90.0).problem == problem


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "Speak: 0 of at least 3 seconds."),
        (2.9, "Speak: 2 of at least 3 seconds."),
        (3.0, "Speak: 3 seconds of at most 60."),
        (59.9, "Speak: 59 seconds of at most 60."),
    ],
)
def test_while_it_is_recorded_it_is_said_how_much_is_there(seconds: float, words: str) -> None:
    assert recording_words(seconds) == words


def test_a_proposal_is_cut_where_it_was_left() -> None:
    assert cut_of(Proposal("me.wav", Sound(bytes(32_000), 16_000), 0.2, 0.8)) == SampleCut(0.2, 0.8, 1.0)
