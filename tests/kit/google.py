"""Google's speech, as gTTS asks for it, on this machine: a proxy that answers for the host it is asked to reach.

gTTS does not check whom it is connected to, so a certificate of our own will do.
"""

from __future__ import annotations

import base64
import datetime
import io
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import unquote_plus

import soundfile
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kit.sounds import samples_of, tone

LETTER = 0.05  # seconds
RATE = 24_000  # Hz


@dataclass
class Google:
    """``asked`` holds host, text, language and whether it was to be slow. ``silent``: it takes every call and says
    nothing.
    """

    proxy: str = ""
    silent: bool = False
    asked: list[tuple[str, str, str, bool]] = field(default_factory=list)

    async def serve(self, context: ssl.SSLContext, connection: trio.SocketStream) -> None:
        try:
            line = await _head(connection)
            host = line.split(" ")[1].partition(":")[0]
            if self.silent:
                await trio.sleep_forever()
            await connection.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            secure = trio.SSLStream(connection, context, server_side=True, https_compatible=True)
            await self._answer(secure, host)
            await secure.aclose()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # whoever asked has gone

    async def _answer(self, stream: trio.SSLStream[trio.SocketStream], host: str) -> None:
        head = await _head(stream)
        length = int((re.search(r"(?i)content-length: *(\d+)", head) or ["", "0"])[1])
        body = b""
        while len(body) < length:
            body += await stream.receive_some()
        call = json.loads(unquote_plus(body.decode())[len("f.req=") :].rstrip("&"))
        text, language, speed, _ = json.loads(call[0][0][1])
        self.asked.append((host, text, language, bool(speed)))
        file = io.BytesIO()
        letters = sum(map(str.isalnum, text))
        sound = tone(300, letters * LETTER * (2 if speed else 1), rate=RATE)
        soundfile.write(file, samples_of(sound), RATE, format="MP3")
        said = base64.b64encode(file.getvalue()).decode()
        answer = f')]}}\'\n\n[["wrb.fr","jQ1olc","[\\"{said}\\"]",null,null,null,"generic"]]\n'.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n"
        await stream.send_all(f"{head}Connection: close\r\n\r\n".encode() + answer)


@asynccontextmanager
async def google(folder: Path) -> AsyncIterator[Google]:
    """It answers as long as it is entered, to whoever has ``proxy`` for a proxy. ``folder`` gets its certificate."""
    served, context = Google(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, partial(served.serve, context), 0, host="127.0.0.1")
        listeners = await nursery.start(serve)
        served.proxy = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        yield served
        nursery.cancel_scope.cancel()


async def _head(stream: trio.abc.ReceiveStream) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = await stream.receive_some(1)
        if not more:
            raise trio.BrokenResourceError
        head += more
    return head.decode()


def _certificate(folder: Path) -> Path:
    """A key and a certificate that nobody should trust, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "translate.google.com")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "google.pem"
    path.write_bytes(pem + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path
