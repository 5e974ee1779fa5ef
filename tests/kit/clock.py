"""A child process that lives at another hour: its clock is wrong, nothing else."""

from __future__ import annotations

import os
from pathlib import Path

CODE = """
import time
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + {seconds}
time.time_ns = lambda: _time_ns() + {seconds} * 10**9
"""


def at_another_hour(folder: Path, seconds: int) -> dict[str, str]:
    """The environment of a ``dwnet`` process whose clock is ``seconds`` ahead, or behind when negative."""
    place = folder / f"clock{seconds:+d}"
    place.mkdir(exist_ok=True)
    (place / "sitecustomize.py").write_text(CODE.format(seconds=seconds))
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}
