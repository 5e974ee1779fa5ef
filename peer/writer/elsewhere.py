"""What a writer cannot do whose model runs in no process of ours."""

from __future__ import annotations

from pathlib import Path

import trio

from peer.writer.contract import Manner
from peer.writer.errors import AdapterElsewhere


class Elsewhere:
    """The part of a writer that is the same for every model that runs elsewhere."""

    @property
    def base(self) -> Path | None:
        """There is no file of it here."""
        return None

    @property
    def manner(self) -> Manner:
        """A conversation, from which the server makes what its model reads."""
        return "chat"

    async def wear(self, adapter: Path | None) -> None:
        """The model is as it is.

        :raises AdapterElsewhere: for any adapter.
        """
        await trio.lowlevel.checkpoint()
        if adapter is not None:
            raise AdapterElsewhere(adapter=adapter.name)
