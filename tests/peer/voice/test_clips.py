from __future__ import annotations

import pytest

from dwnet.audio import Sound, decode_clip, loudness, silence, trim_silence
from peer.voice.bank import BANK
from peer.voice.clips import make_clip, pause_after
from peer.voice.contract import Voice, VoiceUnknown, parse_voice
from peer.voice.engines import SPEAKERS, SpeakerUnknown, open_speaker
from tests.kit.sounds import noise

SENTENCE = "The old wizard walks slowly into the dark forest."


class Told:
    """A speaker that says the sound it was given."""

    engine = "told"

    def __init__(self, sound: Sound) -> None:
        self._sound = sound

    def missing(self) -> str | None:
        return None

    def voices(self) -> tuple[str, ...]:
        return ("any",)

    async def speak(self, sentence: str, voice: Voice) -> Sound:
        return self._sound


async def test_a_sentence_becomes_a_clip_that_can_be_heard() -> None:
    clip = await make_clip(open_speaker("espeak"), SENTENCE, Voice("espeak", "en-us"))
    assert clip is not None
    assert 2 < decode_clip(clip).seconds < 6


async def test_all_voices_of_the_bank_are_about_equally_loud() -> None:
    speaker = open_speaker("espeak")
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
        await make_clip(open_speaker("espeak"), SENTENCE, Voice("espeak", "nosuch"))


def test_an_unknown_speaker_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SpeakerUnknown, match="xtts9") as caught:
        open_speaker("xtts9")
    assert all(name in caught.value.hint for name in SPEAKERS)


@pytest.mark.parametrize("name", sorted(SPEAKERS))
def test_every_speaker_goes_by_the_name_it_is_opened_with(name: str) -> None:
    assert open_speaker(name).engine == name
