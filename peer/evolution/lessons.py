"""Samples as the model reads them: the writer's own rendering and llama.cpp's own tokens.

What was learned shows in the story only if it is asked for in the very words it was learned in. So nothing here words a
prompt: that is peer/prompt.py's and peer/writer/llama.py's, and a sample goes through the same door as a scene.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from peer.evolution.contract import Sample
from peer.prompt import MESSAGE_TOKENS, Message, Prompt
from peer.writer.llama import Engine
from peer.writer.local import SMALL

LONGEST = 2_048  # tokens of one lesson; a writer reads no further either, and memory grows with it
LEAST_READ = 16  # tokens of a prompt that remain, however long the answer is
MARKS = 32  # tokens for what a template puts around a conversation and its answer
NOBODY = "Character"  # who speaks in a sample that does not say it, for a model without a chat template

_NAMED = re.compile(r"\bYou are ((?:[A-Z][\w'’-]*)(?: (?:of|the|von|de|[A-Z][\w'’-]*))*)")
_OUTER = re.compile(r'^["“”\s]+|["“”\s]+$')
_ACTION = re.compile(r"\*+[^*]+\*+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Lesson:
    """``read`` is the prompt and ``said`` the answer with its end, in tokens; the answer alone is learned."""

    read: tuple[int, ...]
    said: tuple[int, ...]
    weight: float


def name_of(sample: Sample) -> str:
    """Whom the sample says the model is, or ""."""
    found = _NAMED.search(sample.messages[0].text) if sample.messages else None
    return found[1] if found else ""


def manner_of(sample: Sample, engine: Engine) -> Literal["script", "chat"]:
    """The sample's own manner, else that in which the writer asks this model."""
    return sample.manner or ("script" if engine.parameters < SMALL or not engine.has_template else "chat")


def prompt_of(sample: Sample, engine: Engine) -> Prompt:
    """What the model was given, in the writer's words; its oldest messages are left out if it is too long."""
    messages = sample.messages if any(one.role == "user" for one in sample.messages) else (
        *sample.messages, Message("user", "…"),
    )  # fmt: skip
    opening = ""
    if manner_of(sample, engine) == "script":
        opening = '"'
        messages = tuple(
            replace(one, text=f'"{_spoken(one.text)}"') if one.role == "assistant" else one for one in messages
        )
    room = min(LONGEST, engine.context) - engine.count(sample.answer) - MARKS
    return Prompt(tuple(_newest(messages, engine, room)), opening, (), (), "")


def answer_of(sample: Sample, prompt: Prompt) -> str:
    """What the character is to say: in a script, what is said aloud, on one line."""
    return _spoken(sample.answer) if prompt.opening else sample.answer.strip()


def lesson_of(sample: Sample, engine: Engine) -> Lesson:
    """The sample as the model reads it, at most LONGEST tokens."""
    prompt = prompt_of(sample, engine)
    read, said = engine.lesson_of(prompt, name_of(sample) or NOBODY, answer_of(sample, prompt))
    longest = min(LONGEST, engine.context)
    said = said[: longest - LEAST_READ]
    return Lesson(tuple(read[-(longest - len(said)) :]), tuple(said), sample.weight)


def _newest(messages: Sequence[Message], engine: Engine, room: int) -> list[Message]:
    """The system message, and whole messages from the end as far as they fit."""
    start = [one for one in messages[:1] if one.role == "system"]
    rest = list(messages[len(start) :])
    room -= sum(engine.count(one.text) + MESSAGE_TOKENS for one in start)
    kept: list[Message] = []
    for one in reversed(rest):
        room -= engine.count(one.text) + MESSAGE_TOKENS
        if kept and room < 0:
            break
        kept.insert(0, one)
    while len(kept) > 1 and kept[0].role == "assistant":  # a template wants the other side to begin
        del kept[0]
    return [*start, *kept]


def _spoken(text: str) -> str:
    bare = _SPACE.sub(" ", _ACTION.sub(" ", text)).strip()
    return _OUTER.sub("", bare or _SPACE.sub(" ", text)).replace('"', "'").strip()
