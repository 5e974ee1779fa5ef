"""Keeps the narrator's library in step with the story: lines to search in, checkpoints, invites, how everyone was."""

from __future__ import annotations

import contextlib

import trio

from dwnet.node import Event
from dwnet.times import milliseconds
from narrator_app.book import spoken_lines
from narrator_app.library import CheckpointNote, HealthNote, InviteNote, Library, SpokenLine
from narrator_app.narrator import Happening, Narrator
from protocol.effects import Took

QUIET = 0.5  # seconds; a burst of entries is recorded once
WAITING = 256  # happenings that wait to be noted
SHAPING = frozenset(
    {"narrate", "accept", "edit", "choose", "rewind", "adopt", "redact", "checkpoint", "grant", "withdraw"}
)


class Librarian:
    """Writes what can be had from the log again into tables people can search."""

    def __init__(self, narrator: Narrator, library: Library) -> None:
        self.narrator = narrator
        self.library = library
        self._recorded: list[SpokenLine] = []
        self._send, self._receive = trio.open_memory_channel[Happening](WAITING)
        narrator.listen(self._note)

    def _note(self, one: Happening) -> None:
        if one["event"] in ("status", "invite", "joined"):
            try:
                self._send.send_nowait(one)
            except trio.WouldBlock:  # a cache; the log and the next status tell it again
                return

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Record until cancelled."""
        if not self.library.is_filled_to(self.narrator.node.ledger.canon.head):
            await self._record_lines()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_notes)
            async for event in events:
                if isinstance(event, Took) and event.entry.kind in SHAPING:
                    await trio.sleep(QUIET)
                    _drop(events)
                    await self._record_lines()
                    await self._record_checkpoints()

    async def _record_lines(self) -> None:
        lines = list(spoken_lines(self.narrator.story))
        head = self.narrator.node.ledger.canon.head
        known = len(self._recorded)
        if known and lines[:known] == self._recorded:
            await self.library.record_passages(lines[known:], head)
        else:
            await self.library.fill(lines, head)
        self._recorded = lines

    async def _record_checkpoints(self) -> None:
        known = {note.name: note.entry for note in self.library.checkpoints()}
        for name, entry in self.narrator.story.checkpoints.items():
            if known.get(name) != entry:
                await self.library.keep_checkpoint(CheckpointNote(name, entry, ""))

    async def _keep_notes(self) -> None:
        async for one in self._receive:
            if one["event"] == "status":
                since = milliseconds(one["since"])
                await self.library.record_health(HealthNote(one["member"], one["status"], one["why"], since))
            else:
                await self._record_invites()

    async def _record_invites(self) -> None:
        authority = self.narrator.node.ledger.authority
        for invite, known in list(authority.invites.items()):
            used, gone = invite in authority.burned, invite in authority.withdrawn
            state = "used" if used else "withdrawn" if gone else "open"
            name = self.narrator.name_of(known.seat)
            await self.library.keep_invite(InviteNote(invite, known.seat, name, known.role, state, known.expires))


def _drop(events: trio.MemoryReceiveChannel[Event]) -> None:
    """What came meanwhile is in the fold, which is read after this."""
    with contextlib.suppress(trio.WouldBlock):
        while True:
            events.receive_nowait()
