"""Stories read without telling them: for ``dwnet story`` and ``dwnet status``, also beside a running narrator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dwnet import lock
from dwnet.blob_store import BlobStore
from dwnet.errors import NodeError
from dwnet.keeping import open_ledger, own_key
from dwnet.settings import Settings
from dwnet.store_reader import open_reader
from dwnet.text import marked
from dwnet.whole_file import write_whole
from narrator_app.book import book_of
from narrator_app.forms import RENDERED, Source, form_named
from narrator_app.places import name_in, stories, story_named
from narrator_app.summary import Summary, summary_at, summary_of


class NoSuchStory(NodeError):
    """There is no story called {name} in {root}.

    There are: {names}. dwnet story list shows them; --data names another folder.
    """

    exit_code = 2


def find(settings: Settings, name: str) -> Settings:
    """The story of this name, or the only one.

    :raises NoSuchStory:
    """
    found = stories(settings)
    where = found[0] if not name and len(found) == 1 else story_named(settings, name) if name else None
    if where is None:
        names = ", ".join(name_in(one.database) or "" for one in found)
        raise NoSuchStory(name=name or "that", root=settings.root, names=names or "none yet")
    return where


def listed(settings: Settings) -> list[dict[str, Any]]:
    """A row per story: its name, how long it is, whether it is being told now."""
    return [facts(one, summary_at(one)) for one in stories(settings)]


def facts(settings: Settings, summary: Summary) -> dict[str, Any]:
    """A few facts about a story, and where it lies."""
    return {**summary.facts(), "folder": str(settings.root), "open": lock.holder(settings.root) is not None}


def shown(settings: Settings, name: str) -> list[dict[str, Any]]:
    """The story's passages: speaker, text, entry."""
    story = open_ledger(find(settings, name)).story
    rows = []
    for passage in story.path():
        take = passage.take
        text = marked(story.spans_of(take)) or f"({take.hidden or 'empty'})"
        rows.append(
            {"speaker": story.name_of(passage.seat), "text": text, "entry": take.entry.hex(), "mode": passage.mode}
        )
    return rows


def export(settings: Settings, name: str, form: str, path: Path | None, *, with_whispers: bool) -> bytes:
    """The story as JSON or text; written to ``path`` too when there is one."""
    data = RENDERED[form](book_of(open_ledger(find(settings, name)), with_whispers=with_whispers))
    if path is not None:
        with write_whole(path) as file:
            file.write(data)
    return data


def export_sound(settings: Settings, name: str, form: str, path: Path, *, with_whispers: bool) -> str:
    """What of the story can be heard, as one file; a sentence on what is not in it, and why.

    :raises NoSound:
    """
    where = find(settings, name)
    source = Source(open_ledger(where), own_key(where), BlobStore(where.blobs), with_whispers)
    return form_named(form).take(source)(path, lambda done, total: None)


def status(settings: Settings) -> dict[str, Any]:
    """How a story's folder stands: what is told, who sits where, and how each was when last seen."""
    ledger = open_ledger(settings)
    latest: dict[str, tuple[str, str, str]] = {}
    with open_reader(settings.database) as reader:
        if reader.query("SELECT 1 FROM sqlite_master WHERE name = 'health_history'"):
            rows = reader.query("SELECT member, status, why, since FROM health_history ORDER BY id")
            latest = {member: (state, why, since) for member, state, why, since in rows}
    seats = []
    for seat in ledger.story.seats.values():
        state, why, since = latest.get(seat.name, ("Registered", "", ""))
        seats.append({"member": seat.name, "role": seat.role, "status": state, "why": why, "since": since})
    return {**facts(settings, summary_of(ledger)), "members": seats}
