"""Files from the network that this program asks for by itself: whole, or as a part that goes on the next time.

Rules of this file:
- Nothing is fetched behind anybody's back: the caller says what and from where before the first byte.
- Every wait is bounded, the look-up of a name too. What came is kept as ``NAME.part`` and is not asked for again.
- A file gets its name when it is as long as the other side said, and when the caller has judged what it holds.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import trio

from dwnet.errors import NodeError
from dwnet.whole_file import settle, writing

PART = ".part"
PATIENCE = 10.0  # seconds without a byte
ATTEMPTS = 5  # connections for one file, each of which brought something
_EXTENT = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")

Came = Callable[[int, int], None]
Judge = Callable[[Path], None]


class NotFetched(NodeError):
    """{name} could not be fetched from {host}: {why}.

    Is this machine online? What came so far is kept, and the next try goes on from there.
    """


class NoRoomToFetch(NodeError):
    """There is too little room on the disk for {name}: {needed} MB are needed in {folder}, {free} MB are free.

    Free some space there, then try again.
    """


def fetch_now(
    url: str, path: Path, *, most: int, room: int, begun: Callable[[int], None], came: Came, patience: float
) -> None:
    """:func:`fetch`, for a caller that has no event loop yet. Ctrl-C ends it; what came is kept."""
    trio.run(partial(fetch, url, path, most=most, room=room, begun=begun, came=came, patience=patience))


async def fetch(
    url: str,
    path: Path,
    *,
    most: int,
    room: int = 1,
    begun: Callable[[int], None] = lambda total: None,
    came: Came = lambda have, total: None,
    judge: Judge | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> None:
    """Fetch ``url`` (http or https) to ``path``, going on with the part that an earlier try left.

    ``most``: bytes that the file may have. ``room``: how many times its size the disk must have free. ``begun`` is
    called once with the size, before anything is written; ``came`` with the bytes that are there and their total.
    ``judge`` is called in a thread with all that came, before it gets its name: where it raises NodeError, that is
    thrown away. ``headers`` go with the question, and to no other host than the one of ``url``.

    :raises NotFetched, NoRoomToFetch, NoRoomForFile, FileNotWritten: and ``path`` is as it was.
    """
    import httpx

    coming = _Coming(url, path, most, room, begun, came, patience)
    if _host(url) is None:
        raise coming.failed("that is no address of a file")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    timeout = httpx.Timeout(patience)
    asked = {**(headers or {}), "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(follow_redirects=True, timeout=timeout, headers=asked) as web:
        for _ in range(ATTEMPTS):
            before = coming.have()
            try:
                with trio.fail_after(
                    patience
                ) as coming.scope:  # moved on with every byte: a name may take for ever too
                    await coming.once(web)
                break
            except (httpx.HTTPError, trio.TooSlowError) as error:
                if coming.have() <= before:  # a connection that was cut is tried again as long as each one brings some
                    raise coming.failed(_why(error, patience)) from error
        else:
            raise coming.failed(f"the connection broke off {ATTEMPTS} times")
    if judge is not None:
        await _judged(judge, coming.part)
    with writing(path):
        await trio.to_thread.run_sync(settle, coming.part, path)


async def _judged(judge: Judge, part: Path) -> None:
    try:
        await trio.to_thread.run_sync(judge, part)
    except NodeError:
        part.unlink(missing_ok=True)
        raise


class _Coming:
    """One file on its way."""

    def __init__(
        self, url: str, path: Path, most: int, room: int, begun: Callable[[int], None], came: Came, patience: float
    ) -> None:
        self.part = path.with_name(path.name + PART)
        self.scope = trio.CancelScope()
        self._url, self._path, self._most, self._room = url, path, most, room
        self._begun, self._came, self._patience = begun, came, patience
        self._told = False

    def have(self) -> int:
        """Bytes that are there."""
        return self.part.stat().st_size if self.part.exists() else 0

    def failed(self, why: str) -> NotFetched:
        return NotFetched(name=self._path.name, host=_host(self._url) or self._url, why=why)

    async def once(self, web: object) -> None:
        """One connection: all that is missing, or an error."""
        import httpx

        assert isinstance(web, httpx.AsyncClient)
        have = self.have()
        wanted = {"Range": f"bytes={have}-"} if have else {}
        async with web.stream("GET", self._url, headers=wanted) as reply:
            start, total = _extent(reply.status_code, reply.headers)
            if reply.status_code == 416 and total == have:
                return  # it was all there, and only its name was missing
            if reply.status_code == 416 or (reply.status_code == 206 and (start != have or total is None)):
                self.part.unlink(missing_ok=True)
                raise self.failed("it has changed there since the first part came")
            if reply.status_code not in (200, 206):
                raise self.failed(f"the answer was {reply.status_code} {reply.reason_phrase}".rstrip())
            if total is None or not 0 < total <= self._most:
                raise self.failed(f"what is there cannot be it ({total if total is not None else 'unknown'} bytes)")
            self._begin(total)
            with writing(self._path):
                async with await trio.open_file(self.part, "ab" if reply.status_code == 206 else "wb") as file:
                    there = start
                    async for piece in reply.aiter_raw():
                        there += len(piece)
                        await file.write(piece)
                        self._came(there, total)
                        self.scope.deadline = trio.current_time() + self._patience
        if self.have() != total:
            self.part.unlink(missing_ok=True)
            raise self.failed(f"{there} bytes came instead of {total}")

    def _begin(self, total: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if free < (total - self.have()) + total * (self._room - 1):
            needed = total * self._room
            raise NoRoomToFetch(
                name=self._path.name, needed=megabytes(needed), free=megabytes(free), folder=self.part.parent
            )
        if not self._told:
            self._told = True
            self._begun(total)


def _host(url: str) -> str | None:
    """Host and port of a web address; None when it is none."""
    try:
        parts = urlsplit(url)
        return parts.netloc if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def _extent(status: int, headers: Mapping[str, str]) -> tuple[int, int | None]:
    """Where the bytes of an answer begin in the file, and how many the file has; None when it does not say."""
    if status in (206, 416):
        match = _EXTENT.fullmatch(headers.get("content-range", "").strip())
        return (int(match[1] or 0), int(match[2])) if match else (0, None)
    length = headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() else None


def _why(error: Exception, patience: float) -> str:
    import httpx

    if isinstance(error, trio.TooSlowError | httpx.TimeoutException):
        return f"nothing came for {patience:g} seconds"
    if isinstance(error, httpx.ConnectError):
        return "it cannot be reached"
    return "the connection broke off"


def megabytes(count: int) -> str:
    """Bytes as people say them: one digit behind the point below ten."""
    return f"{count / 1e6:.1f}" if count < 10e6 else f"{count / 1e6:.0f}"


def amount(count: int) -> str:
    """Bytes with their unit: two digits are enough to compare by."""
    return f"{count / 1e9:.{1 if count < 9.95e9 else 0}f} GB" if count >= 999.5e6 else f"{megabytes(count)} MB"
