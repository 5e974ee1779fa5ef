from __future__ import annotations

from pathlib import Path

from trio.testing import MockClock

from dwnet.node import Draft
from narrator_app.librarian import Librarian
from narrator_app.library import Library, open_library
from narrator_app.summary import summary_of
from protocol.kinds import Redacted
from tests.kit.company import Evening, open_desk


async def librarian(evening: Evening) -> Library:
    person = evening.company.narrator
    library = await open_library(person.store)
    keeper = Librarian(evening.narrator, library)
    person.nursery.start_soon(keeper.run, person.node.subscribe())
    return library


async def test_what_is_told_can_be_searched(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        library = await librarian(evening)
        pim = await evening.play("Pim")
        await evening.company.perform(pim)
        await evening.type("Night fell over the harbour.")
        await evening.until("accepted")
        await evening.company.until(lambda: library.search("saw"))
        assert [one.speaker for one in library.search("harbour")] == ["Narrator"]
        assert [one.speaker for one in library.search("saw")] == ["Pim"]


async def test_an_edit_a_rewind_and_an_older_file_are_followed(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("Night fell.")
        library = await librarian(evening)
        await evening.company.until(lambda: library.search("fell"))
        await evening.type("/edit Night came.")
        await evening.company.until(lambda: library.search("came") and not library.search("fell"))
        await evening.type("/checkpoint night")
        await evening.type("Morning rose.")
        await evening.company.until(lambda: library.search("rose"))
        await evening.type("/rewind night")
        await evening.company.until(lambda: not library.search("rose"))
        assert [one.name for one in library.checkpoints()] == ["night"]


async def test_words_that_are_taken_back_are_forgotten(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        library = await librarian(evening)
        await evening.type("Her name was Ottilie.")
        await evening.type("Night fell.")
        await evening.company.until(lambda: library.search("Ottilie") and library.search("night"))
        story = evening.narrator.story
        await evening.narrator.node.write(Draft(Redacted("said too much"), (next(iter(story.path())).id,)))
        await evening.company.until(lambda: not library.search("Ottilie"))
        assert library.search("night")
        folder = evening.company.narrator.folder

        def kept() -> bytes:
            return b"".join(
                one.read_bytes() for one in folder.glob("dream_weaver.db*") if one.suffix != ".db-shm"
            ).lower()

        await evening.company.until(lambda: b"ottilie" not in kept() and b"tilie" not in kept())
        assert b"night fell" in kept()


async def test_a_summary_is_kept_in_step_and_is_as_new_as_the_story_at_the_end(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        library = await librarian(evening)
        await evening.type("/scene Night fell.")
        await evening.company.until(lambda: (kept := library.summary()) is not None and kept.passages == 1)
        await evening.type("/rename The Lamp")
        assert library.summary() is None, "it is behind, and says so"
        await evening.company.until(library.summary)
        assert library.summary() == summary_of(evening.narrator.node.ledger)


async def test_invites_and_everybodys_health_are_noted(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        library = await librarian(evening)
        pim = await evening.play("Pim")
        await evening.company.perform(pim)
        await evening.company.until(lambda: any(one.status == "Online_Responsive" for one in library.health_history()))
        await evening.company.until(lambda: [one.state for one in library.invites()] == ["used"])
        await evening.type("/invite Pim")
        await evening.company.until(lambda: sorted(one.state for one in library.invites()) == ["open", "used"])
        assert {one.member for one in library.health_history()} == {"Pim"}


async def test_a_burst_of_happenings_never_holds_up_the_story(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/cast Pim")
        library = await librarian(evening)
        for _ in range(2_000):
            evening.narrator.tell_status(1)
        await evening.type("Night fell.")
        await evening.company.until(lambda: library.search("fell"))
