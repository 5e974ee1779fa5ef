"""What is offered beside a row, and with which keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from narrator_app.ui.stage_deeds import deeds_for
from narrator_app.views.stage import Row, row_told

LINE: Row = replace(row_told("Aye.", "say", ""), kind="line", seat=1, speaker="Pim", has_sound=True)
TOLD: Row = row_told("Night fell.", "say", "")


def keys(row: Row, *, audible: bool = True, playing: bool = False) -> str:
    return "".join(one.key for one in deeds_for(row, audible=audible, playing=playing))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (LINE, "PLRECBM"),
        (replace(LINE, has_sound=False), "RECBM"),
        (replace(LINE, takes=3), "PLRTECBM"),
        (replace(LINE, hidden="removed"), "PLRBM"),
        (TOLD, "LECBM"),
    ],
)
def test_what_can_be_done_with_a_row(row: Row, expected: str) -> None:
    assert keys(row) == expected


def test_where_nothing_can_be_heard_nothing_is_offered_to_hear() -> None:
    assert keys(LINE, audible=False) == "RECBM" and keys(TOLD, audible=False) == "ECBM"


def test_what_is_being_said_can_be_stopped() -> None:
    names = [one.name for one in deeds_for(LINE, audible=True, playing=True)]
    assert names[0] == "stop" and "play" not in names


def test_no_key_means_two_things() -> None:
    everything = keys(replace(LINE, takes=2))
    assert len(set(everything)) == len(everything)
