from __future__ import annotations

import pytest
import trio

from dwnet.audio import Sound
from narrator_app.ear.microphone import WAITING, Microphone, MicrophoneGone, NoMicrophone, microphones, open_microphone
from narrator_app.ear.voice_activity import FRAME


async def test_frames_come_from_a_device() -> None:
    async with open_microphone(backend="null") as microphone:
        with trio.fail_after(60):
            async for frame in microphone.frames():
                assert len(frame) == 2 * FRAME
                break


async def test_its_devices_have_names_and_one_can_be_chosen() -> None:
    (name, *_) = microphones("null")
    async with open_microphone(name, "null") as microphone:
        assert microphone.name == name


async def test_a_device_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(NoMicrophone, match="Trumpet is not there; there are: NULL"):
        async with open_microphone("Trumpet", "null"):
            pass


async def test_a_device_that_brings_nothing_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrator_app.ear.microphone.SILENT", 0.05)
    microphone = Microphone("Trumpet")
    with pytest.raises(MicrophoneGone, match="Trumpet"):
        async for _ in microphone.frames():
            pass


async def test_what_nobody_takes_is_lost_from_its_beginning_and_counted() -> None:
    microphone = Microphone("")
    source = microphone._source()
    next(source)
    for number in range(WAITING + 3):
        source.send(number.to_bytes(2, "little") * FRAME)
    assert microphone.lost == 3
    async for frame in microphone.frames():
        assert frame[:2] == (3).to_bytes(2, "little")
        break
    assert 0 <= microphone.level <= 1 and Sound(frame, 16_000).frames == FRAME
