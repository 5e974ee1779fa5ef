"""Dial and listen.

Rules of this file:
- Nothing a client sends may end the listener or another connection: each lives behind a wall.
- Who has not proven anything waits at the door, and there is room for few there: 10,000 callers who only send junk
  cost no more memory than limits.HALF_OPEN of them.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import gaierror
from urllib.parse import urlsplit

import trio

from dwnet.errors import NodeError
from dwnet.websocket import CannotReach, Socket, Target, read_target, socket_over
from protocol import limits
from protocol.addresses import join_address

logger = logging.getLogger(__name__)


class PortTaken(NodeError):
    """Port {port} on {host} is in use by another program.

    Stop that program, or choose another port with --listen {host}:PORT (port 0 picks a free one).
    """


class CannotListen(NodeError):
    """Can't listen on {host}, port {port}: {why}.

    Choose an address of this machine and a port above 1023 with --listen HOST:PORT; 0.0.0.0 stands for all of them.
    """


@dataclass(frozen=True)
class Listening:
    """Where we listen: the bound addresses as text, and the port of the first."""

    addresses: tuple[str, ...]
    port: int


@asynccontextmanager
async def dial(address: str, seconds: float) -> AsyncIterator[Socket]:
    """A socket to ``host:port`` or a ``ws://`` or ``wss://`` URL, closed at the end of the block.

    :param seconds: in which it must be open.
    :raises dwnet.websocket.BadAddress, CannotReach, VersionMismatch: when it never opened.
    """
    target = read_target(address)
    deadline = trio.current_time() + seconds
    stream: trio.abc.Stream | None = None
    with trio.move_on_at(deadline):
        stream = await _connect(target, address)
    if stream is None:
        raise CannotReach(address=address, why=f"no answer within {seconds:g} seconds")
    async with socket_over(stream, address, dialed=True, seconds=deadline - trio.current_time()) as socket:
        yield socket


async def _connect(target: Target, address: str) -> trio.abc.Stream:
    try:
        if not target.secure:
            return await trio.open_tcp_stream(target.host, target.port)
        secured = await trio.open_ssl_over_tcp_stream(target.host, target.port, https_compatible=True)
        try:
            await secured.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(secured)
            raise
        return secured
    except (OSError, trio.BrokenResourceError) as error:
        raise CannotReach(address=address, why=_why(error)) from error


def _why(error: BaseException) -> str:
    """The innermost reason in plain words; of several attempts the first one's."""
    while (inner := error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__) is not None:
        error = inner
    if isinstance(error, gaierror):
        return "no machine of that name is known here"
    if isinstance(error, ConnectionRefusedError):
        return "that machine is there, but nothing listens on that port"
    return getattr(error, "strerror", None) or str(error)


class Door:
    """Who has come in and not proven anything yet: at most limits.HALF_OPEN, the oldest gives way to a newcomer.

    The cap per address is for strangers; our own machine, where a whole hive may start at once, is exempt, and a
    stranger at the door is sent away before one of our own.
    """

    def __init__(self) -> None:
        self._waiting: dict[trio.CancelScope, str] = {}

    def enter(self, address: str, scope: trio.CancelScope) -> bool:
        """Let somebody in; his scope is cancelled when he has to give way. False: too many of his already wait."""
        origin = _origin(address)
        if origin and sum(one == origin for one in self._waiting.values()) >= limits.HALF_OPEN_PER_ADDRESS:
            return False
        if len(self._waiting) >= limits.HALF_OPEN:
            strangers = (one for one, its_origin in self._waiting.items() if its_origin)
            oldest = next(strangers, None) or next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.cancel()
        self._waiting[scope] = origin
        return True

    def leave(self, scope: trio.CancelScope) -> None:
        self._waiting.pop(scope, None)


def _origin(address: str) -> str:
    """Who is counted together: one IPv4 address, or the /64 that one line is given of IPv6; "" for this machine."""
    ip = _ip(address)
    if ip is None or is_loopback(address):
        return ""
    return str(ip) if isinstance(ip, IPv4Address) else ip.exploded[:19]


def is_loopback(address: str) -> bool:
    """Whether ``host:port`` or a URL is this machine itself, as far as its text tells."""
    ip = _ip(address)
    return ip.is_loopback if ip is not None else _host(address) == "localhost"


def _host(address: str) -> str:
    url = urlsplit(address if "://" in address else f"//{address}")
    return (url.hostname or "").partition("%")[0]


def _ip(address: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(_host(address))
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


Handler = Callable[[Socket], Awaitable[None]]


async def listen(
    host: str, port: int, handler: Handler, *, task_status: trio.TaskStatus[Listening] = trio.TASK_STATUS_IGNORED
) -> None:
    """Accept until cancelled; ``handler`` runs once per websocket, which is closed when it returns or raises.

    What goes wrong in one connection, the handler's errors included, is logged and ends that connection. Running out
    of file descriptors pauses accepting (``trio.serve_listeners``).

    :param port: 0 picks a free one.
    :raises PortTaken, CannotListen: before it has started.
    """
    try:
        listeners = await trio.open_tcp_listeners(port, host=host or None)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port) from error
        raise CannotListen(host=host, port=port, why=_why(error)) from error
    addresses = tuple(join_address(*one.socket.getsockname()[:2]) for one in listeners)
    task_status.started(Listening(addresses, int(addresses[0].rpartition(":")[2])))
    await trio.serve_listeners(partial(_attend, Door(), handler), listeners)


async def _attend(door: Door, handler: Handler, stream: trio.SocketStream) -> None:
    """The wall round one connection."""
    with trio.CancelScope() as scope:
        try:
            address = join_address(*stream.socket.getpeername()[:2])
            if door.enter(address, scope):
                admitted = partial(door.leave, scope)
                async with socket_over(stream, address, dialed=False, admitted=admitted) as socket:
                    await handler(socket)
        except (OSError, NodeError) as error:
            logger.debug("a connection came to nothing: %s", error)
        except Exception:
            logger.exception("a connection was closed for a fault of this program")
        finally:
            door.leave(scope)
            await trio.aclose_forcefully(stream)
