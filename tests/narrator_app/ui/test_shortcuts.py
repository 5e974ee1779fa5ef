"""The sheet of keys against the screens that have them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from narrator_app import ui
from narrator_app.ui import stage_deeds, stage_queue, stage_review
from narrator_app.ui.house import TEXT_KEYS
from narrator_app.views.setup import SHORTCUTS


def keys_of(place: str) -> set[str]:
    return {key for keys, _ in dict(SHORTCUTS)[place] for key in keys.split(", ")}


UI = Path(ui.__file__).parent
EVERYWHERE = {"Esc", "Enter"}  # end a form, or send it


def keys_shown(place: str) -> set[str]:
    """The keys that buttons of a screen show beside their names."""
    found = set()
    for path in UI.glob(f"{place}*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "key" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
    return found - EVERYWHERE - {"", "Ctrl+Enter"}


@pytest.mark.parametrize("place", ["stage", "cast", "hive", "library"])
def test_a_key_that_a_button_shows_stands_in_the_sheet(place: str) -> None:
    assert {key for key in keys_shown(place) if not key.startswith("/")} - keys_of(place) == set()


def test_the_sheet_has_every_key_of_the_stage() -> None:
    deeds = {getattr(stage_deeds, name) for name in ("PLAY", "PLAY_BEAT", "RETAKE", "NEXT_TAKE", "EDIT", "COPY")}
    strip = {stage_queue.HOLD_KEY, stage_queue.REVIEW_KEY}
    review = {stage_review.ACCEPT_KEY, stage_review.EDIT_KEY, stage_review.DISCARD_KEY}
    assert deeds | strip | review | {stage_deeds.BACK, stage_deeds.MARK} <= keys_of("stage")


def test_the_sheet_has_the_keys_for_text() -> None:
    assert {"Alt+Plus", "Alt+Minus", "Alt+0"} <= keys_of("anywhere")
    assert {TEXT_KEYS["+"], TEXT_KEYS["-"], TEXT_KEYS["0"]} == {1, -1, 0}
