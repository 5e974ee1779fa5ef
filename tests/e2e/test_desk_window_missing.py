"""A window that never comes: the desk says so and is in the browser, and ends as it always does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PATIENCE = 60.0  # seconds; a bound for a busy machine, no claim about speed


def program(folder: Path, name: str, does: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{does}\n")
    (folder / name).chmod(0o755)
    return folder


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="clients are found in another way there")
@pytest.mark.parametrize("broken", ["exit 127", None])
def test_a_client_that_cannot_start_is_said_and_the_browser_is_taken(tmp_path: Path, broken: str | None) -> None:
    client = program(tmp_path / "client", "flet", broken or "")
    if broken is None:
        (client / "flet").chmod(0o644)
    os.mkfifo(tmp_path / "asked")
    browser = program(tmp_path / "bin", "chromium", f'echo "$@" > {tmp_path}/asked')
    environ = {**os.environ, "DISPLAY": ":77", "FLET_VIEW_PATH": str(client), "PATH": f"{browser}:{os.environ['PATH']}"}
    command = ["narrate", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", "--story", "The Lamp"]
    with subprocess.Popen(
        [sys.executable, "-m", "dwnet", *command],
        env=environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as desk:
        asked = (tmp_path / "asked").read_text()  # waits until the browser is started
        assert asked.startswith("--app=http://127.0.0.1:")
        desk.send_signal(signal.SIGTERM)
        out, said = desk.communicate(timeout=PATIENCE)
    assert "ended before it showed anything" in said
    assert asked.strip().removeprefix("--app=") not in said, "what others can read on the command line is good for once"
    assert out == "" and desk.returncode == 0
