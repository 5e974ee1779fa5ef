"""The cast: changed without losing a seat, sent off and brought back, invited and uninvited, set up on this machine."""

from __future__ import annotations

import signal
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.card import Card, CardError, read_card
from dwnet.card_picture import plain_picture
from dwnet.errors import NodeError
from dwnet.settings import peer_settings
from dwnet.shipped import card as shipped_card
from dwnet.times import now
from narrator_app.casting import Casting, stored_card
from narrator_app.errors import AlreadyCast
from narrator_app.inviting import Inviting, NoOpenInvite, invite_of, state_of
from narrator_app.naming import NameUnfit
from narrator_app.process_output import last_complaint, open_output, shown_output
from narrator_app.seat_settings import ApiKeyUnfit, SeatSettings, WriterUnfit
from protocol import limits
from tests.kit.company import Evening, open_desk
from tests.kit.scripted_writer import ScriptedWriter

PIM = read_card(shipped_card("Pim"))


def written(evening: Evening) -> int:
    return len(evening.narrator.node.ledger.log)


def casting(evening: Evening) -> Casting:
    return evening.desk.casting


# --- cards -----------------------------------------------------------------------------------------------------------


async def test_a_card_is_changed_and_whoever_plays_it_knows(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        await evening.company.perform(pim, ScriptedWriter(["Aye."]))
        await evening.type("Night fell.")
        await evening.until("accepted", member="Pim")
        changed = replace(PIM, name="Pim the Brave", personality="fearless").having(goals="To sail.", colour="#aa3300")
        await casting(evening).change(1, changed)
        await evening.company.until(lambda: "fearless" in pim.node.ledger.story.sheets[1])
        seat = pim.node.ledger.story.seats[1]
        assert (seat.name, seat.colour) == ("Pim the Brave", "#aa3300")
        assert stored_card(evening.narrator.story, 1) == changed
        assert evening.narrator.name_of(1) == "Pim the Brave"
        assert evening.events("changed")[-1] | {"at": ""} == {
            "event": "changed", "at": "", "member": "Pim the Brave", "seat": 1, "was": "Pim",
        }  # fmt: skip
        occupant = evening.narrator.node.ledger.authority.occupant(1)
        assert occupant is not None and occupant.key == pim.member.public


async def test_what_did_not_change_is_not_written(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        seat = await casting(evening).cast(PIM)
        before = written(evening)
        await casting(evening).change(seat, stored_card(evening.narrator.story, seat))
        assert written(evening) == before
        await casting(evening).change(seat, replace(PIM, personality="grim"))
        assert written(evening) == before + 1, "only what is private"
        await casting(evening).change(seat, replace(PIM, personality="grim").having(colour="#111111"))
        assert written(evening) == before + 3, "the colour stands in both parts"


async def test_a_card_too_long_to_travel_changes_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        seat = await casting(evening).cast(PIM)
        before = written(evening)
        with pytest.raises(CardError):
            await casting(evening).change(seat, replace(PIM, name="Pip", scenario="x" * limits.CARD_SHEET))
        assert written(evening) == before and evening.narrator.name_of(seat) == "Pim"


@pytest.mark.parametrize("name", ["", "  ", "all", "ALL", "/cast", "@Pim", "Narrator", "a\nb", "x" * 65, "\u202eemaN"])
async def test_a_name_that_commands_would_mistake_is_refused(
    name: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        seat = await casting(evening).cast(PIM)
        before = written(evening)
        for attempt in (casting(evening).cast(Card(name)), casting(evening).change(seat, Card(name))):
            with pytest.raises(NameUnfit) as caught:
                await attempt
            assert caught.value.what and caught.value.hint
        assert written(evening) == before


async def test_names_are_unique_also_among_the_retired(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        pim, tock = await casting(evening).cast(PIM), await casting(evening).cast(Card("Tock"))
        await casting(evening).retire(pim)
        for attempt in (casting(evening).cast(Card("PIM")), casting(evening).change(tock, Card("pim"))):
            with pytest.raises(AlreadyCast):
                await attempt
        await casting(evening).change(pim, replace(PIM, name="PIM"))
        assert evening.narrator.name_of(pim) == "PIM", "its own name in other letters is no other's"


async def test_a_twin_has_everything_but_the_name(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        blob = await casting(evening).portraits.keep(plain_picture("#aa3300"))
        seat = await casting(evening).cast(PIM, blob)
        second, third = await casting(evening).duplicate(seat), await casting(evening).duplicate(seat)
        story = evening.narrator.story
        assert [story.seats[one].name for one in (seat, second, third)] == ["Pim", "Pim 2", "Pim 3"]
        assert replace(stored_card(story, third), name="Pim") == stored_card(story, seat)
        assert story.seats[third].portrait == blob


async def test_a_portrait_stays_until_it_is_changed_or_taken_away(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        blob = await casting(evening).portraits.keep(plain_picture("#aa3300"))
        seat = await casting(evening).cast(PIM, blob)
        await casting(evening).change(seat, replace(PIM, personality="grim"))
        assert evening.narrator.story.seats[seat].portrait == blob
        await casting(evening).change(seat, PIM, b"")
        assert evening.narrator.story.seats[seat].portrait == b""


# --- off the stage, and back -----------------------------------------------------------------------------------------


async def test_who_is_retired_is_not_asked_until_it_comes_back(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        await evening.company.perform(pim, ScriptedWriter(["Aye."]))
        await casting(evening).retire(1)
        before = written(evening)
        await casting(evening).retire(1)
        assert written(evening) == before
        await evening.type("Night fell, Pim.")
        await trio.sleep(60)
        assert not evening.narrator.story.cues
        await casting(evening).bring_back(1)
        await evening.type("Morning came, Pim.")
        await evening.until("accepted", member="Pim")


async def test_a_listener_can_be_renamed_and_sent_off(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/invite Vera --role listener")
        await casting(evening).rename(1, "Vera Stone")
        await casting(evening).retire(1)
        seat = evening.narrator.story.seats[1]
        assert (seat.name, seat.role, seat.retired) == ("Vera Stone", "listener", True)
        with pytest.raises(NodeError):
            await evening.type("/invite @Bo --role listener")


# --- invites ---------------------------------------------------------------------------------------------------------


async def test_what_becomes_of_an_invite_is_known(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        seat, invites = await casting(evening).cast(PIM), casting(evening).invites
        assert invites.state(seat) is None and invites.words(seat) == ""
        made = await casting(evening).invite("Pim")
        state = invites.state(seat)
        assert state is not None and (state.state, state.code, state.expires) == ("open", made.code, made.expires)
        newer = await casting(evening).invite("Pim")
        state = invites.state(seat)
        assert state is not None and state.code == newer.code != made.code
        await invites.withdraw(seat)
        state = invites.state(seat)
        assert state is not None and (state.state, state.code) == ("withdrawn", "")
        assert evening.events("withdrawn")[-1]["member"] == "Pim"
        with pytest.raises(NoOpenInvite):
            await invites.withdraw(seat)
        await invites.make(seat, "character", days=-1)
        state = invites.state(seat)
        assert state is not None and (state.state, state.code) == ("expired", "")


async def test_a_used_invite_shows_the_same_words_on_both_ends(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Pim")
        state = casting(evening).invites.state(1)
        assert state is not None and (state.state, state.code) == ("used", "")
        assert casting(evening).invites.words(1) == evening.events("joined")[-1]["words"]


async def test_a_code_is_known_to_the_process_that_made_it_alone(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        seat = await casting(evening).cast(PIM)
        made = await casting(evening).invite("Pim")
        after_a_restart = Inviting(evening.narrator).state(seat)
        assert after_a_restart is not None and (after_a_restart.state, after_a_restart.code) == ("open", "")
        secret = made.code.encode()
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or secret not in path.read_bytes()
        authority = evening.narrator.node.ledger.authority
        known = invite_of(authority, seat)
        assert known is not None and state_of(authority, known, now() + limits.INVITE_DAYS * 86_400_001) == "expired"


async def test_who_is_invited_is_not_started_here_any_more(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        seat, here = await casting(evening).cast(PIM), casting(evening).here
        await casting(evening).play_here(seat)
        assert here.is_here(seat) and list(here.playing()) == [seat]
        made = await casting(evening).invite("Pim")
        assert not here.is_here(seat) and not here.playing()
        here.resume()
        await trio.sleep(30)
        state = casting(evening).invites.state(seat)
        assert state is not None and (state.state, state.code) == ("open", made.code)


# --- settings and output of a character on this machine --------------------------------------------------------------


def test_a_writer_is_kept_beside_what_else_stands_there(tmp_path: Path) -> None:
    settings = SeatSettings(tmp_path / "seat-1")
    assert settings.writer() == "default"
    model = tmp_path / "my model.gguf"
    model.touch()
    for spec in ("http://127.0.0.1:11434/v1#llama3.2", str(model)):
        settings.keep_writer(f"  {spec} ")
        assert settings.writer() == spec
    config = settings.folder / "config.toml"
    config.write_text('voice = "espeak:en+f5"\nport = 8001\n', encoding="utf-8")
    settings.keep_writer(str(model))
    settings.keep_writer("default")
    assert config.read_text("utf-8") == 'voice = "espeak:en+f5"\nport = 8001\n'


def test_when_it_learns_is_kept_beside_what_else_stands_there(tmp_path: Path) -> None:
    settings = SeatSettings(tmp_path / "seat-1")
    assert settings.learns() == "asked"
    settings.keep_learns("idle")
    assert settings.learns() == "idle"
    settings.keep_writer("http://127.0.0.1:11434/v1#llama3.2")
    settings.keep_learns("never")
    (settings.folder / "keys").mkdir()
    read = peer_settings({"data": str(settings.folder)}, {})
    assert (read.evolve, read.writer) == ("never", "http://127.0.0.1:11434/v1#llama3.2")
    settings.keep_learns("asked")
    assert "evolve" not in (settings.folder / "config.toml").read_text("utf-8")
    (settings.folder / "config.toml").write_text('evolve = "sometimes"\n', encoding="utf-8")
    assert settings.learns() == "asked"


@pytest.mark.parametrize(
    "spec", ["llama", "nowhere.gguf", "http://", "http://me:secret@host/v1", "http://[::1", "a\nb.gguf", "ftp://x"]
)
def test_a_writer_that_cannot_be_is_refused_in_a_sentence(spec: str, tmp_path: Path) -> None:
    with pytest.raises(WriterUnfit) as caught:
        SeatSettings(tmp_path).keep_writer(spec)
    assert caught.value.hint and "secret" not in caught.value.what
    assert not list(tmp_path.iterdir())


def test_an_api_key_is_for_this_account_alone(tmp_path: Path) -> None:
    settings = SeatSettings(tmp_path / "seat-1")
    assert not settings.has_key()
    settings.keep_key(" sk-12345 \n")
    (kept,) = (tmp_path / "seat-1" / "keys").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and kept.read_text() == "sk-12345\n"
    assert settings.has_key()
    with pytest.raises(ApiKeyUnfit) as caught:
        settings.keep_key("two words")
    assert "two" not in caught.value.what
    settings.keep_key("")
    assert not settings.has_key()


def test_of_many_complaints_the_last_are_kept(tmp_path: Path) -> None:
    for number in range(200):
        with open_output(tmp_path) as output:
            output.write(f"complaint {number}: {'x' * 1_000}\n".encode())
    assert (tmp_path / "output.log").stat().st_size < 100_000
    shown = shown_output(tmp_path)
    assert "complaint 199" in shown and "complaint 100:" not in shown and len(shown) < 30_000
    with open_output(tmp_path) as output:
        assert last_complaint(tmp_path, 1) == ""
        assert "another processor" in last_complaint(tmp_path, -signal.SIGILL)
        output.write(b"Bad luck.\x1b[2J\nTry again.\n")
        output.flush()
        assert last_complaint(tmp_path, -signal.SIGABRT) == "Bad luck. Try again."
