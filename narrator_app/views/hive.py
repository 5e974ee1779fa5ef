"""The hive as a screen shows it: how everyone is, in words; the log's health; where the time of answers went.

Rules of this file:
- A status is never told by colour alone: it has a word, since when, why, and the one thing to do.
- What a member says of itself is shown as its word; what is not known is shown as a dash, never as zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from narrator_app.health import PRESENT, Status
from narrator_app.library import HealthNote
from narrator_app.listening import Reach, reach
from narrator_app.phrases import say
from narrator_app.survey import AnswerFacts, HiveFacts, LogFacts, MemberFacts, OwnFacts
from narrator_app.views.hive_graph import TONES, Graph, Tone, graph

UNKNOWN = "–"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NAMED = 12  # members that a spoken label names one by one
TOLD_FIRST = (
    Status.RESPONSIVE, Status.HEARTBEAT, Status.DEGRADED, Status.ERROR_API, Status.UNREACHABLE, Status.OFFLINE,
    Status.REGISTERED, Status.DEACTIVATED,
)  # fmt: skip
TROUBLED = frozenset({Status.ERROR_API, Status.DEGRADED, Status.UNREACHABLE, Status.OFFLINE})


@dataclass(frozen=True)
class Row:
    """A member in the table. ``status`` is a word for people, ``code`` the name programs use."""

    seat: int
    name: str
    colour: str
    status: str
    code: str
    tone: Tone
    since: str
    why: str
    remedy: str
    latency: str
    speed: str
    first_token: str
    model: str
    adapter: str
    voice: str
    cpu: str
    memory: str
    copy: str
    has_full_copy: bool
    peer: str
    words: str
    is_troubled: bool
    can_probe: bool
    is_probed: bool
    can_close: bool
    spoken: str


@dataclass(frozen=True)
class LogHealth:
    """How safe the story is."""

    entries: str
    checkpoint: str
    copies: str
    is_safe: bool
    fingerprint: str
    head: str


@dataclass(frozen=True)
class Own:
    """This computer's part."""

    usage: str
    addresses: tuple[tuple[str, str], ...]
    reach: str
    peer: str


@dataclass(frozen=True)
class Bar:
    """One answer as a bar. Parts of the longest one shown: waiting, until the first word, writing in silence, and
    writing while its first sound could be heard already.
    """

    cue: str
    name: str
    colour: str
    waiting: float
    first_token: float
    writing: float
    sounding: float
    total: str
    spoken: str


@dataclass(frozen=True)
class HiveView:
    """The whole screen. ``summary`` counts who is how; ``spoken`` is the drawing in words."""

    graph: Graph
    rows: tuple[Row, ...]
    troubled: int
    summary: str
    spoken: str
    log: LogHealth
    own: Own
    bars: tuple[Bar, ...]


def hive_view(facts: HiveFacts, selected: int | None = None) -> HiveView:
    """The screen at a moment; ``selected`` is the seat that is looked at."""
    rows = tuple(_row(one, facts.at) for one in facts.members)
    return HiveView(
        graph(facts.story, facts.members, selected),
        rows,
        sum(row.is_troubled for row in rows),
        _summary(facts.members),
        _spoken(facts.members),
        _log(facts.log, facts.members, facts.at),
        _own(facts.own),
        _bars(facts.answers),
    )


def past_statuses(notes: Sequence[HealthNote], now: int) -> tuple[tuple[str, Tone, str], ...]:
    """A member's last changes, newest first: the word, its tone, and when with why. ``now`` in ms since 1970."""
    told = []
    for note in notes:
        status = next((one for one in Status if one.value == note.status), None)
        if status is not None:
            when = say("hive.ago", time=lasting(now - note.since))
            told.append((word_for(status), TONES[status], f"{when}. {note.why}".strip()))
    return tuple(told)


def word_for(status: Status) -> str:
    """What people call a status."""
    return say(f"hive.status_{status.name.lower()}")


def lasting(milliseconds: int) -> str:
    """A stretch of time in one short word, as "40 s" or "3 h"."""
    seconds = max(0, milliseconds) // 1000
    if seconds >= DAY:
        return say("hive.days", count=seconds // DAY)
    if seconds >= HOUR:
        return say("hive.hours", count=seconds // HOUR)
    if seconds >= MINUTE:
        return say("hive.minutes", count=seconds // MINUTE)
    return say("hive.seconds", count=seconds)


# --- one member -----------------------------------------------------------------------------------------------------


def _row(one: MemberFacts, now: int) -> Row:
    status, said = one.condition.status, one.said
    is_here = status in PRESENT
    word, since = word_for(status), lasting(now - one.condition.since)
    latency = _latency(one) if is_here else UNKNOWN
    return Row(
        seat=one.seat,
        name=one.name,
        colour=one.colour,
        status=word,
        code=status.value,
        tone=TONES[status],
        since=since,
        why=one.condition.why,
        remedy=one.remedy,
        latency=latency,
        speed=say("hive.speed", count=f"{said.rate / 10:.1f}") if said and said.rate else UNKNOWN,
        first_token=_seconds(said.first_token) if said and said.first_token else UNKNOWN,
        model=(said.writer if said else "") or UNKNOWN,
        adapter=(said.adapter if said else "") or UNKNOWN,
        voice=(said.voice if said else "") or UNKNOWN,
        cpu=say("hive.percent", count=f"{said.cpu / 10:.0f}") if said and is_here else UNKNOWN,
        memory=say("hive.mebibytes", count=said.memory) if said and said.memory and is_here else UNKNOWN,
        copy=_copy(one),
        has_full_copy=one.behind == 0,
        peer=one.peer,
        words=one.words,
        is_troubled=status in TROUBLED,
        can_probe=one.link is not None,
        is_probed=one.is_probed,
        can_close=bool(one.peer) and status is not Status.DEACTIVATED,
        spoken=say(
            "hive.row_spoken",
            name=one.name,
            status=word,
            code=status.value,
            since=since,
            why=one.condition.why,
            latency=latency,
        ),
    )


def _latency(one: MemberFacts) -> str:
    if one.link is None:
        return say("hive.through_others")
    if one.link.round_trip is None:
        return UNKNOWN
    milliseconds = one.link.round_trip * 1000
    return say("hive.under_a_millisecond") if milliseconds < 1 else say("hive.milliseconds", count=round(milliseconds))


def _seconds(milliseconds: int) -> str:
    return say("hive.in_seconds", count=f"{milliseconds / 1000:.1f}")


def _copy(one: MemberFacts) -> str:
    if one.behind == 0:
        return say("hive.full_copy")
    if one.behind is not None:
        return say("hive.behind", count=one.behind)
    return UNKNOWN if one.said is None or not one.said.head else say("hive.far_behind")


# --- everyone -------------------------------------------------------------------------------------------------------


def _by_status(members: Sequence[MemberFacts]) -> Mapping[Status, list[str]]:
    found: dict[Status, list[str]] = {status: [] for status in TOLD_FIRST}
    for one in members:
        found[one.condition.status].append(one.name)
    return {status: found[status] for status in TOLD_FIRST if found[status]}


def _summary(members: Sequence[MemberFacts]) -> str:
    return " · ".join(
        say("hive.so_many", count=len(names), status=word_for(status).lower())
        for status, names in _by_status(members).items()
    )


def _spoken(members: Sequence[MemberFacts]) -> str:
    if not members:
        return say("hive.spoken_empty")
    told = []
    for status, names in _by_status(members).items():
        named = ", ".join(names[:NAMED])
        rest = say("hive.and_more", count=len(names) - NAMED) if len(names) > NAMED else ""
        told.append(f"{word_for(status)}: {named}{rest}.")
    return f"{say('hive.spoken', count=len(members))} {' '.join(told)}"


def _log(log: LogFacts, members: Sequence[MemberFacts], now: int) -> LogHealth:
    full = [one.name for one in members if one.behind == 0]
    if not full:
        copies = say("hive.copies_none")
    elif len(full) <= 3:
        copies = say("hive.copies_named", names=", ".join(full))
    else:
        copies = say("hive.copies_many", count=len(full))
    named = say("hive.checkpoint", name=log.checkpoint, time=lasting(now - log.checkpoint_at))
    return LogHealth(
        say("hive.entries", entries=f"{log.entries:,}", canon=f"{log.canon:,}"),
        named if log.checkpoint else say("hive.no_checkpoint"),
        copies,
        bool(full),
        " ".join(log.fingerprint),
        log.head,
    )


def _own(own: OwnFacts) -> Own:
    cpu = say("hive.percent", count=f"{own.usage.cpu:.0f}")
    memory = say("hive.mebibytes", count=own.usage.memory // 2**20) if own.usage.memory else UNKNOWN
    hints = tuple((address, say(f"hive.address_{reach(address).value}")) for address in own.addresses)
    return Own(say("hive.usage", cpu=cpu, memory=memory), hints, _reached(own), own.peer)


def _reached(own: OwnFacts) -> str:
    if own.reached is not None:
        return say(f"hive.reached_{own.reached.value}")
    only_here = all(reach(address) is Reach.SELF for address in own.addresses)
    return say("hive.reached_nowhere") if only_here else say("hive.reached_nobody")


# --- answers --------------------------------------------------------------------------------------------------------


def _bars(answers: Sequence[AnswerFacts]) -> tuple[Bar, ...]:
    """The last answers, newest first, all to one scale."""
    longest = max((one.timings["queue_ms"] + one.timings["whole_ms"] for one in answers), default=0) or 1
    return tuple(_bar(one, longest) for one in reversed(answers))


def _bar(one: AnswerFacts, longest: int) -> Bar:
    told = one.timings
    queue, whole, clip = told["queue_ms"], told["whole_ms"], told["first_clip_ms"]
    first = min(told["first_token_ms"], whole)
    heard = max(first, min(clip, whole)) if clip else whole
    sound = say("hive.bar_sound", time=_seconds(clip)) if clip else say("hive.bar_silent")
    return Bar(
        cue=one.cue,
        name=one.name,
        colour=one.colour,
        waiting=queue / longest,
        first_token=first / longest,
        writing=(heard - first) / longest,
        sounding=(whole - heard) / longest,
        total=_seconds(queue + whole),
        spoken=say(
            "hive.bar_spoken",
            name=one.name,
            waiting=_seconds(queue),
            first=_seconds(first),
            whole=_seconds(whole),
            sound=sound,
            tokens=told["tokens"],
            read=told["prompt_tokens"],
        ),
    )
