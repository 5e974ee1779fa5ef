"""How soon ``dwnet --help`` answers, against importing click alone."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

from benchmarks.figure import Figure, p50

ROUNDS = 15


def measure() -> list[Figure]:
    """Both commands in turn, so that both meet the same machine."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(_wall("-c", "import click"))
        ours.append(_wall("-m", "dwnet", "--help"))
    what, against = "dwnet --help, wall time", 'python -c "import click"'
    return [Figure("help", what, against, p50(ours) * 1000, p50(theirs) * 1000, "ms", 2.0)]


def _wall(*arguments: str) -> float:
    began = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began
