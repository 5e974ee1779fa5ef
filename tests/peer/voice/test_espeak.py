from __future__ import annotations

import subprocess
import sys

import pytest

from peer.voice.clips import whole
from peer.voice.contract import SpeakerMissing, SpeechFailed, Voice, VoiceUnknown
from peer.voice.espeak import Espeak
from protocol import limits
from tests.kit.contract_speaker import SENTENCE, Make, SpeakerContract
from tests.kit.sounds import pitch_of


class TestEspeak(SpeakerContract):
    name = "en-us+f5"
    words = 300

    @pytest.fixture
    def make(self) -> Make:
        return Espeak

    @pytest.fixture
    def make_missing(self, monkeypatch: pytest.MonkeyPatch) -> Make:
        def load() -> None:
            raise SpeakerMissing(engine="espeak", why="the package espeakng-loader is missing or broken")

        monkeypatch.setattr("peer.voice.espeak._load", load)
        return Espeak


@pytest.mark.parametrize(
    "name",
    [
        "en",
        "EN-US",
        "en-gb",
        "english",
        "German",
        "de",
        "fr-fr",
        "pt-pt",
        "zh",
        "en-us+F5",
        "en-us+Mr serious",
        "gmw/en",
    ],
)
async def test_a_voice_goes_by_every_name_people_use(name: str) -> None:
    assert (await whole(Espeak(), SENTENCE, Voice("espeak", name))).seconds > 1


@pytest.mark.parametrize(
    "name",
    ["en-us+nosuch", "en-us+", "+f5", "mb-en1", "mb/mb-en1", "../../etc/passwd", "en-us+../../lang/de", "!v/f5", "fo"],
)
async def test_a_voice_that_would_be_ignored_or_fall_silent_is_refused(name: str) -> None:
    with pytest.raises(VoiceUnknown):
        await whole(Espeak(), SENTENCE, Voice("espeak", name))


async def test_a_misspelt_voice_is_answered_with_the_closest() -> None:
    with pytest.raises(VoiceUnknown) as caught:
        await whole(Espeak(), SENTENCE, Voice("espeak", "en-us+klat2"))
    assert "en-us+klatt2" in caught.value.hint and "dwnet voice list" in caught.value.hint


async def test_every_voice_that_is_listed_speaks() -> None:
    speaker = Espeak()
    voices = speaker.voices()
    assert len(voices) > 200
    silent = [
        name for name in voices if (await whole(speaker, "One, two, three.", Voice("espeak", name))).seconds < 0.3
    ]
    assert silent == []


async def test_pitch_is_obeyed_and_forgotten_by_the_next_sentence() -> None:
    speaker = Espeak()
    usual = await whole(speaker, SENTENCE, Voice("espeak", "en-us"))
    high = await whole(speaker, SENTENCE, Voice("espeak", "en-us", pitch=99))
    again = await whole(speaker, SENTENCE, Voice("espeak", "en-us"))
    assert pitch_of(high) > 1.2 * pitch_of(usual)
    assert pitch_of(again) == pytest.approx(pitch_of(usual), rel=0.1)


async def test_text_behind_a_nul_is_spoken_too() -> None:
    speaker = Espeak()
    uncut = await whole(speaker, "The wizard sleeps. The dragon wakes.", Voice("espeak", "en-us"))
    cut = await whole(speaker, "The wizard sleeps.\0 The dragon wakes.", Voice("espeak", "en-us"))
    assert cut.seconds == pytest.approx(uncut.seconds, rel=0.05)


async def test_a_sentence_without_end_is_stopped_at_what_a_clip_may_hold() -> None:
    with pytest.raises(SpeechFailed, match=str(limits.CLIP_SECONDS)):
        await whole(Espeak(), "word " * 3000, Voice("espeak", "en-us"))
    assert (await whole(Espeak(), SENTENCE, Voice("espeak", "en-us"))).seconds < 5


def test_without_its_package_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['espeakng_loader'] = None\n"
        "from peer.voice.espeak import Espeak\n"
        "print(Espeak().missing())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "espeakng-loader" in done.stdout and "pip" in done.stdout
