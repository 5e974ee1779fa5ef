from __future__ import annotations

from pathlib import Path

import pytest

from dwnet.home import open_home
from dwnet.settings import Settings, narrator_settings
from dwnet.store import open_store
from dwnet.store_errors import StoreDamaged
from narrator_app.places import FIRST_NAME, name_in, stories, story_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return narrator_settings({"data": str(tmp_path)}, {})


async def begin(settings: Settings, name: str) -> Settings:
    where, chosen = story_settings(settings, name)
    async with open_home(where, name=chosen):
        return where


async def test_the_first_story_lies_in_the_root_every_other_below_it(settings: Settings) -> None:
    first = await begin(settings, "The Silver Key")
    second = await begin(settings, "Die Schöne / 2")
    third = await begin(settings, "Die Schöne \\ 2")
    assert first.root == settings.root
    assert second.root == settings.root / "stories" / "die-schöne---2"
    assert third.root.parent == second.root.parent and third.root != second.root
    assert [name_in(one.database) for one in stories(settings)] == [
        "The Silver Key",
        "Die Schöne / 2",
        "Die Schöne \\ 2",
    ]
    assert second.checkpoints == second.root / "checkpoints"


async def test_a_story_is_found_by_its_name_however_it_is_written(settings: Settings) -> None:
    await begin(settings, "The Silver Key")
    other = await begin(settings, "Another")
    assert story_settings(settings, "ANOTHER") == (other, "Another")
    assert story_settings(settings, "") == (settings, "The Silver Key")


@pytest.mark.parametrize("name", ["../../evil", "///", "..", "\x00", "🦊"])
def test_a_name_never_leads_out_of_the_folder(name: str, settings: Settings, tmp_path: Path) -> None:
    open_store(settings.database, create=True).close()
    where, _ = story_settings(settings, name)
    assert where.root.is_relative_to(tmp_path) and ".." not in where.root.parts


def test_without_a_name_a_story_has_one(settings: Settings) -> None:
    assert story_settings(settings, "") == (settings, FIRST_NAME)
    assert stories(settings) == []


async def test_a_damaged_story_is_never_taken_for_none(settings: Settings) -> None:
    await begin(settings, "The Silver Key")
    settings.database.write_bytes(b"rubbish!" * 100)
    assert stories(settings) == [settings]
    for name in ("", "The Silver Key", "Another"):
        with pytest.raises(StoreDamaged):
            story_settings(settings, name)


async def test_a_damaged_story_is_in_nobody_elses_way(settings: Settings) -> None:
    await begin(settings, "The Silver Key")
    other = await begin(settings, "Another")
    settings.database.write_bytes(b"rubbish!" * 100)
    assert story_settings(settings, "another") == (other, "Another")
