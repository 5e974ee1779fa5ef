"""A loopback server in the shape of Hugging Face's: the list of a repository's files with sizes and digests, and the
files themselves. It cuts the line, lies and refuses where a test wants it to.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
LARGE = 10_000  # bytes from which on a file has a SHA-256, as those in Git LFS have
PIECE = 65_536


@dataclass
class MadeUpHub:
    """``files``: those of each repository. ``cuts``: after how many bytes of a file the line is cut, one for each
    request; used up, answers are whole. ``lies``: files whose digest is told wrong. ``status`` and ``file_status``:
    what the list and the files are answered with. ``silent``: no answer at all; ``stops_at``: bytes of a file after
    which nothing more comes, until ``go_on`` is set. ``asked``: path and Range of each request so far.
    """

    files: dict[str, dict[str, bytes]]
    cuts: list[int] = field(default_factory=list)
    lies: set[str] = field(default_factory=set)
    status: int = 200
    file_status: int = 200
    silent: bool = False
    stops_at: int | None = None
    go_on: threading.Event = field(default_factory=threading.Event)
    licence: str = "mit"
    portal: bool = False  # a page that wants a login, in place of every list
    asked: list[tuple[str, str]] = field(default_factory=list)
    logins: set[str] = field(default_factory=set)
    url: str = ""

    def fetched(self) -> list[str]:
        """The files that were asked for, without their folders, in order."""
        return [path.rsplit("/", 1)[1] for path, _ in self.asked if "/resolve/" in path]

    def told(self, repository: str) -> dict[str, Any]:
        """What the list says."""
        siblings = [self._sibling(name, data) for name, data in self.files[repository].items()]
        facts = {"id": repository, "modelId": repository, "sha": REVISION, "private": False, "tags": []}
        return {**facts, "cardData": {"license": self.licence}, "siblings": siblings}

    def _sibling(self, name: str, data: bytes) -> dict[str, Any]:
        lie = b"!" if name in self.lies else b""
        git = hashlib.sha1(b"blob %d\0" % len(data) + data + lie, usedforsecurity=False).hexdigest()
        one: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": git}
        if len(data) >= LARGE:
            digest = hashlib.sha256(data + lie).hexdigest()
            one["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
        return one


@contextmanager
def serving_hub(hub: MadeUpHub) -> Iterator[MadeUpHub]:
    """The server, while entered; ``hub.url`` is its address, for HF_ENDPOINT."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(ConnectionError):  # whoever asked was stopped by the test
                _answer(self, hub, ended)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        ended.set()
        hub.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, hub: MadeUpHub, ended: threading.Event) -> None:
    path = unquote(urlsplit(handler.path).path)
    hub.asked.append((path, handler.headers.get("Range", "")))
    hub.logins.add(handler.headers.get("Authorization", ""))
    handler.close_connection = True
    if hub.silent:
        ended.wait()
    elif path.startswith("/api/models/"):
        repository = path.removeprefix("/api/models/")
        known = repository in hub.files
        if hub.portal:
            _send(handler, 200, b"<html>Welcome to our hotel.</html>", "text/html")
        elif hub.status != 200 or not known:
            _send(handler, hub.status if hub.status != 200 else 404, b'{"error": "no"}')
        else:
            _send(handler, 200, json.dumps(hub.told(repository)).encode())
    else:
        repository, _, rest = path.removeprefix("/").partition("/resolve/")
        data = hub.files.get(repository, {}).get(rest.partition("/")[2])
        if data is None or hub.file_status != 200:
            _send(handler, 404 if data is None else hub.file_status, b"no")
        else:
            _give(handler, hub, data)


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "application/json") -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _give(handler: BaseHTTPRequestHandler, hub: MadeUpHub, data: bytes) -> None:
    wanted = handler.headers.get("Range", "")
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
    if start >= len(data):
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(data)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(206 if wanted else 200)
    if wanted:
        handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    handler.send_header("Content-Length", str(len(data) - start))
    handler.end_headers()
    cut = hub.cuts.pop(0) if hub.cuts else len(data)
    for at in range(start, min(len(data), start + cut), PIECE):
        if hub.stops_at is not None and at >= hub.stops_at:
            hub.go_on.wait()
        handler.wfile.write(data[at : min(at + PIECE, start + cut)])
        handler.wfile.flush()
