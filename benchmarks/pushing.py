"""How soon, and how surely, an entry reaches seven other nodes: live at ten a second, then a burst of thousands.

Eight real nodes in one process, full mesh over loopback, each with its own store on disk. The reference is py-libp2p's
gossipsub, eight hosts in one process, the same sizes and rates.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

import trio

from benchmarks.figure import Figure, p50
from benchmarks.hive import linked
from dwnet.node import Draft, Node
from protocol.body import pack_body
from protocol.effects import Took
from protocol.kinds import Narrated

NODES = 8
LIVE, RATE = 60, 10
BURST, AT_ONCE = 3_000, 100
TEXT = "A lantern swings in the dark, and somebody far below begins to sing an old song about the sea. " * 2
PATIENCE = 120.0


def measure() -> list[Figure]:
    """Ours, then gossipsub's."""
    live, sent, delivered, rate = trio.run(_ours)
    theirs = _theirs()
    push = Figure(
        "push", f"{NODES} nodes, {RATE} entries/s: p50 from write to held", "py-libp2p gossipsub, which stores nothing",
        live * 1000, theirs["live_p50"] * 1000, "ms", 0.3,
        beside=f"{sent * 1000:.1f} ms of it after the author's commit ({sent / theirs['live_p50']:.2f}).",
    )  # fmt: skip
    burst = Figure(
        "burst", f"burst of {BURST:,} entries, share delivered", "all of it",
        delivered, 1.0, "", 1.0, at_most=False, beside=f"{rate:,.0f} a second; gossipsub {theirs['burst_share']:.1%}.",
    )  # fmt: skip
    return [push, burst]


async def _ours() -> tuple[float, float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            homes = await linked(stack, nursery, Path(folder), [None] * (NODES - 1))
            teller, others = homes[0].node, [home.node for home in homes[1:]]
            live, sent = await _live(teller, others)
            share, rate = await _burst(teller, others)
            nursery.cancel_scope.cancel()
    return live, sent, share, rate


async def _live(teller: Node, others: list[Node]) -> tuple[float, float]:
    """Median seconds until another node holds an entry: from the call that writes it, and from its commit."""
    began: dict[bytes, float] = {}
    committed: dict[bytes, float] = {}
    held: list[tuple[bytes, float]] = []

    async def watch(node: Node) -> None:
        async for event in node.subscribe():
            if isinstance(event, Took) and event.entry.refs and event.entry.refs[0] in began:
                held.append((event.entry.refs[0], perf_counter()))

    async with trio.open_nursery() as nursery:
        for node in others:
            nursery.start_soon(watch, node)
        await trio.sleep(0.2)
        for number in range(LIVE):
            mark = number.to_bytes(32, "big")
            began[mark] = perf_counter()
            await teller.write(Draft(Narrated(TEXT, (), "say"), (mark,)))
            committed[mark] = perf_counter()
            await trio.sleep(max(0.0, began[mark] + 1 / RATE - perf_counter()))
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    assert len(held) == LIVE * len(others), "every live entry arrives"
    return p50([at - began[mark] for mark, at in held]), p50([at - committed[mark] for mark, at in held])


async def _burst(teller: Node, others: list[Node]) -> tuple[float, float]:
    before = [len(node.ledger.log) for node in others]
    began = perf_counter()
    for _ in range(BURST // AT_ONCE):
        await teller.write(*(Draft(Narrated(TEXT, (), "say")) for _ in range(AT_ONCE)))
    with trio.move_on_after(PATIENCE):
        while any(len(node.ledger.log) - held < BURST for node, held in zip(others, before, strict=True)):
            await trio.sleep(0.02)
    took = perf_counter() - began
    delivered = sum(len(node.ledger.log) - held for node, held in zip(others, before, strict=True))
    return delivered / (BURST * len(others)), delivered / took


def _theirs() -> dict[str, float]:
    """gossipsub, in a process of its own: it ends that process when it is done."""
    command = [sys.executable, "-m", "benchmarks.gossipsub", str(NODES), str(RATE), str(LIVE), str(BURST), "300"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=600)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


assert len(pack_body(Narrated(TEXT, (), "say"), bytes(16))) < 300, "the whole entry is above 300 bytes, its body below"
