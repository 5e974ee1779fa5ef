"""The forms a story can be taken away in: a table, so that another form is another row.

Rules of this file:
- What a form needs of a story is taken at once, where the ledger lives; writing it is slow and done in a thread.
- A file appears whole or not at all, also when the disk is full or whoever asked for it has changed his mind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dwnet.errors import NodeError
from dwnet.log_file import Progress, export_log, units_of
from dwnet.times import now
from dwnet.whole_file import write_whole
from narrator_app.book import book_later
from narrator_app.export import Book, to_json, to_text
from protocol.identity import SigningKey
from protocol.ledger import Ledger

PIECE = 256 * 1024  # bytes written between two words of how far it is

Write = Callable[[Path, Progress], None]
Take = Callable[[Ledger, SigningKey, bool], Write]


class UnknownForm(NodeError):
    """A story cannot be written as {form}.

    Choose one of: {forms}.
    """

    exit_code = 2


@dataclass(frozen=True)
class Form:
    """One form. ``take`` gets a ledger, the key that signs and whether whispers come along, and returns what writes it
    to a path; ``suffix`` is the file's, with its dot; ``whispers``: whether they can be left out or in.
    """

    name: str
    suffix: str
    what: str
    whispers: bool
    take: Take


def form_named(name: str) -> Form:
    """:raises UnknownForm:"""
    if name not in FORMS:
        raise UnknownForm(form=name, forms=", ".join(f"{one.name} ({one.what})" for one in FORMS.values()))
    return FORMS[name]


def _take_log(ledger: Ledger, key: SigningKey, with_whispers: bool) -> Write:
    """All there is, sealed text still sealed: a whisper can't be left out of a chain."""
    units, forks, head = units_of(ledger), list(ledger.proofs.values()), ledger.canon.head

    def write(path: Path, progress: Progress) -> None:
        export_log(path, key, units, head, at=now(), forks=forks, progress=progress)

    return write


def _book_form(render: Callable[[Book], bytes]) -> Take:
    def take(ledger: Ledger, key: SigningKey, with_whispers: bool) -> Write:
        book = book_later(ledger, with_whispers=with_whispers)

        def write(path: Path, progress: Progress) -> None:
            data = render(book())
            progress(0, len(data))
            with write_whole(path) as file:
                for at in range(0, len(data), PIECE):
                    progress(at + file.write(data[at : at + PIECE]), len(data))

        return write

    return take


RENDERED: dict[str, Callable[[Book], bytes]] = {"json": to_json, "txt": to_text}
FORMS: dict[str, Form] = {
    one.name: one
    for one in (
        Form("dwlog", ".dwlog", "signed, complete", False, _take_log),
        Form("json", ".json", "for programs", True, _book_form(RENDERED["json"])),
        Form("txt", ".txt", "to read", True, _book_form(RENDERED["txt"])),
    )
}
