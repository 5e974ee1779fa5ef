"""The adapter that the story names is the one that speaks, and no other file ever is."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.node import Draft
from peer.performer import Performer
from protocol.entry import Entry
from protocol.kinds import Evolved, Line, Minded, Rewound
from tests.kit.company import Company, Person
from tests.kit.scripted_writer import ScriptedWriter

OLD, NEW = b"an adapter", b"a newer adapter"


def name(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


@pytest.fixture
async def mira(company: Company) -> Person:
    return await company.join("Mira")


@pytest.fixture
def writer(tmp_path: Path) -> ScriptedWriter:
    writer = ScriptedWriter(["Aye."])
    writer.model = tmp_path / "small.gguf"
    writer.model.write_bytes(b"a model")
    return writer


def put(person: Person, content: bytes, named: bytes | None = None) -> Path:
    """A file among the adapters of this person."""
    path = person.folder / "adapters" / "small" / f"{(named or name(content)).hex()}.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def learned(person: Person, content: bytes, *, model: bytes = b"a model", promoted: int = 1) -> Entry:
    head = person.node.ledger.story.head
    body = Evolved(name(content), name(model), "small", b"", b"", 60, (), (), promoted, "better")
    (entry,) = await person.node.write(Draft(body, (head,) if head else ()))
    return entry


async def choose(company: Company, person: Person, adapter: bytes, *, pinned: int = 0) -> None:
    head = company.narrator.node.ledger.story.head
    await company.narrator.node.write(Draft(Minded(person.seat, adapter, pinned), (head,) if head else ()))


async def adapter_of_answer(company: Company, person: Person) -> bytes:
    """Let somebody answer a beat: the adapter its line names."""
    before = len(person.lines)
    await company.narrate("Night fell.", person)
    await company.cue(person)
    await company.until(lambda: len(person.lines) > before)
    opening = person.node.ledger.opening(person.lines[-1])
    assert opening is not None and isinstance(opening.body, Line)
    return opening.body.adapter


async def until_tried(company: Company, performer: Performer) -> None:
    await company.until(lambda: not performer.versions.is_due())


async def test_each_line_names_the_adapter_that_spoke_it(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    await company.perform(mira, writer)
    assert await adapter_of_answer(company, mira) == b""
    path = put(mira, OLD)
    await learned(mira, OLD)
    assert await adapter_of_answer(company, mira) == name(OLD)
    assert writer.worn == [path]
    put(mira, NEW)
    await learned(mira, NEW)
    assert await adapter_of_answer(company, mira) == name(NEW)
    story = company.narrator.node.ledger.story
    await company.until(lambda: len(story.offered) == 3)


async def test_what_was_not_promoted_does_not_speak_until_the_narrator_chooses_it(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    await company.perform(mira, writer)
    put(mira, OLD)
    await learned(mira, OLD, promoted=0)
    assert await adapter_of_answer(company, mira) == b""
    await choose(company, mira, name(OLD))
    assert await adapter_of_answer(company, mira) == name(OLD)
    await choose(company, mira, b"")
    assert await adapter_of_answer(company, mira) == b""


async def test_a_rewind_takes_the_adapter_of_that_time(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    await company.perform(mira, writer)
    first = await company.narrate("Once.", mira)
    await company.until(lambda: mira.node.ledger.story.head == first.id)
    put(mira, OLD)
    await learned(mira, OLD)
    second = await company.narrate("Later.", mira)
    await company.until(lambda: mira.node.ledger.story.head == second.id)
    put(mira, NEW)
    await learned(mira, NEW)
    assert await adapter_of_answer(company, mira) == name(NEW)
    await company.narrator.node.write(Draft(Rewound("left"), (first.id,)))
    assert await adapter_of_answer(company, mira) == name(OLD)


async def test_a_cue_that_comes_while_the_adapter_changes_is_answered(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    class Slow(ScriptedWriter):
        async def wear(self, adapter: Path | None) -> None:
            await trio.sleep(5)
            await super().wear(adapter)

    slow = Slow(["Aye."])
    slow.model = writer.model
    performer = await company.perform(mira, slow)
    await company.until(lambda: slow.preread_scenes)
    put(mira, OLD)
    await learned(mira, OLD)
    await trio.sleep(1)
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: mira.lines)
    opening = mira.node.ledger.opening(mira.lines[0])
    assert opening is not None and isinstance(opening.body, Line) and opening.body.adapter == name(OLD)
    assert performer.versions.worn == name(OLD)


async def test_after_the_change_the_scene_is_read_again(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    performer = await company.perform(mira, writer)
    await company.narrate("Night fell.", mira)
    await company.until(lambda: writer.preread_scenes and writer.preread_scenes[-1].turns)
    put(mira, OLD)
    count = len(writer.preread_scenes)
    await learned(mira, OLD)
    await company.until(lambda: performer.versions.worn)
    await company.until(lambda: len(writer.preread_scenes) > count)
    assert writer.preread_scenes[-1].turns == writer.preread_scenes[count - 1].turns


async def test_another_model_than_it_was_trained_on_is_refused_by_its_hash(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    performer = await company.perform(mira, writer)
    put(mira, OLD)
    await learned(mira, OLD, model=b"another model")
    assert await adapter_of_answer(company, mira) == b""
    await until_tried(company, performer)
    assert "trained on another model (small)" in performer.versions.why
    assert writer.worn == [None]


async def test_a_model_that_was_swapped_underneath_is_noticed(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    performer = await company.perform(mira, writer)
    put(mira, OLD)
    await learned(mira, OLD)
    assert await adapter_of_answer(company, mira) == name(OLD)
    assert writer.model is not None
    writer.model.write_bytes(b"another one")
    performer.rethink()
    await company.until(lambda: performer.versions.why)
    assert performer.versions.worn == b"" and "another model" in performer.versions.why


async def test_a_file_that_is_not_what_its_name_says_never_speaks(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    performer = await company.perform(mira, writer)
    put(mira, b"something else", name(OLD))
    await learned(mira, OLD)
    await company.until(lambda: performer.versions.why)
    assert "is not what it was" in performer.versions.why and performer.versions.worn == b""


async def test_a_strangers_adapter_is_refused_until_the_narrator_chooses_it(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    rusk = await company.join("Rusk")
    performer = await company.perform(mira, writer)
    await learned(rusk, OLD)
    put(mira, OLD)
    with pytest.raises(Exception, match="was not trained in this character's seat"):
        await performer.versions.file_of(name(OLD))
    assert await adapter_of_answer(company, mira) == b""
    await choose(company, mira, name(OLD))
    assert await adapter_of_answer(company, mira) == name(OLD)


async def test_an_adapter_that_is_not_here_yet_speaks_as_soon_as_it_came(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    performer = await company.perform(mira, writer)
    await learned(mira, OLD)
    await company.until(lambda: performer.versions.why)
    assert "not on this machine" in performer.versions.why
    put(mira, OLD)
    performer.rethink()
    await company.until(lambda: performer.versions.worn == name(OLD))
    assert performer.versions.why == ""


async def test_an_adapter_that_the_model_refuses_costs_no_line(
    company: Company, mira: Person, writer: ScriptedWriter, autojump_clock: MockClock
) -> None:
    writer.unfit = "it does not fit this model"
    performer = await company.perform(mira, writer)
    put(mira, OLD)
    await learned(mira, OLD)
    assert await adapter_of_answer(company, mira) == b""
    assert "does not fit" in performer.versions.why
