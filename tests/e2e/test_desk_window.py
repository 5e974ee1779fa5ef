"""The desk in a window of its own. What draws it is a program from elsewhere, so here it is one that draws nothing: it
is started, may be closed, and may refuse to close.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.hive import PATIENCE, Program

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="the program that stands for the window is a script")


@contextmanager
def desk_in_a_window(folder: Path, client: str) -> Iterator[Program]:
    """The desk, its window drawn by this shell script."""
    view = folder / "view"
    view.mkdir()
    (view / "flet").write_text(f"#!/bin/sh\necho $$ > {view}/pid\n{client}\n", encoding="utf-8")
    (view / "flet").chmod(0o755)
    arguments = ["narrate", "--json", "--story", "The Lighthouse", "--data", str(folder / "narrator")]
    environment = {"DISPLAY": ":99", "FLET_VIEW_PATH": str(view)}
    desk = Program("desk", [*arguments, "--listen", "127.0.0.1:0"], environment, [])
    try:
        desk.wait("ready")
        yield desk
    finally:
        desk.kill()


def client_of(folder: Path) -> Path:
    return Path("/proc") / (folder / "view" / "pid").read_text(encoding="utf-8").strip()


def test_closing_the_window_ends_the_desk(tmp_path: Path) -> None:
    with desk_in_a_window(tmp_path, "sleep 2") as desk:
        desk.wait("bye")
        assert desk.process.wait(PATIENCE) == 0, desk.report()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_window_that_does_not_close_is_ended_with_the_desk(tmp_path: Path, how: signal.Signals) -> None:
    with desk_in_a_window(tmp_path, "trap '' TERM INT; exec sleep 600") as desk:
        assert desk.stop(how) == (130 if how is signal.SIGINT else 0), desk.report()
        assert desk.saw("bye")
        assert not client_of(tmp_path).exists()
