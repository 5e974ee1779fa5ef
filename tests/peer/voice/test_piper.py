"""Piper by its real library, with voices of some hundred bytes that were made for the test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dwnet.settings import Settings, peer_settings
from peer.voice.clips import whole
from peer.voice.contract import Speaker, SpeechFailed, Voice, VoiceUnknown
from peer.voice.espeak import Espeak
from peer.voice.piper import Piper
from tests.kit.contract_speaker import SENTENCE, SHORT, Make, SpeakerContract
from tests.kit.sounds import samples_of
from tests.kit.tiny_piper import tiny_piper


def settings(folder: Path) -> Settings:
    return peer_settings({"data": folder, "invite": "dw1x"}, {})


class TestPiper(SpeakerContract):
    name = "en_US-tones-x_low"
    words = 2_000
    streams = False

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        here = settings(tmp_path)
        tiny_piper(here.piper_voices, self.name)
        return lambda: Piper(here)

    @pytest.fixture
    def make_missing(self, tmp_path: Path) -> Make:
        return lambda: Piper(settings(tmp_path))


async def loudest_tone(speaker: Speaker, name: str) -> float:
    """Mean frequency of what a voice makes of a sentence, in Hz."""
    sound = await whole(speaker, SHORT, Voice("piper", name))
    crossings = np.count_nonzero(np.diff(np.signbit(samples_of(sound))))
    return float(crossings / 2 / sound.seconds)


async def test_each_speaker_of_a_voice_with_several_is_a_voice(tmp_path: Path) -> None:
    here = settings(tmp_path)
    choir = tiny_piper(here.piper_voices, "en_US-choir-x_low", speakers=3)
    speaker = Piper(here)
    assert speaker.voices() == [choir, f"{choir}#s0", f"{choir}#s1", f"{choir}#s2"]
    first, second, third = [await loudest_tone(speaker, f"{choir}#s{number}") for number in range(3)]
    assert first + 30 < second < third - 30
    assert await loudest_tone(speaker, choir) == pytest.approx(first, rel=0.05)
    with pytest.raises(VoiceUnknown) as caught:
        await whole(speaker, SHORT, Voice("piper", f"{choir}#s9"))
    assert f"{choir}#s" in caught.value.hint


async def test_numbers_and_abbreviations_are_read_by_the_engine(tmp_path: Path) -> None:
    here = settings(tmp_path)
    voice = Voice("piper", tiny_piper(here.piper_voices))
    for written, read in (("42 doors", "forty two doors"), ("Mr. Smith", "Mister Smith"), ("5%", "five percent")):
        heard = await whole(Piper(here), written, voice)
        assert heard.seconds == pytest.approx((await whole(Piper(here), read, voice)).seconds, rel=0.02), written


@pytest.mark.parametrize("part", ["onnx", "json"])
async def test_a_voice_that_was_fetched_in_part_is_refused_by_its_name(tmp_path: Path, part: str) -> None:
    here = settings(tmp_path)
    name = tiny_piper(here.piper_voices)
    file = here.piper_voices / name / (f"{name}.onnx" if part == "onnx" else f"{name}.onnx.json")
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(SpeechFailed, match="fetch it again"):
        await whole(Piper(here), SENTENCE, Voice("piper", name))


async def test_two_engines_in_one_process_do_not_disturb_each_other(tmp_path: Path) -> None:
    here = settings(tmp_path)
    piper, espeak = Piper(here), Espeak()
    name = tiny_piper(here.piper_voices)
    before = [(await whole(espeak, SENTENCE, Voice("espeak", "de"))).seconds, 0.0]
    before[1] = (await whole(piper, SENTENCE, Voice("piper", name))).seconds
    for _ in range(3):
        assert (await whole(espeak, SENTENCE, Voice("espeak", "de"))).seconds == pytest.approx(before[0], rel=0.05)
        assert (await whole(piper, SENTENCE, Voice("piper", name))).seconds == pytest.approx(before[1], rel=0.05)
