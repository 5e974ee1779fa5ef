"""Flet's desktop client, the program that draws the desk's window: is it here, and fetching it where it is not.

Rules of this file:
- Where the client lies, how it is called and how it is unpacked is Flet's business; it is asked, never second-guessed.
- Flet itself fetches without a word, without bounds, and leaves the archive behind. So the archive is fetched here, and
  Flet is given it as a file.
- Called before an event loop runs: everything here may wait.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dwnet.errors import NodeError
from dwnet.fetching import PATIENCE, fetch_now

RELEASE = "https://github.com/flet-dev/flet/releases/download/v{version}/{artifact}"
FROM = "FLET_CLIENT_URL"  # Flet's own variable for another place to fetch from, also file:///…
NOWHERE = "file:///nowhere"
MOST = 400_000_000  # bytes of the archive; the largest of 1.0.5, for Windows, has some 40 million
ROOM = 5  # times its size: the archive, Flet's own copy of it, and what is in it

logger = logging.getLogger(__name__)

Said = Callable[[str, str, int], None]


class ClientUnusable(NodeError):
    """What was fetched as the desk's window cannot be unpacked ({why}).

    It was thrown away, and the next start fetches it anew; if that does not help, open the desk with --web.
    """


def present(environ: Mapping[str, str]) -> bool:
    """Whether Flet finds a client on this machine: named by FLET_VIEW_PATH, bundled or fetched earlier."""
    named = environ.get("FLET_VIEW_PATH", "")
    if named and any((Path(named) / one).exists() for one in ("flet", "flet.exe", "Flet.app")):
        return True
    try:
        _unpack(NOWHERE)
    except Exception:  # nothing to unpack, or a bundled archive that is broken: in either case one must be fetched
        logger.info("there is no desktop client here", exc_info=True)
        return False
    return True


@contextlib.contextmanager
def started() -> Iterator[list[Process]]:
    """The processes of the client that Flet starts while this is entered. Flet gives no hold of them, and one that does
    not end when it is asked to would keep the desk open for ever.
    """
    import flet_desktop

    processes: list[Process] = []
    usual = flet_desktop.open_flet_view_async

    async def kept(page_url: str, assets_dir: str, hidden: bool) -> tuple[Process, str]:
        process, note = await usual(page_url, assets_dir, hidden)
        processes.append(process)
        return process, note

    flet_desktop.open_flet_view_async = kept
    try:
        yield processes
    finally:
        flet_desktop.open_flet_view_async = usual


def archive(environ: Mapping[str, str]) -> tuple[str, str]:
    """Name and address of the archive that fits this machine, as Flet would fetch it."""
    import flet_desktop
    import flet_desktop.version

    artifact = flet_desktop.get_artifact_filename()
    return artifact, environ.get(FROM) or RELEASE.format(version=flet_desktop.version.version, artifact=artifact)


def version() -> str:
    """Of the client that belongs to this program."""
    import flet_desktop.version

    return str(flet_desktop.version.version)


def folder() -> Path:
    """Where Flet keeps its clients for this account."""
    return Path.home() / ".flet" / "client"


def obtain(
    environ: Mapping[str, str],
    *,
    begun: Said,
    came: Callable[[int, int], None],
    patience: float = PATIENCE,
) -> None:
    """Fetch the client and have Flet unpack it. ``begun`` is told name, address and size before anything is written;
    ``came`` bytes that came and how many there are.

    :raises NotFetched, NoRoomToFetch, NoRoomForFile, FileNotWritten, ClientUnusable:
    """
    artifact, address = archive(environ)
    if urlsplit(address).scheme == "file":
        _unpacked(address)
        return
    kept = folder() / f"{version()}-{artifact}"
    fetch_now(
        address,
        kept,
        most=MOST,
        room=ROOM,
        begun=lambda size: begun(artifact, address, size),
        came=came,
        patience=patience,
    )
    try:
        _unpacked(kept.as_uri())
    finally:
        kept.unlink(missing_ok=True)


def _unpacked(address: str) -> None:
    try:
        _unpack(address)
    except Exception as error:  # whatever a broken archive makes tarfile, zipfile or Flet raise
        raise ClientUnusable(why=str(error) or type(error).__name__) from error


def _unpack(address: str) -> None:
    """Have Flet find its client, or unpack it from here. Flet talks on stdout and leaves its copy of the archive in the
    temporary folder: neither reaches anybody.
    """
    import flet_desktop

    with tempfile.TemporaryDirectory(prefix="dwnet-") as copies, _told(address), _copies_in(copies):
        with contextlib.redirect_stdout(io.StringIO()):
            flet_desktop.ensure_client_cached()


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    before = os.environ.get(FROM)
    os.environ[FROM] = address
    try:
        yield
    finally:
        if before is None:
            del os.environ[FROM]
        else:
            os.environ[FROM] = before


@contextlib.contextmanager
def _copies_in(place: str) -> Iterator[None]:
    before, tempfile.tempdir = tempfile.tempdir, place
    try:
        yield
    finally:
        tempfile.tempdir = before
