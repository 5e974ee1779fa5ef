"""What this process was told, and where its things lie. A flag wins over the environment, that over config.toml, that
over the default.

``config.toml`` lies in the data root, ``.env`` in the folder the program was started from. Nothing here is ever sent to
a peer.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dwnet.errors import NodeError
from dwnet.told import BadSetting, Told

APPLICATION = "dreamweaver-net"
NARRATOR_PORT = 8000
PEER_PORTS = range(8001, 8065)  # 64: as many links as a node keeps
EVOLVE = ("asked", "idle", "never")  # when a character learns: when the narrator asks, also by itself, or not at all
# What a narrator's program tells the characters that it starts on its own machine.
ATTACHED = "DREAMWEAVER_ATTACHED"  # set: end when your stdin does, and leave showing and sounding to me
LOCAL_CHARACTERS = "DREAMWEAVER_LOCAL_CHARACTERS"  # how many share the cores


class RootNotFolder(NodeError):
    """The data folder {root} cannot be used, because {place} is a file.

    Name a folder with --data, or move that file away.
    """


class RootNotWritable(NodeError):
    """The data folder {root} cannot be written to ({why}).

    Make it writable for your account, or name another folder with --data.
    """


class NoSeat(NodeError):
    """No story has been joined from the folder {folder} yet.

    Ask a narrator for an invite, then run: dwnet peer --invite CODE. A join that was broken off goes on with the same
    code.
    """

    exit_code = 2


class SeveralSeats(NodeError):
    """This account has a seat in several places: {seats}.

    Say which one to take, for example: dwnet peer --data '{example}'
    """

    exit_code = 2


@dataclass(frozen=True)
class Settings:
    """One process's settings. Paths are absolute; none of them need exist before ``prepare``."""

    narrator: bool
    root: Path
    host: str
    ports: tuple[int, ...]  # to try in this order; 0 lets the system choose
    database: Path
    models: Path
    checkpoints: Path
    speech: Path  # models of the speaking engines
    name: str | None = None
    invite: str | None = None
    dial: str | None = None  # an address to try besides those already known
    writer: str = "default"  # the embedded model, the path of a GGUF file, or the URL of an OpenAI-compatible server
    voice: str | None = None  # in place of the voice the character's card names
    evolve: str = "asked"  # when the character learns: one of EVOLVE
    speech_server: str | None = None  # base address of an OpenAI-compatible speech server, the model behind #

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def api_key_file(self) -> Path:
        """The key for a writer that is a server; keyring.read_api_key reads it."""
        return self.keys / "api_key"

    @property
    def speech_key_file(self) -> Path:
        """The key for the speech server, kept like the writer's."""
        return self.keys / "speech_key"

    @property
    def config_file(self) -> Path:
        return self.root / "config.toml"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def audio(self) -> Path:
        """Playable clips: a narrator keeps them, a peer may delete them at any time."""
        return self.root / ("audio" if self.narrator else "temp_audio")

    @property
    def base_models(self) -> Path:
        return self.models / "llm" / "base_models"

    @property
    def adapters(self) -> Path:
        """``<peer>/<model>/`` below it."""
        return self.models / "llm" / "adapters"

    @property
    def training_data(self) -> Path:
        """``<peer>/`` below it."""
        return self.models / "llm" / "training_data_local"

    @property
    def piper_voices(self) -> Path:
        """``<voice>/`` below it."""
        return self.speech / "piper"

    @property
    def whisper(self) -> Path:
        """Ears: ``<size>/`` below it."""
        return self.models / "ear" / "whisper"

    @property
    def xtts(self) -> Path:
        """The XTTS model's files."""
        return self.speech / "xtts"

    @property
    def reference_voices(self) -> Path:
        """Recordings that XTTS can take a voice from: ``<name>.wav`` and its like. Never in a folder that TTS_HOME
        shares: they are one character's, and deleted when they are taken back.
        """
        return self.models / "tts" / "reference_voices"


def narrator_settings(flags: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Settings of the narrator's desk. Flags: data, listen, name, writer, voice; None means not given.

    Raises BadSetting, UnknownSetting, SettingsUnreadable, RootNotFolder.
    """
    told = Told("narrator", flags, environ)
    return _settled(told, told.path("data") or user_folder() / "narrator")


def peer_settings(flags: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Settings of a character's, listener's or reader's peer. Flags: data, listen, name, invite, dial, writer, voice.

    With no folder told, a peer's name picks the folder, else its invite does (the same folder for the same code, so
    that a claim that was broken off goes on), else it is the one seat this account has. Raises NoSeat, SeveralSeats and
    what narrator_settings raises.
    """
    told = Told("peer", flags, environ)
    invite = told.text("invite")
    root = told.path("data")
    if root is None and (name := told.text("name")) is not None:
        root = user_folder() / "peers" / _folder_name(name)
    elif root is None and invite is not None:
        root = user_folder() / "peers" / hashlib.sha256(invite.lower().encode()).hexdigest()[:12]
    elif root is None:
        root = _only_seat(environ)
    if invite is None and not (root / "keys").is_dir():
        raise NoSeat(folder=root)
    return _settled(told, root)


def peer_roots(environ: Mapping[str, str]) -> list[Path]:
    """The folders this account has a granted seat in (remember_seat was called), by the name of their character."""
    named = Told("peer", {}, environ).path("data")
    if named is not None:
        return [named]
    folder = user_folder() / "peers"
    seats = [root for root in folder.iterdir() if (root / "seat").is_file()] if folder.is_dir() else []
    return sorted(seats, key=lambda root: (seat_name(root), root))


def user_folder() -> Path:
    """Where this platform keeps a program's data for one account."""
    import platformdirs

    return platformdirs.user_data_path(APPLICATION, appauthor=False)


def prepare(settings: Settings) -> None:
    """Make the root and its keys folder, for this account only. Raises RootNotFolder, RootNotWritable."""
    for place in (settings.root, *settings.root.parents):
        if place.exists() and not place.is_dir():
            raise RootNotFolder(root=settings.root, place=place)
    try:
        settings.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.keys.mkdir(mode=0o700, exist_ok=True)
        for folder in (settings.database.parent, settings.models):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = settings.root / f"writable.{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise RootNotWritable(root=settings.root, why=error.strerror or error) from error


def remember_port(settings: Settings, port: int) -> None:
    """Try ``port`` first at the next start from this root. Raises RootNotWritable."""
    _remember(settings.root, "port", str(port))


def remember_seat(settings: Settings, character: str) -> None:
    """Show this root under the character's name from now on. Raises RootNotWritable."""
    _remember(settings.root, "seat", character)


def seat_name(root: Path) -> str:
    """The character this root plays, or the folder's own name as long as nobody has said."""
    return _remembered(root, "seat") or root.name


def _only_seat(environ: Mapping[str, str]) -> Path:
    seats = peer_roots(environ)
    if not seats:
        raise NoSeat(folder=user_folder() / "peers")
    if len(seats) > 1:
        listed = ", ".join(f"{seat_name(seat)} ({seat})" for seat in seats)
        raise SeveralSeats(seats=listed, example=seats[0])
    return seats[0]


def _folder_name(name: str) -> str:
    if name.startswith(".") or any(mark in name for mark in '/\\:*?"<>|') or len(name.encode()) > 200:
        raise BadSetting(
            source="the peer's name",
            value=name,
            wanted="a name that can be a folder's: short, without / \\ : * ? \" < > |",
        )
    return name


def _settled(told: Told, root: Path) -> Settings:
    told.read_config(root / "config.toml")
    narrator = told.kind == "narrator"
    models = told.path("models") or root / "models"
    return Settings(
        narrator=narrator,
        root=root,
        host=told.text("host") or "0.0.0.0",
        ports=_ports(told.port(), narrator, root),
        database=told.path("database") or root / ("dream_weaver.db" if narrator else "story.db"),
        models=models,
        checkpoints=told.path("checkpoints") or root / "checkpoints",
        speech=told.path("speech") or models / "tts",
        name=told.text("name"),
        invite=told.text("invite"),
        dial=told.text("dial"),
        writer=told.text("writer") or "default",
        voice=told.text("voice"),
        speech_server=told.text("speech_server"),
        evolve=_evolve(told),
    )


def _evolve(told: Told) -> str:
    text = told.text("evolve") or EVOLVE[0]
    if text not in EVOLVE:
        raise BadSetting(source="the setting evolve", value=text, wanted=f"one of {', '.join(EVOLVE)}")
    return text


def _ports(told: int | None, narrator: bool, root: Path) -> tuple[int, ...]:
    """A port that was told is the only one. Else the remembered one comes first, so that addresses others kept stay
    good.
    """
    if told:
        return (told,)
    if told == 0:
        usual: tuple[int, ...] = (0,)
    else:
        usual = (NARRATOR_PORT,) if narrator else tuple(PEER_PORTS)
    remembered = _remembered(root, "port")
    if remembered is None or not remembered.isdecimal() or not 0 < int(remembered) <= 65_535:
        return usual
    return (int(remembered), *(port for port in usual if port != int(remembered)))


def _remember(root: Path, what: str, text: str) -> None:
    draft, place = root / f"{what}.{os.getpid()}.new", root / what
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        draft.replace(place)
    except OSError as error:
        raise RootNotWritable(root=root, why=error.strerror or error) from error


def _remembered(root: Path, what: str) -> str | None:
    """A note that is missing or spoilt is one not written: it only saves a question."""
    try:
        return (root / what).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
