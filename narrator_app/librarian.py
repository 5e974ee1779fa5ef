"""Keeps the narrator's library in step with the story: lines to search in, checkpoints, invites, how everyone was."""

from __future__ import annotations

import contextlib
import logging
from itertools import takewhile

import trio

from dwnet.errors import NodeError
from dwnet.node import Event
from dwnet.times import milliseconds
from narrator_app.book import spoken_lines
from narrator_app.library import CheckpointNote, HealthNote, InviteNote, Library
from narrator_app.narrator import Happening, Narrator
from narrator_app.summary import SHAPING, summary_of
from protocol.effects import Took
from protocol.entry import Entry
from protocol.kinds import Redacted
from protocol.story import Passage, Story

QUIET = 0.5  # seconds; a burst of entries is recorded once
SETTLING = 2.0  # seconds; a long story is on the page before it is recorded, which takes as long as opening it
WAITING = 256  # happenings that wait to be noted
logger = logging.getLogger(__name__)


class Librarian:
    """Writes what can be had from the log again into tables people can search."""

    def __init__(self, narrator: Narrator, library: Library) -> None:
        self.narrator = narrator
        self.library = library
        self._recorded: Story | None = None  # as it was when its lines were recorded last
        self._send, self._receive = trio.open_memory_channel[Happening](WAITING)
        narrator.listen(self._note)

    def _note(self, one: Happening) -> None:
        if one["event"] in ("status", "invite", "joined"):
            try:
                self._send.send_nowait(one)
            except trio.WouldBlock:  # a cache; the log and the next status tell it again
                return

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Record until cancelled, and once more then: what is on the shelf is up to date."""
        try:
            if self.library.summary() is None:
                await trio.sleep(SETTLING)
                await self._record_lines()
            else:
                self._recorded = self.narrator.story.still()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_notes)
                async for event in events:
                    if isinstance(event, Took) and event.entry.kind in SHAPING:
                        await trio.sleep(QUIET)
                        for entry in (event.entry, *_waiting(events)):
                            await self._forget(entry)
                        await self._record_lines()
                        await self._record_checkpoints()
        finally:
            with trio.CancelScope(shield=True):
                await self._record_last()

    async def _record_lines(self) -> None:
        """Their text is put together in the store's own thread, out of a copy of the story."""
        story, summary = self.narrator.story.still(), summary_of(self.narrator.node.ledger)
        known = _grown_from(self._recorded, story)
        if known is None:
            await self.library.fill(spoken_lines(story), summary)
        else:
            await self.library.record_passages(spoken_lines(story, known), summary)
        self._recorded = story

    async def _record_last(self) -> None:
        try:
            await self._record_lines()
        except NodeError as error:  # a cache; the next evening fills it anew
            logger.info("the library was not brought up to date: %s", error)

    async def _forget(self, entry: Entry) -> None:
        """Words that were taken back are nowhere in the library either."""
        if entry.kind == Redacted.kind:
            for ref in entry.refs:
                await self.library.forget_line(ref)

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


def _waiting(events: trio.MemoryReceiveChannel[Event]) -> list[Entry]:
    """What came meanwhile; it is in the fold, which is read after this."""
    entries = []
    with contextlib.suppress(trio.WouldBlock):
        while True:
            event = events.receive_nowait()
            if isinstance(event, Took):
                entries.append(event.entry)
    return entries


def _grown_from(former: Story | None, story: Story) -> int | None:
    """How many passages stand as they did, if the story only grew at its end; None when it must be read anew."""
    if former is None or (former.edits, former.seats) != (story.edits, story.seats):
        return None
    before, now = list(former.path()), list(story.path())

    def same(pair: tuple[Passage, Passage]) -> bool:
        return pair[0] is pair[1]

    known = sum(1 for _ in takewhile(same, zip(before, now, strict=False)))
    return known if known == len(before) else None
