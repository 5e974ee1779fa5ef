"""What is told of a learning: to the narrator while it goes on, and in the story when it is over."""

from __future__ import annotations

import trio

from dwnet.node import Node
from dwnet.text import one_line
from peer.evolution.contract import Progress, Report
from peer.learning_samples import Sample
from protocol import limits
from protocol.kinds import Evolved
from protocol.moments import Learning
from protocol.shapes import Answer, Score

TELL_SECONDS = 1.0  # between two news of how far it is
STATES = {"reading": "gathering", "learning": "training", "measuring": "testing"}
MEASURED = ("loss", "perplexity", "nearness", "variety", "words", "self_naming", "for_others", "empty", "leaks")


class LearningNews:
    """How far the learning of one member is. ``said`` is what holds now, also while nobody is there to hear it."""

    def __init__(self, node: Node) -> None:
        self.said = Learning("idle", "", 0, 0, 0, 0, "")
        self._node = node
        self._told_at = -TELL_SECONDS

    def progress(self, progress: Progress) -> None:
        """The training got on."""
        self.say(
            STATES[progress.part],
            share=1_000 * progress.step // max(1, progress.steps),
            loss=int(progress.loss * 1_000),
            left=int(progress.seconds_left),
        )

    def say(
        self,
        state: str,
        *,
        why: str = "",
        strength: str = "",
        samples: int | None = None,
        share: int | None = None,
        loss: int = 0,
        left: int = 0,
    ) -> None:
        """Something changed; what is not given stays as it was."""
        last = self.said
        self.said = Learning(
            state,
            one_line(why, 256),
            last.samples if samples is None else samples,
            min(1_000, last.share if share is None else share),
            loss or last.loss,
            left,
            strength or last.strength,
        )
        if state != last.state or trio.current_time() - self._told_at >= TELL_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Tell the narrator what holds, if he is there."""
        narrator = self._node.ledger.authority.narrator
        if self._node.linked_to(narrator):
            self._told_at = trio.current_time()
            self._node.say(self.said.kind, self.said.pack(), only=narrator)


def evolved(report: Report, samples: list[Sample]) -> Evolved:
    """What the story is told of a training."""
    scores = tuple(
        Score(name, _thousandths(getattr(report.before, name)), _thousandths(getattr(report.after, name)))
        for name in MEASURED
    )
    answers = tuple(
        Answer(*(one_line(text, limits.ANSWER) for text in (one.told, one.before, one.after)))
        for one in report.answers[: limits.ANSWERS]
    )
    first, last = (samples[0].sources[1], samples[-1].sources[1]) if samples else (b"", b"")
    return Evolved(
        bytes.fromhex(report.adapter_hash), bytes.fromhex(report.base_hash), report.base.stem[:128], first, last,
        len(samples), scores, answers, int(report.promoted), one_line(report.what, 256),
    )  # fmt: skip


def _thousandths(value: float) -> int:
    return max(0, min(2**40, round(value * 1_000)))
