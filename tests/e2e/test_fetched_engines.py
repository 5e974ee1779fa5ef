"""What is fetched from a made-up Hugging Face is found and used by its engine, with nothing else told to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dwnet.catalogue import offer, offers
from dwnet.cli import main
from tests.kit.hub_server import MadeUpHub, serving_hub
from tests.kit.tiny_piper import tiny_piper
from tests.kit.tiny_whisper import tiny_whisper

VOICE = offers("voice")[0]
EAR = offer("ear", "base")
HEARD = "the lamp goes out"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MadeUpHub]:
    with serving_hub(MadeUpHub({VOICE.repository: voice(tmp_path), EAR.repository: ear(tmp_path)})) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "login"))
        yield made


def voice(folder: Path) -> dict[str, bytes]:
    place = folder / "made" / tiny_piper(folder / "made", VOICE.name)
    (place / "MODEL_CARD").write_text("Tones, made for a test.")
    return {file: (place / Path(file).name).read_bytes() for file in VOICE.files}


def ear(folder: Path) -> dict[str, bytes]:
    place = tiny_whisper(folder / "made" / "ear", HEARD)
    return {path.name: path.read_bytes() for path in place.iterdir()}


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_a_voice_and_an_ear_that_were_fetched_are_found_and_used(tmp_path: Path, hub: MadeUpHub) -> None:
    data, spoken = tmp_path / "data", tmp_path / "spoken.wav"
    run("voice", "fetch", VOICE.name, "--data", data)
    listed = run("voice", "list", "--data", data, "--json").stdout.splitlines()
    assert f"piper:{VOICE.name}" in [json.loads(line)["voice"] for line in listed]
    run("voice", "say", VOICE.sample, "--voice", f"piper:{VOICE.name}", "--out", spoken, "--data", data)
    assert spoken.stat().st_size > 10_000

    run(
        "voice", "say", "The lamp goes out.", "--voice", "espeak:en-us", "--out", spoken
    )  # tones are no speech to an ear
    run("ear", "fetch", EAR.name, "--data", data)
    heard = run("ear", "hear", spoken, "--ear", f"whisper:{EAR.name}", "--data", data)
    assert HEARD in heard.stdout.lower()
