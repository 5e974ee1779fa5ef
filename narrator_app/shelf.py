"""The story leaves the house: exports, checkpoints as files, and what can be said about it in short."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import trio

from dwnet.errors import NodeError
from dwnet.log_file import export_log, units_of
from dwnet.settings import Settings
from dwnet.shipped import words
from dwnet.times import now
from dwnet.whole_file import write_whole
from narrator_app.book import book_of
from narrator_app.export import to_json, to_text
from narrator_app.narrator import Narrator
from protocol.names import fingerprint

FORMS = ("dwlog", "json", "txt")


class UnknownForm(NodeError):
    """A story cannot be written as {form}.

    Choose one of: dwlog (signed, complete), json (for programs), txt (to read).
    """

    exit_code = 2


@dataclass
class Shelf:
    """What can be taken away of one story."""

    narrator: Narrator
    settings: Settings

    def summary(self) -> dict[str, Any]:
        """A few facts about the story."""
        ledger = self.narrator.node.ledger
        return {
            "name": ledger.authority.name,
            "tag": ledger.tag.hex(),
            "passages": sum(1 for _ in ledger.story.path()),
            "entries": len(ledger.log),
            "head": ledger.canon.head.hex(),
            "fingerprint": " ".join(fingerprint(ledger.canon.head, words())),
            "checkpoints": list(ledger.story.checkpoints),
            "branches": [one.name for one in ledger.story.branches],
        }

    async def export(self, form: str, path: Path, *, with_whispers: bool = False) -> None:
        """Write the story to ``path``, whole or not at all.

        :raises UnknownForm: and, when the disk refuses, what write_whole raises; no half file is left.
        """
        if form not in FORMS:
            raise UnknownForm(form=form)
        ledger = self.narrator.node.ledger
        if form == "dwlog":
            units, forks = units_of(ledger), list(ledger.proofs.values())
            write = partial(
                export_log,
                path,
                self.narrator.node.member,
                units,
                ledger.canon.head,
                at=now(),
                forks=forks,
            )
            await trio.to_thread.run_sync(write)
        else:
            book = book_of(ledger, with_whispers=with_whispers)
            data = to_json(book) if form == "json" else to_text(book)
            await trio.to_thread.run_sync(_write, path, data)
        self.narrator.happen("exported", format=form, path=str(path))

    async def keep_checkpoint(self, name: str) -> None:
        """A checkpoint's own signed file, beside the story."""
        safe = "".join(one if one.isalnum() or one in " -_" else "-" for one in name).strip() or "checkpoint"
        await self.export("dwlog", self.settings.checkpoints / f"{safe}.dwlog")


def _write(path: Path, data: bytes) -> None:
    with write_whole(path) as file:
        file.write(data)
