"""The first evening as a screen shows it: three short steps, then the characters waking up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dwnet.card import Card
from dwnet.doctor import Finding
from dwnet.shipped import Scene
from dwnet.text import clean, one_line
from narrator_app.beginning import Choices, Plan, Progress, Stage
from narrator_app.gathering import CAST_AT_FIRST, Arrival, Waking
from narrator_app.phrases import say
from protocol import limits

STEPS = ("name", "cast", "beat")
MEMORY_MB = 250  # of a character with the model that comes along
WAKING_SECONDS = 5  # in which it usually is awake


def usual(scene: Scene) -> Choices:
    """The scene that ships, ready to be told as it is."""
    return Choices(scene.title, scene.cast[:CAST_AT_FIRST], scene.beats[0].narration)


def toggled(choices: Choices, name: str) -> Choices:
    """Take a character in, or leave it out; those who came first stay first."""
    if name in choices.cast:
        return replace(choices, cast=tuple(one for one in choices.cast if one != name))
    return replace(choices, cast=(*choices.cast, name))


def forward(choices: Choices) -> Choices:
    """The next step, if this one is answered."""
    return replace(choices, step=min(len(STEPS) - 1, choices.step + 1)) if answered(choices) else choices


def back(choices: Choices) -> Choices:
    """The step before."""
    return replace(choices, step=max(0, choices.step - 1))


def answered(choices: Choices) -> bool:
    """Whether the step that is looked at has what it needs. A story may begin without a cast."""
    match STEPS[choices.step]:
        case "name":
            return bool(one_line(choices.name, limits.NAME))
        case "beat":
            return 0 < len(clean(choices.narration)) <= limits.TEXT
        case _:
            return True


def plan_of(choices: Choices) -> Plan:
    """What is to be done."""
    return Plan(one_line(choices.name, limits.NAME), choices.cast, clean(choices.narration))


@dataclass(frozen=True)
class Candidate:
    """A sample character to choose. ``number`` is the key that chooses it."""

    name: str
    line: str
    colour: str
    chosen: bool
    number: int


@dataclass(frozen=True)
class Sleeper:
    """A character on its way, and in words how far it is."""

    name: str
    colour: str
    words: str
    waking: Waking


@dataclass(frozen=True)
class FirstRunView:
    """Everything the first run shows. ``step`` counts from 0; ``sleepers`` are there once it has begun.

    ``trouble``: a sentence and what to do about it, or two empty ones.
    """

    step: int
    title: str
    explanation: str
    name: str
    candidates: tuple[Candidate, ...]
    narration: str
    needs: str
    answering: str
    trouble: tuple[str, str]
    can_go_on: bool
    go_on: str
    sleepers: tuple[Sleeper, ...]
    busy: bool
    stuck: bool


def first_run_view(choices: Choices, progress: Progress, cards: Sequence[Card], writer: Finding | None) -> FirstRunView:
    """``writer``: what the doctor says of the model on this machine; None while it has not been asked."""
    colours = {card.name: card.colour for card in cards}
    begun = progress.stage is not Stage.ASKING
    key = "waking" if begun else STEPS[choices.step]
    if progress.stage is Stage.STUCK:
        key = "stuck"
    last = choices.step == len(STEPS) - 1
    return FirstRunView(
        step=choices.step,
        title=say(f"first.{key}_title"),
        explanation=say(f"first.{key}_text"),
        name=choices.name,
        candidates=tuple(_candidate(card, number, choices) for number, card in enumerate(cards, 1)),
        narration=choices.narration,
        needs=_needs(len(choices.cast)),
        answering=_answering(choices.cast),
        trouble=_trouble(choices, progress, writer),
        can_go_on=answered(choices),
        go_on=say("first.tell" if last else "first.next"),
        sleepers=tuple(_sleeper(one, colours.get(one.name, "")) for one in progress.arrivals) if begun else (),
        busy=progress.stage in (Stage.OPENING, Stage.WAKING),
        stuck=progress.stage is Stage.STUCK,
    )


def line_of(card: Card) -> str:
    """A card's first sentence, as it is said beside its name: “Pim is afraid.” becomes “Afraid.”"""
    first, dot, _ = card.description.partition(". ")
    said = (first + ("." if dot else "")).removeprefix("{{char}} is ").replace("{{char}}", card.name)
    return one_line(said[:1].upper() + said[1:], 240)


def _candidate(card: Card, number: int, choices: Choices) -> Candidate:
    return Candidate(card.name, line_of(card), card.colour, card.name in choices.cast, number)


def _needs(count: int) -> str:
    if count == 0:
        return say("first.needs_none")
    memory, seconds = count * MEMORY_MB, count * WAKING_SECONDS
    return say("first.needs_one" if count == 1 else "first.needs", count=count, memory=memory, seconds=seconds)


def _answering(names: Sequence[str]) -> str:
    if len(names) < 2:
        return say("first.one_answers", name=names[0]) if names else say("first.none_answer")
    return say("first.they_answer", names=", ".join(names[:-1]), last=names[-1])


def _trouble(choices: Choices, progress: Progress, writer: Finding | None) -> tuple[str, str]:
    if progress.what:
        return progress.what, progress.hint
    if progress.stage is Stage.STUCK:
        return say("first.nobody_came"), say("first.nobody_came_hint")
    choosing = STEPS[choices.step] == "cast" and progress.stage is Stage.ASKING and bool(choices.cast)
    if choosing and writer is not None and not writer.ok:
        return say("first.no_writer"), writer.remedy
    if STEPS[choices.step] == "beat" and len(clean(choices.narration)) > limits.TEXT:
        return say("first.too_long", most=f"{limits.TEXT:,}"), say("first.too_long_hint")
    return "", ""


def _sleeper(one: Arrival, colour: str) -> Sleeper:
    match one.waking:
        case Waking.COMING:
            words = say("first.coming", name=one.name)
        case Waking.LOADING:
            words = say("first.loading", name=one.name)
        case Waking.AWAKE:
            words = say("first.awake", name=one.name)
        case Waking.ABSENT:
            words = " ".join(part for part in (say("first.absent", name=one.name), one.why) if part)
    return Sleeper(one.name, colour, words, one.waking)
