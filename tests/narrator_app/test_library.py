from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlite_utils

from dwnet.store import Store, open_store
from dwnet.times import iso, milliseconds
from narrator_app.library import (
    HEALTH_KEPT,
    Card,
    CheckpointNote,
    HealthNote,
    InviteNote,
    Library,
    SpokenLine,
    open_library,
)
from narrator_app.summary import Summary
from tests.kit.chain import EVENING, Chain

STORY = Summary("The Lighthouse", "ab" * 16, 2, 0)
OLDER = replace(STORY, passages=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    with open_store(tmp_path / "dream_weaver.db", create=True, threaded=False) as store:
        yield store


@pytest.fixture
async def library(store: Store) -> Library:
    return await open_library(store)


def line(number: int, text: str, speaker: str = "Mira", *, take: int = 1, private: bool = False) -> SpokenLine:
    entry, beat = number.to_bytes(32), (number // 2).to_bytes(32)
    return SpokenLine(number, entry, beat, take, speaker, "line", text, EVENING + number, private)


async def test_opening_twice_changes_nothing(store: Store) -> None:
    first = await open_library(store)
    await first.keep_draft("desk", "Once upon")
    await first.fill([line(1, "Who is there?")], STORY)
    again = await open_library(store)
    assert again.draft("desk") == "Once upon"
    assert again.summary() == STORY and len(again.search("there")) == 1


async def test_the_story_is_untouched_by_the_tables_beside_it(store: Store, library: Library) -> None:
    chain = Chain()
    await store.commit(chain.units)
    await library.fill([line(1, "Who is there?")], STORY)
    assert list(store.load()) == chain.units
    store.close()
    with open_store(store.path, create=False) as again:
        assert list(again.load()) == chain.units


async def test_a_seats_last_card_counts(library: Library) -> None:
    await library.keep_card(Card(2, "Tomas", "character", '{"name": "Tomas"}', False))
    await library.keep_card(Card(1, "Mira", "character", "{}", False))
    await library.keep_card(Card(1, "Mira", "character", '{"name": "Mira"}', True))
    assert library.cards() == [
        Card(1, "Mira", "character", '{"name": "Mira"}', True),
        Card(2, "Tomas", "character", '{"name": "Tomas"}', False),
    ]


async def test_what_became_of_an_invite_is_noted(library: Library) -> None:
    mira = InviteNote(b"m" * 32, 1, "Mira", "character", "open", EVENING + 60_000)
    tomas = InviteNote(b"t" * 32, 2, "Tomas", "listener", "open", EVENING)
    for note in (mira, tomas, mira._replace(state="used")):
        await library.keep_invite(note)
    assert library.invites() == [mira._replace(state="used"), tomas]
    assert library.invites("open") == [tomas]


async def test_checkpoints_stand_in_the_order_they_were_made(library: Library) -> None:
    for name, file in (("storm", ""), ("calm", "calm.dwlog"), ("storm", "storm.dwlog")):
        await library.keep_checkpoint(CheckpointNote(name, b"e" * 32, file))
    assert [(one.name, one.file) for one in library.checkpoints()] == [("storm", "storm.dwlog"), ("calm", "calm.dwlog")]


async def test_only_changes_of_health_are_kept(library: Library) -> None:
    for number, status in enumerate(("Offline", "Offline", "Online_Heartbeat", "Offline")):
        await library.record_health(HealthNote("Mira", status, "a reason", EVENING + number))
    await library.record_health(HealthNote("Tomas", "Offline", "", EVENING))
    assert [(one.status, one.since - EVENING) for one in library.health_history("Mira")] == [
        ("Offline", 3),
        ("Online_Heartbeat", 2),
        ("Offline", 0),
    ]
    assert len(library.health_history()) == 4
    assert len(library.health_history(most=1)) == 1


async def test_the_history_of_health_is_bounded(store: Store, library: Library) -> None:
    def many(db: sqlite3.Connection) -> None:
        row = ("Mira", "Offline", "", iso(EVENING, "milliseconds"))
        sql = "INSERT INTO health_history (member, status, why, since) VALUES (?, ?, ?, ?)"
        db.executemany(sql, [row] * (HEALTH_KEPT + 5))

    await store.write(many)
    await library.record_health(HealthNote("Mira", "Online_Heartbeat", "", EVENING))
    assert store.query("SELECT count(*) FROM health_history") == [(HEALTH_KEPT,)]
    assert library.health_history(most=1)[0].status == "Online_Heartbeat"


async def test_a_draft_is_kept_until_it_is_emptied(library: Library) -> None:
    assert library.draft("desk") == ""
    await library.keep_draft("desk", "Once")
    await library.keep_draft("desk", "Once upon")
    assert library.draft("desk") == "Once upon"
    await library.keep_draft("desk", "")
    assert library.draft("desk") == ""


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("lighthouse", [1]),
        ("LIGHTHOUSE", [1]),
        ("sea", [1, 2]),
        ("loud sea", [2]),
        ("light", [1]),
        ("Tomas", [2]),
        ("tomas loud", [2]),
        ("uber", [3]),
        ("Über", [3]),
        ('"sea" AND (loud OR', []),
        ("sea -- *", [1, 2]),
        ("NEAR(", []),
        ("sea\0loud", [2]),
        ("", []),
        ("  ", []),
        ('"', []),
        ("nowhere", []),
    ],
)
async def test_a_search_finds_what_holds_all_words(library: Library, words: str, numbers: list[int]) -> None:
    lines = [
        line(1, "The lighthouse stood by the sea."),
        line(2, "How loud the sea is tonight!", "Tomas"),
        line(3, "Über den Wolken.", private=True),
    ]
    await library.fill(lines, STORY)
    found = library.search(words)
    assert sorted(one.position for one in found) == numbers
    assert all(one.private == (one.position == 3) for one in found)


async def test_an_excerpt_is_short_and_holds_the_words(library: Library) -> None:
    await library.fill([line(1, "The sea was loud. " * 300 + "A lighthouse! " + "The sea was loud. " * 300)], STORY)
    (found,) = library.search("lighthouse")
    assert "lighthouse" in found.excerpt and len(found.excerpt) < 300
    assert (found.entry, found.speaker, found.at) == ((1).to_bytes(32), "Mira", "2026-01-01T16:00:00.001Z")


async def test_lines_are_added_as_canon_grows_and_changed_as_they_are_edited(library: Library) -> None:
    assert library.summary() is None
    await library.record_passages([line(1, "Who is there?"), line(2, "Nobody.")], OLDER)
    await library.record_passages([line(2, "The keeper.", take=2)], STORY)
    assert library.summary() == STORY
    assert not library.search("nobody")
    assert [one.position for one in library.search("keeper")] == [2]


async def test_lines_are_behind_as_soon_as_something_was_told_after_them(store: Store, library: Library) -> None:
    chain = Chain()
    chain.join("Mira")
    await store.commit(chain.units)
    await library.fill([], replace(STORY, entries=len(chain.entries)))
    assert library.summary() is not None
    chain.narrator.open()
    await store.commit(chain.units)
    assert library.summary() is not None, "a process start tells nothing"
    chain.narrate("Night fell.")
    await store.commit(chain.units)
    assert library.summary() is None


async def test_what_never_reached_the_disk_is_not_recorded(library: Library) -> None:
    await library.fill([line(1, "Who is there?")], STORY)
    await library.fill([], replace(STORY, entries=1))
    await library.record_passages([line(2, "Nobody.")], replace(STORY, entries=1))
    assert library.summary() == STORY and library.search("there") and not library.search("nobody")


async def test_filling_anew_leaves_nothing_of_before(library: Library) -> None:
    await library.fill([line(1, "Who is there?"), line(2, "Nobody.")], OLDER)
    await library.fill([line(2, "The keeper.")], STORY)
    assert not library.search("there") and not library.search("nobody") and library.search("keeper")


@pytest.mark.parametrize("table", ["story_lines", "story_lines_fts"])
async def test_a_missing_index_is_made_anew_and_asks_to_be_filled(store: Store, table: str) -> None:
    library = await open_library(store)
    await library.keep_draft("desk", "Once upon")
    await library.fill([line(1, "Who is there?")], STORY)
    await store.write(lambda db: db.execute(f"DROP TABLE {table}"))
    again = await open_library(store)
    assert again.summary() is None
    await again.fill([line(1, "Who is there?")], STORY)
    assert len(again.search("there")) == 1
    assert again.draft("desk") == "Once upon"


async def test_a_forgotten_line_is_in_none_of_the_files(store: Store, library: Library) -> None:
    lines = [line(number, f"Night {number} fell over the sea.") for number in range(40)]
    await library.fill([*lines, line(41, "Her name was Ottilie. " * 200), line(42, "It was Leopold.")], STORY)
    for number in (41, 42):
        await library.forget_line(number.to_bytes(32))
    kept = b"".join(one.read_bytes() for one in store.path.parent.iterdir() if not one.name.endswith("-shm")).lower()
    assert b"fell over" in kept
    assert b"ottilie" not in kept and b"leopold" not in kept and b"eopold" not in kept
    assert not library.search("ottilie") and library.search("night")


async def test_people_can_read_it_with_sqlite_utils(store: Store, library: Library) -> None:
    await library.fill([line(1, "Who is there?")], STORY)
    db = sqlite_utils.Database(store.path)
    (row,) = db.query("SELECT position, speaker, text, spoken_at, kind FROM story_lines")
    assert row == {
        "position": 1,
        "speaker": "Mira",
        "text": "Who is there?",
        "spoken_at": "2026-01-01T16:00:00.001Z",
        "kind": "line",
    }
    assert [one["speaker"] for one in db.table("story_lines").search("there")] == ["Mira"]
    db.close()


def test_times_read_back_as_they_were_written() -> None:
    for at in (0, 1, EVENING, EVENING + 999, 2**41):
        assert milliseconds(iso(at, "milliseconds")) == at
