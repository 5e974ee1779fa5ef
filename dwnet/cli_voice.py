"""``dwnet voice``: which voices there are, and how one sounds. The engines are the characters' own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from dwnet.cli_files import DATA, JSON
from dwnet.cli_model import fetch_command
from dwnet.cli_story import sources
from dwnet.complaints import explained, put, put_json

if TYPE_CHECKING:
    from dwnet.settings import Settings


class VoiceRow(Protocol):
    """One voice as it is listed."""

    @property
    def voice(self) -> str: ...

    @property
    def engine(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def picked(self) -> bool: ...

    @property
    def missing(self) -> str: ...

    @property
    def notice(self) -> str: ...


class Voices(Protocol):
    """The speaking engines of this machine."""

    def voices(self, settings: Settings) -> Iterable[VoiceRow]: ...

    def say(self, text: str, voice: str, out: Path, settings: Settings, sample: Path | None) -> float: ...


@click.group()
def voice() -> None:
    """Voices: list them, hear one, fetch better ones."""


voice.add_command(fetch_command("voice", "a voice: NAME as it stands in the list"))


@voice.command("list")
@DATA
@JSON
@click.pass_context
def voice_list(context: click.Context, data: str | None, as_json: bool) -> None:
    """Every voice of this machine, those that are easy to tell apart first, and what else there could be."""
    with explained(bool(context.obj), as_json=as_json):
        noticed = set()
        for row in sources(context).voices().voices(_folder(data)):
            if as_json:
                facts = {"voice": row.voice, "engine": row.engine, "name": row.name, "picked": row.picked}
                put_json({"event": "voice", **facts, "missing": row.missing, "notice": row.notice})
                continue
            if row.notice and row.engine not in noticed:
                put(f"{row.engine}: {row.notice}")
                noticed.add(row.engine)
            put(row.voice or f"{row.engine}: not ready: {row.missing}")


@voice.command("say")
@click.argument("text")
@click.option("--voice", "spec", required=True, metavar="ENGINE:NAME", help="As `dwnet voice list` names it.")
@click.option("--sample", type=click.Path(path_type=Path), metavar="FILE", help="A recording to take the voice from.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new file: .wav or .ogg.")
@DATA
@JSON
@click.pass_context
def voice_say(
    context: click.Context, text: str, spec: str, sample: Path | None, out: Path, data: str | None, as_json: bool
) -> None:
    """Write what a voice makes of TEXT to a sound file."""
    with explained(bool(context.obj), as_json=as_json):
        seconds = sources(context).voices().say(text, spec, out, _folder(data), sample)
        if as_json:
            put_json({"event": "said", "voice": spec, "path": str(out), "seconds": round(seconds, 2)})
        else:
            put(f"{out}: {seconds:.1f} seconds")


def _folder(data: str | None) -> Settings:
    from dwnet.keeping import settings_at

    return settings_at(data)
