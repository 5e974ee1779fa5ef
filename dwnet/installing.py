"""Fetching what the catalogue offers: to where its engine looks, each file whole and as its source says, or not at all.

Rules of this file:
- Terms are agreed to before the first question is asked; that they were is noted beside the files.
- The small files come first, so that what has its largest file is all there. What is there and right stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import trio

from dwnet import hub
from dwnet.catalogue import AGREED, Offer, folder, kept
from dwnet.errors import NodeError
from dwnet.fetching import PART, PATIENCE, NoRoomToFetch, fetch, megabytes
from dwnet.hub import HubFile, Listing
from dwnet.machine import look
from dwnet.settings import Settings
from dwnet.whole_file import write_whole, writing

SPARE = 64 * 1024 * 1024  # bytes of the disk that are left free: the story is written there too


class TermsNotAccepted(NodeError):
    """{name} may only be fetched by somebody who agrees to its terms:

    {terms} If you agree: dwnet {kind} fetch {name} --accept-terms
    """

    exit_code = 2


def is_agreed(one: Offer, settings: Settings) -> bool:
    """Whether somebody agreed to its terms on this machine, or there are none."""
    return not one.terms or (folder(one, settings) / AGREED).is_file()


def agree(one: Offer, settings: Settings) -> None:
    """Somebody agreed to its terms: noted beside its files, as its engine wants it.

    :raises NoRoomForFile, FileNotWritten:
    """
    with write_whole(folder(one, settings) / AGREED) as file:
        file.write(f"I have read, understood and agreed to the Terms and Conditions.\n\n{one.terms}\n".encode())


async def install(
    one: Offer,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    begun: Callable[[Listing], None] = lambda listing: None,
    came: Callable[[int, int], None] = lambda have, total: None,
    patience: float = PATIENCE,
) -> Path:
    """Fetch it; where it lies then: its folder, a model's file. ``begun`` is told what is fetched before anything is
    written, ``came`` the bytes that are there and how many there are in all.

    Called off or cut, it leaves what came, and goes on from there the next time.

    :raises TermsNotAccepted, NotFetched, NoRoomToFetch, NoRoomForFile, FileNotWritten, and what hub.listing raises:
    """
    if not is_agreed(one, settings):
        raise TermsNotAccepted(name=one.name, terms=one.terms, kind=one.kind)
    where = folder(one, settings)
    listing = await hub.listing(one.repository, one.files, environ, patience)
    begun(listing)
    missing = [file for file in listing.files if not await _is_right(file, listing, where / file.name)]
    _make_room(one, missing, where)
    done = listing.size - sum(file.size for file in missing)
    for file in sorted(missing, key=lambda file: file.size):
        await fetch(
            file.address,
            where / file.name,
            most=file.size,
            came=lambda have, total, before=done: came(before + have, listing.size),  # type: ignore[misc]
            judge=partial(_judge, file, listing.host),
            headers=listing.headers,
            patience=patience,
        )
        done += file.size
    came(listing.size, listing.size)
    return where / listing.files[0].name if one.kind == "model" else where


def remove(one: Offer, settings: Settings) -> None:
    """Take its files from the disk, parts of them too. That its terms were agreed to stays noted.

    :raises FileNotWritten:
    """
    where = folder(one, settings)
    with writing(where):
        for path in (*kept(one, settings), *parts(one, settings)):
            path.unlink(missing_ok=True)
        if where.name == one.name and where.is_dir() and not any(where.iterdir()):
            where.rmdir()


def parts(one: Offer, settings: Settings) -> tuple[Path, ...]:
    """What came of a fetch that was called off or cut."""
    where = folder(one, settings)
    found = where.glob(f"*{PART}") if where.is_dir() else ()
    names = {Path(file).name for file in one.files}
    return tuple(path for path in found if path.name.removesuffix(PART) in names or one.kind != "model")


async def _is_right(file: HubFile, listing: Listing, path: Path) -> bool:
    """Whether a file is here already, and is this one."""
    if not path.is_file():
        return False
    try:
        await trio.to_thread.run_sync(partial(_judge, file, listing.host), path)
    except hub.WrongDigest:
        return False
    return True


def _judge(file: HubFile, host: str, part: Path) -> None:
    hub.check(file, host, part, trio.from_thread.check_cancelled)


def _make_room(one: Offer, missing: list[HubFile], where: Path) -> None:
    """Is there room for all that is missing, before anything of it comes?"""
    free = look(where).disk_free
    left = [where / (file.name + PART) for file in missing]
    needed = sum(file.size for file in missing) - sum(part.stat().st_size for part in left if part.is_file()) + SPARE
    if missing and free < needed:
        raise NoRoomToFetch(name=one.name, needed=megabytes(needed), free=megabytes(free), folder=where)
