"""``python -m tests.screens --out FOLDER [--only NAME …]``: a picture of every screen of the desk with a told story in
it, light and dark, at two sizes. For looking at; nothing is compared.

The story stays in ``FOLDER/evening``, so that the next run begins at once; delete it for a new one. What is done to it
for the pictures is done to a copy.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from dwnet.audio import encode_clip
from narrator_app.phrases import say
from narrator_app.preferences import FILE, GLANCE_MOST
from tests.kit.browser import PACKAGE, Chromium, Tab, chromium, find_chromium
from tests.kit.hive import Hive, address_of
from tests.kit.quick_writer import QuickWriter, quick_writer
from tests.kit.quiet_room import quiet_room
from tests.kit.spoken import spoken

STORY = "The Night the Lamp Went Out"
SIZES = ((1280, 800), (900, 800))
CAST = ("Pim", "Tock", "Vesper")
ROOMS = ("stage", "cast", "hive", "library", "settings")  # in the order of the navigation
SCREENS = (*ROOMS, "provisions", "hearing", "speaking", "heard", "recording", "first")
EARS = {"PULSE_SINK": "room", "PULSE_SOURCE": "mouth.monitor"}  # what the desk speaks into, and what it hears
SAID = "The lamp is out and somebody knocks at the door."
SETTLED_MS = 1200  # for pictures only: fonts and fades have come to rest

# What is told, and what each answers.
TOLD: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "On the stormiest night of the year the great lamp of Needle Rock goes out. Far out in the dark, a ship's bell "
        "begins to ring.",
        {
            "Pim": "*holds the rail with both hands* Two hundred and twelve steps, and I counted every one of them on "
            "the way down. Somebody is out there. Somebody always is.",
            "Tock": "Tick. The oil is full, the wick is new, the glass is whole. I see no reason for the dark, and yet "
            "here it is. Tock.",
            "Vesper": "Then listen to the bell, children. A ship that rings has somebody left to ring it.",
        },
    ),
    (
        "Somebody knocks at the door of the lighthouse, three slow knocks. Nobody has rowed out to this rock for a "
        "month.",
        {
            "Pim": "Who knocks? *very quietly* I mean it as a question, and I would like no answer, please.",
            "Tock": "Tick. Three knocks, nine seconds apart. That is patience, or that is a tide. Tock.",
            "Vesper": "Do not open yet. A guest stamps the rain off his boots. This one does not.",
        },
    ),
    (
        "On the doorstep stands nobody at all, only an egg as big as a bucket. It is warm, and it is humming.",
        {
            "Pim": "It is warm. *takes off the scarf and wraps it around the egg* If anybody asks, I was brave first "
            "and frightened afterwards.",
            "Tock": "Tick. It hums in B flat. My third wheel hums in B flat. I have a bad feeling about it.",
            "Vesper": "Bring it in and put it by the stove. Whatever wants to be born tonight shall not do it in the "
            "rain.",
        },
    ),
)
# What they answer on the branch that is left behind.
FORSAKEN = {
    "Pim": "I liked the bell. The bell was somebody.",
    "Tock": "Tick. Silence, measured: eleven seconds and a half. Tock.",
    "Vesper": "Then it is over for them, or it is beginning for us.",
}
HALF = ("Water, and under the water a humming that", "is not the egg's any more.")
LATER = "An hour later. The stove glows, the storm leans on the shutters, and nobody has gone to bed."
SECRET = "You have heard this humming before, the night your mother left."
ASIDE = "I remember. I will not say it aloud while the clock is listening."


def main() -> None:
    """Prepare the evening if there is none, open the desk on it, and take the pictures."""
    parser = argparse.ArgumentParser(prog="screens", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", nargs="*", metavar="NAME", help=f"which: {', '.join(SCREENS)}")
    arguments = parser.parse_args()
    wanted = arguments.only or list(SCREENS)
    if unknown := [name for name in wanted if name not in SCREENS]:
        parser.error(f"there is no screen called {unknown[0]}; choose from {', '.join(SCREENS)}")
    executable = find_chromium()
    if executable is None:
        sys.exit(f"Chromium is not on this machine; on Debian: apt install {PACKAGE}")
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with evenings(out / "evening") as sitting, chromium(executable) as browser:
        for dark in (False, True):
            for size in SIZES:
                show(browser, sitting, out, wanted, size, dark=dark)


@dataclass(frozen=True)
class Sitting:
    """Two desks, one with a told story and one that was never sat at, and who writes for the characters."""

    told: str
    new: str
    writer: QuickWriter
    room: dict[str, str]  # how a program finds the sound system that the desk hears; empty without one
    said: Path  # a sentence that can be played there


def show(
    browser: Chromium, sitting: Sitting, out: Path, wanted: Sequence[str], size: tuple[int, int], *, dark: bool
) -> None:
    """All wanted screens at one size in one theme."""
    width, height = size

    def picture(tab: Tab, name: str) -> None:
        tab.page.wait_for_timeout(SETTLED_MS)
        path = tab.picture(out / f"{name}-{width}-{'dark' if dark else 'light'}.png")
        sys.stdout.write(f"{path}\n")

    if "first" in wanted:
        with browser.tab(sitting.new, width=width, height=height, dark=dark) as tab:
            for step in ("first-name", "first-cast", "first-beat"):
                picture(tab, step)
                tab.press("Control+Enter" if step != "first-beat" else "Escape")
            tab.press("Escape")
    with browser.tab(sitting.told, width=width, height=height, dark=dark) as tab:
        tab.see(STORY)
        for number, name in enumerate(ROOMS, 1):
            if name in wanted:
                tab.press(f"Control+{number}")
                picture(tab, name)
        if "provisions" in wanted:
            tab.click("Settings")
            tab.click(say("settings.provisions"))
            tab.see(say("settings.provisions_title"))
            picture(tab, "provisions")
        if "hearing" in wanted:
            tab.click("Settings")
            tab.click(say("settings.hearing"))
            tab.see(say("settings.hearing_title"))
            picture(tab, "hearing")
        if "heard" in wanted and sitting.room:
            tab.press("Control+1")
            tab.press("F2")
            tab.see(say("stage.ear_taking"))
            subprocess.run(["paplay", "-d", "mouth", sitting.said], env=sitting.room, check=True)
            picture(tab, "listening")
            tab.press("F2")
            tab.see("Esc drops it; change it")
            picture(tab, "heard")
            tab.press("Escape")
        if "recording" in wanted and sitting.room:
            recording(tab, sitting, picture)
        if "speaking" in wanted:
            tab.press("Control+1")
            with speaking(tab, sitting.writer):
                picture(tab, "speaking")


def recording(tab: Tab, sitting: Sitting, picture: Callable[[Tab, str], None]) -> None:
    """A voice for Pim, while it is recorded and afterwards."""
    tab.click(say("shell.cast"))
    tab.see(say("cast.samples"))
    tab.press("ArrowDown")
    tab.press("e")
    tab.see(say("cast.sample_record"))
    tab.page.wait_for_timeout(10 * SETTLED_MS)  # until the voices are listed, everything below them moves
    tab.click(say("cast.sample_record"))
    tab.see(say("cast.sample_record_stop"))
    subprocess.run(["paplay", "-d", "mouth", sitting.said], env=sitting.room, check=True)
    picture(tab, "recording")
    tab.click(say("cast.sample_record_stop"))
    tab.see(say("cast.sample_recorded"))
    picture(tab, "recorded")
    tab.press("Escape")


@contextmanager
def speaking(tab: Tab, writer: QuickWriter) -> Iterator[None]:
    """While this is entered, Pim is in the middle of a line."""
    first, second = HALF
    writer.lines["Pim"] = deque([f"{first} {second}"])
    writer.stops_at = len(first.split())
    writer.gate.clear()
    tab.type(tab.identified("narration").get_by_role("textbox"), "@Pim, what do you hear?")
    tab.press("Enter")
    tab.see(first)
    yield
    writer.gate.set()
    tab.see(second)


@contextmanager
def evenings(folder: Path) -> Iterator[Sitting]:
    """The desk on an evening with a told story and its characters there, and a desk that is new."""
    sound = shutil.which("pulseaudio") if shutil.which("paplay") else None
    with (
        quick_writer() as writer,
        tempfile.TemporaryDirectory() as copied,
        _room(sound, Path(copied) / "room") as room,
    ):
        said = Path(copied) / "said.ogg"
        said.write_bytes(encode_clip(trio.run(partial(spoken, SAID))))
        told = folder / "told"
        if not told.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            with hive_in(folder, writer) as hive:
                tell(hive, writer)
            told.touch()
        evening = shutil.copytree(folder, Path(copied) / "evening")
        (evening / "narrator" / FILE).write_text(json.dumps({"glance": GLANCE_MOST}))
        with hive_in(evening, writer) as hive:
            desk = hive.desk(story=STORY, environment={**room, **EARS} if room else None)
            for name in CAST:
                hive.peer(name)
                desk.wait("status", member=name, status="Online_Responsive")
            yield Sitting(address_of(desk), address_of(hive.desk("newcomer")), writer, room, said)


def _room(program: str | None, folder: Path) -> AbstractContextManager[dict[str, str]]:
    return quiet_room(program, folder) if program else nullcontext({})


@contextmanager
def hive_in(folder: Path, writer: QuickWriter) -> Iterator[Hive]:
    hive = Hive(folder, writer.url)
    try:
        yield hive
    finally:
        hive.close()


def tell(hive: Hive, writer: QuickWriter) -> None:
    """Tell the story from the terminal, with a checkpoint, a change of scene, a branch and a whisper; then leave."""
    for name in CAST:
        first, second, third = (answers[name] for _, answers in TOLD)
        writer.lines[name] = deque((first, second, FORSAKEN[name], third))
    narrator = hive.narrate(story=STORY)
    peers = hive.join(narrator, *CAST)
    for number, (text, answers) in enumerate(TOLD):
        mark = narrator.type(text)
        for name in answers:
            hive.answer(narrator, name, mark)
        if number == 1:
            narrator.wait("checkpoint", narrator.type("/checkpoint The knock"))
            mark = narrator.type("The bell falls silent.")
            for name in answers:
                hive.answer(narrator, name, mark)
            narrator.wait("branch", narrator.type("/rewind The knock"))
    narrator.wait("narrated", narrator.type(f"/scene {LATER}"))
    writer.lines["Vesper"].append(ASIDE)
    hive.answer(narrator, "Vesper", narrator.type(f"/whisper Vesper {SECRET}"))
    narrator.leave()
    for peer in peers.values():
        peer.stop()


if __name__ == "__main__":
    main()
