"""The vocabulary: who may say what, and which words can never be taken back."""

from __future__ import annotations

import pytest

from protocol.kinds import KINDS, LASTING, ROLES, Line, Narrated


def test_a_kind_is_named_once_and_written_by_known_roles() -> None:
    for name, kind in KINDS.items():
        assert kind.kind == name and kind.by and set(kind.by) <= set(ROLES)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("character", {"open", "line", "voiced", "evolved", "kept", "redact"}),
        ("reader", {"open", "line", "voiced", "redact"}),
        ("listener", {"open", "redact"}),
    ],
)
def test_what_a_role_may_write(role: str, may: set[str]) -> None:
    assert {name for name, kind in KINDS.items() if role in kind.by} == may


def test_the_narrator_writes_all_but_what_a_character_says_and_learns() -> None:
    silent = {name for name, kind in KINDS.items() if "narrator" not in kind.by}
    assert silent == {"line", "evolved", "kept"}


def test_what_others_stand_on_lasts_and_what_was_said_does_not() -> None:
    assert set(KINDS) >= LASTING
    assert not LASTING & {"narrate", "cue", "line", "voiced", "edit", "sheet", "cast", "checkpoint", "rewind", "heard"}


def test_fields_are_positions() -> None:
    assert Narrated("Night fell.", (1, 2), "say").to_fields() == ["Night fell.", [1, 2], "say"]
    assert Line((), "m", b"", "end").to_fields() == [[], "m", b"", "end"]
