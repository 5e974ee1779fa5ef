"""The forms a story can be taken away in: a table, so that another form is another row.

Rules of this file:
- What a form needs of a story is taken at once, where the ledger lives; writing it is slow and done in a thread.
- A file appears whole or not at all, also when the disk is full or whoever asked for it has changed his mind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dwnet.blob_store import BlobStore
from dwnet.errors import NodeError
from dwnet.log_file import Progress, export_log, units_of
from dwnet.times import now
from dwnet.whole_file import write_whole
from narrator_app.audiobook import WHOLE, Stretch, recital_of, write_sound
from narrator_app.book import book_later
from narrator_app.export import Book, to_json, to_text
from protocol.identity import SigningKey
from protocol.ledger import Ledger

PIECE = 256 * 1024  # bytes written between two words of how far it is

Write = Callable[[Path, Progress], str]


@dataclass(frozen=True)
class Source:
    """A story that is taken away: what is held of it, the key that signs, where its clips lie, whether whispers come
    along, and which part of it where a part can be had.
    """

    ledger: Ledger
    key: SigningKey
    blobs: BlobStore
    with_whispers: bool = False
    stretch: Stretch = WHOLE


Take = Callable[[Source], Write]


class UnknownForm(NodeError):
    """A story cannot be written as {form}.

    Choose one of: {forms}.
    """

    exit_code = 2


@dataclass(frozen=True)
class Form:
    """One form. ``take`` returns what writes a story to a path, and then says what is not in it; ``suffix`` is the
    file's, with its dot; ``whispers``: whether they can be left out or in; ``sound``: it is made of clips, and a part
    of the story can be had.
    """

    name: str
    suffix: str
    what: str
    whispers: bool
    take: Take
    sound: bool = False


def form_named(name: str) -> Form:
    """:raises UnknownForm:"""
    if name not in FORMS:
        raise UnknownForm(form=name, forms=", ".join(f"{one.name} ({one.what})" for one in FORMS.values()))
    return FORMS[name]


def _take_log(source: Source) -> Write:
    """All there is, sealed text still sealed: a whisper can't be left out of a chain."""
    ledger = source.ledger
    units, forks, head = units_of(ledger), list(ledger.proofs.values()), ledger.canon.head

    def write(path: Path, progress: Progress) -> str:
        export_log(path, source.key, units, head, at=now(), forks=forks, progress=progress)
        return ""

    return write


def _book_form(render: Callable[[Book], bytes]) -> Take:
    def take(source: Source) -> Write:
        book = book_later(source.ledger, with_whispers=source.with_whispers)

        def write(path: Path, progress: Progress) -> str:
            data = render(book())
            progress(0, len(data))
            with write_whole(path) as file:
                for at in range(0, len(data), PIECE):
                    progress(at + file.write(data[at : at + PIECE]), len(data))
            return ""

        return write

    return take


def _sound_form(form: str) -> Take:
    def take(source: Source) -> Write:
        story = source.ledger.story.still()

        def write(path: Path, progress: Progress) -> str:
            recital = recital_of(story, source.stretch, with_whispers=source.with_whispers)
            return write_sound(recital, source.blobs, path, progress, form=form)

        return write

    return take


RENDERED: dict[str, Callable[[Book], bytes]] = {"json": to_json, "txt": to_text}
FORMS: dict[str, Form] = {
    one.name: one
    for one in (
        Form("dwlog", ".dwlog", "signed, complete", False, _take_log),
        Form("json", ".json", "for programs", True, _book_form(RENDERED["json"])),
        Form("txt", ".txt", "to read", True, _book_form(RENDERED["txt"])),
        Form("ogg", ".ogg", "to hear, Opus", True, _sound_form("ogg"), sound=True),
        Form("wav", ".wav", "to hear and to work on", True, _sound_form("wav"), sound=True),
        Form("audiobook", ".ogg", "to hear, with chapters", True, _sound_form("audiobook"), sound=True),
    )
}
