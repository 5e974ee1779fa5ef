"""Stopped, killed and started again: nothing accepted is lost, nothing is forked, and the story goes on."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from tests.kit.hive import Hive, Program, free_port, port_of
from tests.kit.quick_writer import QuickWriter


def test_either_side_stops_and_both_go_on_where_they_were(quick: Hive) -> None:
    narrator = quick.narrate()
    pim = quick.join(narrator, "Pim")["Pim"]
    quick.answer(narrator, "Pim", narrator.type("One."))
    assert pim.stop() == 0
    narrator.wait("status", member="Pim", status="Offline")

    mark = narrator.mark()
    pim = quick.peer("Pim")
    pim.wait("joined", member="Pim")
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("Two."))

    mark = pim.mark()
    assert narrator.leave() == 0
    quick.linked(pim, "Narrator", up=False, since=mark)
    narrator = quick.narrate()
    narrator.wait("status", member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("Three."))
    assert [text for who, text in quick.story() if who == "Narrator"] == ["One.", "Two.", "Three."]
    assert len(quick.story()) == 6
    assert quick.whole() and not quick.forked()


def test_both_come_back_on_other_ports_one_after_the_other(quick: Hive) -> None:
    narrator = quick.narrate()
    pim = quick.join(narrator, "Pim")["Pim"]
    for _ in range(2):
        old = port_of(narrator)
        assert narrator.stop() == 0
        mark = pim.mark()
        narrator = quick.narrate(listen=f"127.0.0.1:{free_port()}")  # only the peer's address is still good
        assert port_of(narrator) != old
        quick.linked(pim, "Narrator", since=mark)
        narrator.wait("status", member="Pim", status="Online_Responsive")
        assert pim.stop() == 0
        mark = narrator.mark()
        pim = quick.peer("Pim", listen=f"127.0.0.1:{free_port()}")  # only the narrator's is
        narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("Here we are."))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_process_that_is_asked_to_end_leaves_without_a_traceback(quick: Hive, how: signal.Signals) -> None:
    narrator = quick.narrate()
    pim = quick.join(narrator, "Pim")["Pim"]
    usual = 130 if how is signal.SIGINT else 0
    assert narrator.stop(how) == usual, narrator.report()
    assert pim.stop(how) == usual, pim.report()
    assert "Traceback" not in narrator.errors + pim.errors
    assert "Fatal" not in narrator.errors + pim.errors


def beats_with_kills(hive: Hive, writer: QuickWriter, kills: int) -> None:
    """Kill the narrator in the middle of a beat, ``kills`` times, at another place each time."""
    narrator = hive.narrate()
    hive.join(narrator, "Pim", "Tock")
    accepted: list[tuple[str, str]] = []
    told = []
    writer.seconds = 0.03
    for number in range(kills):
        text = f"Beat {number}: the wind turns."
        told.append(text)
        mark = narrator.type(text)
        narrator.wait("narrated", mark, text=text)
        match number % 4:
            case 0:  # somebody is in the middle of a reply
                narrator.wait("token", mark)
            case 1:  # a line was accepted this very moment
                narrator.wait("accepted", mark)
            case 2:  # a line has come, and is about to be accepted
                narrator.wait("line", mark)
            case _:  # nobody was even asked
                pass
        narrator.kill()
        accepted += [(one["member"], one["entry"]) for one in narrator.saw("accepted")]
        narrator = hive.narrate()

    narrator.wait("status", member="Pim", status="Online_Responsive")
    narrator.wait("status", member="Tock", status="Online_Responsive")
    mark = narrator.type("@Pim and @Tock, that was the last of it.")
    for name in ("Pim", "Tock"):
        hive.answer(narrator, name, mark)
    assert narrator.leave() == 0
    accepted += [(one["member"], one["entry"]) for one in narrator.saw("accepted")]

    story = hive.story()
    assert [text for who, text in story if who == "Narrator"] == [*told, "@Pim and @Tock, that was the last of it."]
    kept = {one["id"] for one in hive.whole()}
    assert not hive.forked() and not hive.forked("Pim") and not hive.forked("Tock")
    assert {entry for _, entry in accepted} <= kept
    said = Counter(who for who, _ in story)
    wanted = Counter(name for name, _ in dict.fromkeys(accepted))
    assert all(said[name] >= wanted[name] for name in wanted), (said, wanted)


def test_a_narrator_killed_in_the_middle_of_a_beat_loses_no_accepted_line(quick: Hive, writer: QuickWriter) -> None:
    beats_with_kills(quick, writer, 4)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_narrator_killed_fifty_times_loses_no_accepted_line(quick: Hive, writer: QuickWriter) -> None:
    beats_with_kills(quick, writer, 50)


def answered_or_missed(narrator: Program, member: str, since: int) -> None:
    narrator.until(
        lambda: bool(narrator.saw("accepted", since, member=member) or narrator.saw("missed", since, member=member)),
        f"{member} answers or is missed",
    )


def test_a_character_killed_in_the_middle_of_a_reply_does_not_hold_up_the_beat(
    quick: Hive, writer: QuickWriter
) -> None:
    narrator = quick.narrate()
    peers = quick.join(narrator, "Pim", "Tock")
    writer.gate.clear()
    mark = narrator.type("@Pim, then @Tock: who is there?")
    narrator.wait("token", mark, member="Pim")
    peers["Pim"].kill()
    writer.gate.set()
    narrator.wait("missed", mark, member="Pim")
    narrator.wait("accepted", mark, member="Tock")

    mark = narrator.mark()
    quick.peer("Pim").wait("joined", member="Pim")
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("@Pim, are you back?"))
    assert quick.whole() and not quick.forked()


def test_a_character_that_is_back_soon_answers_its_open_cue(quick: Hive, writer: QuickWriter) -> None:
    narrator = quick.narrate()
    pim = quick.join(narrator, "Pim")["Pim"]
    writer.gate.clear()
    mark = narrator.type("Who is there?")
    narrator.wait("token", mark, member="Pim")
    pim.kill()
    writer.gate.set()
    quick.peer("Pim")
    answered_or_missed(narrator, "Pim", mark)
    quick.answer(narrator, "Pim", narrator.type("And now?"))
    assert quick.whole() and not quick.forked()


def test_a_cue_left_open_by_a_killed_narrator_does_not_stay_open_for_ever(quick: Hive, writer: QuickWriter) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim")
    writer.gate.clear()
    narrator.wait("token", narrator.type("Who is there?"), member="Pim")
    narrator.kill()
    writer.status = 500
    writer.over.set()  # the reply that was begun never ends
    writer.gate.set()
    narrator = quick.narrate()
    answered_or_missed(narrator, "Pim", 0)


@pytest.mark.slow  # patience with a writer that says nothing has to run out
def test_a_reply_that_stopped_before_the_narrator_was_killed_is_missed_after_it(
    quick: Hive, writer: QuickWriter
) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim", "Tock")
    writer.gate.clear()
    mark = narrator.type("@Pim, then @Tock: who is there?")
    narrator.wait("token", mark, member="Pim")
    narrator.kill()
    narrator = quick.narrate()
    narrator.wait("missed", member="Pim")
    writer.gate.set()
    quick.answer(narrator, "Tock", 0)


def test_without_their_narrator_characters_still_exchange_entries_and_canon_catches_up(quick: Hive) -> None:
    narrator = quick.narrate()
    peers = quick.join(narrator, "Pim", "Tock")
    for name, other in (("Pim", "Tock"), ("Tock", "Pim")):
        quick.linked(peers[name], other)
    assert narrator.leave() == 0

    # A restart is an entry of Pim's own (its run opens). Tock gets it while no narrator is there.
    assert peers["Pim"].stop() == 0
    mark = peers["Tock"].mark()
    pim = quick.peer("Pim")
    pim.wait("joined", member="Pim")
    quick.linked(peers["Tock"], "Pim", since=mark)

    def opened(folder: str) -> int:
        return sum(one["kind"] == "open" and one["author"] == "Pim" for one in quick.whole(folder))

    peers["Tock"].until(lambda: opened("Tock") == 2, "Tock holds what Pim wrote without the narrator")
    assert opened("narrator") == 1

    narrator = quick.narrate()
    for name in ("Pim", "Tock"):
        narrator.wait("status", member=name, status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("@Pim, what did you do without me?"))
    assert opened("narrator") == 2
    assert quick.whole() and not quick.forked()
