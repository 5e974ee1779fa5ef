"""Reading a story file: what it holds, in the order it came, and whether it is whole.

Rules of this file:
- A read error is never "empty": whatever is not a whole story file of ours is refused, with what to do about it.
- Readers never write: they open the file read-only, also beside a running node.
- A row is believed only when its bytes hash to the id it stands under.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.request import pathname2url

from dwnet.migrations import APPLICATION_ID, LAYOUT
from dwnet.store_errors import (
    NotAStory,
    StoreDamaged,
    StoreMissing,
    StoreNewer,
    StoreReadOnly,
    StoreUnreadable,
    explain,
)
from protocol.entry import Entry, check_signature, parse_entry
from protocol.errors import RemoteError
from protocol.kinds import Accepted
from protocol.ledger import Unit

MAGIC = b"SQLite format 3\0"  # https://sqlite.org/fileformat.html section 1.3
HEADER = 100  # bytes
PATIENCE = 2_000  # ms that another program may hold the file before we give up
NEWEST = 1_000  # entries whose signatures and links are checked when a file is opened: some 0.1 s


class Peer(NamedTuple):
    """A line of the address book. ``last_ok``: when it was last reached, ms since 1970; ``record``: what it signed."""

    member: bytes
    addresses: tuple[str, ...]
    last_ok: int | None
    record: bytes


class ForkProof(NamedTuple):
    """Two signed headers of one author for one place. The entries come without their bodies."""

    first: Entry
    second: Entry


class StoreReader:
    """A story file open for reading. Errors: StoreDamaged where it turns out to be, StoreLocked, StoreBroken."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._reading = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._reading.close()

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        with explained(self.path):
            return self._reading.execute(sql, values).fetchall()

    def load(self) -> Iterator[Unit]:
        """Every unit, in the order it was stored. What was stored earlier, in a unit of its own, is not repeated.

        :raises StoreDamaged: at the first row that is not what was written there.
        """
        with explained(self.path):
            rows = self._reading.execute(f"SELECT {COLUMNS} FROM entries ORDER BY position")
            for _, unit in groupby(rows, key=lambda row: row[0]):
                yield tuple(self._entry(row) for row in unit)

    def entry(self, entry_id: bytes) -> Entry | None:
        """The entry with this id, if it is here."""
        rows = self.query(f"SELECT {COLUMNS} FROM entries WHERE id = ?", (entry_id.hex(),))
        return self._entry(rows[0]) if rows else None

    def of_kind(self, kind: str) -> list[Entry]:
        """Every entry of this kind, in the order it was stored."""
        return [self._entry(row) for row in self.query(f"SELECT {COLUMNS} FROM entries WHERE kind = ?", (kind,))]

    def stretch(self, author: bytes, run: bytes, first: int, last: int) -> list[Entry]:
        """The entries of one run from place ``first`` to ``last``, both included; twins at one place side by side."""
        rows = self.query(
            f"SELECT {COLUMNS} FROM entries WHERE author = ? AND run = ? AND seq BETWEEN ? AND ?"
            " ORDER BY seq, position",
            (author.hex(), run.hex(), first, last),
        )
        return [self._entry(row) for row in rows]

    def count(self) -> int:
        """How many entries are here."""
        return int(self.query("SELECT count(*) FROM entries")[0][0])

    def meta(self) -> dict[str, str]:
        """What this node remembers of itself, by name; ``tag`` is the story's, in hexadecimal."""
        return dict(self.query("SELECT name, value FROM meta"))

    def peers(self) -> list[Peer]:
        """The address book, the last reached first."""
        rows = self.query("SELECT member, addresses, last_ok, record FROM peers ORDER BY last_ok DESC, member")
        try:
            return [Peer(bytes.fromhex(a), tuple(json.loads(b)), c, bytes(d)) for a, b, c, d in rows]
        except (TypeError, ValueError) as error:
            raise StoreDamaged(path=self.path, why="its address book does not read") from error

    def fork_proofs(self) -> list[ForkProof]:
        """The proofs against members who told two things at one place; one per author."""
        rows = self.query("SELECT first_header, first_signature, second_header, second_signature FROM fork_proofs")
        try:
            return [ForkProof(parse_entry(a, b, b""), parse_entry(c, d, b"")) for a, b, c, d in rows]
        except RemoteError as error:
            raise StoreDamaged(path=self.path, why="a proof of a fork does not read") from error

    def check(self) -> None:
        """Check every page's structure, then signatures and links of the newest entries.

        :raises StoreDamaged: saying what is wrong first.
        """
        self.count(), self.meta(), self.peers(), self.fork_proofs()
        ((found,),) = self.query("PRAGMA quick_check(1)")
        if found != "ok":
            raise StoreDamaged(path=self.path, why=" ".join(str(found).split()))
        newest = f"SELECT {COLUMNS} FROM entries ORDER BY position DESC LIMIT {NEWEST}"
        for row in self.query(newest):
            entry = self._entry(row)
            try:
                check_signature(entry)
            except RemoteError as error:
                raise StoreDamaged(path=self.path, why=f"entry {row[1]} is not what its author signed") from error
            # Only the first of a unit follows in its run; an accepted entry may stand alone (protocol/log.py).
            needed = [entry.prev] if row[0] == row[1] and entry.prev else []
            needed += entry.refs if entry.kind == Accepted.kind else ()
            if not all(self.query("SELECT 1 FROM entries WHERE id = ?", (one.hex(),)) for one in needed):
                raise StoreDamaged(path=self.path, why=f"what entry {row[1]} follows or accepts is not there")

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        _, position, entry_id, header, signature, body = row
        try:
            entry = parse_entry(header, signature, body)
        except (RemoteError, TypeError) as error:
            raise StoreDamaged(path=self.path, why=f"entry {position} does not read: {error}") from error
        if entry.id.hex() != entry_id:
            raise StoreDamaged(path=self.path, why=f"entry {position} is not what it stands for")
        return entry


COLUMNS = "unit, position, id, header, signature, body"


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever SQLite says inside, said in our words."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error


def open_reader(path: Path) -> StoreReader:
    """Open a story file to look at, also while a node writes to it. Nothing is changed.

    :raises StoreMissing, StoreDamaged, NotAStory, StoreNewer, StoreUnreadable, StoreReadOnly: and says what to do.
    """
    if not look_at(path):
        raise StoreMissing(path=path)
    try:
        connection = connect_reading(path, "mode=ro")
        check_layout(path, connection)
    except (StoreUnreadable, StoreReadOnly):
        # To read a write-ahead log SQLite makes files, which a read-only disk forbids. Without a log it needs none.
        if _size(Path(f"{path}-wal")):
            raise StoreReadOnly(path=path) from None
        connection = connect_reading(path, "immutable=1")
        check_layout(path, connection)
    return StoreReader(path, connection)


def connect_reading(path: Path, how: str = "mode=ro") -> sqlite3.Connection:
    with explained(path):
        connection = sqlite3.connect(
            f"file:{pathname2url(str(path.absolute()))}?{how}", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        return connection


def look_at(path: Path) -> bool:
    """Whether there is a file to open. Finds out, without SQLite, what SQLite would take for empty.

    :raises StoreDamaged, NotAStory, StoreUnreadable: when what is there can't be a story file.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER)
    except FileNotFoundError:
        if _size(Path(f"{path}-wal")):
            raise StoreDamaged(path=path, why="it is gone, only its write-ahead log is left") from None
        return False
    except IsADirectoryError:
        raise NotAStory(path=path, why="it is a folder") from None
    except OSError as error:
        raise StoreUnreadable(path=path, why=error.strerror or error) from error
    if not header:
        raise StoreDamaged(path=path, why="it is empty")
    if not header.startswith(MAGIC) or len(header) < HEADER:
        raise StoreDamaged(path=path, why="it does not begin as a story file does")
    if int.from_bytes(header[68:72]) != APPLICATION_ID:
        raise NotAStory(path=path, why="it is the database of another program")
    return True


def check_layout(path: Path, connection: sqlite3.Connection) -> int:
    """The layout the file is in, at most ours.

    :raises StoreDamaged, StoreNewer, StoreUnreadable:
    """
    with explained(path):
        ((application,),) = connection.execute("PRAGMA application_id").fetchall()
        ((layout,),) = connection.execute("PRAGMA user_version").fetchall()
    if application != APPLICATION_ID:
        raise NotAStory(path=path, why="it is the database of another program")
    if layout > LAYOUT:
        raise StoreNewer(path=path, found=layout, known=LAYOUT)
    return int(layout)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
