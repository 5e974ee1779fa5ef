"""A newcomer at the desk, with the model that comes along: from the first click to characters that have answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from narrator_app.phrases import say
from tests.kit.browser import Chromium
from tests.kit.hive import Hive, address_of
from tests.kit.sitting import in_place, sit_down

PATIENCE = 180.0  # seconds; two models wake on a machine that also has a browser to draw


def test_three_steps_lead_to_a_told_beat(hive: Hive, browser: Chromium) -> None:
    desk = hive.desk()
    with browser.tab(address_of(desk)) as tab:
        tab.see(say("first.name_title"))
        tab.click(say("first.next"))
        tab.see(say("first.cast_title"))
        tab.click(say("first.next"))
        tab.see(say("first.beat_title"))
        mark = desk.mark()
        tab.click(say("first.tell"))
        told = desk.wait("narrated", mark, PATIENCE)
        line = desk.wait("line", mark, PATIENCE)
        tab.see(told["text"])
        tab.see(line["text"])
    assert desk.stop() == 0, desk.report()
    assert [who for who, _ in hive.story()][:2] == ["Narrator", line["member"]]


@pytest.mark.slow
def test_a_whole_evening_with_a_friend_and_the_model_that_comes_along(
    hive: Hive, browser: Chromium, tmp_path: Path
) -> None:
    """Invited, answered, whispered to, lost, back, and everything taken away and verified."""
    path = tmp_path / "evening.dwlog"
    with sit_down(browser, hive.desk(story="The Lighthouse")) as sitting:
        tab = sitting.tab
        pim = in_place(hive, sitting, "Pim")["Pim"]
        mark = sitting.tell("Somebody knocks at the door of the lighthouse.")
        answer = hive.answer(sitting.desk, "Pim", mark)
        tab.see(str(answer["text"]))

        tab.click(tab.button(say("stage.whisper")))
        tab.click(tab.page.get_by_role("menuitem", name="Pim"))
        mark = sitting.desk.mark()
        sitting.write("It is your mother who knocks.")
        hive.answer(sitting.desk, "Pim", mark)
        tab.see(say("stage.to_you_alone"))

        sitting.go("hive")
        pim.kill()
        tab.see(say("hive.status_offline"))
        hive.peer("Pim")
        tab.miss(say("hive.status_offline"))
        tab.see(say("hive.status_responsive"), PATIENCE)

        sitting.go("library")
        tab.press("3")
        tab.type(say("library.path_there"), str(path))
        tab.click(say("library.write_it"))
        tab.wait(path.exists, "the file is written")
    code, _, out, errors = hive.run("log", "verify", str(path), "--json")
    assert code == 0, (out, errors)
