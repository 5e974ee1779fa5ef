"""gTTS by its real library, against Google's part played on this machine, and against no network at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from peer.voice.clips import whole
from peer.voice.contract import SpeechFailed, Voice, VoiceUnknown
from peer.voice.gtts import Gtts
from tests.kit.contract_speaker import SENTENCE, SHORT, Make, SpeakerContract
from tests.kit.google import Google, google

ENGLISH = Voice("gtts", "en")


@pytest.fixture
async def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Google]:
    async with google(tmp_path) as there:
        monkeypatch.setenv("HTTPS_PROXY", there.proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        yield there


@pytest.mark.slow  # each sentence is a process of its own
class TestGtts(SpeakerContract):
    name = "en"
    words = 20
    crowd = (2, 4)  # each sentence is a process of its own
    rates = False  # usual and slow are all there is

    @pytest.fixture
    def make(self, there: Google) -> Make:
        return Gtts

    @pytest.fixture
    def make_missing(self, monkeypatch: pytest.MonkeyPatch) -> Make:
        monkeypatch.setattr("peer.voice.gtts.find_spec", lambda name: None)
        return Gtts


async def test_language_accent_and_slow_speech_are_asked_for(there: Google) -> None:
    await whole(Gtts(), SHORT, Voice("gtts", "en@co.uk", rate=100))
    await whole(Gtts(), SHORT, Voice("gtts", "de"))
    assert there.asked == [("translate.google.co.uk", SHORT, "en", True), ("translate.google.com", SHORT, "de", False)]
    assert "Google" in Gtts().notice


async def test_without_a_network_the_failure_says_that_google_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(SpeechFailed) as caught:
        await whole(Gtts(), SENTENCE, ENGLISH)
    assert "Google was not reached" in caught.value.what and "Failed to connect" in caught.value.what


async def test_google_saying_nothing_is_given_up_and_its_process_is_killed(
    there: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.silent = True
    monkeypatch.setattr("peer.voice.gtts.ANSWER_SECONDS", 3.0)
    with trio.fail_after(60), pytest.raises(SpeechFailed, match="did not answer"):
        await whole(Gtts(), SENTENCE, ENGLISH)
    there.silent = False
    monkeypatch.setattr("peer.voice.gtts.ANSWER_SECONDS", 60.0)
    assert (await whole(Gtts(), SENTENCE, ENGLISH)).seconds > 1


@pytest.mark.parametrize("name", ["en@evil.example", "en@evil.example/x", "en@co uk", "en@@com", "xx"])
async def test_a_voice_that_would_lead_elsewhere_than_to_google_is_refused(there: Google, name: str) -> None:
    with pytest.raises(VoiceUnknown):
        await whole(Gtts(), SHORT, Voice("gtts", name))
    assert not there.asked
