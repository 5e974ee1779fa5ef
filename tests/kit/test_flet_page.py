"""The page on a fake connection behaves as the real one: these are the things other tests take for granted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import flet as ft
import pytest

from tests.kit.flet_page import FletPage, Main, open_page


def on_a_page(main: Main, evening: Callable[[FletPage], Coroutine[Any, Any, None]], **facts: Any) -> None:
    async def run() -> None:
        async with open_page(main, **facts) as page:
            await evening(page)

    asyncio.run(run())


def counter(page: ft.Page) -> None:
    number = ft.Text("0")
    rows = ft.ListView(controls=[ft.Text(f"row {one}") for one in range(200)])

    def count(_: object) -> None:
        number.value = str(int(number.value) + 1)
        number.update()

    page.add(number, ft.Button("Increment", on_click=count), rows)


def test_a_click_shows_and_sends_the_difference_alone() -> None:
    async def evening(page: FletPage) -> None:
        mark = page.mark()
        await page.click("Increment")
        await page.click("Increment")
        assert page.texts()[0] == "2"
        assert [one.operations[-1][-1] for one in page.sent(mark)] == ["1", "2"]
        assert page.bytes_since(mark) < 100

    on_a_page(counter, evening)


def test_an_icon_bears_its_label() -> None:
    clicked = []

    def main(page: ft.Page) -> None:
        label = ft.Icon(ft.Icons.SEND, semantics_label="Send")
        page.add(ft.IconButton(label, on_click=lambda _: clicked.append("sent")))

    async def evening(page: FletPage) -> None:
        await page.click("Send")
        assert clicked == ["sent"]

    on_a_page(main, evening)


def test_a_name_is_that_of_the_innermost_that_answers() -> None:
    clicked = []

    def main(page: ft.Page) -> None:
        inner = ft.Button("Play", on_click=lambda _: clicked.append("inner"))
        row = ft.Row([ft.Text("A line"), inner])
        page.add(ft.Container(content=row, on_click=lambda _: clicked.append("outer")))

    async def evening(page: FletPage) -> None:
        await page.click("Play")
        await page.click("A line")
        assert clicked == ["inner", "outer"]

    on_a_page(main, evening)


def test_typing_and_enter_reach_the_program() -> None:
    said = []

    def main(page: ft.Page) -> None:
        box = ft.TextField(label="Say", on_submit=lambda e: said.append(e.control.value))
        page.add(box)

    async def evening(page: FletPage) -> None:
        await page.submit("Say", "Once upon a time")
        assert said == ["Once upon a time"]

    on_a_page(main, evening)


def test_a_key_reaches_the_page() -> None:
    pressed = []

    def main(page: ft.Page) -> None:
        page.on_keyboard_event = lambda e: pressed.append((e.key, e.ctrl, e.shift))
        page.add(ft.Text("x"))

    async def evening(page: FletPage) -> None:
        await page.press("K", ctrl=True)
        await page.press("Escape")
        assert pressed == [("K", True, False), ("Escape", False, False)]

    on_a_page(main, evening)


def test_what_a_handler_raises_is_raised_here() -> None:
    def main(page: ft.Page) -> None:
        page.add(ft.Button("Divide", on_click=lambda _: 1 / 0))

    async def evening(page: FletPage) -> None:
        with pytest.raises(ZeroDivisionError):
            await page.click("Divide")

    on_a_page(main, evening)


def test_a_value_that_cannot_be_sent_is_found() -> None:
    def main(page: ft.Page) -> None:
        page.add(ft.Text(value=object()))  # type: ignore[arg-type]

    async def run() -> None:
        async with open_page(main):
            pass

    with pytest.raises(TypeError):
        asyncio.run(run())


def test_the_client_answers_what_it_is_asked() -> None:
    def main(page: ft.Page) -> None:
        clipboard = ft.Clipboard()
        seen = ft.Text("")

        async def paste(_: object) -> None:
            await clipboard.set("out")
            seen.value = await clipboard.get() or ""
            seen.update()

        page.add(seen, ft.Button("Paste", on_click=paste))

    async def evening(page: FletPage) -> None:
        await page.click("Paste")
        assert page.texts()[0] == "a card"
        assert [(one.name, one.arguments) for one in page.invoked] == [("set", {"data": "out"}), ("get", {})]

    on_a_page(main, evening, answers={"get": "a card"})


def test_what_is_hidden_is_not_found() -> None:
    def main(page: ft.Page) -> None:
        page.add(ft.Column([ft.Text("behind")], visible=False), ft.Text("before"))

    async def evening(page: FletPage) -> None:
        assert page.texts() == ["before"]

    on_a_page(main, evening)


def test_identifiers_and_spans_are_read() -> None:
    def main(page: ft.Page) -> None:
        words = ft.Text(spans=[ft.TextSpan("Once "), ft.TextSpan("upon")])
        page.add(ft.Semantics(identifier="line-1", content=words))

    async def evening(page: FletPage) -> None:
        assert page.texts(page.identified("line-1")) == ["Once upon"]
        assert not page.has("line-2")

    on_a_page(main, evening)


def test_a_page_that_comes_back_is_told_so_and_one_that_closes_too() -> None:
    heard = []

    def main(page: ft.Page) -> None:
        page.on_connect = lambda _: heard.append("connect")
        page.on_disconnect = lambda _: heard.append("disconnect")
        page.on_close = lambda _: heard.append("close")
        page.add(ft.Text("x"))

    async def evening(page: FletPage) -> None:
        await page.disconnect()
        await page.reconnect()
        assert heard == ["disconnect", "connect"]
        await page.close()
        assert heard == ["disconnect", "connect", "disconnect", "close"]

    on_a_page(main, evening)
