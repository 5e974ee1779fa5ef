"""What can go wrong for the person at the keyboard. A class's docstring is the sentence that person reads.

The first paragraph says what happened, with the facts put in by ``str.format``; the second says what to do next.
Never run the program with ``python -OO``: it removes docstrings.
"""

from __future__ import annotations

import inspect
from typing import ClassVar

INTERRUPTED = 130  # the exit code of a process that Ctrl-C ended


class NodeError(Exception):
    """Something went wrong that this program has no better word for.

    Run the command again with --debug and look at the log file it names.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        sentence, _, hint = inspect.cleandoc(type(self).__doc__ or "").partition("\n\n")
        self.what = " ".join(sentence.split()).format(**facts)
        self.hint = " ".join(hint.split()).format(**facts)
        super().__init__(self.what)


def find(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first error of a kind, however deep nurseries have wrapped it."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for one in error.exceptions if (found := find(one, kind)) is not None), None)
    return error if isinstance(error, kind) else None


def sentence(error: BaseException) -> tuple[str, str]:
    """What a person is told about an error, and the hint, whatever it is and however deep nurseries have wrapped it."""
    known = find(error, NodeError)
    if isinstance(known, NodeError):
        return known.what, known.hint
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return (
        f"Something went wrong that this program has no better word for: {type(error).__name__}: {error}.",
        "Nothing told is lost. The log file keeps the details; run it again with --debug to see them.",
    )
