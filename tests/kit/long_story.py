"""A narrator's folder with a story of any length in it, told by characters who are not here: signed for real, and
written as a store writes it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import trio

from dwnet import keyring
from dwnet.settings import narrator_settings, prepare
from dwnet.store import open_store
from protocol.ledger import Unit
from tests.kit.chain import Chain

NAMES = ("Pim", "Tock", "Vesper")
BATCH = 2_000  # units per commit
TOLD = (
    "The road bends by the old mill, and the rain comes down in sheets.",
    "A lantern is lit on the far bank of the river; whoever holds it does not move.",
    "Morning, or what passes for it here. The fog smells of salt and of bread.",
    "Far below something turns over in its sleep, and the cups ring on their hooks.",
)
ANSWERS = (
    "I said I would go first, and I will, as soon as my boots agree.",
    "Count the steps with me. If there is one too many, we are not alone on these stairs.",
    "There was a song about this once. I have forgotten all of it but the ending.",
    "Somebody has swept here. Nobody sweeps a ruin unless he is waiting for a guest.",
    "Leave the door as it is. It remembers us better ajar.",
)


def told(lines: int, name: str = "The Long Road", members: int = len(NAMES)) -> Chain:
    """A story of at least this many passages, with ``members`` characters in its cast, three of whom answer in turn."""
    chain = Chain(name)
    cast = [chain.join(NAMES[number] if number < len(NAMES) else f"Guest {number}") for number in range(members)]
    written = 0
    while written < lines:
        asked = cast[: len(NAMES)]
        chain.narrate(f"{TOLD[written % len(TOLD)]} ({written + 1})", *asked)
        for member in asked:
            chain.cue(member)
            chain.accept(member.line(ANSWERS[(written + member.seat) % len(ANSWERS)]))
        written += 1 + len(asked)
    return chain


def lay_down(chain: Chain, folder: Path) -> Path:
    """Write a story into a narrator's data folder, keys included; the folder."""
    settings = narrator_settings({"data": str(folder), "listen": "127.0.0.1:0"}, {})
    prepare(settings)
    keyring.load_or_make(keyring.key_file(settings.keys, "member"), lambda size: chain.narrator.key.seed)
    keyring.load_or_make(keyring.key_file(settings.keys, "seal"), lambda size: chain.narrator.seal.seed)

    async def write() -> None:
        store = await trio.to_thread.run_sync(partial(open_store, settings.database, create=True))
        try:
            await store.set_meta(tag=chain.tag.hex())
            units = _whole(chain)
            for start in range(0, len(units), BATCH):
                await store.commit(units[start : start + BATCH])
        finally:
            store.close()

    trio.run(write)
    return folder


def _whole(chain: Chain) -> list[Unit]:
    """A line that was accepted stands with its acceptance only."""
    accepted = {unit[1].id for unit in chain.units if len(unit) == 2}
    return [unit for unit in chain.units if len(unit) == 2 or unit[0].id not in accepted]
