"""A loopback server that has one file, and gives it badly in every way that files are given badly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does. ``cuts``: after how many bytes of an answer the connection ends, one for each request;
    when they are used up, answers are whole. ``asked``: the Range header of each request so far.
    """

    data: bytes
    status: int = 200
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True  # whether it can give a part of the file
    length: int | None = None  # what it says the length is, if not the true one
    silent: bool = False  # takes the request and never answers
    says_length: bool = True
    elsewhere: str = ""  # an address to go to instead
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """The address of a server that behaves like this while entered."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, behaviour, ended)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/client.tar.gz"
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, behaviour: Behaviour, ended: threading.Event) -> None:
    wanted = handler.headers.get("Range", "")
    behaviour.asked.append(wanted)
    handler.close_connection = True
    if behaviour.silent:
        ended.wait()
        return
    if behaviour.elsewhere:
        handler.send_response(302)
        handler.send_header("Location", behaviour.elsewhere)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and behaviour.ranges else 0
    whole = behaviour.length if behaviour.length is not None else len(behaviour.data)
    body = behaviour.data[start:]
    if start >= whole and wanted and behaviour.ranges:
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{whole}")
        body = b""
    elif start:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
    else:
        handler.send_response(behaviour.status)
    if behaviour.says_length:
        handler.send_header("Content-Length", str(whole - start if body else 0))
    handler.end_headers()
    cut = behaviour.cuts.pop(0) if behaviour.cuts else len(body)
    handler.wfile.write(body[:cut])
    handler.wfile.flush()
