"""A character learns: when it is asked, never while somebody speaks, and what came of it stands in the story."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.node import Draft
from peer.evolution.errors import MemoryShort
from protocol import minds
from protocol.errors import Code
from protocol.kinds import NARRATOR, Accepted, Rewound
from protocol.moments import Learn
from tests.kit.company import Company
from tests.kit.students import Student, enrol, tell
from tests.kit.trainings import School

ADAPTER = b"an adapter"
NAME = hashlib.sha256(ADAPTER).digest()


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


def ask(company: Company, student: Student, deed: str = "begin", strength: str = "normal") -> None:
    moment = Learn(deed, strength)
    company.narrator.node.say(moment.kind, moment.pack(), only=student.person.member.public)


async def test_asked_by_the_narrator_it_learns_and_the_story_is_told(
    company: Company, autojump_clock: MockClock
) -> None:
    student = await enrol(company, await company.join("Mira"))
    lines = await tell(company, student.person, 3)
    ask(company, student)
    await company.until(lambda: student.news and student.news[-1].state == "done")
    (made,) = student.made
    assert made.adapter == NAME and made.promoted == 1 and made.count == 3 and made.model == "small"
    assert (made.first, made.last) == (lines[0].id, lines[-1].id)
    assert ("loss", 2_300, 1_700) in made.scores and made.answers[0].after == "Aye, dark it is."
    await company.until(lambda: student.performer.versions.worn == NAME)
    assert student.school.trainings[0].text.count("\n") == 3
    assert {"training", "done"} <= {one.state for one in student.news}
    on_the_way = [one for one in student.news if one.loss == 2_000 and one.left == 5 and 0 < one.share < 1_000]
    assert len(on_the_way) >= 2, "once a second, whatever the clock's rounding makes of a second"
    path = student.performer.versions.path_of(NAME)
    assert path is not None and path.with_suffix(".md").exists() and not (student.folder / "learning").exists()
    assert minds.versions(company.narrator.node.ledger, student.person.seat)[0].made == made


async def test_what_the_gate_refused_is_kept_aside_and_told(company: Company, autojump_clock: MockClock) -> None:
    student = await enrol(company, await company.join("Mira"), School(promoted=False))
    await tell(company, student.person)
    ask(company, student)
    await company.until(lambda: student.news and student.news[-1].state == "refused" and student.made)
    assert student.made[0].promoted == 0 and "repeats itself" in student.made[0].why
    assert student.performer.versions.worn == b""


async def test_the_moment_a_beat_begins_training_stands_still_and_goes_on_after_it(
    company: Company, autojump_clock: MockClock
) -> None:
    student = await enrol(company, await company.join("Mira"), School(steps=60))
    await tell(company, student.person)
    ask(company, student)
    await company.until(lambda: student.news and student.news[-1].state == "training" and student.news[-1].share)
    (training,) = student.school.trainings
    await company.narrate("A bell rang.", student.person)
    await company.until(lambda: training.stands_still)
    step = training.step
    await trio.sleep(5)
    await company.cue(student.person)
    await company.until(lambda: len(student.person.lines) == 2)
    await trio.sleep(30)
    assert training.stands_still and training.step <= step + 1, "its line waits to be accepted: the beat is not over"
    line = student.person.lines[-1]
    await company.narrator.node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))
    await company.until(lambda: not training.stands_still)
    await company.until(lambda: student.news[-1].state == "done")
    assert (training.paused, training.resumed) == (1, 1)


async def test_while_the_narrator_is_away_nobody_is_waited_for(company: Company, autojump_clock: MockClock) -> None:
    student = await enrol(company, await company.join("Mira"))
    await tell(company, student.person)
    other = await company.join("Tom")
    await company.narrate("A bell rang.", other)
    await company.cue(other)
    await company.until(lambda: len(student.person.node.ledger.story.cues) == 2)
    ask(company, student)
    await trio.sleep(60)
    assert not student.school.trainings
    student.person.node.close_links(Code.DONE)
    await company.until(lambda: student.made)


async def test_it_learns_from_the_story_as_it_stands_and_never_from_whispers(
    company: Company, autojump_clock: MockClock
) -> None:
    student = await enrol(company, await company.join("Mira"))
    (first, *_) = await tell(company, student.person, 3)
    await company.narrate("The key is in the well.", student.person, audience=(NARRATOR, student.person.seat))
    await company.narrator.node.write(Draft(Rewound("left"), (first.id,)))
    await company.narrate("The key is in the well.", student.person, audience=(NARRATOR, student.person.seat))
    await company.until(lambda: student.person.node.ledger.canon.head == company.narrator.node.ledger.canon.head)
    ask(company, student)
    await company.until(lambda: student.school.trainings)
    (training,) = student.school.trainings
    assert training.text.count("\n") == 1 and "well" not in training.text
    assert training.secrets == ("The key is in the well.",)


async def test_the_samples_lie_where_people_can_read_them_and_follow_the_story(
    company: Company, autojump_clock: MockClock
) -> None:
    student = await enrol(company, await company.join("Mira"))
    path = student.folder / "samples.jsonl"
    (first, *_) = await tell(company, student.person, 2)
    await company.until(lambda: path.exists() and path.read_text().count("\n") == 2)
    assert json.loads(path.read_text().splitlines()[0])["messages"][-1]["role"] == "assistant"
    await company.until(lambda: student.news and student.news[-1].samples == 2)
    await company.narrator.node.write(Draft(Rewound("left"), (first.id,)))
    await company.until(lambda: path.read_text().count("\n") == 1)


async def test_stopped_it_leaves_nothing_behind(company: Company, autojump_clock: MockClock) -> None:
    student = await enrol(company, await company.join("Mira"), School(steps=600))
    await tell(company, student.person)
    ask(company, student)
    await company.until(lambda: student.school.trainings)
    ask(company, student, "stop")
    await company.until(lambda: student.news[-1].state == "stopped")
    assert not student.made and not (student.folder / "learning").exists()
    ask(company, student)
    await company.until(lambda: len(student.school.trainings) == 2)


async def test_what_was_begun_goes_on_after_a_restart(company: Company, autojump_clock: MockClock) -> None:
    student = await enrol(company, await company.join("Mira"), School(steps=600))
    await tell(company, student.person)
    ask(company, student, strength="strong")
    await company.until(lambda: student.school.trainings and student.school.trainings[0].step > 3)
    again = await company.restart(student.person)
    company.link(again, company.narrator)
    later = await enrol(company, again)
    await company.until(lambda: later.made)
    (before,), (after,) = student.school.trainings, later.school.trainings
    assert (after.samples, after.out, after.strength) == (before.samples, before.out, before.strength)
    assert after.text == before.text


async def test_what_was_begun_with_what_has_left_the_story_begins_anew(
    company: Company, autojump_clock: MockClock
) -> None:
    student = await enrol(company, await company.join("Mira"), School(steps=600))
    (first, *_) = await tell(company, student.person, 2)
    ask(company, student)
    await company.until(lambda: student.school.trainings and student.school.trainings[0].step > 3)
    again = await company.restart(student.person)
    await company.narrator.node.write(Draft(Rewound("left"), (first.id,)))
    company.link(again, company.narrator)
    await company.until(lambda: again.node.ledger.story.head == first.id)
    later = await enrol(company, again)
    await company.until(lambda: later.made)
    assert later.school.trainings[0].text.count("\n") == 1


@pytest.mark.parametrize("choice", ["never", "asked", "idle"])
async def test_it_learns_by_itself_only_where_its_owner_chose_so(
    company: Company, autojump_clock: MockClock, choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peer.learning.ENOUGH", 2)
    student = await enrol(company, await company.join("Mira"), choice=choice)
    await tell(company, student.person, 2)
    await trio.sleep(100)
    assert not student.school.trainings
    await trio.sleep(100)
    assert len(student.school.trainings) == (choice == "idle")
    ask(company, student)
    await trio.sleep(100)
    if choice == "never":
        assert not student.school.trainings and student.news[-1].state == "refused"
    elif choice == "idle":
        assert student.school.trainings[0].strength.name == "gentle"
    else:
        assert len(student.school.trainings) == 1


async def test_a_training_that_fails_is_told_with_its_remedy_and_the_peer_lives_on(
    company: Company, autojump_clock: MockClock
) -> None:
    school = School()
    school.failure = MemoryShort(path="small.gguf", needs="9 GiB", free="1 GiB")
    student = await enrol(company, await company.join("Mira"), school)
    await tell(company, student.person)
    ask(company, student)
    await company.until(lambda: student.news and student.news[-1].state == "failed")
    assert "9 GiB" in student.news[-1].why and not student.made
    await tell(company, student.person)


async def test_a_model_behind_an_address_gets_its_training_set_exported(
    company: Company, autojump_clock: MockClock
) -> None:
    student = await enrol(company, await company.join("Mira"), model=False)
    await tell(company, student.person, 2)
    ask(company, student)
    await company.until(lambda: student.news and student.news[-1].state == "refused")
    assert "training.jsonl" in student.news[-1].why
    rows = [json.loads(line) for line in (student.folder / "training.jsonl").read_text().splitlines()]
    assert len(rows) == 2 and rows[0].keys() == {"messages"}


async def test_somebody_else_than_the_narrator_cannot_make_it_learn(
    company: Company, autojump_clock: MockClock
) -> None:
    student = await enrol(company, await company.join("Mira"))
    await tell(company, student.person)
    rusk = await company.join("Rusk")
    company.link(rusk, student.person)
    await company.until(lambda: len(rusk.node.gossip.remotes()) == 2)
    moment = Learn("begin", "strong")
    rusk.node.say(moment.kind, moment.pack(), only=student.person.member.public)
    await trio.sleep(60)
    assert not student.school.trainings
