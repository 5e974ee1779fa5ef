"""What is written in a text field and not told yet: kept a moment after the last key, so that no crash loses it."""

from __future__ import annotations

import trio

from narrator_app.library import Library

QUIET_SECONDS = 0.5  # after the last key; a draft is written once per pause, not once per letter


class Drafts:
    """The draft of one place: ``library`` keeps it."""

    def __init__(self, library: Library, place: str) -> None:
        self._library = library
        self._place = place
        self._latest = library.draft(place)

    @property
    def text(self) -> str:
        """What was written last."""
        return self._latest

    async def keep(self, text: str) -> None:
        """Keep this text once nothing else was written for a moment; "" is kept at once."""
        self._latest = text
        if text:
            await trio.sleep(QUIET_SECONDS)
        if self._latest == text:
            await self._library.keep_draft(self._place, text)
