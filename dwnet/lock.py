"""One writing process per data root. Readers need no lock: SQLite's write-ahead log lets them read beside the writer.

The operating system holds the lock and drops it however the process ends. The process id lies in a file of its own
beside it, because opening a lock file to look at it would empty it; an id left behind by a killed process means nothing
without the lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from dwnet.errors import NodeError

LOCK = "writing.lock"
HOLDER = "writing.pid"


class RootInUse(NodeError):
    """The folder {root} is in use by {holder}.

    Two processes writing one story would fork it. Stop the other one first, or give this one a folder of its own with
    --data.
    """


class RootNotLockable(NodeError):
    """The folder {root} cannot be locked against a second process ({why}).

    Choose a folder you may write to, on a disk of this machine, with --data.
    """


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Hold ``root``, which exists, for this process until the block ends. Raises RootInUse, RootNotLockable."""
    lock = FileLock(root / LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        pid = holder(root)
        raise RootInUse(root=root, holder="another process" if pid is None else f"process {pid}") from error
    except (OSError, NotImplementedError) as error:
        raise RootNotLockable(root=root, why=getattr(error, "strerror", None) or error) from error
    try:
        with (root / HOLDER).open("w") as file:
            file.write(f"{os.getpid()}\n")
        yield
    finally:
        (root / HOLDER).unlink(missing_ok=True)
        lock.release()


def holder(root: Path) -> int | None:
    """The process that says it writes to ``root`` and is still alive, or None. For showing only: the lock alone
    decides.
    """
    try:
        pid = int((root / HOLDER).read_text())
    except (OSError, ValueError):
        return None
    if pid <= 0:  # to the system these are groups of processes
        return None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        return pid  # alive, under another account
    return pid
