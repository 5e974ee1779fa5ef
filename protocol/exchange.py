"""Fetching blobs from whoever has them, and answering those who fetch from us: ``event -> effects``.

Rules of this file:
- The manifest is checked against the id before a chunk is taken, each chunk against its leaf on arrival. So a wrong
  source costs one chunk, and what was fetched stays good whoever sent it.
- One source at a time per blob. No answer, no progress, wrong bytes, a lost link: the next one that may have it is
  asked. Each is asked once per want; then the want has failed, and whoever wants may want again.
- A blob of one chunk is one round trip: its chunk comes along with its manifest.
- Answering keeps no state. The shell queues at most limits.QUEUE_CHUNKS answers per link and drops what is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum

from protocol import limits
from protocol.blobs import ID, LEAF, BlobType, Manifest, check_chunk, check_manifest, chunk_count, get, want
from protocol.effects import Lane, Send
from protocol.encoding import Value, take_bytes, take_int, take_list
from protocol.errors import Code, RemoteError

MOST_CHUNKS = chunk_count(limits.BLOB)


# --- what the shell is asked to do -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Begin:
    """Open what is left of an earlier try, hash it again, and answer with :meth:`Exchange.begun`."""

    blob: bytes
    manifest: Manifest


@dataclass(frozen=True)
class WriteChunk:
    """Checked; put it in its place."""

    blob: bytes
    index: int
    data: bytes


@dataclass(frozen=True)
class Finish:
    """Every chunk was written: make the blob whole."""

    blob: bytes


@dataclass(frozen=True)
class Keep:
    """A whole blob of one chunk, checked. No Begin came before it."""

    blob: bytes
    data: bytes


@dataclass(frozen=True)
class Failed:
    """Nobody who was asked has it, or gave it. ``why`` is half a sentence about the last one."""

    blob: bytes
    why: str


@dataclass(frozen=True)
class ServeManifest:
    """Send :func:`blobs.meta` from leaf ``first`` on, and the chunk too if there is only one.

    :func:`blobs.none` if we lack the blob.
    """

    link: int
    blob: bytes
    first: int


@dataclass(frozen=True)
class ServeChunks:
    """Send each of these chunks with :func:`blobs.chunk`; :func:`blobs.none` if we lack the blob or that part of it."""

    link: int
    blob: bytes
    first: int
    count: int


@dataclass(frozen=True)
class Misbehaved:
    """This link sent bytes that are not what their name says; they were not taken."""

    link: int
    text: str


BlobEffect = Send | Begin | WriteChunk | Finish | Keep | Failed | ServeManifest | ServeChunks | Misbehaved


# --- fetching ----------------------------------------------------------------------------------------------------


class Stage(Enum):
    """How far a fetch is. OPENING waits for our own disk, the others for a link."""

    MANIFEST = "manifest"
    OPENING = "opening"
    CHUNKS = "chunks"


@dataclass
class Fetch:
    """One blob on its way. Every chunk below ``cursor`` is held or asked for; ``why``: what the last source lacked."""

    blob: bytes
    size_limit: int
    sources: deque[int]
    tried: set[int] = field(default_factory=set)
    link: int = -1
    stage: Stage = Stage.MANIFEST
    size: int = 0
    leaves: bytearray = field(default_factory=bytearray)
    manifest: Manifest | None = None
    held: bytearray = field(default_factory=bytearray)
    left: int = 0
    cursor: int = 0
    asked: set[int] = field(default_factory=set)
    deadline: float = 0.0
    why: str = "nobody to ask"

    def add_sources(self, links: Iterable[int]) -> None:
        self.sources.extend(one for one in dict.fromkeys(links) if one not in self.tried and one not in self.sources)

    def forget(self, link: int) -> None:
        if link in self.sources:
            self.sources.remove(link)


class Exchange:
    """All fetches of one node, and its answers to others. Show it messages of members in good standing only.

    Times are seconds of any one rising clock. A link's reader waits while a WriteChunk of its is performed: that is the
    brake on a sender who is faster than our disk.
    """

    def __init__(self) -> None:
        self._fetches: dict[bytes, Fetch] = {}
        self._waiting: dict[bytes, Fetch] = {}

    # --- events ----------------------------------------------------------------------------------------------------

    def want(self, blob: bytes, size_limit: int, links: Iterable[int], now: float) -> list[BlobEffect]:
        """Fetch a blob of at most ``size_limit`` bytes from one of ``links``, the likeliest first."""
        fetch = self._fetches.get(blob) or self._waiting.get(blob)
        if fetch is not None:
            fetch.add_sources(links)
            return []
        if len(self._waiting) >= limits.BLOBS_WANTED:
            return [Failed(blob, "too many others wait before it")]
        fetch = self._waiting[blob] = Fetch(blob, min(size_limit, limits.BLOB), deque())
        fetch.add_sources(links)
        return self._start(now)

    def begun(self, blob: bytes, held: Collection[int], now: float) -> list[BlobEffect]:
        """The answer to Begin: the chunks we hold already, from an earlier try."""
        fetch = self._fetches.get(blob)
        if fetch is None or fetch.manifest is None or fetch.stage is not Stage.OPENING:
            return []
        fetch.stage = Stage.CHUNKS
        fetch.held = bytearray(fetch.manifest.chunks)
        for index in held:
            fetch.held[index] = 1
        fetch.left = fetch.held.count(0)
        return self._ask(fetch, now) if fetch.left else self._finish(fetch) + self._start(now)

    def drop(self, blob: bytes, now: float) -> list[BlobEffect]:
        """The blob is not wanted any more: it came some other way, or our disk has no room for it."""
        self._waiting.pop(blob, None)
        self._fetches.pop(blob, None)
        return self._start(now)

    def link_down(self, link: int, now: float) -> list[BlobEffect]:
        effects: list[BlobEffect] = []
        for fetch in (*self._waiting.values(), *self._fetches.values()):
            fetch.forget(link)
            if fetch.link == link:
                effects += self._next_source(fetch, "its link was lost", now)
        return effects + self._start(now)

    def tick(self, now: float) -> list[BlobEffect]:
        """Call about once a second."""
        effects: list[BlobEffect] = []
        for fetch in tuple(self._fetches.values()):
            if fetch.stage is not Stage.OPENING and now >= fetch.deadline:
                effects += self._next_source(fetch, f"no answer in {limits.BLOB_SECONDS} seconds", now)
        return effects + self._start(now)

    def received(self, link: int, message: list[Value], now: float) -> list[BlobEffect]:
        """A message whose type is one of BlobType.

        :raises RemoteError: MALFORMED, for what no honest node sends.
        """
        return self._read(link, message, now) + self._start(now)

    def _read(self, link: int, message: list[Value], now: float) -> list[BlobEffect]:
        match message[0]:
            case BlobType.WANT:
                blob, first = take_list(message[1:], "message", 2)
                return [ServeManifest(link, _blob(blob), take_int(first, "first", 0, MOST_CHUNKS))]
            case BlobType.GET:
                blob, first, count = take_list(message[1:], "message", 3)
                wanted = take_int(count, "count", 1, limits.BLOB_WINDOW)
                return [ServeChunks(link, _blob(blob), take_int(first, "first", 0, MOST_CHUNKS), wanted)]
            case BlobType.META:
                return self._take_page(link, message, now)
            case BlobType.CHUNK:
                return self._take_chunk(link, message, now)
            case BlobType.NONE:
                (blob,) = take_list(message[1:], "message", 1)
                fetch = self._fetches.get(_blob(blob))
                return self._next_source(fetch, "it is not there", now) if fetch and fetch.link == link else []
            case _:
                raise RemoteError(Code.MALFORMED, "blob message: unknown type")

    # --- decisions -------------------------------------------------------------------------------------------------

    def _start(self, now: float) -> list[BlobEffect]:
        effects: list[BlobEffect] = []
        while self._waiting and len(self._fetches) < limits.BLOB_FETCHES:
            fetch = self._waiting.pop(next(iter(self._waiting)))
            self._fetches[fetch.blob] = fetch
            effects += self._next_source(fetch, fetch.why, now)
        return effects

    def _next_source(self, fetch: Fetch, why: str, now: float) -> list[BlobEffect]:
        fetch.why, fetch.deadline = why, now + limits.BLOB_SECONDS
        fetch.asked.clear()
        fetch.cursor, fetch.link = 0, -1
        if not fetch.sources:
            if fetch.stage is Stage.OPENING:
                return []  # the disk may show that nothing is missing; begun() finds out
            del self._fetches[fetch.blob]
            return [Failed(fetch.blob, fetch.why)]
        fetch.link = fetch.sources.popleft()
        fetch.tried.add(fetch.link)
        if fetch.stage is Stage.MANIFEST:
            fetch.leaves.clear()
            return [Send(fetch.link, want(fetch.blob, 0), Lane.CONTROL)]
        return self._ask(fetch, now) if fetch.stage is Stage.CHUNKS else []

    def _take_page(self, link: int, message: list[Value], now: float) -> list[BlobEffect]:
        named, said, place, leaves = take_list(message[1:], "message", 4)
        blob, size = _blob(named), take_int(said, "size", 1)
        first = take_int(place, "first", 0, MOST_CHUNKS)
        page = take_bytes(leaves, "leaves", 0, limits.BLOB_LEAVES * LEAF)
        fetch = self._fetches.get(blob)
        if (
            fetch is None
            or fetch.link != link
            or fetch.stage is not Stage.MANIFEST
            or first * LEAF != len(fetch.leaves)
        ):
            return []  # an answer that comes late
        if size > fetch.size_limit:
            return self._next_source(fetch, f"it is larger than the {fetch.size_limit} bytes allowed", now)
        count = chunk_count(size)
        if len(page) != LEAF * min(limits.BLOB_LEAVES, count - first) or (first and size != fetch.size):
            return self._blame(fetch, link, "a page of a manifest of the wrong size", now)
        fetch.size, fetch.deadline = size, now + limits.BLOB_SECONDS
        fetch.leaves += page
        if len(fetch.leaves) < count * LEAF:
            return [Send(link, want(blob, len(fetch.leaves) // LEAF), Lane.CONTROL)]
        manifest = Manifest(size, bytes(fetch.leaves))
        if not check_manifest(blob, manifest):
            return self._blame(fetch, link, "a manifest of another blob", now)
        fetch.manifest, fetch.leaves = manifest, bytearray()
        if count > 1:
            fetch.stage = Stage.OPENING
            return [Begin(blob, manifest)]
        fetch.stage, fetch.held, fetch.left = Stage.CHUNKS, bytearray(1), 1
        fetch.cursor = 1
        fetch.asked.add(0)
        return []

    def _take_chunk(self, link: int, message: list[Value], now: float) -> list[BlobEffect]:
        named, place, content = take_list(message[1:], "message", 3)
        blob, index = _blob(named), take_int(place, "index", 0, MOST_CHUNKS)
        data = take_bytes(content, "data", 1, limits.CHUNK)
        fetch = self._fetches.get(blob)
        if fetch is None or fetch.manifest is None or fetch.stage is not Stage.CHUNKS:
            return []
        if index < len(fetch.held) and fetch.held[index]:
            return []
        if not check_chunk(fetch.manifest, index, data):
            return self._blame(fetch, link, "a chunk that is not part of its blob", now)
        fetch.held[index] = 1
        fetch.left -= 1
        fetch.asked.discard(index)
        fetch.deadline = now + limits.BLOB_SECONDS
        if len(fetch.held) == 1:
            del self._fetches[blob]
            return [Keep(blob, data)]
        effects: list[BlobEffect] = [WriteChunk(blob, index, data)]
        if not fetch.left:
            return effects + self._finish(fetch)
        return effects + (self._ask(fetch, now) if len(fetch.asked) <= limits.BLOB_WINDOW // 2 else [])

    def _ask(self, fetch: Fetch, now: float) -> list[BlobEffect]:
        """Fill the window; neighbouring chunks are asked for together."""
        if fetch.link < 0:
            return self._next_source(fetch, fetch.why, now)
        ranges: list[list[int]] = []
        while fetch.cursor < len(fetch.held) and len(fetch.asked) < limits.BLOB_WINDOW:
            index = fetch.cursor
            fetch.cursor += 1
            if fetch.held[index] or index in fetch.asked:
                continue
            fetch.asked.add(index)
            if ranges and ranges[-1][0] + ranges[-1][1] == index:
                ranges[-1][1] += 1
            else:
                ranges.append([index, 1])
        return [Send(fetch.link, get(fetch.blob, first, count), Lane.CONTROL) for first, count in ranges]

    def _finish(self, fetch: Fetch) -> list[BlobEffect]:
        del self._fetches[fetch.blob]
        return [Finish(fetch.blob)]

    def _blame(self, fetch: Fetch, link: int, text: str, now: float) -> list[BlobEffect]:
        fetch.forget(link)
        moved = self._next_source(fetch, f"it sent {text}", now) if fetch.link == link else []
        return [Misbehaved(link, text), *moved]


def _blob(value: Value) -> bytes:
    return take_bytes(value, "blob", ID)
