"""A small Flet program on loopback: for tests of the browser kit, and as what latency is held against."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from flet_web.fastapi import app

from tests.kit.flet_page import Main

PATIENCE = 30.0


@contextmanager
def served(main: Main) -> Iterator[str]:
    """Serve ``main`` from a thread of its own; its address. Everything it loads comes from this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # whoever comes before the server has started waits
        server = uvicorn.Server(uvicorn.Config(app(main, no_cdn=True), log_level="error", lifespan="on"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join(PATIENCE)
