"""What can be fetched: voices, ears and writers, each with where it comes from, what it needs, and where it goes.

Rules of this file:
- What stands in ``data/catalogue`` is advice for people; sizes there are about right. What is fetched is held to what
  its source says at that time, and no digest stands here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

from dwnet import shipped
from dwnet.errors import NodeError
from dwnet.fetching import amount
from dwnet.machine import Machine
from dwnet.settings import Settings

Kind = Literal["voice", "ear", "model"]
KINDS: tuple[Kind, ...] = ("voice", "ear", "model")
MEGABYTE = 1_000_000
# Bytes of a model for each core, with which a laptop without a graphics card still writes as fast as people read aloud.
# A rule of thumb: each word reads the whole model once, and a core reads some GB a second.
QUICK = 600 * MEGABYTE
AGREED = "tos_agreed.txt"  # the note that Coqui's own program looks for beside a model


class NoSuchOffer(NodeError):
    """There is no {kind} called {name} that could be fetched.

    There are: {known}.{more}
    """

    exit_code = 2


@dataclass(frozen=True)
class Offer:
    """One thing that can be fetched. ``files``: paths in the repository, or patterns. ``size`` and ``memory`` in bytes,
    0 where nobody knows yet. ``terms``: what has to be agreed to first, or "".
    """

    kind: Kind
    name: str
    engine: str
    repository: str
    files: tuple[str, ...]
    language: str = ""
    size: int = 0
    memory: int = 0
    licence: str = ""
    about: str = ""
    sample: str = ""
    terms: str = ""


@dataclass(frozen=True)
class Standing:
    """An offer on this machine. ``why_not``: why it does not fit, "" when it does. ``best``: of the writers that fit,
    the largest that is still quick enough here.
    """

    offer: Offer
    here: bool
    why_not: str = ""
    best: bool = False


@cache
def offers(kind: Kind) -> tuple[Offer, ...]:
    """Everything of a kind in the catalogue, in its order.

    :raises ShippedMissing:
    """
    try:
        told = tomllib.loads(shipped.catalogue(f"{kind}s"))
        return tuple(_offer(kind, name, facts) for name, facts in told.items())
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise shipped.ShippedMissing(path=f"data/catalogue/{kind}s.toml") from error


def _offer(kind: Kind, name: str, facts: dict[str, object]) -> Offer:
    files, size, memory = facts["files"], facts["size"], facts["memory"]
    if not isinstance(files, list) or not isinstance(size, int) or not isinstance(memory, int):
        raise TypeError(name)
    return Offer(
        kind,
        name,
        str(facts.get("engine", "gguf")),
        str(facts["repository"]),
        tuple(map(str, files)),
        str(facts["language"]),
        size * MEGABYTE,
        memory * MEGABYTE,
        str(facts["licence"]),
        str(facts["about"]),
        str(facts.get("sample", "")),
        str(facts.get("terms", "")).strip(),
    )


def offer(kind: Kind, name: str) -> Offer:
    """The one of this name; a model also as ``owner/repository:file.gguf``, whatever the catalogue knows.

    :raises NoSuchOffer:
    """
    wanted = name.strip()
    for one in offers(kind):
        if one.name.casefold() == wanted.casefold():
            return one
    repository, _, file = wanted.partition(":")
    if kind == "model" and repository.count("/") == 1 and file.lower().endswith(".gguf"):
        return Offer(kind, PurePosixPath(file).name, "gguf", repository, (file,))
    more = " Any other: dwnet model fetch OWNER/REPOSITORY:FILE.gguf" if kind == "model" else ""
    raise NoSuchOffer(kind=kind, name=name, known=", ".join(one.name for one in offers(kind)), more=more)


def folder(one: Offer, settings: Settings) -> Path:
    """Where its engine looks for it."""
    match one.engine:
        case "piper":
            return settings.piper_voices / one.name
        case "xtts":
            return settings.xtts
        case "whisper":
            return settings.whisper / one.name
        case _:
            return settings.base_models


def kept(one: Offer, settings: Settings) -> tuple[Path, ...]:
    """Its files that are here, without parts of such."""
    where = folder(one, settings)
    patterns = [PurePosixPath(file).name for file in one.files]
    found = sorted(where.iterdir()) if where.is_dir() else []
    return tuple(path for path in found if path.is_file() and any(fnmatchcase(path.name, one) for one in patterns))


def is_here(one: Offer, settings: Settings) -> bool:
    """Whether all of it is here. The largest file comes last, so a fetch that was cut is not taken for whole."""
    names = [path.name for path in kept(one, settings)]
    return all(any(fnmatchcase(name, PurePosixPath(file).name) for name in names) for file in one.files)


def spoken(one: Offer, settings: Settings) -> str:
    """What it is called where something is told to use it: a voice, an ear, or a writer."""
    match one.kind:
        case "model":
            return str(folder(one, settings) / PurePosixPath(one.files[0]).name)
        case _:
            return f"{one.engine}:{one.name}"


def own_models(settings: Settings) -> tuple[Path, ...]:
    """GGUF files that somebody put there, and no offer."""
    where = settings.base_models
    offered = {PurePosixPath(file).name for one in offers("model") for file in one.files}
    found = sorted(where.glob("*.gguf")) if where.is_dir() else []
    return tuple(path for path in found if path.name not in offered)


def why_not(one: Offer, machine: Machine) -> str:
    """Why this machine is too small for it; "" when it fits, or nobody knows."""
    if machine.memory_free is not None and one.memory > machine.memory_free:
        return f"needs {amount(one.memory)} of memory, {amount(machine.memory_free)} are free"
    if one.size > machine.disk_free:
        return f"needs {amount(one.size)} on the disk, {amount(machine.disk_free)} are free"
    return ""


def standings(kind: Kind, settings: Settings, machine: Machine) -> tuple[Standing, ...]:
    """Everything of a kind as it stands on this machine: what is here, what fits, what does not."""
    every = [
        Standing(one, here, "" if here else why_not(one, machine))
        for one in offers(kind)
        for here in (is_here(one, settings),)
    ]
    best = _best(every, machine) if kind == "model" else None
    marked = [Standing(one.offer, one.here, one.why_not, best=one.offer is best) for one in every]
    return tuple(sorted(marked, key=lambda one: (not one.here, bool(one.why_not), not one.best)))


def _best(every: Sequence[Standing], machine: Machine) -> Offer | None:
    fitting = [one.offer for one in every if not one.why_not and one.offer.size <= machine.cores * QUICK]
    return max(fitting, key=lambda one: one.memory, default=None)
