"""A process that writes a story until it is stopped, for tests that kill it or take its disk away.

    python -m tests.kit.writing_child write PATH [LIMIT]   # LIMIT: bytes a file may grow to
    python -m tests.kit.writing_child fill FOLDER          # a small disk: fill it, make room, go on

``write`` prints the number of groups of units that are durable after each commit, and at an error its name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import trio

from dwnet.errors import NodeError
from dwnet.store import open_store
from protocol.ledger import Unit
from tests.kit.chain import Chain


def tell(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def groups() -> Iterator[list[Unit]]:
    """An endless story, the same at every call, in the groups it is committed in: every other beat all at once.

    Lines come along with their accept, so that a torn unit would show.
    """
    chain = Chain()
    chain.join("Mira")
    done = 0
    for number in range(10**9):
        fresh = [unit for unit in chain.units[done:] if unit[0].kind != "line"]
        done = len(chain.units)
        if number % 2:
            yield fresh
        else:
            yield from ([unit] for unit in fresh)
        chain.beat(f"Night {number}. " + "The sea was loud. " * (number % 200), Mira="Who is there?")


async def write(path: Path) -> None:
    with open_store(path, create=True) as store:
        held = store.count()
        for number, group in enumerate(groups(), start=1):
            held -= sum(len(unit) for unit in group)
            if held < 0:
                await store.commit(group)
                tell(str(number))


def limited_write(path: Path, limit: int | None) -> None:
    if limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        trio.run(write, path)
    except NodeError as error:
        tell(type(error).__name__)


async def fill(folder: Path) -> None:
    """Fill the disk, make room, open again: print what was acknowledged and what is there, group by group."""
    path, ballast = folder / "story.db", folder / "ballast"
    ballast.write_bytes(bytes(256 * 1024))
    story, acknowledged, error_name, units = groups(), 0, "", list[Unit]()
    with open_store(path, create=True) as store:
        for group in story:
            units += group
            try:
                await store.commit(group)
            except NodeError as error:
                error_name = type(error).__name__
                break
            acknowledged = len(units)
        try:
            await store.commit(units)
        except NodeError as error:
            error_name += f" then {type(error).__name__}"
    ballast.unlink()
    with open_store(path, create=False) as store:
        kept = list(store.load())
        whole_prefix = kept == units[: len(kept)] and len(kept) in (acknowledged, len(units))
        await store.commit(units[len(kept) :])
        goes_on = list(store.load()) == units
    tell(json.dumps({"error": error_name, "acknowledged": acknowledged, "kept": whole_prefix, "goes_on": goes_on}))


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        trio.run(fill, Path(sys.argv[2]))
    else:
        limited_write(Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
