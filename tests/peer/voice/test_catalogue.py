"""Voices as they are listed and tried on this machine, and what the doctor says of the engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from dwnet.audio import encode_ogg, read_sound
from dwnet.doctor import examine
from dwnet.settings import Settings, peer_settings
from dwnet.whole_file import FileNotRead
from peer.run import engine_checks
from peer.voice.catalogue import NotCloned, NothingToSay, say, voices
from peer.voice.contract import SpeakerMissing, parse_voice
from peer.voice.engines import SPEAKERS
from peer.voice.reference import ReferenceUnfit
from tests.kit.sounds import tone
from tests.kit.tiny_piper import tiny_piper


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    here = peer_settings({"data": tmp_path / "here", "invite": "dw1x"}, {})
    tiny_piper(here.piper_voices)
    return here


def test_every_engine_is_listed_with_its_voices_or_what_it_lacks(here: Settings) -> None:
    rows = list(voices(here))
    assert {row.engine for row in rows} == set(SPEAKERS)
    assert all(parse_voice(row.voice).engine == row.engine for row in rows if row.voice)
    assert [row.voice for row in rows if row.engine == "piper"] == ["piper:en_US-tones-x_low"]
    lacking = {row.engine: row.missing for row in rows if not row.voice}
    assert "dwnet voice fetch xtts" in lacking["xtts"] and "config.toml" in lacking["openai"]
    notices = {row.engine: row.notice for row in rows}
    assert "Google" in notices["gtts"] and "commercial" in notices["xtts"] and "sent to" in notices["openai"]


async def test_the_doctor_names_every_engine_and_finds_no_fault_in_what_nobody_wanted(here: Settings) -> None:
    found = {one.name: one for one in await examine(here, engine_checks(here))}
    assert found["speakers"].ok and all(f"{engine}: " in found["speakers"].what for engine in SPEAKERS)
    wanted = peer_settings({"data": here.root, "invite": "dw1x", "voice": "xtts:mira"}, {})
    found = {one.name: one for one in await examine(wanted, engine_checks(wanted))}
    assert not found["voice"].ok and "fetch xtts" in found["voice"].remedy


def test_a_long_text_is_said_to_its_end_sentence_by_sentence(tmp_path: Path, here: Settings) -> None:
    out = tmp_path / "out.wav"
    once = say("The old wizard walks slowly into the forest.", "espeak:en?rate=450", out, here)
    assert say("The old wizard walks slowly into the forest. " * 115, "espeak:en?rate=450", out, here) > 100 * once
    assert read_sound(out.read_bytes(), 10_000).seconds > 100 * once


def test_what_is_no_word_is_not_said(tmp_path: Path, here: Settings) -> None:
    plain = say("Who is there?", "piper:en_US-tones-x_low", tmp_path / "out.wav", here)
    assert say("**Who** is there? 😀", "piper:en_US-tones-x_low", tmp_path / "out.wav", here) == pytest.approx(
        plain, 0.05
    )
    with pytest.raises(NothingToSay):
        say("😀 ... ***", "piper:en_US-tones-x_low", tmp_path / "nothing.wav", here)
    assert not (tmp_path / "nothing.wav").exists()


def test_a_recording_is_looked_at_before_any_model_is_asked(tmp_path: Path, here: Settings) -> None:
    sample, out = tmp_path / "me.ogg", tmp_path / "out.wav"
    with pytest.raises(FileNotRead):
        say("Hello.", "xtts:me", out, here, sample)
    sample.write_bytes(encode_ogg(tone(200, 0.3)))
    with pytest.raises(ReferenceUnfit, match=r"0\.3 seconds"):
        say("Hello.", "xtts:me", out, here, sample)
    with pytest.raises(NotCloned, match="piper"):
        say("Hello.", "piper:en_US-tones-x_low", out, here, sample)
    sample.write_bytes(encode_ogg(tone(200, 3)))
    with pytest.raises(SpeakerMissing, match="fetch xtts"):
        say("Hello.", "xtts:me", out, here, sample)
    assert not out.exists()
