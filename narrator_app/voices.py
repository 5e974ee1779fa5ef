"""Trying a voice at the desk: the command that belongs to the characters is run, and what it made is played.

Rules of this file:
- The engines live in the characters' own program; the desk knows them by ``dwnet voice`` alone.
- One try at a time: the next one stops the last.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import trio

from dwnet.audio import Sound, decode_clip
from dwnet.errors import NodeError
from dwnet.playback import Player
from dwnet.text import one_line
from dwnet.whole_file import reading

PATIENCE = 90.0  # seconds for one sentence; an engine that loads a large model takes most of them
SAMPLE = 300  # characters that are said


class VoiceNotHeard(NodeError):
    """This voice cannot be heard here: {why}

    {remedy}
    """


@dataclass(frozen=True)
class VoiceChoice:
    """A voice to choose. ``picked``: easy to understand, and to tell from the others picked."""

    voice: str
    engine: str
    name: str
    picked: bool


class Voices:
    """The voices of this machine, as its characters would have them. ``player`` is what the evening is heard by,
    ``folder`` the data folder with the models and settings of engines.
    """

    def __init__(self, player: Player, folder: Path) -> None:
        self._player = player
        self._data = ("--data", str(folder))
        self._listed: tuple[VoiceChoice, ...] = ()
        self._trying: trio.CancelScope | None = None

    async def listed(self) -> tuple[VoiceChoice, ...]:
        """Every voice, the picked ones first; asked for once.

        :raises VoiceNotHeard:
        """
        if not self._listed:
            rows = await _ask("list", *self._data)
            self._listed = tuple(
                VoiceChoice(str(row["voice"]), str(row["engine"]), str(row["name"]), bool(row["picked"]))
                for row in rows
                if row["event"] == "voice" and row["voice"]
            )
        return self._listed

    async def usual(self, seat: int) -> str:
        """The voice that a character without one is given where it is played, by its seat.

        :raises VoiceNotHeard:
        """
        picked = [one.voice for one in await self.listed() if one.picked]
        if not picked:
            raise VoiceNotHeard(why="no engine can speak on this machine.", remedy="Run: dwnet doctor")
        return picked[seat % len(picked)]

    async def hear(self, voice: str, text: str) -> None:
        """Say a text in a voice, and wait until it was heard or another try began.

        :raises VoiceNotHeard, NoAudioDevice:
        """
        self.stop()
        if self._player.why_silent is not None:
            raise self._player.why_silent
        with trio.CancelScope() as self._trying, tempfile.TemporaryDirectory(prefix="dwnet-voice-") as folder:
            out = Path(folder) / "voice.ogg"
            await _ask("say", one_line(text, SAMPLE), "--voice", voice, "--out", str(out), *self._data)
            with reading(out):
                data = out.read_bytes()
            await self._player.play(await trio.to_thread.run_sync(decode_clip, data))

    async def play(self, sound: Sound) -> None:
        """Let a sound be heard in place of what was being tried, and wait until it was.

        :raises NoAudioDevice:
        """
        self.stop()
        if self._player.why_silent is not None:
            raise self._player.why_silent
        with trio.CancelScope() as self._trying:
            await self._player.play(sound)

    def stop(self) -> None:
        """Be silent again."""
        if self._trying is not None:
            self._trying.cancel()
            self._trying = None


async def _ask(*arguments: str) -> list[dict[str, object]]:
    """Run ``dwnet voice`` with these arguments; the events it printed."""
    command = [sys.executable, "-m", "dwnet", "voice", *arguments, "--json"]
    with trio.move_on_after(PATIENCE) as patience:
        ran = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    if patience.cancelled_caught:
        raise VoiceNotHeard(why=f"it took longer than {PATIENCE:.0f} seconds.", remedy="Choose another voice.")
    events = []
    for line in ran.stdout.splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    for one in events:
        if one["event"] == "error":
            raise VoiceNotHeard(why=one["what"], remedy=one["hint"])
    if ran.returncode:
        why = one_line(ran.stderr.decode(errors="replace"), 200) or f"it ended with {ran.returncode}."
        raise VoiceNotHeard(why=why, remedy="Run: dwnet doctor")
    return events
