from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.writer.events import Events, TooLong
from protocol import limits

STREAM = (
    ': ping\r\n\r\ndata: {"text":"é🐙"}\n\nevent: x\ndata:one\ndata: two\n\n\ndata: [DONE]\n\ndata: unended'.encode()
)
FOUND = ['{"text":"é🐙"}', "one\ntwo", "[DONE]", "unended"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_come_whole_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    events = Events()
    ends = [*sorted(cuts), len(STREAM)]
    found = [event for a, b in zip([0, *sorted(cuts)], ends, strict=True) for event in events.feed(STREAM[a:b])]
    assert [*found, *events.close()] == FOUND


@pytest.mark.parametrize("chunk", [b"x" * 8_192, b"data: " + b"x" * 8_000 + b"\n", b": ping " + b"x" * 8_000 + b"\n\n"])
def test_a_stream_without_end_is_given_up(chunk: bytes) -> None:
    events = Events()

    def feed_for_ever() -> None:
        for _ in range(limits.ENDPOINT_ANSWER // len(chunk) + 2):
            events.feed(chunk)

    with pytest.raises(TooLong):
        feed_for_ever()
