"""What the ephemerals say: there and back, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from protocol import limits
from protocol.encoding import decode, encode
from protocol.errors import Code, RemoteError
from protocol.moments import ClipMade, Health, Hush, Moment, Probe, Timing, Tokens, read_moment

ID = bytes(32)
MOMENTS: list[Moment] = [
    Tokens(ID, 3, "Who is", 0),
    ClipMade(ID, 0, ID, 4_000, 900, 13, b""),
    ClipMade(ID, 0, ID, 4_000, 900, 13, ID),
    Health("ready", "", "smollm2", "", "espeak:en-us", 123, 456, 1_480, 241, b"", 0, (), 0),
    Health("slow", "why", "smollm2", "vesper-3", "espeak:en-us", 0, 0, 0, 0, ID, 512, tuple(range(limits.LINKS)), 7),
    Probe(7),
    Timing(ID, 1, 2, 3, 4, 5, 6),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: one.kind)
def test_a_moment_comes_back(moment: Moment) -> None:
    assert read_moment(type(moment), moment.pack()) == moment
    assert len(moment.pack()) <= limits.EPHEMERAL


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: one.kind)
def test_a_field_of_a_later_version_is_ignored_and_a_missing_one_is_not(moment: Moment) -> None:
    fields: Any = decode(moment.pack(), limits.EPHEMERAL)
    assert read_moment(type(moment), encode([*fields, "of tomorrow"])) == moment
    with pytest.raises(RemoteError) as caught:
        read_moment(type(moment), encode(fields[:-1]))
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Tokens, [ID[:31], 0, "", 0]),
        (Tokens, [ID, 0, "x" * 4_097, 0]),
        (Tokens, [ID, 0, "", 2]),
        (ClipMade, [ID, limits.CLIPS + 1, ID, 1, 1, 1, b""]),
        (ClipMade, [ID, 0, ID, 1, 1, 1, b"short"]),
        (ClipMade, [ID, 0, ID, limits.BLOB + 1, 1, 1, b""]),
        (Health, ["x" * 17, "", "", "", "", 0, 0, 0, 0, b"", 0, [], 0]),
        (Health, ["ready", "", "", "", "", 0, 0, 0, 0, ID[:31], 0, [], 0]),
        (Health, ["ready", "", "", "", "", 0, 0, 0, limits.MEMORY + 1, b"", 0, [], 0]),
        (Health, ["ready", "", "", "", "", 0, 0, 0, 0, b"", 0, [1] * (limits.LINKS + 1), 0]),
        (Health, ["ready", "", "", "", "", 0, 0, 0, 0, b"", 0, [5_000], 0]),
        (Probe, ["1"]),
        (Hush, [b"short"]),
        (Hush, ["", ""]),
    ],
)
def test_what_is_out_of_bounds_is_refused(kind: type[Moment], fields: list[Any]) -> None:
    with pytest.raises(RemoteError) as caught:
        read_moment(kind, encode(fields))
    assert caught.value.code is Code.MALFORMED


def test_kinds_are_named_once() -> None:
    kinds = [kind.kind for kind in Moment.__subclasses__()]
    assert len(set(kinds)) == len(kinds) and all(len(kind) <= limits.KIND for kind in kinds)


def test_a_moment_too_long_to_be_sent_is_not_read() -> None:
    with pytest.raises(RemoteError):
        read_moment(Tokens, bytes(limits.EPHEMERAL + 1))
