"""A model server that answers at once, for tests in which it does not matter who writes: what an OpenAI-compatible
server sends, without a model.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuickWriter:
    """What the server says, and how. All may be changed while it runs.

    ``gate`` is passed after every word from number ``stops_at`` on: clear it, and a reply stops there. ``seconds`` is
    the time from one word to the next. ``lines`` holds what certain characters say next, by name; who is not in it says
    ``words``.
    """

    def __init__(self) -> None:
        self.url = ""
        self.words = "I hear you. The night is long, and I am here."
        self.lines: dict[str, deque[str]] = {}
        self.models_answer: bytes | None = None
        self.status = 200
        self.key = ""
        self.gate = threading.Event()
        self.gate.set()
        self.stops_at = 1
        self.seconds = 0.0
        self.replies = 0
        self.prompts: list[str] = []
        self.over = threading.Event()

    def reply(self, asked: str) -> str:
        """What whoever ``asked`` is about says: its next line, or a numbered one."""
        name = re.search(r"You are (\w+)", asked)
        lines = self.lines.get(name[1]) if name else None
        return lines.popleft() if lines else self.numbered()

    def numbered(self) -> str:
        """The next reply; each is another one."""
        self.replies += 1
        return f"{self.words} That is my {self.replies}th word on it." if self.words.isascii() else self.words


def _handler(writer: QuickWriter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

        def _answer(self, body: bytes, kind: str = "application/json", status: int | None = None) -> None:
            self.send_response(status or writer.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _refused(self) -> bool:
            if writer.key and self.headers.get("Authorization") != f"Bearer {writer.key}":
                self._answer(b'{"error":{"message":"wrong key"}}', status=401)
                return True
            return False

        def do_GET(self) -> None:
            if not self._refused():
                self._answer(writer.models_answer or b'{"object":"list","data":[{"id":"quick"}]}')

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            writer.prompts.append(asked)
            if self._refused():
                return
            if writer.status != 200:
                self._answer(b'{"error":{"message":"out of order"}}')
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for index, word in enumerate(writer.reply(asked).split(" ")):
                    self._event({"choices": [{"delta": {"content": (" " if index else "") + word}}]})
                    writer.over.wait(writer.seconds)
                    while index + 1 >= writer.stops_at and not writer.gate.wait(0.1):
                        if writer.over.is_set():
                            return
                self._event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
                self.wfile.write(b"data: [DONE]\n\n")
            except OSError:
                return  # whoever asked is gone

        def _event(self, event: object) -> None:
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()

    return Handler


@contextmanager
def quick_writer(host: str = "127.0.0.1") -> Iterator[QuickWriter]:
    """The server on a free port of ``host``, an address of this machine, while entered."""
    writer = QuickWriter()
    server = ThreadingHTTPServer((host, 0), _handler(writer))
    server.daemon_threads = True
    writer.url = f"http://{host}:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield writer
    finally:
        writer.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
