"""What an evolution gains and costs: sixty lines of a strong voice, learned by the model that comes along."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import trio

from benchmarks.figure import Figure
from dwnet.machine import look
from peer.evolution.adapter import hash_of
from peer.evolution.contract import NORMAL, Report, Sample
from peer.evolution.evolving import Evolution
from peer.evolution.learner import Task, batches, learn, read_base, with_adapter
from peer.evolution.lessons import Lesson, lesson_of
from peer.evolution.measuring import answer
from peer.evolution.nearness import Nearness
from peer.evolution.samples import read_samples, split
from peer.prompt import Message
from peer.writer.llama import Engine
from peer.writer.local import CONTEXT
from peer.writer.model_file import embedded_model
from tests.kit.voiced import messages, moments, write_samples

DICE = 1_000  # the seed of the first blind answer
LESSONS = 24  # of each training that is timed, each read three times


def gain() -> list[Figure]:
    """Held-out loss, and the blind check."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_samples(Path(folder) / "odda.jsonl")
        report: Report = trio.run(Evolution(path, embedded_model(), Path(folder) / "out", strength=NORMAL).run)
        loss = Figure(
            "held-out", "held-out loss after evolving on 60 lines", "before",
            report.after.loss, report.before.loss, "nats a token", 0.8, beside=report.what,
        )  # fmt: skip
        return [loss, _blind(path, report.adapter)]


def speed() -> list[Figure]:
    """Tokens a second."""
    with tempfile.TemporaryDirectory() as folder:
        return [_speed(write_samples(Path(folder) / "odda.jsonl"), Path(folder))]


def _blind(path: Path, adapter: Path) -> Figure:
    """Of fifty moments, in how many the evolved answer is nearer to lines it never saw. Alike counts for neither."""
    samples = read_samples(path)
    _, held = split(samples, path)
    near = Nearness([one.answer for one in held], [one.text for sample in held for one in sample.messages])
    engine = Engine(embedded_model(), threads=look(path.parent).threads_for(1), context=CONTEXT)
    asked = [
        Sample(tuple(Message(one["role"], one["content"]) for one in messages(told)), "")  # type: ignore[arg-type]
        for told in moments()
    ]
    found = []
    for mind in (None, adapter):
        engine.adapt(mind)
        found.append([near.of(answer(engine, one, DICE + at)[0]) for at, one in enumerate(asked)])
    engine.close()
    better = sum(after > before for before, after in zip(*found, strict=True))
    alike = sum(after == before for before, after in zip(*found, strict=True))
    return Figure(
        "blind", f"answers nearer the held-out lines, of {len(asked)}", "all of them",
        better, len(asked), "answers", 0.7, at_most=False, beside=f"{alike} alike.",
    )  # fmt: skip


def _speed(path: Path, folder: Path) -> Figure:
    """Tokens a second of our learning and of a loop as peft's users write it, with the same settings and lessons."""
    engine = Engine(embedded_model(), threads=1, context=CONTEXT)
    lessons = [lesson_of(one, engine) for one in split(read_samples(path), path)[0]]
    engine.close()
    lessons = [
        one
        for at in batches([len(one.read) + len(one.said) for one in lessons], 1, "0" * 40)
        for one in _of(lessons, at)
    ]
    lessons = lessons[:LESSONS]
    ours = theirs = 0.0
    for _ in range(2):  # the better of two, each beside the other
        task = Task(embedded_model(), hash_of(embedded_model()), "0" * 40, NORMAL, folder / "state" / "learning")
        shutil.rmtree(folder / "state", ignore_errors=True)
        (folder / "state").mkdir()
        learned = learn(task, lessons, lambda _: None, lambda: False)
        assert learned is not None
        ours = max(ours, learned.tokens / learned.seconds)
        theirs = max(theirs, _bare(lessons))
    return Figure(
        "learning", "training, tokens a second", "a bare peft loop, same settings",
        ours, theirs, "tokens/s", 0.9, at_most=False,
    )  # fmt: skip


def _of(lessons: list[Lesson], places: list[int]) -> list[Lesson]:
    return [lessons[at] for at in places]


def _bare(lessons: list[Lesson]) -> float:
    """Batches filled up behind, labels for the answers alone, the library's own loss."""
    import torch

    model = with_adapter(read_base(embedded_model(), "cpu"), NORMAL)
    model.train()
    own = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(own, lr=NORMAL.rate)
    tokens, began = 0, perf_counter()
    for _ in range(NORMAL.epochs):
        for plan in batches([len(one.read) + len(one.said) for one in lessons], 1, "0" * 40):
            batch = _of(lessons, plan)
            rows: list[list[Any]] = [[*one.read, *one.said] for one in batch]
            longest = max(len(row) for row in rows)
            ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
            labels = torch.tensor(
                [
                    [-100] * len(one.read) + list(one.said) + [-100] * (longest - len(row))
                    for one, row in zip(batch, rows, strict=True)
                ]
            )
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            tokens += sum(len(row) for row in rows)
    return tokens / (perf_counter() - began)
