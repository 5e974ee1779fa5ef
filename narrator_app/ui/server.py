"""The desk in a browser: the web client from the flet-web wheel, on loopback, for this narrator alone.

Rules of this file:
- Any web page can reach a port of this machine, and Flet asks nobody where he comes from. So nothing is answered
  without the token of this start, no websocket is opened for a page of another origin, and no other host name than
  loopback's is listened to (a name that an attacker points here would make his page ours).
- Nothing is fetched from elsewhere: no CDN, and the page itself is told to ask nobody.
"""

from __future__ import annotations

import asyncio
import functools
import hmac
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import flet.fastapi
import font_source_serif_pro
import uvicorn
from flet_web.fastapi import flet_app
from flet_web.fastapi.flet_app_manager import app_manager

SESSION_SECONDS = 600  # a page that lost its connection finds its place again within this
CLOSING_SECONDS = 3
HEADERS = (
    (b"referrer-policy", b"no-referrer"),  # the address holds the token
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
        b"worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        b"font-src 'self' data:; connect-src 'self' data: blob:; media-src 'self' data: blob:; frame-ancestors 'none'",
    ),
)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
logger = logging.getLogger(__name__)


class Guard:
    """Lets in who knows the token, from our own page only. An ASGI application around another."""

    def __init__(self, inside: Callable[[Scope, Receive, Send], Awaitable[None]], port: int, token: str) -> None:
        self._inside = inside
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._cookie = f"dreamweaver-{port}"  # cookies know no ports: two desks must not overwrite each other's
        self._token = token
        self._tickets: set[str] = set()

    def ticket(self) -> str:
        """A token that lets in once. For a browser's command line, which every account of this machine may read."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._inside(scope, receive, send)
        elif not self._is_ours(scope):
            logger.info("a page that is not ours was refused: %s", scope["path"])
            await _refuse(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._inside(scope, receive, send)
        else:
            await self._inside(scope, receive, self._marking(send))

    def _is_ours(self, scope: Scope) -> bool:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("host", "") not in self._hosts:
            return False
        if scope["type"] == "websocket" and headers.get("origin", "").removeprefix("http://") not in self._hosts:
            return False
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("t", [""])[0]
        if asked in self._tickets:
            self._tickets.remove(asked)
            return True
        return any(hmac.compare_digest(one.encode(), self._token.encode()) for one in (asked, self._kept(headers)))

    def _kept(self, headers: dict[str, str]) -> str:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return ""
        return cookie.value if cookie else ""

    def _marking(self, send: Send) -> Send:
        cookie = f"{self._cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/".encode()

        async def marked(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", cookie), *HEADERS]
            await send(message)

        return marked


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403})
        return
    words = b"This desk belongs to whoever started it. Open it with the address that dwnet narrate --web prints."
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": words})


class _Server(uvicorn.Server):
    """Signals are the bridge's: they end the story first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebDesk:
    """The desk served on a loopback port that the system chose. ``url`` holds the token."""

    def __init__(self, main: Callable[..., Any]) -> None:
        end_sessions_that_broke()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        port = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(24)
        inside = flet.fastapi.app(
            main, assets_dir=str(fonts_folder()), no_cdn=True, session_timeout_seconds=SESSION_SECONDS
        )
        self._guard = Guard(inside, port, token)
        config = uvicorn.Config(
            self._guard,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=CLOSING_SECONDS,
            ws_max_size=16 * 1024 * 1024,
        )
        self._server = _Server(config)
        self._place = f"http://127.0.0.1:{port}/?t="
        self.url = self._place + token

    def url_for_once(self) -> str:
        """An address that opens one page, whose browser is known from then on."""
        return self._place + self._guard.ticket()

    async def serve(self) -> None:
        """Serve until :meth:`close`."""
        await self._server.serve([self._socket])

    async def ready(self) -> None:
        """Wait until pages are answered."""
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)

    def close(self) -> None:
        self._server.should_exit = True


def fonts_folder() -> Path:
    """Where the story's letters lie."""
    return Path(font_source_serif_pro.__file__).parent / "files"


def end_sessions_that_broke() -> None:
    """flet-web 1.0.5: when a page goes while a patch is on its way, its session is never told, and what is sent to it
    piles up for ever. Until that is mended there, it is here.
    """
    told = flet_app.FletApp.handle
    if getattr(told, "ends_sessions", False):
        return

    @functools.wraps(told)
    async def handle(self: Any, websocket: Any) -> None:
        try:
            await told(self, websocket)
        except Exception:
            session = self._FletApp__session
            logger.info("a page went while something was being sent to it", exc_info=True)
            if session is not None and session.connection is self:
                await app_manager.disconnect_session(
                    self._FletApp__get_unique_session_id(session.id), self._FletApp__session_timeout_seconds
                )

    handle.ends_sessions = True  # type: ignore[attr-defined]
    flet_app.FletApp.handle = handle
