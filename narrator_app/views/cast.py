"""The cast as it is shown: a tile for everyone who has a seat, and who else could have one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from dwnet import shipped
from dwnet.card import Card, CardError, read_card
from dwnet.text import one_line
from narrator_app.health import Condition, Status
from narrator_app.inviting import EXPIRED, OPEN, InviteState
from narrator_app.local import ENDED, PAUSING, STARTING, LocalState
from narrator_app.phrases import say
from protocol.authority import Authority
from protocol.kinds import NARRATOR
from protocol.story import Seat, Story

LINE = 120  # characters of what a tile says about a character
HERE, FRIEND, NOBODY = "here", "friend", "nobody"  # where a seat is played
OK, WARN, DANGER, QUIET = "ok", "warn", "danger", "quiet"  # tones of a status

_STATUS = {
    Status.REGISTERED: ("registered", QUIET),
    Status.OFFLINE: ("offline", QUIET),
    Status.HEARTBEAT: ("heartbeat", WARN),
    Status.RESPONSIVE: ("responsive", OK),
    Status.ERROR_API: ("error", DANGER),
    Status.DEGRADED: ("degraded", WARN),
    Status.UNREACHABLE: ("unreachable", DANGER),
    Status.DEACTIVATED: ("deactivated", QUIET),
}


@dataclass(frozen=True)
class Tile:
    """Somebody in the story. ``line``: one line of who that is; ``where``: here, friend or nobody; ``tone``: of the
    status. ``invite``: what is to be said of an open or spent code, "" for nothing. ``voice``: as the card names it.
    ``running``: its process on this machine is there, or is being started.
    """

    seat: int
    name: str
    role: str
    role_words: str
    line: str
    colour: str
    picture: bytes | None
    voice: str
    status: str
    tone: str
    why: str
    where: str
    where_words: str
    invite: str
    running: bool
    retired: bool


@dataclass(frozen=True)
class CastView:
    """Everybody: on the stage, in the audience, and those who left the stage; and whom the sample cast still offers."""

    stage: tuple[Tile, ...]
    audience: tuple[Tile, ...]
    retired: tuple[Tile, ...]
    samples: tuple[str, ...]

    def tile(self, seat: int) -> Tile | None:
        """Somebody's tile by seat."""
        return next((one for one in (*self.stage, *self.audience, *self.retired) if one.seat == seat), None)


@dataclass(frozen=True)
class Facts:
    """What a view of the cast is made from, besides the story. ``here``: seats that this machine plays; ``pictures``:
    by blob; ``at`` in ms since 1970.
    """

    conditions: Mapping[int, Condition]
    processes: Mapping[int, LocalState]
    here: Collection[int]
    invites: Mapping[int, InviteState]
    pictures: Mapping[bytes, bytes]
    at: int


def cast_view(story: Story, authority: Authority, facts: Facts) -> CastView:
    """The cast as it stands."""
    tiles = [_tile(story, authority, seat, facts) for seat in story.seats.values() if seat.number != NARRATOR]
    tiles.sort(key=lambda one: one.seat)
    names = {one.name.casefold() for one in tiles}
    return CastView(
        tuple(one for one in tiles if one.role == "character" and not one.retired),
        tuple(one for one in tiles if one.role != "character" and not one.retired),
        tuple(one for one in tiles if one.retired),
        tuple(one for one in shipped.cast() if one.casefold() not in names),
    )


def sample_card(name: str) -> Card:
    """A character of the sample cast."""
    return read_card(shipped.card(name))


def line_of(card: Card) -> str:
    """One line about a character: the first sentence of its description, else its personality."""
    said = card.description or card.personality
    words = said.replace("{{char}}", card.name).replace("<BOT>", card.name)
    first = one_line(words.partition(". ")[0], LINE + 1).rstrip(".")
    return first if len(first) <= LINE else first[: LINE - 1].rstrip() + "…"


def _tile(story: Story, authority: Authority, seat: Seat, facts: Facts) -> Tile:
    process = facts.processes.get(seat.number)
    sits = authority.occupant(seat.number) is not None
    where = HERE if seat.number in facts.here else FRIEND if sits else NOBODY
    status, tone, why = _status(seat, facts.conditions.get(seat.number), process if where == HERE else None)
    return Tile(
        seat=seat.number,
        name=seat.name,
        role=seat.role,
        role_words=say(f"cast.role_{seat.role}"),
        line=_line(story, seat),
        colour=seat.colour,
        picture=facts.pictures.get(seat.portrait) if seat.portrait else None,
        voice=seat.voice,
        status=status,
        tone=tone,
        why=why,
        where=where,
        where_words=say("cast.sits_nobody")
        if where == NOBODY and seat.role != "character"
        else say(f"cast.plays_{where}"),
        invite=_invite(facts.invites.get(seat.number), facts.at, sits=sits, here=where == HERE),
        running=process is not None and process.state != ENDED,
        retired=seat.retired,
    )


def _line(story: Story, seat: Seat) -> str:
    if seat.role != "character":
        return say("cast.line_listener") if seat.role == "listener" else say("cast.line_reader")
    return _line_of_sheet(seat.name, story.sheets.get(seat.number, ""))


@lru_cache(maxsize=1_024)
def _line_of_sheet(name: str, sheet: str) -> str:
    """Cards are long and views are many."""
    try:
        return line_of(replace(read_card(sheet.encode()), name=name)) if sheet else ""
    except CardError:
        return ""


def _status(seat: Seat, condition: Condition | None, process: LocalState | None) -> tuple[str, str, str]:
    """Words, tone and reason. Of a character on this machine that is not connected, its process knows more."""
    if seat.retired:
        return say("cast.status_retired"), QUIET, say("cast.status_retired_why")
    away = condition is None or condition.status in (Status.REGISTERED, Status.OFFLINE, Status.UNREACHABLE)
    if process is not None and away:
        if process.state == STARTING:
            return say("cast.status_starting"), WARN, say("cast.status_starting_why")
        if process.state == PAUSING:
            return say("cast.status_pausing"), WARN, process.why
        if process.state == ENDED and process.why:
            return say("cast.status_ended"), DANGER, process.why
    if condition is None:
        return say("cast.status_registered"), QUIET, ""
    words, tone = _STATUS[condition.status]
    return say(f"cast.status_{words}"), tone, condition.why


def _invite(state: InviteState | None, at: int, *, sits: bool, here: bool) -> str:
    """What a tile says of a code: that one is out, or that the last one came to nothing."""
    if state is None or here:
        return ""
    if state.state == OPEN and at <= state.expires:
        return say("cast.invite_moving") if sits else say("cast.invite_open")
    if sits:
        return ""
    return say("cast.invite_expired") if state.state in (OPEN, EXPIRED) else ""
