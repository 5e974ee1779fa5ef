"""Where a narrator's stories lie: the first in the data root itself, every other in a folder of its own below it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dwnet.settings import Settings
from dwnet.store_reader import open_reader
from protocol.ledger import Ledger

FIRST_NAME = "A story without a name"


def name_in(database: Path) -> str | None:
    """The name of the story in a file; None when there is no file, or no story has begun in it.

    :raises NodeError: when there is one and it does not open.
    """
    if not database.exists():
        return None
    with open_reader(database) as reader:
        tag, first = reader.meta().get("tag"), next(reader.load(), None)
        if tag is None or first is None:
            return None
        ledger = Ledger(bytes.fromhex(tag))
        ledger.load([first])
        return ledger.authority.name


def stories(settings: Settings) -> list[Settings]:
    """The settings of every story below a data root."""
    folder = settings.root / "stories"
    others = sorted(folder.iterdir()) if folder.is_dir() else []
    places = [settings, *(at(settings, root) for root in others)]
    return [one for one in places if name_in(one.database) is not None]


def story_settings(settings: Settings, name: str) -> tuple[Settings, str]:
    """The settings of the story called ``name`` ("": the first one), and the name to begin it under if it is
    new.
    """
    known = {name_in(one.database): one for one in stories(settings)}
    if not name:
        return settings, name_in(settings.database) or FIRST_NAME
    for told, where in known.items():
        if told is not None and told.casefold() == name.casefold():
            return where, told
    if not known:
        return settings, name
    safe = "".join(one if one.isalnum() else "-" for one in name.casefold()).strip("-") or "story"
    folder, number = settings.root / "stories" / safe, 2
    while at(settings, folder).database.exists():  # of another story, whose name looks alike to a disk
        folder, number = folder.with_name(f"{safe}-{number}"), number + 1
    return at(settings, folder), name


def at(settings: Settings, root: Path) -> Settings:
    """The same settings with another story's folder."""
    return replace(settings, root=root, database=root / "dream_weaver.db", checkpoints=root / "checkpoints")
