"""One utterance: its sound to an ear, its words back; and, where the ear fails, its sound as a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import trio

from dwnet.audio import Sound, written_flac
from dwnet.errors import NodeError, find
from dwnet.whole_file import write_whole
from narrator_app.ear.contract import RATE, Ear, EarFailed, Heard

PIECES = 4_000  # frames that wait for an ear; two minutes, twice the longest utterance


class SaidIsKept(NodeError):
    """What you just said could not be heard: {why}

    It is kept in {path}; `dwnet ear hear FILE` hears it once the ear works again.
    """


async def heard(
    ear: Ear, end: trio.MemoryReceiveChannel[Sound], kept: list[bytes], so_far: Callable[[str], None]
) -> Heard:
    """What an ear makes of the sound that comes from ``end``, which is put into ``kept`` as it comes, to its end.

    :raises NodeError: the ear's, once all sound has come.
    """
    mic, ear_mic = trio.open_memory_channel[Sound](PIECES)
    out, words = trio.open_memory_channel[Heard](16)
    last = Heard("", True)
    failure: NodeError | None = None

    async def feed() -> None:
        async with mic, end:
            async for sound in end:
                kept.append(sound.pcm)
                try:
                    await mic.send(sound)
                except trio.BrokenResourceError:
                    continue  # the ear has failed; what is still said belongs to the recording

    async def listen() -> None:
        nonlocal failure
        async with ear_mic, out:
            try:
                await ear.listen(ear_mic, out)
            except Exception as error:
                found = find(error, NodeError)
                if not isinstance(found, NodeError):
                    raise
                failure = found

    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed)
        nursery.start_soon(listen)
        async for one in words:
            last = one
            if not one.final:
                so_far(one.text)
    if failure is not None:
        raise failure
    return last


async def left_as_file(failure: NodeError, pcm: bytes, folder: Path) -> NodeError:
    """Keep what an ear that failed did not hear; what is to be said about it."""
    if not isinstance(failure, EarFailed) or not pcm:
        return failure
    path = folder / f"said-{time.strftime('%Y%m%d-%H%M%S')}.flac"
    try:
        await trio.to_thread.run_sync(_write, path, pcm)
    except NodeError as error:
        return error
    return SaidIsKept(why=failure.what, path=path)


def _write(path: Path, pcm: bytes) -> None:
    with write_whole(path) as file:
        file.write(written_flac(Sound(pcm, RATE)))
