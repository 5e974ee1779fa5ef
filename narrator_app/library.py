"""The narrator's own tables, in the story's file: cards, invites, checkpoints, health, drafts, and words to search in.

Rules of this file:
- The log is the story; these tables stand beside it. What can be had from the log again (the spoken lines and their
  index) is a cache: with it stands the summary of the story it was made from, and it is made anew when it is behind.
- No secret is kept here: of an invite its public key, never its code.
- The tables are for people too: times are ISO 8601 in UTC, ids are hexadecimal, names are written out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dwnet.store import Store
from dwnet.store_reader import StoreReader
from dwnet.times import iso, milliseconds
from narrator_app.summary import KEPT, Summary, kept_summary

if TYPE_CHECKING:
    from sqlite_utils import Migrations

HEALTH_KEPT = 10_000  # changes of status; at one a minute a week of evenings
FOUND = 50  # lines that one search gives
EXCERPT = 150  # characters of a line around what was found


class Card(NamedTuple):
    """A character's definition as the narrator wrote it: ``card`` is JSON text. ``here``: played on this machine."""

    seat: int
    name: str
    role: str
    card: str
    here: bool


class InviteNote(NamedTuple):
    """An invite as the narrator sees it. ``invite``: its public key. ``state``: open, used, withdrawn or expired."""

    invite: bytes
    seat: int
    name: str
    role: str
    state: str
    expires: int


class CheckpointNote(NamedTuple):
    """A named place: the passage's entry, and the signed file that was written for it ("" if none)."""

    name: str
    entry: bytes
    file: str


class HealthNote(NamedTuple):
    """A change of a member's status. ``since`` in ms since 1970."""

    member: str
    status: str
    why: str
    since: int


class SpokenLine(NamedTuple):
    """A passage as it is read. ``position`` counts along the story; ``kind`` is "narration" or "line"; ``at`` is in ms
    since 1970; ``private``: whispered.
    """

    position: int
    entry: bytes
    beat: bytes
    take: int
    speaker: str
    kind: str
    text: str
    at: int
    private: bool = False


class Found(NamedTuple):
    """A line that a search found; ``excerpt`` is the stretch of it around the words looked for."""

    entry: bytes
    position: int
    speaker: str
    at: str
    excerpt: str
    private: bool


class Library:
    """The narrator's tables; :func:`open_library` makes it. Errors are the store's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- the cast ---------------------------------------------------------------------------------------------------

    async def keep_card(self, card: Card) -> None:
        """Keep a card, in place of the seat's last one."""
        await self._put("cards", ("seat", "name", "role", "card", "here"), (*card[:4], int(card.here)))

    def cards(self) -> list[Card]:
        """All cards, by seat."""
        rows = self._store.query("SELECT seat, name, role, card, here FROM cards ORDER BY seat")
        return [Card(seat, name, role, card, bool(here)) for seat, name, role, card, here in rows]

    # --- invites ----------------------------------------------------------------------------------------------------

    async def keep_invite(self, note: InviteNote) -> None:
        """Note an invite, or what became of it. ``expires`` in ms since 1970."""
        columns = ("invite", "seat", "name", "role", "state", "expires")
        await self._put("invites", columns, (note.invite.hex(), *note[1:5], iso(note.expires, "milliseconds")))

    def invites(self, state: str | None = None) -> list[InviteNote]:
        """All invites, or those in one state, the last to expire first."""
        sql = "SELECT invite, seat, name, role, state, expires FROM invites"
        where, values = ("", ()) if state is None else (" WHERE state = ?", (state,))
        rows = self._store.query(f"{sql}{where} ORDER BY expires DESC, invite", values)
        return [InviteNote(bytes.fromhex(a), b, c, d, e, milliseconds(f)) for a, b, c, d, e, f in rows]

    # --- checkpoints ------------------------------------------------------------------------------------------------

    async def keep_checkpoint(self, note: CheckpointNote) -> None:
        """Note a checkpoint, in place of the last of that name."""
        await self._put("checkpoints", ("name", "entry", "file"), (note.name, note.entry.hex(), note.file))

    def checkpoints(self) -> list[CheckpointNote]:
        """All checkpoints, in the order they were first noted."""
        rows = self._store.query("SELECT name, entry, file FROM checkpoints ORDER BY rowid")
        return [CheckpointNote(name, bytes.fromhex(entry), file) for name, entry, file in rows]

    # --- health -----------------------------------------------------------------------------------------------------

    async def record_health(self, note: HealthNote) -> None:
        """Note a status, unless it is the one the member had last. The oldest of many are dropped."""

        def work(db: sqlite3.Connection) -> None:
            last = "SELECT status FROM health_history WHERE member = ? ORDER BY id DESC LIMIT 1"
            if db.execute(last, (note.member,)).fetchall() == [(note.status,)]:
                return
            values = (note.member, note.status, note.why, iso(note.since, "milliseconds"))
            db.execute("INSERT INTO health_history (member, status, why, since) VALUES (?, ?, ?, ?)", values)
            oldest = "SELECT max(id) FROM health_history"
            db.execute(f"DELETE FROM health_history WHERE id <= ({oldest}) - ?", (HEALTH_KEPT,))

        await self._store.write(work)

    def health_history(self, member: str | None = None, most: int = 200) -> list[HealthNote]:
        """The latest changes, of one member or all, newest first."""
        where, values = ("", ()) if member is None else ("WHERE member = ?", (member,))
        sql = f"SELECT member, status, why, since FROM health_history {where} ORDER BY id DESC LIMIT ?"
        rows = self._store.query(sql, (*values, most))
        return [HealthNote(member, status, why, milliseconds(since)) for member, status, why, since in rows]

    # --- drafts -----------------------------------------------------------------------------------------------------

    async def keep_draft(self, place: str, text: str) -> None:
        """Keep what was written and not yet told, so that closing the window loses nothing; "" forgets it.

        ``place`` names where it was written: the desk's text field, a card's page.
        """
        if text:
            await self._put("drafts", ("place", "text"), (place, text))
        else:
            await self._store.write(lambda db: db.execute("DELETE FROM drafts WHERE place = ?", (place,)))

    def draft(self, place: str) -> str:
        """What was kept for a place; "" if nothing."""
        rows = self._store.query("SELECT text FROM drafts WHERE place = ?", (place,))
        return str(rows[0][0]) if rows else ""

    # --- what was said ----------------------------------------------------------------------------------------------

    def summary(self) -> Summary | None:
        """The story that the lines stand for; None when they are behind: :meth:`fill` them anew."""
        return kept_summary(self._store)

    async def fill(self, lines: Iterable[SpokenLine], summary: Summary) -> None:
        """Put these in place of all lines there were; they are read in a thread.

        A story that knows entries which are not on the disk, as when a program ends in a commit, changes nothing.
        """

        def work(db: sqlite3.Connection) -> None:
            if _holds(db, summary.entries):
                db.execute("DELETE FROM story_lines")
                _record(db, lines, summary)

        await self._store.write(work)

    async def record_passages(self, lines: Iterable[SpokenLine], summary: Summary) -> None:
        """Add lines as canon grows, or their new wording; else as :meth:`fill` does."""
        await self._store.write(lambda db: _record(db, lines, summary) if _holds(db, summary.entries) else None)

    async def forget_line(self, entry: bytes) -> None:
        """Remove a line that was redacted, from the index too, for good."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM story_lines WHERE entry = ?", (entry.hex(),))
            # Deleted words stay in older parts of the index until these are merged: https://sqlite.org/fts5.html 6.7
            db.execute("INSERT INTO story_lines_fts (story_lines_fts) VALUES ('optimize')")

        await self._store.write(work, scrub=True)

    def search(self, words: str, most: int = FOUND) -> list[Found]:
        """Lines that hold all these words, in speaker or text, best match first. The last word may be unfinished."""
        return search(self._store, words, most)

    async def _put(self, table: str, columns: tuple[str, ...], values: tuple[object, ...]) -> None:
        """Insert a row, or change the one with the same first column."""
        marks = ", ".join("?" * len(columns))
        changes = ", ".join(f"{one} = excluded.{one}" for one in columns[1:])
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        await self._store.write(
            lambda db: db.execute(f"{sql} ON CONFLICT ({columns[0]}) DO UPDATE SET {changes}", values)
        )


def search(reader: StoreReader, words: str, most: int = FOUND) -> list[Found]:
    """As :meth:`Library.search`, in any story's file; nothing is found where no lines were recorded yet."""
    wanted = [f'"{word}"' for word in words.replace('"', " ").replace("\0", " ").split()]
    if not wanted or not reader.query("SELECT 1 FROM sqlite_master WHERE name = 'story_lines_fts'"):
        return []
    rows = reader.query(
        "SELECT entry, position, story_lines.speaker, spoken_at,"
        " snippet(story_lines_fts, 0, '', '', '…', 24), private"
        " FROM story_lines_fts JOIN story_lines ON story_lines.id = story_lines_fts.rowid"
        " WHERE story_lines_fts MATCH ? ORDER BY story_lines_fts.rank, position LIMIT ?",
        (" ".join(wanted) + "*", most),
    )
    return [Found(bytes.fromhex(a), b, c, d, e, bool(f)) for a, b, c, d, e, f in rows]


def look_through(lines: Iterable[SpokenLine], words: str, most: int = FOUND) -> list[Found]:
    """As :func:`search`, without an index: slower, in the order of the story, and exact about accents."""
    wanted = words.replace('"', " ").casefold().split()
    found = (one for one in lines if wanted and all(word in f"{one.speaker} {one.text}".casefold() for word in wanted))
    return [
        Found(one.entry, one.position, one.speaker, iso(one.at, "milliseconds"), _around(one.text, wanted), one.private)
        for one in islice(found, most)
    ]


def _around(text: str, wanted: Sequence[str]) -> str:
    """The stretch of a text around the first of these words that is in it."""
    at = min((place for word in wanted if (place := text.casefold().find(word)) >= 0), default=0)
    first, last = max(0, at - EXCERPT // 3), at + EXCERPT
    return f"{'…' if first else ''}{text[first:last].strip()}{'…' if last < len(text) else ''}"


async def open_library(store: Store) -> Library:
    """Make the narrator's tables where they are missing."""
    await store.write(_make_tables)
    return Library(store)


def _row(line: SpokenLine) -> tuple[object, ...]:
    return (
        line.entry.hex(),
        line.position,
        line.beat.hex(),
        line.take,
        line.speaker,
        line.kind,
        line.text,
        iso(line.at, "milliseconds"),
        int(line.private),
    )


def _holds(db: sqlite3.Connection, entries: int) -> bool:
    ((held,),) = db.execute("SELECT coalesce(max(position), 0) FROM entries").fetchall()
    return int(held) >= entries


def _record(db: sqlite3.Connection, lines: Iterable[SpokenLine], summary: Summary) -> None:
    db.executemany(
        "INSERT INTO story_lines (entry, position, beat, take, speaker, kind, text, spoken_at, private)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entry) DO UPDATE SET position = excluded.position,"
        " take = excluded.take, speaker = excluded.speaker, text = excluded.text, private = excluded.private",
        [_row(one) for one in lines],
    )
    kept = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    db.execute(kept, (KEPT, summary.to_text()))


def _make_tables(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database

    db = Database(connection, execute_plugins=False)
    _steps().apply(db)
    if not (db.table("story_lines").exists() and db.table("story_lines_fts").exists()):
        for cache in ("story_lines", "story_lines_fts"):
            db.table(cache).drop(ignore=True)
        connection.execute("DELETE FROM meta WHERE name = ?", (KEPT,))
        lines = db.table("story_lines")
        lines.create(
            {
                "id": int, "position": int, "speaker": str, "text": str, "spoken_at": str, "kind": str, "beat": str,
                "take": int, "private": int, "entry": str,
            },
            pk="id",
            not_null=("position", "speaker", "text", "spoken_at", "kind", "beat", "take", "private", "entry"),
        )  # fmt: skip
        lines.create_index(["entry"], unique=True)
        lines.create_index(["position"])
        lines.enable_fts(["text", "speaker"], create_triggers=True, tokenize="unicode61 remove_diacritics 2")


def _steps() -> Migrations:
    """The layout of what can't be had from the log again. A step is never changed once it was released."""
    from sqlite_utils import Database, Migrations

    steps = Migrations("library")

    @steps()
    def library(db: Database) -> None:
        db.table("cards").create(
            {"seat": int, "name": str, "role": str, "card": str, "here": int},
            pk="seat",
            not_null=("name", "role", "card", "here"),
        )
        db.table("invites").create(
            {"invite": str, "seat": int, "name": str, "role": str, "state": str, "expires": str},
            pk="invite",
            not_null=("seat", "name", "role", "state", "expires"),
        )
        db.table("checkpoints").create({"name": str, "entry": str, "file": str}, pk="name", not_null=("entry", "file"))
        db.table("health_history").create(
            {"id": int, "member": str, "status": str, "why": str, "since": str},
            pk="id",
            not_null=("member", "status", "why", "since"),
        )
        db.table("health_history").create_index(["member"])
        db.table("drafts").create({"place": str, "text": str}, pk="place", not_null=("text",))

    return steps
