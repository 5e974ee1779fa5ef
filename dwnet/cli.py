"""The command line: the composition root. It reads flags and starts the right part.

Rules of this file:
- Nothing heavy is imported before a command runs: ``dwnet --help`` answers at once.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dwnet.cli_ear import Ears, ear
from dwnet.cli_evolve import Evolving, evolve
from dwnet.cli_files import card, log
from dwnet.cli_model import model
from dwnet.cli_story import SOURCES, Reading, Sources, doctor, status, story
from dwnet.cli_voice import Voices, voice
from dwnet.complaints import explained, log_file
from dwnet.version import VERSION

if TYPE_CHECKING:
    from dwnet.doctor import EngineCheck
    from dwnet.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="dwnet")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.pass_context
def main(context: click.Context, debug: bool) -> None:
    """DreamWeaver: you tell a story, a hive of AI characters answers, each on its own machine.

    Try it: dwnet demo. Tell your own: dwnet narrate. Join a friend's: dwnet peer --invite CODE.
    """
    if sys.flags.optimize > 1:
        raise click.UsageError("Python's option -OO takes this program's sentences away. Start it without -OO.")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know few letters; a story has them all
    context.obj = debug
    context.meta[SOURCES] = Sources(_reading, _engine_checks, _voices, _ears, _evolving)


for _part in (log, card, voice, ear, model, story, status, doctor, evolve):
    main.add_command(_part)


def _reading() -> Reading:
    from narrator_app import run

    return run.reading


def _engine_checks(settings: Settings) -> list[tuple[str, EngineCheck]]:
    from narrator_app import run as desk
    from peer import run

    return [*run.engine_checks(settings), *(desk.engine_checks(settings) if settings.narrator else ())]


def _voices() -> Voices:
    from peer import run

    return run.catalogue


def _ears() -> Ears:
    from narrator_app import run

    return run.catalogue


def _evolving() -> Evolving:
    from peer import run

    return run.learning_alone


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that every command which opens a story has."""
    command = click.option("--json", "as_json", is_flag=True, help="One JSON object per line, for programs.")(command)
    return click.option("--data", metavar="DIR", help="Where this story's things lie.")(command)


@main.command()
@click.option("--out", default="demo", show_default=True, metavar="DIR", help="Where the story and its clips go.")
@click.option("--beats", default=3, show_default=True, type=click.IntRange(1, 20), help="How many beats the scene has.")
@click.pass_context
def demo(context: click.Context, out: str, beats: int) -> None:
    """A whole hive on this machine plays a scene, then hands over to you if there is a terminal."""
    with explained(context.obj):
        from dwnet.settings import narrator_settings
        from narrator_app.run import demo as play

        with tempfile.TemporaryDirectory(prefix="dwnet-demo-") as folder:
            flags = {"data": folder, "listen": "127.0.0.1:0"}
            with log_file(Path(folder) / "logs"):
                sys.exit(play(narrator_settings(flags, clean_environ()), beats=beats, out=out))


@main.command()
@shared
@click.option("--story", default="", metavar="NAME", help="Which story; a new name begins a new one.")
@click.option("--listen", metavar="HOST:PORT", help="Where friends reach this peer; port 0 picks a free one.")
@click.option("--web", is_flag=True, help="In the browser rather than in a window of its own.")
@click.option("--headless", is_flag=True, help="In the terminal: narration and /commands on stdin.")
@click.pass_context
def narrate(
    context: click.Context, data: str | None, as_json: bool, story: str, listen: str | None, web: bool, headless: bool
) -> None:
    """Tell a story. Type what happens; the characters answer."""
    with explained(context.obj, as_json=as_json):
        from dwnet.settings import narrator_settings, prepare
        from narrator_app.run import headless as converse
        from narrator_app.run import on_screen

        if headless and web:
            raise click.UsageError("--headless has no screens, --web has: choose one of them.")
        settings = narrator_settings({"data": data, "listen": listen}, os.environ)
        prepare(settings)
        with log_file(settings.logs):
            told = converse if headless else partial(on_screen, checks=_engine_checks, web=web)
            sys.exit(told(settings, story, json=as_json))


@main.command()
@shared
@click.option("--invite", metavar="CODE", help="The code a narrator gave you; later just: dwnet peer")
@click.option("--listen", metavar="HOST:PORT", help="Where others reach this peer; port 0 picks a free one.")
@click.option("--writer", metavar="SPEC", help="default, a .gguf file, or the URL of an OpenAI-compatible server.")
@click.option("--voice", metavar="ENGINE:NAME", help="Another voice than the card's.")
@click.pass_context
def peer(
    context: click.Context,
    data: str | None,
    as_json: bool,
    invite: str | None,
    listen: str | None,
    writer: str | None,
    voice: str | None,
) -> None:
    """Play a character in a friend's story, or listen to it."""
    with explained(context.obj, as_json=as_json):
        from dwnet.settings import peer_settings, prepare
        from peer.run import play

        flags = {"data": data, "invite": invite, "listen": listen, "writer": writer, "voice": voice}
        settings = peer_settings(flags, os.environ)
        prepare(settings)
        with log_file(settings.logs):
            sys.exit(play(settings, json=as_json))


def clean_environ() -> Mapping[str, str]:
    """The environment without what would tie a demo to a real story."""
    names = ("DREAMWEAVER_DATA_PATH", "DREAMWEAVER_CLIENT_DATA_PATH", "DB_PATH", "CLIENT_TOKEN", "SERVER_URL")
    return {name: value for name, value in os.environ.items() if name not in names}
