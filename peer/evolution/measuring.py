"""A mind on lines it never saw, with and without its adapter, measured where it will speak: in llama.cpp."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from peer.evolution.contract import Compared, Sample, Scores
from peer.evolution.lessons import NOBODY, answer_of, lesson_of, name_of, prompt_of
from peer.evolution.nearness import Nearness, variety, words_of
from peer.writer.contract import NARRATOR
from peer.writer.guard import Guard, fault
from peer.writer.llama import Engine, Sampling
from peer.writer.local import SCRIPT_REPLY

ANSWERS = 16  # held-out moments that are answered; a loss is taken of all
CHAT_REPLY = 90  # tokens of an answer in a chat, as a scene has it
SECRETS = 32  # secrets that are looked for
ASKED = 2  # moments at which each secret is measured
DICE = 20_000  # the seed of the first answer: before and after are drawn alike

_OTHER = re.compile(r"(?:^|\n)([^\W\d_][\w '’-]{0,30}?)(?: says| whispers to [\w '’-]{1,30})?: ")
_LABEL = re.compile(r"""(?:^|(?<=[\n.!?…"”*]))[\s"“*]*([A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,2}):\s""")


class Stopped(Exception):
    """Whoever asked wants no more of it."""


@dataclass(frozen=True)
class Measured:
    """``answers`` are those to the first of the held-out moments, in their order."""

    scores: Scores
    answers: tuple[str, ...]


def measure(
    engine: Engine,
    adapter: Path | None,
    held: Sequence[Sample],
    secrets: Sequence[str],
    told: Callable[[], bool],
) -> Measured:
    """Measure one mind. ``told`` is called after each of ``steps_of`` parts; False ends it.

    :raises Stopped: ``told`` said so. :raises AdapterWrong, ModelFailed: llama.cpp's trouble.
    """
    engine.adapt(adapter)
    losses: list[float] = []
    for sample in held:
        lesson = lesson_of(sample, engine)
        losses += losses_of(engine, lesson.read, lesson.said)
        _go_on(told)
    answers, clean = [], []
    for at, sample in enumerate(held[:ANSWERS]):
        text, spoke_for_others = answer(engine, sample, DICE + at)
        answers.append(text)
        clean.append(not spoke_for_others)
        _go_on(told)
    hidden = []
    for secret in secrets[:SECRETS]:
        hidden.append(fmean(_secret_loss(engine, sample, secret) for sample in held[:ASKED]))
        _go_on(told)
    loss = fmean(losses)
    lines, others = [one.answer for one in held], [one.text for sample in held for one in sample.messages]
    near = Nearness(lines, others)
    shown = held[: len(answers)]
    return Measured(
        Scores(
            loss=loss,
            perplexity=math.exp(min(loss, 50.0)),
            variety=min(1.0, variety(answers) / variety([one.answer for one in shown])),
            words=fmean(len(words_of(text)) for text in answers),
            nearness=fmean(near.of(text) for text in answers),
            self_naming=fmean(_names_itself(text, sample) for text, sample in zip(answers, shown, strict=True)),
            for_others=1 - fmean(clean),
            empty=fmean(bool(fault(text, _said(sample))) for text, sample in zip(answers, shown, strict=True)),
            leaks=sum(any(_letters(secret) in _letters(text) for secret in secrets) for text in answers),
            secrets=tuple(hidden),
        ),
        tuple(answers),
    )


def steps_of(held: int, secrets: int) -> int:
    """How often ``measure`` calls ``told``."""
    return held + min(held, ANSWERS) + min(secrets, SECRETS)


def compared(held: Sequence[Sample], before: Measured, after: Measured) -> tuple[Compared, ...]:
    """The answered moments side by side."""
    return tuple(
        Compared(_told(sample), sample.answer, was, now)
        for sample, was, now in zip(held, before.answers, after.answers, strict=False)
    )


def losses_of(engine: Engine, read: Sequence[int], said: Sequence[int]) -> list[float]:
    """How unlikely each token of ``said`` is after ``read`` and those before it, in nats."""
    import numpy

    tokens = [*read, *said][-engine.context :]
    first = max(1, len(tokens) - len(said))
    logits = engine.after(tokens[:-1], first - 1)
    highest = logits.max(axis=1)
    sums = highest + numpy.log(numpy.exp(logits - highest[:, None]).sum(axis=1))
    return [float(one) for one in sums - logits[numpy.arange(len(logits)), tokens[first:]]]


def answer(engine: Engine, sample: Sample, seed: int) -> tuple[str, bool]:
    """What it answers, kept to its own words as in the story; and did it begin to speak for another?"""
    prompt, name = prompt_of(sample, engine), name_of(sample) or NOBODY
    cap = SCRIPT_REPLY if prompt.opening else CHAT_REPLY
    tokens = engine.tokens_of(prompt, name)[-(engine.context - cap - 1) :]
    engine.read(tokens, lambda: True)
    guard = Guard(name, _others(sample, name), quoted=bool(prompt.opening), cap=cap)
    own = [one.text for one in sample.messages if one.role == "assistant"]
    ended = True
    for piece in engine.pieces(Sampling(seed=seed), _said(sample), own):
        guard.push(piece)
        if guard.over:
            ended = False
            break
    guard.finish(ended=ended)
    label = _LABEL.search(guard.text)
    return guard.text, guard.stopped == "cut" or (label is not None and label[1] != name)


def _secret_loss(engine: Engine, sample: Sample, secret: str) -> float:
    prompt = prompt_of(sample, engine)
    spoken = answer_of(Sample(sample.messages, secret), prompt)
    read, said = engine.lesson_of(prompt, name_of(sample) or NOBODY, spoken)
    return fmean(losses_of(engine, read, said[: engine.context // 2]))


def _go_on(told: Callable[[], bool]) -> None:
    if not told():
        raise Stopped()


def _others(sample: Sample, name: str) -> tuple[str, ...]:
    found = {match for one in sample.messages if one.role == "user" for match in _OTHER.findall(one.text)}
    return (NARRATOR, *sorted(found - {name, NARRATOR}))


def _said(sample: Sample) -> list[str]:
    return [one.text for one in sample.messages if one.role == "user"]


def _told(sample: Sample) -> str:
    return next((one.text for one in reversed(sample.messages) if one.role == "user"), "")


def _names_itself(text: str, sample: Sample) -> bool:
    name = name_of(sample)
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum()) or text
