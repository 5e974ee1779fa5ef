"""A character leaves a story as a file, and comes into another: its card, and beside it what it has learned.

Rules of this file:
- The card is what the story has of it now: what stands in its sheet, and the mind it speaks with as a reference. What
  names an engine or a file of some machine is in no sheet, and so in no card either.
- The adapter's file is written first and the card last: a card that is there is whole.
- What is brought along is what the card names, by its hash: any other file is refused. The narrator who casts it lets
  it speak; it travels to the seat as what a character learned is given back to it.
- An adapter goes along when a copy of it is kept here, and is what its name says. Else it is said that it does not.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import trio

from dwnet.blob_store import BlobStore
from dwnet.card import Card, write_card
from dwnet.card_mind import CardMind
from dwnet.card_picture import embed, is_png, plain_picture
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft
from dwnet.portraits import png_of
from dwnet.whole_file import reading, write_whole
from narrator_app.narrator import Narrator
from protocol import limits, minds
from protocol.errors import RemoteError
from protocol.kinds import NARRATOR, Brought, Minded
from protocol.ledger import Ledger
from protocol.minds import Backup
from protocol.sealing import decrypt_blob, encrypt_blob

FORMS = (".json", ".png")
LARGEST = limits.BLOB - 16  # bytes of an adapter; encrypting adds so many


class CardFormUnknown(NodeError):
    """A card is written as JSON or as a PNG picture; “{form}” is neither.

    Let the file's name end in .json or .png.
    """

    exit_code = 2


class AdapterNotTheCards(NodeError):
    """{path} is not the adapter that this card names: its content is another.

    Copy it again from where the card was saved, or delete it: then the character comes with the bare model.
    """

    exit_code = 2


@dataclass(frozen=True)
class Luggage:
    """What a character brings along. ``told`` is to be said of it; "" where its card names no mind."""

    brought: Brought | None
    told: str

    def drafts(self, seat: int) -> list[Draft]:
        """What is written for the seat it is cast in: the adapter, sealed, and that it speaks, wherever the story
        goes.
        """
        if self.brought is None:
            return []
        brought = replace(self.brought, seat=seat)
        return [Draft(brought, (), (NARRATOR, seat)), Draft(Minded(seat, brought.adapter, 0))]


NOTHING = Luggage(None, "")


@dataclass(frozen=True)
class Parting:
    """A character as it leaves: its card's file, and the adapter's content. ``mind`` None: it speaks with the bare
    model; ``adapter`` None: there is none, or its file is not here.
    """

    name: str
    card: bytes
    mind: CardMind | None
    adapter: bytes | None

    @property
    def told(self) -> str:
        """What is to be said of what it has learned; "" where it has learned nothing."""
        if self.mind is None:
            return ""
        which = f"adapter {self.mind.adapter.hex()[:8]}, trained on {self.mind.model or 'a model that is not known'}"
        if self.adapter is not None:
            return f"What {self.name} has learned goes along beside the card: {which}. Keep the two files together."
        return (
            f"What {self.name} has learned does not go along, only its name does ({which}): no copy of the file is on "
            f"this machine. One comes by itself while {self.name} is connected; save the card again then."
        )

    def write(self, path: Path) -> None:
        """Write the adapter beside ``path``, then the card there.

        :raises NoRoomForFile, FileNotWritten:
        """
        if self.mind is not None and self.adapter is not None:
            _write(self.mind.beside(path), self.adapter)
        _write(path, self.card)


async def parting(narrator: Narrator, clips: Clips, seat: int, card: Card, form: str) -> Parting:
    """A character as the story has it now. ``form``: the suffix of the file, .json or .png.

    :raises CardFormUnknown, CardError, PicturesMissing, PictureUnreadable, BlobDamaged:
    """
    if form.lower() not in FORMS:
        raise CardFormUnknown(form=form)
    ledger = narrator.node.ledger
    mind = mind_of(ledger, seat)
    kept = [one for one in minds.backups(ledger, seat) if mind is not None and one.held.name == mind.adapter]
    adapter = await trio.to_thread.run_sync(_content, clips.store, kept[-1]) if kept else None
    written = write_card(card.having(mind=mind.to_own()) if mind is not None else card)
    if form.lower() == ".png":
        portrait = narrator.story.seats[seat].portrait
        written = await trio.to_thread.run_sync(_pictured, written, clips.store, portrait, card.colour)
    return Parting(card.name, written, mind, adapter)


def picture_in(card: Card, data: bytes) -> bytes:
    """The picture that carries a card, out of the card's file; b"" for one that is there to carry it only. Call it in a
    thread.
    """
    if not is_png(data) or embed(data, b"") == embed(plain_picture(card.colour), b""):
        return b""
    return data


async def luggage(clips: Clips, card: Card, path: Path) -> Luggage:
    """What a character brings along whose card lies at ``path``; its adapter is kept here as a private blob.

    :raises AdapterNotTheCards, FileNotRead, OverQuota, NoRoomForFile:
    """
    mind = card.mind
    if mind is None:
        return NOTHING
    which = f"adapter {mind.adapter.hex()[:8]}, trained on {mind.model or 'a model that its card does not name'}"
    content = await trio.to_thread.run_sync(_beside, mind, path) if mind.base else None
    if content is None:
        why = "its file does not lie beside the card" if mind.base else "the card does not say on which model it works"
        return Luggage(None, f"What {card.name} has learned ({which}) does not come along: {why}.")
    key = os.urandom(32)
    private = await trio.to_thread.run_sync(encrypt_blob, content, key)
    blob = await clips.put(private)
    brought = Brought(NARRATOR, mind.adapter, mind.base, mind.model, mind.scores, blob, len(private), key)
    told = f"What {card.name} has learned comes along: {which}. It is spoken with where that model runs."
    return Luggage(brought, told)


def _beside(mind: CardMind, path: Path) -> bytes | None:
    """The adapter that a card names, from beside the card; None where no file is called like it."""
    found = mind.found_beside(path)
    for one in found:
        with reading(one):
            content = one.read_bytes() if one.stat().st_size <= LARGEST else b""
        if hashlib.sha256(content).digest() == mind.adapter:
            return content
    if found:
        raise AdapterNotTheCards(path=found[0])
    return None


def mind_of(ledger: Ledger, seat: int) -> CardMind | None:
    """The mind that a seat speaks with now, as a card names it; None for the bare model."""
    adapter = minds.mind(ledger, seat).adapter
    if not adapter:
        return None
    for one in minds.versions(ledger, seat):
        if one.made.adapter == adapter:
            return CardMind(adapter, one.made.base, one.made.model, one.number, one.made.scores)
    return CardMind(adapter, b"", "", 0, ())


def _content(store: BlobStore, kept: Backup) -> bytes | None:
    """An adapter out of its copy; None where that is not here, or is not what its name says."""
    if not store.has(kept.held.blob):
        return None
    try:
        content = decrypt_blob(store.read(kept.held.blob), kept.held.key)
    except RemoteError:  # its author's fault, and nothing that could be mended here
        return None
    return content if hashlib.sha256(content).digest() == kept.held.name else None


def _pictured(card: bytes, store: BlobStore, portrait: bytes, colour: str) -> bytes:
    """A PNG that carries the card: the portrait, if there is one and it is here."""
    is_here = portrait and store.has(portrait)
    return embed(png_of(store.read(portrait)) if is_here else plain_picture(colour), card)


def _write(path: Path, content: bytes) -> None:
    with write_whole(path) as file:
        file.write(content)
