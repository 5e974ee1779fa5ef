"""Two ends of a link in one process, over any pair of streams, and a witness to what each of them reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import trio
from trio.testing import memory_stream_pair

from dwnet.link import Link, run_link
from dwnet.websocket import socket_over
from protocol.encoding import Value
from protocol.errors import Code
from protocol.identity import SigningKey
from protocol.session import Session

TAG = b"\x11" * 16
NARRATOR = SigningKey.from_seed(b"\x21" * 32)
PLAYER = SigningKey.from_seed(b"\x22" * 32)
NOTE = 200  # a message type that means nothing: whatever a test wants to say


@dataclass
class Witness:
    """Takes down what a link reports. ``answer`` is called with every message, on the spot."""

    answer: Callable[[Link, list[Value]], None] = lambda link, message: None
    links: list[Link] = field(default_factory=list)
    messages: list[list[Value]] = field(default_factory=list)
    ends: list[tuple[Code | None, str]] = field(default_factory=list)
    lagged: int = 0
    drains: int = 0
    _happened: trio.Event = field(default_factory=trio.Event)

    @property
    def link(self) -> Link:
        return self.links[-1]

    def opened(self, link: Link) -> None:
        self.links.append(link)
        self._tell()

    def received(self, link: Link, message: list[Value]) -> None:
        self.messages.append(message)
        self._tell()
        self.answer(link, message)

    def lagging(self, link: Link) -> None:
        self.lagged += 1
        self._tell()

    def drained(self, link: Link) -> None:
        self.drains += 1
        self._tell()

    def closed(self, link: Link, code: Code | None, text: str) -> None:
        self.ends.append((code, text))
        self._tell()

    async def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            await self._happened.wait()
        await trio.lowlevel.checkpoint()

    async def until_open(self) -> Link:
        await self.until(lambda: self.links)
        return self.link

    async def until_closed(self) -> tuple[Code | None, str]:
        await self.until(lambda: self.ends)
        return self.ends[-1]

    def _tell(self) -> None:
        self._happened.set()
        self._happened = trio.Event()


def dialing(member: SigningKey = PLAYER, *, tag: bytes = TAG, expected: bytes | None = None) -> Session:
    return Session.dial(tag, member, b"\x31" * 32, b"\x32" * 32, expected)


def answering(member: SigningKey = NARRATOR, *, tag: bytes = TAG) -> Session:
    return Session.answer(tag, member, b"\x33" * 32, b"\x34" * 32)


async def be_end(
    stream: trio.abc.Stream, session: Session, witness: Witness, *, dialed: bool, trusted: bool = True
) -> None:
    """One end of a link on ``stream``, until it is over."""
    async with socket_over(stream, "192.0.2.1:8000", dialed=dialed) as socket:
        await run_link(socket, session, witness, trusted=trusted)


async def linked(
    nursery: trio.Nursery,
    one: Witness,
    two: Witness,
    streams: tuple[trio.abc.Stream, trio.abc.Stream] | None = None,
    *,
    trusted: bool = True,
) -> tuple[Link, Link]:
    """Two open links, the dialled one first, at home in ``nursery``."""
    here, there = streams or memory_stream_pair()

    async def dialer() -> None:
        await be_end(here, dialing(), one, dialed=True, trusted=trusted)

    async def answerer() -> None:
        await be_end(there, answering(), two, dialed=False, trusted=trusted)

    nursery.start_soon(dialer)
    nursery.start_soon(answerer)
    return await one.until_open(), await two.until_open()
