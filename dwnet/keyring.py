"""Secrets on disk: one file of 32 random bytes per purpose, mode 0600, made once and never written again.

A key is on the disk, name and all, before anybody hears of it: a member whose key is lost is locked out of its story.
The file appears whole or not at all: written beside its name, flushed, then linked to its name, which fails if the name
is taken.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from dwnet.errors import NodeError

SEED_BYTES = 32
API_KEY_BYTES = 4096  # guess: the longest keys seen (signed tokens) are near 2,000


class KeyUnreadable(NodeError):
    """The key file {path} cannot be read ({why}).

    Put the file back from a copy of the keys folder, or make it readable for the account this program runs under.
    """


class KeyNotKept(NodeError):
    """A new key cannot be written to {path} ({why}), so nothing was started with it.

    Free some space or choose a folder on a disk of your own with --data; USB sticks formatted as FAT cannot protect
    keys.
    """


class KeyOpenToOthers(NodeError):
    """Other accounts of this machine may read or write the key file {path} (its mode is {mode}), so it may no longer be
    secret.

    If you trust everyone on this machine, run: chmod 600 '{path}'. Otherwise ask the narrator for a new invite.
    """


class KeyDamaged(NodeError):
    """The key file {path} holds {size} bytes instead of 32, so it is not the key that was written there.

    Put the file back from a copy of the keys folder. If there is none, ask the narrator to invite you to the same seat
    again.
    """


class ApiKeyDamaged(NodeError):
    """The file {path} does not hold an API key: {why}.

    Write the key alone into the file, as one line of plain text.
    """


def key_file(keys: Path, purpose: str) -> Path:
    """Where the key for one purpose lies. ``purpose`` is a short name of our own choosing, never a stranger's."""
    return keys / f"{purpose}.key"


def load(path: Path) -> bytes | None:
    """The 32 bytes of a key file, or None if there never was one.

    Raises KeyUnreadable, KeyOpenToOthers, KeyDamaged: a key that is there and cannot be used is never "no key".
    """
    kept = _read(path, SEED_BYTES)
    if kept is not None and len(kept) != SEED_BYTES:
        raise KeyDamaged(path=path, size=path.stat().st_size)
    return kept


def load_or_make(path: Path, draw: Callable[[int], bytes] = os.urandom) -> bytes:
    """The 32 bytes of a key file, drawn and made durable first if there is none.

    Two processes that ask at once get the same key. Raises what ``load`` raises, and KeyNotKept.
    """
    kept = load(path)
    if kept is not None:
        return kept
    try:
        _keep(path, draw(SEED_BYTES))
    except OSError as error:
        raise KeyNotKept(path=path, why=error.strerror or error) from error
    kept = load(path)
    if kept is None:
        raise KeyNotKept(path=path, why="it vanished right after it was written")
    return kept


def read_api_key(path: Path) -> str | None:
    """The one line in the file, or None if there is no file. Raises KeyUnreadable, KeyOpenToOthers, ApiKeyDamaged."""
    kept = _read(path, API_KEY_BYTES)
    if kept is None:
        return None
    try:
        key = kept.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise ApiKeyDamaged(path=path, why="it is not plain text") from error
    if len(kept) > API_KEY_BYTES:
        raise ApiKeyDamaged(path=path, why=f"it is longer than {API_KEY_BYTES} characters")
    if not key or not key.isprintable() or " " in key:
        raise ApiKeyDamaged(path=path, why="it is empty" if not key else "it holds more than one word")
    return key


def _read(path: Path, limit: int) -> bytes | None:
    """Up to ``limit`` + 1 bytes, so that a file that is too long shows."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise KeyOpenToOthers(path=path, mode=f"{mode:04o}")
            return file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyUnreadable(path=path, why=error.strerror or error) from error


def _keep(path: Path, seed: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)  # mode 0600, O_EXCL
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(seed)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first; its key is the key
    finally:
        os.unlink(draft)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
