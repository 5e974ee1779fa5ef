"""What the process of a character on this machine complained of.

What is kept is stderr alone: on stdout it tells the story, whispers too, and those belong in no file here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dwnet.errors import NodeError
from dwnet.text import clean, one_line
from dwnet.times import iso, now
from dwnet.whole_file import reading, writing

KEPT = 64 * 1024  # bytes of a process's complaints
SHOWN = 12 * 1024  # bytes of them, and of its log, that are shown
# What a signal means that ends a process before it can say a word.
DIED_OF: dict[int, str] = {
    signal.SIGILL: "The language model's library was built for another processor. Build it anew: make clean, then make",
    signal.SIGKILL: "It was killed: by hand, or because the memory was full.",
    signal.SIGSEGV: "It crashed inside one of its libraries.",
    signal.SIGABRT: "One of its libraries gave up.",
}


@contextmanager
def open_output(folder: Path) -> Iterator[BinaryIO]:
    """A file to complain into, behind what was complained of before; of a long one only the end is kept."""
    path = folder / "output.log"
    with writing(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = _end_of(path, KEPT // 2)
        with path.open("wb") as file:
            file.write(kept + f"--- started {iso(now())}\n".encode())
            file.flush()
            yield file


def _end_of(path: Path, most: int) -> bytes:
    """The last whole lines of a file, up to so many bytes; none when there is no such file."""
    try:
        with reading(path), path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            data = file.read(most)
    except NodeError:
        return b""
    return data if size <= most else data[data.find(b"\n") + 1 :]


def shown_output(folder: Path) -> str:
    """The end of what the process in ``folder`` complained of, and of its log."""
    complaints = _end_of(folder / "output.log", SHOWN)
    log = _end_of(folder / "logs" / "dwnet.log", SHOWN)
    return clean(f"{complaints.decode(errors='replace')}\n{log.decode(errors='replace')}").strip()


def last_complaint(folder: Path, returned: int) -> str:
    """What the process in ``folder`` said before it ended with ``returned``, on one line; else what that number means;
    "" when neither says anything.
    """
    lines = _end_of(folder / "output.log", SHOWN).decode(errors="replace").splitlines()
    started = max((number for number, line in enumerate(lines) if line.startswith("--- started")), default=-1)
    said = [line.strip() for line in lines[started + 1 :] if line.strip()]
    return one_line(" ".join(said[-2:]), 300) or DIED_OF.get(-returned, "")
