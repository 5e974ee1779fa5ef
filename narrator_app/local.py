"""Characters on this machine: a ``dwnet peer`` process for each, started with the story and kept going.

Rules of this file:
- Beside each character's data stands a note: by which invite it got its seat, and whether it is to be started. So a
  seat that was never taken is invited again at the next start, and one that has moved elsewhere is left alone.
- A code goes by environment: a command line is visible to every user of the machine.
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

from dwnet.errors import NodeError
from dwnet.settings import ATTACHED, LOCAL_CHARACTERS
from dwnet.times import now
from dwnet.whole_file import write_whole
from narrator_app.inviting import Inviting
from narrator_app.narrator import Narrator
from narrator_app.process_output import last_complaint, open_output, shown_output
from narrator_app.seat_settings import DEFAULT, SeatSettings

RESTARTS = 5  # of a local character in a row, before it is left alone
STEADY_SECONDS = 60  # after which the end of its process is not one in a row
STARTING_SECONDS = 45  # in which a character that is not connected yet is starting, and not away
STARTING, RUNNING, PAUSING, ENDED = "starting", "running", "pausing", "ended"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LocalState:
    """How a character's process is. ``state``: starting, running, pausing (it ended and begins again) or ended for
    good. ``since`` in ms since 1970; ``ended`` times in a row; ``why`` is its last complaint.
    """

    state: str
    since: int
    ended: int = 0
    why: str = ""


@dataclass(frozen=True)
class Note:
    """``invite``: public key of the one by which this machine has, or shall get, the seat. ``wanted``: start it."""

    invite: bytes
    wanted: bool


class LocalCharacters:
    """The characters that this machine plays. ``here`` is the folder that each has its own in; ``writer`` what one
    writes with that is new here, ``speech`` where the speaking engines of all look for their models.
    """

    def __init__(
        self,
        narrator: Narrator,
        inviting: Inviting,
        here: Path,
        nursery: trio.Nursery,
        *,
        writer: str = DEFAULT,
        speech: Path | None = None,
    ) -> None:
        self.narrator = narrator
        self.writer = writer
        self._speech = speech
        self.expected = 1  # characters this machine will play; they share its cores from the start
        self._inviting = inviting
        self._here = here
        self._nursery = nursery
        self._notes: dict[int, Note | None] = {}
        self._scopes: dict[int, trio.CancelScope] = {}
        self._states: dict[int, LocalState] = {}
        self._began: dict[int, float] = {}  # on trio's clock
        self._opened = trio.current_time()
        self._resumed = False
        narrator.attendance.starting = self.starting
        narrator.listen(self._heard)

    # --- what is so -------------------------------------------------------------------------------------------------

    def playing(self) -> Sequence[int]:
        """Seats whose process runs, or is being started again."""
        return tuple(self._scopes)

    def is_here(self, seat: int) -> bool:
        """Whether this machine plays a seat, or is to at the next start."""
        note = self._note(seat)
        return note is not None and note.wanted and self._is_ours(seat, note)

    def was_here(self, seat: int) -> bool:
        """Whether the one who sits on a seat has its things on this machine, so that it needs no code to play here."""
        note = self._note(seat)
        member = self.narrator.node.ledger.authority.occupant(seat)
        return note is not None and member is not None and member.invite == note.invite

    def state(self, seat: int) -> LocalState | None:
        """How a seat's process is; None where none was started since this program was."""
        return self._states.get(seat)

    def starting(self, seat: int) -> bool:
        """Whether a seat that is not connected is only being started, so that nobody need worry."""
        since = self._began.get(seat, self._opened if not self._resumed and self.is_here(seat) else None)
        known = self._states.get(seat)
        waits = known is None or (known.state == STARTING and known.ended == 0)
        return since is not None and waits and trio.current_time() - since < STARTING_SECONDS

    def settings(self, seat: int) -> SeatSettings:
        """With what a seat's process writes here."""
        return SeatSettings(self._folder(seat))

    async def output(self, seat: int) -> str:
        """The end of what a seat's process complained of, and of its log."""
        return await trio.to_thread.run_sync(shown_output, self._folder(seat))

    # --- what is done -----------------------------------------------------------------------------------------------

    async def play(self, seat: int) -> None:
        """Start the process that plays a seat here; it is started again with the story from now on."""
        if self.was_here(seat):
            note = self._note(seat)
            assert note is not None, "it was here"
            self._keep_note(seat, Note(note.invite, True))
        else:
            await self._invite_here(seat)
        self._begin(seat)

    def stop(self, seat: int) -> None:
        """End the process of a seat and leave it so. Its things stay: it can be started again."""
        note = self._note(seat)
        if note is not None:
            self._keep_note(seat, Note(note.invite, False))
        self._end(seat)

    def pause(self, seat: int) -> None:
        """End the process of a seat until ``unpause``, or the next start of the story."""
        self._end(seat)

    def unpause(self, seat: int) -> None:
        """Start it again if this machine plays it."""
        if self.is_here(seat):
            self._begin(seat)

    async def restart(self, seat: int) -> None:
        """End the process of a seat and start it at once, with the settings as they are now."""
        self._end(seat)
        await self.play(seat)

    def forget(self, seat: int) -> None:
        """The seat is closed: whoever plays it next is somebody new, also on this machine."""
        self._end(seat)
        self._note_file(seat).unlink(missing_ok=True)
        self._notes[seat] = None

    def resume(self) -> None:
        """Start every character again that is to be played here."""
        seats = self.narrator.story.seats.values()
        here = [one.number for one in seats if not one.retired and self.is_here(one.number)]
        self.expected = max(1, sum(map(self._thinks, here)))
        for seat in here:
            if seat not in self._scopes:
                self._begin(seat)
        self._resumed = True

    def _thinks(self, seat: int) -> bool:
        """Whether a seat's process needs cores for a model that writes."""
        return self.narrator.story.seats[seat].role == "character"

    async def _invite_here(self, seat: int) -> None:
        """A code for ourselves; nobody need see it."""
        settings = self.settings(seat)
        if settings.is_new and self.writer != DEFAULT and self._thinks(seat):
            settings.keep_writer(self.writer)
        role = self.narrator.story.seats[seat].role
        await self._inviting.make(seat, role)
        made = self._inviting.state(seat)
        assert made is not None, "it was just made"
        self._keep_note(seat, Note(made.invite, True))

    # --- the note ---------------------------------------------------------------------------------------------------

    def _folder(self, seat: int) -> Path:
        return self._here / f"seat-{seat}"

    def _note_file(self, seat: int) -> Path:
        return self._folder(seat) / "played_here"

    def _note(self, seat: int) -> Note | None:
        """A note that is missing or does not read is one that was never written: the seat is then played elsewhere.
        Nobody else writes it, so it is read once.
        """
        if seat not in self._notes:
            try:
                invite, _, wanted = self._note_file(seat).read_text(encoding="ascii").strip().partition(" ")
                self._notes[seat] = Note(bytes.fromhex(invite), wanted == "wanted")
            except (OSError, ValueError):
                self._notes[seat] = None
        return self._notes[seat]

    def _keep_note(self, seat: int, note: Note) -> None:
        self._folder(seat).mkdir(mode=0o700, parents=True, exist_ok=True)
        with write_whole(self._note_file(seat)) as file:
            file.write(f"{note.invite.hex()} {'wanted' if note.wanted else 'stopped'}\n".encode())
        self._notes[seat] = note

    def _is_ours(self, seat: int, note: Note) -> bool:
        """Whether a seat is ours by the note: nobody sits there yet, or it is us."""
        member = self.narrator.node.ledger.authority.occupant(seat)
        return member is None or member.invite == note.invite

    # --- the process ------------------------------------------------------------------------------------------------

    def _heard(self, one: dict[str, object]) -> None:
        """Somebody took a seat: a process of ours that had it until now has nothing to do any more. A seat of ours is
        connected: its process is started.
        """
        match one["event"]:
            case "joined":
                for seat in self.playing():
                    if not self.is_here(seat):
                        self._moved(seat)
            case "status" if str(one["status"]).startswith(("Online", "Error_API")):
                for seat in self.playing():
                    if self.narrator.name_of(seat) == one["member"] and self._states[seat].state == STARTING:
                        self._tell(seat, LocalState(RUNNING, now()))

    def _moved(self, seat: int) -> None:
        self.stop(seat)
        name = self.narrator.name_of(seat)
        self.narrator.happen("notice", what=f"{name} is played on another machine now; its process here has ended.")

    def _begin(self, seat: int) -> None:
        if seat not in self._scopes:
            self._began[seat] = trio.current_time()
            self._tell(seat, LocalState(STARTING, now()))
            self._scopes[seat] = scope = trio.CancelScope()
            self._nursery.start_soon(self._keep_playing, seat, scope)

    def _end(self, seat: int) -> None:
        if seat in self._scopes:
            self._scopes.pop(seat).cancel()
            self._tell(seat, LocalState(ENDED, now()))

    def _tell(self, seat: int, state: LocalState) -> None:
        self._states[seat] = state
        self.narrator.happen("local", member=self.narrator.name_of(seat), seat=seat, state=state.state, why=state.why)

    async def _keep_playing(self, seat: int, scope: trio.CancelScope) -> None:
        """Run a seat's process; when it dies, start it again after a growing pause."""
        ended = 0  # times in a row
        with scope:
            await trio.lowlevel.checkpoint()  # it may have been stopped before it began
            while ended < RESTARTS:
                started = trio.current_time()
                self._tell(seat, LocalState(STARTING, now(), ended))
                why = await self._run_and_say_why(seat)
                ended = 1 if trio.current_time() - started > STEADY_SECONDS else ended + 1
                if not self.is_here(seat):
                    self._moved(seat)
                    return
                self._tell(seat, LocalState(PAUSING, now(), ended, why))
                await trio.sleep(min(30, 2 ** (ended - 1)))
        if self._scopes.get(seat) is scope:
            del self._scopes[seat]
            self._give_up(seat, ended)

    async def _run_and_say_why(self, seat: int) -> str:
        """Run a seat's process to its end; its last complaint."""
        try:
            returned = await self._run_once(seat, await self._code_for(seat))
            why = await trio.to_thread.run_sync(last_complaint, self._folder(seat), returned)
        except NodeError as error:  # a full disk, say: it ends this character's try, and nobody's evening
            returned, why = -1, error.what
        logger.warning("the process of %s ended with %s: %s", self.narrator.name_of(seat), returned, why)
        return why

    def _give_up(self, seat: int, ended: int) -> None:
        name, why = self.narrator.name_of(seat), self._states[seat].why
        self._tell(seat, LocalState(ENDED, now(), ended, why))
        self.narrator.tell_status(seat)
        self.narrator.happen(
            "error",
            what=f"{name} cannot be played on this machine: its process keeps ending. {why}".strip(),
            hint=f"Look at {self._folder(seat) / 'logs'}, then run: dwnet doctor",
        )

    async def _code_for(self, seat: int) -> str:
        """The code that the process joins with: none once it sits there; a new one where the old one is no use."""
        if self.was_here(seat):
            return ""
        note = self._note(seat)
        if note is None or not self._inviting.code(note.invite):
            await self._invite_here(seat)
            note = self._note(seat)
        return self._inviting.code(note.invite) if note is not None else ""

    async def _run_once(self, seat: int, code: str) -> int:
        """One run of the process."""
        folder = self._folder(seat)
        environ = {**os.environ, "DREAMWEAVER_CLIENT_DATA_PATH": str(folder), "CLIENT_TOKEN": code}
        environ[ATTACHED] = "1"  # it ends when our end of its stdin closes, also when we are killed
        environ[LOCAL_CHARACTERS] = str(max(sum(map(self._thinks, self._scopes)), self.expected))
        if self._speech is not None:
            environ["TTS_HOME"] = str(self._speech)
        for name in ("DREAMWEAVER_DATA_PATH", "CLIENT_PORT", "CLIENT_PC_ID", "CLIENT_HOST", "DB_PATH", "SERVER_URL"):
            environ.pop(name, None)
        command = [sys.executable, "-m", "dwnet", "peer", "--json", "--listen", "127.0.0.1:0"]
        with open_output(folder) as output:
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
