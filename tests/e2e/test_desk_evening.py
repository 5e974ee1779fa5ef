"""An evening at the desk, by mouse and keyboard: nobody types a command."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from narrator_app.phrases import say
from tests.kit.browser import Chromium
from tests.kit.hive import Hive
from tests.kit.quick_writer import QuickWriter
from tests.kit.sitting import in_place, sit_down

STORY = "The Lighthouse"


def test_a_friend_is_invited_answers_is_lost_and_comes_back(
    quick: Hive, browser: Chromium, writer: QuickWriter
) -> None:
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        pim = in_place(quick, sitting, "Pim")["Pim"]
        mark = sitting.tell("The lamp goes out.")
        line = sitting.wait("accepted", mark, member="Pim")
        assert line
        tab.see(writer.words)

        sitting.go("hive")
        tab.see(say("hive.status_responsive"))
        pim.kill()
        tab.see(say("hive.status_offline"))
        sitting.go("cast")
        tab.see(say("cast.status_offline"))

        again = quick.peer("Pim")
        tab.see(say("cast.status_responsive"))
        sitting.go("hive")
        tab.see(say("hive.status_responsive"))
        tab.miss(say("hive.status_offline"))
        sitting.go("stage")
        mark = sitting.tell("The lamp burns again.")
        sitting.wait("accepted", mark, member="Pim")
        assert again.process.poll() is None


def test_what_is_whispered_and_its_answer_stay_between_two(quick: Hive, browser: Chromium, writer: QuickWriter) -> None:
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        peers = in_place(quick, sitting, "Pim", "Tock")
        writer.lines["Pim"] = deque(["I knew it was you, and I told nobody."])
        mark = sitting.desk.mark()
        tab.click(tab.button(say("stage.whisper")))
        tab.click(tab.page.get_by_role("menuitem", name="Pim"))
        tab.see(say("stage.whispering", name="Pim"))
        sitting.write("The key is under the third step.")
        sitting.wait("accepted", mark, member="Pim")
        tab.see("I knew it was you, and I told nobody.")
        tab.see(say("stage.to_you_alone"))
        tab.see(say("stage.alone", names="Pim"))
        tock = "\n".join(str(one) for one in peers["Tock"].events)
        assert "third step" not in tock and "told nobody" not in tock
    assert not any("third step" in text for _, text in quick.story("Tock"))
    assert any("third step" in text for _, text in quick.story("Pim"))


def test_the_story_goes_back_to_a_checkpoint_and_keeps_what_it_left(quick: Hive, browser: Chromium) -> None:
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        sitting.go("stage")
        sitting.tell("The first door opens.")
        sitting.go("library")
        tab.press("2")
        tab.type(say("library.place_name"), "The first door")
        tab.click(say("library.place_keep"))
        sitting.wait("checkpoint", name="The first door")
        sitting.go("stage")
        sitting.tell("The second door opens, and it was the wrong one.")
        sitting.go("library")
        tab.click(tab.identified("places").get_by_role("button", name=say("library.go_back_here")))
        sitting.wait("branch")
        sitting.go("stage")
        tab.miss("The second door opens")
        sitting.tell("The third door opens.")
    assert [text for _, text in quick.story()] == ["The first door opens.", "The third door opens."]
    assert any("wrong one" in str(one) for one in quick.whole())


def test_the_story_is_taken_away_and_found_whole(quick: Hive, browser: Chromium, tmp_path: Path) -> None:
    path = tmp_path / "taken" / "lighthouse.dwlog"
    path.parent.mkdir()
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        sitting.go("stage")
        sitting.tell("Night fell.")
        sitting.go("library")
        tab.press("3")
        tab.type(say("library.path_there"), str(path))
        tab.click(say("library.write_it"))
        tab.wait(path.exists, "the file is written")
        tab.press("4")
        tab.click(say("library.check"))
        tab.see(say("library.seal_whole"))
    code, _, out, errors = quick.run("log", "verify", str(path), "--json")
    assert code == 0, (out, errors)


def test_a_seat_that_is_closed_counts_no_longer(quick: Hive, browser: Chromium) -> None:
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        pim = in_place(quick, sitting, "Pim")["Pim"]
        sitting.go("cast")
        tab.click(tab.identified("tile-1"))
        tab.press("x")
        tab.see(say("cast.close_question", name="Pim"))
        tab.click(say("cast.close_yes"))
        sitting.wait("status", member="Pim", status="Deactivated")
        tab.see(say("cast.status_deactivated"))
        quick.linked(pim, "Narrator", up=False)
        sitting.go("hive")
        tab.see(say("hive.status_deactivated"))


@pytest.fixture
def slowly(writer: QuickWriter) -> QuickWriter:
    """A writer that stops in the middle of its line until its gate is opened."""
    writer.lines["Pim"] = deque(["Half of it is said, and the other half comes later."])
    writer.stops_at = 6
    writer.gate.clear()
    return writer


def test_a_page_reloaded_in_the_middle_of_a_line_shows_all_of_it(
    quick: Hive, browser: Chromium, slowly: QuickWriter
) -> None:
    with sit_down(browser, quick.desk(story=STORY)) as sitting:
        tab = sitting.tab
        in_place(quick, sitting, "Pim")
        mark = sitting.tell("Say it in two halves.")
        tab.see("Half of it is said")
        tab.reload()
        tab.see("Say it in two halves.")
        tab.see("Half of it is said")
        slowly.gate.set()
        sitting.wait("accepted", mark, member="Pim")
        tab.see("Half of it is said, and the other half comes later.")
        assert tab.words().count("the other half comes later.") == 1, tab.report()


def test_two_pages_show_the_same_line_as_it_comes(quick: Hive, browser: Chromium, slowly: QuickWriter) -> None:
    desk = quick.desk(story=STORY)
    with sit_down(browser, desk) as one, sit_down(browser, desk, dark=True) as other:
        in_place(quick, one, "Pim")
        other.go("stage")
        mark = one.tell("Say it to both of us.")
        for each in (one, other):
            each.tab.see("Say it to both of us.")
            each.tab.see("Half of it is said")
        slowly.gate.set()
        one.wait("accepted", mark, member="Pim")
        for each in (one, other):
            each.tab.see("Half of it is said, and the other half comes later.")
        mark = other.tell("And now from the other side.")
        one.tab.see("And now from the other side.")
        other.wait("accepted", mark, member="Pim")
