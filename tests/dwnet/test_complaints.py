from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dwnet.complaints import log_file

PROGRAM = """
import sys, trio
from dwnet.complaints import explained
from dwnet.terminal import Terminal, print_json

async def tell():
    terminal = Terminal(interactive=False)
    async with trio.open_nursery():
        while True:
            {tell}

with explained(False):
    trio.run(tell)
"""


@pytest.mark.parametrize("tell", ['terminal.notice("One more line.")', 'print_json({"event": "notice"})'])
def test_when_nobody_reads_any_more_it_ends_without_a_word(tell: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(tell=tell)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 3


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_log_that_cannot_be_written_is_no_news_for_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dwnet.log").symlink_to("/dev/full")
    with pytest.raises(ValueError), log_file(tmp_path):
        logging.getLogger("dwnet").info("a line")
        raise ValueError
    assert capsys.readouterr() == ("", "")


def test_without_its_sentences_the_program_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-OO", "-m", "dwnet", "story", "list"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "-OO" in done.stderr


def test_a_terminal_that_knows_few_letters_is_no_error(tmp_path: Path) -> None:
    environ = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "dwnet", "narrate", "--headless", "--data", tmp_path / "n", "--listen", "127.0.0.1:0"],
        input="Löwe ✨\n".encode(), env=environ, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and b"is open" in done.stdout
