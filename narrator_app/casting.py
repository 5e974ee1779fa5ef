"""Who is in the story: bringing characters in, changing them, sending them off the stage, closing seats.

Rules of this file:
- A seat is for good: a character that is changed, retired or brought back keeps its number, its lines and its player.
- What is public in a card stands in a ``cast`` entry, the rest in a ``sheet`` that is sealed to whoever plays it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import trio

from dwnet import shipped
from dwnet.card import Card, PublicCard, card_from_parts, private_part, public_part, read_card
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft
from dwnet.portraits import Portraits
from dwnet.text import one_line
from dwnet.times import iso
from dwnet.whole_file import reading
from narrator_app.admission import revoking
from narrator_app.errors import AlreadyCast, NoSuchCharacter
from narrator_app.health import Signal
from narrator_app.inviting import Inviting, NewInvite
from narrator_app.local import LocalCharacters
from narrator_app.naming import fitting_name, free_name
from narrator_app.narrator import Narrator
from narrator_app.seat_settings import DEFAULT
from narrator_app.travels import NOTHING, Luggage, Parting, luggage, parting, picture_in
from protocol import limits
from protocol.errors import Code
from protocol.kinds import NARRATOR, Cast, Sheet
from protocol.story import Seat, Story


class CardNotFound(NodeError):
    """There is no card called {name}: no such file, and no character of that name ships with the program.

    Give the path of a character card (JSON or PNG), or one of these names: {names}.
    """

    exit_code = 2


class UnknownRole(NodeError):
    """There is no role called {role}.

    A seat is for a character, a listener or a reader: /invite NAME --role listener
    """

    exit_code = 2


class VoiceTooLong(NodeError):
    """A voice is written in {most} characters at most.

    Write it as engine:name, for example espeak:en-us+f5; dwnet voice list names those of this machine.
    """

    exit_code = 2


READER = "Reader"  # what the seat is called whose voice reads the narration aloud


def stored_card(story: Story, seat: int) -> Card:
    """The whole card of a seat as the story has it, without what never travels."""
    one = story.seats[seat]
    public = PublicCard(one.name, one.voice, one.colour, one.talkativeness / 100)
    sheet = story.sheets.get(seat)
    if sheet is None:
        return Card(one.name).having(voice=one.voice, colour=one.colour, talkativeness=public.talkativeness)
    return card_from_parts(public, sheet.encode())


class Casting:
    """The cast of one story. ``here`` is the folder that local characters keep theirs in; ``writer`` and ``speech`` as
    LocalCharacters has them.
    """

    def __init__(
        self,
        narrator: Narrator,
        here: Path,
        nursery: trio.Nursery,
        clips: Clips,
        *,
        writer: str = DEFAULT,
        speech: Path | None = None,
    ) -> None:
        self.narrator = narrator
        self._clips = clips
        self.portraits = Portraits(narrator.node, clips, lambda: narrator.happen("portrait"))
        self.invites = Inviting(narrator)
        self.here = LocalCharacters(narrator, self.invites, here, nursery, writer=writer, speech=speech)

    def find_card(self, name: str) -> Card:
        """A card by path, or one that ships with the program by name."""
        return read_card(self.card_file(name))

    def card_file(self, name: str) -> bytes:
        """The file of a card, found in the same way."""
        path = Path(name).expanduser()
        with reading(path):
            if path.is_file():
                return path.read_bytes()
        for known in shipped.cast():
            if known.casefold() == name.casefold():
                return shipped.card(known)
        raise CardNotFound(name=name, names=", ".join(shipped.cast()))

    # --- characters -------------------------------------------------------------------------------------------------

    async def cast(self, card: Card, portrait: bytes = b"", luggage: Luggage = NOTHING) -> int:
        """Bring a character into the story; its seat. What is private in the card stays sealed to whoever plays it.
        ``portrait``: a blob that ``portraits`` keeps; ``luggage``: what it learned elsewhere, and speaks with here.

        :raises NameUnfit, AlreadyCast, CardError:
        """
        fitting_name(card.name, self.narrator.story)
        seat = max((NARRATOR, *self.narrator.story.seats)) + 1
        sheet = Sheet(seat, private_part(card).decode())
        body = cast_of(_public(seat, card, portrait))
        await self.narrator.node.write(Draft(body), Draft(sheet, (), (NARRATOR, seat)), *luggage.drafts(seat))
        self.narrator.happen("cast", member=card.name, seat=seat)
        self.narrator.attendance.begin(seat)
        return seat

    async def luggage(self, card: Card, path: Path) -> Luggage:
        """What a character of the card in the file ``path`` brings along, to be cast with.

        :raises AdapterNotTheCards, FileNotRead, OverQuota, NoRoomForFile:
        """
        return await luggage(self._clips, card, path)

    async def portrait_in(self, card: Card, data: bytes) -> bytes:
        """The portrait that lies in the file of a card, as a blob that is kept; b"" where none does that can be one."""
        picture = await trio.to_thread.run_sync(picture_in, card, data)
        with contextlib.suppress(NodeError):  # the character comes all the same
            return await self.portraits.keep(picture) if picture else b""
        return b""

    async def change(self, seat: int, card: Card, portrait: bytes | None = None) -> None:
        """Give a character another card; whoever plays it takes it over with the next line. The seat stays.

        ``portrait``: another blob, b"" for none, None to leave it. Nothing is written where nothing changed.

        :raises NameUnfit, AlreadyCast, CardError:
        """
        before = self._seat(seat)
        fitting_name(card.name, self.narrator.story, seat)
        after = _public(seat, card, before.portrait if portrait is None else portrait, retired=before.retired)
        sheet = private_part(card).decode()
        drafts = []
        if after != before:
            drafts.append(Draft(cast_of(after)))
        if sheet != self.narrator.story.sheets.get(seat):
            drafts.append(Draft(Sheet(seat, sheet), (), (NARRATOR, seat)))
        if drafts:
            await self.narrator.node.write(*drafts)
            self.narrator.happen("changed", member=card.name, seat=seat, was=before.name)

    async def duplicate(self, seat: int) -> int:
        """A second character with the same card, under a name of its own; its seat."""
        card = stored_card(self.narrator.story, seat)
        twin = replace(card, name=free_name(card.name, self.narrator.story))
        return await self.cast(twin, self._seat(seat).portrait)

    async def parting(self, seat: int, form: str) -> Parting:
        """A character as it leaves the story for a file of this ``form``: .json, or .png with its portrait.

        :raises NoSuchCharacter: for whoever has no card. :raises CardFormUnknown, CardError, PicturesMissing:
        """
        if self._seat(seat).role != "character":
            cast = ", ".join(one.name for one in self.narrator.story.seats.values() if one.role == "character")
            raise NoSuchCharacter(name=self.narrator.name_of(seat), cast=cast or "nobody yet")
        return await parting(self.narrator, self._clips, seat, stored_card(self.narrator.story, seat), form)

    async def save_card(self, seat: int, path: Path) -> Parting:
        """Write a character's card to ``path``, and beside it what it has learned.

        :raises NoRoomForFile, FileNotWritten: and what ``parting`` raises.
        """
        left = await self.parting(seat, path.suffix)
        await trio.to_thread.run_sync(left.write, path)
        self.narrator.happen("exported", format="card", path=str(path))
        return left

    async def rename(self, seat: int, name: str) -> None:
        """Give a listener or reader, who has no card, another name.

        :raises NameUnfit, AlreadyCast:
        """
        before = self._seat(seat)
        await self._put(replace(before, name=fitting_name(name, self.narrator.story, seat)))

    async def retire(self, seat: int) -> None:
        """Take somebody off the stage: nobody asks it any more, its lines stay, and it can come back."""
        await self._set_retired(seat, True)
        self.here.pause(seat)

    async def bring_back(self, seat: int) -> None:
        """A retired one is asked again, and plays here again if it did."""
        await self._set_retired(seat, False)
        self.here.unpause(seat)

    async def _set_retired(self, seat: int, retired: bool) -> None:
        await self._put(replace(self._seat(seat), retired=retired))
        self.narrator.changed()

    async def _put(self, seat: Seat) -> None:
        """Let a seat be so from now on."""
        before = self.narrator.story.seats[seat.number]
        if seat != before:
            await self.narrator.node.write(Draft(cast_of(seat)))
            self.narrator.happen("changed", member=seat.name, seat=seat.number, was=before.name)

    def _seat(self, seat: int) -> Seat:
        story = self.narrator.story
        if seat not in story.seats:
            raise NoSuchCharacter(name=f"seat {seat}", cast=", ".join(one.name for one in story.seats.values()))
        return story.seats[seat]

    # --- who plays them ---------------------------------------------------------------------------------------------

    async def invite(self, name: str, role: str = "character", days: float = limits.INVITE_DAYS) -> NewInvite:
        """Make a one-use code for a seat. Inviting a seat that is taken moves it, once the code is used.

        A code of this seat's that nobody has used yet is withdrawn: the newest is the one that counts.
        For a listener or reader ``name`` is a new seat's own name.
        """
        if role not in ("character", "listener", "reader"):
            raise UnknownRole(role=role)
        seat = await self._seat_for(one_line(name, limits.NAME), role)
        if not self.here.was_here(seat):
            self.here.stop(seat)  # it was to be played here, and is for somebody else now
        made = await self.invites.make(seat, role, days)
        self.narrator.happen("invite", code=made.code, member=made.member, role=role, expires=iso(made.expires))
        return made

    async def _seat_for(self, name: str, role: str) -> int:
        seats = self.narrator.story.seats
        found = [one for one in seats.values() if one.name.casefold() == name.casefold()]
        if found:
            if found[0].role != role:
                raise AlreadyCast(name=name)
            return found[0].number
        if role == "character":
            raise NoSuchCharacter(name=name, cast=", ".join(one.name for one in seats.values()) or "nobody yet")
        fitting_name(name, self.narrator.story)
        seat = max((NARRATOR, *seats)) + 1
        await self.narrator.node.write(Draft(Cast(seat, role, name, "", "", 0, b"", 0)))
        self.narrator.happen("cast", member=name, seat=seat)
        self.narrator.attendance.begin(seat)
        return seat

    async def deactivate(self, seat: int) -> None:
        """Close a seat: whoever plays it counts no longer from here on, and no code for it is worth anything."""
        narrator = self.narrator
        member = narrator.node.ledger.authority.occupant(seat)
        self.here.forget(seat)
        drafts = self.invites.withdrawing(seat)
        if member is not None:
            drafts.append(Draft(revoking(narrator, member.key, "Closed by the narrator.")))
        if drafts:
            await narrator.node.write(*drafts)
        if member is not None:
            for link in [one for one in narrator.node.links.values() if one.remote == member.key]:
                link.close(Code.REVOKED, "The narrator closed this seat.")
        narrator.attendance.observe(seat, Signal.DEACTIVATED, "Closed by the narrator.")

    async def play_here(self, seat: int) -> None:
        """Start the process that plays a seat on this machine; it is started again with the story from now on."""
        await self.here.play(seat)

    async def read_aloud(self, voice: str = "") -> int:
        """Let a voice on this machine read the narration aloud; the seat of it. ``voice``: "" leaves it as it is, or to
        where it is played.

        :raises VoiceTooLong:
        """
        if len(voice) > limits.VOICE:
            raise VoiceTooLong(most=limits.VOICE)
        seat = self.reader()
        if seat is None:
            seat = await self._seat_for(free_name(READER, self.narrator.story), "reader")
        before = self._seat(seat)
        await self._put(replace(before, voice=voice or before.voice, retired=False))
        await self.play_here(seat)
        return seat

    async def stop_reading(self) -> None:
        """The narration is not read aloud on this machine any more, until :meth:`read_aloud`."""
        seat = self.reader()
        if seat is not None and not self._seat(seat).retired:
            await self.retire(seat)

    def reader(self) -> int | None:
        """The seat of the reader that this machine has, also when it is silent."""
        seats = self.narrator.story.seats.values()
        mine = [one.number for one in seats if one.role == "reader" and self.here.is_here(one.number)]
        return mine[0] if mine else None

    @property
    def reads_aloud(self) -> bool:
        """Whether the narration is read aloud on this machine."""
        seat = self.reader()
        return seat is not None and not self._seat(seat).retired

    def resume(self) -> None:
        """Start every character again that was played here before."""
        self.here.resume()

    def local(self) -> Sequence[str]:
        """Names of the characters this machine plays."""
        return tuple(self.narrator.name_of(seat) for seat in self.here.playing())


def _public(number: int, card: Card, portrait: bytes, *, retired: bool = False) -> Seat:
    """The seat as a card's public part makes it."""
    public = public_part(card)
    share = round(public.talkativeness * 100)
    return Seat(number, "character", public.name, public.voice, public.colour, share, portrait, retired)


def cast_of(seat: Seat) -> Cast:
    """The entry that makes a seat so."""
    retired = int(seat.retired)
    return Cast(
        seat.number, seat.role, seat.name, seat.voice, seat.colour, seat.talkativeness, seat.portrait, retired
    )  # fmt: skip
