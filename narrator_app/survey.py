"""What can be known of the hive at a moment, as values: for screens to show. It reads and changes nothing.

Rules of this file:
- What a member says of itself is its own word, bounded where it was read; text of strangers is made safe here.
- Only what changes a picture is gathered, so that a survey of 200 members takes some milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import trio

from dwnet.link import LinkFacts
from dwnet.machine import Meter, Usage
from dwnet.shipped import words
from dwnet.text import one_line
from dwnet.times import now
from narrator_app.health import Condition, begin
from narrator_app.library import HealthNote, Library
from narrator_app.listening import Reach, reach
from narrator_app.narrator import Narrator
from protocol import limits
from protocol.identity import peer_id
from protocol.kinds import NARRATOR
from protocol.moments import Health
from protocol.names import fingerprint, short_name
from protocol.story import Seat

LOOK_BACK = 2_000  # canon entries; who is further behind is just "far behind"
ANSWERS = 8  # whose timings are shown
USAGE_SECONDS = 2.0  # between two measurings of our own process; a shorter time says little


@dataclass(frozen=True)
class MemberFacts:
    """A seat and whoever plays it. ``said`` is its own word, ``said_ago`` how many seconds old. ``behind``: canon
    entries it lacks (0: it holds a full copy; None: it did not say, or holds something we do not know). ``peer``: its
    peer id, ``words`` its short name; both "" while nobody plays the seat.
    """

    seat: int
    name: str
    role: str
    colour: str
    condition: Condition
    remedy: str
    said: Health | None = None
    said_ago: float | None = None
    link: LinkFacts | None = None
    behind: int | None = None
    is_probed: bool = False
    peer: str = ""
    words: str = ""


@dataclass(frozen=True)
class OwnFacts:
    """This very peer. ``reached``: from how far away somebody has come in so far, None while nobody did."""

    usage: Usage
    addresses: tuple[str, ...]
    reached: Reach | None
    peer: str


@dataclass(frozen=True)
class LogFacts:
    """The story's log. ``checkpoint`` is the name of the last one ("" for none), ``checkpoint_at`` in ms since 1970."""

    entries: int
    canon: int
    head: str
    fingerprint: tuple[str, ...]
    checkpoint: str = ""
    checkpoint_at: int = 0


@dataclass(frozen=True)
class AnswerFacts:
    """One answer and where its time went, as narrator_app/breakdown.py names it."""

    cue: str
    name: str
    colour: str
    timings: Mapping[str, int]


@dataclass(frozen=True)
class HiveFacts:
    """Everything at a moment, ``at`` in ms since 1970."""

    at: int
    story: str
    own: OwnFacts
    log: LogFacts
    members: tuple[MemberFacts, ...]
    answers: tuple[AnswerFacts, ...] = ()


class Surveyor:
    """Surveys one narrator's hive."""

    def __init__(self, narrator: Narrator, library: Library) -> None:
        self.narrator = narrator
        self._library = library
        self._meter = Meter()
        self._usage, self._usage_at = self._meter.read(), trio.current_time()
        self._depths: tuple[bytes, dict[bytes, int]] = (b"", {})

    def survey(self) -> HiveFacts:
        """How things stand now."""
        narrator = self.narrator
        ledger, mesh = narrator.node.ledger, narrator.mesh
        links = self.links()
        called_from = [one.address for one in links.values() if not one.dialed]
        own = OwnFacts(
            self._measured(), tuple(mesh.addresses), reached_from(called_from), peer_id(narrator.node.member.public)
        )
        seats = (one for number, one in sorted(ledger.story.seats.items()) if number != NARRATOR)
        members = tuple(self._member(one, links) for one in seats if not one.retired or self._key(one) in links)
        return HiveFacts(now(), ledger.authority.name, own, self._log(), members, self._answers())

    def links(self) -> dict[bytes, LinkFacts]:
        """Our own links by member key: cheap, to see where messages flow."""
        return {link.remote: link.facts for link in self.narrator.node.links.values()}

    def seat_of(self, key: bytes) -> int | None:
        """The seat a member key plays."""
        member = self.narrator.node.ledger.authority.member(key)
        return member.seat if member is not None else None

    def history(self, name: str, most: int = 6) -> Sequence[HealthNote]:
        """A member's last changes of status, newest first."""
        return self._library.health_history(name, most)

    def _measured(self) -> Usage:
        at = trio.current_time()
        if at - self._usage_at >= USAGE_SECONDS:
            self._usage, self._usage_at = self._meter.read(), at
        return self._usage

    def _key(self, seat: Seat) -> bytes:
        member = self.narrator.node.ledger.authority.occupant(seat.number)
        return member.key if member is not None else b""

    def _member(self, seat: Seat, links: Mapping[bytes, LinkFacts]) -> MemberFacts:
        attendance, number = self.narrator.attendance, seat.number
        condition = attendance.conditions.get(number) or begin(now())
        key = self._key(seat)
        said, at = attendance.reports.get(number), attendance.reported_at.get(number)
        return MemberFacts(
            number,
            seat.name,
            seat.role,
            seat.colour,
            condition,
            condition.remedy(seat.name),
            _safe(said) if said is not None else None,
            trio.current_time() - at if at is not None else None,
            links.get(key),
            self._behind(said.head) if said is not None and said.head else None,
            self.narrator.probes.waits(number),
            peer_id(key) if key else "",
            short_name(key, words()) if key else "",
        )

    def _behind(self, head: bytes) -> int | None:
        order = self.narrator.node.ledger.canon.order
        if self._depths[0] != self.narrator.node.ledger.canon.head:
            latest = islice(reversed(order), LOOK_BACK)
            self._depths = (order[-1].id, {entry.id: depth for depth, entry in enumerate(latest)})
        return self._depths[1].get(head)

    def _log(self) -> LogFacts:
        ledger = self.narrator.node.ledger
        name, entry = next(reversed(ledger.story.checkpoints.items()), ("", b""))
        at = ledger.entries[entry].at if entry in ledger.entries else 0
        head = ledger.canon.head
        spelled = fingerprint(head, words())
        return LogFacts(len(ledger.log), len(ledger.canon.order), head.hex(), spelled, name, at)

    def _answers(self) -> tuple[AnswerFacts, ...]:
        story = self.narrator.story
        told = []
        for cue, timings in list(self.narrator.timings.items())[-ANSWERS:]:
            asked = story.cues.get(cue)
            seat = story.seats.get(asked.seat) if asked is not None and asked.seat is not None else None
            told.append(AnswerFacts(cue.hex(), seat.name if seat else "", seat.colour if seat else "", dict(timings)))
        return tuple(told)


def reached_from(called_from: Sequence[str]) -> Reach | None:
    """From how far away others have come in, by the addresses they called from; None while nobody did."""
    found = {reach(address) for address in called_from}
    return next((one for one in (Reach.WORLD, Reach.HOME, Reach.SELF) if one in found), None)


def _safe(said: Health) -> Health:
    """A member's words about itself as one line each, without what a terminal or a reader could trip over."""
    return Health(
        said.state, one_line(said.why, 256), one_line(said.writer, 128), one_line(said.adapter, 32),
        one_line(said.voice, limits.VOICE), said.rate, said.first_token, said.cpu, said.memory, said.head,
        said.entries, said.links, said.probe,
    )  # fmt: skip
