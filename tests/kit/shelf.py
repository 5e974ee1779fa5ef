"""Stories at rest in folders, as a narrator's program left them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import trio

from dwnet import keyring
from dwnet.keeping import open_ledger, own_key
from dwnet.log_file import export_log, units_of
from dwnet.settings import Settings, narrator_settings, prepare
from dwnet.store import open_store
from narrator_app.places import at
from tests.kit.chain import EVENING, Chain


def root_settings(root: Path) -> Settings:
    """The settings of a narrator's data root."""
    return narrator_settings({"data": str(root), "listen": "127.0.0.1:0"}, {})


def put(settings: Settings, chain: Chain, folder: str = "", *, keys: bool = True) -> Settings:
    """Lay a story on the shelf: in the root, or in a folder of its own; with its narrator's keys or without."""
    where = at(settings, settings.root / "stories" / folder) if folder else settings
    prepare(where)
    if keys:
        _keep(where, "member", chain.narrator.key.seed)
        _keep(where, "seal", chain.narrator.seal.seed)
    store = open_store(where.database, create=True, threaded=False)
    trio.run(partial(store.commit, chain.units))
    store.close()
    return where


def log_of(settings: Settings, path: Path) -> Path:
    """A story of the shelf as a signed file."""
    ledger = open_ledger(settings)
    export_log(path, own_key(settings), units_of(ledger), ledger.canon.head, at=EVENING)
    return path


def _keep(settings: Settings, purpose: str, seed: bytes) -> None:
    file = keyring.key_file(settings.keys, purpose)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as handle:
        handle.write(seed)
