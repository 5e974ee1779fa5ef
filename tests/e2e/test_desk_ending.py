"""However the desk ends, and whatever its machine lacks: the story is whole, everybody knows, and nothing hangs."""

from __future__ import annotations

import signal

import pytest

from narrator_app.phrases import say
from tests.kit.browser import Chromium
from tests.kit.hive import Hive, Program, address_of, port_of

STORY = "The Lighthouse"


def with_pim(hive: Hive) -> tuple[Program, Program]:
    """A desk over a story in which Pim has answered once, and Pim."""
    narrator = hive.narrate(story=STORY)
    pim = hive.join(narrator, "Pim")["Pim"]
    hive.answer(narrator, "Pim", narrator.type("The lamp went out."))
    port = port_of(narrator)
    assert narrator.leave() == 0
    hive.linked(pim, "Narrator", up=False)
    mark = pim.mark()
    desk = hive.desk(story=STORY, listen=f"127.0.0.1:{port}")
    desk.wait("status", member="Pim", status="Online_Responsive")
    hive.linked(pim, "Narrator", since=mark)
    return desk, pim


@pytest.mark.parametrize(
    ("how", "usual"),
    [(signal.SIGTERM, 0), (signal.SIGINT, 130), pytest.param(signal.SIGHUP, 0, marks=pytest.mark.slow)],
)
def test_a_signal_ends_the_desk_with_its_page_open_its_story_whole_and_its_peers_told(
    quick: Hive, browser: Chromium, how: signal.Signals, usual: int
) -> None:
    desk, pim = with_pim(quick)
    with browser.tab(address_of(desk)) as tab:
        tab.see(STORY)
        mark = pim.mark()
        assert desk.stop(how) == usual, desk.report()
        quick.linked(pim, "Narrator", up=False, since=mark)
        assert desk.saw("bye")
        assert "Traceback" not in desk.errors and "Fatal" not in desk.errors, desk.errors
    assert ("Narrator", "The lamp went out.") in quick.story()
    quick.whole()
    assert pim.process.poll() is None


@pytest.mark.slow
def test_a_desk_that_was_killed_opens_again_where_it_was(quick: Hive, browser: Chromium) -> None:
    desk, pim = with_pim(quick)
    port = port_of(desk)
    with browser.tab(address_of(desk)) as tab:
        tab.see(STORY)
        desk.kill()
        mark = pim.mark()
        again = quick.desk(story=STORY, listen=f"127.0.0.1:{port}")
        again.wait("status", member="Pim", status="Online_Responsive")
        quick.linked(pim, "Narrator", since=mark)
    with browser.tab(address_of(again)) as tab:
        tab.see(STORY)
    assert again.stop() == 0, again.report()
    assert not quick.forked()


def test_a_page_that_outlives_its_desk_says_so(quick: Hive, browser: Chromium) -> None:
    desk = quick.desk(story=STORY)
    with browser.tab(address_of(desk)) as tab:
        tab.see(STORY)
        assert desk.stop() == 0
        tab.see(say("shell.ended"))


def test_without_a_display_the_desk_says_where_it_opens(quick: Hive, browser: Chromium) -> None:
    """Never a blank page and never a silent switch: without a window it says so, and gives the address."""
    program = quick.start(
        "narrator", "narrate", "--data", str(quick.folder("narrator")), "--listen", "127.0.0.1:0", "--story", STORY,
        environment={"DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": "true"},
    )  # fmt: skip
    program.until(lambda: "http://127.0.0.1:" in program.errors, "the address is told")
    assert "DISPLAY" in program.errors
    address = next(word for word in program.errors.split() if word.startswith("http://127.0.0.1:"))
    with browser.tab(address) as tab:
        tab.see(STORY)
    assert program.stop() == 0, program.report()


def test_without_a_sound_device_the_desk_opens_all_the_same(quick: Hive, browser: Chromium) -> None:
    desk = quick.desk(story=STORY, environment={"XDG_RUNTIME_DIR": "/nonexistent", "PULSE_SERVER": "/nonexistent"})
    with browser.tab(address_of(desk)) as tab:
        tab.see(STORY)
    assert desk.stop() == 0, desk.report()
