"""An engine that blocks, at work in a thread of its own while trio goes on.

Rules of this file:
- A thread can't be stopped from outside. A sentence that is cancelled is left alone at once; its thread finds out at
  its next piece of sound, and only then is the engine free for the next sentence (``turn``).
- Whatever a library raises costs this sentence, not the evening: it becomes SpeechFailed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from dwnet.audio import Sound
from dwnet.errors import NodeError
from peer.voice.contract import SpeechFailed

SHOWN = 200  # characters of a library's own words
logger = logging.getLogger(__name__)


async def speak_in_thread(
    engine: str,
    work: Callable[[Callable[[Sound], None]], None],
    out: trio.MemorySendChannel[Sound],
    turn: trio.CapacityLimiter,
) -> None:
    """Run ``work`` in a thread and send on what it hands to its argument. Raises what ``work`` raises as a NodeError,
    SpeechFailed for anything else.
    """
    made, pieces = trio.open_memory_channel[Sound](0)
    failure: NodeError | None = None

    async def run() -> None:
        nonlocal failure
        async with made:
            try:
                await trio.to_thread.run_sync(_run, engine, work, made, limiter=turn, abandon_on_cancel=True)
            except NodeError as error:  # out of a nursery it would come wrapped in a group
                failure = error

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        async with pieces:
            async for piece in pieces:
                await out.send(piece)
    if failure is not None:
        raise failure


def _run(engine: str, work: Callable[[Callable[[Sound], None]], None], made: trio.MemorySendChannel[Sound]) -> None:
    def give(sound: Sound) -> None:
        trio.from_thread.check_cancelled()
        if sound.pcm:
            trio.from_thread.run(made.send, sound)

    try:
        work(give)
    except NodeError:
        raise
    except Exception as error:
        logger.info("%s failed", engine, exc_info=True)
        raise SpeechFailed(engine=engine, why=told(error)) from error


def told(error: Exception) -> str:
    """An exception of a library's in one short line."""
    words = " ".join(str(error).split())[:SHOWN].rstrip(".")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
