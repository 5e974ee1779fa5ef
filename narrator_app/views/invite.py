"""What the invite panel says about a seat: the code, how long it is good, and whether somebody came."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

from narrator_app.inviting import EXPIRED, OPEN, USED, WITHDRAWN, InviteState
from narrator_app.phrases import say

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True)
class InvitePanel:
    """A seat's invite. ``code`` and ``command`` are "" unless there is a code to show; ``words`` are the four that both
    ends see, "" while nobody sits there. ``moves``: using a new code takes the seat from who has it.
    """

    seat: int
    name: str
    sentence: str
    code: str = ""
    command: str = ""
    countdown: str = ""
    words: str = ""
    can_make: bool = True
    can_withdraw: bool = False
    moves: bool = False


def invite_panel(seat: int, name: str, state: InviteState | None, words: str, at: int) -> InvitePanel:
    """The panel of a seat. ``words``: of whoever sits there now; ``at`` in ms since 1970."""
    moves = bool(words)
    what = state.state if state is not None else ""
    if state is not None and what == OPEN and at > state.expires:
        what = EXPIRED
    if state is None or what != OPEN:
        return InvitePanel(seat, name, _sentence(what, name, joined=moves), words=words, moves=moves)
    countdown = say("cast.expires_in", time=remaining(state.expires - at))
    if not state.code:
        return InvitePanel(
            seat, name, say("cast.code_unknown"), countdown=countdown, words=words, can_withdraw=True, moves=moves
        )
    return InvitePanel(
        seat, name, say("cast.code_open", name=name), state.code, f"dwnet peer --invite {state.code}", countdown, words,
        can_make=False, can_withdraw=True, moves=moves,
    )  # fmt: skip


def _sentence(state: str, name: str, *, joined: bool) -> str:
    if joined:
        return say("cast.code_joined", name=name)
    if state == WITHDRAWN:
        return say("cast.code_withdrawn")
    if state == EXPIRED:
        return say("cast.code_expired")
    if state == USED:
        return say("cast.code_used")
    return say("cast.code_none", name=name)


def remaining(milliseconds: int) -> str:
    """How long that is, in the two largest words that fit: "6 days 4 hours"."""
    if milliseconds < MINUTE:
        return say("cast.moments")
    parts = []
    for size, unit in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(say(f"cast.time_{unit}{'' if count == 1 else 's'}", count=count))
    return " ".join(parts[:2])


@lru_cache(maxsize=16)
def qr_rows(code: str) -> tuple[tuple[bool, ...], ...]:
    """The code as a QR symbol, dark squares True, without its quiet zone. In capitals it is a third smaller, and reads
    back the same: codes know no case.
    """
    import segno

    symbol = segno.make(code.upper(), error="l", micro=False)
    return tuple(tuple(bool(cell) for cell in row) for row in symbol.matrix)


@lru_cache(maxsize=16)
def qr_picture(code: str) -> bytes:
    """The same as a PNG, dark on white whatever the theme, with the quiet zone that cameras need."""
    import segno

    out = io.BytesIO()
    segno.make(code.upper(), error="l", micro=False).save(out, kind="png", scale=6, border=4)
    return out.getvalue()
