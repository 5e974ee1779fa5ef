"""Who is in the story: bringing characters in, inviting those who play them, closing seats, playing some on this
machine.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE

import trio

from dwnet import shipped
from dwnet.card import Card, private_part, public_part, read_card
from dwnet.errors import NodeError
from dwnet.node import Draft
from dwnet.settings import ATTACHED, LOCAL_CHARACTERS
from dwnet.text import one_line
from dwnet.times import iso, now
from dwnet.whole_file import reading
from narrator_app.admission import revoking
from narrator_app.errors import AlreadyCast, NoSuchCharacter
from narrator_app.health import Signal
from narrator_app.narrator import Narrator
from protocol import limits
from protocol.errors import Code
from protocol.invite import Invite, format_invite, invite_key
from protocol.kinds import NARRATOR, Cast, Invited, Sheet, Withdrawn

DAY = 24 * 3600 * 1000
RESTARTS = 5  # of a local character in a row, before it is left alone
STEADY_SECONDS = 60  # after which the end of its process is not one in a row
logger = logging.getLogger(__name__)


class CardNotFound(NodeError):
    """There is no card called {name}: no such file, and no character of that name ships with the program.

    Give the path of a character card (JSON), or one of these names: {names}.
    """

    exit_code = 2


class UnknownRole(NodeError):
    """There is no role called {role}.

    A seat is for a character, a listener or a reader: /invite NAME --role listener
    """

    exit_code = 2


@dataclass(frozen=True)
class NewInvite:
    """A code that was just made. ``expires`` in ms since 1970."""

    code: str
    member: str
    role: str
    expires: int


class Casting:
    """The cast of one story. ``here`` is the folder that local characters keep theirs in."""

    def __init__(self, narrator: Narrator, here: Path, nursery: trio.Nursery) -> None:
        self.narrator = narrator
        self._here = here
        self._nursery = nursery
        self.expected = 1  # characters this machine will play; they share its cores from the start
        self._local: dict[str, trio.CancelScope] = {}

    def find_card(self, name: str) -> Card:
        """A card by path, or one that ships with the program by name."""
        path = Path(name).expanduser()
        with reading(path):
            if path.is_file():
                return read_card(path.read_bytes())
        for known in shipped.cast():
            if known.casefold() == name.casefold():
                return read_card(shipped.card(known))
        raise CardNotFound(name=name, names=", ".join(shipped.cast()))

    async def cast(self, card: Card) -> int:
        """Bring a character into the story; its seat. What is private in the card stays sealed to whoever plays it."""
        story = self.narrator.story
        if any(one.name.casefold() == card.name.casefold() for one in story.seats.values()):
            raise AlreadyCast(name=card.name)
        seat = max((NARRATOR, *story.seats)) + 1
        public = public_part(card)
        body = Cast(
            seat,
            "character",
            public.name,
            public.voice,
            public.colour,
            round(public.talkativeness * 100),
            b"",
            0,
        )
        sheet = Sheet(seat, private_part(card).decode())
        await self.narrator.node.write(Draft(body), Draft(sheet, (), (NARRATOR, seat)))
        self.narrator.happen("cast", member=card.name, seat=seat)
        self.narrator.attendance.begin(seat)
        return seat

    async def invite(self, name: str, role: str = "character", days: float = limits.INVITE_DAYS) -> NewInvite:
        """Make a one-use code for a seat. Inviting a seat that is taken moves it, once the code is used.

        A code of this seat's that nobody has used yet is withdrawn: the newest is the one that counts.
        For a listener or reader ``name`` is a new seat's own name.
        """
        if role not in ("character", "listener", "reader"):
            raise UnknownRole(role=role)
        made = await self._code_for(await self._seat_for(one_line(name, limits.NAME), role), role, days)
        self.narrator.happen("invite", code=made.code, member=made.member, role=role, expires=iso(made.expires))
        return made

    async def _code_for(self, seat: int, role: str, days: float = limits.INVITE_DAYS) -> NewInvite:
        secret = os.urandom(16)
        expires = now() + round(days * DAY)
        node, mesh = self.narrator.node, self.narrator.mesh
        code = Invite(node.ledger.tag, secret, expires // 1000, tuple(mesh.addresses[:3]))
        await node.write(*self._withdrawing(seat), Draft(Invited(invite_key(secret).public, seat, role, expires)))
        self.narrator.attendance.observe(seat, Signal.INVITED, "An invite was made.")
        return NewInvite(format_invite(code), self.narrator.name_of(seat), role, expires)

    def _withdrawing(self, seat: int) -> list[Draft]:
        authority = self.narrator.node.ledger.authority
        gone = authority.withdrawn | set(authority.burned)
        waiting = [one.invite for one in authority.invites.values() if one.seat == seat and one.invite not in gone]
        return [Draft(Withdrawn(invite)) for invite in waiting]

    async def _seat_for(self, name: str, role: str) -> int:
        seats = self.narrator.story.seats
        found = [one for one in seats.values() if one.name.casefold() == name.casefold()]
        if found:
            if found[0].role != role:
                raise AlreadyCast(name=name)
            return found[0].number
        if role == "character":
            raise NoSuchCharacter(name=name, cast=", ".join(one.name for one in seats.values()) or "nobody yet")
        seat = max((NARRATOR, *seats)) + 1
        await self.narrator.node.write(Draft(Cast(seat, role, name, "", "", 0, b"", 0)))
        self.narrator.happen("cast", member=name, seat=seat)
        self.narrator.attendance.begin(seat)
        return seat

    async def deactivate(self, seat: int) -> None:
        """Close a seat: whoever plays it counts no longer from here on, and no code for it is worth anything."""
        narrator = self.narrator
        member = narrator.node.ledger.authority.occupant(seat)
        name = narrator.name_of(seat)
        if name in self._local:
            self._local.pop(name).cancel()
        (self._folder(seat) / "seat").unlink(missing_ok=True)
        drafts = self._withdrawing(seat)
        if member is not None:
            drafts.append(Draft(revoking(narrator, member.key, "Closed by the narrator.")))
        if drafts:
            await narrator.node.write(*drafts)
        if member is not None:
            for link in [one for one in narrator.node.links.values() if one.remote == member.key]:
                link.close(Code.REVOKED, "The narrator closed this seat.")
        narrator.attendance.observe(seat, Signal.DEACTIVATED, "Closed by the narrator.")

    # --- characters on this machine ---------------------------------------------------------------------------------

    async def play_here(self, seat: int) -> None:
        """Start the process that plays a seat on this machine; it is started again with the story from now on."""
        name = self.narrator.name_of(seat)
        folder = self._folder(seat)
        fresh = not (folder / "seat").exists()
        code = (await self._code_for(seat, "character")).code if fresh else ""  # nobody need see this one
        self._begin(name, folder, code)

    def resume(self) -> None:
        """Start every character again that was played here before."""
        here = [seat for seat in self.narrator.story.seats.values() if (self._folder(seat.number) / "seat").exists()]
        self.expected = max(1, len(here))
        for seat in here:
            if seat.name not in self._local:
                self._begin(seat.name, self._folder(seat.number), "")

    def local(self) -> Sequence[str]:
        """Names of the characters this machine plays."""
        return tuple(self._local)

    def _folder(self, seat: int) -> Path:
        return self._here / f"seat-{seat}"

    def _begin(self, name: str, folder: Path, code: str) -> None:
        if name not in self._local:
            self._local[name] = scope = trio.CancelScope()
            self._nursery.start_soon(self._keep_playing, name, folder, code, scope)

    async def _keep_playing(self, name: str, folder: Path, code: str, scope: trio.CancelScope) -> None:
        """Run ``dwnet peer`` for this seat; when it dies, start it again after a growing pause."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with scope:
            ended = 0  # times in a row
            while ended < RESTARTS:
                started = trio.current_time()
                returned = await self._run_once(folder, code if not (folder / "seat").exists() else "")
                ended = 1 if trio.current_time() - started > STEADY_SECONDS else ended + 1
                logger.warning("the process of %s ended with %s", name, returned)
                await trio.sleep(min(30, 2 ** (ended - 1)))
        if self._local.get(name) is scope:
            del self._local[name]
        if not scope.cancelled_caught:
            self.narrator.happen(
                "error",
                what=f"{name} cannot be played on this machine: its process keeps ending.",
                hint=f"Look at {folder / 'logs'}, then run: dwnet doctor",
            )

    async def _run_once(self, folder: Path, code: str) -> int:
        """One run of the process. The code goes by environment: a command line is visible to every user of
        the machine.
        """
        environ = {**os.environ, "DREAMWEAVER_CLIENT_DATA_PATH": str(folder), "CLIENT_TOKEN": code}
        environ[ATTACHED] = "1"  # it ends when our end of its stdin closes, also when we are killed
        environ[LOCAL_CHARACTERS] = str(max(len(self._local), self.expected))
        for name in ("DREAMWEAVER_DATA_PATH", "CLIENT_PORT", "CLIENT_PC_ID", "CLIENT_HOST", "DB_PATH", "SERVER_URL"):
            environ.pop(name, None)
        command = [sys.executable, "-m", "dwnet", "peer", "--json", "--listen", "127.0.0.1:0"]
        # Complaints alone: on stdout it tells the story, whispers too, and those belong in no log.
        with (folder / "output.log").open("wb") as output:
            process = await trio.lowlevel.open_process(
                command, stdin=PIPE, stdout=DEVNULL, stderr=output, env=environ, start_new_session=True
            )
            try:
                return await process.wait()
            finally:
                with trio.CancelScope(shield=True):
                    process.terminate()
                    with trio.move_on_after(5) as patience:
                        await process.wait()
                    if patience.cancelled_caught:
                        process.kill()
                        await process.wait()
