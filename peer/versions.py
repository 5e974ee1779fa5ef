"""With which adapter a character speaks on this machine: the one that the story names, if its file may be used.

Rules of this file:
- The story says which (protocol/minds.py). A file is used only when its content is what the story names, when it was
  trained on the very model that runs here, and when it is no stranger's. Else the bare model speaks, and says why.
- It is changed between two replies. Nothing that was asked meanwhile is lost: it is answered afterwards.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import trio

from dwnet.errors import NodeError
from dwnet.node import Node
from dwnet.whole_file import reading
from peer.writer.contract import Writer
from protocol import minds


class AdapterAbsent(NodeError):
    """The adapter {adapter} that this character should speak with is not on this machine.

    It comes by itself while the narrator, or another machine that holds it, is connected. Until then the bare model
    speaks.
    """


class AdapterStrange(NodeError):
    """The adapter {adapter} was not trained in this character's seat, and the narrator has not chosen it.

    It is not used. The narrator can choose it for this character with: /mind NAME {adapter}
    """


class AdapterChanged(NodeError):
    """The file of the adapter {adapter} is not what it was when it was made.

    It is not used. Delete it, and it is fetched anew, or let the character learn once more: {path}
    """


class BaseSwapped(NodeError):
    """The adapter {adapter} was trained on another model ({trained}) than the one that runs here ({here}).

    Choose the model it was trained on as the writer, or let the character learn anew on this one.
    """


class Versions:
    """The adapters of one character's peer. ``folder`` holds them, one file for each, named by its SHA-256; None: there
    are none on this machine. ``worn`` is what the writer speaks with (b"": the bare model), ``why`` says why it is not
    what the story names.
    """

    def __init__(self, node: Node, writer: Writer, folder: Path | None) -> None:
        self.worn = b""
        self.why = ""
        self._node = node
        self._writer = writer
        self._folder = folder
        self._tried: bytes | None = b""
        self._hashes: dict[tuple[Path, int, int], bytes] = {}

    @property
    def seat(self) -> int | None:
        """The seat that is played here; None for whoever is no character."""
        member = self._node.ledger.authority.member(self._node.member.public)
        return member.seat if member and member.role == "character" else None

    def named(self) -> bytes:
        """The adapter that the story names for this seat now."""
        seat = self.seat
        return minds.mind(self._node.ledger, seat).adapter if seat is not None else b""

    def is_due(self) -> bool:
        """Whether the story names another adapter than was tried last."""
        return self.named() != self._tried

    def look_again(self) -> None:
        """A file came, or the model is another one: try what the story names once more."""
        self._tried = None

    async def change(self) -> None:
        """Let the writer speak with what the story names; without it, where that cannot be."""
        named = self._tried = self.named()
        self.worn, self.why = b"", ""
        try:
            await self._writer.wear(await self.file_of(named) if named else None)
            self.worn = named
        except NodeError as error:
            self.why = error.what
            await self._writer.wear(None)

    def path_of(self, adapter: bytes) -> Path | None:
        """Where an adapter's file lies, or would lie."""
        base = self._writer.base
        return self._folder / base.stem / f"{adapter.hex()}.gguf" if self._folder is not None and base else None

    async def file_of(self, adapter: bytes) -> Path:
        """The file of an adapter that may be used here.

        :raises AdapterStrange, AdapterAbsent, AdapterChanged, BaseSwapped: as they say.
        """
        ledger, seat, short = self._node.ledger, self.seat, adapter.hex()[:12]
        if seat is None or not minds.granted(ledger, seat, adapter):
            raise AdapterStrange(adapter=short)
        base, path = self._writer.base, self.path_of(adapter)
        made = next((one.made for one in minds.versions(ledger, seat) if one.made.adapter == adapter), None)
        if made is not None and base is not None and await self.hash_of(base) != made.base:
            raise BaseSwapped(adapter=short, trained=made.model, here=base.stem)
        if path is None or not path.exists():
            raise AdapterAbsent(adapter=short)
        if await self.hash_of(path) != adapter:
            raise AdapterChanged(adapter=short, path=path)
        return path

    async def hash_of(self, path: Path) -> bytes:
        """The SHA-256 of a file, worked out anew when the file has changed.

        :raises FileNotRead:
        """
        with reading(path):
            facts = path.stat()
        key = path, facts.st_size, facts.st_mtime_ns
        if key not in self._hashes:
            self._hashes[key] = await trio.to_thread.run_sync(file_hash, path)
        return self._hashes[key]


def file_hash(path: Path) -> bytes:
    """The SHA-256 of a file.

    :raises FileNotRead:
    """
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
