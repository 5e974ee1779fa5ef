"""``dwnet evolve``: a character learns from what it said, and proves it. The learning itself is the characters' own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from dwnet.cli_files import JSON
from dwnet.cli_story import sources
from dwnet.complaints import explained, put, put_json

if TYPE_CHECKING:
    from dwnet.settings import Settings

BAR = 24  # characters


class Progress(Protocol):
    """How far it is."""

    @property
    def part(self) -> str: ...

    @property
    def step(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def loss(self) -> float: ...

    @property
    def tokens_per_second(self) -> float: ...

    @property
    def seconds_left(self) -> float: ...


class Evolved(Protocol):
    """What became of it; ``facts`` are those of the event ``evolved``."""

    @property
    def promoted(self) -> bool: ...

    @property
    def what(self) -> str: ...

    def facts(self) -> dict[str, Any]: ...


class Evolving(Protocol):
    """How characters evolve."""

    def evolve(
        self,
        samples: Path,
        model: str,
        out: Path,
        strength: str,
        secrets: Sequence[str],
        tell: Callable[[Progress], None],
    ) -> Evolved | Path | int: ...

    def evolve_seat(
        self, settings: Settings, strength: str, tell: Callable[[Progress], None]
    ) -> Evolved | Path | int: ...


@click.command()
@click.option(
    "--from",
    "samples",
    type=click.Path(path_type=Path),
    metavar="FILE.jsonl",
    help="What it learns from.",
)
@click.option("--model", default="default", show_default=True, metavar="GGUF", help="The model that shall change.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where the adapter goes.")
@click.option(
    "--strength",
    default="normal",
    show_default=True,
    type=click.Choice(["gentle", "normal", "strong"]),
    help="How much of it may change.",
)
@click.option("--data", metavar="DIR", help="A character's own folder: it learns from what it said in its story.")
@click.option("--secrets", type=click.Path(path_type=Path), metavar="FILE", help="What it must never say, one a line.")
@JSON
@click.pass_context
def evolve(
    context: click.Context,
    samples: Path | None,
    model: str,
    out: Path | None,
    strength: str,
    data: str | None,
    secrets: Path | None,
    as_json: bool,
) -> None:
    """Let a character learn from its lines: those of its story, or those of a file. After Ctrl-C the same goes on."""
    with explained(bool(context.obj), as_json=as_json):
        if (samples is None) != (out is None):
            raise click.UsageError("--from and --out belong together; without both, the character of --data learns.")
        bar = _Bar(as_json=as_json)
        if samples is not None and out is not None:
            hidden = _lines(secrets) if secrets else []
            result = sources(context).evolving().evolve(samples, model, out, strength, hidden, bar.tell)
        else:
            from dwnet.settings import peer_settings

            settings = peer_settings({"data": data}, os.environ)
            result = sources(context).evolving().evolve_seat(settings, strength, bar.tell)
        bar.end()
        if isinstance(result, int):
            click.echo("Stopped. The same command goes on from here.", err=True)
            sys.exit(result)
        if isinstance(result, Path):
            what = f"A model behind an address cannot be changed from here. The training set for it is {result}."
            put_json({"event": "exported", "path": str(result), "what": what}) if as_json else put(what)
            return
        put_json({"event": "evolved", **result.facts()}) if as_json else put(result.what)
        sys.exit(0 if result.promoted else 1)


class _Bar:
    """Progress: events for programs, one line that is drawn over and over for people at a terminal."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._drawn = False
        self._part = ""

    def tell(self, progress: Progress) -> None:
        if self._as_json:
            facts = {"part": progress.part, "step": progress.step, "of": progress.steps}
            speed = {"tokens_per_second": round(progress.tokens_per_second, 1)}
            left = {"seconds_left": round(progress.seconds_left, 1)}
            put_json({"event": "progress", **facts, "loss": round(progress.loss, 4), **speed, **left})
        elif sys.stderr.isatty():
            full = BAR * progress.step // max(1, progress.steps)
            loss = f"  loss {progress.loss:.2f}" if progress.loss else ""
            left_words = f"  {progress.seconds_left:.0f} s left" if progress.seconds_left else ""
            line = f"{progress.part:<10}{'█' * full}{'░' * (BAR - full)} {progress.step}/{progress.steps}"
            click.echo(f"\r\x1b[K{line}{loss}{left_words}", nl=False, err=True)
            self._drawn = True
        elif progress.part != self._part:
            self._part = progress.part
            click.echo(f"{progress.part} …", err=True)

    def end(self) -> None:
        if self._drawn:
            click.echo("", err=True)


def _lines(path: Path) -> list[str]:
    from dwnet.whole_file import reading

    with reading(path):
        return [
            line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()
        ]
