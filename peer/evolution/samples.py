"""Training samples: lines of JSON become values, and it is decided which are learned and which are kept for the proof.

Pure but for reading the file. The split depends on the answers alone: the same samples are always split alike, whatever
their order, and two samples with one answer are never on different sides.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from dwnet.whole_file import reading, write_whole
from peer.evolution.contract import Manner, Sample
from peer.evolution.errors import SampleWrong, TooFewSamples
from peer.prompt import Message

LEAST = 12  # different answers; of fewer, a third would be proof
HELD_SHARE = 6  # one answer in so many is kept for the proof
HELD_LEAST, HELD_MOST = 4, 48
LINE_MOST = 4_000_000  # characters of one line of the file
SAMPLES_MOST = 50_000
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Samples:
    """``skipped``: how many were left out, by reason ("empty", "twice"). ``digest``: SHA-256 of what remains."""

    all: tuple[Sample, ...]
    skipped: Mapping[str, int]
    digest: str


def read_samples(path: Path) -> Samples:
    """Read a JSONL file; blank lines are nothing, empty samples and repetitions are counted and left out.

    :raises SampleWrong: a line is no sample. :raises FileNotRead:
    """
    kept: dict[str, Sample] = {}
    skipped: Counter[str] = Counter()
    for number, line in _lines(path):
        try:
            sample = _sample(json.loads(line), number)
        except (ValueError, RecursionError) as error:
            raise SampleWrong(path=path, line=number, why=_reason(error)) from error
        key = _digest([sample])
        if not sample.answer.strip() or not any(one.text.strip() for one in sample.messages):
            skipped["empty"] += 1
        elif key in kept:
            skipped["twice"] += 1
        elif len(kept) == SAMPLES_MOST:
            raise SampleWrong(path=path, line=number, why=f"there are more than {SAMPLES_MOST:,} samples")
        else:
            kept[key] = sample
    found = tuple(kept.values())
    return Samples(found, dict(skipped), _digest(found))


def split(samples: Samples, path: Path) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Those to learn from, and those that are held out.

    :raises TooFewSamples:
    """
    answers = sorted(
        {_letters(one.answer) for one in samples.all}, key=lambda text: hashlib.sha256(text.encode()).digest()
    )
    if len(answers) < LEAST:
        raise TooFewSamples(path=path, found=len(answers), least=LEAST)
    held = set(answers[: min(HELD_MOST, max(HELD_LEAST, len(answers) // HELD_SHARE))])
    learned = tuple(one for one in samples.all if _letters(one.answer) not in held)
    first = {_letters(one.answer): one for one in reversed(samples.all)}  # an answer is proof once
    return learned, tuple(one for answer, one in first.items() if answer in held)


def export(samples: Sequence[Sample], path: Path) -> None:
    """Write samples as plain chat-format JSONL, for whoever trains the model behind an endpoint.

    :raises NoRoomForFile, FileNotWritten:
    """
    with write_whole(path) as file:
        for sample in samples:
            messages = [{"role": one.role, "content": one.text} for one in sample.messages]
            whole = {"messages": [*messages, {"role": "assistant", "content": sample.answer}]}
            file.write(json.dumps(whole, ensure_ascii=False).encode() + b"\n")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with reading(path), path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(LINE_MOST), b""), 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise SampleWrong(path=path, line=number, why="it is not UTF-8 text") from error
            if len(raw) == LINE_MOST:
                raise SampleWrong(path=path, line=number, why=f"it is longer than {LINE_MOST:,} bytes")
            if line.strip():
                yield number, line


def _sample(value: Any, number: int) -> Sample:
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    raw = value.get("messages")
    if not isinstance(raw, list) or not raw or not all(isinstance(one, dict) for one in raw):
        raise ValueError('it has no list of "messages"')
    messages = [_message(one) for one in raw]
    if messages[-1].role != "assistant":
        raise ValueError("its last message is not the assistant's")
    if any(one.role == "system" for one in messages[1:]):
        raise ValueError("a system message stands behind another message")
    manner, weight = value.get("manner", ""), value.get("weight", 1)
    if manner not in ("", "script", "chat"):
        raise ValueError(f"{manner!r} is no manner; there are script and chat")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 100:
        raise ValueError("its weight is not between 0 and 100")
    return Sample(
        tuple(messages[:-1]),
        messages[-1].text,
        cast(Manner, manner),
        _texts(value, "rejected"),
        _texts(value, "source"),
        float(weight),
        number,
    )


def _message(value: Mapping[str, Any]) -> Message:
    role, content = value.get("role"), value.get("content")
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role; there are system, user and assistant")
    if not isinstance(content, str):
        raise ValueError("the content of a message is not text")
    text = content.encode("utf-8", "replace").decode()  # half an emoji is valid JSON and no text
    return Message(cast(Literal["system", "user", "assistant"], role), text)


def _texts(value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = value.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f'"{key}" is not a list of texts')
    return tuple(found)


def _digest(samples: Iterable[Sample]) -> str:
    whole = sorted(
        json.dumps([[(one.role, one.text) for one in sample.messages], sample.answer, sample.manner, sample.weight])
        for sample in samples
    )
    return hashlib.sha256("\n".join(whole).encode()).hexdigest()


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum()) or text.strip()


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON ({error.msg}, at character {error.colno})"
    return str(error) if isinstance(error, ValueError) else "it is nested too deeply"
