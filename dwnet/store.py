"""Writing a story file: what was committed is on the disk, whole, before anybody hears of it.

Rules of this file:
- One writing connection, used by one thread at a time. Callers that wait at the same time share one transaction, and
  one flush to the disk; each is answered only after it.
- A unit (protocol/ledger.py) is in the file whole or not at all. What is there already stays as it is.
- A COMMIT that fails may have happened or not. So the store takes nothing more until it is opened again, and nothing is
  tried twice: an entry signed anew for a place that is taken would be a fork.
- A commit can't be cancelled halfway: who is cancelled while waiting learns of it once the outcome is known.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar, cast

import trio

from dwnet.errors import NodeError
from dwnet.migrations import LAYOUT, make_file, story_steps
from dwnet.store_errors import DiskFull, StoreBroken, StoreDamaged, StoreMissing, StoreUnreadable, explain
from dwnet.store_reader import PATIENCE, Peer, StoreReader, check_layout, connect_reading, explained, look_at
from protocol.entry import Entry, tag_of
from protocol.errors import LocalError
from protocol.ledger import Unit

TOGETHER = 256  # callers that share one transaction
# Errors of one caller's own statements; all others of SQLite's are everybody's: https://sqlite.org/rescode.html
OWN_FAULTS = (
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_RANGE,
    sqlite3.SQLITE_TOOBIG,
)

Work = Callable[[sqlite3.Connection], object]
T = TypeVar("T")


class _Job(Generic[T]):
    """One caller's part of a transaction, and what became of it."""

    def __init__(self, work: Callable[[sqlite3.Connection], T], scrub: bool) -> None:
        self.work = work
        self.scrub = scrub
        self.woken = trio.Event()
        self.settled = False
        self.result: T | None = None
        self.error: Exception | None = None


class Store(StoreReader):
    """A story file open for reading and writing; :func:`open_store` makes it.

    Reads see what is committed. Errors of every write: DiskFull, StoreLocked, StoreReadOnly, StoreDamaged, StoreBroken.
    """

    def __init__(self, path: Path, reading: sqlite3.Connection, writing: sqlite3.Connection, *, threaded: bool) -> None:
        super().__init__(path, reading)
        self._writing = writing
        self._threaded = threaded
        self._thread = trio.CapacityLimiter(1)
        self._waiting: deque[_Job[object]] = deque()
        self._busy = False
        self._broken: NodeError | None = None
        self._to_scrub = False

    def close(self) -> None:
        """Let go of the file. All who write have been answered by then."""
        self._broken = self._broken or StoreBroken(path=self.path, why="it was closed")
        super().close()
        self._writing.close()

    async def commit(self, units: Sequence[Unit]) -> None:
        """Make units durable, in this order, all together or none.

        An entry without its body is to come with, or after, the redaction that stands for it.

        :raises LocalError: for an entry of another story.
        """
        if units:
            await self.write(lambda db: _insert(db, units))

    async def redact(self, entry_id: bytes, redaction: Entry) -> None:
        """Store ``redaction`` and remove the body of an entry for good, from free pages and the log beside them too.

        Who may redact what is the ledger's to know.
        """

        def work(db: sqlite3.Connection) -> None:
            _insert(db, [(redaction,)])
            db.execute("UPDATE entries SET body = x'' WHERE id = ?", (entry_id.hex(),))

        await self.write(work, scrub=True)

    async def set_meta(self, **values: str) -> None:
        """Remember facts about this node, by name."""
        sql = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        await self.write(lambda db: db.executemany(sql, values.items()))

    async def keep_peer(self, peer: Peer) -> None:
        """Put a line into the address book, in place of the same member's last one."""
        row = (peer.member.hex(), json.dumps(peer.addresses), peer.last_ok, peer.record)
        await self.write(lambda db: db.execute("INSERT OR REPLACE INTO peers VALUES (?, ?, ?, ?)", row))

    async def keep_fork_proof(self, first: Entry, second: Entry) -> None:
        """Keep the first proof against an author; a later one changes nothing."""
        row = (first.author.hex(), first.header, first.signature, second.header, second.signature)
        await self.write(lambda db: db.execute("INSERT OR IGNORE INTO fork_proofs VALUES (?, ?, ?, ?, ?)", row))

    async def write(self, work: Callable[[sqlite3.Connection], T], *, scrub: bool = False) -> T:
        """Run ``work`` on the writing connection, inside a transaction it shares with others; return what it returns.

        When it raises, what it did is undone and the error is raised here; the others' work stands. ``scrub``:
        afterwards no older version of what it changed is left in the files.
        """
        job = _Job(work, scrub)
        await trio.lowlevel.checkpoint_if_cancelled()
        self._waiting.append(cast("_Job[object]", job))  # nothing was let pass: what is asked for first is stored first
        with trio.CancelScope(shield=True):
            if self._busy:
                await job.woken.wait()
            if not job.settled:
                self._busy = True
                await self._lead()
        if job.error is not None:
            raise job.error
        return cast("T", job.result)

    async def _lead(self) -> None:
        """Do what waits, one's own first of all; then wake those it was for, and whoever is to lead next."""
        await trio.lowlevel.checkpoint()  # whoever is about to write joins in
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER))]
        try:
            if self._threaded:
                await trio.to_thread.run_sync(self._perform, batch, limiter=self._thread)
            else:
                self._perform(batch)
        except BaseException as error:
            self._broken = StoreBroken(path=self.path, why=f"interrupted by {type(error).__name__}")
            _fail(batch, self._broken)
            raise
        finally:
            for job in batch:
                job.settled = True
                job.woken.set()
            self._busy = bool(self._waiting)
            if self._waiting:
                self._waiting[0].woken.set()

    def _perform(self, batch: list[_Job[object]]) -> None:
        """One transaction. Each job has its outcome afterwards; nothing is raised."""
        if self._broken is not None:
            return _fail(batch, self._broken)
        db = self._writing
        try:
            db.execute("BEGIN IMMEDIATE")
            for job in batch:
                self._step(db, job)
        except sqlite3.Error as error:
            return _fail(batch, self._give_up(error))
        try:
            db.execute("COMMIT")
        except sqlite3.Error as error:
            told = self._give_up(error)
            self._broken = StoreBroken(path=self.path, why=str(error))
            return _fail(batch, told if isinstance(told, DiskFull) else self._broken)
        self._to_scrub = self._to_scrub or any(job.scrub for job in batch)
        if self._to_scrub:
            self._scrub()
        return None

    def _step(self, db: sqlite3.Connection, job: _Job[object]) -> None:
        """One caller's work. Raises only what is everybody's affair: the transaction can't go on."""
        db.execute("SAVEPOINT job")
        try:
            job.result = job.work(db)
        except Exception as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            if code & 0xFF not in OWN_FAULTS:
                raise
            db.execute("ROLLBACK TO job")
            job.error = error
        db.execute("RELEASE job")

    def _give_up(self, error: sqlite3.Error) -> NodeError:
        """Undo the transaction; the store goes on if that is certain, and if the file itself is not at fault."""
        told = explain(error, self.path)
        told.__cause__ = error
        try:
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
        except sqlite3.Error as second:
            self._broken = StoreBroken(path=self.path, why=str(second))
        if isinstance(told, StoreBroken | StoreDamaged):
            self._broken = self._broken or told
        return told

    def _scrub(self) -> None:
        """Empty the write-ahead log, which holds older versions of pages; later, when a reader is in the way."""
        try:
            self._writing.execute("PRAGMA busy_timeout = 0")
            ((busy, _, _),) = self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._writing.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        except sqlite3.Error:  # what was committed stands; the next commit tries again, and closing the file does
            busy = 1
        self._to_scrub = bool(busy)


def _fail(batch: list[_Job[object]], error: NodeError) -> None:
    for job in batch:
        job.result, job.error = None, error


def _insert(db: sqlite3.Connection, units: Sequence[Unit]) -> None:
    ((last,),) = db.execute("SELECT coalesce(max(position), 0) FROM entries").fetchall()
    ((tag,),) = db.execute("SELECT (SELECT value FROM meta WHERE name = 'tag')").fetchall()
    for unit in units:
        first = last + 1
        for entry in unit:
            story = (entry.tag or tag_of(entry.id)).hex()
            if tag is None:
                tag = story
                db.execute("INSERT INTO meta (name, value) VALUES ('tag', ?)", (tag,))
            if story != tag:
                raise LocalError("an entry of another story was to be stored")
            last += db.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (
                    last + 1, first, entry.id.hex(), entry.author.hex(), entry.run.hex(), entry.seq, entry.kind,
                    entry.at, *entry.triple,
                ),
            ).rowcount  # fmt: skip


def open_store(path: Path, *, create: bool, threaded: bool = True) -> Store:
    """Open a story file to write to, after checking that it is whole; ``create`` one if there is nothing at ``path``.

    ``threaded=False`` writes without a thread, so that virtual time can be trusted.

    :raises StoreMissing, StoreDamaged, NotAStory, StoreNewer, StoreUnreadable, StoreReadOnly, StoreLocked, DiskFull:
        each says what to do. A damaged file is never taken for an empty one, and never changed.
    """
    if not look_at(path):
        if not create:
            raise StoreMissing(path=path)
        try:
            with explained(path):
                make_file(path)
        except OSError as error:
            raise StoreUnreadable(path=path, why=error.strerror or error) from error
    reading = connect_reading(path)
    try:
        layout = check_layout(path, reading)
        StoreReader(path, reading).check()
        writing = _connect_writing(path, layout)
    except BaseException:
        reading.close()
        raise
    return Store(path, reading, writing, threaded=threaded)


def _connect_writing(path: Path, layout: int) -> sqlite3.Connection:
    with explained(path):
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            db.execute(f"PRAGMA busy_timeout = {PATIENCE}")
            ((mode,),) = db.execute("PRAGMA journal_mode = WAL").fetchall()
            if mode != "wal":
                raise StoreUnreadable(path=path, why="its disk can't hold a write-ahead log: is it a network drive?")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA secure_delete = ON")
            if sys.platform == "darwin":  # there fsync does not reach the disk: https://sqlite.org/pragma.html
                db.execute("PRAGMA fullfsync = ON")
                db.execute("PRAGMA checkpoint_fullfsync = ON")
            if layout < LAYOUT:
                _migrate(db)
            db.execute("BEGIN IMMEDIATE")  # fails at once where nothing can be written
            db.execute("ROLLBACK")
        except BaseException:
            db.close()
            raise
    return db


def _migrate(db: sqlite3.Connection) -> None:
    from sqlite_utils import Database

    story_steps().apply(Database(db, execute_plugins=False))
    db.execute(f"PRAGMA user_version = {LAYOUT}")
