"""``.dwlog`` files on disk: written whole and checked before they get their name; read in pieces, however large.

All calls block and are made from threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from dwnet.errors import NodeError
from dwnet.whole_file import reading, write_whole
from protocol import dwlog
from protocol.dwlog import Head, NewerFormat, RecordReader, RecordType
from protocol.entry import Entry, tag_of
from protocol.errors import LocalError, RemoteError
from protocol.identity import SigningKey
from protocol.ledger import Ledger, Unit
from protocol.verifier import Outcome, Report, Verifier

T = TypeVar("T")

PIECE = 1024 * 1024  # bytes read at a time
STEP = 64  # units written between two words of how far it is

Progress = Callable[[int, int], None]
"""Called now and then with what is done so far and how much there is: bytes of a file, units of a story."""


class LogNewer(NodeError):
    """The file {path} was {why}.

    Update this program; nothing can be said about the file until then.
    """


class LogNotGood(NodeError):
    """The file {path} cannot be used: {why}

    Get another copy of the story, or bring it back from any peer that holds it.
    """

    exit_code = 1


class ExportNotGood(NodeError):
    """The story was not written to {path}, because it would not have passed its own check: {why}

    Nothing was changed. Run dwnet doctor: the story file on this machine may be damaged, and peers can bring it back.
    """


def units_of(ledger: Ledger) -> list[Unit]:
    """Every unit a ledger holds, in the order in which it was taken. Quick: call it where the ledger lives."""
    return list(ledger.units())


def export_log(
    path: Path,
    key: SigningKey,
    units: Sequence[Unit],
    canon_head: bytes,
    *,
    at: int,
    scope: str = "whole",
    forks: Iterable[tuple[Entry, Entry]] = (),
    clips: Iterable[bytes] = (),
    progress: Progress | None = None,
) -> Report:
    """Write a story to a file, in place of what was there; the report of its check.

    ``at``: ms since 1970. ``scope``: what the file holds, in words, at most limits.SCOPE characters. ``key``: the
    exporter's, who need not be the narrator. ``clips``: the bytes of sounds to take along.

    Whatever ``progress`` raises ends the export, and nothing is written.

    :raises ExportNotGood: and leaves what was there, when ``units`` do not make a story that passes the check.
    :raises NoRoomForFile, FileNotWritten:
    """
    if not units:
        raise ExportNotGood(path=path, why="not even its first entry is here.")
    tag = tag_of(units[0][0].id)
    verifier = Verifier(tag)
    with write_whole(path) as file:
        try:
            pieces = dwlog.write_log(key, Head(tag, key.public, scope, at), canon_head, units, forks, clips)
            for done, piece in enumerate(pieces):
                verifier.feed(piece)
                file.write(piece)
                if progress is not None and done % STEP == 0:
                    progress(min(done, len(units)), len(units))
        except LocalError as error:
            raise ExportNotGood(path=path, why=f"{error}.") from error
        report = verifier.finish()
        if report.outcome not in (Outcome.WHOLE, Outcome.FORKED):
            raise ExportNotGood(path=path, why=report.sentence)
    return report


def verify_file(path: Path, expected_tag: bytes | None = None, progress: Progress | None = None) -> Report:
    """Check a file of any size in one pass. Without ``expected_tag`` (16 bytes) nobody's identity is checked.

    :raises LogNewer, FileNotRead:
    """
    verifier = Verifier(expected_tag)
    with reading(path), path.open("rb") as file:
        size, read = path.stat().st_size, 0
        while data := file.read(PIECE):
            try:
                verifier.feed(data)
            except NewerFormat as error:
                raise LogNewer(path=path, why=error) from error
            read += len(data)
            if progress is not None:
                progress(read, size)
    return verifier.finish()


def read_units(path: Path) -> Iterator[Unit]:
    """The units of a file that was verified, in an order in which a ledger can take them.

    :raises LogNotGood: at the first record that does not read.
    :raises FileNotRead:
    """
    return _records(path, RecordType.UNIT, dwlog.read_entries)


def read_forks(path: Path) -> Iterator[Unit]:
    """The proofs of forks in a file that was verified: pairs of entries at one place. Raises as ``read_units`` does."""
    return _records(path, RecordType.FORK, dwlog.read_entries)


def read_clips(path: Path) -> Iterator[bytes]:
    """The sounds in a file that was verified; keep those whose hash a line names. Raises as ``read_units`` does."""
    return _records(path, RecordType.CLIP, bytes)


def _records(path: Path, kind: RecordType, read: Callable[[bytes], T]) -> Iterator[T]:
    records = RecordReader()
    with reading(path), path.open("rb") as file:
        while data := file.read(PIECE):
            try:
                for record in records.feed(data):
                    if record.kind == kind:
                        yield read(record.payload)
            except RemoteError as error:
                raise LogNotGood(path=path, why=f"at byte {records.offset}: {error}.") from error
