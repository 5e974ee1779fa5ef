from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from narrator_app.ear.contract import Ear, EarFailed, EarMissing
from narrator_app.ear.engines import open_ear
from narrator_app.ear.whisper import Whisper
from tests.kit.contract_ear import SENTENCE, EarContract, hears, pieces
from tests.kit.spoken import spoken
from tests.kit.tiny_whisper import tiny_whisper


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper")
    tiny_whisper(folder / "own", SENTENCE)
    return folder


class TestWhisper(EarContract):
    @pytest.fixture(autouse=True)
    def _models(self, models: Path) -> None:
        self.models = models

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Ear]:
        async with open_ear("whisper:own", self.models, lambda _: None) as ear:
            yield ear


async def test_words_are_shown_while_one_speaks(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrator_app.ear.whisper.QUICK", 600.0)  # this machine may be busy
    ear = Whisper("own", models)
    sound = await spoken(SENTENCE)
    await hears(ear, sound)  # the model is loaded now
    said = await hears(ear, *pieces(sound), *pieces(sound))
    assert len(said) > 1 and not said[0].final and said[0].text


async def test_a_folder_of_ones_own_is_an_ear_too(models: Path) -> None:
    assert Whisper(str(models / "own"), Path("nowhere")).missing() is None


async def test_without_a_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    assert str(tmp_path / "mine") in (Whisper("mine", tmp_path).missing() or "")
    ear = Whisper("small", tmp_path)
    assert "dwnet ear fetch small" in (ear.missing() or "")
    with pytest.RaisesGroup(EarMissing, flatten_subgroups=True):
        await hears(ear, await spoken(SENTENCE))


async def test_a_spoilt_model_is_said(models: Path, tmp_path: Path) -> None:
    for file in (models / "own").iterdir():
        (tmp_path / "spoilt").mkdir(exist_ok=True)
        (tmp_path / "spoilt" / file.name).write_bytes(file.read_bytes()[:1_000])
    with pytest.RaisesGroup(EarFailed, flatten_subgroups=True):
        await hears(Whisper("spoilt", tmp_path), await spoken(SENTENCE))
