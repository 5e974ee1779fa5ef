"""``dwnet ear``: which ears and microphones there are, and what an ear hears in a sound file. The engines are the
narrator's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from dwnet.cli_files import DATA, JSON
from dwnet.cli_model import fetch_command
from dwnet.cli_story import sources
from dwnet.complaints import explained, put, put_json

if TYPE_CHECKING:
    from dwnet.errors import NodeError
    from dwnet.settings import Settings

PATIENCE = 2.0  # seconds after which people want to know how far it is


class EarRow(Protocol):
    """One ear as it is listed."""

    @property
    def ear(self) -> str: ...

    @property
    def engine(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def missing(self) -> str: ...


class FileHeard(Protocol):
    """What was said in a file."""

    @property
    def text(self) -> str: ...

    @property
    def confidence(self) -> float: ...

    @property
    def seconds(self) -> float: ...

    @property
    def ear(self) -> str: ...


class Ears(Protocol):
    """The listening engines of this machine."""

    def ears(self, settings: Settings) -> Iterable[EarRow]: ...

    def microphones(self) -> Iterable[str]: ...

    def hear(
        self,
        settings: Settings,
        path: Path,
        spec: str,
        words: Path | None,
        told: Callable[[float, float], None],
        tell: Callable[[NodeError], None],
    ) -> FileHeard: ...


@click.group()
def ear() -> None:
    """Ears: list them and the microphones, try one on a sound file, fetch better ones."""


ear.add_command(fetch_command("ear", "an ear: NAME as it stands in the list"))


@ear.command("list")
@DATA
@JSON
@click.pass_context
def ear_list(context: click.Context, data: str | None, as_json: bool) -> None:
    """Every ear that is known, those that work on this machine first; then this machine's microphones."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.errors import NodeError
        from dwnet.keeping import settings_at

        known = sources(context).ears()
        for row in known.ears(settings_at(data)):
            if as_json:
                facts = {"ear": row.ear, "engine": row.engine, "name": row.name}
                put_json({"event": "ear", **facts, "missing": row.missing})
            else:
                put(f"{row.ear}: not ready: {row.missing}" if row.missing else row.ear)
        try:
            for name in known.microphones():
                put_json({"event": "microphone", "name": name}) if as_json else put(f"microphone: {name}")
        except NodeError as error:  # who types needs none
            click.echo(f"{error.what} {error.hint}", err=True)


@ear.command("hear")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ear", "spec", default="", metavar="ENGINE:NAME", help="As `dwnet ear list` names it.")
@click.option("--words", type=click.Path(path_type=Path), help="A text whose sentences and words may be said in it.")
@DATA
@JSON
@click.pass_context
def ear_hear(
    context: click.Context, file: Path, spec: str, words: Path | None, data: str | None, as_json: bool
) -> None:
    """Print what is said in FILE, a sound file of any kind."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.keeping import settings_at

        began = shown = time.monotonic()

        def told(done: float, whole: float) -> None:
            nonlocal shown
            if time.monotonic() - began > PATIENCE and time.monotonic() - shown > PATIENCE:
                shown = time.monotonic()
                click.echo(f"{done:.0f} of {whole:.0f} seconds are heard …", err=True)

        def tell(trouble: NodeError) -> None:
            click.echo(f"{trouble.what} {trouble.hint}", err=True)

        heard = sources(context).ears().hear(settings_at(data), file, spec, words, told, tell)
        if as_json:
            facts = {"text": heard.text, "confidence": round(heard.confidence, 3), "seconds": round(heard.seconds, 2)}
            put_json({"event": "heard", **facts, "ear": heard.ear, "path": str(file)})
        elif heard.text:
            put(heard.text)
        else:
            click.echo("Nothing that was said could be heard in it.", err=True)
