"""What can go wrong with a story file. In every case the file is left as it was found."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

from dwnet.errors import NodeError

LITTLE_ROOM = 128 * 1024  # bytes; where SQLite can't grow its -shm file, it calls a full disk an I/O error


class StoreMissing(NodeError):
    """There is no story file at {path}.

    If it was moved, name its folder with --data. If it is lost, remove the file high_water from the keys folder too,
    then bring the story back: from a saved copy with `dwnet log import FILE.dwlog`, or from any peer, by joining again.
    """


class StoreDamaged(NodeError):
    """The story file {path} is damaged: {why}.

    Nothing in it was changed. Keep it, but move it aside, then bring the story back: from a saved copy with `dwnet log
    import FILE.dwlog`, or from any peer that holds it, by joining again.
    """


class NotAStory(NodeError):
    """{path} is not a story file: {why}.

    Name another folder with --data. If a story was there, move this aside and bring the story back: from a saved copy
    with `dwnet log import FILE.dwlog`, or from any peer that holds it, by joining again.
    """


class StoreNewer(NodeError):
    """The story file {path} was written by a newer version of this program (layout {found}, known here up to
    {known}).

    Update this program; the file was not touched.
    """


class StoreUnreadable(NodeError):
    """The story file {path} cannot be opened ({why}).

    Make the file and its folder readable and writable for the account this program runs under, then start again.
    """


class StoreReadOnly(NodeError):
    """The story file {path} cannot be written to: the file or its disk is read-only.

    Copy its folder to a disk you may write to and name it with --data. `dwnet log export` and `dwnet story show` work
    where it is.
    """


class StoreLocked(NodeError):
    """Another program is writing to the story file {path}.

    Close it (a database browser left in the middle of an edit, a second copy of this program), then start again.
    """


class DiskFull(NodeError):
    """The disk that holds {path} is full, so the last lines could not be stored.

    Nothing that was accepted before is lost. Free some space, then start again.
    """


class StoreBroken(NodeError):
    """The story file {path} could not be written ({why}); whether it holds the very last lines, only a fresh start
    can tell.

    Start again: everything up to those lines is safe, and what is in the file is checked first.
    """


def explain(error: sqlite3.Error, path: Path) -> NodeError:
    """What SQLite says, as one of ours."""
    code = getattr(error, "sqlite_errorcode", None)
    why = str(error)
    match None if code is None else code & 0xFF:  # the low byte is the primary code, https://sqlite.org/rescode.html
        case sqlite3.SQLITE_FULL:
            return DiskFull(path=path)
        case sqlite3.SQLITE_IOERR if _little_room(path):
            return DiskFull(path=path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreLocked(path=path)
        case sqlite3.SQLITE_READONLY:
            return StoreReadOnly(path=path)
        case sqlite3.SQLITE_CANTOPEN if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
            return StoreReadOnly(path=path)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StoreUnreadable(path=path, why=why)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreDamaged(path=path, why=why)
        case sqlite3.SQLITE_ERROR if why.startswith("no such"):  # table or column: SQLite has no code of its own for it
            return StoreDamaged(path=path, why=why)
        case _:
            return StoreBroken(path=path, why=why)


def _little_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LITTLE_ROOM
    except OSError:
        return False
