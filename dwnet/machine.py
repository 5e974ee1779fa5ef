"""What this machine has to give, and what this process takes of it: the only file that asks. All of it is advice;
nothing is refused on its word alone.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """``cores`` may be a fraction where a container grants a share of one; memory is None where the system does not
    say.
    """

    cores: float
    memory_free: int | None  # bytes
    disk_free: int  # bytes, on the disk of the folder that was asked about

    def threads_for(self, writers: int) -> int:
        """Threads for each of ``writers`` language models that think at the same time on this machine; at least one."""
        return max(1, int(self.cores) // max(1, writers))


@dataclass(frozen=True)
class Usage:
    """What this process takes: ``cpu`` in percent of one core, so 250 is two and a half; ``memory`` in bytes, None
    where the system does not say (anywhere but on Linux).
    """

    cpu: float
    memory: int | None


class Meter:
    """Measures this process from reading to reading, all its threads together."""

    def __init__(self) -> None:
        self._at, self._used = time.monotonic(), time.process_time()

    def read(self) -> Usage:
        """What it took since the last reading. Some microseconds."""
        at, used = time.monotonic(), time.process_time()
        share = (used - self._used) / max(at - self._at, 0.001)
        self._at, self._used = at, used
        return Usage(100 * share, _memory_used())


def look(folder: Path) -> Machine:
    """The machine as it is now; ``folder`` need not exist yet."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return Machine(cores=_cores(), memory_free=_memory_free(), disk_free=shutil.disk_usage(there).free)


def _cores() -> float:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _words(Path("/sys/fs/cgroup/cpu.max"))  # "max 100000" or "150000 100000": microseconds granted per period
    if len(quota) == 2 and quota[0].isdigit():
        return min(float(allowed), int(quota[0]) / int(quota[1]))
    return float(allowed)


def _memory_free() -> int | None:
    free: list[int] = []
    available = _after(_words(Path("/proc/meminfo")), "MemAvailable:")
    if available is not None:
        free.append(available * 1024)
    limit, used = _words(Path("/sys/fs/cgroup/memory.max")), _words(Path("/sys/fs/cgroup/memory.current"))
    if limit and used and limit[0].isdigit():
        cached = _after(_words(Path("/sys/fs/cgroup/memory.stat")), "inactive_file")  # given back when asked for
        free.append(max(0, int(limit[0]) - int(used[0]) + (cached or 0)))
    return min(free, default=None)


def _memory_used() -> int | None:
    pages = _words(Path("/proc/self/statm"))  # sizes of this process in pages; the second is what lies in memory
    return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") if len(pages) > 1 else None


def _after(words: list[str], name: str) -> int | None:
    return int(words[words.index(name) + 1]) if name in words else None


def _words(path: Path) -> list[str]:
    """The words of a file that only some systems have."""
    try:
        return path.read_text().split()
    except OSError:
        return []
