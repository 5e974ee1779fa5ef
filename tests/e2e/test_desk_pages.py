"""Pages of the desk that come, go and break off: each costs something only while somebody looks at it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from urllib.parse import urlsplit

import flet as ft
import msgpack
from flet.messaging.protocol import MessageAction
from websockets.sync.client import ClientConnection, connect

from narrator_app.ui.server import end_sessions_that_broke
from tests.kit.served import served

PAGES = 6
PATIENCE = 30.0
REGISTER = {
    "session_id": "",
    "page_name": "",
    "page": {"route": "/", "width": 800, "height": 600, "platform": "linux", "web": True, "pwa": False},
}


def break_off(client: ClientConnection) -> None:
    """The browser is killed: its side of the socket is gone at once, with what was on its way."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


def test_a_page_that_breaks_off_in_the_middle_of_a_patch_ends() -> None:
    end_sessions_that_broke()
    gone = threading.Semaphore(0)

    def main(page: ft.Page) -> None:
        words = ft.Text("")
        left = asyncio.Event()

        def leave(_: object) -> None:
            left.set()
            gone.release()

        async def stream() -> None:
            while not left.is_set():
                words.value = f"{words.value} word"[-4000:]
                words.update()
                await asyncio.sleep(0)

        page.on_disconnect = leave
        page.add(words)
        page.run_task(stream)

    with served(main) as address:
        for _ in range(PAGES):
            with connect(f"ws://{urlsplit(address).netloc}/ws", close_timeout=0) as client:
                client.send(b"\x00" + msgpack.packb([MessageAction.REGISTER_CLIENT.value, REGISTER]))
                while b"word word" not in client.recv(PATIENCE):
                    pass
                break_off(client)
        assert all(gone.acquire(timeout=PATIENCE) for _ in range(PAGES)), "a page that is gone was never told so"
