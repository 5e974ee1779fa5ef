"""What there is on this machine to hear with: ears and microphones."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from dwnet.errors import NodeError
from dwnet.settings import Settings
from narrator_app.ear.catalogue import EarRow, ears
from narrator_app.ear.microphone import microphones


@dataclass(frozen=True)
class Around:
    """``none`` says why there is no microphone and what to do, "" when there is a sound system."""

    ears: tuple[EarRow, ...] = ()
    microphones: tuple[str, ...] = ()
    none: str = ""


async def look_around(settings: Settings) -> Around:
    """Which ears and microphones there are now."""
    known = await trio.to_thread.run_sync(lambda: tuple(ears(settings)))
    try:
        return Around(known, tuple(await trio.to_thread.run_sync(microphones)))
    except NodeError as error:
        return Around(known, none=f"{error.what} {error.hint}")
