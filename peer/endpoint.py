"""A request to an OpenAI-compatible server, for writers and speakers alike. The only file that imports httpx.

Rules of this file:
- The key is sent, and appears nowhere else: a server's own words are shown without it.
- Redirects are not followed, so that the key and the story go only where the user said.
- A proxy of the environment is not asked for servers on this machine or its network.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import trio

from peer.writer.errors import EndpointKeyRefused, EndpointRefused, EndpointRubbish, EndpointUnreachable
from peer.writer.guard import plain
from protocol import limits

if TYPE_CHECKING:
    import httpx

    Answer: TypeAlias = httpx.Response

CONNECT_SECONDS = 10.0
SHOWN = 200  # characters of a server's own words


class Endpoint:
    """``url`` is the base address (as http://127.0.0.1:11434/v1). Whoever asks has a clock of its own: here only the
    connecting is timed.
    """

    def __init__(self, url: str, key: str | None) -> None:
        parts = urlsplit(url)
        self._url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        self.shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._is_near = _is_near(parts.hostname or "")
        self._key = (key or "").strip()
        self._client: httpx.AsyncClient | None = None

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            key = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
                trust_env=not self._is_near,
                headers={"Accept-Encoding": "identity"} | key,
            )
        return self._client

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            with trio.CancelScope(shield=True):
                await client.aclose()

    @asynccontextmanager
    async def ask(self, path: str, body: dict[str, Any] | None = None) -> AsyncIterator[Answer]:
        """Send ``body``, or ask without one, and give the answer whose body is still to be read.

        :raises EndpointUnreachable, EndpointRubbish, EndpointKeyRefused, EndpointRefused: as they say.
        """
        client = self._open()
        import httpx

        try:
            async with client.stream("GET" if body is None else "POST", f"{self._url}/{path}", json=body) as response:
                if response.status_code != 200:
                    await self._refuse(response)
                yield response
        except httpx.ConnectError as error:
            raise EndpointUnreachable(url=self.shown, why=self.told(str(error) or "no connection")) from None
        except httpx.ConnectTimeout:
            raise EndpointUnreachable(url=self.shown, why=f"no connection in {CONNECT_SECONDS:g} seconds") from None
        except (httpx.RemoteProtocolError, httpx.DecodingError) as error:
            raise EndpointRubbish(url=self.shown, why=self.told(str(error))) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EndpointUnreachable(url=self.shown, why=self.told(str(error) or "the connection broke")) from None

    async def whole(self, response: Answer) -> bytes:
        """All of an answer. Raises EndpointRubbish beyond ``limits.ENDPOINT_ANSWER`` bytes."""
        body = b""
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > limits.ENDPOINT_ANSWER:
                raise EndpointRubbish(url=self.shown, why="it does not end")
        return body

    async def _refuse(self, response: Answer) -> None:
        status = response.status_code
        if status in (401, 403):
            raise EndpointKeyRefused(url=self.shown, status=status)
        text = (await self.whole(response)).decode("utf-8", "replace")
        try:
            why = self.reason(json.loads(text))
        except (ValueError, RecursionError):
            why = self.told(text) or response.reason_phrase
        raise EndpointRefused(url=self.shown, status=status, why=why)

    def reason(self, body: object) -> str:
        """What a server gives as its reason, in whichever place it does."""
        error = body.get("error") or body.get("detail") or body.get("message") if isinstance(body, dict) else body
        return self.told(str(error.get("message", error) if isinstance(error, dict) else error))

    def told(self, text: str) -> str:
        """A server's words, fit to be shown: without the key, on one line, and short."""
        shown = text.replace(self._key, "…") if self._key else text
        return " ".join(plain(shown).split())[:SHOWN]


def _is_near(host: str) -> bool:
    """Is this machine or its network meant?"""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith(".local") or "." not in host
