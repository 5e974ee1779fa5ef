"""What a character has learned, as a screen shows it: how far its learning is, its versions, and what they changed.

Rules of this file:
- What a character says of its learning is its own word. What is not known is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from dwnet.text import one_line
from narrator_app.minds import MindFacts
from narrator_app.phrases import say
from narrator_app.views.hive import lasting
from protocol.minds import Version
from protocol.moments import LEARNING_STRENGTHS, Learning
from protocol.shapes import Score

AT_IT = frozenset({"gathering", "training", "paused", "testing"})
MEGABYTE = 1_000_000
SHOWN_AS = {"loss": "{:.2f}", "perplexity": "{:.1f}", "words": "{:.1f}", "leaks": "{:.0f}"}


@dataclass(frozen=True)
class VersionRow:
    """One version. ``told`` says what it was trained on and how that went; ``aside`` why it did not speak by itself."""

    number: int
    title: str
    told: str
    aside: str
    is_speaking: bool
    is_pinned: bool


@dataclass(frozen=True)
class MindView:
    """What a seat has learned. ``share`` is how much of the learning is done, None while it does not learn. ``changed``
    are the scores of the last version, each a name, before and after; ``answers`` what was told and both answers.
    """

    title: str
    speaks: str
    lines: str
    safe: str
    learns: str
    state: str
    share: float | None
    strengths: tuple[tuple[str, str], ...]
    versions: tuple[VersionRow, ...]
    changed: tuple[tuple[str, str, str], ...]
    answers: tuple[tuple[str, str, str], ...]
    is_bare: bool


def mind_view(name: str, facts: MindFacts, now: int, learns: str = "elsewhere") -> MindView:
    """How it stands with a seat's mind at a moment, ``now`` in ms since 1970. ``learns``: when it does so on this
    machine, one of EVOLVE; "elsewhere": it is another's to decide.
    """
    said = facts.said
    last = facts.versions[-1] if facts.versions else None
    is_at_it = said is not None and said.state in AT_IT
    strengths = ((one, say(f"mind.strength_{one}")) for one in LEARNING_STRENGTHS)
    return MindView(
        title=say("mind.title", name=name),
        speaks=_speaks(facts),
        lines=say("mind.lines", count=said.samples) if said is not None else "",
        safe=_safe(facts),
        learns=say(f"mind.learns_{learns}"),
        state=_state(said) if said is not None else "",
        share=said.share / 1_000 if said is not None and is_at_it else None,
        strengths=() if is_at_it else tuple(strengths),
        versions=tuple(_version(one, facts, now) for one in reversed(facts.versions)),
        changed=tuple(_score(one) for one in last.made.scores) if last is not None else (),
        answers=tuple(
            (one_line(one.told, 300), one_line(one.before, 300), one_line(one.after, 300))
            for one in (last.made.answers if last is not None else ())
        ),
        is_bare=not facts.mind.adapter,
    )


def _speaks(facts: MindFacts) -> str:
    if not facts.mind.adapter:
        told = say("mind.speaks_bare")
    elif facts.speaks:
        told = say("mind.speaks", number=facts.speaks)
    else:
        told = say("mind.speaks_strange", adapter=facts.mind.adapter.hex()[:12])
    return f"{told} {say('mind.pinned')}" if facts.mind.pinned else told


def _safe(facts: MindFacts) -> str:
    if not facts.kept:
        return say("mind.safe_nothing")
    return say("mind.safe", safe=f"{facts.safe / MEGABYTE:.1f}", kept=f"{facts.kept / MEGABYTE:.1f}")


def _state(said: Learning) -> str:
    told = [say(f"mind.state_{said.state}")]
    if said.state == "training":
        told.append(say("mind.so_far", percent=round(said.share / 10), loss=f"{said.loss / 1_000:.2f}"))
        if said.left:
            told.append(say("mind.left", time=lasting(said.left * 1_000)))
    return " ".join([*told, said.why]).strip()


def _version(one: Version, facts: MindFacts, now: int) -> VersionRow:
    made = one.made
    loss = next((score for score in made.scores if score.name == "loss"), None)
    told = say(
        "mind.version_brought" if one.brought else "mind.version_told",
        count=made.count,
        model=one_line(made.model, 60),
        time=lasting(now - one.at),
    )
    if loss is not None:
        told = f"{told} {say('mind.version_loss', before=_number(loss, loss.before), after=_number(loss, loss.after))}"
    is_speaking = one.made.adapter == facts.mind.adapter
    aside = "" if made.promoted or one.brought else say("mind.aside", why=one_line(made.why, 256))
    if not one.here:
        aside = say("mind.elsewhere")
    return VersionRow(
        one.number, say("mind.version", number=one.number), told, aside, is_speaking, is_speaking and facts.mind.pinned
    )


def _score(score: Score) -> tuple[str, str, str]:
    known = {"loss", "perplexity", "nearness", "variety", "words", "self_naming", "for_others", "empty", "leaks"}
    name = say(f"mind.score_{score.name}") if score.name in known else one_line(score.name, 32)
    return name, _number(score, score.before), _number(score, score.after)


def _number(score: Score, thousandths: int) -> str:
    return SHOWN_AS.get(score.name, "{:.0%}").format(thousandths / 1_000)
