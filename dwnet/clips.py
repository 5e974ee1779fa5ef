"""Blobs between this node's disk and its links: clips above all.

Rules of this file:
- The exchange decides (protocol/exchange.py), this file performs: it reads and writes chunks in threads.
- A fetch that fails tells why; nobody waits for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import trio

from dwnet.blob_store import BlobStore
from dwnet.errors import NodeError
from dwnet.node import Event, LinkClosed, Node
from protocol import blobs
from protocol.effects import Lane, Send
from protocol.encoding import Value
from protocol.errors import Code, RemoteError
from protocol.exchange import (
    Begin,
    BlobEffect,
    Exchange,
    Failed,
    Finish,
    Keep,
    Misbehaved,
    ServeChunks,
    ServeManifest,
    WriteChunk,
)

PENDING = 512  # messages about blobs that wait for the disk
logger = logging.getLogger(__name__)


class BlobNotHad(NodeError):
    """A piece of sound or data could not be had: {why}.

    The text is complete. It will be tried again when the story is opened next.
    """


class Clips:
    """This node's blobs: put one, fetch one, serve those others ask for."""

    def __init__(self, node: Node, store: BlobStore) -> None:
        self.node = node
        self.store = store
        self._exchange = Exchange()
        self._awaited: dict[bytes, list[trio.Event]] = {}
        self._failures: dict[bytes, str] = {}
        self._work, self._jobs = trio.open_memory_channel[tuple[int, list[Value]] | BlobEffect](PENDING)
        node.on_blob_message = self._received

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Fetch and serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._perform_all)
            nursery.start_soon(self._keep_time)
            async for event in events:
                if isinstance(event, LinkClosed):
                    self._queue(self._exchange.link_down(event.link, trio.current_time()))

    async def put(self, data: bytes) -> bytes:
        """Keep a blob of our own; its id."""
        return await trio.to_thread.run_sync(self.store.put, data)

    async def fetch(self, blob: bytes, most: int, links: Iterable[int]) -> bytes:
        """The bytes of a blob of at most ``most`` bytes, from our disk or from one of ``links``.

        :raises BlobNotHad: when nobody has it or gives it.
        """
        if not self.store.has(blob):
            arrived = trio.Event()
            self._awaited.setdefault(blob, []).append(arrived)
            self._failures.pop(blob, None)
            self._queue(self._exchange.want(blob, most, links, trio.current_time()))
            await arrived.wait()
            if blob in self._failures:
                raise BlobNotHad(why=self._failures.pop(blob))
        return await trio.to_thread.run_sync(self.store.read, blob)

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(1)
            self._queue(self._exchange.tick(trio.current_time()))

    def _received(self, link: int, message: list[Value]) -> None:
        try:
            self._queue(self._exchange.received(link, message, trio.current_time()))
        except RemoteError as error:
            self._blame(link, error.code, str(error))

    def _queue(self, effects: Sequence[BlobEffect]) -> None:
        for effect in effects:
            match effect:
                case Send():
                    self.node.perform([effect])
                case Failed(blob=blob, why=why):
                    self._settled(blob, why)
                case Misbehaved(link=link, text=text):
                    self._blame(link, Code.MALFORMED, text)
                case _:
                    try:
                        self._work.send_nowait(effect)
                    except trio.WouldBlock:
                        logger.warning("the disk is behind; a piece of a blob is dropped and asked for again")

    def _blame(self, link: int, code: Code, text: str) -> None:
        if link in self.node.links:
            self.node.links[link].close(code, text)

    def _settled(self, blob: bytes, failure: str = "") -> None:
        waiting = self._awaited.pop(blob, [])
        if failure and waiting:
            self._failures[blob] = failure
        for event in waiting:
            event.set()

    async def _perform_all(self) -> None:
        async for effect in self._jobs:
            try:
                await self._perform(effect)
            except NodeError as error:
                logger.warning("a blob could not be kept or served: %s", error.what)
                blob = getattr(effect, "blob", b"")
                self._queue(self._exchange.drop(blob, trio.current_time()))
                self._settled(blob, error.what)

    async def _perform(self, effect: object) -> None:
        in_thread = trio.to_thread.run_sync
        match effect:
            case Begin(blob=blob, manifest=manifest):
                held = await in_thread(self.store.begin, blob, manifest)
                self._queue(self._exchange.begun(blob, held, trio.current_time()))
            case WriteChunk(blob=blob, index=index, data=data):
                await in_thread(self.store.write_chunk, blob, index, data)
            case Finish(blob=blob):
                await in_thread(self.store.finish, blob)
                self._settled(blob)
            case Keep(blob=blob, data=data):
                await in_thread(self.store.put, data)
                self._settled(blob)
            case ServeManifest(link=link, blob=blob, first=first):
                await self._serve_manifest(link, blob, first)
            case ServeChunks(link=link, blob=blob, first=first, count=count):
                for index in range(first, first + count):
                    if not self.store.has(blob):
                        self._send(link, blobs.none(blob))
                        return
                    data = await in_thread(self.store.read_chunk, blob, index)
                    self._send(link, blobs.chunk(blob, index, data))

    async def _serve_manifest(self, link: int, blob: bytes, first: int) -> None:
        if not self.store.has(blob):
            self._send(link, blobs.none(blob))
            return
        manifest = await trio.to_thread.run_sync(self.store.manifest, blob)
        self._send(link, blobs.meta(blob, manifest, first))
        if manifest.chunks == 1:
            self._send(link, blobs.chunk(blob, 0, await trio.to_thread.run_sync(self.store.read_chunk, blob, 0)))

    def _send(self, link: int, data: bytes) -> None:
        self.node.perform([Send(link, data, Lane.CHUNKS)])
