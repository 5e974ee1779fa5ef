"""One websocket that carries binary messages, over any stream. Only this file knows trio-websocket.

Rules of this file, each the answer to something that was seen to break (docs/protocol.md, "Channel"):
- trio-websocket's reader task lets errors out: a Host header that is no ASCII is enough. So it lives in a nursery of
  its own, behind a wall, and what it runs into ends this socket alone.
- That reader ends without a word when the other side hangs up early. Whoever waits is woken by the wire below it.
- A send that is cancelled leaves half a frame behind, and everything after it is lost in silence. So it takes the
  stream with it.
- Frames without content cost memory and never add up to a message. Bytes are counted until a message comes of them.
- Websocket pings say nothing about the peer, since a proxy may answer them. link.py asks inside the channel.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import trio
import trio_websocket
from trio_websocket import WebSocketConnection

from dwnet.errors import NodeError
from protocol import limits
from protocol.addresses import join_address, split_address
from protocol.errors import LocalError

VERSION = "dwnet.1"
PROTOCOL_HEADER = b"sec-websocket-protocol"
QUEUE = 4  # messages read ahead of whoever receives; deep enough for a burst, 256 KiB at most
READ_BYTES = 65_536  # at a time; with the library's own 4 KiB, large messages take three times as long
FRAMING = 14  # bytes that websocket puts before a payload, at most
UNREAD = (QUEUE + 2) * (limits.NOISE_MESSAGE + FRAMING) + READ_BYTES  # honest traffic has a message out of this many
SETTINGS: dict[str, Any] = {
    "message_queue_size": QUEUE,
    "max_message_size": limits.NOISE_MESSAGE,
    "receive_buffer_size": READ_BYTES,
}
logger = logging.getLogger(__name__)


class BadAddress(NodeError):
    """{address} is no address that can be dialled.

    Write it as HOST:PORT, for example 192.0.2.7:8000 or story.example:8000, or as a ws:// or wss:// URL.
    """

    exit_code = 2


class CannotReach(NodeError):
    """Can't reach {address}: {why}.

    See that the other machine is on, that dwnet runs there, and that this is an address it shows.
    """


class VersionMismatch(NodeError):
    """{address} speaks another version of the protocol than this program: {theirs}, not {ours}.

    Update dwnet on whichever of the two machines has the older one.
    """


class SocketClosed(NodeError):
    """The connection to {address} has ended.

    It is made again by itself as soon as the other side can be reached.
    """


class Target(NamedTuple):
    """Where an address leads."""

    host: str
    port: int
    resource: str
    secure: bool


def read_target(address: str) -> Target:
    """:raises BadAddress:"""
    try:
        if "://" not in address:
            return Target(*split_address(address), "/", False)
        url = urlsplit(address)
        host, port = split_address(join_address(url.hostname or "", url.port or {"ws": 80, "wss": 443}[url.scheme]))
    except (ValueError, KeyError, LocalError) as error:
        raise BadAddress(address=address) from error
    resource = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Target(host, port, resource, url.scheme == "wss")


class Socket:
    """One websocket. ``address`` is where it was dialled, or the caller's host and port.

    ``opened_at`` (trio's clock) is when there was a stream, before any handshake.
    """

    def __init__(self, connection: WebSocketConnection, wire: Wire, address: str) -> None:
        self.address = address
        self.opened_at = wire.opened_at
        self._connection = connection
        self._wire = wire

    async def receive(self) -> bytes | str:
        """The next message. Text is never sent by us; the session above refuses it.

        :raises SocketClosed: at the end, however it came.
        """
        try:
            message: bytes | str = await self._connection.get_message()
        except trio_websocket.ConnectionClosed as error:
            raise SocketClosed(address=self.address) from error
        self._wire.unread = 0
        return message

    async def send(self, data: bytes) -> None:
        """Write one message. Cancelling this ends the socket, on both sides.

        :raises SocketClosed: when it can't be written.
        """
        try:
            await self._connection.send_message(data)
        except Exception as error:
            await trio.aclose_forcefully(self._wire)
            raise SocketClosed(address=self.address) from error
        except BaseException:
            await trio.aclose_forcefully(self._wire)
            raise

    def admit(self) -> None:
        """The other side has proven who it is: it no longer counts among the strangers at the door."""
        self._wire.admitted()

    async def aclose(self) -> None:
        """Close it, in limits.CLOSE_SECONDS at most; at once when cancelled. What was sent before still arrives."""
        try:
            with trio.move_on_after(limits.CLOSE_SECONDS):
                await self._connection.aclose()
        finally:
            await trio.aclose_forcefully(self._wire)


class Wire(trio.abc.Stream):
    """The stream under a websocket. It counts the bytes no message has come of yet, and tells when it has ended."""

    def __init__(self, stream: trio.abc.Stream, admitted: Callable[[], None] = lambda: None) -> None:
        self.opened_at = trio.current_time()
        self.unread = 0
        self.ended: Callable[[], None] = lambda: None
        self.admitted = admitted
        self._stream = stream

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self.unread > UNREAD:
            self.ended()
            raise trio.BrokenResourceError("no message came of all this")
        try:
            data = bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.ended()
            raise
        self.unread += len(data)
        if not data:
            self.ended()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        self.ended()
        await self._stream.aclose()


@asynccontextmanager
async def socket_over(
    stream: trio.abc.Stream,
    address: str,
    *,
    dialed: bool,
    seconds: float = limits.HANDSHAKE_FIRST_SECONDS,
    admitted: Callable[[], None] = lambda: None,
) -> AsyncIterator[Socket]:
    """Make a websocket of any stream and close it at the end. What its reader task runs into ends the socket alone.

    :param seconds: until it is open, or given up.
    :param admitted: called by :meth:`Socket.admit`.
    :raises CannotReach, VersionMismatch: when it never opened.
    """
    wire = Wire(stream, admitted)
    try:
        async with trio.open_nursery() as nursery:
            upgrade = _ask if dialed else _answer
            socket: Socket = await nursery.start(_carry, wire, address, upgrade, wire.opened_at + seconds)
            try:
                yield socket
            finally:
                await socket.aclose()
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        error = group.exceptions[0]
        raise error from error.__cause__
    finally:
        await trio.aclose_forcefully(wire)


Upgrade = Callable[[trio.Nursery, Wire, str], Awaitable[WebSocketConnection]]


async def _carry(
    wire: Wire, address: str, upgrade: Upgrade, deadline: float, *, task_status: trio.TaskStatus[Socket]
) -> None:
    """Hold the nursery of a websocket's reader task until that ends. Raises nothing once it has started."""
    connection: WebSocketConnection | None = None
    try:
        async with trio.open_nursery() as nursery:
            with trio.CancelScope(deadline=deadline) as opening:
                wire.ended = opening.cancel
                connection = await upgrade(nursery, wire, address)
            if connection is None:
                late = trio.current_time() >= deadline
                raise CannotReach(address=address, why="no answer in time" if late else "it hung up")
            task_status.started(Socket(connection, wire, address))
    except Exception as error:
        if connection is None:
            raise _refusal(error, address) from error
        logger.info("%s broke the websocket protocol: %r", address, error, exc_info=True)
    finally:
        await trio.aclose_forcefully(wire)


async def _ask(nursery: trio.Nursery, wire: Wire, address: str) -> WebSocketConnection:
    target = read_target(address)
    stream = cast(trio.SocketStream, wire)  # the library declares sockets and takes any stream
    connection = await trio_websocket.wrap_client_stream(
        nursery, stream, join_address(target.host, target.port), target.resource, subprotocols=[VERSION], **SETTINGS
    )
    if connection.subprotocol != VERSION:
        raise CannotReach(address=address, why="something other than dwnet answers there")
    return connection


async def _answer(nursery: trio.Nursery, wire: Wire, address: str) -> WebSocketConnection:
    request = await trio_websocket.wrap_server_stream(nursery, wire, **SETTINGS)
    if VERSION not in request.proposed_subprotocols:
        spoken = [(PROTOCOL_HEADER, VERSION.encode())]
        await request.reject(426, extra_headers=spoken, body=f"This is dwnet; it speaks {VERSION}.\n".encode())
        raise CannotReach(address=address, why="it does not speak our version")
    return await request.accept(subprotocol=VERSION)


def _refusal(error: Exception, address: str) -> NodeError:
    """What the end of an opening means to whoever waits for it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, NodeError):
        return error
    if isinstance(error, trio_websocket.ConnectionRejected):
        theirs = dict(error.headers).get(PROTOCOL_HEADER, b"").decode("ascii", "replace")
        if theirs.startswith("dwnet."):
            return VersionMismatch(address=address, theirs=theirs[: limits.NAME], ours=VERSION)
        return CannotReach(address=address, why=f"something other than dwnet answers there (HTTP {error.status_code})")
    return CannotReach(address=address, why="something other than dwnet answers there")
