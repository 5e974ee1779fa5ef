"""``dwnet ear``: it works alone, on any sound file, and says what is wrong with those that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from dwnet.audio import Sound, concatenate, resample, silence
from dwnet.cli import main
from narrator_app.ear.catalogue import MOST
from narrator_app.ear.microphone import NoMicrophone
from tests.kit.contract_ear import SENTENCE
from tests.kit.spoken import RATE, accuracy, spoken
from tests.kit.tiny_whisper import tiny_whisper

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def ear(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["ear", *map(str, arguments), "--data", str(tmp_path)], catch_exceptions=False)

    return ear


def events(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def write(path: Path, sound: Sound, channels: int = 1, **form: str) -> Path:
    samples = np.frombuffer(sound.pcm, "<i2")
    soundfile.write(path, np.stack([samples] * channels, axis=1), sound.rate, **form)
    return path


def test_the_ears_of_this_machine_are_listed(run: Run, tmp_path: Path) -> None:
    tiny_whisper(tmp_path / "models" / "ear" / "whisper" / "own", SENTENCE)
    listed = [one for one in events(run("list", "--json")) if one["event"] == "ear"]
    assert [one["ear"] for one in listed if not one["missing"]] == ["sphinx:en-us", "whisper:own"]
    assert all(f"dwnet ear fetch {one['name']}" in one["missing"] for one in listed[2:])
    lines = run("list").stdout.splitlines()
    assert lines[0] == "sphinx:en-us" and lines[2].startswith("whisper:tiny: not ready:")


def test_the_microphones_of_this_machine_are_listed_behind_the_ears(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrator_app.ear.catalogue.microphones", lambda: ["Trumpet", "On the lid"])
    named = events(run("list", "--json"))[-2:]
    assert named == [{"event": "microphone", "name": "Trumpet"}, {"event": "microphone", "name": "On the lid"}]
    assert run("list").stdout.splitlines()[-2:] == ["microphone: Trumpet", "microphone: On the lid"]


def test_without_a_microphone_the_ears_are_listed_and_it_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[str]:
        raise NoMicrophone(why="this machine has no sound system")

    monkeypatch.setattr("narrator_app.ear.catalogue.microphones", none)
    listed = run("list", "--json")
    assert listed.exit_code == 0 and {one["event"] for one in events(listed)} == {"ear"}
    assert "this machine has no sound system" in listed.stderr and "Plug one in" in listed.stderr


@pytest.mark.parametrize(
    ("name", "rate", "channels", "form"),
    [
        ("a.wav", 44_100, 2, {}), ("a.ogg", 24_000, 1, {"subtype": "OPUS"}), ("a.mp3", 24_000, 1, {}),
        ("odd", 8_000, 1, {"format": "FLAC"}),
    ],
)  # fmt: skip
async def test_any_sound_file_is_heard(
    run: Run, tmp_path: Path, name: str, rate: int, channels: int, form: dict[str, str]
) -> None:
    import trio

    tiny_whisper(tmp_path / "models" / "ear" / "whisper" / "own", SENTENCE)
    file = write(tmp_path / name, resample(await spoken(SENTENCE), rate), channels, **form)
    result = await trio.to_thread.run_sync(lambda: run("hear", file, "--ear", "whisper:own"))
    assert result.stdout.strip() == SENTENCE


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import trio

    said = trio.run(spoken, SENTENCE)
    return write(tmp_path_factory.mktemp("said") / "said.wav", resample(said, 44_100), 2)


def test_what_was_said_in_a_file_is_printed(run: Run, recording: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text(f"Pim asks: {SENTENCE.capitalize()}.\nThe Dragon sleeps.\n", encoding="utf-8")
    (heard,) = events(run("hear", recording, "--words", words, "--json"))
    assert heard["event"] == "heard" and heard["ear"] == "sphinx:en-us" and 0 < heard["confidence"] <= 1
    assert accuracy(SENTENCE, heard["text"]) == 1
    assert "Dragon" in heard["text"]  # as the words are spelt there


def test_another_ear_is_a_choice(run: Run, recording: Path, tmp_path: Path) -> None:
    tiny_whisper(tmp_path / "models" / "ear" / "whisper" / "own", SENTENCE)
    assert run("hear", recording, "--ear", "whisper:own").stdout.strip() == SENTENCE


def test_a_long_file_is_heard_breath_by_breath(run: Run, recording: Path, tmp_path: Path) -> None:
    tiny_whisper(tmp_path / "models" / "ear" / "whisper" / "own", SENTENCE)
    data, rate = soundfile.read(recording, dtype="int16")
    said = resample(Sound(data[:, 0].astype("<i2").tobytes(), rate), RATE)
    long = write(tmp_path / "long.wav", concatenate([said, silence(10.0, RATE)] * 3, RATE))
    assert run("hear", long, "--ear", "whisper:own").stdout.strip() == " ".join([SENTENCE] * 3)


def test_where_nobody_speaks_nothing_is_printed(run: Run, tmp_path: Path) -> None:
    result = run("hear", write(tmp_path / "silence.wav", silence(3.0, RATE)))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing" in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "no sound file"),
        (b"RIFF and nothing", "no sound file"),
        (b"%PDF" * 999, "no sound"),
    ],
)
def test_what_is_no_sound_is_said(run: Run, tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "odd.wav"
    if content is not None:
        path.write_bytes(content)
    result = run("hear", path, "--json")
    (error,) = events(result)
    assert result.exit_code == 2 and said in error["what"] and error["hint"]


def test_what_is_too_long_or_holds_nothing_is_said(run: Run, tmp_path: Path) -> None:
    empty = run("hear", write(tmp_path / "empty.wav", Sound(b"", RATE)))
    assert empty.exit_code == 2 and "no sound in it" in empty.stderr
    long = run("hear", write(tmp_path / "long.flac", silence(MOST + 1, 8_000)))
    assert long.exit_code == 2 and "longer than 30 minutes" in long.stderr


def test_ears_and_words_that_are_not_there_are_said(run: Run, recording: Path, tmp_path: Path) -> None:
    assert "engines are sphinx, whisper" in run("hear", recording, "--ear", "bats:all").stderr
    assert "en-us alone" in run("hear", recording, "--ear", "sphinx:de").stderr
    assert "dwnet ear fetch small" in run("hear", recording, "--ear", "whisper:small").stderr
    assert "models/ear/whisper/mine" in run("hear", recording, "--ear", "whisper:mine").stderr
    (tmp_path / "words").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in run("hear", recording, "--words", tmp_path / "words").stderr
    assert run("hear", recording, "--words", tmp_path / "nowhere").exit_code == 3
