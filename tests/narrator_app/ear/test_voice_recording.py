"""A voice recorded from a real device of miniaudio's; how it looks at the desk is tested there."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from dwnet.audio import CLIP_RATE
from narrator_app.ear.voice_recording import NotRecorded, VoiceRecording
from tests.kit.company import open_desk


async def test_a_device_is_recorded_as_long_as_somebody_looks(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        recording = VoiceRecording(evening.desk.stenographer, "null")
        with trio.fail_after(60):
            await recording.run("", lambda: recording.seconds < 0.2)
        assert 0.2 <= recording.seconds < 0.25 and recording.level == 0.0
        assert (recording.sound.rate, recording.sound.seconds) == (CLIP_RATE, recording.seconds)


async def test_one_that_was_stopped_before_it_began_records_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        recording = VoiceRecording(evening.desk.stenographer, "null")
        recording.stop()
        with trio.fail_after(60):
            await recording.run("", lambda: True)
        assert recording.seconds == 0


async def test_a_microphone_that_is_not_there_is_said_with_a_remedy(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        recording = VoiceRecording(evening.desk.stenographer, "null")
        with pytest.raises(NotRecorded, match="Trumpet is not there") as caught:
            await recording.run("Trumpet", lambda: True)
        assert "Settings, Hearing" in caught.value.hint
