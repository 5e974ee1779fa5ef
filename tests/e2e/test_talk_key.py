"""The key that one talks with, held in a browser: that it goes up is heard wherever the cursor was before."""

from __future__ import annotations

import pytest

from narrator_app.phrases import say
from tests.kit.browser import Chromium
from tests.kit.hive import Hive
from tests.kit.sitting import sit_down

HOLD_MS = 1000  # more than a tap has
TAKES_KEYS = "() => document.activeElement.matches('flutter-view, textarea')"  # the page itself, or a field in it

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("left", ["by a button", "by a key"])
def test_who_came_back_to_the_stage_is_heard_until_the_key_goes_up(
    quick: Hive, browser: Chromium, room: dict[str, str], left: str
) -> None:
    desk = quick.desk(story="The Lighthouse", environment={"PULSE_SINK": "room", "PULSE_SOURCE": "mouth.monitor"})
    with sit_down(browser, desk) as sitting:
        tab, keyboard = sitting.tab, sitting.tab.page.keyboard
        sitting.go("stage")
        if left == "by a button":
            tab.click(tab.button(say("shell.cast")).first)
            tab.wait(lambda: tab.identified("cast").count(), "the cast is there")
        else:
            sitting.go("cast")
        sitting.go("stage")
        mark = sitting.desk.mark()
        keyboard.down("F2")
        sitting.wait("hearing", mark, state="taking")
        tab.wait(lambda: tab.page.evaluate(TAKES_KEYS), "keys are heard")
        tab.page.wait_for_timeout(HOLD_MS)
        assert not desk.saw("hearing", mark, state="off")
        keyboard.up("F2")
        sitting.wait("hearing", mark, state="off")
