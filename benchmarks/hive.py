"""Real nodes in one process: granted, linked over loopback, each with its own store on disk."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import trio

from dwnet.card import Card, private_part
from dwnet.home import Home, open_home
from dwnet.node import Draft
from dwnet.settings import narrator_settings, peer_settings
from protocol import messages
from protocol.kinds import NARRATOR, Cast, Granted, Opened, Sheet


async def linked(
    stack: AsyncExitStack, nursery: trio.Nursery, folder: Path, seats: Sequence[Card | None]
) -> list[Home]:
    """A narrator and one member for each of ``seats``, a character with this card or a listener; every two are linked.

    Homes close with ``stack``, nodes and links end with ``nursery``.
    """
    settings = narrator_settings({"data": str(folder / "0"), "listen": "127.0.0.1:0"}, {})
    narrator = await stack.enter_async_context(open_home(settings, name="bench"))
    tag = narrator.node.ledger.tag
    homes = [narrator]
    for seat, card in enumerate(seats, 1):
        peer = peer_settings({"data": str(folder / str(seat)), "invite": "unused", "listen": "127.0.0.1:0"}, {})
        home = await stack.enter_async_context(open_home(peer, tag=tag))
        homes.append(home)
        await _seat(narrator, home, seat, card)
    known = [narrator.node.ledger.unit_of(entry) for entry in narrator.node.ledger.entries.values()]
    for home in homes[1:]:
        home.node.ledger.load(known)
        await home.store.commit(known)
        await home.node.write(Draft(Opened(b"", "bench")))
    for home in homes:
        await nursery.start(home.node.run)
        await nursery.start(home.mesh.run)
    records = [messages.write_peer_record(home.node.member, tag, 1, home.mesh.addresses) for home in homes]
    for home in homes:
        for record in records:
            home.mesh.know(record.member, record.addresses)
    while any(len(home.node.gossip.remotes()) < len(seats) for home in homes):
        await trio.sleep(0.05)
    while len({len(home.node.ledger.log) for home in homes}) > 1:
        await trio.sleep(0.05)
    return homes


async def _seat(narrator: Home, home: Home, seat: int, card: Card | None) -> None:
    role, name = ("listener", f"Listener {seat}") if card is None else ("character", card.name)
    member, seal_key = home.node.member.public, home.node.seal_key.public
    await narrator.node.write(
        Draft(Cast(seat, role, name, "", "", 0, b"", 0)),
        Draft(Granted(seat, role, member, seal_key, bytes([seat]) * 32, b"")),
    )
    if card is not None:
        await narrator.node.write(Draft(Sheet(seat, private_part(card).decode()), (), (NARRATOR, seat)))
