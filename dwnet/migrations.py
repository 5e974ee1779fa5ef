"""How a story file is laid out, as named steps applied in order; the only file of this package that knows sqlite-utils.

Rules of this file:
- A step is never changed once it was released; a new layout is a new step, and ``LAYOUT`` counts them.
- A story file appears whole or not at all: made beside its name, then renamed. So an empty or half-made file at its
  name is always damage.
- Ids and keys are text in hexadecimal, so that people can read, link and search them with sqlite-utils or Datasette.
  What is signed stays in the very bytes it came in: ``header``, ``signature``, ``body``. The other columns are there to
  be found by.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

APPLICATION_ID = int.from_bytes(b"DwSt")  # at byte 68 of the file, where `file` looks for it
LAYOUT = 1  # PRAGMA user_version


def story_steps() -> Migrations:
    from sqlite_utils import Migrations

    steps = Migrations("story")

    @steps()
    def entries(db: Database) -> None:
        """One row per entry. ``position`` counts in the order of arrival, which is causal; ``unit`` is the first
        position of the entries stored together. ``at`` is in ms since 1970. An empty body was redacted."""
        db.table("entries").create(
            {
                "position": int, "unit": int, "id": str, "author": str, "run": str, "seq": int, "kind": str, "at": int,
                "header": bytes, "signature": bytes, "body": bytes,
            },
            pk="position",
            not_null=("unit", "id", "author", "run", "seq", "kind", "at", "header", "signature", "body"),
        )  # fmt: skip
        db.table("entries").create_index(["id"], unique=True)
        db.table("entries").create_index(["author", "run", "seq"])
        db.create_view(
            "entry_list",
            "SELECT position, strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS written_at, kind, author, seq,"
            " length(header) + length(signature) + length(body) AS bytes, length(body) = 0 AS redacted, id"
            " FROM entries ORDER BY position",
        )

    @steps()
    def fork_proofs(db: Database) -> None:
        """Two signed headers of one author for one place: the first such proof against him."""
        db.table("fork_proofs").create(
            {
                "author": str, "first_header": bytes, "first_signature": bytes,
                "second_header": bytes, "second_signature": bytes,
            },
            pk="author",
            not_null=("first_header", "first_signature", "second_header", "second_signature"),
        )  # fmt: skip

    @steps()
    def peers(db: Database) -> None:
        """Where members can be dialled: ``addresses`` is a JSON list, ``last_ok`` in milliseconds since 1970."""
        db.table("peers").create(
            {"member": str, "addresses": str, "last_ok": int, "record": bytes},
            pk="member",
            not_null=("addresses", "record"),
        )

    @steps()
    def meta(db: Database) -> None:
        """What this node remembers of itself, by name: the story's tag, the agent that wrote last, its port."""
        db.table("meta").create({"name": str, "value": str}, pk="name", not_null=("value",))

    return steps


def make_file(path: Path) -> None:
    """Make an empty story file at ``path``, where nothing is.

    :raises sqlite3.Error: when it can't be written; then there still is nothing at ``path``.
    :raises OSError: likewise.
    """
    from sqlite_utils import Database

    draft = path.with_name(f"{path.name}.new")
    for left_over in (draft, Path(f"{draft}-journal"), Path(f"{draft}-wal"), Path(f"{draft}-shm")):
        left_over.unlink(missing_ok=True)
    db = Database(draft, execute_plugins=False)
    try:
        db.conn.execute("PRAGMA synchronous = OFF")  # flushed once, below, before it gets its name
        db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        story_steps().apply(db)
        db.conn.execute(f"PRAGMA user_version = {LAYOUT}")
        db.conn.execute("PRAGMA journal_mode = WAL")
    finally:
        db.close()
    _flush(draft)
    draft.rename(path)
    if os.name == "posix":
        _flush(path.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
