"""The narrator's peer at work: who speaks next, who may join, how everyone is. No screens; they sit on top.

Rules of this file:
- It holds no second copy of the story. What it decides it reads from the fold (direction.py), and what it did it writes
  to the log, so that a kill at any moment loses nothing.
- Whoever shows the story (terminal, desk, a script) gets happenings: plain dictionaries, each with ``event`` and
  ``at``.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from dwnet.mesh import Mesh
from dwnet.node import Draft, LinkClosed, LinkOpened, Node
from dwnet.text import clean, clean_piece, marked
from dwnet.times import iso, now
from narrator_app.attendance import Attendance
from narrator_app.breakdown import breakdown
from narrator_app.copies import Copies
from narrator_app.direction import (
    Accept,
    Ask,
    Circumstances,
    Decision,
    Miss,
    Pace,
    Turn,
    decide,
    open_cue,
    queue,
    under_review,
)
from narrator_app.health import Signal
from narrator_app.probing import Probes
from protocol import limits
from protocol.effects import Claimed, Forked, Heard, Held, Ready, SecondCopy, Took
from protocol.entry import Entry
from protocol.errors import Code, ProtocolError
from protocol.invite import Claim
from protocol.kinds import (
    NARRATOR,
    Accepted,
    Cued,
    Line,
    Missed,
    Opened,
)
from protocol.messages import Ephemeral
from protocol.moments import ClipMade, Health, Timing, Tokens, read_moment
from protocol.story import Story

Happening = dict[str, Any]
TIMINGS = 64
logger = logging.getLogger(__name__)


class Narrator:
    """The narrator's own peer. Run it in a nursery; use narrator_app.intents to tell the story."""

    def __init__(self, node: Node, mesh: Mesh, *, behind: bool = False) -> None:
        self.node = node
        self.mesh = mesh
        self.review = under_review(self.story)
        self.attendance = Attendance(node, mesh, self.tell_status, now)
        self.probes = Probes(node, self._tell_probe)
        self.forced: deque[tuple[bytes, int]] = deque(maxlen=64)
        self.skipped: deque[tuple[bytes, int]] = deque(maxlen=64)
        self.held = False
        self.written: dict[bytes, str] = {}  # by cue: what came of an answer so far
        self.copies = Copies(node, self.happen, now() if behind else None)
        self.timings: dict[bytes, dict[str, int]] = {}
        self._paces: dict[bytes, Pace] = {}
        self._listeners: list[Callable[[Happening], None]] = []
        self._lines: dict[bytes, None] = {}
        self._changed = trio.Event()
        self._stirred = trio.Event()
        self.admit: Callable[[int, Claim], Awaitable[None]] = _nobody

    @property
    def story(self) -> Story:
        return self.node.ledger.story

    def listen(self, listener: Callable[[Happening], None]) -> None:
        """``listener`` is called, on the trio thread, with everything that happens from now on; it must not block."""
        self._listeners.append(listener)

    def fall_silent(self) -> None:
        """Nobody is told anything any more: this process ends."""
        self._listeners.clear()

    def happen(self, event: str, **facts: Any) -> None:
        """Tell every listener."""
        stamp = iso(now(), "milliseconds")
        for listener in self._listeners:
            listener({"event": event, "at": stamp, **facts})

    def changed(self) -> None:
        """Look again at who speaks next."""
        self._changed.set()
        self._stirred.set()
        self._stirred = trio.Event()

    async def something(self) -> None:
        """Wait until anything changes; at the latest a second, since some things end without a word."""
        await self._stirred.wait()

    def name_of(self, seat: int | None) -> str:
        """The name a seat's lines stand under; None is a seat that is sealed to others, or gone."""
        return self.story.name_of(seat) if seat is not None else "somebody"

    async def open_run(self, agent: str) -> None:
        """Begin this process's run at the canon head. Call once, before anything is told."""
        await self.node.write(Draft(Opened(self.node.ledger.canon.head, agent)))
        await self.copies.settle_tails()
        self.attendance.begin_all()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Direct the story until cancelled.

        :raises AnotherCopy: when this very story is being told elsewhere and that began earlier.
        """
        events = self.node.subscribe()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._direct)
            nursery.start_soon(self._keep_time)
            task_status.started()
            async for event in events:
                await self._handle(event)

    # --- events ---------------------------------------------------------------------------------------------------

    async def _handle(self, event: object) -> None:
        match event:
            case Took(entry=entry):
                self._took(entry)
            case Heard(ephemeral=one):
                self._heard(one)
            case Claimed(link=link, claim=claim):
                await self.admit(link, claim)
            case Ready(member=member):
                self.attendance.observe(self._seat_of(member), Signal.LINKED, "Connected.")
            case LinkClosed(member=member, code=Code.DUPLICATE_LINK) if not self.node.linked_to(member):
                # It is not away: its other link's handshake is not done here yet. Or else look_for_absent finds out.
                self.copies.displaced()
            case LinkClosed(member=member, text=text) if not self.node.linked_to(member):
                self.attendance.observe(self._seat_of(member), Signal.LOST, _sentence(text or "the connection ended"))
            case LinkOpened(address=address):
                logger.info("a link from %s", address)
            case Forked(first=first):
                name = self.node.ledger.authority.name_of(first.author)
                self.happen(
                    "notice",
                    what=f"{name} has signed two different things at one place. What was accepted stays; nothing "
                    f"new is taken from there. Invite that seat anew: /invite {name}",
                )
            case Held(author=author):
                name = self.node.ledger.authority.name_of(author)
                self.happen(
                    "notice", what=f"{name} sends more than can wait for an answer; the rest is not taken for now."
                )
            case SecondCopy(run=run):
                self.copies.second(run)
        self.changed()

    def _took(self, entry: Entry) -> None:
        if entry.kind == Cued.kind:
            self._paces[entry.id] = Pace(trio.current_time())
            while len(self._paces) > TIMINGS:
                del self._paces[next(iter(self._paces))]
        if entry.author == self.node.member.public:
            if entry.run != self.node.run_id:
                self.copies.note_tail()
        elif entry.kind == Line.kind:
            self._line_came(entry)

    def _line_came(self, entry: Entry) -> None:
        """Tell of a line, once: when it arrives, or when it is accepted before that was heard of."""
        member = self.node.ledger.authority.members.get(entry.author)
        offered = self.story.offered.get(entry.id)
        if member is None or offered is None or entry.id in self._lines:
            return
        self._lines[entry.id] = None
        while len(self._lines) > TIMINGS:
            del self._lines[next(iter(self._lines))]
        cue = entry.refs[0] if entry.refs else b""
        if cue in self.story.cues and self.story.cues[cue].seat != member.seat:
            return  # nobody asked it
        pace = self._paces.get(cue)
        self.happen(
            "line",
            member=self.name_of(member.seat),
            text=clean(marked(offered[1].body.spans)) if offered[1] and isinstance(offered[1].body, Line) else "",
            entry=entry.id.hex(),
            timings=self.timings.get(cue, {}),
            waits=self.review,
            streamed=pace is not None and pace.progressed_at is not None,
            colour=self.story.seats[member.seat].colour if member.seat in self.story.seats else "",
        )

    def _heard(self, one: Ephemeral) -> None:
        seat = self._seat_of(one.author)
        if seat is None or seat == NARRATOR:
            return
        try:
            self._heard_of(seat, one.kind, one.payload)
        except ProtocolError as error:
            logger.warning("a moment of %s does not read: %s", self.name_of(seat), error)

    def _heard_of(self, seat: int, kind: str, payload: bytes) -> None:
        """A member's tokens, clips and timings count only for a cue of its own seat."""
        match kind:
            case Tokens.kind:
                tokens = read_moment(Tokens, payload)
                if self._goes_on(tokens.cue, seat) and tokens.text:
                    text = clean_piece(tokens.text)
                    self._write_down(tokens.cue, text)
                    self.happen("token", member=self.name_of(seat), text=text, cue=tokens.cue.hex())
            case ClipMade.kind:
                self._goes_on(read_moment(ClipMade, payload).cue, seat)
            case Timing.kind:
                timing = read_moment(Timing, payload)
                if self._is_cue_of(timing.cue, seat):
                    self._note_timing(seat, timing)
            case Health.kind:
                health = read_moment(Health, payload)
                if self.attendance.hear(seat, health):
                    self.probes.heard(seat, health)

    def _write_down(self, cue: bytes, text: str) -> None:
        """Keep what streams, for whoever begins to watch in the middle of an answer."""
        self.written[cue] = (self.written.get(cue, "") + text)[: limits.TEXT]
        while len(self.written) > TIMINGS:
            del self.written[next(iter(self.written))]

    def _goes_on(self, cue: bytes, seat: int) -> bool:
        """Note that an answer progresses, if it is this seat's to give."""
        if cue not in self._paces or not self._is_cue_of(cue, seat):
            return False
        self._paces[cue].progressed_at = trio.current_time()
        return True

    def _is_cue_of(self, cue: bytes, seat: int) -> bool:
        return cue in self.story.cues and self.story.cues[cue].seat == seat

    def _note_timing(self, seat: int, timing: Timing) -> None:
        """Where an answer's time went. It may come before its line or, overtaken on its way, after it."""
        self.timings[timing.cue] = breakdown(timing)
        while len(self.timings) > TIMINGS:
            del self.timings[next(iter(self.timings))]
        self.happen("timing", member=self.name_of(seat), cue=timing.cue.hex(), timings=self.timings[timing.cue])

    # --- who is here -----------------------------------------------------------------------------------------------

    def tell_status(self, seat: int) -> None:
        """How a seat's member is."""
        self.happen("status", **self.attendance.facts(seat, self.name_of(seat)))

    def probe(self, seat: int) -> None:
        """Ask whoever plays this seat to test itself; what came of it happens as ``probed``.

        :raises NotConnected: when it can't be asked.
        """
        name = self.name_of(seat)
        self.probes.ask(seat, name, self.attendance.conditions[seat].remedy(name))

    def _tell_probe(self, seat: int, milliseconds: int | None) -> None:
        facts = self.attendance.facts(seat, self.name_of(seat))
        answered = milliseconds is not None
        self.happen("probed", **facts, answered=answered, milliseconds=milliseconds or 0)

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(1)
            if self.copies.tail_waits():
                await self.copies.settle_tails()
            self.attendance.begin_all()
            self.attendance.look_for_absent()
            self.probes.give_up()
            self.changed()

    def _seat_of(self, key: bytes) -> int | None:
        member = self.node.ledger.authority.member(key)
        return member.seat if member else None

    # --- direction ------------------------------------------------------------------------------------------------

    async def _direct(self) -> None:
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            while (decision := self._next()) is not None:
                await self._perform(decision)

    def _next(self) -> Decision | None:
        waiting = open_cue(self.story)
        if waiting is not None and waiting.entry not in self._paces:
            self._paces[waiting.entry] = Pace(trio.current_time())  # asked before this process began: patience anew
        return decide(self.story, self.node.ledger.authority, self._circumstances())

    def queue(self) -> tuple[Turn, ...]:
        """Who speaks now and next."""
        return queue(self.story, self.node.ledger.authority, self._circumstances())

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            trio.current_time(),
            self.review,
            self._paces,
            self.attendance.away,
            self.attendance.failing,
            tuple(self.forced),
            tuple(self.skipped),
            self.held,
        )

    async def _perform(self, decision: Decision) -> None:
        match decision:
            case Accept(line=line):
                await self.accept(line)
            case Ask(beat=beat, seat=seat, take=take):
                if (beat, seat) in self.forced:
                    self.forced.remove((beat, seat))
                audience = self.story.passages[beat].take.audience
                (cue,) = await self.node.write(Draft(Cued(seat, take, int(self.review)), (beat,), audience))
                self.happen("asked", member=self.name_of(seat), cue=cue.id.hex())
            case Miss(cue=cue, why=why):
                asked = self.story.cues[cue]
                await self.node.write(Draft(Missed(why[:256]), (cue,), asked.audience))
                self.happen("missed", member=self.name_of(asked.seat), why=why)

    async def accept(self, line: Entry) -> None:
        """Make a line canon."""
        self._line_came(line)
        await self.node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))
        self._paces.pop(line.refs[0] if line.refs else b"", None)
        self.happen("accepted", entry=line.id.hex(), member=self.name_of(self._seat_of(line.author)))


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].rstrip('.')}."


async def _nobody(link: int, claim: Claim) -> None:
    """Until somebody stands at the door, claims wait for the next try."""
