"""Bad luck at the desk: said in the quiet bar, with what to do; the story goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from narrator_app.phrases import say
from tests.kit.browser import Chromium
from tests.kit.hive import Hive
from tests.kit.long_story import lay_down, told
from tests.kit.sitting import Sitting, sit_down

STORY = "The Lighthouse"
MEMBERS = 200


@pytest.fixture
def small_disk(tmp_path: Path, require: Callable[[str, str], str]) -> Iterator[Path]:
    """A disk of 64 KiB."""
    mount, umount = require("mount", "mount"), require("umount", "mount")
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk to fill it")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "small", str(folder)], check=True)
    yield folder
    subprocess.run([umount, str(folder)], check=True)


def still_tells(sitting: Sitting) -> None:
    sitting.go("stage")
    sitting.tell("And the story goes on.")


def test_a_disk_that_is_full_is_said_and_no_half_file_is_left(quick: Hive, browser: Chromium, small_disk: Path) -> None:
    lay_down(told(400, STORY), quick.folder("narrator"))
    path = small_disk / "story.json"
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        sitting.go("library")
        tab.press("3")
        tab.type(say("library.path_there"), str(path))
        tab.click(say("library.write_it"))
        tab.wait(lambda: "full" in sitting.told_at_the_foot(), "the bar says that the disk is full")
        assert list(small_disk.iterdir()) == []
        still_tells(sitting)


def test_a_file_that_is_no_card_is_refused_with_words(quick: Hive, browser: Chromium, tmp_path: Path) -> None:
    wrong = tmp_path / "holiday.png"
    wrong.write_bytes(b"\x89PNG\r\n\x1a\nno card, and no picture either")
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        sitting.go("cast")
        tab.click(tab.button(say("cast.bring")).first)
        with tab.page.expect_file_chooser() as chooser:
            tab.click(say("cast.import_pick"))
        chooser.value.set_files(wrong)
        tab.see("cannot be read as a character card")
        assert not sitting.desk.saw("cast")
        still_tells(sitting)


def test_two_hundred_members_are_a_table_that_can_be_turned_over(quick: Hive, browser: Chromium) -> None:
    lay_down(told(4, STORY, MEMBERS), quick.folder("narrator"))
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        sitting.go("hive")
        tab.see(say("hive.all", count=MEMBERS))
        tab.see("Pim")
        tab.click(say("hive.later"))
        tab.see(say("hive.earlier"))
        still_tells(sitting)
