"""A story's home on this machine: its folder, keys, store and node, opened together and closed together.

Rules of this file:
- One writing process per folder; the lock is taken first and given back last.
- What the disk holds is loaded before a word is said to anybody. A damaged store refuses; it is never taken for empty.
- A long story takes a while to check and fold; that is done in a thread, so that whoever waits for it can say so.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import trio

from dwnet import keyring, lock
from dwnet.errors import NodeError
from dwnet.high_water import HighWater, Level
from dwnet.mesh import Mesh
from dwnet.node import Node
from dwnet.settings import NoSeat, Settings, prepare
from dwnet.store import Store, open_store
from dwnet.times import now
from protocol import limits, messages
from protocol.body import pack_body
from protocol.encoding import decode, take_list
from protocol.entry import Entry, tag_of, write_entry
from protocol.identity import SigningKey
from protocol.kinds import Genesis
from protocol.ledger import Ledger
from protocol.sealing import SealKey


class AnotherStory(NodeError):
    """The folder {root} belongs to another story than this invite.

    Name a fresh folder for it: dwnet peer --data FOLDER --invite CODE
    """


@dataclass(frozen=True)
class Home:
    """What was opened. ``level`` says whether the store is as new as this machine has ever seen it."""

    settings: Settings
    store: Store
    node: Node
    mesh: Mesh
    level: Level


@asynccontextmanager
async def open_home(
    settings: Settings, *, tag: bytes | None = None, name: str = "", key: str = ""
) -> AsyncIterator[Home]:
    """Open the story in ``settings.root``. ``name``: begin a new story there if there is none; ``tag``: the one to
    join.

    ``key`` names the member key to use; without it the one that last had a seat. Every invite gets a key of its own,
    so that a seat that was closed can be given again, and a code that is refused costs nothing.

    :raises NodeError: each says what to do: the folder in use, not writable, the store damaged, the disk full.
    """
    prepare(settings)
    with lock.writing(settings.root):
        seal_key = SealKey.from_seed(keyring.load_or_make(keyring.key_file(settings.keys, "seal")))
        mark = HighWater(settings.keys / "high_water")
        store = await trio.to_thread.run_sync(partial(open_store, settings.database, create=not mark.exists()))
        try:
            run_id = os.urandom(8)
            meta = store.meta()
            known = meta.get("tag") if next(iter(store.load()), None) is not None else None
            if known is not None and tag is not None and tag.hex() != known:
                raise AnotherStory(root=settings.root)
            purpose = key or meta.get("key", "")
            if known is None and name:
                genesis = _begin(_key(settings, purpose), seal_key, name, run_id)
                tag = tag_of(genesis.id)
                await store.set_meta(tag=tag.hex())  # first: a tag without entries is no story yet, entries without are
                await store.commit([(genesis,)])
            elif known is None and tag is not None:
                await store.set_meta(tag=tag.hex())
            elif known is not None:
                tag = bytes.fromhex(known)
            else:
                raise NoSeat(folder=settings.root)
            ledger = Ledger(tag, seal_key)
            await trio.to_thread.run_sync(ledger.load, store.load(), store.fork_proofs())
            member = _key(settings, purpose or _seated(ledger, settings))
            node = Node(ledger, store, member, seal_key, run_id, mark)
            mesh = Mesh(node, settings.host, settings.ports, [settings.dial] if settings.dial else [])
            _remember_addresses(store, node, mesh)
            yield Home(settings, store, node, mesh, mark.level(ledger.log))
        finally:
            store.close()


def _key(settings: Settings, purpose: str) -> SigningKey:
    return SigningKey.from_seed(keyring.load_or_make(keyring.key_file(settings.keys, purpose or "member")))


def _seated(ledger: Ledger, settings: Settings) -> str:
    """Which of the folder's keys has a seat in a story whose store names none: a narrator's own, or one that was
    brought back from a file.
    """
    for file in sorted(settings.keys.glob("member*.key")):
        seed = keyring.load(file)
        if seed is not None and ledger.authority.member(SigningKey.from_seed(seed).public) is not None:
            return file.stem
    return "member"


def _begin(member: SigningKey, seal_key: SealKey, name: str, run_id: bytes) -> Entry:
    body = pack_body(Genesis(name[: limits.NAME], seal_key.public), os.urandom(16))
    return write_entry(member, tag=b"", run=run_id, seq=0, prev=b"", at=now(), kind=Genesis.kind, body=body)


def _remember_addresses(store: Store, node: Node, mesh: Mesh) -> None:
    for peer in store.peers():
        for record in messages.read_peers(
            take_list(decode(peer.record, limits.FRAME), "record", 2)[1:], node.ledger.tag
        ):
            node.gossip.learn(record)
            mesh.know(record.member, record.addresses)
