"""The files of a learning on this machine: what it learns from, what was begun, and where what came of it lies."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from dwnet.whole_file import reading, write_whole, writing
from peer.evolution.contract import STRENGTHS, Report
from peer.evolution.samples import export, read_samples
from peer.learning_backup import ADAPTER
from peer.performer import Performer
from protocol.minds import Backup

SAMPLES_FILE, KEPT_FILE, ASKED_FILE, EXPORTED_FILE = "samples.jsonl", "kept.jsonl", "asked.json", "training.jsonl"


@dataclass(frozen=True)
class Asked:
    """A learning that was begun: how strongly, and the passage that stood last then (b"": none)."""

    strength: str
    place: bytes


def write(path: Path, content: bytes) -> None:
    """Write a file whole.

    :raises NoRoomForFile, FileNotWritten:
    """
    with write_whole(path) as file:
        file.write(content)


def begun(out: Path) -> Asked | None:
    """The learning that was begun here and not ended; one whose note does not read was never begun."""
    try:
        note = json.loads((out / ASKED_FILE).read_text(encoding="ascii"))
        asked = Asked(str(note["strength"]), bytes.fromhex(note["place"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return asked if asked.strength in STRENGTHS else None


def freeze(out: Path, strength: str, place: bytes, samples: bytes) -> tuple[Asked, Path]:
    """What is learned from does not change while it is learned. What was begun is gone on with, unless something of it
    has left the story meanwhile.

    :raises NoRoomForFile, FileNotWritten, FileNotRead:
    """
    frozen, asked = out / SAMPLES_FILE, begun(out)
    with reading(frozen):
        is_good = frozen.exists() and set(samples.splitlines()) >= set(frozen.read_bytes().splitlines())
    if asked is not None and is_good:
        return asked, frozen
    shutil.rmtree(out, ignore_errors=True)
    write(frozen, samples)
    write(out / ASKED_FILE, json.dumps({"strength": strength, "place": place.hex()}).encode())
    return Asked(strength, place), frozen


def export_samples(folder: Path) -> Path:
    """Write the samples as those read them who train the model behind an address; where they lie.

    :raises NoRoomForFile, FileNotWritten, FileNotRead, SampleWrong:
    """
    path = folder / EXPORTED_FILE
    export(read_samples(folder / SAMPLES_FILE).all, path)
    return path


def move(report: Report, path: Path) -> bytes:
    """Put the adapter, and its report to read, in their place; the adapter's bytes.

    :raises NoRoomForFile, FileNotWritten, FileNotRead:
    """
    with reading(report.adapter):
        content = report.adapter.read_bytes()
    write(path, content)
    for page in report.adapter.parent.glob("report.*"):
        with writing(path):
            shutil.copyfile(page, path.with_suffix(page.suffix))
    return content


def place_of(one: Backup, performer: Performer, folder: Path) -> Path | None:
    """Where something that was kept elsewhere lies on this machine: an adapter where it is spoken with, samples beside
    those that are worked out here.
    """
    return performer.versions.path_of(one.held.name) if one.held.what == ADAPTER else folder / KEPT_FILE
