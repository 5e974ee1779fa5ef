"""A training that trains nothing: it waits where a test lets it wait, and gives the adapter that the test names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import trio

from dwnet.errors import NodeError
from peer.evolution.contract import Compared, Progress, Report, Scores, Strength


def scores(loss: float) -> Scores:
    """Scores with this loss; all else is alike."""
    return Scores(loss, 2.7**loss, 0.8, 12.0, 0.3, 0.0, 0.0, 0.0, 0)


class MadeUpTraining:
    """Takes ``steps`` steps of a second each, and stands still while it is paused."""

    def __init__(self, school: School, samples: Path, base: Path, out: Path, strength: Strength) -> None:
        self.samples, self.base, self.out, self.strength = samples, base, out, strength
        self.text = samples.read_text(encoding="utf-8")
        self.secrets: tuple[str, ...] = ()
        self.tell: Callable[[Progress], None] = lambda progress: None
        self.paused = 0
        self.resumed = 0
        self.step = 0
        self._school = school
        self._may_go = trio.Event()
        self._may_go.set()

    def pause(self) -> None:
        self.paused += 1
        self._may_go = trio.Event()

    def resume(self) -> None:
        self.resumed += 1
        self._may_go.set()

    @property
    def stands_still(self) -> bool:
        return not self._may_go.is_set()

    async def run(self) -> Report:
        while self.step < self._school.steps:
            await trio.sleep(1)
            await self._may_go.wait()
            self.step += 1
            self.tell(Progress("learning", self.step, self._school.steps, 2.0, 100.0, 5.0))
        if self._school.failure is not None:
            raise self._school.failure
        content = self._school.adapter
        promoted = self._school.promoted
        path = self.out / ("adapter.gguf" if promoted else "refused.gguf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        (self.out / "report.md").write_text("# A report\n", encoding="utf-8")
        return Report(
            promoted, () if promoted else ("it repeats itself",), path, hashlib.sha256(content).hexdigest(), self.base,
            hashlib.sha256(self.base.read_bytes()).hexdigest(), "", self.strength, self.text.count("\n"), 4, {},
            scores(2.3), scores(1.7), (Compared("Night fell.", "Aye.", "I am a model.", "Aye, dark it is."),),
            (2.3, 1.7), 1_000, 9.0,
        )  # fmt: skip


class School:
    """Makes trainings; ``trainings`` holds them in turn."""

    def __init__(self, adapter: bytes = b"an adapter", *, steps: int = 5, promoted: bool = True) -> None:
        self.adapter, self.steps, self.promoted = adapter, steps, promoted
        self.failure: NodeError | None = None
        self.trainings: list[MadeUpTraining] = []

    def __call__(
        self,
        samples: Path,
        base: Path,
        out: Path,
        *,
        strength: Strength,
        secrets: tuple[str, ...],
        tell: Callable[[Progress], None],
    ) -> MadeUpTraining:
        training = MadeUpTraining(self, samples, base, out, strength)
        training.secrets, training.tell = secrets, tell
        self.trainings.append(training)
        return training
