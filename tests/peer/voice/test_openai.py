"""A speech server as a speaker: what is asked of it, what comes of it, and what it can do wrong."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import trio

from dwnet.audio import Sound, SoundUnreadable, resample
from dwnet.settings import Settings, peer_settings
from peer.voice.arriving import ArrivingSound
from peer.voice.clips import whole
from peer.voice.contract import SpeechFailed, Voice, VoiceUnknown
from peer.voice.openai import SpeechServer as OpenAi
from tests.kit.contract_speaker import SENTENCE, SHORT, Make, SpeakerContract
from tests.kit.sounds import tone
from tests.kit.speech_server import KINDS, SpeechServer, encoded, speech_server

ALLOY = Voice("openai", "alloy")


def settings(folder: Path, url: str = "") -> Settings:
    return peer_settings({"data": folder, "invite": "dw1x"}, {"SPEECH_SERVER_URL": url})


class TestOpenAi(SpeakerContract):
    name = "alloy"
    words = 20

    @pytest.fixture
    def make(self, tmp_path: Path, server: SpeechServer) -> Make:
        return lambda: OpenAi(settings(tmp_path, server.url))

    @pytest.fixture
    def make_missing(self, tmp_path: Path) -> Make:
        return lambda: OpenAi(settings(tmp_path))


@pytest.fixture
async def server() -> AsyncIterator[SpeechServer]:
    async with speech_server() as server:
        yield server


async def test_model_key_and_speed_go_to_the_server_and_the_key_nowhere_else(
    tmp_path: Path, server: SpeechServer
) -> None:
    server.key = "s3cret"
    here = settings(tmp_path, server.url + "#kokoro")
    here.keys.mkdir()
    here.speech_key_file.write_text("s3cret\n")
    here.speech_key_file.chmod(0o600)
    speaker = OpenAi(here)
    assert "127.0.0.1" in speaker.notice
    await whole(speaker, SHORT, Voice("openai", "af_sky+af_bella", rate=330))
    assert server.asked == [
        {"model": "kokoro", "input": SHORT, "voice": "af_sky+af_bella", "response_format": "wav", "speed": 2.0}
    ]
    server.key = "another"
    with pytest.raises(SpeechFailed, match="key") as caught:
        await whole(speaker, SHORT, ALLOY)
    assert "s3cret" not in str(caught.value) + caught.value.hint
    here.speech_key_file.chmod(0o644)
    assert "0644" in (OpenAi(here).missing() or "")


@pytest.mark.parametrize("form", KINDS)
async def test_whatever_form_it_sends_is_heard(tmp_path: Path, server: SpeechServer, form: str) -> None:
    server.form = form
    sound = await whole(OpenAi(settings(tmp_path, server.url)), SHORT, ALLOY)
    assert sound.seconds == pytest.approx(10 * 0.05, abs=0.1)


async def test_a_server_of_something_else_is_told_as_such(tmp_path: Path, server: SpeechServer) -> None:
    server.form = "text"
    with pytest.raises(SpeechFailed, match="text/html"):
        await whole(OpenAi(settings(tmp_path, server.url)), SHORT, ALLOY)


async def test_a_server_that_dies_in_mid_sentence_said_nothing(tmp_path: Path, server: SpeechServer) -> None:
    server.break_after = 1
    speaker = OpenAi(settings(tmp_path, server.url))
    with pytest.raises(SpeechFailed):
        await whole(speaker, SENTENCE, ALLOY)
    server.break_after = None
    assert (await whole(speaker, SENTENCE, ALLOY)).seconds > 1


@pytest.mark.parametrize("after", [0, 1])
async def test_a_server_that_falls_silent_is_given_up(
    tmp_path: Path, server: SpeechServer, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.hang_after = after
    monkeypatch.setattr("peer.voice.openai.FIRST_SECONDS", 2.0)
    monkeypatch.setattr("peer.voice.openai.NEXT_SECONDS", 2.0)
    with trio.fail_after(60), pytest.raises(SpeechFailed, match="no more"):
        await whole(OpenAi(settings(tmp_path, server.url)), SENTENCE, ALLOY)


async def test_where_nobody_answers_that_is_said_with_the_address(tmp_path: Path) -> None:
    with pytest.raises(SpeechFailed, match=r"127\.0\.0\.1:1/"):
        await whole(OpenAi(settings(tmp_path, "http://127.0.0.1:1/v1")), SHORT, ALLOY)


@pytest.mark.parametrize("url", ["ftp://here/v1", "http://", "here", "http://[::1", "http://here:0/v1"])
async def test_what_is_no_address_is_missing_with_a_remedy(tmp_path: Path, url: str) -> None:
    assert "config.toml" in (OpenAi(settings(tmp_path, url)).missing() or "")


async def test_a_voice_the_server_lacks_is_refused_by_name(tmp_path: Path, server: SpeechServer) -> None:
    with pytest.raises(VoiceUnknown, match="no-such-voice"):
        await whole(OpenAi(settings(tmp_path, server.url)), SHORT, Voice("openai", "no-such-voice"))


# --- sound in pieces -------------------------------------------------------------------------------------------------


def heard(data: bytes, kind: str, size: int) -> Sound:
    arriving = ArrivingSound(kind)
    pieces = [arriving.feed(data[place : place + size]) for place in range(0, len(data), size)]
    sounds = [one for one in (*pieces, arriving.close()) if one is not None]
    return Sound(b"".join(one.pcm for one in sounds), sounds[0].rate)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("form", ["wav", "bare"])
def test_sound_is_the_same_however_it_is_cut(form: str, size: int) -> None:
    spoken = tone(300, 0.2, rate=16_000)
    assert heard(encoded(spoken, form), KINDS[form], size) == spoken


def test_two_channels_become_one_and_more_bits_are_read_at_the_end() -> None:
    both = np.stack([np.full(1_600, 0.5), np.full(1_600, 0.25)], axis=1)
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        file = io.BytesIO()
        soundfile.write(file, both, 16_000, format="WAV", subtype=subtype)
        sound = resample(heard(file.getvalue(), "audio/x-wav", 333), 16_000)
        assert sound.frames == 1_600 and sound.pcm[:2] == (12_288).to_bytes(2, "little")


@pytest.mark.parametrize(
    "data", [b"RIFF\0\0\0\0WAVEdata\0\0\0\0" + bytes(50), b'{"error":"quota exceeded"}', b"<html>......"]
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(SoundUnreadable):
        heard(data, "application/json", 5)
