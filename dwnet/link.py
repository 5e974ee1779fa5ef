"""One secured connection to one peer: a socket, a session, a task that reads, one that writes, one that listens for
silence.

Rules of this file (docs/protocol.md, "Links"):
- The reader never waits for a write, or two ends that answer each other would both stop. It hands every message on
  synchronously; answers are queued.
- The writer is the only one that sends. Nothing cancels a send but the end of the link.
- Any frame is a sign of life; a ping is sent into silence, and now and then to know the round trip. Websocket pings
  prove nothing and are not used.
- Whoever leaves says so inside the channel (BYE), for limits.CLOSE_SECONDS at most, and closes whatever is answered.
  An end without BYE is a cut.
- A peer that sends too fast is read more slowly: TCP holds it back, nothing is lost, nobody is punished.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import trio

from dwnet.outbox import Outbox, Put
from dwnet.websocket import Socket, SocketClosed
from protocol import limits
from protocol.effects import Lane
from protocol.encoding import Value, encode, take_int, take_list, take_text
from protocol.errors import Code, RemoteError
from protocol.messages import Type
from protocol.session import Role, Session, State

TARDY = 1.0  # seconds; a timer this late means that our own process stood still, not the peer
POLITE = frozenset({Code.DONE, Code.GOING_AWAY})  # goodbyes before which waiting entries are still written
_ids = itertools.count(1)
logger = logging.getLogger(__name__)


class LinkEvents(Protocol):
    """What a link reports. All are called synchronously, in the order of what happened."""

    def opened(self, link: Link) -> None:
        """The handshake is done: ``link.remote`` is proven. Called once, before anything else."""

    def received(self, link: Link, message: list[Value]) -> None:
        """One message of the peer's, its type first; never PING, PONG or BYE. A RemoteError from here ends the link
        with its code.
        """

    def lagging(self, link: Link) -> None:
        """Called from within :meth:`Link.send`: what waited was thrown away, as the peer reads too slowly."""

    def drained(self, link: Link) -> None:
        """A lagging link can take entries again: bring the peer level by heads."""

    def closed(self, link: Link, code: Code | None, text: str) -> None:
        """The link has ended, called once after ``opened``. ``code`` None: cut, without a word from either side."""


@dataclass(frozen=True)
class LinkFacts:
    """A link as it stands. ``sent`` and ``received`` count messages since it opened, pings apart. ``round_trip`` and
    ``age`` are in seconds.
    """

    id: int
    member: bytes
    address: str
    dialed: bool
    age: float
    round_trip: float | None
    sent: int
    received: int
    lagging: bool


class Link:
    """An open link. ``remote`` is the member key proven at its other end, ``round_trip`` seconds, None until known.

    ``trusted`` peers, our own machine's and the narrator's, are read as fast as they send; it may be set at any time.
    """

    def __init__(self, socket: Socket, session: Session, events: LinkEvents, *, trusted: bool) -> None:
        assert session.remote is not None
        self.id = next(_ids)
        self.remote = session.remote
        self.dialed = session.role is Role.DIALER
        self.address = socket.address
        self.opened_at = trio.current_time()
        self.round_trip: float | None = None
        self._round_trips: deque[float] = deque(maxlen=3)  # one that met a busy moment says nothing about the link
        self.trusted = trusted
        self._socket = socket
        self._session = session
        self._events = events
        self._outbox = Outbox()
        self._waiting = trio.Event()
        self._scope = trio.CancelScope()
        self._ending: tuple[Code | None, str] | None = None
        self._goodbye: bytes | None = None
        self._heard_at = self.opened_at
        self._pings = 0
        self._pinged_at = self.opened_at
        self._asked = False  # whether a ping went into this silence already
        self._patient_until = math.inf  # when a write has made no progress for too long
        self._pace = Pace(limits.FRAMES_PER_SECOND, limits.FRAMES_BURST, self.opened_at)
        self._sent = self._received = 0

    @property
    def lagging(self) -> bool:
        return self._outbox.lagging

    @property
    def facts(self) -> LinkFacts:
        """How it stands now."""
        age = trio.current_time() - self.opened_at
        return LinkFacts(
            self.id, self.remote, self.address, self.dialed, age, self.round_trip, self._sent, self._received,
            self.lagging,
        )  # fmt: skip

    def send(self, message: bytes, lane: Lane) -> bool:
        """Queue the canonical bytes of one message; never waits. False: it will not arrive (outbox.py says when)."""
        if self._ending is not None:
            return False
        put = self._outbox.put(message, lane)
        self._sent += put is Put.QUEUED
        if put is Put.LAGGING:
            self._events.lagging(self)
        elif put is Put.FULL:
            self._end(Code.TOO_MANY, "the other side does not read what it must")
        self._waiting.set()
        return put is Put.QUEUED

    def close(self, code: Code, text: str = "") -> None:
        """Say goodbye and close, given up after limits.CLOSE_SECONDS; never waits. Only the first call counts."""
        if self._ending is None:
            self._ending = (code, text)
            self._goodbye = encode([int(Type.BYE), int(code), text[: limits.BYE_TEXT]])
            self._scope.deadline = trio.current_time() + limits.CLOSE_SECONDS
            self._waiting.set()

    async def live(self) -> None:
        """Be a link until it ends, however that comes."""
        try:
            with self._scope:
                self._events.opened(self)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._read)
                    nursery.start_soon(self._write)
                    nursery.start_soon(self._listen_for_silence)
        finally:
            self._session.close()
            code, text = self._ending or (None, "")
            self._ending = (code, text)
            self._events.closed(self, code, text)

    def _end(self, code: Code | None, text: str) -> None:
        """End without a goodbye: nobody there would hear or deserve it."""
        if self._ending is None:
            self._ending = (code, text)
            self._scope.cancel()

    def _cut(self) -> None:
        stalled = trio.current_time() >= self._patient_until
        self._end(None, "the other side has stopped reading" if stalled else "the connection was cut")

    # --- reading ----------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while True:
                if not self.trusted and (pause := self._pace.wait(trio.current_time())):
                    await trio.sleep(pause)
                self._take(await self._socket.receive())
        except SocketClosed:
            self._cut()
        except RemoteError as error:
            logger.warning("%s sent what nobody may send: %s", self.address, error)
            self._end(error.code, str(error))

    def _take(self, data: bytes | str) -> None:
        """One websocket message. RemoteError: the session is over, and there is no safe way to say so."""
        messages = self._session.receive(data).messages
        self._heard_at, self._asked = trio.current_time(), False
        for message in messages:
            if self._ending is None:
                try:
                    self._dispatch(message)
                except RemoteError as error:
                    logger.warning("%s: %s", self.address, error)
                    self.close(error.code, str(error))

    def _dispatch(self, message: list[Value]) -> None:
        match message[0]:
            case Type.PING:
                (nonce,) = take_list(message[1:], "ping", 1)
                self._say(Type.PONG, take_int(nonce, "nonce"))
            case Type.PONG:
                (nonce,) = take_list(message[1:], "pong", 1)
                if take_int(nonce, "nonce") == self._pings:
                    self._round_trips.append(trio.current_time() - self._pinged_at)
                    self.round_trip = median(self._round_trips)
            case Type.BYE:
                code, text = take_list(message[1:], "bye", 2)
                number = take_int(code, "code", 0, 255)
                self._end(_reason(number), take_text(text, "text", limits.BYE_TEXT))
            case _:
                self._received += 1
                self._events.received(self, message)

    # --- writing ----------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            while self._ending is None:
                batch = self._outbox.take()
                if batch:
                    await self._send(batch)
                if self._outbox.catch_up():
                    self._events.drained(self)
                if not batch:
                    await self._waiting.wait()
                    self._waiting = trio.Event()
            if self._goodbye is not None:
                await self._leave(self._goodbye, self._ending[0])
        except SocketClosed:
            self._cut()
        self._scope.cancel()

    async def _leave(self, goodbye: bytes, code: Code | None) -> None:
        lanes = (Lane.CONTROL, Lane.ENTRIES) if code in POLITE else (Lane.CONTROL,)
        while batch := self._outbox.take(lanes):
            await self._send(batch)
        await self._send([goodbye])

    async def _send(self, batch: list[bytes]) -> None:
        self._patient_until = trio.current_time() + limits.WRITE_STALL_SECONDS
        with trio.move_on_at(self._patient_until) as progress:
            await self._socket.send(self._session.pack(batch))
        if progress.cancelled_caught:
            raise SocketClosed(address=self.address)
        self._patient_until = math.inf

    # --- silence ----------------------------------------------------------------------------------------------------

    async def _listen_for_silence(self) -> None:
        """Ping at once, to know the round trip, then after every silence, and now and then without one."""
        self._ping()
        while self._ending is None:
            patience = limits.SILENCE_SECONDS if self._asked else limits.PING_SECONDS
            now = trio.current_time()
            ask_anew_at = max(now, self._pinged_at + limits.ROUND_TRIP_SECONDS)
            wake_at = min(self._heard_at + patience, now + limits.PING_SECONDS, ask_anew_at)
            await trio.sleep_until(wake_at)
            now = trio.current_time()
            if now - wake_at > TARDY:
                self._heard_at = now  # what came meanwhile has not been read yet
            elif self._asked and now >= self._heard_at + limits.SILENCE_SECONDS:
                self._end(None, f"nothing was heard for {limits.SILENCE_SECONDS} seconds")
            elif now >= self._pinged_at + limits.ROUND_TRIP_SECONDS or (
                not self._asked and now >= self._heard_at + limits.PING_SECONDS
            ):
                self._ping()

    def _ping(self) -> None:
        self._pings += 1
        self._pinged_at, self._asked = trio.current_time(), True
        self._say(Type.PING, self._pings)

    def _say(self, kind: Type, number: int) -> None:
        """A ping or its answer: of the link alone, not counted as said."""
        if self.send(encode([int(kind), number]), Lane.CONTROL):
            self._sent -= 1


def _reason(number: int) -> Code:
    """The code of a goodbye; DONE for one that only a later version knows."""
    try:
        return Code(number)
    except ValueError:
        return Code.DONE


class Pace:
    """How fast a peer is read: ``burst`` frames at once, refilled at ``rate`` a second."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = float(burst), now

    def wait(self, now: float) -> float:
        """Count one frame; the seconds to wait before it is read."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - 1
        self._at = now
        return max(0.0, -self._left / self._rate)


async def run_link(socket: Socket, session: Session, events: LinkEvents, *, trusted: bool) -> None:
    """Shake hands on ``socket`` and be a link until it ends; the socket is closed then.

    Raises nothing: whatever a peer says, a fault of ours it hits upon included, ends this link and no other. A
    handshake that fails is logged, ``events`` hear nothing of it, and ``session.remote`` stays None.
    """
    try:
        if await _shake_hands(socket, session):
            socket.admit()
            await Link(socket, session, events, trusted=trusted).live()
    except Exception:
        logger.exception("the link to %s was ended by a fault of this program", socket.address)
    finally:
        session.close()
        await socket.aclose()


async def _shake_hands(socket: Socket, session: Session) -> bool:
    """Whether the session is open now. A stranger who gets it wrong is told nothing."""
    why = "too slow"
    with trio.move_on_at(socket.opened_at + limits.HANDSHAKE_FIRST_SECONDS) as patience:
        try:
            if session.role is Role.DIALER:
                await socket.send(session.start())
            while session.state is not State.OPEN:
                data = await socket.receive()
                patience.deadline = socket.opened_at + limits.HANDSHAKE_SECONDS
                for reply in session.receive(data).replies:
                    await socket.send(reply)
        except (RemoteError, SocketClosed) as error:
            why = str(error)
        else:
            return True
    logger.info("no session with %s: %s", socket.address, why)
    return False


def worse(older: Link, newer: Link, me: bytes) -> Link:
    """Of two links to one member the one to close. Dialled by both at once: the dial of the smaller key stays. Else the
    newer: the older is dead there.
    """
    at_once = older.dialed != newer.dialed and newer.opened_at - older.opened_at < 2
    if not at_once:
        return older
    ours_stays = me < newer.remote
    return older if older.dialed != ours_stays else newer
