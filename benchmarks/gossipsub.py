"""The reference for pushing.py: py-libp2p's gossipsub, all hosts in one process, over TCP on loopback.

Degree 6 (4 to 12), heartbeat of a second, its spam limit off: with it, most of a live stream is dropped.
Prints one JSON object: the median latency of the live stream and the share of a burst that arrived.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

import multiaddr
import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.custom_types import TProtocol
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pubsub import Pubsub
from libp2p.tools.anyio_service import background_trio_service

TOPIC = "story"
SETTLE = 4.0  # seconds until its mesh stands
QUIET = 3.0  # seconds without a delivery, after which a burst counts as over


async def main(nodes: int, rate: float, live: int, burst: int, size: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(trio.open_nursery())
        pubsubs = await _mesh(stack, nodes)
        arrived: list[float] = []
        subscriptions = [await one.subscribe(TOPIC) for one in pubsubs]

        async def listen(subscription: Any) -> None:
            while True:
                message = await subscription.get()
                arrived.append(time.perf_counter() - struct.unpack("!d", message.data[:8])[0])

        for subscription in subscriptions[1:]:
            nursery.start_soon(listen, subscription)
        await trio.sleep(SETTLE)
        for _ in range(live):
            began = time.perf_counter()
            await pubsubs[0].publish(TOPIC, struct.pack("!d", began) + os.urandom(size - 8))
            await trio.sleep(max(0.0, began + 1 / rate - time.perf_counter()))
        await trio.sleep(QUIET)
        latencies = sorted(arrived)
        arrived.clear()
        for _ in range(burst):
            await pubsubs[0].publish(TOPIC, struct.pack("!d", time.perf_counter()) + os.urandom(size - 8))
        seen = -1
        while seen != len(arrived):
            seen = len(arrived)
            await trio.sleep(QUIET)
        found = {
            "live_p50": latencies[len(latencies) // 2],
            "live_share": len(latencies) / (live * (nodes - 1)),
            "burst_share": len(arrived) / (burst * (nodes - 1)),
        }
        print(json.dumps(found), flush=True)
        os._exit(0)  # its services do not end by themselves


async def _mesh(stack: AsyncExitStack, nodes: int) -> list[Pubsub]:
    hosts: list[tuple[Any, Any]] = []
    pubsubs: list[Pubsub] = []
    for _ in range(nodes):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = multiaddr.Multiaddr(f"/ip4/127.0.0.1/tcp/{probe.getsockname()[1]}")
        host = new_host(key_pair=create_new_key_pair(os.urandom(32)), listen_addrs=[address])
        router = GossipSub(
            protocols=[TProtocol("/meshsub/1.1.0")],
            degree=6,
            degree_low=4,
            degree_high=12,
            heartbeat_initial_delay=0.5,
            heartbeat_interval=1,
            spam_protection_enabled=False,
        )
        pubsub = Pubsub(host, router)
        await stack.enter_async_context(host.run(listen_addrs=[address]))
        await stack.enter_async_context(background_trio_service(pubsub))
        await stack.enter_async_context(background_trio_service(router))
        await pubsub.wait_until_ready()
        hosts.append((host, address))
        pubsubs.append(pubsub)
    for index in range(nodes):
        for host, address in hosts[:index]:
            target = address.encapsulate(multiaddr.Multiaddr(f"/p2p/{host.get_id()}"))
            await hosts[index][0].connect(info_from_p2p_addr(target))
    return pubsubs


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    trio.run(main, int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
