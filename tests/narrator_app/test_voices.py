"""Trying a voice at the desk: a real process of the characters' program says it, and it is heard."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import pytest
import trio

from dwnet.audio import CLIP_RATE, decode_clip
from dwnet.errors import NodeError
from dwnet.playback import open_player
from narrator_app.voices import VoiceNotHeard, Voices


async def test_every_voice_is_listed_and_the_picked_ones_come_first(tmp_path: Path) -> None:
    async with open_player("null") as player:
        voices = Voices(player, tmp_path)
        listed = await voices.listed()
        assert listed[0].picked and listed[0].engine == "espeak" and not listed[-1].picked
        assert len({one.voice for one in listed}) > 100
        assert await voices.listed() is listed, "asked for once"


async def test_a_voice_is_heard_to_its_end(tmp_path: Path) -> None:
    async with open_player("null") as player:
        await Voices(player, tmp_path).hear("espeak:en-us+f5?pitch=70&rate=300", "Good evening.")
        assert player.heard_seconds > 0.3


async def test_the_next_try_stops_the_last(tmp_path: Path) -> None:
    async with open_player("null") as player, trio.open_nursery() as nursery:
        voices = Voices(player, tmp_path)
        nursery.start_soon(voices.hear, "espeak:en-us", "One two three four five six seven eight nine ten. " * 5)
        while not player.seconds_left() > 1:  # noqa: ASYNC110 - a device has no event for that
            await trio.sleep(0.05)
        voices.stop()
        while player.seconds_left() > 1:  # noqa: ASYNC110 - nor for that
            await trio.sleep(0.05)
        assert player.heard_seconds < 5


async def test_a_voice_that_is_not_there_is_refused_with_a_remedy(tmp_path: Path) -> None:
    async with open_player("null") as player:
        with pytest.raises(VoiceNotHeard) as caught:
            await Voices(player, tmp_path).hear("espeak:nosuch", "Hm.")
        assert "nosuch" in caught.value.what and "voice list" in caught.value.hint
        player.give_up()
        with pytest.raises(NodeError):
            await Voices(player, tmp_path).hear("espeak:en-us", "Hm.")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dwnet", "voice", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_voice_is_written_to_a_file_of_either_form(tmp_path: Path) -> None:
    for name in ("hello.wav", "hello.ogg"):
        out = tmp_path / name
        ran = run("say", "Good evening.", "--voice", "espeak:en-us+f5", "--out", str(out), "--json")
        said = json.loads(ran.stdout)
        assert (ran.returncode, said["event"], said["path"]) == (0, "said", str(out)) and said["seconds"] > 0.3
    with wave.open(str(tmp_path / "hello.wav"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2) and file.getnframes() > 5_000
    assert decode_clip((tmp_path / "hello.ogg").read_bytes()).rate == CLIP_RATE


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("say", "Hm.", "--voice", "espeak:nosuch", "--out", "x.wav"), 3),
        (("say", "Hm.", "--voice", "nonsense", "--out", "x.wav"), 2),
        (("say", "Hm.", "--voice", "nobody:x", "--out", "x.wav"), 2),
        (("say", " ", "--voice", "espeak:en", "--out", "x.wav"), 2),
        (("say", "Hm.", "--voice", "espeak:en", "--out", "x.mp3"), 2),
    ],
)
def test_what_cannot_be_said_is_refused_and_no_file_is_left(
    arguments: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    out = tmp_path / arguments[-1]
    ran = run(*arguments[:-1], str(out))
    assert ran.returncode == code and len(ran.stderr.splitlines()) >= 2 and "Traceback" not in ran.stderr
    assert not list(tmp_path.iterdir())
