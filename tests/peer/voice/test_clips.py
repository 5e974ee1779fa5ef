from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.audio import Sound, decode_clip, loudness, silence, trim_silence
from dwnet.settings import Settings, peer_settings
from peer.voice.bank import BANK
from peer.voice.clips import PATIENCE, make_clip, pause_after, whole
from peer.voice.contract import SpeechFailed, Voice, VoiceUnknown, parse_voice
from peer.voice.engines import SPEAKERS, SpeakerUnknown, open_speaker
from peer.voice.espeak import Espeak
from tests.kit.sounds import noise

SENTENCE = "The old wizard walks slowly into the dark forest."


def told(folder: Path) -> Settings:
    return peer_settings({"data": folder, "invite": "dw1x"}, {})


class Told:
    """A speaker that says the sound it was given."""

    engine = "told"
    notice = ""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound

    def missing(self) -> str | None:
        return None

    def voices(self) -> tuple[str, ...]:
        return ("any",)

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        await out.send(self._sound)


async def test_a_sentence_becomes_a_clip_that_can_be_heard() -> None:
    clip = await make_clip(Espeak(), SENTENCE, Voice("espeak", "en-us"))
    assert clip is not None
    assert 2 < decode_clip(clip).seconds < 6


async def test_all_voices_of_the_bank_are_about_equally_loud() -> None:
    speaker = Espeak()
    clips = [await make_clip(speaker, SENTENCE, parse_voice(text)) for text in BANK]
    measured = [loudness(decode_clip(clip)) for clip in clips if clip]
    assert len(measured) == 16
    assert max(measured) - min(measured) < 2


@pytest.mark.parametrize("sound", [silence(0), silence(1)])
async def test_where_nothing_is_heard_there_is_no_clip(sound: Sound) -> None:
    assert await make_clip(Told(sound), "...", Voice("told", "any")) is None


async def test_a_clip_carries_the_pause_behind_its_sentence() -> None:
    spoken = Told(noise(1))
    stop = await make_clip(spoken, "He left.", Voice("told", "any"))
    comma = await make_clip(spoken, "He left,", Voice("told", "any"))
    assert stop is not None and comma is not None
    assert decode_clip(stop).seconds - decode_clip(comma).seconds == pytest.approx(0.18, abs=0.02)
    assert trim_silence(decode_clip(stop)).seconds == pytest.approx(1, abs=0.1)


def test_pauses_grow_with_the_mark() -> None:
    assert pause_after("yes,") < pause_after("yes") < pause_after("yes.") < pause_after("yes…") == pause_after("yes...")
    assert pause_after('"Yes!"') == pause_after("“是。”") == pause_after("yes.")
    assert pause_after("") > 0


async def test_what_goes_wrong_in_the_speaker_reaches_the_caller() -> None:
    with pytest.raises(VoiceUnknown):
        await make_clip(Espeak(), SENTENCE, Voice("espeak", "nosuch"))


def test_an_unknown_speaker_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(SpeakerUnknown, match="xtts9") as caught:
        open_speaker("xtts9", told(tmp_path))
    assert all(name in caught.value.hint for name in SPEAKERS)


@pytest.mark.parametrize("name", sorted(SPEAKERS))
def test_every_speaker_goes_by_the_name_it_is_opened_with(tmp_path: Path, name: str) -> None:
    assert open_speaker(name, told(tmp_path)).engine == name


async def test_a_sentence_with_words_that_comes_out_silent_was_not_said() -> None:
    with pytest.raises(SpeechFailed, match="no sound"):
        await make_clip(Told(silence(1)), "你好", Voice("told", "any"))


class Hanging(Told):
    """A speaker that stops in the middle of a sentence, and is said to be ended."""

    ended = False

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        await out.send(self._sound)
        try:
            await trio.sleep_forever()
        finally:
            self.ended = True


async def test_an_engine_that_hangs_is_given_up(autojump_clock: MockClock) -> None:
    speaker = Hanging(noise(1))
    with pytest.raises(SpeechFailed, match="no sound for"):
        await whole(speaker, SENTENCE, Voice("told", "any"))
    assert speaker.ended and trio.current_time() == pytest.approx(PATIENCE, abs=1)


class Endless(Told):
    """A speaker that never comes to an end."""

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        while True:
            await out.send(self._sound)


async def test_a_sentence_without_end_is_stopped_at_what_a_clip_may_hold() -> None:
    with pytest.raises(SpeechFailed, match="longer than 120"):
        await whole(Endless(noise(10)), SENTENCE, Voice("told", "any"))


@pytest.mark.skipif(Espeak().missing() is not None, reason="espeak-ng is not installed")
async def test_forty_voices_at_once_each_say_their_own_sentence() -> None:
    speaker, made = Espeak(), dict[int, Sound]()
    voices = [parse_voice(BANK[number % len(BANK)]) for number in range(40)]

    async def say(number: int) -> None:
        data = await make_clip(speaker, f"I am number {number} of forty.", voices[number])
        assert data is not None
        made[number] = decode_clip(data)

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(say, number)
    assert len(made) == 40 and all(1 < one.seconds < 6 for one in made.values())
    assert len({one.pcm for one in made.values()}) == 40
