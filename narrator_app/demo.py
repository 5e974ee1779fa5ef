"""``dwnet demo``: a whole hive on this machine plays a scene, then hands over to whoever sits there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import trio

from dwnet.ending import Ending
from dwnet.errors import NodeError
from dwnet.settings import Settings
from dwnet.shipped import Scene, scene
from dwnet.terminal import Terminal
from narrator_app.direction import open_cue
from narrator_app.gathering import CAST_AT_FIRST, bring_in
from narrator_app.headless import Screen, read_lines
from narrator_app.health import Status
from narrator_app.narrator import Happening
from narrator_app.run import Evening, narrate

READY_SECONDS = 180.0  # for a first start on a slow machine; usually it is a few
BEAT_SECONDS = 180.0


class DemoStuck(NodeError):
    """The scene did not go on: {why}

    Look at the files below {folder}, and run: dwnet doctor
    """


async def play(settings: Settings, *, beats: int, out: str) -> int:
    """Play the opening scene. Returns the exit code; leaves the story and its clips in ``out``."""
    folder = Path(out).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    opening = scene("opening")
    terminal = Terminal(interactive=sys.stdin.isatty() and sys.stdout.isatty())
    screen = Screen(terminal)
    narrating = trio.Event()

    def happened(one: Happening) -> None:
        """While the scene is set and played, only what a spectator wants to see; to a narrator, everything."""
        if narrating.is_set() or one["event"] in ("missed", "error"):
            screen.happened(one)

    ending = Ending()
    async with trio.open_nursery() as nursery, narrate(settings, opening.title, happened, screen.shown) as evening:
        with trio.CancelScope() as talking:
            nursery.start_soon(ending.wait, talking.cancel)
            await _gather(evening, opening, terminal, settings)
            screen.desk = evening.desk
            if evening.silent:
                terminal.notice(f"{evening.silent} The spoken lines are kept as files.")
            await _play_scene(evening, opening, terminal, beats)
            if terminal.interactive:
                narrating.set()
                await _hand_over(evening, opening, terminal)
        narrating = trio.Event()
        await _leave(evening, folder, settings, terminal)
        nursery.cancel_scope.cancel()
    return ending.code


async def _gather(evening: Evening, opening: Scene, terminal: Terminal, settings: Settings) -> None:
    """Cast and start the characters, each its own process, and wait until their models are loaded."""
    desk = evening.desk
    names = opening.cast[:CAST_AT_FIRST]
    terminal.notice(f"DreamWeaver: {opening.title}")
    terminal.notice(f"Starting {' and '.join(names)}, each a process of its own with its own model and voice …")
    await bring_in(desk, names)
    with trio.move_on_after(READY_SECONDS) as waiting:
        while not all(one.status is Status.RESPONSIVE for one in desk.narrator.attendance.conditions.values()):
            await desk.narrator.something()
    if waiting.cancelled_caught:
        waits = next(one for one in desk.narrator.attendance.conditions.values() if one.status is not Status.RESPONSIVE)
        raise DemoStuck(why=waits.why, folder=settings.root)


async def _play_scene(evening: Evening, opening: Scene, terminal: Terminal, beats: int) -> None:
    desk = evening.desk
    present = {seat.name for seat in desk.narrator.story.seats.values()}
    for number in range(beats):
        beat = opening.beats[number % len(opening.beats)]
        told = beat.narration if number < len(opening.beats) else opening.suggestions[number % len(opening.suggestions)]
        terminal.narration(f"\n{told}")
        await desk.intents.tell(told, [name for name in beat.ask if name in present])
        await settled(evening)


async def settled(evening: Evening) -> None:
    """Wait until the beat is over: nobody is asked any more, and all that was said has been heard."""
    story = evening.desk.narrator.story
    with trio.move_on_after(BEAT_SECONDS):
        while True:
            story = evening.desk.narrator.story
            beat = story.last_beat()
            asked = {cue.seat for cue in story.cues.values() if cue.beat == beat}
            done = not set(story.plans.get(beat, ())) - asked and open_cue(story) is None and not story.offered
            if done and not evening.stage.busy():
                return
            await evening.desk.narrator.something()


async def _hand_over(evening: Evening, opening: Scene, terminal: Terminal) -> None:
    terminal.notice("")
    terminal.notice("Now it is your story. Type what happens and press Enter; /help lists the commands; Ctrl-D ends.")
    terminal.notice(f"For example: {opening.suggestions[0]}")
    with terminal.typing():
        await read_lines(terminal, evening.desk)


async def _leave(evening: Evening, folder: Path, settings: Settings, terminal: Terminal) -> None:
    """Write the story and its clips where people find them."""
    with trio.CancelScope(shield=True):
        for form in ("dwlog", "json", "txt"):
            await evening.desk.shelf.export(form, folder / f"story.{form}")
        clips = folder / "clips"
        clips.mkdir(exist_ok=True)
        kept = 0
        for path in sorted(settings.audio.glob("*.ogg")):
            await trio.to_thread.run_sync(shutil.copyfile, path, clips / path.name)
            kept += 1
        summary = evening.desk.shelf.summary()
    terminal.notice("")
    terminal.notice(
        f"The story is in {folder}: story.txt to read, story.json for programs, story.dwlog signed, and {kept} clips."
    )
    terminal.notice(f"Its fingerprint: {summary['fingerprint']}")
    terminal.notice(f"Check it yourself: dwnet log verify {folder / 'story.dwlog'} --story {summary['tag']}")
