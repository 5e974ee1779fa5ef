"""A log as rows for people: what each entry is, by whom, and its text where it is not sealed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dwnet.text import one_line
from dwnet.times import iso
from protocol.authority import Authority
from protocol.body import is_sealed, read_body
from protocol.entry import Entry
from protocol.errors import RemoteError
from protocol.kinds import Cast, Checkpoint, Discarded, Edited, Genesis, Line, Missed, Narrated, Revoked
from protocol.ledger import Unit

WIDTH = 200  # characters of text in one row


def rows_of(units: Iterable[Unit]) -> Iterator[dict[str, object]]:
    """One row per entry: at, kind, author, text, id. ``units`` are in order, the narrator's first entry first."""
    authority = Authority()
    seen: set[bytes] = set()
    for unit in units:
        for entry in reversed(unit):
            if entry.id in seen or (entry.kind == "redact" and len(unit) > 1 and entry is not unit[0]):
                continue
            seen.add(entry.id)
            if not authority.narrator or entry.author == authority.narrator:
                authority.add(entry)
            yield {
                "at": iso(entry.at),
                "kind": entry.kind,
                "author": authority.name_of(entry.author),
                "text": text_of(entry),
                "id": entry.id.hex(),
            }


def text_of(entry: Entry) -> str:
    """What an entry says, on one line."""
    if entry.redacted:
        return "(removed)"
    if is_sealed(entry):
        return "(sealed)"
    try:
        opening = read_body(entry)
    except RemoteError:
        return "(does not read)"
    match opening.body if opening else None:
        case Genesis(name=text) | Narrated(text=text) | Checkpoint(name=text) | Missed(why=text):
            return one_line(text, WIDTH)
        case Cast(name=text) | Discarded(why=text) | Revoked(why=text):
            return one_line(text, WIDTH)
        case Line(spans=spans) | Edited(spans=spans):
            return one_line(" ".join(span.text for span in spans), WIDTH)
        case _:
            return ""
