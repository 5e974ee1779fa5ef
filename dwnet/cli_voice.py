"""``dwnet voice``: which voices there are, and how one sounds. The engines are the characters' own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import click

from dwnet.cli_files import JSON
from dwnet.cli_model import fetch_command
from dwnet.cli_story import sources
from dwnet.complaints import explained, put, put_json


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


class Voices(Protocol):
    """The speaking engines of this machine."""

    def voices(self) -> Iterable[VoiceRow]: ...

    def say(self, text: str, voice: str, out: Path) -> float: ...


@click.group()
def voice() -> None:
    """Voices: list them, hear one, fetch better ones."""


voice.add_command(fetch_command("voice", "a voice: NAME as it stands in the list"))


@voice.command("list")
@JSON
@click.pass_context
def voice_list(context: click.Context, as_json: bool) -> None:
    """Every voice of this machine, those that are easy to tell apart first."""
    with explained(bool(context.obj), as_json=as_json):
        for row in sources(context).voices().voices():
            if as_json:
                facts = {"voice": row.voice, "engine": row.engine, "name": row.name, "picked": row.picked}
                put_json({"event": "voice", **facts, "missing": row.missing})
            else:
                put(row.voice or f"{row.engine}: not ready: {row.missing}")


@voice.command("say")
@click.argument("text")
@click.option("--voice", "spec", required=True, metavar="ENGINE:NAME", help="As `dwnet voice list` names it.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new file: .wav or .ogg.")
@JSON
@click.pass_context
def voice_say(context: click.Context, text: str, spec: str, out: Path, as_json: bool) -> None:
    """Write what a voice makes of TEXT to a sound file."""
    with explained(bool(context.obj), as_json=as_json):
        seconds = sources(context).voices().say(text, spec, out)
        if as_json:
            put_json({"event": "said", "voice": spec, "path": str(out), "seconds": round(seconds, 2)})
        else:
            put(f"{out}: {seconds:.1f} seconds")
