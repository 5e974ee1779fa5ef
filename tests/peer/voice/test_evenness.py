"""Clips of different engines beside each other: equally loud, and without silence but the pause that was meant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dwnet.audio import LOUDNESS, decode_clip, loudness, trim_silence
from dwnet.settings import Settings, peer_settings
from peer.voice.clips import make_clip, pause_after
from peer.voice.contract import parse_voice
from peer.voice.engines import open_speaker
from tests.kit.contract_speaker import SENTENCE
from tests.kit.google import google
from tests.kit.speech_server import speech_server
from tests.kit.tiny_piper import tiny_piper
from tests.kit.tiny_xtts import tiny_xtts


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    async with google(tmp_path) as there, speech_server() as server:
        monkeypatch.setenv("HTTPS_PROXY", there.proxy)
        server.silence = 0.5
        yield peer_settings({"data": tmp_path, "invite": "dw1x"}, {"SPEECH_SERVER_URL": server.url})


async def even(voice: str, here: Settings) -> None:
    chosen = parse_voice(voice)
    clip = await make_clip(open_speaker(chosen.engine, here), SENTENCE, chosen)
    assert clip is not None
    sound = decode_clip(clip)
    assert loudness(sound) == pytest.approx(LOUDNESS, abs=2), voice  # a voice of sharp peaks is held back by them
    silence = sound.seconds - trim_silence(sound).seconds
    assert silence < pause_after(SENTENCE) + 0.1, voice


@pytest.mark.parametrize("voice", ["espeak:en-us+f5", "espeak:en+klatt2?pitch=20", "openai:alloy", "gtts:en"])
async def test_clips_of_all_engines_are_equally_loud_and_trimmed(here: Settings, voice: str) -> None:
    await even(voice, here)


@pytest.mark.parametrize("loud", [0.01, 0.9])
async def test_a_quiet_voice_and_a_loud_one_are_brought_together(here: Settings, loud: float) -> None:
    await even(f"piper:{tiny_piper(here.piper_voices, loud=loud)}", here)


@pytest.mark.slow
async def test_a_clip_of_xtts_is_as_loud_as_the_others(here: Settings) -> None:
    tiny_xtts(here.xtts)
    await even("xtts:Claribel_Dervla", here)
