from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair

from dwnet.link import Link, Pace, run_link
from dwnet.transport import Listening, dial, listen
from dwnet.websocket import Socket, SocketClosed, socket_over
from protocol import limits
from protocol.effects import Lane
from protocol.encoding import Value, encode
from protocol.errors import Code, RemoteError
from protocol.identity import SigningKey
from protocol.messages import Type
from protocol.session import Session, State
from tests.kit.memory_link import NARRATOR, NOTE, PLAYER, Witness, answering, be_end, dialing, linked

BIG = encode([NOTE, bytes(60_000)])


def note(number: int) -> bytes:
    return encode([NOTE, number])


def numbers(witness: Witness) -> list[Value]:
    return [message[1] for message in witness.messages]


class GatedStream(trio.abc.Stream):
    """A stream whose reading side can be shut: what is sent to it waits, as with a peer that stands still."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._gate = trio.Event()
        self._gate.set()

    def shut(self) -> None:
        self._gate = trio.Event()

    def open(self) -> None:
        self._gate.set()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await self._gate.wait()
        return bytes(await self._stream.receive_some(max_bytes))

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        self.open()
        await self._stream.aclose()


def gated_pair() -> tuple[trio.abc.Stream, GatedStream]:
    """Two streams without any buffer between them; the second can be shut."""
    here, there = lockstep_stream_pair()
    return here, GatedStream(there)


@asynccontextmanager
async def by_hand(
    nursery: trio.Nursery, witness: Witness, *, trusted: bool = True
) -> AsyncIterator[tuple[Socket, Session]]:
    """A peer whose every byte the test writes itself, linked to ``witness``."""
    here, there = lockstep_stream_pair()

    async def answerer() -> None:
        await be_end(there, answering(), witness, dialed=False, trusted=trusted)

    nursery.start_soon(answerer)
    async with socket_over(here, "192.0.2.1:8000", dialed=True) as socket:
        session = dialing()
        await socket.send(session.start())
        (proof,) = session.receive(await socket.receive()).replies
        await socket.send(proof)
        await witness.until_open()
        yield socket, session


async def heard_until_closed(socket: Socket, session: Session) -> list[list[Value]]:
    """Read to the end, as a peer does; every message that came."""
    heard: list[list[Value]] = []
    try:
        while True:
            heard += session.receive(await socket.receive()).messages
    except SocketClosed:
        return heard


# --- the handshake ---------------------------------------------------------------------------------------------------


async def test_both_ends_know_who_is_there(nursery: trio.Nursery) -> None:
    one, two = await linked(nursery, Witness(), Witness())
    assert (one.remote, two.remote) == (NARRATOR.public, PLAYER.public)
    assert (one.dialed, two.dialed) == (True, False)
    assert one.id != two.id
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("dialer", "answerer"),
    [
        (dialing(tag=b"\x12" * 16), answering()),
        (dialing(expected=PLAYER.public), answering()),
        (dialing(NARRATOR), answering(NARRATOR)),
    ],
    ids=["another story", "another member than expected", "our own key"],
)
async def test_a_handshake_that_fails_is_told_to_nobody(
    dialer: Session, answerer: Session, nursery: trio.Nursery
) -> None:
    here, there = memory_stream_pair()
    witness = Witness()

    async def answer() -> None:
        await be_end(there, answerer, witness, dialed=False)

    nursery.start_soon(answer)
    with trio.fail_after(60):
        await be_end(here, dialer, witness, dialed=True)
    assert dialer.remote is None
    assert (witness.links, witness.ends) == ([], [])
    nursery.cancel_scope.cancel()


async def test_a_stranger_who_says_nothing_is_given_up_soon(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    here, there = memory_stream_pair()
    nursery.start_soon(silent_caller, here, [])
    await be_end(there, answering(), Witness(), dialed=False)
    assert trio.current_time() == limits.HANDSHAKE_FIRST_SECONDS
    nursery.cancel_scope.cancel()


async def test_a_stranger_who_stops_half_way_is_given_up(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    here, there = memory_stream_pair()
    nursery.start_soon(silent_caller, here, [dialing().start()])
    await be_end(there, answering(), Witness(), dialed=False)
    assert trio.current_time() == limits.HANDSHAKE_SECONDS
    nursery.cancel_scope.cancel()


async def silent_caller(stream: trio.abc.Stream, words: list[bytes]) -> None:
    async with socket_over(stream, "192.0.2.1:8000", dialed=True) as socket:
        for word in words:
            await socket.send(word)
        await trio.sleep_forever()


# --- saying and hearing ----------------------------------------------------------------------------------------------


async def test_what_is_sent_arrives_in_order(nursery: trio.Nursery) -> None:
    witness = Witness()
    one, _ = await linked(nursery, Witness(), witness)
    for number in range(3 * limits.FRAME_MESSAGES):
        assert one.send(note(number), Lane.ENTRIES)
    await witness.until(lambda: len(witness.messages) == 3 * limits.FRAME_MESSAGES)
    assert numbers(witness) == list(range(3 * limits.FRAME_MESSAGES))
    nursery.cancel_scope.cancel()


async def test_two_ends_that_answer_on_the_spot_never_wait_for_each_other(nursery: trio.Nursery) -> None:
    """Each message draws one back, in both directions, over streams that hold nothing."""

    def answer(link: Link, message: list[Value]) -> None:
        number = message[1]
        assert isinstance(number, int)
        if number < 60:
            link.send(encode([NOTE, number + 1, bytes(20_000)]), Lane.ENTRIES)

    one, two = Witness(answer), Witness(answer)
    here, there = await linked(nursery, one, two, lockstep_stream_pair())
    for number in range(8):
        here.send(encode([NOTE, number, bytes(20_000)]), Lane.ENTRIES)
        there.send(encode([NOTE, number, bytes(20_000)]), Lane.ENTRIES)
    with trio.fail_after(60):
        for witness in (one, two):
            await witness.until(lambda witness=witness: len(witness.messages) == sum(61 - n for n in range(8)))  # type: ignore[misc]
    assert one.ends == two.ends == []
    nursery.cancel_scope.cancel()


async def test_a_fault_of_ours_ends_the_link_that_hit_it_and_no_other(nursery: trio.Nursery) -> None:
    def trip(link: Link, message: list[Value]) -> None:
        raise KeyError("a fault of ours")

    tripping, witness, remote = Witness(trip), Witness(), Witness()
    one, _ = await linked(nursery, remote, tripping)
    other, _ = await linked(nursery, Witness(), witness)
    one.send(note(1), Lane.ENTRIES)
    assert await tripping.until_closed() == (None, "")
    assert (await remote.until_closed())[0] is None
    other.send(note(2), Lane.ENTRIES)
    await witness.until(lambda: witness.messages)
    nursery.cancel_scope.cancel()


async def test_what_the_core_refuses_is_said_to_the_other_side(nursery: trio.Nursery) -> None:
    def refuse(link: Link, message: list[Value]) -> None:
        raise RemoteError(Code.TOO_LARGE, "too many words")

    one, two = Witness(), Witness(refuse)
    here, _ = await linked(nursery, one, two)
    here.send(note(1), Lane.ENTRIES)
    here.send(note(2), Lane.ENTRIES)
    assert await one.until_closed() == await two.until_closed() == (Code.TOO_LARGE, "too many words")
    assert len(two.messages) == 1
    nursery.cancel_scope.cancel()


# --- a peer that reads slowly or not at all --------------------------------------------------------------------------


async def test_a_slow_reader_is_marked_lagging_and_catches_up(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    one, two = Witness(), Witness()
    here, gate = gated_pair()
    link, _ = await linked(nursery, one, two, (here, gate))
    await trio.testing.wait_all_tasks_blocked()
    gate.shut()
    taken = 0
    while link.send(BIG, Lane.ENTRIES):
        taken += 1
    assert taken * len(BIG) <= limits.QUEUE_ENTRIES_BYTES
    assert link.lagging
    assert one.lagged == 1
    assert not link.send(note(1), Lane.ENTRIES)
    assert one.lagged == 1
    assert one.drains == 0
    gate.open()
    await one.until(lambda: one.drains)
    assert link.send(note(2), Lane.ENTRIES)
    await two.until(lambda: numbers(two)[-1:] == [2])
    assert one.ends == two.ends == []
    nursery.cancel_scope.cancel()


async def test_a_peer_that_stops_reading_delays_nobody_else(nursery: trio.Nursery) -> None:
    here, gate = gated_pair()
    stuck, _ = await linked(nursery, Witness(), Witness(), (here, gate))
    witness = Witness()
    other, _ = await linked(nursery, Witness(), witness)
    gate.shut()
    for number in range(50):
        stuck.send(BIG, Lane.ENTRIES)
        other.send(note(number), Lane.ENTRIES)
        await witness.until(lambda number=number: len(witness.messages) > number)  # type: ignore[misc]
    nursery.cancel_scope.cancel()


async def test_a_write_that_makes_no_progress_ends_the_link(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """The peer shows life, but does not read."""
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        began = trio.current_time()
        for _ in range(60):
            witness.link.send(BIG, Lane.ENTRIES)
        while not witness.ends:
            with suppress(SocketClosed):
                await socket.send(session.pack([note(0)]))
            await trio.sleep(1)
    assert witness.ends == [(None, "the other side has stopped reading")]
    assert trio.current_time() - began <= limits.WRITE_STALL_SECONDS + limits.CLOSE_SECONDS
    nursery.cancel_scope.cancel()


async def test_control_messages_nobody_reads_end_the_link(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    one = Witness()
    here, gate = gated_pair()
    link, _ = await linked(nursery, one, Witness(), (here, gate))
    gate.shut()
    sent = 0
    while link.send(encode([NOTE, bytes(10_000)]), Lane.CONTROL):
        sent += 1
    assert sent <= limits.QUEUE_CONTROL
    assert (await one.until_closed())[0] is Code.TOO_MANY
    nursery.cancel_scope.cancel()


async def test_a_flood_is_read_slowly_and_nothing_is_lost(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    extra = 400
    for trusted, seconds in ((False, extra / limits.FRAMES_PER_SECOND), (True, 0)):
        witness = Witness()
        async with by_hand(nursery, witness, trusted=trusted) as (socket, session):
            began = trio.current_time()
            for number in range(limits.FRAMES_BURST + extra):
                await socket.send(session.pack([note(number)]))
            await witness.until(lambda witness=witness: len(witness.messages) == limits.FRAMES_BURST + extra)  # type: ignore[misc]
            assert trio.current_time() - began == pytest.approx(seconds)
    nursery.cancel_scope.cancel()


def test_a_quiet_time_earns_a_burst_and_no_more() -> None:
    pace = Pace(10, 5, 0.0)
    assert [pace.wait(0.0) for _ in range(7)] == [0, 0, 0, 0, 0, 0.1, 0.2]
    assert [pace.wait(1_000.0) for _ in range(6)] == [0, 0, 0, 0, 0, 0.1]


# --- silence ---------------------------------------------------------------------------------------------------------


async def test_a_silent_peer_is_declared_dead(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    witness = Witness()
    async with by_hand(nursery, witness):
        began = trio.current_time()
        assert await witness.until_closed() == (None, "nothing was heard for 10 seconds")
        assert trio.current_time() - began == limits.SILENCE_SECONDS
    nursery.cancel_scope.cancel()


async def test_any_frame_is_a_sign_of_life(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        nursery.start_soon(heard_until_closed, socket, session)
        for number in range(20):
            await trio.sleep(limits.SILENCE_SECONDS - 1)
            await socket.send(session.pack([note(number)]))
        await witness.until(lambda: len(witness.messages) == 20)
        assert witness.ends == []
    nursery.cancel_scope.cancel()


async def test_a_quiet_link_lives_on(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    one, two = Witness(), Witness()
    link, _ = await linked(nursery, one, two)
    await trio.sleep(3_600)
    assert one.ends == two.ends == []
    assert link.round_trip == 0
    nursery.cancel_scope.cancel()


async def test_the_round_trip_is_measured(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        (ping,) = session.receive(await socket.receive()).messages
        assert ping[0] == Type.PING
        await trio.sleep(0.25)
        await socket.send(session.pack([encode([int(Type.PONG), 77]), encode([int(Type.PONG), ping[1]])]))
        await socket.send(session.pack([note(0)]))
        await witness.until(lambda: witness.messages)
        assert witness.link.round_trip == pytest.approx(0.25)
    nursery.cancel_scope.cancel()


async def test_the_round_trip_of_a_link_that_is_never_silent_is_measured_anew(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        pings: list[float] = []

        async def listen() -> None:
            with suppress(SocketClosed):
                while True:
                    asked = [one for one in session.receive(await socket.receive()).messages if one[0] == Type.PING]
                    pings.extend(trio.current_time() for _ in asked)

        nursery.start_soon(listen)
        for number in range(5 * limits.ROUND_TRIP_SECONDS):
            await trio.sleep(1)
            await socket.send(session.pack([note(number)]))
        apart = [later - sooner for sooner, later in itertools.pairwise(pings)]
        assert len(pings) > 3 and max(apart) <= limits.ROUND_TRIP_SECONDS
    nursery.cancel_scope.cancel()


async def test_a_link_counts_what_is_said_and_not_its_own_pings(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    one, two = Witness(), Witness()
    link, other = await linked(nursery, one, two)
    for number in range(3):
        link.send(note(number), Lane.ENTRIES)
    other.send(note(9), Lane.CONTROL)
    await trio.sleep(60)
    facts = link.facts
    assert (facts.sent, facts.received) == (3, 1) == (other.facts.received, other.facts.sent)
    assert facts.round_trip == 0 and facts.age == 60 and facts.member == link.remote and not facts.lagging
    nursery.cancel_scope.cancel()


async def test_our_own_standing_still_is_not_held_against_the_peer(
    mock_clock: MockClock, nursery: trio.Nursery
) -> None:
    one, two = Witness(), Witness()
    link, _ = await linked(nursery, one, two)
    for _ in range(3):
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(10 * limits.SILENCE_SECONDS)
    link.send(note(1), Lane.ENTRIES)
    await two.until(lambda: two.messages)
    assert one.ends == two.ends == []
    nursery.cancel_scope.cancel()


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_a_goodbye_says_why_on_both_ends(nursery: trio.Nursery) -> None:
    one, two = Witness(), Witness()
    link, _ = await linked(nursery, one, two)
    link.close(Code.REVOKED, "the seat was moved")
    link.close(Code.DONE, "too late to say something else")
    assert not link.send(note(1), Lane.CONTROL)
    assert await one.until_closed() == await two.until_closed() == (Code.REVOKED, "the seat was moved")
    assert (len(one.ends), len(two.ends)) == (1, 1)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("code", "arrives"), [(Code.GOING_AWAY, [1, 2]), (Code.REVOKED, [1])])
async def test_who_leaves_in_peace_still_says_what_was_waiting(
    code: Code, arrives: list[int], nursery: trio.Nursery
) -> None:
    two = Witness()
    link, _ = await linked(nursery, Witness(), two)
    link.send(note(1), Lane.CONTROL)
    link.send(note(2), Lane.ENTRIES)
    link.send(note(3), Lane.CHUNKS)
    link.close(code)
    assert await two.until_closed() == (code, "")
    assert numbers(two) == arrives
    nursery.cancel_scope.cancel()


async def test_a_link_closed_as_it_opens_says_goodbye_too(nursery: trio.Nursery) -> None:
    class Busy(Witness):
        def opened(self, link: Link) -> None:
            super().opened(link)
            link.close(Code.DUPLICATE_LINK)

    one = Witness()
    await linked(nursery, one, Busy())
    assert await one.until_closed() == (Code.DUPLICATE_LINK, "")
    nursery.cancel_scope.cancel()


async def test_a_goodbye_nobody_reads_ends_in_time(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    one = Witness()
    here, gate = gated_pair()
    link, _ = await linked(nursery, one, Witness(), (here, gate))
    gate.shut()
    link.send(BIG, Lane.ENTRIES)
    began = trio.current_time()
    link.close(Code.GOING_AWAY, "closing time")
    assert await one.until_closed() == (Code.GOING_AWAY, "closing time")
    assert trio.current_time() - began == limits.CLOSE_SECONDS
    nursery.cancel_scope.cancel()


async def test_a_goodbye_of_a_later_version_is_a_goodbye(nursery: trio.Nursery) -> None:
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        await socket.send(session.pack([encode([int(Type.BYE), 250, "because"])]))
        assert await witness.until_closed() == (Code.DONE, "because")
    nursery.cancel_scope.cancel()


async def test_an_end_without_a_goodbye_is_a_cut(nursery: trio.Nursery) -> None:
    here, there = memory_stream_pair()
    one, two = Witness(), Witness()
    await linked(nursery, one, two, (here, there))
    await trio.aclose_forcefully(here)
    assert await one.until_closed() == await two.until_closed() == (None, "the connection was cut")
    nursery.cancel_scope.cancel()


async def test_cancelling_a_link_closes_its_stream(nursery: trio.Nursery) -> None:
    one, two = Witness(), Witness()
    async with trio.open_nursery() as inner:
        here, there = lockstep_stream_pair()
        scope = trio.CancelScope()

        async def dialer() -> None:
            with scope:
                await be_end(here, dialing(), one, dialed=True)

        inner.start_soon(dialer)
        inner.start_soon(lambda: be_end(there, answering(), two, dialed=False))
        await one.until_open()
        link = one.link
        await two.until_open()
        link.send(BIG, Lane.ENTRIES)
        scope.cancel()
        assert await one.until_closed() == (None, "")
        assert (await two.until_closed())[0] is None
    assert not link.send(note(1), Lane.CONTROL)


# --- malice ----------------------------------------------------------------------------------------------------------


def rubbish(chance: random.Random, session: Session) -> list[bytes]:
    """Things no honest end sends: random bytes, and true frames with one bit changed."""
    frame = session.pack([note(7)])
    place = chance.randrange(len(frame) * 8)
    flipped = bytearray(frame)
    flipped[place // 8] ^= 1 << place % 8
    return [
        chance.randbytes(chance.choice([0, 1, 16, 79, 80, 5_000, limits.NOISE_MESSAGE])),
        bytes(flipped),
        frame[:-1],
    ]


@pytest.mark.parametrize("seed", range(12))
async def test_rubbish_after_the_handshake_ends_that_link_alone(seed: int, nursery: trio.Nursery) -> None:
    others, witness = Witness(), Witness()
    other, _ = await linked(nursery, Witness(), others)
    async with by_hand(nursery, witness) as (socket, session):
        choices = rubbish(random.Random(seed), session)
        await socket.send(choices[seed % len(choices)])
        code, _ = await witness.until_closed()
        assert code in (Code.MALFORMED, Code.BAD_SIGNATURE)
        assert witness.messages == []
        with trio.fail_after(60), suppress(SocketClosed):
            while True:
                await socket.receive()
    other.send(note(1), Lane.ENTRIES)
    await others.until(lambda: others.messages)
    assert others.ends == []
    nursery.cancel_scope.cancel()


async def test_a_frame_sent_again_ends_the_link(nursery: trio.Nursery) -> None:
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        frame = session.pack([note(1)])
        await socket.send(frame)
        await socket.send(frame)
        assert (await witness.until_closed())[0] in (Code.MALFORMED, Code.BAD_SIGNATURE)
        assert numbers(witness) == [1]
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "message",
    [
        [int(Type.PING)],
        [int(Type.PING), "now"],
        [int(Type.PONG), b"", 1],
        [int(Type.BYE), 0],
        [int(Type.BYE), 0, "x" * (limits.BYE_TEXT + 1)],
        [int(Type.BYE), 256, ""],
    ],
    ids=str,
)
async def test_a_crooked_message_of_the_link_is_answered_with_its_code(
    message: list[object], nursery: trio.Nursery
) -> None:
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        await socket.send(session.pack([encode(message)]))
        assert (await witness.until_closed())[0] is Code.MALFORMED
        said = await heard_until_closed(socket, session)
        assert said[-1][:2] == [int(Type.BYE), int(Code.MALFORMED)]
    nursery.cancel_scope.cancel()


async def test_a_storm_of_pings_is_answered_or_ends_the_link(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """What we owe a peer is bounded, however much he asks: one that does not take the answers is let go."""
    witness = Witness()
    async with by_hand(nursery, witness) as (socket, session):
        ping = encode([int(Type.PING), 1])
        with suppress(SocketClosed):
            while True:
                await socket.send(session.pack([ping] * limits.FRAME_MESSAGES))
    assert (await witness.until_closed())[0] is Code.TOO_MANY
    nursery.cancel_scope.cancel()


# --- on real sockets -------------------------------------------------------------------------------------------------


async def test_links_over_loopback_survive_a_neighbour_cut_in_the_middle_of_a_send(nursery: trio.Nursery) -> None:
    here = Witness()

    async def answer(socket: Socket) -> None:
        await run_link(socket, answering(), here, trusted=True)

    listening: Listening = await nursery.start(listen, "127.0.0.1", 0, answer)
    address = listening.addresses[0]
    cut, friend = Witness(), Witness()

    async def call(member: SigningKey, witness: Witness, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        with trio.CancelScope() as scope:
            async with dial(address, 5) as socket:
                task_status.started(scope)
                await run_link(socket, dialing(member, expected=NARRATOR.public), witness, trusted=True)

    cutting: trio.CancelScope = await nursery.start(call, PLAYER, cut)
    await cut.until_open()
    await here.until_open()
    await nursery.start(call, SigningKey.from_seed(b"\x23" * 32), friend)
    await friend.until_open()
    for _ in range(40):
        cut.link.send(BIG, Lane.ENTRIES)
    await here.until(lambda: here.messages)
    cutting.cancel()
    assert (await here.until_closed())[0] is None
    assert {bytes(one[1]) for one in here.messages if isinstance(one[1], bytes)} == {bytes(60_000)}
    friend.link.send(note(5), Lane.ENTRIES)
    await here.until(lambda: here.messages[-1] == [NOTE, 5])
    friend.link.close(Code.GOING_AWAY, "good night")
    await here.until(lambda: len(here.ends) == 2)
    assert here.ends[-1] == (Code.GOING_AWAY, "good night")
    nursery.cancel_scope.cancel()


async def test_an_open_link_is_not_sent_away_with_the_strangers(nursery: trio.Nursery) -> None:
    here, there = Witness(), Witness()

    async def answer(socket: Socket) -> None:
        await run_link(socket, answering(), here, trusted=True)

    listening: Listening = await nursery.start(listen, "127.0.0.1", 0, answer)
    async with dial(listening.addresses[0], 5) as socket, trio.open_nursery() as inner:
        inner.start_soon(lambda: run_link(socket, dialing(), there, trusted=True))
        await here.until_open()
        silent = [await trio.open_tcp_stream("127.0.0.1", listening.port) for _ in range(limits.HALF_OPEN + 1)]
        assert await silent[0].receive_some() == b""
        here.link.send(note(1), Lane.ENTRIES)
        await there.until(lambda: there.messages)
        for stream in silent:
            await stream.aclose()
        here.link.close(Code.DONE)
    nursery.cancel_scope.cancel()


async def test_a_goodbye_arrives_though_much_is_under_way_the_other_way(nursery: trio.Nursery) -> None:
    here, there = Witness(), Witness()

    async def answer(socket: Socket) -> None:
        await run_link(socket, answering(), here, trusted=True)

    listening: Listening = await nursery.start(listen, "127.0.0.1", 0, answer)
    async with dial(listening.addresses[0], 5) as socket, trio.open_nursery() as inner:
        session = dialing()
        inner.start_soon(lambda: run_link(socket, session, there, trusted=True))
        await there.until_open()
        await here.until_open()
        for _ in range(60):
            there.link.send(BIG, Lane.ENTRIES)
        await here.until(lambda: here.messages)
        here.link.close(Code.GOING_AWAY, "closing time")
        assert await there.until_closed() == (Code.GOING_AWAY, "closing time")
        assert session.state is State.CLOSED
    nursery.cancel_scope.cancel()
