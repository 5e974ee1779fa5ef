"""Hugging Face: what a repository there holds, with the size and digest of every file. The only file that knows it.

Rules of this file:
- Its own client asks, with the login that this account has there, if any. Nothing but the question is sent: the
  client's habit of telling what else is installed is off.
- The client blocks, so it asks in a thread that is left behind when nobody waits any more.
- What the list says is a stranger's: names, sizes and digests are checked before anything is done with them. The bytes
  themselves are fetched by dwnet/fetching.py: the client's own downloader throws away what came when it is interrupted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import trio

from dwnet.errors import NodeError
from dwnet.fetching import PATIENCE
from dwnet.text import one_line

PIECE = 1024 * 1024  # bytes that are read of a file at a time
NAME = 200  # characters of a file's name
LICENCE = 80  # characters of a licence's name


class HubAway(NodeError):
    """{host} cannot be reached: {why}.

    Everything that is on this machine already goes on working. Connect it to the network, then try again; what came so
    far is kept. HF_ENDPOINT names a mirror, if you have one.
    """


class HubBusy(NodeError):
    """{host} asks for patience: too many questions came from your network ({why}).

    Wait some minutes, then try again; what came so far is kept.
    """


class HubOdd(NodeError):
    """{host} did not answer as it should: {why}.

    Try again later. If you set HF_ENDPOINT, check the address.
    """


class NoRepository(NodeError):
    """There is no repository {repository} at {host}, or it is not open to you.

    Check the name: OWNER/REPOSITORY. If it asks who you are, agree to its terms on its page, and log in with:
    hf auth login
    """

    exit_code = 2


class NoSuchFile(NodeError):
    """The repository {repository} has no file {wanted}.

    It has: {there}.
    """

    exit_code = 2


class WrongDigest(NodeError):
    """What came as {name} is not what {host} says it is: {why}. It was thrown away.

    Fetch it again. If the same happens twice, something on the way changes files: do not use it.
    """


@dataclass(frozen=True)
class HubFile:
    """One file: where it stands in the repository, from where it is fetched, its bytes, and their SHA-256, or, for a
    small file, the SHA-1 that git gives it; in hexadecimal, one of them "".
    """

    path: str
    address: str
    size: int
    sha256: str
    git: str

    @property
    def name(self) -> str:
        """What it is called without its folders."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class Listing:
    """The files that were asked for, of one state of the repository. ``headers`` go with every question about them;
    ``licence`` is "" where the repository names none.
    """

    host: str
    files: tuple[HubFile, ...]
    licence: str
    headers: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)


async def listing(
    repository: str, wanted: Sequence[str], environ: Mapping[str, str], patience: float = PATIENCE
) -> Listing:
    """The files of a repository that ``wanted`` names: paths, or patterns such as ``vocabulary.*``, each of which fits
    at least one.

    :raises HubAway, HubBusy, HubOdd, NoRepository, NoSuchFile:
    """
    endpoint = (environ.get("HF_ENDPOINT") or "").rstrip("/")
    try:
        with trio.fail_after(3 * patience):  # the client's own patience does not cover the look-up of a name
            return await trio.to_thread.run_sync(
                partial(_ask, repository, tuple(wanted), endpoint, patience), abandon_on_cancel=True
            )
    except trio.TooSlowError as error:
        raise HubAway(host=_host(endpoint), why=f"no answer came within {3 * patience:g} seconds") from error


def check(file: HubFile, host: str, part: Path, came: Callable[[], None] = lambda: None) -> None:
    """Is this what the list said? ``came`` is called now and then, and may raise.

    :raises WrongDigest:
    """
    size = part.stat().st_size
    if size != file.size:
        raise WrongDigest(name=file.name, host=host, why=f"it has {size} bytes instead of {file.size}")
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with part.open("rb") as opened:
        while piece := opened.read(PIECE):
            digest.update(piece)
            came()
    if digest.hexdigest() != (file.sha256 or file.git):
        raise WrongDigest(name=file.name, host=host, why="its digest is another one")


def _ask(repository: str, wanted: tuple[str, ...], endpoint: str, patience: float) -> Listing:
    from huggingface_hub import HfApi, constants, hf_hub_url
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )
    from huggingface_hub.utils import build_hf_headers

    constants.HF_HUB_DISABLE_TELEMETRY = True
    host = _host(endpoint)
    try:
        api = HfApi(endpoint=endpoint or None)
        about = api.model_info(repository, files_metadata=True, timeout=patience)
        revision = str(about.sha)
        found = [
            HubFile(
                str(one.rfilename),
                str(hf_hub_url(repository, one.rfilename, revision=revision, endpoint=endpoint or None)),
                int(one.size or 0),
                str(one.lfs.sha256) if one.lfs else "",
                str(one.blob_id or ""),
            )
            for one in about.siblings or ()
        ]
        headers = {key: value for key, value in build_hf_headers().items() if key.lower() == "authorization"}
        licence = one_line(str(about.card_data.get("license") or ""), LICENCE) if about.card_data else ""
    except OfflineModeIsEnabled as error:
        raise HubAway(host=host, why="the variable HF_HUB_OFFLINE says that this machine stays offline") from error
    except (RepositoryNotFoundError, GatedRepoError, HFValidationError) as error:
        raise NoRepository(repository=repository, host=host) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status == 429:
            raise HubBusy(host=host, why="429 Too Many Requests") from error
        if status in (401, 403, 404):
            raise NoRepository(repository=repository, host=host) from error
        raise HubOdd(host=host, why=f"the answer was {status}") from error
    except HTTPError as error:
        raise HubAway(host=host, why=_why(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # a portal that wants a login, say
        raise HubOdd(host=host, why="what came is no list of files") from error
    return Listing(host, _picked(repository, wanted, found), licence, headers)


def _picked(repository: str, wanted: Sequence[str], found: Sequence[HubFile]) -> tuple[HubFile, ...]:
    """Those that are wanted and fit to be kept, each once."""
    picked: dict[str, HubFile] = {}
    for pattern in wanted:
        fitting = [one for one in found if fnmatchcase(one.path, pattern) and _is_fit(one)]
        if not fitting:
            raise NoSuchFile(repository=repository, wanted=pattern, there=_some(found, pattern))
        picked |= {one.name: one for one in fitting}
    return tuple(picked.values())


def _some(found: Sequence[HubFile], pattern: str) -> str:
    """A few names, those of the same kind first."""
    ending = PurePosixPath(pattern).suffix
    alike = sorted(found, key=lambda one: (PurePosixPath(one.path).suffix != ending, one.path))
    return ", ".join(one_line(one.path, NAME) for one in alike[:12]) or "nothing"


def _is_fit(one: HubFile) -> bool:
    """A name that can be a file's here, with a size and a digest to hold it to."""
    name = one.name
    plain = (
        ".." not in PurePosixPath(one.path).parts
        and name.isprintable()
        and not name.startswith(".")
        and "\\" not in name
        and ":" not in name
    )
    return plain and 0 < len(name) <= NAME and one.size > 0 and len(one.sha256 or one.git) in (40, 64)


def _host(endpoint: str) -> str:
    return urlsplit(endpoint).netloc or "Hugging Face"


def _why(error: Exception) -> str:
    name = type(error).__name__
    if "Timeout" in name:
        return "no answer came in time"
    return "there is no way to it from here" if "Connect" in name else "the connection broke off"
