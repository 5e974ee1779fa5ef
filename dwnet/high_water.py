"""How far this machine has come in its own feed, kept outside the story file: so an old copy of that file is found out.

Rules of this file:
- It is written after a commit, never before: it may lag behind the story file, and is never ahead of it.
- It is not flushed to the disk each time. After a power cut it may be old, which is harmless, or unreadable, which is
  reported.
- It lies with the keys: who restores a backup of the story file keeps the keys, and with them this.
"""

from __future__ import annotations

import json
import os
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from dwnet.errors import NodeError


class Level(Enum):
    """How the story file stands to the mark."""

    FRESH = "fresh"  # no story yet, and no mark
    SAME = "same"  # all that was ever written here is in it
    OLDER = "older"  # entries written on this machine are not in it: it is an older copy
    UNMARKED = "unmarked"  # there is a story, and no mark to hold it against


class Mark(NamedTuple):
    """The last entry written here: its run, place and id; the canon head and the number of entries held by then."""

    run: bytes
    seq: int
    id: bytes
    canon: bytes
    entries: int


class MarkNotKept(NodeError):
    """The file {path} cannot be written ({why}).

    Free some space, or make its folder writable for the account this program runs under, then start again. Nothing is
    lost.
    """


class Held(Protocol):
    """The ids of all entries held, as protocol.log.Log has them."""

    def __contains__(self, entry_id: bytes, /) -> bool: ...

    def __len__(self) -> int: ...


class HighWater:
    """The mark in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether anything was ever written here."""
        return self.path.exists()

    def read(self) -> Mark | None:
        """The mark; None when there is none, or none that reads."""
        try:
            found = json.loads(self.path.read_text(encoding="ascii"))
            return Mark(
                bytes.fromhex(found["run"]),
                int(found["seq"]),
                bytes.fromhex(found["id"]),
                bytes.fromhex(found["canon"]),
                int(found["entries"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def level(self, held: Held) -> Level:
        """How what was loaded from the story file stands to the mark."""
        mark = self.read()
        if mark is None:
            return Level.UNMARKED if len(held) or self.exists() else Level.FRESH
        return Level.SAME if mark.id in held and (not mark.canon or mark.canon in held) else Level.OLDER

    def write(self, mark: Mark) -> None:
        """Put the mark up. Call it once the entry is committed.

        :raises MarkNotKept: when the disk refuses; what was committed stays.
        """
        draft = self.path.with_name(f"{self.path.name}.new")
        text = json.dumps(
            {
                "run": mark.run.hex(),
                "seq": mark.seq,
                "id": mark.id.hex(),
                "canon": mark.canon.hex(),
                "entries": mark.entries,
            }
        )
        try:
            draft.write_text(text + "\n", encoding="ascii")
            os.replace(draft, self.path)
        except OSError as error:
            raise MarkNotKept(path=self.path, why=error.strerror or error) from error
