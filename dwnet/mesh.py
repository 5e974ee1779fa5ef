"""Keeping links: listen, dial whoever is missing, know where everyone is.

Rules of this file:
- Up to limits.MESH members everybody links to everybody; beyond it to the narrator and limits.FANOUT others.
- Both sides dial. A member that was lost is dialled again after a random part of a growing pause, soon at first.
- An address is only a hint: the handshake proves who is there.
"""

from __future__ import annotations

import logging
import os
import random
import socket
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from dwnet.errors import NodeError
from dwnet.link import run_link
from dwnet.node import Node
from dwnet.transport import Listening, dial, is_loopback, listen
from dwnet.websocket import Socket
from protocol import limits
from protocol.addresses import join_address, split_address
from protocol.errors import LocalError
from protocol.messages import PeerRecord
from protocol.session import Session

PAUSE_FIRST = 0.5  # seconds; the pause doubles with every failed round
PAUSE_MOST = 15.0  # a member that comes back is met within this, and dials us itself at once
DIAL_SECONDS = 5.0
logger = logging.getLogger(__name__)


@dataclass
class Reach:
    """How a member was last looked for. ``failed`` counts rounds in which no address answered."""

    addresses: list[str] = field(default_factory=list)
    failed: int = 0
    next_try: float = 0.0
    dialing: bool = False
    why: str = ""


def wanted(me: bytes, narrator: bytes, members: Collection[bytes], chance: random.Random) -> set[bytes]:
    """Whom a node wants a link to. ``chance`` is seeded with the node's own key, so that the choice is stable."""
    others = sorted(key for key in members if key != me)
    if len(others) < limits.MESH:
        return set(others)
    rest = [key for key in others if key != narrator]
    return {narrator, *chance.sample(rest, min(limits.FANOUT, len(rest)))} - {me}


def pause(failed: int, chance: random.Random) -> float:
    """Seconds until the next round: full jitter over a doubling pause."""
    return chance.uniform(0.2, 1.0) * min(PAUSE_MOST, PAUSE_FIRST * float(2 ** min(failed, 10)))


class Mesh:
    """The sockets of one node. ``via`` are addresses to try while nobody is known yet: those of an invite."""

    def __init__(self, node: Node, host: str, ports: Sequence[int], via: Iterable[str] = ()) -> None:
        self.node = node
        self.reach: dict[bytes, Reach] = {}
        self.via = list(via)
        self.addresses: list[str] = []
        self.port = 0
        self.leaving = False  # set it before the goodbyes: no link is made any more
        self._host = host
        self._ports = ports
        self._via_reach = Reach(self.via)
        self._chance = random.Random(node.member.public)
        self._choice = random.Random(node.member.public)
        self._look = trio.Event()
        node.on_peers = self._learn

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen and dial until cancelled. Started once the port is ours.

        :raises PortTaken: when none of the ports is free.
        """
        async with trio.open_nursery() as nursery:
            listening = await self._listen(nursery)
            self.port = listening.port
            self.addresses = own_addresses(self._host, self.port)
            task_status.started()
            while True:
                self._look = trio.Event()
                for reach, expected in self._due():
                    reach.dialing = True
                    nursery.start_soon(self._dial_round, reach, expected)
                with trio.move_on_after(0.25):
                    await self._look.wait()

    async def _listen(self, nursery: trio.Nursery) -> Listening:
        last = len(self._ports) - 1
        for index, port in enumerate(self._ports):
            try:
                listening: Listening = await nursery.start(partial(listen, self._host, port, self._answer))
                return listening
            except NodeError:
                if index == last:
                    raise
        raise AssertionError("at least one port is given")

    def _learn(self, records: Sequence[PeerRecord]) -> None:
        for record in records:
            self.know(record.member, record.addresses)

    def know(self, member: bytes, addresses: Sequence[str]) -> None:
        """Note where a member says it can be dialled. What is not HOST:PORT is left out."""
        reach = self.reach.setdefault(member, Reach())
        usable = [one for one in addresses[: limits.ADDRESSES] if _is_plain(one)]
        if set(usable) - set(reach.addresses):
            reach.failed, reach.next_try = 0, 0.0
        reach.addresses = usable

    def via_why(self) -> str:
        """Why none of the invite's addresses led to a link yet."""
        return self._via_reach.why or "no answer"

    def look_now(self) -> None:
        """Dial whoever is missing without waiting for the pause: somebody asked, or the network came back."""
        for reach in (*self.reach.values(), self._via_reach):
            reach.next_try = 0.0
        self._look.set()

    def _due(self) -> list[tuple[Reach, bytes | None]]:
        now = trio.current_time()
        authority = self.node.ledger.authority
        linked = {link.remote for link in self.node.links.values()}
        due: list[tuple[Reach, bytes | None]] = []
        if self.leaving:
            return due
        members = [one.key for one in authority.current()]
        self._choice.seed(self.node.member.public)
        for key in wanted(self.node.member.public, authority.narrator, members, self._choice):
            reach = self.reach.get(key)
            if key not in linked and reach and reach.addresses and not reach.dialing and reach.next_try <= now:
                due.append((reach, key))
        if self.via and not linked and not self._via_reach.dialing and self._via_reach.next_try <= now:
            due.append((self._via_reach, None))
        return due

    async def _dial_round(self, reach: Reach, expected: bytes | None) -> None:
        """Try every address once; the first that turns out to be who we look for becomes a link."""
        linked = False
        try:
            for address in list(reach.addresses):
                linked = await self._dial_one(address, expected, reach) or linked
                if linked:
                    break
        finally:
            reach.dialing = False
            reach.failed = 0 if linked else reach.failed + 1
            reach.next_try = trio.current_time() + pause(reach.failed, self._chance)

    async def _dial_one(self, address: str, expected: bytes | None, reach: Reach) -> bool:
        ledger, member = self.node.ledger, self.node.member
        session = Session.dial(ledger.tag, member, os.urandom(32), os.urandom(32), expected)
        try:
            async with dial(address, DIAL_SECONDS) as channel:
                await run_link(channel, session, self.node, trusted=is_loopback(channel.address))
        except NodeError as error:
            reach.why = error.what
            return False
        reach.why = "" if session.remote else f"somebody answers at {address}, but not for this story"
        return session.remote is not None

    async def _answer(self, channel: Socket) -> None:
        if self.leaving:
            return
        session = Session.answer(self.node.ledger.tag, self.node.member, os.urandom(32), os.urandom(32))
        await run_link(channel, session, self.node, trusted=is_loopback(channel.address))


def _is_plain(address: str) -> bool:
    """A URL is for one's own settings: in a member's word it would have everybody ask any web page for anything."""
    try:
        split_address(address)
    except LocalError:
        return False
    return True


def own_addresses(host: str, port: int) -> list[str]:
    """Where others may find us: the address this machine uses towards others first, then loopback for the
    same machine.
    """
    if host not in ("0.0.0.0", "::", ""):  # what the narrator said to listen on is what he gives out
        return [join_address(host, port)]
    found: list[str] = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))  # asks the routing table; sends nothing
                found.append(probe.getsockname()[0])
        except OSError:
            continue
    usable = [one for one in found if not one.startswith(("127.", "::1", "fe80"))]
    return [join_address(one, port) for one in (*usable, "127.0.0.1")]
