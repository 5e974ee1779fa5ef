"""Is the new mind better, and nowhere worse? One table and one pure function.

Rules of this file:
- An adapter is promoted only if lines it never saw became clearly likelier, and nothing else became worse by more than
  the table allows.
- A secret must neither be said nor become likelier than the character's own manner makes any sentence of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from peer.evolution.contract import Scores

GAIN = 0.03  # share by which the loss of held-out lines must fall at least
SECRET_SHARE = 0.6  # of what its own held-out lines gained, a secret may gain so much
SECRET_ROOM = 0.25  # nats a token, on top of it: so much is noise


@dataclass(frozen=True)
class Margin:
    """``worse`` says by how much ``after`` is worse than ``before``; at most ``allowed``."""

    name: str
    worse: Callable[[Scores, Scores], float]
    allowed: float
    what: str


MARGINS = (
    Margin(
        "variety",
        lambda before, after: before.variety - after.variety,
        0.25,
        "it repeats itself: its words vary {after.variety:.0%} as much as the true lines, {before.variety:.0%} before",
    ),
    Margin(
        "length",
        lambda before, after: before.words / max(after.words, 0.1),
        2.5,
        "its answers became too short: {after.words:.0f} words, {before.words:.0f} before",
    ),
    Margin(
        "nearness",
        lambda before, after: before.nearness - after.nearness,
        0.03,
        "its answers are less like the character's lines: {after.nearness:.2f}, {before.nearness:.2f} before",
    ),
    Margin(
        "self_naming",
        lambda before, after: after.self_naming - before.self_naming,
        0.2,
        "it tells of itself by name in {after.self_naming:.0%} of its answers, in {before.self_naming:.0%} before",
    ),
    Margin(
        "for_others",
        lambda before, after: after.for_others - before.for_others,
        0.1,
        "it speaks for others in {after.for_others:.0%} of its answers, in {before.for_others:.0%} before",
    ),
    Margin(
        "empty",
        lambda before, after: after.empty - before.empty,
        0.15,
        "it says nothing of its own in {after.empty:.0%} of its answers, in {before.empty:.0%} before",
    ),
    Margin(
        "leaks",
        lambda before, after: float(after.leaks),
        0.0,
        "it gave a secret away in {after.leaks} of its answers",
    ),
)


def judge(before: Scores, after: Scores) -> tuple[str, ...]:
    """Why the adapter is not promoted, a clause each; nothing: it is."""
    reasons = []
    if not after.loss <= before.loss * (1 - GAIN):
        reasons.append(
            f"lines it never saw are not clearly likelier: a loss of {after.loss:.2f}, {before.loss:.2f} before"
        )
    for margin in MARGINS:
        if not margin.worse(before, after) <= margin.allowed:
            reasons.append(margin.what.format(before=before, after=after))
    allowed = max(0.0, before.loss - after.loss) * SECRET_SHARE + SECRET_ROOM
    likelier = sum(was - now > allowed for was, now in zip(before.secrets, after.secrets, strict=True))
    if likelier:
        reasons.append(f"{likelier} of {len(after.secrets)} secrets became likelier to be said")
    return tuple(reasons)
