"""What a person at the desk waits for: own words on screen, a character's words on screen, a story to open. Seen by an
observer in the page of a real browser, against a button of Flet's that does nothing but answer.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import flet as ft
from playwright.sync_api import Locator, WebSocket

from benchmarks.figure import Figure, p50
from tests.kit.browser import Chromium, Tab, chromium, find_chromium
from tests.kit.hive import Hive, address_of
from tests.kit.long_story import lay_down, told
from tests.kit.quick_writer import QuickWriter, quick_writer
from tests.kit.served import served

PRESSES = 30
PIECES = 40
PIECE_SECONDS = 0.12  # apart, about as fast as the embedded model writes on two cores
THINKING_MS = 500  # between the last letter and Enter: a person types slower than what becomes of each letter
OPENINGS = 5
SHORT, LONG = 100, 10_000  # lines
STORY = "The Lighthouse"


def measure() -> list[Figure]:
    """All of it, in one browser."""
    executable = find_chromium()
    if executable is None:
        sys.exit("Chromium is not on this machine; on Debian: apt install chromium")
    with chromium(executable) as browser, tempfile.TemporaryDirectory() as folder:
        with _echo(browser) as echo, quick_writer() as writer:
            own, echoed = _own_words(browser, Path(folder), echo)
            pieces, meanwhile, size = _pieces(browser, Path(folder), echo, writer)
        short, long = _openings(browser, Path(folder))
    return [
        Figure("narration", f"key press to own narration on screen, p50 of {PRESSES}", "an empty Flet button's echo",
               p50(own) * 1000, p50(echoed) * 1000, "ms", 1.5, beside="Pressed in turn."),
        Figure("token", f"token received to token on screen, p50 of {PIECES}", "the same echo",
               p50(pieces) * 1000, p50(meanwhile) * 1000, "ms", 1.3, beside="The button is pressed meanwhile."),
        Figure("story", f"a story of {LONG:,} lines, start to last line, p50 of {OPENINGS}", f"one of {SHORT} lines",
               p50(long) * 1000, p50(short) * 1000, "ms", 1.5),
        Figure("bytes", "bytes sent to the page per streamed token", "400", size, 400.0, "bytes", 1.0),
    ]  # fmt: skip


# --- the button ------------------------------------------------------------------------------------------------------


def _button(page: ft.Page) -> None:
    words = ft.Text("echo 0")
    number = count(1)

    def echo(_: object) -> None:
        words.value = f"echo {next(number)} seen"
        words.update()

    page.add(words, ft.Button("Echo", on_click=echo, autofocus=True))


@contextmanager
def _echo(browser: Chromium) -> Iterator[Callable[[], float]]:
    """Gives what presses the button once and tells the seconds from the key to the answer in the page."""
    with served(_button) as address, browser.tab(address) as tab:
        tab.see("echo 0")
        tab.observe()
        number = count(1)
        yield lambda: _seconds_to(tab, f"echo {next(number)} seen")


def _seconds_to(tab: Tab, words: str) -> float:
    tab.await_words(words)
    tab.press("Enter")
    return tab.seen_at(words) - tab.pressed_at()


# --- an evening ------------------------------------------------------------------------------------------------------


def _own_words(browser: Chromium, folder: Path, echo: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Seconds from Enter in the box to the narration in the story, and of echoes in between. Nobody is in the cast, so
    nobody answers.
    """
    with _hive(folder / "alone") as hive, browser.tab(address_of(hive.desk(story=STORY))) as tab:
        box = _box(tab)
        tab.observe()
        own, echoes = [], []
        for number in range(1, PRESSES + 1):
            words = f"Night falls for the {number}th time."
            tab.type(box, words)
            tab.page.wait_for_timeout(THINKING_MS)
            own.append(_seconds_to(tab, words))
            echoes.append(echo())
        return own, echoes


def _pieces(
    browser: Chromium, folder: Path, echo: Callable[[], float], writer: QuickWriter
) -> tuple[list[float], list[float], float]:
    """Seconds from each piece of a line coming in to its place on the page, echoes meanwhile, and the bytes that were
    sent to the page per piece.
    """
    words = [f"word{number:03}" for number in range(PIECES)]
    with _hive(folder / "evening", writer.url) as hive, browser.tab("about:blank", wake=False) as tab:
        narrator = hive.narrate(story=STORY)
        hive.join(narrator, "Pim")
        narrator.leave()
        desk = hive.desk(story=STORY, module="benchmarks.desk_timed")
        desk.wait("status", member="Pim", status="Online_Responsive")
        arrived: list[tuple[float, int]] = []
        tab.page.on("websocket", lambda socket: _count(socket, arrived))
        tab.page.goto(address_of(desk), wait_until="commit")
        tab.wake()
        tab.observe()
        tab.await_words(*words)
        writer.seconds = PIECE_SECONDS
        writer.lines["Pim"] = deque([" ".join(words) + "."])
        mark = desk.mark()
        tab.type(_box(tab), "And then?")
        tab.press("Enter")
        tab.wait(lambda: desk.saw("piece", mark), "Pim begins to answer")
        echoes = [echo()]
        while not desk.saw("line", mark, member="Pim"):
            echoes.append(echo())
        pieces = desk.saw("piece", mark)
        came = {word: piece["came"] for piece in pieces for word in words if word in piece["text"]}
        first, last = min(came.values()), max(came.values())
        size = sum(size for at, size in arrived if first <= at <= last + PIECE_SECONDS)
        return [tab.seen_at(word) - at for word, at in came.items()], echoes, size / len(pieces)


def _box(tab: Tab) -> Locator:
    box = tab.identified("narration").get_by_role("textbox")
    tab.wait(lambda: box.count() > 0, "the narration box is there")
    return box


def _count(socket: WebSocket, arrived: list[tuple[float, int]]) -> None:
    socket.on("framereceived", lambda payload: arrived.append((time.time(), len(payload))))


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
