"""What can go wrong for the person at the keyboard. A class's docstring is the sentence that person reads.

The first paragraph says what happened, with the facts put in by ``str.format``; the second says what to do next.
Never run the program with ``python -OO``: it removes docstrings.
"""

from __future__ import annotations

import inspect
from typing import ClassVar


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
