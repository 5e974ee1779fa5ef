"""What ships with the program: cast, scenes, words, the catalogue. The one place that knows where data/ lies.

In an installed package data/ is ``dwnet/data``; in a checkout it stands beside ``dwnet``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dwnet.card import read_card
from dwnet.errors import NodeError

_HERE = Path(__file__).parent
_WORDS = 2_048  # eleven bits each


class ShippedMissing(NodeError):
    """A file that belongs to this program is missing or damaged: {path}.

    Install the program again.
    """


class NoSuchShipped(NodeError):
    """There is no {kind} called {name} among those that ship with the program.

    There are: {names}.
    """

    exit_code = 2


@dataclass(frozen=True)
class SceneBeat:
    """One narration to open with, and the names of those who are asked, in order."""

    narration: str
    ask: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """An opening for a story: its beats, and ways to go on once they are played."""

    title: str
    beats: tuple[SceneBeat, ...]
    suggestions: tuple[str, ...]

    @property
    def cast(self) -> tuple[str, ...]:
        """Everyone who is asked, in order of appearance."""
        return tuple(dict.fromkeys(name for beat in self.beats for name in beat.ask))


@cache
def words() -> tuple[str, ...]:
    """The 2,048 words in which fingerprints and short names are said.

    :raises ShippedMissing: when the list is not there or not whole.
    """
    path = _root() / "words.txt"
    found = tuple(_read(path).decode().split())
    if len(found) != _WORDS or len(set(found)) != _WORDS:
        raise ShippedMissing(path=path)
    return found


def cast() -> tuple[str, ...]:
    """The names of the sample characters."""
    return tuple(sorted(_cast()))


def card(name: str) -> bytes:
    """The card of a sample character as its file holds it; upper and lower case are alike.

    :raises NoSuchShipped: when nobody has that name.
    """
    for known, path in _cast().items():
        if known.casefold() == name.strip().casefold():
            return _read(path)
    raise NoSuchShipped(kind="character", name=name, names=", ".join(cast()))


def scenes() -> tuple[str, ...]:
    """The names of the scenes."""
    return tuple(sorted(path.stem for path in (_root() / "scenes").glob("*.json")))


def scene(name: str) -> Scene:
    """A scene by its name.

    :raises NoSuchShipped: when there is none of that name.
    """
    if name not in scenes():
        raise NoSuchShipped(kind="scene", name=name, names=", ".join(scenes()))
    path = _root() / "scenes" / f"{name}.json"
    try:
        told = json.loads(_read(path))
        beats = tuple(SceneBeat(str(beat["narration"]), tuple(map(str, beat["ask"]))) for beat in told["beats"])
        return Scene(str(told["title"]), beats, tuple(map(str, told["suggestions"])))
    except (ValueError, KeyError, TypeError) as error:
        raise ShippedMissing(path=path) from error


def phrases() -> str:
    """The sentences of the desk, as TOML: a table per screen."""
    return _read(_root() / "phrases" / "en.toml").decode()


def catalogue(name: str) -> str:
    """What can be fetched, as TOML: a table each. ``name``: voices, ears or models."""
    return _read(_root() / "catalogue" / f"{name}.toml").decode()


def _root() -> Path:
    installed = _HERE / "data"
    return installed if installed.is_dir() else _HERE.parent / "data"


@cache
def _cast() -> dict[str, Path]:
    return {read_card(_read(path)).name: path for path in (_root() / "cast").glob("*.json")}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ShippedMissing(path=path) from error
