"""The invite panel: what it says at every stage of a code, and the code as something to point a camera at."""

from __future__ import annotations

import os
import struct

import pytest

from narrator_app.inviting import InviteState
from narrator_app.phrases import say
from narrator_app.views.invite import DAY, HOUR, MINUTE, invite_panel, qr_picture, qr_rows, remaining
from protocol.invite import Invite, format_invite

AT = 1_767_283_200_000
CODE = format_invite(Invite(os.urandom(16), os.urandom(16), AT // 1000, ("192.0.2.7:8000", "[2001:db8::1]:8000")))


def state(what: str = "open", code: str = CODE, left: int = 2 * DAY) -> InviteState:
    return InviteState(b"\x01" * 32, what, AT + left, code)


def test_without_an_invite_one_can_be_made() -> None:
    panel = invite_panel(1, "Pim", None, "", AT)
    assert panel.can_make and not panel.can_withdraw and not panel.code
    assert panel.sentence == say("cast.code_none", name="Pim")


def test_an_open_code_is_shown_with_its_command_and_its_end() -> None:
    panel = invite_panel(1, "Pim", state(), "", AT)
    assert panel.code == CODE and panel.command == f"dwnet peer --invite {CODE}"
    assert panel.countdown == say("cast.expires_in", time="2 days")
    assert panel.can_withdraw and not panel.can_make


def test_a_code_of_an_earlier_start_cannot_be_shown_and_says_so() -> None:
    panel = invite_panel(1, "Pim", state(code=""), "", AT)
    assert panel.sentence == say("cast.code_unknown")
    assert panel.can_make and panel.can_withdraw and not panel.code


@pytest.mark.parametrize(
    ("what", "left", "phrase"),
    [
        ("used", DAY, "cast.code_used"),
        ("withdrawn", DAY, "cast.code_withdrawn"),
        ("expired", -1, "cast.code_expired"),
        ("open", -1, "cast.code_expired"),
    ],
)
def test_a_spent_code_is_not_shown(what: str, left: int, phrase: str) -> None:
    panel = invite_panel(1, "Pim", state(what, left=left), "", AT)
    assert panel.sentence == say(phrase) and panel.can_make and not panel.code and not panel.can_withdraw


def test_once_somebody_sits_there_the_words_are_shown_and_a_new_code_moves_the_seat() -> None:
    panel = invite_panel(1, "Pim", state("used"), "amber otter lamp egg", AT)
    assert panel.words == "amber otter lamp egg" and panel.moves
    assert panel.sentence == say("cast.code_joined", name="Pim")


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (30_000, "a moment"),
        (MINUTE, "1 minute"),
        (HOUR + 2 * MINUTE, "1 hour 2 minutes"),
        (6 * DAY + 23 * HOUR + 59 * MINUTE, "6 days 23 hours"),
        (DAY + 5 * MINUTE, "1 day 5 minutes"),
    ],
)
def test_the_time_left_is_said_in_two_words(time: int, words: str) -> None:
    assert remaining(time) == words


def test_a_code_is_a_square_symbol_and_a_picture_of_it() -> None:
    rows = qr_rows(CODE)
    assert {len(row) for row in rows} == {len(rows)} and 21 <= len(rows) <= 89
    finder = tuple(tuple(row[:7]) for row in rows[:7])
    assert finder[0] == (True,) * 7 and finder[1] == (True, *(False,) * 5, True)
    width, height = struct.unpack(">II", qr_picture(CODE)[16:24])
    assert width == height == (len(rows) + 8) * 6
