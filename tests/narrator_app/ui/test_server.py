"""The desk's door: only our own page, only with the token."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from narrator_app.ui.server import Guard

PORT, TOKEN = 4711, "a-long-token"
HOST = f"127.0.0.1:{PORT}"


def knock(
    kind: str = "http", *, query: str = "", host: str = HOST, origin: str | None = None, cookie: str = ""
) -> list[MutableMapping[str, Any]]:
    """Ask the guarded desk for its page; what it sends back."""
    sent: list[MutableMapping[str, Any]] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"the desk"})
        else:
            await send({"type": "websocket.accept"})

    async def receive() -> MutableMapping[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if cookie:
        headers.append((b"cookie", cookie.encode()))
    scope = {"type": kind, "path": "/", "query_string": query.encode(), "headers": headers}
    asyncio.run(Guard(inside, PORT, TOKEN)(scope, receive, send))
    return sent


def was_let_in(sent: list[MutableMapping[str, Any]]) -> bool:
    return sent[0].get("status") == 200 or sent[0]["type"] == "websocket.accept"


def test_who_knows_the_token_gets_the_page_and_a_cookie() -> None:
    sent = knock(query=f"t={TOKEN}")
    assert was_let_in(sent)
    cookie = dict(sent[0]["headers"])[b"set-cookie"]
    assert TOKEN.encode() in cookie and b"HttpOnly" in cookie and b"SameSite=Strict" in cookie


def test_the_cookie_is_enough_for_what_the_page_loads() -> None:
    assert was_let_in(knock(cookie=f"dreamweaver-{PORT}={TOKEN}"))
    assert was_let_in(knock("websocket", cookie=f"dreamweaver-{PORT}={TOKEN}", origin=f"http://{HOST}"))


@pytest.mark.parametrize("query", ["", "t=", "t=a-long-toke", "t=another", f"T={TOKEN}", "t=%ff"])
def test_without_the_token_nothing_is_answered(query: str) -> None:
    assert not was_let_in(knock(query=query))
    assert not was_let_in(knock("websocket", query=query, origin=f"http://{HOST}"))


@pytest.mark.parametrize("cookie", [f"dreamweaver-{PORT + 1}={TOKEN}", "dreamweaver=;;=,", f"dreamweaver-{PORT}=x"])
def test_another_desks_cookie_or_a_broken_one_is_none(cookie: str) -> None:
    assert not was_let_in(knock(cookie=cookie))


@pytest.mark.parametrize(
    "origin", [None, "", "null", "http://evil.example", f"https://{HOST}", "http://127.0.0.1:9", f"http://{HOST}.evil.example"]
)  # fmt: skip
def test_a_page_of_another_origin_cannot_drive_the_desk_even_with_the_token(origin: str | None) -> None:
    assert not was_let_in(knock("websocket", query=f"t={TOKEN}", origin=origin))


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", ""])
def test_a_name_that_was_pointed_here_is_not_ours(host: str) -> None:
    assert not was_let_in(knock(query=f"t={TOKEN}", host=host))
    assert not was_let_in(knock("websocket", query=f"t={TOKEN}", host=host, origin=f"http://{host}"))


def test_the_page_may_ask_nobody_else_and_tells_nobody_its_address() -> None:
    headers = dict(knock(query=f"t={TOKEN}")[0]["headers"])
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert headers[b"referrer-policy"] == b"no-referrer"


def test_a_ticket_lets_in_once_and_leaves_the_cookie() -> None:
    async def inside(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    guard = Guard(inside, PORT, TOKEN)
    ticket = guard.ticket()

    def knock_with(query: str) -> MutableMapping[str, Any]:
        sent: list[MutableMapping[str, Any]] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        headers = [(b"host", HOST.encode())]
        scope = {"type": "http", "path": "/", "query_string": query.encode(), "headers": headers}
        asyncio.run(guard(scope, None, send))  # type: ignore[arg-type]
        return sent[0]

    first = knock_with(f"t={ticket}")
    assert first["status"] == 200 and TOKEN.encode() in dict(first["headers"])[b"set-cookie"]
    assert knock_with(f"t={ticket}")["status"] == 403
    assert knock_with(f"t={guard.ticket()}")["status"] == 200
