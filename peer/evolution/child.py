"""The process that evolves: ``python -m peer.evolution.child``. It can be stopped and killed at any moment.

Rules of this file:
- The job comes as the first line of stdin, because a command line can be read by every user of a machine. When stdin
  ends, whoever asked is gone, and so is the reason to go on.
- stdout carries one JSON object a line and nothing else.
- Everything of weight (torch, the model, llama.cpp) lives in here, so that one signal pauses all of it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dwnet.errors import NodeError
from dwnet.machine import look
from dwnet.whole_file import write_whole
from peer.evolution.adapter import Shape, hash_of, shape_of, write_adapter
from peer.evolution.contract import STRENGTHS, Progress, Report, Sample
from peer.evolution.errors import MemoryShort
from peer.evolution.gate import judge
from peer.evolution.learner import BATCH_TOKENS, STATE, Learned, Task, check_state, learn
from peer.evolution.lessons import Lesson, lesson_of
from peer.evolution.measuring import Measured, Stopped, compared, measure, steps_of
from peer.evolution.report import write_report
from peer.evolution.samples import read_samples, split
from peer.writer.llama import Engine
from peer.writer.local import CONTEXT

ADAPTER, ASIDE, META = "adapter.gguf", "refused.gguf", "meta.json"
STOPPED = 75  # exit code: what was learned is saved, and it was asked to stop
NICE = 10  # how far this process steps back for others
LIBRARIES = 900_000_000  # bytes that torch and its company take before they do anything
GIGABYTE = 1024**3


def main() -> None:
    """Do the job that stands in the first line of stdin."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    os.nice(max(0, NICE - os.nice(0)))
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_until_nobody_asks, args=(stop,), daemon=True).start()
    try:
        _Evolving(job, stop.is_set).run()
    except Stopped:
        sys.exit(STOPPED)
    except NodeError as error:
        _say({"said": "error", "what": error.what, "hint": error.hint, "code": error.exit_code})
        sys.exit(error.exit_code)
    _say({"said": "done"})


class _Evolving:
    """One evolution, from samples to report."""

    def __init__(self, job: Mapping[str, Any], stopped: Callable[[], bool]) -> None:
        self._samples, self._base, self._out = Path(job["samples"]), Path(job["base"]), Path(job["out"])
        self._strength = STRENGTHS[job["strength"]]
        self._secrets: Sequence[str] = [one for one in job["secrets"] if one.strip()]
        self._stopped = stopped
        self._place, self._places, self._began = 0, 1, 0.0

    def run(self) -> None:
        _tell(Progress("reading", 0, 3))
        samples = read_samples(self._samples)
        learned, held = split(samples, self._samples)
        base_hash = hash_of(self._base)
        state = self._out / STATE
        task = Task(self._base, base_hash, f"{samples.digest[:32]}{self._strength.name}", self._strength, state)
        _tell(Progress("reading", 1, 3))
        check_state(task)
        lessons, shape, parameters = self._lessons(learned)
        _tell(Progress("reading", 2, 3))
        self._check_memory(parameters, shape, lessons)
        result = learn(task, lessons, _tell, self._stopped)
        if result is None:
            raise Stopped
        part = self._out / "evolving.gguf"
        adapter_hash = write_adapter(part, result.tensors, shape, self._strength, base_hash)
        gc.collect()
        before, after = self._measure(part, held)
        reasons = judge(before.scores, after.scores)
        adapter = self._out / (ASIDE if reasons else ADAPTER)
        os.replace(part, adapter)
        self._finish(
            Report(
                promoted=not reasons,
                reasons=reasons,
                adapter=adapter,
                adapter_hash=adapter_hash,
                base=self._base,
                base_hash=base_hash,
                samples_hash=samples.digest,
                strength=self._strength,
                learned=len(learned),
                held_out=len(held),
                skipped=dict(samples.skipped),
                before=before.scores,
                after=after.scores,
                answers=compared(held, before, after),
                **_effort(result),
            )
        )
        state.unlink(missing_ok=True)

    def _lessons(self, learned: Sequence[Sample]) -> tuple[list[Lesson], Shape, int]:
        engine = self._engine()
        try:
            shape = shape_of(engine.metadata, self._base)
            return [lesson_of(one, engine) for one in learned], shape, engine.parameters
        finally:
            engine.close()

    def _measure(self, adapter: Path, held: Sequence[Sample]) -> tuple[Measured, Measured]:
        self._places, self._began = 2 * steps_of(len(held), len(self._secrets)), time.monotonic()
        engine = self._engine()
        try:
            return tuple(measure(engine, one, held, self._secrets, self._measured) for one in (None, adapter))  # type: ignore[return-value]
        finally:
            engine.close()

    def _measured(self) -> bool:
        self._place += 1
        left = (time.monotonic() - self._began) / self._place * (self._places - self._place)
        _tell(Progress("measuring", self._place, self._places, seconds_left=left))
        return not self._stopped()

    def _engine(self) -> Engine:
        return Engine(self._base, threads=look(self._out).threads_for(2), context=CONTEXT)

    def _check_memory(self, parameters: int, shape: Shape, lessons: Sequence[Lesson]) -> None:
        """What learning takes: the model in full precision, and for each token what the way back needs."""
        longest = max(BATCH_TOKENS, *(len(one.read) + len(one.said) for one in lessons))
        each = 4 * shape.layers * (14 * shape.width + 4 * shape.inner)
        needs = LIBRARIES + parameters * 4 + longest * each
        free = look(self._out).memory_free
        if free is not None and needs > free:
            size = f"{needs / GIGABYTE:.1f} GiB", f"{free / GIGABYTE:.1f} GiB"
            raise MemoryShort(path=self._base, needs=size[0], free=size[1])

    def _finish(self, report: Report) -> None:
        write_report(report, self._out)
        meta = {
            "adapter": report.adapter.name,
            "adapter_hash": report.adapter_hash,
            "base": report.base.name,
            "base_hash": report.base_hash,
            "samples_hash": report.samples_hash,
            "strength": asdict(report.strength),
            "promoted": report.promoted,
        }
        with write_whole(self._out / META) as file:
            file.write(json.dumps(meta, indent=1).encode())


def _effort(learned: Learned) -> dict[str, Any]:
    return {"curve": learned.curve, "tokens": learned.tokens, "seconds": learned.seconds}


def _tell(progress: Progress) -> None:
    _say({"said": "progress", **asdict(progress)})


def _say(facts: Mapping[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise Stopped from error


def _until_nobody_asks(stop: threading.Event) -> None:
    while sys.stdin.read(4_096):
        pass
    stop.set()


if __name__ == "__main__":
    main()
