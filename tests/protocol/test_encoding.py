from __future__ import annotations

import tracemalloc

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import (
    INT_MAX,
    Value,
    decode,
    encode,
    join,
    take_bytes,
    take_flag,
    take_int,
    take_list,
    take_text,
)
from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import ARRAY, DEPTH, FRAME

scalars = st.one_of(st.integers(0, INT_MAX), st.binary(max_size=300), st.text(max_size=300))


def nested(depth: int) -> st.SearchStrategy[Value]:
    return scalars if depth == 0 else st.one_of(scalars, st.lists(nested(depth - 1), max_size=4))


values: st.SearchStrategy[Value] = nested(DEPTH)


def refusal(data: bytes, limit: int = FRAME) -> str:
    with pytest.raises(RemoteError) as caught:
        decode(data, limit)
    assert caught.value.code is Code.MALFORMED
    return str(caught.value)


def read(data: bytes) -> list[Value]:
    """The value alone in a list, or nothing when it was refused."""
    try:
        return [decode(data, FRAME)]
    except RemoteError as error:
        return [] if error.code is Code.MALFORMED else ["another code"]


@given(values)
def test_what_was_encoded_decodes_to_itself(value: Value) -> None:
    assert decode(encode(value), FRAME) == value


@given(st.binary(max_size=64))
def test_any_bytes_are_refused_or_are_the_one_spelling_of_a_value(data: bytes) -> None:
    for value in read(data):
        assert encode(value) == data


@given(values, st.data())
def test_a_flipped_bit_is_refused_or_changes_the_value(value: Value, data: st.DataObject) -> None:
    spelled = bytearray(encode(value))
    spelled[data.draw(st.integers(0, len(spelled) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert read(bytes(spelled)) != [value]


@given(values)
def test_a_value_cut_short_or_followed_by_more_is_refused(value: Value) -> None:
    spelled = encode(value)
    for cut in range(min(len(spelled), 40)):
        refusal(spelled[:cut])
    refusal(spelled + b"\x00")


def test_tuples_are_written_as_lists() -> None:
    assert encode((1, (b"x", "y"))) == encode([1, [b"x", "y"]])


@pytest.mark.parametrize(
    "value",
    [True, False, None, 1.5, {}, {"a": 1}, -1, 2**63, 2**70, bytearray(b"x"), {1}, Code.DONE, object(), "\ud800"],
    ids=repr,
)
def test_values_outside_the_protocol_are_our_own_fault(value: object) -> None:
    for outside in (value, [value], [1, [b"", (value,)]]):
        with pytest.raises(LocalError):
            encode(outside)


def test_a_refused_value_leaves_nothing_behind_for_the_next() -> None:
    with pytest.raises(LocalError):
        encode([b"x" * 1000, "\ud800"])
    assert encode([1]) == b"\x91\x01"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "incomplete"),
        (b"\xc0", "NoneType"),
        (b"\xc2", "bool"),
        (b"\xc3", "bool"),
        (b"\x91\xc3", "bool"),
        (b"\xca" + bytes(4), "float"),
        (b"\xcb" + bytes(8), "float"),
        (b"\x80", "dict"),
        (b"\x91\x80", "dict"),
        (b"\x81\x01\x01", "max_map_len"),
        (b"\xd4\x01\x00", "max_ext_len"),
        (b"\xd6\xff" + bytes(4), "max_ext_len"),
        (b"\xc7\x00\x01", "ExtType"),
        (b"\xff", "integer"),
        (b"\xd0\x80", "integer"),
        (b"\xcf\x80" + bytes(7), "integer"),
        (b"\xcc\x01", "shortest"),
        (b"\xcd\x00\x01", "shortest"),
        (b"\xd0\x01", "shortest"),
        (b"\xd9\x01a", "shortest"),
        (b"\xda\x00\x01a", "shortest"),
        (b"\xc5\x00\x01a", "shortest"),
        (b"\xdc\x00\x01\x01", "shortest"),
        (b"\xdd\x00\x00\x00\x01\x01", "shortest"),
        (b"\xa1\xff", "utf-8"),
        (b"\xa3\xed\xa0\x80", "utf-8"),
        (b"\xa2\xc0\x80", "utf-8"),
        (b"\xc1", "msgpack"),
        (b"\x01\x01", "extra data"),
        (b"\x91" * DEPTH + b"\x90", "deeper"),
        (b"\xdc\x02\x01" + b"\x00" * 513, "max_array_len"),
    ],
    ids=lambda part: part.hex()[:24] if isinstance(part, bytes) else part,
)
def test_what_is_not_canonical_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    assert reason in refusal(data)


def test_nesting_and_length_are_allowed_up_to_the_limits_on_both_sides() -> None:
    deep: Value = []
    for _ in range(DEPTH - 1):
        deep = [deep]
    assert decode(encode(deep), FRAME) == deep
    with pytest.raises(LocalError):
        encode([deep])
    wide: Value = [0] * ARRAY
    assert decode(encode(wide), FRAME) == wide
    with pytest.raises(LocalError):
        encode([0] * (ARRAY + 1))


def test_more_bytes_than_the_limit_are_refused_before_they_are_read() -> None:
    assert decode(encode(b"x" * 98), 100) == b"x" * 98
    assert "101 bytes" in refusal(encode(b"x" * 99), 100)


def test_elements_encoded_apart_join_to_the_same_bytes() -> None:
    for count in (0, 1, 15, 16, 17, 255, 256, ARRAY):
        elements: list[Value] = [[number, "x"] for number in range(count)]
        assert join([encode(element) for element in elements]) == encode(elements)
    with pytest.raises(LocalError):
        join([b"\x00"] * (ARRAY + 1))


def hostile_frames() -> list[bytes]:
    """Frames of nearly the full size, each built to cost as much memory a byte as it can."""
    frames = []
    for unit in (b"\x90", b"\x91\x90", b"\xc4\x00", b"\xa1\xff", b"\xa3\xe4\xb8\x80", b"\xcf" + b"\xff" * 8, b"\x80"):
        block = b"\xdc\x01\xff" + unit * 511
        count = min(511, FRAME // len(block))
        frames.append(b"\xdc" + count.to_bytes(2, "big") + block * count)
    for depth in (20, 400, 509, 1000, 60_000):
        chain = b"\x91" * depth + b"\x90"
        count = min(ARRAY, FRAME // len(chain))
        frames.append(b"\xdc" + count.to_bytes(2, "big") + chain * count)
    frames.append(b"\xdc\x02\x00" * (FRAME // 3))
    return frames


def test_no_frame_costs_more_than_ten_megabytes_or_recurses_away() -> None:
    for frame in hostile_frames():
        assert len(frame) <= FRAME
        tracemalloc.start()
        read(frame)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10_000_000


def test_msgpack_still_lets_through_what_we_refuse_ourselves() -> None:
    """If this fails, msgpack has become stricter and some of our checks may go."""
    assert msgpack.unpackb(b"\x80", max_map_len=0) == {}
    assert msgpack.unpackb(b"\xcc\x01") == 1


def test_field_readers_name_the_field_and_the_bound() -> None:
    assert take_int(7, "seq", 0, 7) == 7
    assert take_flag(1, "more") is True and take_flag(0, "more") is False
    assert take_bytes(b"abc", "tag", 3) == b"abc" and take_bytes(b"", "body", 0, 5) == b""
    assert take_text("é", "name", 1) == "é"
    assert take_list([1], "refs", 0, 16) == [1] and take_list([1, 2], "pair", 2) == [1, 2]
    cases: list[tuple[object, str]] = [
        (lambda: take_int(8, "seq", 0, 7), "seq is 8, outside 0 to 7"),
        (lambda: take_int(b"", "seq"), "seq is not an integer but of type bytes"),
        (lambda: take_int(True, "seq"), "seq is not an integer but of type bool"),
        (lambda: take_flag(2, "more"), "more is 2, outside 0 to 1"),
        (lambda: take_bytes(b"ab", "tag", 3), "tag has 2 bytes, not 3"),
        (lambda: take_bytes("abc", "tag", 3), "tag is not bytes but of type str"),
        (lambda: take_bytes(b"abc", "body", 0, 2), "body has 3 bytes, outside 0 to 2"),
        (lambda: take_text("ab", "name", 1), "name has 2 characters, outside 0 to 1"),
        (lambda: take_text("", "name", 5, least=1), "name has 0 characters, outside 1 to 5"),
        (lambda: take_text(b"a", "name", 1), "name is not text but of type bytes"),
        (lambda: take_list([], "pair", 2), "pair has 0 elements, not 2"),
        (lambda: take_list(b"", "pair", 2), "pair is not an array but of type bytes"),
    ]
    for read, words in cases:
        with pytest.raises(RemoteError) as caught:
            read()  # type: ignore[operator]
        assert str(caught.value) == words and caught.value.code is Code.MALFORMED
