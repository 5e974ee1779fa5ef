"""How the desk looks and sounds for the person at it: one small file, ``desk.json`` in the data root.

Rules of this file:
- Nothing here is part of a story, and nothing here may keep a story from opening: a spoilt file is set aside and said,
  a value that does not fit is its default.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from dwnet.errors import NodeError
from dwnet.whole_file import NEW, flush, settle, writing

FILE = "desk.json"
THEMES = ("system", "light", "dark")
PLACES = ("window", "browser")
TALKS = ("hold", "toggle", "hands-free")
GLANCE_MOST, COUNTDOWN_LEAST = 15.0, 0.5
SCALE_LEAST, SCALE_MOST, SCALE_STEP = 0.8, 1.6, 0.1
NARROWEST, LOWEST = 900, 560  # pixels of a window in which every screen still works
LARGEST = 16_384  # pixels; a window remembered larger than any screen is a mistake
MOST_BYTES = 64 * 1024  # of the file; it has a few hundred
logger = logging.getLogger(__name__)


class PreferencesSpoilt(NodeError):
    """The file with the desk's looks, {path}, cannot be read ({why}). The desk starts with the usual ones.

    It was set aside as {kept}. Choose your theme and text size again under Settings.
    """


@dataclass(frozen=True)
class Preferences:
    """``scale`` multiplies every text size. Sizes and places are pixels; None leaves the choice to the system."""

    theme: str = "system"  # one of THEMES
    scale: float = 1.0  # SCALE_LEAST to SCALE_MOST
    opens_in: str = "window"  # one of PLACES
    screen: str = "stage"  # the screen that was open last
    sound: bool = True  # whether lines are heard as they come
    volume: float = 1.0  # 0 to 1, of what is heard
    welcomed: bool = False  # the first run was finished, or left on purpose
    width: int | None = None
    height: int | None = None
    left: int | None = None
    top: int | None = None
    maximized: bool = False
    ear: str = "sphinx:en-us"  # as `dwnet ear list` names it
    microphone: str = ""  # the device's name; "" is the system's own
    talk: str = "hold"  # one of TALKS: how the key is used
    glance: float = 2.0  # seconds what was heard is shown before it is told, 0 to GLANCE_MOST; 0 tells at once
    countdown: float = 3.0  # the same hands-free, COUNTDOWN_LEAST to GLANCE_MOST
    spoken_commands: bool = False  # whether "narrator, hush" and its like are obeyed
    keep_voice: bool = False  # whether a narration that was said keeps its sound


class Looks:
    """The preferences of one data root, and everybody who wants to know when they change.

    ``trouble`` is what was wrong with the file, once; say it and forget it.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / FILE
        self.trouble: NodeError | None = None
        self._listeners: list[Callable[[Preferences], None]] = []
        try:
            self.now = read(self.path)
        except NodeError as error:
            self.now, self.trouble = Preferences(), error

    @property
    def loudness(self) -> float:
        """How loud lines are to be, 0 to 1."""
        return self.now.volume if self.now.sound else 0.0

    def resize(self, steps: int) -> None:
        """Text larger or smaller by so many steps; 0 is the usual size."""
        self.change(scale=self.now.scale + steps * SCALE_STEP if steps else 1.0)

    def listen(self, listener: Callable[[Preferences], None]) -> Callable[[], None]:
        """``listener`` is called with the new preferences at every change, until the function returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def change(self, **values: Any) -> Preferences:
        """Change some preferences: kept on the disk, and told to every listener. What does not fit is left as it is.

        A disk that refuses costs only the remembering: it is logged, and the change holds until the desk closes.
        """
        after = fitting(self.now, values)
        if after != self.now:
            self.now = after
            for listener in tuple(self._listeners):
                listener(after)
            try:
                keep(self.path, after)
            except NodeError as error:
                logger.warning("%s", error.what)
        return self.now


def fitting(before: Preferences, values: dict[str, Any]) -> Preferences:
    """``before`` with those of ``values`` that a preference of that name can have; numbers are brought into range."""
    taken: dict[str, Any] = {}
    for name, value in values.items():
        rule = _RULES.get(name)
        if rule is not None and (fit := rule(value)) is not _UNFIT:
            taken[name] = fit
    return replace(before, **taken)


def read(path: Path) -> Preferences:
    """The preferences kept in a file; the usual ones when there is none.

    :raises PreferencesSpoilt: when there is one and it does not read. It has another name then.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise ValueError("it is far too long")
        values = json.loads(raw)
        if not isinstance(values, dict):
            raise ValueError("it holds no table of preferences")
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError, RecursionError) as error:
        raise PreferencesSpoilt(path=path, why=_why(error), kept=_set_aside(path)) from error
    return fitting(Preferences(), values)


def habits(root: Path) -> Preferences:
    """The preferences of a data root as they are on the disk now; the usual ones where they do not read."""
    try:
        return read(root / FILE)
    except NodeError as error:
        logger.warning("%s", error.what)
        return Preferences()


def keep(path: Path, preferences: Preferences) -> None:
    """Write the preferences, whole or not at all, for this account only.

    :raises NoRoomForFile, FileNotWritten: and the file is as it was.
    """
    part = path.with_name(path.name + NEW)
    with writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(asdict(preferences), indent=1).encode() + b"\n")
            flush(file)
        settle(part, path)


def _set_aside(path: Path) -> Path:
    kept = path.with_name(f"{path.name}.spoilt")
    try:
        os.replace(path, kept)
    except OSError:
        return path  # it could not even be renamed; it stays where it is, and is written over at the next change
    return kept


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, UnicodeDecodeError | json.JSONDecodeError | RecursionError):
        return "it is not what this program writes"
    return str(error)


_UNFIT = object()


def _one_of(*choices: str) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, str) and value in choices else _UNFIT


def _text(most: int) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, str) and len(value) <= most and value.isprintable() else _UNFIT


def _number(least: float, most: float) -> Callable[[Any], Any]:
    def rule(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return _UNFIT
        return round(min(most, max(least, float(value))), 2)

    return rule


def _pixels(least: int, most: int) -> Callable[[Any], Any]:
    number = _number(least, most)

    def rule(value: Any) -> Any:
        fit = None if value is None else number(value)
        return fit if fit is None or fit is _UNFIT else round(fit)

    return rule


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else _UNFIT


_RULES: dict[str, Callable[[Any], Any]] = {
    "theme": _one_of(*THEMES),
    "scale": _number(SCALE_LEAST, SCALE_MOST),
    "opens_in": _one_of(*PLACES),
    "screen": _one_of("stage", "cast", "hive", "library", "settings"),
    "sound": _flag,
    "volume": _number(0.0, 1.0),
    "welcomed": _flag,
    "width": _pixels(NARROWEST, LARGEST),
    "height": _pixels(LOWEST, LARGEST),
    "left": _pixels(-LARGEST, LARGEST),
    "top": _pixels(-LARGEST, LARGEST),
    "maximized": _flag,
    "ear": _text(1_100),
    "microphone": _text(256),
    "talk": _one_of(*TALKS),
    "glance": _number(0.0, GLANCE_MOST),
    "countdown": _number(COUNTDOWN_LEAST, GLANCE_MOST),
    "spoken_commands": _flag,
    "keep_voice": _flag,
}
assert set(_RULES) == {field.name for field in fields(Preferences)}
