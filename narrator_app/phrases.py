"""Every sentence on the desk's screens, by name. They stand in one file of data, so that they can be translated."""

from __future__ import annotations

import tomllib
from functools import cache

from dwnet import shipped


@cache
def phrases() -> dict[str, str]:
    """All of them: ``table.name`` to text."""
    tables = tomllib.loads(shipped.phrases())
    return {f"{table}.{name}": text for table, rows in tables.items() for name, text in rows.items()}


def say(phrase: str, /, **facts: object) -> str:
    """The phrase of this name with its facts put in.

    :raises KeyError: when there is none, or a fact is missing; a test holds every use against the file.
    """
    return phrases()[phrase].format(**facts)
