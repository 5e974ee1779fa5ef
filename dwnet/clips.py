"""Blobs between this node's disk and its links: clips above all.

Rules of this file:
- The exchange decides (protocol/exchange.py), this file performs: it reads and writes chunks in threads.
- A fetch that fails tells why; nobody waits for ever.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import trio

from dwnet.blob_store import OWN, BlobStore
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

SERVING = 256  # requests of others that wait for the disk; beyond it they are not answered, and asked again
logger = logging.getLogger(__name__)


class BlobNotHad(NodeError):
    """A piece of sound or data could not be had: {why}.

    The text is complete. It will be tried again when the story is opened next.
    """


@dataclass(eq=False)
class _Waiting:
    """Somebody who waits for a blob; ``failure`` says why it did not come."""

    over: trio.Event = field(default_factory=trio.Event)
    failure: str = ""


class Clips:
    """This node's blobs: put one, fetch one, serve those others ask for."""

    def __init__(self, node: Node, store: BlobStore) -> None:
        self.node = node
        self.store = store
        self._exchange = Exchange()
        self._awaited: dict[bytes, list[_Waiting]] = {}
        self._authors: dict[bytes, bytes] = {}
        # What we asked for is bounded by the exchange's own windows, and none of it may be lost. What others ask may.
        self._writes, self._written = trio.open_memory_channel[BlobEffect](math.inf)
        self._serve, self._served = trio.open_memory_channel[BlobEffect](SERVING)
        node.on_blob_message = self._received

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Fetch and serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._perform_all, self._written)
            nursery.start_soon(self._perform_all, self._served)
            nursery.start_soon(self._keep_time)
            async for event in events:
                if isinstance(event, LinkClosed):
                    self._queue(self._exchange.link_down(event.link, trio.current_time()))

    async def put(self, data: bytes) -> bytes:
        """Keep a blob of our own; its id."""
        return await trio.to_thread.run_sync(self.store.put, data)

    async def fetch(self, blob: bytes, most: int, links: Iterable[int], author: bytes = OWN) -> bytes:
        """The bytes of a blob of at most ``most`` bytes, from our disk or from one of ``links``.

        ``author`` is whose share of this disk it counts against.

        :raises BlobNotHad: when nobody has it or gives it.
        """
        await self.bring(blob, most, links, author)
        return await trio.to_thread.run_sync(self.store.read, blob)

    async def bring(self, blob: bytes, most: int, links: Iterable[int], author: bytes = OWN) -> None:
        """Have a blob on our disk, as ``fetch``; it is not read.

        :raises BlobNotHad:
        """
        if not self.store.has(blob):
            waiting = _Waiting()
            self._awaited.setdefault(blob, []).append(waiting)
            self._authors[blob] = author
            self._queue(self._exchange.want(blob, most, links, trio.current_time()))
            await waiting.over.wait()
            if waiting.failure:
                raise BlobNotHad(why=waiting.failure)

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
                case ServeManifest() | ServeChunks():
                    try:
                        self._serve.send_nowait(effect)
                    except trio.WouldBlock:
                        logger.warning("more is asked of this disk than it can give; a request goes unanswered")
                case _:
                    self._writes.send_nowait(effect)

    def _blame(self, link: int, code: Code, text: str) -> None:
        if link in self.node.links:
            self.node.links[link].close(code, text)

    def _settled(self, blob: bytes, failure: str = "") -> None:
        self._authors.pop(blob, None)
        for waiting in self._awaited.pop(blob, []):
            waiting.failure = failure
            waiting.over.set()

    async def _perform_all(self, jobs: trio.MemoryReceiveChannel[BlobEffect]) -> None:
        async for effect in jobs:
            try:
                await self._perform(effect)
            except NodeError as error:
                logger.warning("a blob could not be kept or served: %s", error.what)
                if not isinstance(effect, Send | Misbehaved):
                    self._queue(self._exchange.drop(effect.blob, trio.current_time()))
                    self._settled(effect.blob, error.what)

    async def _perform(self, effect: BlobEffect) -> None:
        in_thread = trio.to_thread.run_sync
        match effect:
            case Begin(blob=blob, manifest=manifest):
                held = await in_thread(self.store.begin, blob, manifest, self._authors.get(blob, OWN))
                self._queue(self._exchange.begun(blob, held, trio.current_time()))
            case WriteChunk(blob=blob, index=index, data=data):
                await in_thread(self.store.write_chunk, blob, index, data)
            case Finish(blob=blob):
                await in_thread(self.store.finish, blob)
                self._settled(blob)
            case Keep(blob=blob, data=data):
                await in_thread(self.store.put, data, self._authors.get(blob, OWN))
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
