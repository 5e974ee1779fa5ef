"""Characters on the narrator's own machine: started again until they sit, left alone once somebody else does."""

from __future__ import annotations

import pytest

from tests.kit.hive import Hive


@pytest.mark.timeout(600)
def test_a_seat_that_was_left_before_it_was_taken_is_taken_at_the_next_start(quick: Hive) -> None:
    narrator = quick.narrate()
    narrator.type("/cast Pim --here")
    narrator.wait("local", member="Pim", state="starting")
    narrator.kill()
    assert not narrator.saw("joined"), "it was too early for that"

    narrator = quick.narrate()
    narrator.wait("joined", member="Pim")
    narrator.wait("local", member="Pim", state="running")
    assert narrator.leave() == 0

    narrator = quick.narrate()
    narrator.wait("local", member="Pim", state="running")
    assert not narrator.saw("joined") and not narrator.saw("invite"), "it has its seat"
    statuses = [one["status"] for one in narrator.saw("status", member="Pim")]
    assert statuses and not {"Offline", "Error_Unreachable"} & set(statuses), "it was only starting"


@pytest.mark.timeout(600)
def test_a_seat_that_moves_elsewhere_ends_its_process_here_without_a_complaint(quick: Hive) -> None:
    narrator = quick.narrate()
    narrator.type("/cast Pim --here")
    narrator.wait("local", member="Pim", state="running")
    code = quick.invite(narrator, "Pim")
    mark = narrator.mark()
    elsewhere = quick.peer("Pim", code)
    elsewhere.wait("joined", member="Pim")
    narrator.wait("local", mark, member="Pim", state="ended")
    narrator.wait("notice", mark, what=lambda what: "another machine" in what)
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    assert narrator.leave() == 0

    narrator = quick.narrate()
    narrator.wait("status", member="Pim", status="Online_Responsive")
    assert not narrator.saw("local") and not narrator.saw("error")
    narrator.type("/cast Pim --here")
    narrator.wait("joined", member="Pim")
    assert elsewhere.ended() == 3
    narrator.wait("local", member="Pim", state="running")
