"""What the characters have learned, as the narrator sees and directs it: versions, news of their learning, and copies
of it all that are kept safe here.

Rules of this file:
- Which adapter speaks is the narrator's word in the story (``mind``), or the character's own where he said nothing.
- What a character gives to be kept is fetched whenever somebody who may have it is connected, goes on where it was
  broken off, and counts against its author's share of this disk.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import trio

from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft, Event
from dwnet.text import one_line
from narrator_app.narrator import Narrator
from narrator_app.probing import NotConnected
from protocol import limits, minds
from protocol.effects import Heard, Ready, Took
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.kinds import Evolved, Minded
from protocol.minds import Mind, Version
from protocol.moments import LEARNING_STATES, LEARNING_STRENGTHS, Learn, Learning, read_moment
from protocol.pace import Pace

BARE = "base"  # the word for a mind that has learned nothing
STOP = "stop"
logger = logging.getLogger(__name__)


class NoSuchVersion(NodeError):
    """{name} has no version {version}. It has: {known}.

    /mind NAME lists them; /mind NAME base goes back to the bare model.
    """

    exit_code = 2


class NoSuchStrength(NodeError):
    """A character learns gentle, normal or strong; “{strength}” is none of these.

    Try: /evolve NAME normal
    """

    exit_code = 2


@dataclass(frozen=True)
class MindFacts:
    """What one seat has learned. ``said`` is its own last word about its learning. Of what is to be kept here, ``safe``
    of ``kept`` bytes are.
    """

    mind: Mind
    versions: tuple[Version, ...]
    said: Learning | None
    safe: int
    kept: int

    @property
    def speaks(self) -> int:
        """The number of the version that speaks; 0 for the bare model, or one that nobody trained here."""
        return next((one.number for one in self.versions if one.made.adapter == self.mind.adapter), 0)


class Minds:
    """The minds of one story's characters."""

    def __init__(self, narrator: Narrator, clips: Clips) -> None:
        self.reports: dict[int, Learning] = {}
        self._narrator = narrator
        self._clips = clips
        self._paces: dict[int, Pace] = {}
        self._wanted: set[bytes] = set()

    def facts(self, seat: int) -> MindFacts:
        """How things stand with a seat."""
        ledger = self._narrator.node.ledger
        kept = minds.backups(ledger, seat)
        safe = sum(one.held.size for one in kept if self._clips.store.has(one.held.blob))
        total = sum(one.held.size for one in kept)
        return MindFacts(minds.mind(ledger, seat), minds.versions(ledger, seat), self.reports.get(seat), safe, total)

    # --- what the narrator does -------------------------------------------------------------------------------------

    def evolve(self, seat: int, strength: str = "normal") -> None:
        """Ask whoever plays a seat to learn, or to stop with "stop".

        :raises NoSuchStrength, NotConnected: and nothing is asked.
        """
        narrator, name = self._narrator, self._narrator.name_of(seat)
        if strength not in (*LEARNING_STRENGTHS, STOP):
            raise NoSuchStrength(strength=one_line(strength, 40))
        member = narrator.node.ledger.authority.occupant(seat)
        if member is None or not narrator.node.linked_to(member.key):
            raise NotConnected(name=name, remedy=narrator.attendance.conditions[seat].remedy(name))
        learn = Learn(STOP, "") if strength == STOP else Learn("begin", strength)
        narrator.node.say(learn.kind, learn.pack(), only=member.key)

    async def choose(self, seat: int, version: str, *, pinned: bool = False) -> None:
        """Let a seat speak with one of its versions, by number, with "base", or with any adapter named by its hash,
        which grants it. ``pinned``: whatever it learns, and wherever the story goes.

        :raises NoSuchVersion: and nothing changes.
        """
        narrator, head = self._narrator, self._narrator.story.head
        adapter = self._adapter(seat, version)
        await narrator.node.write(Draft(Minded(seat, adapter, int(pinned)), (head,) if head else ()))
        narrator.happen("mind", member=narrator.name_of(seat), version=version, pinned=pinned)

    def _adapter(self, seat: int, version: str) -> bytes:
        found = minds.versions(self._narrator.node.ledger, seat)
        known = {str(one.number): one.made.adapter for one in found}
        by_hash = [one for one in known.values() if len(version) >= 8 and one.hex().startswith(version.casefold())]
        if version.casefold() == BARE:
            return b""
        if version in known or len(by_hash) == 1:
            return known.get(version) or by_hash[0]
        try:
            whole = bytes.fromhex(version)
        except ValueError:
            whole = b""
        if len(whole) != 32:
            names = ", ".join([*known, BARE])
            raise NoSuchVersion(name=self._narrator.name_of(seat), version=one_line(version, 80), known=names)
        return whole

    def tell(self, seat: int) -> None:
        """Say what a seat has learned, one version after the other."""
        facts, name = self.facts(seat), self._narrator.name_of(seat)
        for one in facts.versions:
            self._narrator.happen("evolved", **told(name, one), speaks=one.number == facts.speaks)
        if not facts.versions:
            self._narrator.happen("notice", what=f"{name} has learned nothing yet. /evolve {name} lets it begin.")

    # --- what happens -----------------------------------------------------------------------------------------------

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Hear of learning, and fetch what is to be kept, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._look(nursery)
            async for event in events:
                match event:
                    case Heard(ephemeral=one) if one.kind == Learning.kind:
                        self._heard(one.author, one.payload)
                    case Ready():
                        self._look(nursery)
                    case Took(entry=entry) if entry.kind in ("kept", "evolved", "brought"):
                        self._look(nursery)
                        self._learned(entry)

    def _heard(self, author: bytes, payload: bytes) -> None:
        member = self._narrator.node.ledger.authority.member(author)
        if member is None or member.role != "character":
            return
        pace = self._paces.setdefault(member.seat, Pace())
        if not pace.allows(trio.current_time(), limits.LEARNING_PER_SECOND, limits.LEARNING_BURST):
            return
        name = self._narrator.name_of(member.seat)
        try:
            said = read_moment(Learning, payload)
        except ProtocolError as error:
            logger.warning("what %s says of its learning does not read: %s", name, error)
            return
        if said.state in LEARNING_STATES:
            why, strength = one_line(said.why, 256), one_line(said.strength, 16)
            said = Learning(said.state, why, said.samples, said.share, said.loss, said.left, strength)
            self.reports[member.seat] = said
            self._narrator.happen(
                "learning",
                member=name,
                state=said.state,
                why=said.why,
                samples=said.samples,
                share=said.share / 1_000,
                loss=said.loss / 1_000,
                seconds_left=said.left,
                strength=said.strength,
            )

    def _learned(self, entry: Entry) -> None:
        member = self._narrator.node.ledger.authority.members.get(entry.author)
        if entry.kind != Evolved.kind or member is None:
            return
        facts = self.facts(member.seat)
        for one in facts.versions:
            if one.entry == entry.id:
                name = self._narrator.name_of(member.seat)
                self._narrator.happen("evolved", **told(name, one), speaks=one.number == facts.speaks)

    def _look(self, nursery: trio.Nursery) -> None:
        ledger, held = self._narrator.node.ledger, self._clips.store.has
        for seat in ledger.story.seats:
            for one in minds.backups(ledger, seat):
                if not held(one.held.blob) and one.held.blob not in self._wanted:
                    self._wanted.add(one.held.blob)
                    nursery.start_soon(self._fetch, one.held.blob, one.held.size, one.author)

    async def _fetch(self, blob: bytes, size: int, author: bytes) -> None:
        """What does not come now is tried with the next link."""
        links = tuple(self._narrator.node.gossip.remotes())
        try:
            if links:
                await self._clips.bring(blob, size, links, author)
                self._narrator.happen("kept")
        except NodeError as error:
            logger.info("a copy of what a character learned is not here yet: %s", error.what)
        self._wanted.discard(blob)


def told(name: str, one: Version) -> dict[str, object]:
    """A version, as scripts read it."""
    made = one.made
    return {
        "member": name,
        "version": one.number,
        "adapter": made.adapter.hex(),
        "model": one_line(made.model, 128),
        "promoted": bool(made.promoted),
        "why": "It comes from another story." if one.brought else one_line(made.why, 256),
        "samples": made.count,
        "scores": {one_line(score.name, 32): [score.before / 1_000, score.after / 1_000] for score in made.scores},
    }
