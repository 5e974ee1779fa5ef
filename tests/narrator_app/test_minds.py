"""The narrator and the minds of his characters: asking, choosing, and what is kept safe for a new machine."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from trio.testing import MockClock

from narrator_app.minds import MindFacts, NoSuchStrength, NoSuchVersion
from narrator_app.probing import NotConnected
from protocol.sealing import decrypt_blob
from tests.kit.company import Evening, Person, open_desk
from tests.kit.students import Student, enrol
from tests.kit.trainings import School

ADAPTER = b"an adapter" * 20_000  # several chunks
NAME = hashlib.sha256(ADAPTER).digest()


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    async with open_desk(tmp_path) as evening:
        yield evening


async def sit(evening: Evening, school: School | None = None) -> Student:
    """Pim, who can learn, and has said two things."""
    pim = await evening.play("Pim")
    student = await enrol(evening.company, pim, school or School(ADAPTER))
    for number in (1, 2):
        await evening.type(f"Night {number} fell.")
        await evening.company.until(lambda number=number: len(evening.events("accepted")) == number)  # type: ignore[misc]
    return student


def facts(evening: Evening, person: Person) -> MindFacts:
    return evening.desk.minds.facts(person.seat)


async def learned(evening: Evening, student: Student) -> None:
    await evening.type("/evolve Pim strong")
    await evening.until("learning", member="Pim", state="done")
    await evening.company.until(lambda: len(facts(evening, student.person).versions) == len(student.school.trainings))


async def test_asked_to_evolve_a_character_tells_how_far_it_is_and_what_came_of_it(
    evening: Evening, autojump_clock: MockClock
) -> None:
    student = await sit(evening)
    await learned(evening, student)
    assert student.school.trainings[0].strength.name == "strong"
    done = await evening.until("evolved", member="Pim", version=1)
    assert done["promoted"] and done["speaks"] and done["samples"] == 2 and done["scores"]["loss"] == [2.3, 1.7]
    on_the_way = {one["share"] for one in evening.events("learning") if one["loss"] == 2.0}
    assert len(on_the_way & {0.2, 0.4, 0.6, 0.8}) >= 2, "once a second, whatever the clock's rounding makes of one"
    assert facts(evening, student.person).speaks == 1
    await evening.type("/mind Pim")
    assert len(evening.events("evolved")) == 2


async def test_the_narrator_goes_back_to_a_version_and_pins_it(evening: Evening, autojump_clock: MockClock) -> None:
    student = await sit(evening)
    performer = student.performer
    await learned(evening, student)
    await evening.company.until(lambda: performer.versions.worn == NAME)
    await evening.type("/mind Pim base")
    await evening.company.until(lambda: performer.versions.worn == b"")
    assert facts(evening, student.person).speaks == 0
    await evening.type("/mind Pim 1 pin")
    await evening.company.until(lambda: performer.versions.worn == NAME)
    student.school.adapter = b"a newer one"
    await evening.type("/evolve Pim")
    await evening.company.until(lambda: len(facts(evening, student.person).versions) == 2)
    assert facts(evening, student.person).speaks == 1 and facts(evening, student.person).mind.pinned


async def test_what_cannot_be_is_refused_with_a_remedy(evening: Evening, autojump_clock: MockClock) -> None:
    await sit(evening)
    for line, error in (
        ("/evolve Pim wildly", NoSuchStrength),
        ("/mind Pim 3", NoSuchVersion),
        ("/mind Pim abcdef", NoSuchVersion),
    ):
        with pytest.raises(error) as caught:
            await evening.type(line)
        assert caught.value.hint
    await evening.type("/cast Tock")
    with pytest.raises(NotConnected):
        await evening.type("/evolve Tock")


async def test_adapter_and_samples_are_kept_encrypted_and_the_narrator_sees_how_much_is_safe(
    evening: Evening, autojump_clock: MockClock
) -> None:
    student = await sit(evening)
    await learned(evening, student)
    await evening.company.until(lambda: facts(evening, student.person).safe > len(ADAPTER))
    kept = facts(evening, student.person)
    assert kept.safe == kept.kept
    stored = [one for one in evening.settings.blobs.rglob("*") if one.is_file() and one.suffix == ""]
    assert any(one.stat().st_size == len(ADAPTER) + 16 for one in stored)
    assert all(b"an adapter" not in one.read_bytes() and b"messages" not in one.read_bytes() for one in stored)
    with pytest.raises(Exception, match="does not open"):
        decrypt_blob(max(stored, key=lambda one: one.stat().st_size).read_bytes(), bytes(32))


async def test_on_a_new_machine_the_seat_gets_adapter_and_samples_back(
    evening: Evening, autojump_clock: MockClock
) -> None:
    student = await sit(evening)
    await learned(evening, student)
    await evening.company.until(lambda: facts(evening, student.person).safe == facts(evening, student.person).kept > 0)
    await student.person.kill()
    await evening.type("/invite Pim")
    code = evening.events("invite")[-1]["code"]
    again = await evening.company.accept_invite(code, "Pim-elsewhere", student.person.seat)
    other = await enrol(evening.company, again)
    path = other.performer.versions.path_of(NAME)
    assert path is not None
    await evening.company.until(lambda: other.performer.versions.worn == NAME)
    assert path.read_bytes() == ADAPTER
    kept = other.folder / "kept.jsonl"
    await evening.company.until(kept.exists)
    assert kept.read_bytes() == (student.folder / "samples.jsonl").read_bytes()


async def test_a_stranger_cannot_open_what_is_kept(evening: Evening, autojump_clock: MockClock) -> None:
    student = await sit(evening)
    tock = await evening.play("Tock")
    await learned(evening, student)
    node = tock.node
    await evening.company.until(lambda: any(one.kind == "kept" for one in node.ledger.entries.values()))
    kept = [one for one in node.ledger.entries.values() if one.kind == "kept"]
    assert all(node.ledger.opening(one) is None for one in kept)
