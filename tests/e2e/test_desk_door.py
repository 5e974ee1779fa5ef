"""Who may sit down at the desk: whoever knows its address, from its own page. No other page of the same browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.kit.browser import Chromium
from tests.kit.hive import Hive, address_of

# What a page of somebody else's tries: a socket, and to read our page. What came of it becomes its title.
PRYING = """<!doctype html><title>trying</title><script>
const tried = [];
const done = what => { tried.push(what); if (tried.length == 2) document.title = tried.sort().join(" "); };
const socket = new WebSocket("ws://HOST/ws");
socket.onopen = () => done("socket:open");
socket.onerror = () => done("socket:refused");
fetch("http://HOST/", { credentials: "include" }).then(() => done("page:read"), () => done("page:refused"));
</script>"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    hive = Hive(tmp_path_factory.mktemp("door"))
    try:
        yield address_of(hive.desk())
    finally:
        hive.close()


@contextmanager
def page_of_somebody_else(words: str) -> Iterator[str]:
    """A web page on a port of its own; its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

        def do_GET(self) -> None:
            body = words.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def host_of(address: str) -> str:
    return urlsplit(address).netloc


def token_of(address: str) -> str:
    return urlsplit(address).query.removeprefix("t=")


@pytest.mark.parametrize("path", ["/", "/main.dart.js", "/assets/FontManifest.json", "/?t=guessed", "/upload"])
def test_without_the_token_nothing_is_answered(address: str, path: str) -> None:
    answer = httpx.get(f"http://{host_of(address)}{path}")
    assert answer.status_code == 403
    assert "flet" not in answer.text.lower()


def test_with_the_token_the_page_comes_and_is_kept_out_of_frames_and_caches(address: str) -> None:
    answer = httpx.get(address)
    assert answer.status_code == 200
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "https:" not in answer.headers["content-security-policy"]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_another_name_for_this_machine_is_refused(address: str) -> None:
    answer = httpx.get(address, headers={"Host": "evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", None])
def test_a_socket_of_another_page_is_refused_with_the_token_too(address: str, origin: str | None) -> None:
    asked = Origin(origin) if origin is not None else None
    with pytest.raises(InvalidStatus), connect(f"ws://{host_of(address)}/ws?t={token_of(address)}", origin=asked):
        pass


def test_a_socket_without_the_token_is_refused(address: str) -> None:
    with (
        pytest.raises(InvalidStatus),
        connect(f"ws://{host_of(address)}/ws", origin=Origin(f"http://{host_of(address)}")),
    ):
        pass


def test_our_own_page_gets_its_socket(address: str) -> None:
    own = Origin(f"http://{host_of(address)}")
    with connect(f"ws://{host_of(address)}/ws?t={token_of(address)}", origin=own):
        pass


def test_a_page_of_somebody_else_in_the_same_browser_cannot_drive_the_desk(browser: Chromium, address: str) -> None:
    """Another port of this machine is the same site to the browser: the desk's cookie goes along, and is not enough."""
    words = PRYING.replace("HOST", host_of(address))
    with browser.tab(address) as desk, page_of_somebody_else(words) as elsewhere:
        page = desk.page.context.new_page()
        page.goto(elsewhere)
        desk.wait(lambda: page.title() != "trying", "the other page has tried everything")
        assert page.title() == "page:refused socket:refused"


def test_nothing_is_fetched_from_elsewhere(browser: Chromium, address: str) -> None:
    asked = []
    with browser.tab("about:blank", wake=False) as tab:
        tab.page.on("request", lambda request: asked.append(request.url))
        tab.page.goto(address, wait_until="commit")
        tab.wake()
    strangers = [url for url in asked if url.startswith("http") and host_of(url) != host_of(address)]
    assert [url for url in strangers if "rive" not in url] == []  # Flet's client asks for it; the page's policy refuses
