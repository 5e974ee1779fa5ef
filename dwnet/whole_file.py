"""Files that appear whole or not at all: written beside their name, flushed to the disk, then renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dwnet.errors import NodeError

NEW = ".new"


class NoRoomForFile(NodeError):
    """There is no room left on the disk for {path}. Nothing that was there before was changed.

    Free some space or name a place on another disk, then try again.
    """


class FileNotWritten(NodeError):
    """{path} cannot be written ({why}). Nothing that was there before was changed.

    Make its folder writable for the account this program runs under, or name another place.
    """


class FileNotRead(NodeError):
    """{path} cannot be read ({why}).

    Check the name, and that the account this program runs under may read it.
    """


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which gets its name only when all went well; then it is on the disk for good.

    Folders above it are made. One writer at a time per path. Raises NoRoomForFile and FileNotWritten.
    """
    part = path.with_name(path.name + NEW)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                yield file
                flush(file)
            settle(part, path)
        finally:
            part.unlink(missing_ok=True)


def flush(file: BinaryIO) -> None:
    """What was written is on the disk, not on its way."""
    file.flush()
    os.fsync(file.fileno())


def settle(part: Path, path: Path) -> None:
    """Give a finished file its name; the name too is on the disk afterwards."""
    os.replace(part, path)
    if os.name == "posix":  # elsewhere a folder can't be opened, and its entries need no flush
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system says while ``path`` is written, said in our words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoRoomForFile(path=path) from error
        raise FileNotWritten(path=path, why=error.strerror or error) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What the system says while ``path`` is read, said in our words."""
    try:
        yield
    except OSError as error:
        raise FileNotRead(path=path, why=error.strerror or error) from error
