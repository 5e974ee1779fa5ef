"""What a person at the desk waits for: own words on screen, a character's words on screen, a story to open. Seen by an
observer in the page of a real browser, against a button of Flet's that does nothing but answer.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flet as ft
from playwright.sync_api import WebSocket

from benchmarks.figure import Figure, p50
from narrator_app.phrases import say
from tests.kit.browser import Chromium, Tab, chromium, find_chromium
from tests.kit.hive import Hive, Program, address_of
from tests.kit.long_story import lay_down, told
from tests.kit.quick_writer import QuickWriter, quick_writer
from tests.kit.served import served

PRESSES = 30
PIECES = 40
PIECE_SECONDS = 0.12  # apart, about as fast as the embedded model writes on two cores
OPENINGS = 5
SHORT, LONG = 100, 10_000  # lines
STORY = "The Lighthouse"


def measure() -> list[Figure]:
    """All of it, in one browser."""
    executable = find_chromium()
    if executable is None:
        sys.exit("Chromium is not on this machine; on Debian: apt install chromium")
    with chromium(executable) as browser, tempfile.TemporaryDirectory() as folder:
        echo = p50(_echoes(browser))
        with quick_writer() as writer:
            own, pieces, size = _evening(browser, Path(folder), writer)
        again = p50(_echoes(browser))
        short, long = _openings(browser, Path(folder))
    button = p50([echo, again]) * 1000
    return [
        Figure("narration", f"key press to own narration on screen, p50 of {PRESSES}", "an empty Flet button's echo",
               p50(own) * 1000, button, "ms", 1.5),
        Figure("token", f"token received to token on screen, p50 of {PIECES}", "the same echo",
               p50(pieces) * 1000, button, "ms", 1.3),
        Figure("story", f"a story of {LONG:,} lines, start to last line, p50 of {OPENINGS}", f"one of {SHORT} lines",
               p50(long) * 1000, p50(short) * 1000, "ms", 1.5),
        Figure("bytes", "bytes sent to the page per streamed token", "400", size, 400.0, "bytes", 1.0),
    ]  # fmt: skip


# --- the button ------------------------------------------------------------------------------------------------------


def _button(page: ft.Page) -> None:
    words = ft.Text("echo 0")
    count = 0

    def echo(_: object) -> None:
        nonlocal count
        count += 1
        words.value = f"echo {count} seen"
        words.update()

    page.add(words, ft.Button("Echo", on_click=echo, autofocus=True))


def _echoes(browser: Chromium) -> list[float]:
    """Seconds from the key that presses the button to its answer in the page."""
    with served(_button) as address, browser.tab(address) as tab:
        tab.see("echo 0")
        tab.observe()
        return [_seconds_to(tab, f"echo {number} seen") for number in range(1, PRESSES + 1)]


def _seconds_to(tab: Tab, words: str) -> float:
    tab.await_words(words)
    tab.press("Enter")
    return tab.seen_at(words) - tab.pressed_at()


# --- an evening ------------------------------------------------------------------------------------------------------


def _evening(browser: Chromium, folder: Path, writer: QuickWriter) -> tuple[list[float], list[float], float]:
    """Seconds to see one's own words, seconds to see each piece of a line, and bytes per piece."""
    with _hive(folder / "evening", writer.url) as hive:
        narrator = hive.narrate(story=STORY)
        hive.join(narrator, "Pim")
        narrator.leave()
        desk = hive.desk(story=STORY, module="benchmarks.desk_timed")
        desk.wait("status", member="Pim", status="Online_Responsive")
        with browser.tab("about:blank", wake=False) as tab:
            arrived: list[tuple[float, int]] = []
            tab.page.on("websocket", lambda socket: _count(socket, arrived))
            tab.page.goto(address_of(desk), wait_until="commit")
            tab.wake()
            box = tab.field(say("stage.box"))
            tab.wait(lambda: box.count() > 0, "the narration box is there")
            tab.observe()
            own = [_own_words(tab, number) for number in range(1, PRESSES + 1)]
            pieces, size = _pieces(tab, desk, writer, arrived)
            return own, pieces, size


def _count(socket: WebSocket, arrived: list[tuple[float, int]]) -> None:
    socket.on("framereceived", lambda payload: arrived.append((time.time(), len(payload))))


def _own_words(tab: Tab, number: int) -> float:
    """Nobody is asked: a change of scene shows as narration does."""
    words = f"Night falls for the {number}th time."
    tab.type(say("stage.box"), f"/scene {words}")
    return _seconds_to(tab, words)


def _pieces(
    tab: Tab, desk: Program, writer: QuickWriter, arrived: list[tuple[float, int]]
) -> tuple[list[float], float]:
    words = [f"word{number:03}" for number in range(PIECES)]
    writer.seconds = PIECE_SECONDS
    writer.lines["Pim"] = deque([" ".join(words) + "."])
    mark = desk.mark()
    tab.await_words(*words)
    tab.type(say("stage.box"), "And then?")
    tab.press("Enter")
    desk.wait("line", mark, member="Pim")
    came: dict[str, float] = {}
    for piece in desk.saw("piece", mark):
        for word in words:
            if word in piece["text"]:
                came[word] = piece["came"]
    first, last = min(came.values()), max(came.values())
    size = sum(size for at, size in arrived if first <= at <= last + PIECE_SECONDS)
    return [tab.seen_at(word) - at for word, at in came.items()], size / len(desk.saw("piece", mark))


# --- opening ---------------------------------------------------------------------------------------------------------


def _openings(browser: Chromium, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds from the start of the program to the last line on the page: of a short story, of a long one."""
    kept, last = {}, {}
    for lines in (SHORT, LONG):
        chain = told(lines, STORY)
        kept[lines] = lay_down(chain, folder / f"kept-{lines}")
        last[lines] = f"({lines - 3})"  # each narration is numbered by its line, and three answer
    taken: dict[int, list[float]] = {SHORT: [], LONG: []}
    for number in range(OPENINGS):
        for lines, story in kept.items():
            with _hive(folder / f"opening-{number}-{lines}") as hive:
                shutil.copytree(story, hive.folder("narrator"))
                begun = time.time()
                desk = hive.desk(story=STORY)
                with browser.tab(address_of(desk)) as tab:
                    tab.observe()
                    tab.await_words(last[lines])
                    taken[lines].append(tab.seen_at(last[lines]) - begun)
    return taken[SHORT], taken[LONG]


@contextmanager
def _hive(folder: Path, writer: str = "default") -> Iterator[Hive]:
    folder.mkdir(parents=True)
    hive = Hive(folder, writer)
    try:
        yield hive
    finally:
        hive.close()
