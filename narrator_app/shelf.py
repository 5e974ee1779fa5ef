"""The story that is open leaves the house: exports, checkpoints as files; and what it is called."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.log_file import Progress
from dwnet.node import Draft
from dwnet.settings import Settings
from dwnet.stage import LARGEST
from dwnet.text import one_line
from narrator_app.audiobook import WHOLE, Recital, Stretch, recital_of
from narrator_app.errors import NoName
from narrator_app.forms import Source, form_named
from narrator_app.long_work import in_thread
from narrator_app.narrator import Narrator
from narrator_app.summary import summary_of
from protocol import limits
from protocol.kinds import Renamed
from protocol.shapes import Clip

FETCH_SECONDS = 60.0  # for one clip, the wait for its turn not counted
logger = logging.getLogger(__name__)


@dataclass
class Shelf:
    """What can be taken away of one story, and what it is called."""

    narrator: Narrator
    settings: Settings
    clips: Clips

    def summary(self) -> dict[str, Any]:
        """A few facts about the story."""
        return summary_of(self.narrator.node.ledger).facts()

    async def export(
        self,
        form: str,
        path: Path,
        *,
        with_whispers: bool = False,
        stretch: Stretch = WHOLE,
        progress: Progress | None = None,
    ) -> None:
        """Write the story, or of its sound a stretch, to ``path``, whole or not at all; cancelled, not at all. Clips
        that are not here are fetched first.

        :raises UnknownForm, NoSound: and, when the disk refuses, what write_whole raises; no half file is left.
        """
        node, chosen = self.narrator.node, form_named(form)
        if chosen.sound:
            await self._fetch(recital_of(node.ledger.story, stretch, with_whispers=with_whispers))
        write = chosen.take(Source(node.ledger, node.member, self.clips.store, with_whispers, stretch))
        left_out = await in_thread(lambda step: write(path, step), progress)
        self.narrator.happen("exported", format=form, path=str(path))
        if left_out:
            self.narrator.happen("notice", what=left_out)

    async def _fetch(self, recital: Recital) -> None:
        """What of it is not on this disk, from whoever has it. What does not come is counted when it is written."""

        async def fetch(clip: Clip, author: bytes) -> None:
            async with room:
                with trio.move_on_after(FETCH_SECONDS):
                    try:
                        await self.clips.fetch(clip.blob, LARGEST, self.narrator.node.gossip.remotes(), author)
                    except NodeError as error:
                        logger.warning("a clip of the story was not had: %s", error.what)

        room = trio.CapacityLimiter(limits.BLOB_FETCHES)
        async with trio.open_nursery() as nursery:
            for piece in recital.pieces:
                for clip in piece.clips:
                    if not self.clips.store.has(clip.blob) and clip.size <= LARGEST:
                        nursery.start_soon(fetch, clip, piece.author)

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
