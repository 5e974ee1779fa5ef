"""The story that is open leaves the house: exports, checkpoints as files; and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dwnet.log_file import Progress
from dwnet.node import Draft
from dwnet.settings import Settings
from dwnet.text import one_line
from narrator_app.errors import NoName
from narrator_app.forms import form_named
from narrator_app.long_work import in_thread
from narrator_app.narrator import Narrator
from narrator_app.summary import summary_of
from protocol import limits
from protocol.kinds import Renamed


@dataclass
class Shelf:
    """What can be taken away of one story, and what it is called."""

    narrator: Narrator
    settings: Settings

    def summary(self) -> dict[str, Any]:
        """A few facts about the story."""
        return summary_of(self.narrator.node.ledger).facts()

    async def export(
        self, form: str, path: Path, *, with_whispers: bool = False, progress: Progress | None = None
    ) -> None:
        """Write the story to ``path``, whole or not at all; cancelled, not at all.

        :raises UnknownForm: and, when the disk refuses, what write_whole raises; no half file is left.
        """
        node = self.narrator.node
        write = form_named(form).take(node.ledger, node.member, with_whispers)
        await in_thread(lambda step: write(path, step), progress)
        self.narrator.happen("exported", format=form, path=str(path))

    async def keep_checkpoint(self, name: str) -> None:
        """A checkpoint's own signed file, beside the story."""
        safe = "".join(one if one.isalnum() or one in " -_" else "-" for one in name).strip() or "checkpoint"
        await self.export("dwlog", self.settings.checkpoints / f"{safe}.dwlog")

    async def rename(self, name: str) -> str:
        """Call the story otherwise, here and at everybody who holds it; what it was called before.

        :raises NoName:
        """
        short, former = one_line(name, limits.NAME), self.narrator.story.name
        if not short:
            raise NoName
        if short != former:
            await self.narrator.node.write(Draft(Renamed(short)))
            self.narrator.happen("renamed", name=short, former=former)
        return former
