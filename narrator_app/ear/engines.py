"""From an ear as it is written down to one that listens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from dwnet.errors import NodeError
from narrator_app.ear.contract import Ear, parse_ear

ENGINES = ("sphinx", "whisper")


@asynccontextmanager
async def open_ear(spec: str, models: Path, tell: Callable[[NodeError], None]) -> AsyncIterator[Ear]:
    """An ear; it may still be ``missing`` on this machine. ``models``: where Whisper's lie, a folder for each.

    ``tell`` is told of what went wrong inside and was mended. Raises EarUnknown.
    """
    engine, name = parse_ear(spec, ENGINES)
    if engine == "whisper":
        from narrator_app.ear.whisper import Whisper

        yield Whisper(name, models)
        return
    from narrator_app.ear.sphinx import open_sphinx

    async with open_sphinx(name, tell) as ear:
        yield ear
