"""What is known of a hive at a moment, from a real evening."""

from __future__ import annotations

from pathlib import Path

import trio
from trio.testing import MockClock

from narrator_app.health import Status
from narrator_app.library import HealthNote, open_library
from narrator_app.survey import MemberFacts, Surveyor
from tests.kit.company import Evening, open_desk
from tests.kit.scripted_writer import ScriptedWriter


async def surveyor(evening: Evening) -> Surveyor:
    return Surveyor(evening.narrator, await open_library(evening.company.narrator.store))


def one(where: Surveyor, seat: int = 1) -> MemberFacts:
    return next(member for member in where.survey().members if member.seat == seat)


async def test_an_empty_hive_is_the_narrator_alone(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        facts = (await surveyor(evening)).survey()
        assert facts.members == () == facts.answers and facts.story == "The Lighthouse"
        assert facts.log.head == evening.narrator.node.ledger.canon.head.hex() and len(facts.log.fingerprint) == 12
        assert facts.own.addresses == ("127.0.0.1:8000",) and facts.own.reached is None


async def test_a_member_is_surveyed_with_its_word_its_link_and_how_much_it_holds(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        where = await surveyor(evening)
        await evening.type("/cast Vesper")
        assert one(where).condition.status is Status.REGISTERED and one(where).peer == ""
        await evening.desk.casting.retire(1)
        await evening.type("/cast Pim")
        await evening.type("/invite Pim")
        pim = await evening.company.accept_invite(evening.events("invite")[-1]["code"], "Pim", 2)
        await evening.company.perform(pim, ScriptedWriter(["Aye."]))
        await evening.type("Night fell.")
        await evening.until("accepted", member="Pim")
        await evening.type("/checkpoint the door")
        await trio.sleep(5)
        facts = where.survey()
        (member,) = facts.members
        assert member.condition.status is Status.RESPONSIVE and member.said is not None
        assert member.behind == 0 and member.said.writer == "scripted"
        assert member.link is not None and member.link.received > 3 and member.link.round_trip is not None
        assert member.peer.startswith("12D3Koo") and member.words and member.said_ago is not None
        assert facts.log.checkpoint == "the door" and facts.log.checkpoint_at > 0
        (answer,) = facts.answers
        assert answer.name == "Pim" and answer.timings["whole_ms"] >= answer.timings["first_token_ms"]


async def test_who_fell_behind_is_seen_to_be(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        where = await surveyor(evening)
        pim = await evening.play("Pim")
        await evening.company.perform(pim)
        await trio.sleep(5)
        evening.company.freeze()
        for number in range(3):
            await evening.type(f"/scene Night {number}.")
        assert one(where).behind == 3


async def test_a_closed_seat_stays_in_sight_and_a_retired_one_does_not(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        where = await surveyor(evening)
        await evening.play("Pim")
        await evening.type("/deactivate Pim")
        assert one(where).condition.status is Status.DEACTIVATED and one(where).peer == ""
        await evening.desk.casting.retire(1)
        assert where.survey().members == ()


async def test_what_was_before_comes_from_the_library(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        library = await open_library(evening.company.narrator.store)
        await library.record_health(HealthNote("Pim", "Offline", "It left.", 1_000))
        where = Surveyor(evening.narrator, library)
        assert [note.status for note in where.history("Pim")] == ["Offline"]
