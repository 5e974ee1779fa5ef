"""The shelf: every story is on it, long or damaged, ours or not; and nothing there is changed by looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from dwnet import lock
from dwnet.errors import NodeError
from dwnet.keeping import open_ledger
from dwnet.settings import Settings
from narrator_app.errors import NotTheNarrator
from narrator_app.places import at, name_in, story_settings
from narrator_app.run import narrate
from narrator_app.stories import NotBroughtIn, Stories, StoryIsOpen
from narrator_app.summary import summary_at, summary_of
from tests.kit.chain import Chain
from tests.kit.shelf import log_of, put, root_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return root_settings(tmp_path / "data")


def tale(name: str, seed: int, *texts: str) -> Chain:
    chain = Chain(name, seed)
    chain.join("Mira")
    for text in texts:
        chain.beat(text, Mira=f"I heard: {text}")
    return chain


async def tell(settings: Settings, *lines: str) -> None:
    """An evening: these are told, nobody is asked, and the program ends as it should."""
    async with narrate(settings, "", lambda one: None, lambda one: None, backend="null") as evening:
        for line in lines:
            await evening.desk.intents.tell(line, mode="scene")


def test_every_story_stands_on_the_shelf_with_what_it_is(settings: Settings) -> None:
    chain = tale("The Lighthouse", 1, "Night fell.", "A ship came.")
    put(settings, chain)
    put(settings, tale("The Gate", 2), "the-gate")
    first, second = trio.run(Stories(settings).spines)
    assert (first.summary.name, first.summary.passages, first.summary.cast) == ("The Lighthouse", 4, ("Mira",))
    assert first.summary.told_at == chain.members[0].feed[-1].at
    assert first.size > 0 and first.ours and not first.open and not first.archived and not first.trouble
    assert (second.summary.name, second.summary.passages, second.summary.told_at) == ("The Gate", 0, 0)


def test_a_story_that_was_told_here_is_listed_without_being_folded(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(settings, tale("The Lighthouse", 1, "Night fell."))
    trio.run(tell, settings, "Morning came.")
    folded = summary_of(open_ledger(settings))
    monkeypatch.setattr("narrator_app.stories.open_ledger", None)
    monkeypatch.setattr("narrator_app.summary.open_ledger", None)
    (spine,) = trio.run(Stories(settings).spines)
    assert replace(spine.summary, entries=0, head="") == replace(folded, entries=0, head="")
    assert spine.summary.passages == 3


def test_a_damaged_story_hides_no_other(settings: Settings) -> None:
    put(settings, tale("The Lighthouse", 1))
    broken = put(settings, tale("The Gate", 2), "the-gate")
    broken.database.write_bytes(b"rubbish!" * 100)
    first, second = trio.run(Stories(settings).spines)
    assert first.summary.name == "The Lighthouse" and not first.trouble
    assert "damaged" in second.trouble and second.hint and second.summary.name == "the-gate"


def test_an_empty_data_root_is_an_empty_shelf(settings: Settings) -> None:
    assert trio.run(Stories(settings).spines) == []
    assert trio.run(Stories(settings).search, "night") == []


def test_what_is_put_away_stays_whole_and_comes_back(settings: Settings) -> None:
    put(settings, tale("The Lighthouse", 1))
    before = settings.database.read_bytes()
    stories = Stories(settings)
    (spine,) = trio.run(stories.spines)
    trio.run(stories.archive, spine, True)
    (spine,) = trio.run(stories.spines)
    assert spine.archived
    trio.run(stories.archive, spine, False)
    trio.run(stories.archive, spine, False)
    (spine,) = trio.run(stories.spines)
    assert not spine.archived and settings.database.read_bytes() == before


def test_a_search_goes_over_the_whole_shelf(settings: Settings) -> None:
    first = put(settings, tale("The Lighthouse", 1, "The lamp went out."))
    second = put(settings, tale("The Gate", 2, "A lamp stood there.", "Nothing else."), "the-gate")
    put(settings, tale("The Sea", 3, "Waves."), "the-sea")
    trio.run(tell, first)
    stories = Stories(settings)
    for words in ("lamp", "LAM", 'heard "lamp'):
        found = trio.run(stories.search, words)
        assert [one.spine.summary.name for one in found] == ["The Lighthouse", "The Gate"], "opened here or not"
        assert [len(one.lines) for one in found] == ([1, 1] if "heard" in words else [2, 2])
        assert all("lamp" in line.excerpt for one in found for line in one.lines)
    trio.run(tell, second, "The lamp went out there too.")
    assert [len(one.lines) for one in trio.run(stories.search, "lamp")] == [2, 3]
    assert trio.run(stories.search, " ") == []


# --- what it is called ---------------------------------------------------------------------------------------------


def test_a_story_is_found_by_its_new_name_and_listed_under_it(settings: Settings) -> None:
    chain = tale("The Lighthouse", 1)
    chain.rename("The Lamp")
    put(settings, chain)
    assert name_in(settings.database) == "The Lamp"
    assert story_settings(settings, "the lamp") == (settings, "The Lamp")
    (spine,) = trio.run(Stories(settings).spines)
    assert spine.summary.name == "The Lamp"


def test_of_two_stories_of_one_name_each_is_found_by_its_tag(settings: Settings) -> None:
    put(settings, tale("The Lighthouse", 1))
    chain = tale("The Lighthouse", 2)
    other = put(settings, chain, "another")
    assert story_settings(settings, chain.tag.hex()) == (other, "The Lighthouse")


# --- checks --------------------------------------------------------------------------------------------------------


def test_a_whole_story_gets_a_seal_with_its_words(settings: Settings) -> None:
    chain = tale("The Lighthouse", 1, "Night fell.")
    put(settings, chain)
    stories = Stories(settings)
    (spine,) = trio.run(stories.spines)
    seal = trio.run(stories.verify, spine)
    assert (seal.state, seal.good, seal.known) == ("whole", True, True)
    assert seal.tag == chain.tag.hex() and seal.head == chain.canon_head.hex() and len(seal.words) == 12
    assert (seal.entries, seal.authors) == (len(chain.entries), 2)


def test_a_story_whose_bytes_were_changed_gets_no_seal(settings: Settings) -> None:
    put(settings, tale("The Lighthouse", 1, "Night fell over the harbour."))
    data = settings.database.read_bytes()
    assert data.count(b"over the harbour") >= 1
    settings.database.write_bytes(data.replace(b"over the harbour", b"over the garden!"))
    stories = Stories(settings)
    (spine,) = trio.run(stories.spines)
    seal = trio.run(stories.verify, spine)
    assert (seal.state, seal.good) == ("tampered", False) and seal.what


@pytest.mark.parametrize(
    ("spoil", "state"),
    [
        (lambda data: data, "whole"),
        (lambda data: data[:-40], "cut_short"),
        (lambda data: data.replace(b"Night", b"Light"), "tampered"),
    ],
)
def test_a_file_gets_the_seal_it_deserves(
    settings: Settings, tmp_path: Path, spoil: Callable[[bytes], bytes], state: str
) -> None:
    put(settings, tale("The Lighthouse", 1, "Night fell."))
    path = log_of(settings, tmp_path / "story.dwlog")
    path.write_bytes(spoil(path.read_bytes()))
    stories, told = Stories(settings), list[tuple[int, int]]()
    seal = trio.run(stories.verify_file, path, "", lambda done, size: told.append((done, size)))
    assert seal.state == state and told[-1] == (path.stat().st_size,) * 2
    assert seal.known, "its tag is that of a story of this shelf"
    other = trio.run(stories.verify_file, path, "ab" * 16)
    assert other.state == "another_story" and not other.known
    elsewhere = trio.run(Stories(root_settings(tmp_path / "elsewhere")).verify_file, path)
    assert elsewhere.state == state and not elsewhere.known


# --- bringing in and taking away -----------------------------------------------------------------------------------


def test_a_story_comes_in_from_a_file_and_can_be_read_but_not_told_on(settings: Settings, tmp_path: Path) -> None:
    there = root_settings(tmp_path / "there")
    put(there, tale("The Gate", 2, "The gate was shut."))
    path = log_of(there, tmp_path / "gate.dwlog")
    put(settings, tale("The Lighthouse", 1))
    stories, told = Stories(settings), list[tuple[int, int]]()
    brought = trio.run(stories.bring_in, path, lambda done, size: told.append((done, size)))
    assert brought.seal.state == "whole" and brought.added > 0 and not brought.spine.ours
    assert brought.spine.summary == summary_at(there)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    again = trio.run(stories.bring_in, path)
    assert again.added == 0 and len(trio.run(stories.spines)) == 2

    async def open_it() -> None:
        async with narrate(brought.spine.settings, "", lambda one: None, lambda one: None, backend="null"):
            raise AssertionError("it was opened")

    with pytest.raises(ExceptionGroup) as caught:
        trio.run(open_it)
    assert caught.group_contains(NotTheNarrator, match="The Gate")
    copy = tmp_path / "copy.json"
    trio.run(stories.export, brought.spine, "json", copy)
    assert "The gate was shut." in copy.read_text("utf-8")


def test_a_lost_story_comes_back_to_its_keys_and_is_told_on(settings: Settings, tmp_path: Path) -> None:
    put(settings, tale("The Lighthouse", 1))
    lost = put(settings, tale("The Gate", 2, "The gate was shut."), "the-gate")
    path = log_of(lost, tmp_path / "gate.dwlog")
    lost.database.unlink()
    stories = Stories(settings)
    brought = trio.run(stories.bring_in, path)
    assert brought.spine.settings == lost and brought.spine.ours
    trio.run(tell, lost, "It opened.")
    assert summary_at(lost).passages == 3


def test_what_cannot_be_trusted_is_not_brought_in(settings: Settings, tmp_path: Path) -> None:
    put(settings, tale("The Lighthouse", 1, "Night fell."))
    path = log_of(settings, tmp_path / "story.dwlog")
    path.write_bytes(path.read_bytes().replace(b"Night", b"Light"))
    elsewhere = root_settings(tmp_path / "elsewhere")
    with pytest.raises(NotBroughtIn):
        trio.run(Stories(elsewhere).bring_in, path)
    path.write_bytes(b"")
    with pytest.raises(NotBroughtIn):
        trio.run(Stories(elsewhere).bring_in, path)
    assert trio.run(Stories(elsewhere).spines) == []


def test_nothing_is_brought_into_a_story_that_is_being_told(settings: Settings, tmp_path: Path) -> None:
    put(settings, tale("The Lighthouse", 1))
    path = log_of(settings, tmp_path / "story.dwlog")
    with lock.writing(settings.root), pytest.raises(StoryIsOpen, match="The Lighthouse"):
        trio.run(Stories(settings).bring_in, path)


@pytest.mark.parametrize("form", ["dwlog", "json", "txt"])
def test_whoever_changes_his_mind_leaves_no_half_file(settings: Settings, tmp_path: Path, form: str) -> None:
    put(settings, tale("The Lighthouse", 1, *(f"Night {number} fell." for number in range(60))))
    stories, path = Stories(settings), tmp_path / "out" / f"story.{form}"
    (spine,) = trio.run(stories.spines)

    async def export() -> bool:
        with trio.CancelScope() as scope:
            await stories.export(spine, form, path, progress=lambda done, size: scope.cancel())
        return scope.cancelled_caught

    assert trio.run(export)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("form", ["dwlog", "json", "txt"])
def test_a_full_disk_leaves_no_half_file_and_says_so(
    settings: Settings, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(settings, tale("The Lighthouse", 1, "Night fell."))
    (spine,) = trio.run(Stories(settings).spines)

    def full(file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dwnet.whole_file.flush", full)
    with pytest.raises(NodeError, match="no room left"):
        trio.run(Stories(settings).export, spine, form, tmp_path / f"story.{form}")
    assert not list(tmp_path.glob("story*"))


def test_a_place_for_a_story_never_is_that_of_another(settings: Settings) -> None:
    put(settings, tale("The Lighthouse", 1))
    put(settings, tale("The Gate", 2), "the-gate")
    where, name = story_settings(settings, "The, Gate")
    assert where != at(settings, settings.root / "stories" / "the-gate") and name == "The, Gate"
