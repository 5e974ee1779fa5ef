"""What works on this machine and what does not: a list of findings, each with its remedy. Nothing here changes
anything.

The doctor knows a node's own needs. What engines need is theirs to say: the command line passes their checks in.
"""

from __future__ import annotations

import os
import platform
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import trio

from dwnet import keyring, lock, machine
from dwnet.errors import NodeError
from dwnet.settings import Settings

DISK_NEEDED = 512 * 1024 * 1024  # bytes; an evening of clips is some 50 MiB, a model of one's own up to gigabytes


@dataclass(frozen=True)
class Finding:
    """``what`` is one sentence about ``name``; ``remedy`` is empty where all is well."""

    name: str
    ok: bool
    what: str
    remedy: str = ""


EngineCheck = Callable[[], Awaitable[Finding]]


async def examine(settings: Settings, engine_checks: Sequence[tuple[str, EngineCheck]] = ()) -> list[Finding]:
    """All findings, the node's first, then one for each named engine check in the order given."""
    return [one async for one in findings(settings, engine_checks)]


async def findings(settings: Settings, engine_checks: Sequence[tuple[str, EngineCheck]] = ()) -> AsyncIterator[Finding]:
    """The same, one after the other as they are made. A check that raises NodeError is a finding with that error's
    sentence and hint.
    """
    for name, check in _NODE_CHECKS:
        try:
            found = await trio.to_thread.run_sync(check, settings)
        except NodeError as error:
            found = Finding(name, False, error.what, error.hint)
        yield found
    for name, engine_check in engine_checks:
        try:
            found = await engine_check()
        except NodeError as error:
            found = Finding(name, False, error.what, error.hint)
        yield found


def _python(settings: Settings) -> Finding:
    ok = sys.version_info >= (3, 11)
    what = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}."
    return Finding("python", ok, what, "" if ok else "Install Python 3.11 or newer.")


def _machine(settings: Settings) -> Finding:
    seen = machine.look(settings.root)
    memory = "unknown" if seen.memory_free is None else f"{seen.memory_free / 2**30:.1f} GiB free"
    return Finding("machine", True, f"{seen.cores:g} cores, memory {memory}.")


def _root(settings: Settings) -> Finding:
    there = settings.root
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return Finding("folder", False, f"{there} is a file.", "Name a folder with --data, or move that file away.")
    if not os.access(there, os.W_OK | os.X_OK):
        remedy = "Make it writable for your account, or name another folder with --data."
        return Finding("folder", False, f"{there} cannot be written to.", remedy)
    pid = lock.holder(settings.root)
    state = "in use by process " + str(pid) if pid else "ready" if there == settings.root else "made at the first start"
    return Finding("folder", True, f"{settings.root}: {state}.")


def _disk(settings: Settings) -> Finding:
    free = machine.look(settings.root).disk_free
    what = f"{free / 2**30:.1f} GiB free on the disk of {settings.root}."
    if free >= DISK_NEEDED:
        return Finding("disk", True, what)
    return Finding("disk", False, what, "Free at least half a GiB, or name a folder on another disk with --data.")


def _port(settings: Settings) -> Finding:
    pid = lock.holder(settings.root)
    if pid is not None:
        return Finding("port", True, f"The node that uses this folder (process {pid}) is running and has its port.")
    for port in settings.ports:
        why = why_not_listening(settings.host, port)
        if why is None:
            return Finding("port", True, f"Port {port or 'of any free number'} on {settings.host} is free.")
    tried = str(settings.ports[0]) if len(settings.ports) == 1 else f"{settings.ports[0]} to {settings.ports[-1]}"
    remedy = "Stop the program that has it, or choose another with --listen HOST:PORT (port 0 takes any free one)."
    return Finding("port", False, f"No port is to be had on {settings.host} (tried {tried}: {why}).", remedy)


def why_not_listening(host: str, port: int) -> str | None:
    """Why a node could not listen there, or None if it could. It may wait for a name to be looked up."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _keys(settings: Settings) -> Finding:
    if not settings.keys.is_dir():
        return Finding("keys", True, "None yet; they are made at the first start.")
    files = sorted(settings.keys.glob("*.key"))
    for file in files:
        keyring.load(file)
    api_key = keyring.read_api_key(settings.api_key_file) is not None
    return Finding("keys", True, f"{len(files)} whole and private{', and an API key' if api_key else ''}.")


def _database(settings: Settings) -> Finding:
    path = settings.database
    if not path.exists():
        return Finding("database", True, "None yet; it is made at the first start.")
    remedy = (
        f"Do not delete {path}. Put back a copy, or recover the story from a peer or a .dwlog file (dwnet log import)."
    )
    try:
        said = _quick_check(path)
    except sqlite3.Error as error:
        return Finding("database", False, f"{path} cannot be read as a database ({error}).", remedy)
    if said != "ok":
        return Finding("database", False, f"{path} is damaged ({said}).", remedy)
    return Finding("database", True, f"{path}: whole, {path.stat().st_size / 2**20:.1f} MiB.")


def _quick_check(path: Path) -> str:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    finally:
        database.close()


_NODE_CHECKS: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
    ("python", _python),
    ("machine", _machine),
    ("folder", _root),
    ("disk", _disk),
    ("port", _port),
    ("keys", _keys),
    ("database", _database),
)
