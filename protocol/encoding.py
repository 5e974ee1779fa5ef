"""Canonical bytes: one value has exactly one spelling (docs/protocol.md, rules E1 to E9).

msgpack cut down to arrays, non-negative integers, byte strings and UTF-8 text. A truth value is the integer 0 or 1,
"nothing" is ``b""``. No maps (duplicate keys, no order), floats (NaN, two zeros), nil, booleans or extensions. What
was read is encoded again and must equal what came, so that a hash or signature over bytes is one over the value.
The ``take_`` functions read the fields of a decoded array; every parser of the protocol is written with them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgpack

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import ARRAY, DEPTH

Value = int | bytes | str | list["Value"]

INT_MAX = 2**63 - 1  # SQLite stores signed 64-bit integers; a larger one would come back changed

_packer = msgpack.Packer(use_bin_type=True)  # kept: a new one allocates its buffer for every call
_FLAT: tuple[set[type], ...] = ({bytes}, {str}, {bytes, str}, set())  # no rule is left that these could break


def encode(value: object) -> bytes:
    """The canonical bytes of ``value``: integers from 0 to INT_MAX, bytes, text, lists or tuples of these.

    LocalError for any other type (also bool, None, float, dict and their like), lone surrogates in text, more than
    limits.ARRAY elements or deeper nesting than limits.DEPTH.
    """
    _check_own(value, DEPTH)
    try:
        packed: bytes = _packer.pack(value)
    except (ValueError, OverflowError) as error:
        raise LocalError(f"cannot be encoded: {error}") from error
    return packed


def join(encoded: Sequence[bytes]) -> bytes:
    """The canonical bytes of the array whose elements are already encoded; saves encoding what is at hand as bytes.

    LocalError beyond limits.ARRAY elements. The caller answers for each element being the output of ``encode``.
    """
    count = len(encoded)
    if count > ARRAY:
        raise LocalError(f"an array of {count} elements; {ARRAY} are allowed")
    head = bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return head + b"".join(encoded)


def decode(data: bytes, limit: int) -> Value:
    """The value that ``data``, at most ``limit`` bytes, spells; RemoteError(MALFORMED) names the broken rule."""
    if len(data) > limit:
        raise RemoteError(Code.MALFORMED, f"{len(data)} bytes; {limit} are allowed")
    try:
        value: Value = msgpack.unpackb(
            data, max_array_len=ARRAY, max_map_len=0, max_ext_len=0, max_bin_len=limit, max_str_len=limit
        )
    except ValueError as error:  # msgpack's own errors and UnicodeDecodeError are all of this class
        raise RemoteError(Code.MALFORMED, f"not canonical msgpack: {error}") from error
    if type(value) is list:
        _check_received(value, DEPTH)
    else:
        _check_received([value], 1)
    if _packer.pack(value) != data:
        raise RemoteError(Code.MALFORMED, "not the shortest spelling of its value")
    return value


def _check_received(items: list[Value], depth: int) -> None:
    kinds = set(map(type, items))
    if kinds in _FLAT:
        return
    for item in items:
        kind = type(item)
        if kind is int:
            if not 0 <= item <= INT_MAX:  # type: ignore[operator]
                raise RemoteError(Code.MALFORMED, "an integer outside 0 to 2**63-1")
        elif kind is list:
            if depth == 1:
                raise RemoteError(Code.MALFORMED, f"arrays nested deeper than {DEPTH}")
            _check_received(item, depth - 1)  # type: ignore[arg-type]
        elif kind is not bytes and kind is not str:
            raise RemoteError(Code.MALFORMED, f"a {kind.__name__}; only arrays, integers, bytes and text are allowed")


def _check_own(value: object, depth: int) -> None:
    kind = type(value)
    if kind is list or kind is tuple:
        items: Sequence[object] = value  # type: ignore[assignment]
        if depth == 0:
            raise LocalError(f"arrays nested deeper than {DEPTH}")
        if len(items) > ARRAY:
            raise LocalError(f"an array of {len(items)} elements; {ARRAY} are allowed")
        for item in items:
            if type(item) is not bytes:
                _check_own(item, depth - 1)
    elif kind is int:
        if not 0 <= value <= INT_MAX:  # type: ignore[operator]
            raise LocalError(f"{value} is outside 0 to 2**63-1")
    elif kind is not bytes and kind is not str:
        raise LocalError(f"a {kind.__name__}; only lists, integers, bytes and text can be encoded")


# --- reading fields ----------------------------------------------------------------------------------------------


def take_int(value: Value, name: str, low: int = 0, high: int = INT_MAX) -> int:
    """``value`` if it is an integer from ``low`` to ``high``; else RemoteError(MALFORMED) naming the field."""
    if type(value) is not int:
        raise _wrong_type(name, "an integer", value)
    if not low <= value <= high:
        raise RemoteError(Code.MALFORMED, f"{name} is {value}, outside {low} to {high}")
    return value


def take_flag(value: Value, name: str) -> bool:
    """True for 1, False for 0; else RemoteError(MALFORMED) naming the field."""
    return take_int(value, name, 0, 1) == 1


def take_bytes(value: Value, name: str, low: int, high: int | None = None) -> bytes:
    """``value`` if it is bytes of length ``low`` to ``high``; exactly ``low`` when ``high`` is left out."""
    if type(value) is not bytes:
        raise _wrong_type(name, "bytes", value)
    _check_length(name, len(value), "bytes", low, high)
    return value


def take_text(value: Value, name: str, most: int, least: int = 0) -> str:
    """``value`` if it is text of ``least`` to ``most`` characters (code points)."""
    if type(value) is not str:
        raise _wrong_type(name, "text", value)
    _check_length(name, len(value), "characters", least, most)
    return value


def take_list(value: Value, name: str, low: int, high: int | None = None) -> list[Value]:
    """``value`` if it is an array of ``low`` to ``high`` elements; exactly ``low`` when ``high`` is left out."""
    if type(value) is not list:
        raise _wrong_type(name, "an array", value)
    _check_length(name, len(value), "elements", low, high)
    return value


def _check_length(name: str, length: int, unit: str, low: int, high: int | None) -> None:
    if high is None:
        if length != low:
            raise RemoteError(Code.MALFORMED, f"{name} has {length} {unit}, not {low}")
    elif not low <= length <= high:
        raise RemoteError(Code.MALFORMED, f"{name} has {length} {unit}, outside {low} to {high}")


def _wrong_type(name: str, wanted: str, value: Value) -> RemoteError:
    return RemoteError(Code.MALFORMED, f"{name} is not {wanted} but of type {type(value).__name__}")
