"""``dwnet model|voice fetch`` as people and programs use it, against a made-up Hugging Face."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dwnet.catalogue import offer, offers
from dwnet.cli import main
from tests.kit.hub_server import MadeUpHub, serving_hub
from tests.kit.program import PATIENCE, Program

WRITER = offer("model", "smollm2-360m")
VOICE = offers("voice")[0]
XTTS = offer("voice", "xtts")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MadeUpHub]:
    files = {
        WRITER.repository: {WRITER.files[0]: b"GGUF" * 200_000},
        VOICE.repository: {file: file.encode() * 300 for file in VOICE.files},
        XTTS.repository: {file: file.encode() * 300 for file in XTTS.files},
    }
    with serving_hub(MadeUpHub(files)) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "login"))
        yield made


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def events(result: Result, event: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in result.stdout.splitlines()]
    return [one for one in told if one["event"] == event]


def test_the_list_says_first_what_this_machine_has(tmp_path: Path) -> None:
    said = run("model", "list", "--data", tmp_path).stdout.splitlines()
    assert "cores" in said[0] and "of its disk free" in said[0]
    assert all(any(one.name in line and one.about in line for line in said[1:]) for one in offers("model"))
    assert all(one.about in run("voice", "fetch", "--data", tmp_path).stdout for one in offers("voice"))


def test_programs_get_the_same_list(tmp_path: Path, hub: MadeUpHub) -> None:
    own = tmp_path / "models" / "llm" / "base_models" / "mine.gguf"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"GGUF")
    told = run("model", "list", "--data", tmp_path, "--json")
    assert len(events(told, "machine")) == 1 and not any(one["here"] for one in events(told, "offer"))
    assert [one["name"] for one in events(told, "model")] == ["mine.gguf"]
    assert run("model", "fetch", WRITER.name, "--data", tmp_path).exit_code == 0
    (first, *_) = events(run("model", "list", "--data", tmp_path, "--json"), "offer")
    assert first["name"] == WRITER.name and first["here"] and Path(first["spoken"]).is_file()


def test_a_writer_is_one_command_away_and_it_is_said_how_to_use_it(tmp_path: Path, hub: MadeUpHub) -> None:
    result = run("model", "fetch", WRITER.name, "--data", tmp_path)
    path = tmp_path / "models" / "llm" / "base_models" / WRITER.files[0]
    assert result.exit_code == 0 and result.stdout.strip() == str(path) and path.is_file()
    assert f"--writer '{path}'" in result.stderr and WRITER.licence in result.stderr and "127.0.0.1" in result.stderr


def test_a_voice_is_fetched_with_a_sentence_to_hear_it_by(tmp_path: Path, hub: MadeUpHub) -> None:
    result = run("voice", "fetch", VOICE.name, "--data", tmp_path)
    assert result.exit_code == 0 and f"--voice piper:{VOICE.name}" in result.stderr and VOICE.sample in result.stderr
    assert (tmp_path / "models" / "tts" / "piper" / VOICE.name / f"{VOICE.name}.onnx.json").is_file()


def test_programs_are_told_how_far_it_is(tmp_path: Path, hub: MadeUpHub) -> None:
    result = run("model", "fetch", WRITER.name, "--data", tmp_path, "--json")
    (fetching,), coming, (fetched,) = (events(result, one) for one in ("fetching", "coming", "fetched"))
    assert fetching["bytes"] == coming[-1]["have"] == coming[-1]["total"] == 800_000 and len(coming) <= 101
    assert Path(fetched["path"]).is_file() and fetched["spoken"] == fetched["path"]


def test_what_goes_wrong_is_one_sentence_and_exit_code_3(tmp_path: Path, hub: MadeUpHub) -> None:
    hub.lies = {WRITER.files[0]}
    result = run("model", "fetch", WRITER.name, "--data", tmp_path, "--json")
    assert result.exit_code == 3 and "thrown away" in events(result, "error")[0]["what"]
    hub.status = 429
    assert run("model", "fetch", WRITER.name, "--data", tmp_path).exit_code == 3
    assert run("model", "fetch", "nothing-of-the-kind", "--data", tmp_path).exit_code == 2


def test_terms_are_shown_where_nobody_can_be_asked(tmp_path: Path, hub: MadeUpHub) -> None:
    refused = run("voice", "fetch", "xtts", "--data", tmp_path)
    assert refused.exit_code == 2 and "CPML" in refused.stderr and hub.asked == []
    assert run("voice", "fetch", "xtts", "--data", tmp_path, "--accept-terms").exit_code == 0
    assert (tmp_path / "models" / "tts" / "xtts" / "tos_agreed.txt").is_file()
    assert run("voice", "fetch", "xtts", "--data", tmp_path).exit_code == 0  # it was agreed to on this machine


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_terms_are_a_question_where_somebody_can_answer(tmp_path: Path, hub: MadeUpHub, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dwnet", "voice", "fetch", "xtts", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True) as process:
        os.close(theirs)
        said = read_until(ours, "[y/N]")
        assert "not commercial" in " ".join(said.split()) and hub.asked == []
        os.write(ours, f"{answer}\n".encode())
        said += read_until(ours, "")
        assert process.wait(PATIENCE) == code, said
    os.close(ours)
    assert (tmp_path / "models" / "tts" / "xtts" / "model.pth").is_file() == (code == 0)
    assert bool(hub.asked) == (code == 0)


def read_until(terminal: int, what: str) -> str:
    """What a terminal shows until ``what`` comes; "" for its end."""
    said, end = b"", time.monotonic() + PATIENCE
    while not what or what not in said.decode("utf-8", "replace"):
        if not select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0]:
            raise AssertionError(f"it did not come: {what!r}\n{said.decode('utf-8', 'replace')}")
        try:
            piece = os.read(terminal, 4_096)
        except OSError:  # Linux's word for a terminal whose other end is closed
            piece = b""
        if not piece:
            break
        said += piece
    return said.decode("utf-8", "replace")


def test_ctrl_c_leaves_a_part_that_the_next_try_goes_on_with(tmp_path: Path, hub: MadeUpHub) -> None:
    hub.stops_at = 400_000
    arguments = ["model", "fetch", WRITER.name, "--data", str(tmp_path), "--json"]
    program = Program("fetch", arguments, {"HF_ENDPOINT": hub.url}, [])
    try:
        program.wait("coming", have=lambda have: have > 300_000)
        assert program.stop(signal.SIGINT) == 130
    finally:
        program.close()
    (part,) = (tmp_path / "models" / "llm" / "base_models").iterdir()
    assert part.name == f"{WRITER.files[0]}.part" and part.stat().st_size > 0
    hub.go_on.set()
    hub.asked = []
    assert run("model", "fetch", WRITER.name, "--data", tmp_path).exit_code == 0
    assert [where for _, where in hub.asked if where] != []
