"""Where a narrator's stories lie: the first in the data root itself, every other in a folder of its own below it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dwnet.errors import NodeError
from dwnet.settings import Settings
from dwnet.store_reader import open_reader
from narrator_app.summary import kept_summary
from protocol.authority import Authority
from protocol.kinds import Renamed

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
        kept = kept_summary(reader)
        if kept is not None:
            return kept.name
        authority = Authority()
        authority.add(first[0])
        for entry in reader.of_kind(Renamed.kind):
            if entry.author == authority.narrator:
                authority.add(entry)
        return authority.name


def tag_in(database: Path) -> str:
    """The tag of the story in a file, hexadecimal; "" when there is none."""
    if not database.exists():
        return ""
    with open_reader(database) as reader:
        return reader.meta().get("tag", "")


def stories(settings: Settings) -> list[Settings]:
    """The settings of every story below a data root. One that does not open is a story too."""
    return [one for one in places(settings) if one.database.exists() and _has_begun(one.database)]


def _has_begun(database: Path) -> bool:
    try:
        return name_in(database) is not None
    except NodeError:
        return True


def story_named(settings: Settings, name: str) -> Settings | None:
    """The settings of the story of this name, however it is written, or with this tag; None when there is none.

    :raises NodeError: when none is found, and one that does not open could be it.
    """
    trouble: NodeError | None = None
    for where in stories(settings):
        try:
            if (name_in(where.database) or "").casefold() == name.casefold() or tag_in(where.database) == name:
                return where
        except NodeError as error:
            trouble = trouble or error
    if trouble is not None:
        raise trouble
    return None


def places(settings: Settings) -> list[Settings]:
    """The settings of every folder below a data root that a story may lie in, whole, damaged or not begun."""
    folder = settings.root / "stories"
    others = sorted(folder.iterdir()) if folder.is_dir() else []
    return [settings, *(at(settings, root) for root in others if root.is_dir())]


def story_settings(settings: Settings, name: str) -> tuple[Settings, str]:
    """The settings of the story called ``name`` ("": the first one), or of that with this tag where two have one name;
    and the name to begin it under if it is new.
    """
    if not name:
        return settings, name_in(settings.database) or FIRST_NAME
    where = story_named(settings, name)
    if where is not None:
        return where, name_in(where.database) or name
    return (fresh_place(settings, name) if stories(settings) else settings), name


def fresh_place(settings: Settings, name: str) -> Settings:
    """A folder beside the first story's in which no other lies, for one of this name."""
    safe = "".join(one if one.isalnum() else "-" for one in name.casefold()).strip("-") or "story"
    folder, number = settings.root / "stories" / safe, 2
    while at(settings, folder).database.exists():  # of another story, whose name looks alike to a disk
        folder, number = folder.with_name(f"{safe}-{number}"), number + 1
    return at(settings, folder)


def data_root(settings: Settings) -> Path:
    """The data root that a story's folder lies in, or is."""
    return settings.root.parent.parent if settings.root.parent.name == "stories" else settings.root


def at(settings: Settings, root: Path) -> Settings:
    """The same settings with another story's folder."""
    return replace(settings, root=root, database=root / "dream_weaver.db", checkpoints=root / "checkpoints")
