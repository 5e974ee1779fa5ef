from __future__ import annotations

import base64
import hashlib
import logging
import os
import resource
import socket as sockets
from collections.abc import Callable
from contextlib import suppress

import pytest
import trio
from trio.testing import memory_stream_pair

from dwnet.transport import CannotListen, Door, Listening, PortTaken, dial, is_loopback, listen
from dwnet.websocket import (
    UNREAD,
    BadAddress,
    CannotReach,
    Socket,
    SocketClosed,
    VersionMismatch,
    read_target,
    socket_over,
)
from protocol import limits

LOOPBACK = "127.0.0.1"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
PROTOCOL = b"Sec-WebSocket-Protocol: dwnet.1\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    + KEY
    + PROTOCOL
    + b"\r\n"
)
MASK = bytes(4)  # a mask of zeros leaves the payload as it is

RUBBISH = {
    "nothing": b"",
    "random bytes": os.urandom(200),
    "a browser": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a form": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "a host that is no ASCII": UPGRADE.replace(b"Host: x", b"Host: \xff\xfe"),
    "a path that is no ASCII": UPGRADE.replace(b"GET / ", b"GET /\xff\xfe "),
    "a subprotocol that is no ASCII": UPGRADE.replace(b"dwnet.1", b"\xff\xfe"),
    "no subprotocol": UPGRADE.replace(PROTOCOL, b""),
    "an impossible extension": UPGRADE.replace(
        KEY, KEY + b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99\r\n"
    ),
    "an endless header": b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "no key": UPGRADE.replace(KEY, b""),
    "an old websocket": UPGRADE.replace(b"Version: 13", b"Version: 12"),
    "half a request": UPGRADE[:60],
    "two requests": UPGRADE + UPGRADE,
    "no mask": UPGRADE + b"\x82\x05hello",
    "reserved bits": UPGRADE + b"\xf2\x85" + MASK + b"hello",
    "a frame of 2**63 bytes": UPGRADE + b"\x82\xff" + b"\x7f" + b"\xff" * 7 + MASK + b"a" * 100,
    "a message too large": UPGRADE + b"\x82\xff" + (2**21).to_bytes(8, "big") + MASK + b"a" * 2**21,
    "text that is no UTF-8": UPGRADE + b"\x81\x82" + MASK + b"\xff\xfe",
    "text": UPGRADE + b"\x81\x82" + MASK + b"hi",
    "a close without a code": UPGRADE + b"\x88\x81" + MASK + b"a",
    "a close code that is none": UPGRADE + b"\x88\x82" + MASK + b"\x00\x01",
    "a ping in parts": UPGRADE + b"\x09\x80" + MASK,
    "a ping too large": UPGRADE + b"\x89\xfe\x00\x7e" + MASK + b"a" * 126,
    "a continuation of nothing": UPGRADE + b"\x80\x81" + MASK + b"a",
    "two beginnings": UPGRADE + b"\x02\x81" + MASK + b"a" + b"\x02\x81" + MASK + b"a",
    "frames without content": UPGRADE + b"\x02\x80" + MASK + (b"\x00\x80" + MASK) * (UNREAD // 3),
}


async def echo(socket: Socket) -> None:
    """Send everything back, until the caller has gone."""
    socket.admit()
    try:
        while True:
            data = await socket.receive()
            assert isinstance(data, bytes)
            await socket.send(data)
    except SocketClosed:
        return


async def serve(nursery: trio.Nursery, handler: Callable[[Socket], object] = echo) -> str:
    listening: Listening = await nursery.start(listen, LOOPBACK, 0, handler)
    return listening.addresses[0]


async def is_answered(socket: Socket) -> bool:
    question = os.urandom(9)
    await socket.send(question)
    return await socket.receive() == question


async def call(address: str, data: bytes, *, hang_up: bool = True) -> bytes:
    """Send raw bytes, hang up (or wait for the other side to), and return all that comes back."""
    host, _, port = address.rpartition(":")
    answer = b""
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        try:
            await stream.send_all(data)
            if hang_up:
                await stream.send_eof()
            async for part in stream:
                answer += part
        except trio.BrokenResourceError:  # closed while we were still sending
            return answer
    return answer


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH.keys())
async def test_whatever_a_client_sends_the_listener_and_the_others_go_on(rubbish: bytes, nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    async with dial(address, 5) as friend:
        assert await is_answered(friend)
        await call(address, rubbish)
        assert await is_answered(friend)
    async with dial(address, 5) as newcomer:
        assert await is_answered(newcomer)
    nursery.cancel_scope.cancel()


async def junk_callers(count: int, at_once: int, nursery: trio.Nursery) -> None:
    """Callers who only send rubbish, some of whom then stay: nothing is left of them, and service goes on."""
    address = await serve(nursery)
    kinds = [kind for kind in RUBBISH.values() if len(kind) < 1_000]
    host, _, port = address.rpartition(":")
    turn = trio.CapacityLimiter(at_once)
    async with dial(address, 5) as friend:
        assert await is_answered(friend)
        quiet = trio.lowlevel.current_statistics().tasks_living

        async def caller(number: int) -> None:
            async with turn:
                if number % 3:
                    await call(address, kinds[number % len(kinds)])
                    return
                async with await trio.open_tcp_stream(host, int(port)) as stream:
                    await stream.send_all(kinds[number % len(kinds)][:40])

        async with trio.open_nursery() as callers:
            for number in range(count):
                callers.start_soon(caller, number)
                if number % 50 == 0:
                    assert await is_answered(friend)
        async with dial(address, 5) as newcomer:
            assert await is_answered(newcomer)
        assert await is_answered(friend)
        with trio.fail_after(30):
            while trio.lowlevel.current_statistics().tasks_living > quiet:
                await trio.lowlevel.checkpoint()
    nursery.cancel_scope.cancel()


async def test_300_callers_with_rubbish_leave_nothing_behind(nursery: trio.Nursery) -> None:
    await junk_callers(300, 50, nursery)


@pytest.mark.slow
async def test_10_000_callers_with_rubbish_leave_nothing_behind(nursery: trio.Nursery) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await junk_callers(10_000, 200, nursery)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024  # KiB


async def test_of_callers_who_say_nothing_only_the_newest_stay(nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    host, _, port = address.rpartition(":")
    silent = [await trio.open_tcp_stream(host, int(port)) for _ in range(limits.HALF_OPEN + 5)]
    for stream in silent[:5]:
        assert await stream.receive_some() == b""
    with trio.move_on_after(0) as still_open:
        await silent[5].receive_some()
    assert still_open.cancelled_caught
    async with dial(address, 5) as newcomer:
        assert await is_answered(newcomer)
    for stream in silent:
        await stream.aclose()
    nursery.cancel_scope.cancel()


async def test_who_has_proven_himself_does_not_count_at_the_door(nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    async with dial(address, 5) as friend:
        assert await is_answered(friend)
        for _ in range(limits.HALF_OPEN + 1):
            await call(address, b"")
        host, _, port = address.rpartition(":")
        silent = [await trio.open_tcp_stream(host, int(port)) for _ in range(limits.HALF_OPEN + 1)]
        assert await silent[0].receive_some() == b""
        assert await is_answered(friend)
        for stream in silent:
            await stream.aclose()
    nursery.cancel_scope.cancel()


def test_one_address_gets_only_so_many_places_at_the_door() -> None:
    door = Door()
    places = [trio.CancelScope() for _ in range(limits.HALF_OPEN_PER_ADDRESS)]
    assert all(door.enter(f"198.51.100.7:{port}", place) for port, place in enumerate(places))
    assert not door.enter("198.51.100.7:99", trio.CancelScope())
    assert door.enter("198.51.100.8:1", trio.CancelScope())
    door.leave(places[0])
    assert door.enter("198.51.100.7:99", trio.CancelScope())


def test_one_line_of_ipv6_is_one_address() -> None:
    door = Door()
    for host in range(limits.HALF_OPEN_PER_ADDRESS):
        assert door.enter(f"[2001:db8:1:2::{host + 1:x}]:5", trio.CancelScope())
    assert not door.enter("[2001:db8:1:2:ffff::1]:5", trio.CancelScope())
    assert door.enter("[2001:db8:1:3::1]:5", trio.CancelScope())


async def test_our_own_machine_is_exempt_and_strangers_give_way_first() -> None:
    door = Door()
    own, strangers = [trio.CancelScope() for _ in range(20)], [trio.CancelScope() for _ in range(12)]
    assert all(door.enter("127.0.0.1:1", scope) for scope in own)
    assert all(door.enter(f"198.51.100.{number}:1", scope) for number, scope in enumerate(strangers))
    assert len(own) + len(strangers) == limits.HALF_OPEN
    assert door.enter("203.0.113.1:1", trio.CancelScope())
    assert [scope.cancel_called for scope in (*own, *strangers)].index(True) == len(own)


async def test_a_stranger_may_come_as_often_as_he_leaves(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwnet.transport.is_loopback", lambda address: False)
    address = await serve(nursery)
    for _ in range(2 * limits.HALF_OPEN_PER_ADDRESS):
        await call(address, b"")
    host, _, port = address.rpartition(":")
    silent = [await trio.open_tcp_stream(host, int(port)) for _ in range(limits.HALF_OPEN_PER_ADDRESS)]
    with pytest.raises(CannotReach):
        async with dial(address, 5):
            pass
    await silent[0].aclose()
    await trio.testing.wait_all_tasks_blocked()
    async with dial(address, 5) as again:
        assert await is_answered(again)
    for stream in silent:
        await stream.aclose()
    nursery.cancel_scope.cancel()


async def test_a_taken_port_is_named_with_the_way_out(nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    port = int(address.rpartition(":")[2])
    with pytest.raises(PortTaken) as caught:
        await listen(LOOPBACK, port, echo)
    assert str(port) in caught.value.what
    assert "--listen 127.0.0.1:PORT" in caught.value.hint
    nursery.cancel_scope.cancel()


async def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(CannotListen) as caught:
        await listen("192.0.2.1", 0, echo)
    assert "192.0.2.1" in caught.value.what


async def test_a_handler_that_fails_ends_one_connection(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(socket: Socket) -> None:
        if await socket.receive() == b"trip":
            raise KeyError("a fault of ours")
        await socket.send(b"well")

    address = await serve(nursery, fails)
    async with dial(address, 5) as one, dial(address, 5) as other:
        await one.send(b"trip")
        with pytest.raises(SocketClosed):
            await one.receive()
        await other.send(b"go on")
        assert await other.receive() == b"well"
    assert [record.levelno for record in caplog.records if record.name == "dwnet.transport"] == [logging.ERROR]
    nursery.cancel_scope.cancel()


async def test_without_file_descriptors_accepting_waits_and_goes_on(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    address = await serve(nursery)
    host, _, port = address.rpartition(":")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with dial(address, 5) as friend:
        assert await is_answered(friend)
        with sockets.socket() as caller:
            caller.setblocking(False)
            highest = caller.fileno()
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
            try:
                assert caller.connect_ex((host, int(port))) != 0  # under way: accepting it needs one more descriptor
                with pytest.raises(CannotReach) as caught:
                    async with dial(address, 5):
                        pass
                assert "open files" in caught.value.what
                while "EMFILE" not in caplog.text:
                    assert await is_answered(friend)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        async with dial(address, 5) as newcomer:
            assert await is_answered(newcomer)
    nursery.cancel_scope.cancel()


# --- dialling -------------------------------------------------------------------------------------------------------

BAD_ADDRESSES = [
    "",
    "story.example",
    "story.example:0",
    "story.example:70000",
    "http://story.example",
    "ws://",
    "a b:1",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
async def test_what_is_no_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(BadAddress) as caught:
        async with dial(address, 5):
            pass
    assert "192.0.2.7:8000" in caught.value.hint
    assert caught.value.exit_code == 2


def test_addresses_lead_where_they_say() -> None:
    assert read_target("192.0.2.7:8000") == ("192.0.2.7", 8000, "/", False)
    assert read_target("[2001:db8::7]:8000") == ("2001:db8::7", 8000, "/", False)
    assert read_target("ws://story.example") == ("story.example", 80, "/", False)
    assert read_target("wss://story.example/hive?x=1") == ("story.example", 443, "/hive?x=1", True)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("[::ffff:127.0.0.1]:1", True),
        ("localhost:1", True),
        ("ws://localhost:1/x", True),
        ("192.0.2.1:1", False),
        ("story.example:1", False),
    ],
)
def test_our_own_machine_is_known(address: str, own: bool) -> None:
    assert is_loopback(address) is own


async def test_a_closed_port_is_said_so() -> None:
    with sockets.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
        with pytest.raises(CannotReach, match="nothing listens on that port"):
            async with dial(f"{LOOPBACK}:{port}", 5):
                pass


async def answered_with(answer: bytes, nursery: trio.Nursery, *, stay: bool = False) -> str:
    """The address of something that sends ``answer`` to whoever asks."""

    async def say(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            with suppress(trio.BrokenResourceError):
                await stream.send_all(answer)
            if stay:
                await trio.sleep_forever()

    (listener,) = await trio.open_tcp_listeners(0, host=LOOPBACK)
    nursery.start_soon(trio.serve_listeners, say, [listener])
    return "{}:{}".format(*listener.socket.getsockname())


ACCEPTED = b"HTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n"
OTHERS = {
    "a web server": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "HTTP 404"),
    "rubbish": (b"\x00\xff" * 50, "other than dwnet"),
    "nobody": (b"", "hung up"),
    "a wrong key": (ACCEPTED, "other than dwnet"),
    "an endless refusal": (b"HTTP/1.1 403 no\r\nContent-Length: 9999999999\r\n\r\n" + b"x" * (2 * UNREAD), "hung up"),
}


@pytest.mark.parametrize(("answer", "why"), OTHERS.values(), ids=OTHERS.keys())
async def test_something_else_at_the_address_is_said_so(answer: bytes, why: str, nursery: trio.Nursery) -> None:
    address = await answered_with(answer, nursery)
    with pytest.raises(CannotReach, match=why):
        async with dial(address, 5):
            pass
    with pytest.raises(CannotReach):
        async with dial(f"wss://{address}", 5):
            pass
    nursery.cancel_scope.cancel()


async def test_whoever_says_nothing_is_given_up(nursery: trio.Nursery) -> None:
    address = await answered_with(b"", nursery, stay=True)
    with pytest.raises(CannotReach, match="no answer in time"):
        async with dial(address, 0.05):
            pass
    nursery.cancel_scope.cancel()


async def test_another_version_is_told_apart(nursery: trio.Nursery) -> None:
    later = b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Protocol: dwnet.2\r\nContent-Length: 0\r\n\r\n"
    address = await answered_with(later, nursery)
    with pytest.raises(VersionMismatch) as caught:
        async with dial(address, 5):
            pass
    assert "dwnet.2, not dwnet.1" in caught.value.what
    assert "Update" in caught.value.hint
    nursery.cancel_scope.cancel()


async def test_a_caller_of_another_version_is_told_ours(nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    answer = await call(address, UPGRADE.replace(b"dwnet.1", b"dwnet.2, dwnet.3"), hang_up=False)
    assert answer.startswith(b"HTTP/1.1 426 ")
    assert b"sec-websocket-protocol: dwnet.1\r\n" in answer.lower()
    nursery.cancel_scope.cancel()


async def test_the_body_of_a_dial_raises_what_it_raises(nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    with pytest.raises(KeyError):
        async with dial(address, 5):
            raise KeyError
    nursery.cancel_scope.cancel()


async def test_what_a_host_does_after_the_opening_ends_the_socket_and_nothing_else() -> None:
    """A frame that means nothing, from a side that takes no answer: the library's reader does not survive this."""
    here, there = memory_stream_pair()

    async def host() -> None:
        request = bytes(await there.receive_some())
        key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
        accept = base64.b64encode(
            hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
        )
        await there.send_all(ACCEPTED.replace(b"wrong", accept).replace(b"\r\n\r\n", b"\r\n" + PROTOCOL + b"\r\n"))
        there.receive_stream.close()
        await there.send_all(b"\xf2\x05hello")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host)
        async with socket_over(here, "192.0.2.1:8000", dialed=True) as socket:
            with pytest.raises(SocketClosed):
                await socket.receive()


async def test_frames_without_content_never_pile_up(nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    with trio.fail_after(60):
        await call(address, UPGRADE + b"\x02\x80" + MASK + (b"\x00\x80" + MASK) * UNREAD, hang_up=False)
    nursery.cancel_scope.cancel()


# --- sending --------------------------------------------------------------------------------------------------------


async def test_a_cancelled_send_ends_the_socket_on_both_sides(nursery: trio.Nursery) -> None:
    received: list[bytes | str] = []
    start, ended = trio.Event(), trio.Event()

    async def reads_late(socket: Socket) -> None:
        await start.wait()
        try:
            while True:
                received.append(await socket.receive())
        except SocketClosed:
            ended.set()

    address = await serve(nursery, reads_late)
    message = b"A" * limits.NOISE_MESSAGE
    sent = 0
    async with dial(address, 5) as socket:
        with trio.move_on_after(10):
            while True:
                with trio.move_on_after(0.3) as impatience:
                    await socket.send(message)
                    sent += 1
                if impatience.cancelled_caught:
                    break
        assert sent > 2
        with pytest.raises(SocketClosed):
            await socket.send(b"B")
        start.set()
        with trio.fail_after(60):
            await ended.wait()
    assert set(received) <= {message}
    nursery.cancel_scope.cancel()


async def test_the_largest_noise_message_fits_and_one_byte_more_does_not(nursery: trio.Nursery) -> None:
    address = await serve(nursery)
    async with dial(address, 5) as socket:
        await socket.send(bytes(limits.NOISE_MESSAGE))
        assert await socket.receive() == bytes(limits.NOISE_MESSAGE)
        await socket.send(bytes(limits.NOISE_MESSAGE + 1))
        with pytest.raises(SocketClosed):
            await socket.receive()
    nursery.cancel_scope.cancel()
