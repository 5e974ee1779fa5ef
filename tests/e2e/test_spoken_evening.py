"""An evening without hands: a voice speaks, a microphone hears it, it is told, and a character answers aloud."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from dwnet.audio import Sound, concatenate, decode_clip, written_flac
from dwnet.playback import open_player
from narrator_app.ear.microphone import open_microphone
from narrator_app.ear.voice_activity import FRAME_SECONDS, VoiceActivity
from tests.kit.hive import Event, Hive
from tests.kit.program import PATIENCE
from tests.kit.quick_writer import QuickWriter
from tests.kit.quiet_room import PACKAGE, quiet_room
from tests.kit.spoken import accuracy, spoken

SAID = "Pim opens the old gate"
ANSWERED = "The old gate was never shut. The night is long, and I am here."
SPOKEN = 0.5  # seconds of speech
TRIES = 4

pytestmark = pytest.mark.slow


def say(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the microphone."""
    monkeypatch.setenv("PULSE_SINK", "mouth")

    async def play() -> None:
        sound = await spoken(text, pause=0.5)
        async with open_player() as player:
            assert player.why_silent is None
            await player.play(sound)

    trio.run(play)


def speech_is_heard(monkeypatch: pytest.MonkeyPatch, while_this_happens: Callable[[], object]) -> None:
    """Listen in the room from before it happens until enough was said there."""
    monkeypatch.setenv("PULSE_SOURCE", "room.monitor")

    async def listen() -> None:
        async with open_microphone() as microphone, trio.open_nursery() as nursery:
            enough = trio.Event()

            async def take() -> None:
                detector, spoken = VoiceActivity(), 0.0
                async for frame in microphone.frames():
                    spoken += detector.speech(frame) * FRAME_SECONDS
                    if spoken > SPOKEN:
                        enough.set()

            nursery.start_soon(take)
            await trio.to_thread.run_sync(while_this_happens)
            with trio.fail_after(PATIENCE):
                await enough.wait()
            nursery.cancel_scope.cancel()

    trio.run(listen)


def understood(quick: Hive, sound: Sound, words: str) -> str:
    """What an ear that knows these words makes of a sound."""
    captured, known = quick.root / "captured.flac", quick.root / "words.txt"
    captured.write_bytes(written_flac(sound))
    known.write_text(words, encoding="utf-8")
    code, events, _, errors = quick.run("ear", "hear", str(captured), "--words", str(known), "--json")
    assert code == 0, errors
    return " ".join(str(one["text"]) for one in events if one["event"] == "heard")


def test_a_voice_is_told_and_a_character_answers_aloud_and_is_understood(
    quick: Hive, writer: QuickWriter, room: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.lines["Pim"] = deque([ANSWERED] * TRIES)
    narrator = quick.narrate(environment={"PULSE_SINK": "room", "PULSE_SOURCE": "mouth.monitor"})
    quick.join(narrator, "Pim")
    scene = "Pim opens the door of the lighthouse. Somebody opens the old gate."
    narrator.wait(
        "narrated", narrator.type(f"/scene {scene}"), mode="scene"
    )  # nobody answers, so that the room is quiet
    mark = narrator.type("/listen on")
    narrator.wait("hearing", mark, state="waiting")

    def told_by_voice() -> Event:
        """Say it until it was heard well enough: on a busy machine sound has gaps."""
        for _ in range(TRIES):
            here = narrator.mark()
            say(SAID, monkeypatch)
            heard = narrator.wait("heard", here)
            narrator.type("/listen mend")
            if accuracy(SAID, heard["text"]) >= 0.6:
                narrator.type("/listen send")
                return heard
            narrator.type("/listen drop")
        raise AssertionError(narrator.report())

    def answered() -> None:
        heard = told_by_voice()
        told = narrator.wait("narrated", mark)
        assert told["text"] == heard["text"]
        quick.answer(narrator, "Pim", mark)
        clips.extend(Path(one) for one in narrator.wait("voiced", mark, member="Pim", clips=bool)["clips"])

    clips: list[Path] = []
    # On a busy machine sound has gaps: what came through the air need only be speech, what was sent must be words.
    speech_is_heard(monkeypatch, answered)
    sent = concatenate([decode_clip(one.read_bytes()) for one in clips])
    heard = understood(quick, sent, ANSWERED)
    assert accuracy(ANSWERED.replace(",", "").replace(".", ""), heard) >= 0.6, heard
    narrator.wait("hearing", narrator.type("/listen off"), state="off")
    assert narrator.leave() == 0


def test_when_the_microphone_goes_away_it_is_said_and_the_story_goes_on(
    quick: Hive, require: Callable[[str, str], str], tmp_path: Path
) -> None:
    with quiet_room(require("pulseaudio", PACKAGE), tmp_path / "pulse") as environment:
        narrator = quick.narrate(environment={**environment, "PULSE_SOURCE": "mouth.monitor"})
        narrator.wait("hearing", narrator.type("/listen on"), state="waiting")
        mark = narrator.mark()
    assert "microphone" in narrator.wait("error", mark)["what"]
    narrator.wait("hearing", mark, state="off")
    narrator.wait("narrated", narrator.type("It goes on."), text="It goes on.")
