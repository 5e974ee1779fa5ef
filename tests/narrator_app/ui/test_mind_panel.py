"""A character's mind on a fake page, over a real story."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import flet as ft
import pytest

from narrator_app.minds import MindFacts, Minds
from narrator_app.phrases import say
from tests.narrator_app.ui.test_hive import Look, evening, looking
from tests.narrator_app.views.test_mind import FACTS


def learned(monkeypatch: pytest.MonkeyPatch, facts: MindFacts) -> None:
    """Whoever is looked at has learned this."""
    monkeypatch.setattr(Minds, "facts", lambda self, seat: facts)


async def press(look: Look, words: str) -> None:
    buttons = [*look.page.all(ft.OutlinedButton), *look.page.all(ft.FilledButton)]
    await look.page.click(next(one for one in buttons if getattr(one, "content", "") == words))


def test_a_key_opens_the_mind_and_escape_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        learned(monkeypatch, replace(FACTS, said=None))
        async with looking(tmp_path, "Pim", "Tock") as look:
            await look.page.press("Arrow Down")
            await press(look, "Mind")
            assert "What Pim has learned" in look.panel() and "Version 2" in look.panel()
            assert "Arr, dark as a kettle." in look.panel() and "Kept aside: it repeats itself" in look.panel()
            await look.page.press("Escape")
            assert "What Pim has learned" not in look.panel() and look.chosen() == ["Pim"]
            await look.page.press("M")
            assert "What Pim has learned" in look.panel()
            await look.page.press("Arrow Down")
            assert "has learned" not in look.panel()

    evening(run)


def test_learning_is_asked_for_and_who_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        asked: list[tuple[int, str]] = []
        learned(monkeypatch, replace(FACTS, said=None))
        async with looking(tmp_path, "Pim") as look:
            await look.page.press("Arrow Down")
            await look.page.press("M")
            await press(look, "Strongly")
            await look.page.until(lambda: "Pim is not connected" in look.page.text())
            monkeypatch.setattr(Minds, "evolve", lambda self, seat, strength: asked.append((seat, strength)))
            await press(look, "Gently")
            await look.page.until(lambda: asked)
            assert asked == [(1, "gentle")]

    evening(run)


def test_a_version_is_chosen_in_the_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        chosen: list[tuple[str, bool]] = []

        async def choose(self: Minds, seat: int, version: str, *, pinned: bool = False) -> None:
            chosen.append((version, pinned))

        learned(monkeypatch, replace(FACTS, said=None))
        monkeypatch.setattr(Minds, "choose", choose)
        async with looking(tmp_path, "Pim") as look:
            await look.page.press("Arrow Down")
            await look.page.press("M")
            for count, words in enumerate(("Speak with it", "Pin", "Back to the bare model"), 1):
                await press(look, words)
                await look.page.until(partial(_has, chosen, count))
            assert chosen == [("2", False), ("2", True), ("base", False)]

    evening(run)


def test_what_is_learned_just_now_shows_how_far_it_is_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        asked: list[str] = []
        learned(monkeypatch, FACTS)
        monkeypatch.setattr(Minds, "evolve", lambda self, seat, strength: asked.append(strength))
        async with looking(tmp_path, "Pim") as look:
            await look.page.press("Arrow Down")
            await look.page.press("M")
            assert look.page.all(ft.ProgressBar, value=0.43) and "Gently" not in look.panel()
            await press(look, "Stop learning")
            await look.page.until(lambda: asked == ["stop"])

    evening(run)


def _has(chosen: list[tuple[str, bool]], count: int) -> bool:
    return len(chosen) == count


def test_it_is_said_when_it_learns_and_who_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        learned(monkeypatch, FACTS)
        async with looking(tmp_path, "Pim", "Tock") as look:
            here = look.desk.evening.desk.casting.here
            monkeypatch.setattr(type(here), "is_here", lambda self, seat: seat == 1)
            here.settings(1).keep_learns("idle")
            await look.page.press("Arrow Down")
            await look.page.press("M")
            assert say("mind.learns_idle") in look.panel() and say("mind.learns_elsewhere") not in look.panel()
            (here.settings(1).folder / "config.toml").write_text("evolve = ", encoding="utf-8")
            await look.page.press("Escape")
            await look.page.press("M")
            assert say("mind.learns_never") in look.panel(), "what does not read lets nobody learn"
            await look.page.press("Arrow Down")
            await look.page.press("M")
            assert say("mind.learns_elsewhere") in look.panel()

    evening(run)
