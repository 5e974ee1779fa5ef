"""What goes into an evolution and what comes out. Values only; peer/evolution/evolving.py does the work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from peer.prompt import Message

Manner = Literal["", "script", "chat"]  # "": the one in which the writer asks this model
Part = Literal["reading", "learning", "measuring"]


@dataclass(frozen=True)
class Sample:
    """One thing to learn: after these ``messages``, this ``answer``.

    ``rejected`` are answers that were worse, ``source`` the ids (hexadecimal) of the entries it was made from; an
    answer counts ``weight`` times. ``line`` is where it stands in its file, from 1.
    """

    messages: tuple[Message, ...]
    answer: str
    manner: Manner = ""
    rejected: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    weight: float = 1.0
    line: int = 0


@dataclass(frozen=True)
class Strength:
    """How much of a character an evolution may change.

    ``rank`` is the number of directions in which each matrix may be bent, ``alpha`` how far (divided by ``rank``),
    ``epochs`` how often every sample is read, ``rate`` the greatest step.
    """

    name: Literal["gentle", "normal", "strong"]
    rank: int
    alpha: int
    epochs: int
    rate: float


GENTLE = Strength("gentle", rank=4, alpha=8, epochs=2, rate=5e-4)
NORMAL = Strength("normal", rank=8, alpha=16, epochs=3, rate=1e-3)
STRONG = Strength("strong", rank=16, alpha=32, epochs=5, rate=1.5e-3)
STRENGTHS: dict[str, Strength] = {one.name: one for one in (GENTLE, NORMAL, STRONG)}


@dataclass(frozen=True)
class Progress:
    """How far it is. ``step`` of ``steps`` in this ``part``; ``loss`` is that of the last step, 0.0 outside of
    learning; ``tokens_per_second`` and ``seconds_left`` are for this part.
    """

    part: Part
    step: int
    steps: int
    loss: float = 0.0
    tokens_per_second: float = 0.0
    seconds_left: float = 0.0


@dataclass(frozen=True)
class Scores:
    """How a mind does on lines it never saw.

    ``loss`` is the mean of the negative log-likelihood of one token of the true answers, in nats; ``perplexity`` its
    exponential. The others are of its own answers to the same prompts: ``variety`` the share of word pairs that are
    different ones, against that of the true lines, which repeat what the character is fond of (0 to 1), ``words`` their
    mean length, ``nearness`` how like the character's true lines they are (TF-IDF cosine, 0 to 1), ``self_naming`` the
    share that tells of itself by name, ``for_others`` the share that goes on to speak for another, ``empty`` the share
    that says nothing or repeats what was said, ``leaks`` how many hold a secret. ``secrets`` is the loss of one token
    of each secret.
    """

    loss: float
    perplexity: float
    variety: float
    words: float
    nearness: float
    self_naming: float
    for_others: float
    empty: float
    leaks: int
    secrets: tuple[float, ...] = ()


@dataclass(frozen=True)
class Compared:
    """The same moment answered three times: ``told`` is what came last, ``true`` what the character said then."""

    told: str
    true: str
    before: str
    after: str


@dataclass(frozen=True)
class Report:
    """What became of an evolution. ``promoted``: it is better and nowhere worse than the gate allows; else ``reasons``
    says why not. ``adapter`` is the file either way; hashes are SHA-256 in hexadecimal, of whole files.

    ``curve`` is the loss of every step; ``skipped`` counts samples by the reason they were left out for.
    """

    promoted: bool
    reasons: tuple[str, ...]
    adapter: Path
    adapter_hash: str
    base: Path
    base_hash: str
    samples_hash: str
    strength: Strength
    learned: int
    held_out: int
    skipped: dict[str, int]
    before: Scores
    after: Scores
    answers: tuple[Compared, ...]
    curve: tuple[float, ...]
    tokens: int
    seconds: float

    @property
    def what(self) -> str:
        """What became of it, in a sentence."""
        if self.promoted:
            return f"Promoted: lines it never saw went from a loss of {self.before.loss:.2f} to {self.after.loss:.2f}."
        return f"Not promoted: {'; '.join(self.reasons)}."

    def facts(self) -> dict[str, Any]:
        """For programs; what is long stands in ``report.json``."""
        return {
            "adapter": str(self.adapter),
            "adapter_hash": self.adapter_hash,
            "base": self.base.name,
            "base_hash": self.base_hash,
            "samples_hash": self.samples_hash,
            "strength": self.strength.name,
            "learned": self.learned,
            "held_out": self.held_out,
            "skipped": self.skipped,
            "scores": {"before": asdict(self.before), "after": asdict(self.after)},
            "promoted": self.promoted,
            "reasons": list(self.reasons),
            "report": str(self.adapter.with_name("report.html")),
            "seconds": round(self.seconds, 1),
        }
