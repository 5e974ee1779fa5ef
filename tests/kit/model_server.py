"""Model servers: the real one that llama-cpp-python brings along, and one that says exactly what a test tells it to."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import trio

from peer.writer.model_file import embedded_model

MODEL = "smollm2"


@contextmanager
def model_server(key: str) -> Iterator[str]:
    """``llama_cpp.server`` with the embedded model on a free port of this machine; gives its base address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "llama_cpp.server", "--model", str(embedded_model()), "--model_alias", MODEL,
         "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "2048", "--n_threads", "1", "--n_threads_batch", "1",
         "--api_key", key],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert server.stderr is not None
    try:
        for said in server.stderr:
            if "Uvicorn running" in said:
                break
        else:
            raise AssertionError("the model server ended before it listened")
        drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
        yield f"http://127.0.0.1:{port}/v1"
        drain.kill()
        drain.wait()
    finally:
        server.kill()
        server.wait()
        server.stderr.close()


MODELS = b'{"object":"list","data":[{"id":"tiny:latest"},{"id":"other"}]}'


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """An HTTP answer that ends with its connection."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode() + body


def stream(*events: str) -> bytes:
    """A stream of server-sent events; each of ``events`` is one event's data."""
    return answer("".join(f"data: {event}\n\n" for event in events).encode(), kind="text/event-stream")


@asynccontextmanager
async def canned_server(answers: dict[str, Sequence[bytes | None]]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that sends, for each path, the given chunks; None in their place waits for ever.

    Gives its base address and the list of requests as they came. Unknown paths get 404.
    """
    requests: list[bytes] = []

    async def serve(connection: trio.SocketStream) -> None:
        request = b""
        try:
            while b"\r\n\r\n" not in request:
                request += await connection.receive_some()
            head, _, body = request.partition(b"\r\n\r\n")
            length = int((re.search(rb"(?i)content-length: *(\d+)", head) or [b"", b"0"])[1])
            while len(body) < length:
                body += await connection.receive_some()
            requests.append(head + b"\r\n\r\n" + body)
            path = head.split(b" ")[1].decode().removeprefix("/v1")
            for chunk in answers.get(path, [answer(b'{"detail":"Not Found"}', status="404 Not Found")]):
                if chunk is None:
                    await trio.sleep_forever()
                else:
                    await connection.send_all(chunk)
        except trio.BrokenResourceError:
            pass
        finally:
            await connection.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        yield f"http://127.0.0.1:{port}/v1", requests
        nursery.cancel_scope.cancel()
