from __future__ import annotations

import pytest

from dwnet.outbox import Outbox, Put
from protocol import limits
from protocol.effects import Lane
from protocol.errors import LocalError
from protocol.session import FRAME_ROOM


def filled(*puts: tuple[bytes, Lane]) -> Outbox:
    outbox = Outbox()
    assert {outbox.put(message, lane) for message, lane in puts} == {Put.QUEUED}
    return outbox


def test_the_lanes_are_written_in_their_order_and_each_in_its_own() -> None:
    puts = [(f"{lane.name}{n}".encode(), lane) for n in range(2) for lane in reversed(Lane)]
    taken = filled(*puts).take()
    assert taken == [f"{lane.name}{n}".encode() for lane in Lane for n in range(2)]


def test_a_frame_holds_so_many_messages_and_so_many_bytes() -> None:
    outbox = filled(*[(b"m", Lane.ENTRIES)] * (limits.FRAME_MESSAGES + 1))
    assert len(outbox.take()) == limits.FRAME_MESSAGES
    assert len(outbox.take()) == 1
    assert outbox.take() == []
    outbox = filled((bytes(FRAME_ROOM - 1), Lane.ENTRIES), (b"ab", Lane.ENTRIES), (b"c", Lane.CHUNKS))
    assert [len(one) for one in outbox.take()] == [FRAME_ROOM - 1, 1]  # a chunk fills what the entry leaves
    assert outbox.take() == [b"ab"]


def test_what_no_frame_can_hold_is_our_own_fault() -> None:
    outbox = filled((bytes(FRAME_ROOM), Lane.CHUNKS))
    with pytest.raises(LocalError):
        outbox.put(bytes(FRAME_ROOM + 1), Lane.CONTROL)


def test_control_messages_are_never_lost_in_silence() -> None:
    outbox = filled(*[(b"m", Lane.CONTROL)] * limits.QUEUE_CONTROL)
    assert outbox.put(b"m", Lane.CONTROL) is Put.FULL


def test_of_ephemerals_the_oldest_go() -> None:
    outbox = filled(*[(b"%d" % n, Lane.EPHEMERAL) for n in range(limits.QUEUE_EPHEMERAL + 3)])
    assert outbox.take()[0] == b"3"


def test_a_chunk_too_many_is_refused_and_the_others_stay() -> None:
    outbox = filled(*[(b"%d" % n, Lane.CHUNKS) for n in range(limits.QUEUE_CHUNKS)])
    assert outbox.put(b"more", Lane.CHUNKS) is Put.REFUSED
    assert len(outbox.take()) == limits.QUEUE_CHUNKS


def test_entries_too_many_are_all_thrown_away_until_caught_up() -> None:
    outbox = Outbox()
    count = limits.QUEUE_ENTRIES_BYTES // 1_000
    assert {outbox.put(bytes(1_000), Lane.ENTRIES) for _ in range(count)} == {Put.QUEUED}
    assert outbox.put(bytes(1_000), Lane.ENTRIES) is Put.LAGGING
    assert outbox.lagging
    assert outbox.put(b"m", Lane.ENTRIES) is Put.REFUSED
    assert outbox.put(b"heads", Lane.CONTROL) is Put.QUEUED
    assert not outbox.catch_up()  # what must not be lost is still waiting
    assert outbox.take() == [b"heads"]
    assert outbox.catch_up()
    assert not outbox.catch_up()
    assert {outbox.put(bytes(1_000), Lane.ENTRIES) for _ in range(count)} == {Put.QUEUED}


def test_what_was_taken_makes_room() -> None:
    outbox = Outbox()
    for _ in range(limits.QUEUE_ENTRIES_BYTES // 10_000 * 3):
        assert outbox.put(bytes(10_000), Lane.ENTRIES) is Put.QUEUED
        assert outbox.take() == [bytes(10_000)]
