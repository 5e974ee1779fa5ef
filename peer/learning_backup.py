"""What a character has learned is safe elsewhere: its adapters and samples as private blobs that the narrator keeps,
and back from there on a new machine.

Rules of this file:
- Each is encrypted under a key of its own, which stands sealed to the seat and the narrator (``kept``). A blob is
  fetched chunk by chunk, and goes on where it was broken off.
- What comes back is used only when it is what its name says.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import trio

from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft, Event, Node
from dwnet.whole_file import write_whole
from protocol import limits, minds
from protocol.effects import Ready, Took
from protocol.errors import RemoteError
from protocol.kinds import NARRATOR, Kept
from protocol.minds import Backup
from protocol.sealing import decrypt_blob, encrypt_blob

ADAPTER, SAMPLES = "adapter", "samples"
LARGEST = limits.BLOB - 16  # bytes; encrypting adds so many
logger = logging.getLogger(__name__)


class LearningBackup:
    """Keeps and restores what one seat has learned. ``place`` says where a thing lies on this machine (None: nowhere);
    ``came`` is called when one came back.
    """

    def __init__(
        self, node: Node, clips: Clips, place: Callable[[Backup], Path | None], came: Callable[[], None]
    ) -> None:
        self._node = node
        self._clips = clips
        self._place = place
        self._came = came
        self._wanted: set[bytes] = set()

    async def keep(self, what: str, content: bytes, count: int) -> None:
        """Give the narrator a copy, unless there is one; ``count`` is the number of samples.

        :raises NodeError: when the disk refuses.
        """
        member = self._node.ledger.authority.member(self._node.member.public)
        name = hashlib.sha256(content).digest()
        if member is None or not 0 < len(content) <= LARGEST or self._is_kept(member.seat, name):
            return
        key = os.urandom(32)
        private = await trio.to_thread.run_sync(encrypt_blob, content, key)
        blob = await self._clips.put(private)
        body = Kept(what, name, blob, len(private), key, count)
        await self._node.write(Draft(body, (), (NARRATOR, member.seat)))

    def _is_kept(self, seat: int, name: bytes) -> bool:
        return any(one.held.name == name for one in minds.backups(self._node.ledger, seat))

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Bring back what this machine lacks, until cancelled. What does not come now is tried with the next link."""
        async with trio.open_nursery() as nursery:
            self._look(nursery)
            async for event in events:
                if isinstance(event, Ready) or (isinstance(event, Took) and event.entry.kind in ("kept", "reseal")):
                    self._look(nursery)

    def _look(self, nursery: trio.Nursery) -> None:
        member = self._node.ledger.authority.member(self._node.member.public)
        for one in minds.backups(self._node.ledger, member.seat) if member is not None else ():
            path = self._place(one)
            if path is not None and not path.exists() and one.held.blob not in self._wanted:
                self._wanted.add(one.held.blob)
                nursery.start_soon(self._bring, one, path)

    async def _bring(self, one: Backup, path: Path) -> None:
        try:
            links = tuple(self._node.gossip.remotes())
            if links or self._clips.store.has(one.held.blob):
                private = await self._clips.fetch(one.held.blob, one.held.size, links)
                await trio.to_thread.run_sync(_write, one, private, path)
                self._came()
        except (NodeError, RemoteError) as error:
            logger.warning("what the character has learned is not here yet: %s", error)
        self._wanted.discard(one.held.blob)


def _write(one: Backup, private: bytes, path: Path) -> None:
    content = decrypt_blob(private, one.held.key)
    if hashlib.sha256(content).digest() != one.held.name:
        logger.warning("%s of this seat's is not what its name says; it is not used", one.held.what)
        return
    with write_whole(path) as file:
        file.write(content)
