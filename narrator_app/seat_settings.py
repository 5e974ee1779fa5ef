"""With what a character that is played on this machine writes, and when it learns: settings of its
own, in its own folder here.

Rules of this file:
- These are this machine's settings: they stand in no entry and no card, and an API key in no log and no list either.
- A setting that somebody wrote into the file by hand stays in it.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dwnet.errors import NodeError
from dwnet.settings import EVOLVE, Settings
from dwnet.told import SettingsUnreadable
from dwnet.whole_file import reading, write_whole, writing

DEFAULT = "default"


class WriterUnfit(NodeError):
    """A character cannot write with “{spec}”: {why}.

    Leave it to the model that comes along, give the path of a GGUF file, or an address such as
    http://127.0.0.1:11434/v1#llama3.2.
    """

    exit_code = 2


class ApiKeyUnfit(NodeError):
    """This is no API key: {why}.

    Copy it again from where the server's owner shows it, as one word.
    """

    exit_code = 2


@dataclass(frozen=True)
class SeatSettings:
    """The settings of one seat; ``folder`` is the data folder of the process that plays it."""

    folder: Path

    @property
    def _config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def _key(self) -> Path:
        return self.folder / "keys" / "api_key"

    @property
    def is_new(self) -> bool:
        """Nothing was ever kept here: the seat was not played on this machine yet."""
        return not self.folder.is_dir()

    def writer(self) -> str:
        """``default``, the path of a GGUF file, or an endpoint's address with the model behind #.

        :raises SettingsUnreadable, FileNotRead:
        """
        return str(self._read().get("writer") or DEFAULT)

    def keep_writer(self, spec: str) -> None:
        """Write with this from the next start on.

        :raises WriterUnfit, SettingsUnreadable, NoRoomForFile, FileNotWritten:
        """
        self._keep("writer", fitting_writer(spec), DEFAULT)

    def learns(self) -> str:
        """When it learns from its own lines, one of EVOLVE.

        :raises SettingsUnreadable, FileNotRead:
        """
        chosen = self._read().get("evolve")
        return chosen if isinstance(chosen, str) and chosen in EVOLVE else EVOLVE[0]

    def keep_learns(self, choice: str) -> None:
        """Learn so, one of EVOLVE, from the next start on.

        :raises SettingsUnreadable, NoRoomForFile, FileNotWritten:
        """
        assert choice in EVOLVE, choice
        self._keep("evolve", choice, EVOLVE[0])

    def _keep(self, key: str, value: str, usual: str) -> None:
        """Keep one setting beside the others; what is usual is not written down."""
        settings = {**self._read(), key: value}
        if value == usual:
            del settings[key]
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items()]
        with write_whole(self._config) as file:
            file.write("".join(lines).encode())

    def has_key(self) -> bool:
        """Whether an API key is kept for the endpoint."""
        return self._key.exists()

    def keep_key(self, key: str) -> None:
        """Keep the endpoint's API key, for this account's eyes only; "" forgets it.

        :raises ApiKeyUnfit, NoRoomForFile, FileNotWritten:
        """
        word = key.strip()
        if not word.isascii() or not word.isprintable() or " " in word or len(word) > 4_000:
            raise ApiKeyUnfit(why="it is longer than keys are" if len(word) > 4_000 else "it holds more than one word")
        with writing(self._key):
            if not word:
                self._key.unlink(missing_ok=True)
                return
            self._key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                os.chmod(self._key, 0o600)  # also where an older file was open to others
                file.write(word + "\n")

    def _read(self) -> dict[str, object]:
        with reading(self._config):
            try:
                return dict(tomllib.loads(self._config.read_text(encoding="utf-8")))
            except FileNotFoundError:
                return {}
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise SettingsUnreadable(path=self._config, why=error) from error


def shared_writer(settings: Settings) -> str:
    """What new characters on this machine write with: ``default``, the path of a GGUF file, or a server's address."""
    writer = settings.writer
    if writer.lower().endswith(".gguf") and "://" not in writer:
        return str(settings.base_models / Path(writer).expanduser())
    return writer


def fitting_writer(spec: str) -> str:
    """A writer as it is written down.

    :raises WriterUnfit:
    """
    text = spec.strip()
    if text in ("", DEFAULT):
        return DEFAULT
    if not text.isprintable():
        raise WriterUnfit(spec=text[:80], why="it holds a line break")
    if text.lower().startswith(("http://", "https://")):
        try:
            parts = urlsplit(text)
            if not parts.hostname or parts.port == 0:
                raise ValueError
        except ValueError:
            raise WriterUnfit(spec=text, why="the address does not read") from None
        if parts.username is not None or parts.password is not None:
            raise WriterUnfit(
                spec=f"{parts.scheme}://…", why="a password stands in the address; keep it as the API key"
            )
        return text
    if not text.lower().endswith(".gguf"):
        raise WriterUnfit(spec=text, why="it is neither a GGUF file nor an address")
    path = Path(text).expanduser()
    if not path.is_file():
        raise WriterUnfit(spec=text, why="there is no such file on this machine")
    return str(path.absolute())
