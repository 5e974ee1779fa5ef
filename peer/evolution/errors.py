"""What can go wrong with an evolution. A class's docstring is the sentence the user reads (see dwnet/errors.py)."""

from __future__ import annotations

from typing import ClassVar

from dwnet.errors import NodeError


class EvolutionError(NodeError):
    """The character could not evolve.

    Run the same command again: it goes on where it was.
    """


class EvolveMissing(EvolutionError):
    """Evolving needs {names}, which this installation lacks.

    Install it with `pip install 'dreamweaver-net[evolve]'`.
    """


class SampleWrong(EvolutionError):
    """Line {line} of {path} is not a sample: {why}.

    Each line must be one JSON object with "messages": a list of {{"role": …, "content": …}} whose last one is the
    assistant's.
    """

    exit_code: ClassVar[int] = 2


class TooFewSamples(EvolutionError):
    """{path} has {found} different answers to learn from, and {least} are needed.

    Tell more of the story and try again.
    """


class ArchitectureUnknown(EvolutionError):
    """{path} is a model of the architecture {architecture!r}, which cannot be evolved here.

    These can: {known}. Choose a model of one of them, or the writer "default".
    """


class BaseUnreadable(EvolutionError):
    """{path} cannot be read for evolving: {why}.

    Choose another file of the same model: one that holds the whole model, quantized as Q4_0, Q4_1, Q4_K, Q5, Q6_K or
    Q8_0, say.
    """


class BaseChanged(EvolutionError):
    """{path} is not the model that was being evolved here: its hash is {found} and not {expected}.

    Name that model, or another folder with --out to begin anew with this one.
    """


class MemoryShort(EvolutionError):
    """Evolving {path} takes about {needs} of memory, and {free} are free.

    Close other programs, or choose a smaller model.
    """


class DiskShort(EvolutionError):
    """Evolving takes about {needs} in {path}, and {free} are free there. Nothing was changed.

    Free some space, or name a folder on another disk with --out.
    """


class LearningFailed(EvolutionError):
    """Learning went astray: {why}.

    Choose a gentler strength, or look through the samples for what does not belong there.
    """


class EvolutionEnded(EvolutionError):
    """The process that evolves the character ended before it was done: {why}.

    Run the same command again: it goes on where it was. If it ends again, a smaller model may fit better.
    """


class EvolutionRefused(EvolutionError):
    """{what}

    {hint}
    """


class SamplesRefused(EvolutionRefused):
    """{what}

    {hint}
    """

    exit_code: ClassVar[int] = 2
