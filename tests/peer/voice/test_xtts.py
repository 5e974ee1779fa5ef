"""XTTS by its real library, with a model made for the test. Slow: the library alone takes ten seconds to import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dwnet.audio import Sound, encode_ogg
from dwnet.settings import Settings, peer_settings
from peer.voice.catalogue import say
from peer.voice.clips import whole
from peer.voice.contract import LanguageUnknown, SpeechFailed, Voice
from peer.voice.espeak import Espeak
from peer.voice.reference import ReferenceUnfit, read_reference
from peer.voice.xtts import AGREED, COQUIS_OWN, Xtts
from tests.kit.contract_speaker import SENTENCE, SHORT, Make, SpeakerContract
from tests.kit.sounds import noise, tone
from tests.kit.tiny_xtts import tiny_xtts

CLARIBEL = Voice("xtts", "Claribel_Dervla")
slow = pytest.mark.slow


def settings(folder: Path, **environ: str) -> Settings:
    return peer_settings({"data": folder, "invite": "dw1x"}, environ)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with a model in it, that nobody changes."""
    import torch

    torch.set_num_threads(1)  # several wait for each other where other programs are busy, and the model is tiny
    here = settings(tmp_path_factory.mktemp("xtts"))
    tiny_xtts(here.xtts)
    return here


async def spoken(folder: Path, name: str = "mira.ogg") -> Path:
    """A recording of somebody who speaks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(encode_ogg(await whole(Espeak(), SENTENCE, Voice("espeak", "en-us+f5"))))
    return folder / name


@slow
class TestXtts(SpeakerContract):
    name = "Claribel_Dervla"
    words = 300
    reads = False
    crowd = (2, 6)

    @pytest.fixture
    def make(self, here: Settings) -> Make:
        return lambda: Xtts(here)

    @pytest.fixture
    def make_missing(self, tmp_path: Path) -> Make:
        return lambda: Xtts(settings(tmp_path))


@slow
async def test_every_recording_is_a_voice_and_is_listened_to_once(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    listened: list[Path] = []

    def counted(path: Path) -> Sound:
        listened.append(path)
        return read_reference(path)

    monkeypatch.setattr("peer.voice.xtts.read_reference", counted)
    recording = await spoken(here.reference_voices, "old mira.ogg")
    speaker = Xtts(here)
    assert list(speaker.voices()) == ["Claribel_Dervla", "old_mira"]
    for sentence in (SHORT, SENTENCE):
        assert (await whole(speaker, sentence, Voice("xtts", "old_mira"))).seconds > 1
    assert listened == [recording]


@slow
async def test_a_language_it_does_not_speak_is_refused_with_those_it_does(here: Settings) -> None:
    with pytest.raises(LanguageUnknown, match="xx") as caught:
        await whole(Xtts(here), SHORT, Voice("xtts", CLARIBEL.name, language="xx"))
    assert "de" in caught.value.hint and "zh-cn" in caught.value.hint
    assert (await whole(Xtts(here), SHORT, Voice("xtts", CLARIBEL.name, language="de"))).seconds > 1


@slow
async def test_numbers_and_abbreviations_are_read_by_the_engine(here: Settings) -> None:
    from peer.voice.xtts import _load

    encode = _load(here.xtts).tokenizer.encode
    for written, read in (("42 doors", "forty-two doors"), ("mr. smith", "mister smith"), ("5%", "five percent")):
        assert encode(written, "en") == encode(read, "en"), written


@slow
async def test_a_long_sentence_is_read_to_its_end(here: Settings) -> None:
    """The library would cut it after 250 characters, and refuse what is longer than its tokens."""
    once = (await whole(Xtts(here), SHORT, CLARIBEL)).seconds
    for long in ("the old wizard walks, " * 24, "9876543210 " * 20, "a" * 600):
        assert (await whole(Xtts(here), long, CLARIBEL)).seconds > 1.9 * once, long


@slow
async def test_without_agreement_to_its_terms_it_does_not_speak_and_never_asks(
    tmp_path: Path, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = settings(tmp_path)
    there.xtts.parent.mkdir(parents=True)
    there.xtts.mkdir()
    for file in here.xtts.iterdir():
        if file.name != AGREED:
            os.link(file, there.xtts / file.name)
    assert "terms" in (Xtts(there).missing() or "")
    monkeypatch.setenv("COQUI_TOS_AGREED", "1")
    assert Xtts(there).missing() is None


@slow
async def test_a_damaged_model_is_refused_by_its_folder(tmp_path: Path, here: Settings) -> None:
    there = settings(tmp_path)
    there.xtts.mkdir(parents=True)
    for file in here.xtts.iterdir():
        data = file.read_bytes()
        (there.xtts / file.name).write_bytes(data[:5_000] if file.name == "model.pth" else data)
    with pytest.raises(SpeechFailed, match="fetch it again"):
        await whole(Xtts(there), SHORT, CLARIBEL)


@slow
def test_a_voice_is_tried_from_a_recording(tmp_path: Path, here: Settings) -> None:
    sample = tmp_path / "me.wav"
    sample.write_bytes(encode_ogg(noise(3)))
    seconds = say("Good evening. Who are you?", "xtts:me", tmp_path / "out.wav", here, sample)
    assert seconds > 2 and (tmp_path / "out.wav").stat().st_size > 50_000


@slow
def test_on_a_machine_without_cuda_it_says_nothing_on_stdout_and_reads_no_stdin(here: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dwnet", "voice", "say", SHORT, "--voice", "xtts:Claribel_Dervla", "--json"]
    arguments = ["--data", str(here.root), "--out", str(tmp_path / "out.ogg")]
    (here.root / "seat").touch()
    (here.root / "keys").mkdir(exist_ok=True)
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=250, stdin=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 and '"said"' in done.stdout


def test_what_coquis_own_program_fetched_is_found(tmp_path: Path) -> None:
    there = settings(tmp_path, TTS_HOME=str(tmp_path / "tts"))
    folder = tmp_path / "tts" / COQUIS_OWN
    folder.mkdir(parents=True)
    assert "fetch xtts" in (Xtts(there).missing() or "")
    for name in ("config.json", "vocab.json", "model.pth"):
        (folder / name).touch()
    assert "terms" in (Xtts(there).missing() or "")


@pytest.mark.parametrize(
    ("sound", "why"),
    [(tone(200, 0.4), "0.4 seconds"), (tone(200, 3, peak=0), "silent"), (None, "no sound file"), (b"", "empty")],
)
def test_a_recording_that_gives_no_voice_is_refused_with_the_reason(
    tmp_path: Path, sound: Sound | bytes | None, why: str
) -> None:
    sample = tmp_path / "me.ogg"
    sample.write_bytes(encode_ogg(sound) if isinstance(sound, Sound) else sound if sound is not None else b"MZ" * 500)
    with pytest.raises(ReferenceUnfit, match=why):
        read_reference(sample)
