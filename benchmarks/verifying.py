"""How fast a signed log is verified, against libsodium verifying as many signatures and nothing else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from time import perf_counter, time

from nacl.bindings import crypto_sign_open

from benchmarks.figure import Figure, p50
from dwnet.log_file import export_log, verify_file
from protocol.body import pack_body
from protocol.entry import Entry, tag_of, write_entry
from protocol.identity import ENTRY, SigningKey
from protocol.kinds import Genesis, Narrated

ENTRIES = 6_000
ROUNDS = 5
TEXT = "The rain had stopped an hour ago, and still the gutters talked among themselves about the storm. "


def measure() -> list[Figure]:
    """A log of narrations of one author, verified from the file; then the same signatures, bare."""
    key = SigningKey.from_seed(os.urandom(32))
    entries = story(key)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "story.dwlog"
        export_log(path, key, [(one,) for one in entries], entries[-1].id, at=int(time() * 1000))
        ours, theirs = [], []
        for _ in range(ROUNDS):
            began = perf_counter()
            report = verify_file(path, tag_of(entries[0].id))
            ours.append(report.entries / (perf_counter() - began))
            assert report.outcome == 0, report.sentence
            theirs.append(bare(key.public, entries))
    what, against = "log verify, text entries a second", "libsodium verify, single thread"
    beside = f"{ENTRIES} entries."
    return [Figure("verify", what, against, p50(ours), p50(theirs), "1/s", 0.75, at_most=False, beside=beside)]


def story(key: SigningKey) -> list[Entry]:
    """Genesis and a long tale."""
    run, tag, prev = os.urandom(8), b"", b""
    entries: list[Entry] = []
    for seq in range(ENTRIES):
        body = Genesis("bench", os.urandom(32)) if seq == 0 else Narrated(TEXT * (1 + seq % 3), (), "say")
        entry = write_entry(
            key, tag=tag, run=run, seq=seq, prev=prev, at=seq, kind=body.kind, body=pack_body(body, os.urandom(16))
        )
        tag, prev = tag_of(entries[0].id) if entries else tag_of(entry.id), entry.id
        entries.append(entry)
    return entries


def bare(public: bytes, entries: list[Entry]) -> float:
    """Signatures a second, and nothing but signatures."""
    messages = [one.signature + ENTRY + one.header for one in entries]
    began = perf_counter()
    for message in messages:
        crypto_sign_open(message, public)
    return len(messages) / (perf_counter() - began)
