"""A newcomer at the desk, with the model that comes along: from the first click to characters that have answered."""

from __future__ import annotations

from narrator_app.phrases import say
from tests.kit.browser import Chromium
from tests.kit.hive import Hive, address_of

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
