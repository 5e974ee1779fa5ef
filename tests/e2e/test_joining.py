"""Codes, seats and the sentences that say what is wrong with one."""

from __future__ import annotations

import pytest

from tests.kit.clock import at_another_hour
from tests.kit.hive import Hive, Program

DAY = 24 * 3600


def refused(peer: Program, *words: str) -> None:
    """It ends with an exit code of its own and a sentence that says which; no traceback."""
    code = peer.ended()
    assert code == 3, peer.report()
    (error,) = peer.saw("error")
    said = f"{error['what']} {error['hint']}".casefold()
    assert all(one.casefold() in said for one in words), said
    assert error["what"] in peer.errors and error["hint"] in peer.errors
    assert "Traceback" not in peer.errors


def test_a_code_works_once_and_the_second_to_use_it_is_told(quick: Hive) -> None:
    narrator = quick.narrate()
    (code,) = quick.cast(narrator, "Pim").values()
    first = quick.peer("first", code)
    words = first.wait("joined", member="Pim")["words"]
    assert narrator.wait("joined", member="Pim")["words"] == words

    second = quick.peer("second", code)
    refused(second, "somebody else", "used", "once")
    assert first.process.poll() is None


def test_the_same_machine_may_use_its_own_code_again(quick: Hive) -> None:
    narrator = quick.narrate()
    (code,) = quick.cast(narrator, "Pim").values()
    first = quick.peer("pim", code)
    words = first.wait("joined")["words"]
    assert first.stop() == 0
    again = quick.peer("pim", code)
    assert again.wait("joined")["words"] == words
    narrator.wait("status", member="Pim", status="Online_Responsive")
    assert len([one for one in quick.whole() if one["kind"] == "grant"]) == 1


@pytest.mark.parametrize("slip", ["mistyped", "cut short", "another word", "empty"])
def test_a_code_with_a_slip_is_told_apart_from_one_that_is_worth_nothing(quick: Hive, slip: str) -> None:
    narrator = quick.narrate()
    (code,) = quick.cast(narrator, "Pim").values()
    middle = len(code) // 2
    other = "q" if code[middle] != "q" else "p"
    given = {
        "mistyped": code[:middle] + other + code[middle + 1 :],
        "cut short": code[:-7],
        "another word": "hello",
        "empty": " ",
    }[slip]
    peer = quick.peer("pim", given)
    assert peer.ended() in (2, 3), peer.report()
    (error,) = peer.saw("error")
    assert "code" in f"{error['what']} {error['hint']}"
    assert "Traceback" not in peer.errors
    code_again, _, _, errors = quick.run("peer", "--data", str(quick.folder("pim")))
    assert code_again == 2 and "--invite" in errors
    # Nothing is spoilt: the right code works from the same folder.
    peer = quick.peer("pim", f"  {code.upper()} \n")
    peer.wait("joined", member="Pim")


def test_an_expired_code_is_told_so(quick: Hive) -> None:
    narrator = quick.narrate()
    (code,) = quick.cast(narrator, "Pim").values()
    assert narrator.leave() == 0
    narrator = quick.narrate(environment=at_another_hour(quick.root, 8 * DAY))
    refused(quick.peer("pim", code), "expired", "new one")
    narrator.wait("notice", what=lambda what: "refused" in what)


@pytest.mark.slow  # a first join waits half a minute for its narrator
def test_a_code_of_another_story_is_told_so(quick: Hive) -> None:
    quick.narrate("first")
    other = quick.narrate("second")
    (code,) = quick.cast(other, "Pim").values()
    port = other.wait("ready")["addresses"][0].rpartition(":")[2]
    assert other.leave() == 0
    # At the address of the code another story is told now.
    quick.narrate("third", listen=f"127.0.0.1:{port}")
    refused(quick.peer("pim", code), "of that story")


def test_a_folder_that_holds_a_story_takes_no_code_of_another(quick: Hive) -> None:
    first, second = quick.narrate("first"), quick.narrate("second")
    (mine,) = quick.cast(first, "Pim").values()
    (other,) = quick.cast(second, "Tock").values()
    peer = quick.peer("pim", mine)
    peer.wait("joined")
    assert peer.stop() == 0
    refused(quick.peer("pim", other), "another story")
    quick.peer("pim").wait("joined", member="Pim")


def test_a_code_that_is_refused_costs_a_seat_nothing(quick: Hive) -> None:
    narrator = quick.narrate()
    codes = quick.cast(narrator, "Pim", "Tock")
    tock, pim = quick.peer("tock", codes["Tock"]), quick.peer("pim", codes["Pim"])
    tock.wait("joined")
    pim.wait("joined")
    assert tock.stop() == 0
    refused(quick.peer("tock", codes["Pim"]), "somebody else")
    quick.peer("tock").wait("joined", member="Tock")


@pytest.mark.slow  # a first join waits half a minute for its narrator
def test_nobody_at_the_address_is_told_so(quick: Hive) -> None:
    narrator = quick.narrate()
    (code,) = quick.cast(narrator, "Pim").values()
    assert narrator.leave() == 0
    peer = quick.peer("pim", code)
    refused(peer, "nobody", "running", "127.0.0.1")
    # The code was kept: once the narrator is back, no code is needed.
    port = narrator.wait("ready")["addresses"][0].rpartition(":")[2]
    quick.narrate(listen=f"127.0.0.1:{port}")
    quick.peer("pim").wait("joined", member="Pim")


def test_a_code_of_a_closed_seat_is_withdrawn(quick: Hive) -> None:
    narrator = quick.narrate()
    (code,) = quick.cast(narrator, "Pim").values()
    narrator.type("/deactivate Pim")
    narrator.wait("status", member="Pim", status="Deactivated")
    refused(quick.peer("pim", code), "withdrawn")


def test_inviting_anew_moves_a_seat_and_its_old_place_ends_with_a_sentence(quick: Hive) -> None:
    narrator = quick.narrate()
    old = quick.join(narrator, "Pim")["Pim"]
    told = narrator.type("A bell rings.")
    before = quick.answer(narrator, "Pim", told)

    mark = narrator.mark()
    new = quick.peer("new", quick.invite(narrator, "Pim"))
    words = new.wait("joined", member="Pim")["words"]
    assert narrator.wait("joined", mark, member="Pim")["words"] == words
    refused(old, "seat", "narrator")
    refused(quick.peer("Pim"), "seat", "narrator")  # and again, from what its own folder holds

    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    told = narrator.type("The bell rings again.")
    after = quick.answer(narrator, "Pim", told)
    new.wait("line", entry=before["entry"])
    new.wait("line", entry=after["entry"])
    assert [one for one, _ in quick.story()] == ["Narrator", "Pim"] * 2
    quick.whole()


def test_a_closed_seat_can_be_given_again_also_to_the_same_folder(quick: Hive) -> None:
    narrator = quick.narrate()
    pim = quick.join(narrator, "Pim")["Pim"]
    narrator.type("/deactivate Pim")
    narrator.wait("status", member="Pim", status="Deactivated")
    refused(pim, "seat", "invite")
    refused(quick.peer("Pim"), "seat", "invite")

    mark = narrator.mark()
    again = quick.peer("Pim", quick.invite(narrator, "Pim"))
    again.wait("joined", member="Pim")
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")
    quick.answer(narrator, "Pim", narrator.type("Welcome back."))
    assert again.stop() == 0
    back = quick.peer("Pim")  # no code the second time, and the key of the second invite
    back.wait("joined", member="Pim")
    quick.whole()


def test_a_listener_hears_and_says_nothing(quick: Hive) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim")
    listener = quick.peer("ears", quick.invite(narrator, "Gran", "listener"))
    listener.wait("joined", member="Gran")
    line = quick.answer(narrator, "Pim", narrator.type("Somebody listens."))
    assert listener.wait("line", entry=line["entry"])["member"] == "Pim"
    assert {one["member"] for one in narrator.saw("line")} == {"Pim"}


def test_a_folder_without_a_seat_says_what_it_needs(quick: Hive) -> None:
    code, _, _, errors = quick.run("peer", "--data", str(quick.folder("nobody")))
    assert code == 2 and "--invite" in errors and "Traceback" not in errors
