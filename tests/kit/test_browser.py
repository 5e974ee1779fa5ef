"""Chromium and the semantics tree: these are the things the desk's end-to-end tests take for granted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flet as ft
import pytest

from tests.kit.browser import Chromium, Tab
from tests.kit.served import served


def main(page: ft.Page) -> None:
    name = ft.TextField(label="Name")
    words = ft.Text("Nobody yet")

    def greet(_: object) -> None:
        words.value = f"Hello, {name.value}!"
        words.update()

    name.on_submit = greet
    icon = ft.Icon(ft.Icons.SEND, semantics_label="Greet")
    page.add(name, ft.IconButton(icon, on_click=greet), ft.Semantics(identifier="words", container=True, content=words))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(main) as address:
        yield address


@pytest.fixture
def tab(browser: Chromium, url: str) -> Iterator[Tab]:
    with browser.tab(url) as opened:
        yield opened


def test_typing_and_clicking_reach_the_program(tab: Tab) -> None:
    tab.see("Nobody yet")
    tab.type("Name", "Ada")
    tab.click("Greet")
    tab.see("Hello, Ada!")
    assert "Hello, Ada!" in (tab.identified("words").first.inner_text())


def test_the_page_notes_when_a_key_went_down_and_when_words_appeared(tab: Tab) -> None:
    tab.observe()
    tab.await_words("Hello, Grace!")
    tab.type("Name", "Grace")
    tab.press("Enter")
    assert tab.seen_at("Hello, Grace!") > tab.pressed_at()


def test_a_reloaded_page_is_the_same_page_and_awake(tab: Tab) -> None:
    tab.type("Name", "Ada")
    tab.press("Enter")
    tab.see("Hello, Ada!")
    tab.reload()
    tab.see("Hello, Ada!")  # flet-web hands a page that comes back its session
    tab.type("Name", "Grace")
    tab.press("Enter")
    tab.see("Hello, Grace!")


def test_what_is_never_said_is_reported_with_the_page(tab: Tab) -> None:
    with pytest.raises(AssertionError, match="Nobody yet"):
        tab.see("Somebody", seconds=0.3)


def test_a_picture_is_taken(tab: Tab, tmp_path: Path) -> None:
    assert tab.picture(tmp_path / "page.png").stat().st_size > 1000
