"""Settings that the desk writes into ``config.toml``: single lines of it, with every other letter left as it was."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from dwnet.errors import NodeError
from dwnet.whole_file import reading, write_whole


class ConfigUnclear(NodeError):
    """The settings file {path} is written in a way that this program does not dare to change. Nothing was changed.

    Put this into it yourself, then start again: {lines}
    """


def keep_in_config(path: Path, values: Mapping[str, str | int]) -> None:
    """Write these settings into a settings file, and leave every other letter of it.

    :raises ConfigUnclear, FileNotRead, FileNotWritten, NoRoomForFile: and it is as it was.
    """
    with reading(path):
        before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = before
    told = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    for key, value in told.items():
        after = _with(after, key, value)
    if _values(after) != {**(_values(before) or {}), **values}:
        raise ConfigUnclear(path=path, lines=" and ".join(f"{key} = {value}" for key, value in told.items()))
    with write_whole(path) as file:
        file.write(after.encode())


def _with(text: str, key: str, value: str) -> str:
    line = re.compile(
        rf"""^([ \t]*(?:{key}|"{key}"|'{key}')[ \t]*=[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s#]+)""", re.MULTILINE
    )
    if line.search(text):
        return line.sub(lambda match: match[1] + value, text, count=1)
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{key} = {value}\n"


def _values(text: str) -> Mapping[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
