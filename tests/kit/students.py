"""Characters that can learn, and a story for them to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.node import Draft
from peer.learning import CharacterLearning
from peer.learning_backup import LearningBackup
from peer.learning_files import place_of
from peer.performer import Performer
from peer.voice.contract import Voice
from protocol import minds
from protocol.effects import Heard
from protocol.entry import Entry
from protocol.kinds import Accepted, Evolved
from protocol.moments import Learning, read_moment
from tests.kit.company import Company, Person
from tests.kit.scripted_writer import ScriptedWriter
from tests.kit.trainings import School


@dataclass
class Student:
    """A character that can learn."""

    person: Person
    performer: Performer
    learning: CharacterLearning
    school: School
    folder: Path
    news: list[Learning]

    @property
    def made(self) -> list[Evolved]:
        return [one.made for one in minds.versions(self.person.node.ledger, self.person.seat)]


async def enrol(
    company: Company, person: Person, school: School | None = None, choice: str = "asked", *, model: bool = True
) -> Student:
    """Let somebody play who can learn, and listen at the narrator's for its news."""
    writer = ScriptedWriter([f"Aye, {number}." for number in range(99)])
    if model:
        writer.model = company.folder / "small.gguf"
        writer.model.write_bytes(b"a model")
    node, school = person.node, school or School()
    clips = Clips(node, BlobStore(person.folder / "blobs"))
    performer = Performer(node, clips, writer, None, Voice("tone", "a"), person.folder / "adapters")
    folder = person.folder / "training"
    backup = LearningBackup(node, clips, lambda one: place_of(one, performer, folder), performer.rethink)
    learning = CharacterLearning(node, performer, backup, folder, choice, school)
    for one in (clips, performer, backup, learning):
        person.nursery.start_soon(one.run, node.subscribe())
    news: list[Learning] = []

    async def listen() -> None:
        async for event in company.narrator.node.subscribe():
            if isinstance(event, Heard) and event.ephemeral.kind == Learning.kind:
                news.append(read_moment(Learning, event.ephemeral.payload))

    company.nursery.start_soon(listen)
    await company.until(lambda: performer.is_loaded)
    return Student(person, performer, learning, school, folder, news)


async def tell(company: Company, person: Person, count: int = 1) -> list[Entry]:
    """So many beats, each answered and accepted."""
    lines = []
    for number in range(count):
        before = len(person.lines)
        await company.narrate(f"Night {number} fell.", person)
        await company.cue(person)
        await company.until(partial(_more, person, before))
        line = person.lines[-1]
        await company.until(partial(_holds, company.narrator, line))
        await company.narrator.node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))
        lines.append(line)
    await company.until(lambda: person.node.ledger.canon.head == company.narrator.node.ledger.canon.head)
    return lines


def _more(person: Person, count: int) -> bool:
    return len(person.lines) > count


def _holds(person: Person, entry: Entry) -> bool:
    return entry.id in person.node.ledger.entries
