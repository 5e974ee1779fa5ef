"""What flags, environment, ``.env`` and config.toml say about one setting, and which of them wins."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from dwnet.errors import NodeError

ENVIRONMENT = {
    "narrator": {
        "data": "DREAMWEAVER_DATA_PATH",
        "database": "DB_PATH",
        "models": "DREAMWEAVER_MODEL_PATH",
        "checkpoints": "DREAMWEAVER_CHECKPOINT_PATH",
        "speech": "TTS_HOME",
        "speech_server": "SPEECH_SERVER_URL",
    },
    "peer": {
        "data": "DREAMWEAVER_CLIENT_DATA_PATH",
        "models": "DREAMWEAVER_CLIENT_MODELS_PATH",
        "speech": "TTS_HOME",
        "speech_server": "SPEECH_SERVER_URL",
        "name": "CLIENT_PC_ID",
        "invite": "CLIENT_TOKEN",
        "dial": "SERVER_URL",
        "host": "CLIENT_HOST",
        "port": "CLIENT_PORT",
    },
}
# What config.toml may say. ``data`` is where it lies, and an invite is used once: neither belongs in it.
CONFIGURABLE = {
    "narrator": (
        "database",
        "models",
        "checkpoints",
        "speech",
        "speech_server",
        "name",
        "host",
        "port",
        "writer",
        "voice",
    ),
    "peer": (
        *("database", "models", "speech", "speech_server", "name", "dial", "host", "port", "writer", "voice"),
        "evolve",
    ),
}


class BadSetting(NodeError):
    """A setting does not fit: {source} says {value!r}, but takes {wanted}.

    Correct it and start again.
    """

    exit_code = 2


class UnknownSetting(NodeError):
    """The settings file {path} says "{key}", which is no setting of this program.

    It may say: {known}. Correct or remove the line and start again.
    """

    exit_code = 2


class SettingsUnreadable(NodeError):
    """The settings file {path} cannot be read: {why}.

    Correct the place it names, or move the file away to start with the defaults.
    """

    exit_code = 2


class Told:
    """Flags win over the environment, the environment over ``.env``, that over config.toml once it is read.

    Raises BadSetting wherever a value does not fit, naming the place that said it.
    """

    def __init__(self, kind: str, flags: Mapping[str, object], environ: Mapping[str, str]) -> None:
        from dotenv import dotenv_values

        self.kind = kind
        self.flags = dict(flags)
        if (listen := self.flags.pop("listen", None)) is not None:
            self.flags["host"], self.flags["port"] = host_and_port(str(listen), "the flag --listen")
        beside = {key: value for key, value in dotenv_values(".env").items() if value is not None}
        self.environ = beside | dict(environ)
        self.config: dict[str, object] = {}
        self.config_file: Path | None = None

    def read_config(self, path: Path) -> None:
        try:
            self.config = tomllib.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsUnreadable(path=path, why=error) from error
        except OSError as error:
            raise SettingsUnreadable(path=path, why=error.strerror or error) from error
        self.config_file = path
        known = CONFIGURABLE[self.kind]
        for key in self.config:
            if key not in known:
                raise UnknownSetting(path=path, key=key, known=", ".join(known))

    def find(self, key: str) -> tuple[object, str] | None:
        """The value that wins and where it was said; an empty value is one not given."""
        for value, source in self._sources(key):
            if value is not None and value != "":
                return value, source
        return None

    def _sources(self, key: str) -> Iterator[tuple[object, str]]:
        yield self.flags.get(key), "the flag " + ("--listen" if key in ("host", "port") else f"--{key}")
        variable = ENVIRONMENT[self.kind].get(key)
        if variable is not None:
            yield self.environ.get(variable), f"the environment variable {variable}"
        yield self.config.get(key), f'"{key}" in {self.config_file}'

    def text(self, key: str) -> str | None:
        found = self.find(key)
        if found is None:
            return None
        value, source = found
        if not isinstance(value, str | Path):
            raise BadSetting(source=source, value=value, wanted="text")
        if key == "invite":  # a code that came by mail may be broken into lines
            value = " ".join(str(value).split())
        if not str(value).isprintable():
            raise BadSetting(source=source, value=str(value), wanted="text without control characters")
        return str(value).strip()

    def path(self, key: str) -> Path | None:
        text = self.text(key)
        return None if text is None else Path(text).expanduser().absolute()

    def port(self) -> int | None:
        found = self.find("port")
        if found is None:
            return None
        value, source = found
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 65_535:
            raise BadSetting(source=source, value=value, wanted="a port from 0 to 65535, 0 for any that is free")
        return value


def host_and_port(listen: str, source: str) -> tuple[str, int]:
    """Where to listen, of HOST:PORT; ``source`` names in words who said it. Raises BadSetting."""
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise BadSetting(source=source, value=listen, wanted="HOST:PORT, for example 0.0.0.0:8000 or [::]:0")
    return host, int(port)
