"""Stories at rest: what a data folder holds, and the way of a whole story out of it and back into it."""

from __future__ import annotations

import os
import time
from collections import deque
from functools import partial
from pathlib import Path

import trio

from dwnet import keyring, lock
from dwnet.errors import NodeError
from dwnet.log_file import STEP, Progress, export_log, read_forks, read_units, units_of
from dwnet.settings import Settings, narrator_settings, peer_settings, prepare
from dwnet.store import Store, open_store
from dwnet.store_errors import NotAStory, StoreDamaged
from dwnet.store_reader import open_reader
from dwnet.times import now
from protocol.identity import SigningKey
from protocol.ledger import Ledger, Unit
from protocol.log import Verdict
from protocol.sealing import SealKey
from protocol.verifier import Report

BATCH = 256  # units written in one transaction


class OtherStoryHere(NodeError):
    """The folder {root} holds another story than {file}.

    Name an empty folder with --data.
    """


class NotBegun(NodeError):
    """No story has begun in the folder {root} yet.

    Begin it with dwnet narrate --headless, or join one with dwnet peer --invite CODE.
    """


def settings_at(data: str | None) -> Settings:
    """The settings of a data folder, a narrator's or a peer's, whichever it is."""
    root = Path(data).expanduser() if data is not None else None
    if root is not None and any((root / sign).exists() for sign in ("story.db", "seat")):
        return peer_settings({"data": data}, os.environ)
    return narrator_settings({"data": data}, os.environ)


def open_ledger(settings: Settings) -> Ledger:
    """A story as its folder holds it, read beside a running node; sealed text opens with the folder's own key.

    :raises NodeError: when there is no story, or it is damaged.
    """
    with open_reader(settings.database) as reader:
        seed = keyring.load(keyring.key_file(settings.keys, "seal"))
        tag = reader.meta().get("tag")
        if tag is None:
            raise NotBegun(root=settings.root)
        ledger = Ledger(bytes.fromhex(tag), SealKey.from_seed(seed) if seed else None)
        ledger.load(reader.load(), reader.fork_proofs())
        return ledger


def own_key(settings: Settings) -> SigningKey:
    """The member key of a folder; it signs exports."""
    with open_reader(settings.database) as reader:
        purpose = reader.meta().get("key", "member")
    return SigningKey.from_seed(keyring.load_or_make(keyring.key_file(settings.keys, purpose)))


def export_story(data: str | None, file: Path) -> Report:
    """Write the story of a data folder to a signed file."""
    settings = settings_at(data)
    ledger = open_ledger(settings)
    return export_log(
        file, own_key(settings), units_of(ledger), ledger.canon.head, at=now(), forks=ledger.proofs.values()
    )


def import_story(data: str | None, file: Path, report: Report) -> tuple[int, Path]:
    """Bring a verified file into a data folder; how many entries were new, and the database they are in now.

    :raises OtherStoryHere: when the folder holds a healthy story that is another.
    """
    settings = settings_at(data)
    return import_into(settings, file, report), settings.database


def import_into(settings: Settings, file: Path, report: Report, progress: Progress | None = None) -> int:
    """As :func:`import_story`, into the folder of these settings. Blocks; whatever ``progress`` raises ends it between
    two batches, and the next import goes on from there.
    """
    prepare(settings)
    with lock.writing(settings.root):
        _set_damaged_aside(settings.database)
        store = open_store(settings.database, create=True, threaded=False)
        try:
            return _import(store, settings, file, report, progress)
        finally:
            store.close()


def _import(store: Store, settings: Settings, file: Path, report: Report, progress: Progress | None) -> int:
    known = store.meta().get("tag")
    if known is not None and known != report.tag.hex():
        raise OtherStoryHere(root=settings.root, file=file)
    trio.run(partial(store.set_meta, tag=report.tag.hex()))
    ledger = Ledger(report.tag)
    ledger.load(store.load())
    added, batch = 0, list[Unit]()
    for done, unit in enumerate(read_units(file)):
        taken = ledger.take(unit)
        if taken.verdict is Verdict.TAKEN:
            batch.append(taken.unit)
            added += len(taken.unit)
        if len(batch) >= BATCH:
            trio.run(store.commit, batch)
            batch = []
        if progress is not None and done % STEP == 0:
            progress(min(done, report.entries), report.entries)
    trio.run(store.commit, batch)
    for first, second in read_forks(file):
        if ledger.take_fork(first, second):
            trio.run(store.keep_fork_proof, first, second)
    return added


def _set_damaged_aside(database: Path) -> None:
    """A story file that does not open is kept, under another name, so that a good one can take its place."""
    if not database.exists():
        return
    try:
        with open_reader(database) as reader:
            reader.check()
            deque(reader.load(), maxlen=0)
    except (StoreDamaged, NotAStory):
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for suffix in ("", "-wal", "-shm"):
            part = database.with_name(database.name + suffix)
            if part.exists():
                part.rename(database.with_name(f"{database.name}.damaged-{stamp}{suffix}"))
