"""Who knocks without belonging: junk at the port costs the story nothing. And a cable that is pulled and put back."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from protocol import limits
from tests.kit.hive import Hive, port_of
from tests.kit.quick_writer import QuickWriter, quick_writer

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: dwnet.1\r\n\r\n"
)


def junk(number: int) -> bytes:
    """Something a stranger might send: noise, half a request, a websocket that then talks nonsense, nothing."""
    chance = random.Random(number)
    match number % 5:
        case 0:
            return chance.randbytes(chance.randrange(1, 2_000))
        case 1:
            return b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        case 2:
            return UPGRADE[: chance.randrange(1, len(UPGRADE))]
        case 3:
            return UPGRADE + bytes((0x82, 0xFE, 0x01, 0x00)) + chance.randbytes(4 + 256)
        case _:
            return b""


def knock(port: int, number: int) -> None:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as stranger:
            stranger.settimeout(0.05)
            stranger.sendall(junk(number))
            try:
                stranger.recv(512)
            except TimeoutError:
                return
    except OSError:
        return  # turned away at the door: fine


def through_it_all(hive: Hive, connections: int) -> None:
    """Junk knocks from eight sides while a story goes on and a friend joins."""
    narrator = hive.narrate()
    hive.join(narrator, "Pim")
    port, done = port_of(narrator), threading.Event()

    def knock_all() -> None:
        with ThreadPoolExecutor(8) as sides:
            list(sides.map(lambda number: knock(port, number), range(connections)))
        done.set()

    noise = threading.Thread(target=knock_all)
    noise.start()
    try:
        hive.answer(narrator, "Pim", narrator.type("Something scratches at the door."))
        (code,) = hive.cast(narrator, "Tock").values()
        hive.peer("Tock", code).wait("joined")
        narrator.wait("status", member="Tock", status="Online_Responsive")
        beats = 0
        while not done.is_set() or beats == 0:
            mark = narrator.type(f"@Tock, it scratches again, {beats}.")
            hive.answer(narrator, "Tock", mark)
            beats += 1
    finally:
        noise.join()
    hive.answer(narrator, "Pim", narrator.type("@Pim, it is quiet now."))
    assert narrator.process.poll() is None and "Traceback" not in narrator.errors
    assert hive.whole() and not hive.forked()


def test_junk_at_the_port_while_a_story_goes_on_and_a_friend_joins(quick: Hive) -> None:
    through_it_all(quick, 300)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_thousand_strangers_while_a_story_goes_on_and_a_friend_joins(quick: Hive) -> None:
    through_it_all(quick, 10_000)


@dataclass
class House:
    """Another host, joined to this one by a cable: ``here`` is our end's address, ``inside`` runs a program there."""

    here: str
    inside: list[str]
    cable: str

    def pull(self) -> None:
        subprocess.run(["ip", "link", "set", self.cable, "down"], check=True)

    def put_back(self) -> None:
        subprocess.run(["ip", "link", "set", self.cable, "up"], check=True)


@pytest.fixture
def house(require: Callable[[str, str], str]) -> Iterator[House]:
    ip = require("ip", "iproute2")
    if os.geteuid() != 0:
        pytest.skip("only root may make a second host on this machine (ip netns)")
    name, number = f"dw{os.getpid()}", os.getpid() % 200 + 20
    ours, theirs = f"{name}a", f"{name}b"

    def do(*words: str) -> None:
        subprocess.run([ip, *words], check=True)

    do("netns", "add", name)
    try:
        do("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
        do("addr", "add", f"10.93.{number}.1/30", "dev", ours)
        do("link", "set", ours, "up")
        do("-n", name, "addr", "add", f"10.93.{number}.2/30", "dev", theirs)
        do("-n", name, "link", "set", theirs, "up")
        do("-n", name, "link", "set", "lo", "up")
        yield House(f"10.93.{number}.1", [ip, "netns", "exec", name], ours)
    finally:
        do("netns", "del", name)


@pytest.fixture
def far_writer(house: House) -> Iterator[QuickWriter]:
    with quick_writer(house.here) as server:
        yield server


@pytest.mark.slow  # silence has to be waited for
def test_a_cable_that_is_pulled_is_noticed_and_once_back_all_goes_on(
    hive: Hive, house: House, far_writer: QuickWriter
) -> None:
    narrator = hive.narrate(listen=f"{house.here}:0")
    (code,) = hive.cast(narrator, "Pim").values()
    pim = hive.peer("Pim", code, writer=far_writer.url, listen="0.0.0.0:0", prefix=house.inside)
    pim.wait("joined")
    narrator.wait("status", member="Pim", status="Online_Responsive")
    hive.answer(narrator, "Pim", narrator.type("All is well."))

    mark = narrator.mark()
    house.pull()
    narrator.wait("status", mark, seconds=limits.SILENCE_SECONDS + 30, member="Pim", status="Offline")
    lost = narrator.type("Can you hear me?")
    narrator.wait("missed", lost, member="Pim")
    back = narrator.mark()
    house.put_back()
    narrator.wait("status", back, member="Pim", status="Online_Responsive")
    hive.answer(narrator, "Pim", narrator.type("You are back!"))
    pim.wait("line", text="Can you hear me?")
    assert hive.whole() and not hive.forked()
