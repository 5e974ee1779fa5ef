"""``dwnet story``, ``status`` and ``doctor``: what is there and how it is, also beside a running node."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from dwnet.cli_files import DATA, JSON
from dwnet.complaints import explained, put, put_json

if TYPE_CHECKING:
    from dwnet.cli_ear import Ears
    from dwnet.cli_evolve import Evolving
    from dwnet.cli_voice import Voices
    from dwnet.doctor import EngineCheck
    from dwnet.settings import Settings

SOUND = ("ogg", "wav", "audiobook")
SOURCES = "dwnet.sources"  # in click's meta, set by the composition root


class Reading(Protocol):
    """How stories are read without telling them."""

    def listed(self, settings: Settings) -> list[dict[str, Any]]: ...

    def shown(self, settings: Settings, name: str) -> list[dict[str, Any]]: ...

    def export(self, settings: Settings, name: str, form: str, path: Path | None, *, with_whispers: bool) -> bytes: ...

    def export_sound(self, settings: Settings, name: str, form: str, path: Path, *, with_whispers: bool) -> str: ...

    def status(self, settings: Settings) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Sources:
    """What only the packages above this one know. Each is imported when it is asked."""

    reading: Callable[[], Reading]
    engine_checks: Callable[[Settings], list[tuple[str, EngineCheck]]]
    voices: Callable[[], Voices]
    ears: Callable[[], Ears]
    evolving: Callable[[], Evolving]


@click.group()
def story() -> None:
    """Stories on the shelf: list them, read them, take them away."""


@story.command("list")
@DATA
@JSON
@click.pass_context
def story_list(context: click.Context, data: str | None, as_json: bool) -> None:
    """Every story of a data folder."""
    with explained(bool(context.obj), as_json=as_json):
        rows = sources(context).reading().listed(_folder(data))
        for row in rows:
            if as_json:
                put_json({"event": "story", **row})
            else:
                told = "being told now" if row["open"] else "closed"
                put(f"{row['name']}: {row['passages']} passages, {', '.join(row['cast']) or 'nobody yet'}; {told}.")
        if not rows and not as_json:
            click.echo("No story yet. Begin one with: dwnet narrate --headless", err=True)


@story.command("show")
@click.argument("name", default="")
@DATA
@JSON
@click.pass_context
def story_show(context: click.Context, name: str, data: str | None, as_json: bool) -> None:
    """Print a story as it stands."""
    with explained(bool(context.obj), as_json=as_json):
        for row in sources(context).reading().shown(_folder(data), name):
            if as_json:
                put_json({"event": "passage", **row})
            else:
                put(row["text"] if row["speaker"] == "Narrator" else f"{row['speaker']}: {row['text']}")


@story.command("export")
@click.argument("name", default="")
@click.option("--format", "form", type=click.Choice(["json", "txt", *SOUND]), default="txt", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; without this it is printed.")
@click.option("--with-whispers", is_flag=True, help="Whispers are left out unless you ask for them.")
@DATA
@JSON
@click.pass_context
def story_export(
    context: click.Context, name: str, form: str, out: Path | None, with_whispers: bool, data: str | None, as_json: bool
) -> None:
    """Write a story as JSON or text, or as one file of sound: ogg, wav, or an audiobook with chapters."""
    with explained(bool(context.obj), as_json=as_json):
        if form in SOUND:
            if out is None:
                raise click.UsageError(f"--format {form} needs a place to write to: --out FILE")
            reading = sources(context).reading()
            left_out = reading.export_sound(_folder(data), name, form, out, with_whispers=with_whispers)
            if as_json:
                put_json({"event": "exported", "format": form, "path": str(out), "left_out": left_out})
            else:
                put(f"Written: {out} {left_out}".rstrip())
            return
        written = sources(context).reading().export(_folder(data), name, form, out, with_whispers=with_whispers)
        if as_json:
            where = {"text": written.decode()} if out is None else {"path": str(out)}
            put_json({"event": "exported", "format": form, **where})
        elif out is None:
            click.echo(written, nl=False)
        else:
            put(f"Written: {out}")


@click.command()
@DATA
@JSON
@click.pass_context
def status(context: click.Context, data: str | None, as_json: bool) -> None:
    """How a story stands and how everyone in it was when last seen."""
    with explained(bool(context.obj), as_json=as_json):
        facts = sources(context).reading().status(_folder(data))
        if as_json:
            put_json({"event": "status", **facts})
            return
        told = "is being told now" if facts["open"] else "is closed"
        put(f"“{facts['name']}” {told}: {facts['passages']} passages, {facts['entries']} entries.")
        for one in facts["members"]:
            put(f"- {one['member']}: {one['status']}. {one['why']}")
        put(f"Fingerprint: {facts['fingerprint']}")


@click.command()
@DATA
@JSON
@click.pass_context
def doctor(context: click.Context, data: str | None, as_json: bool) -> None:
    """What works on this machine, and for what does not, the remedy."""
    with explained(bool(context.obj), as_json=as_json):
        import trio

        from dwnet.doctor import examine

        settings = _folder(data)
        findings = trio.run(examine, settings, sources(context).engine_checks(settings))
        for one in findings:
            if as_json:
                put_json({"event": "finding", "name": one.name, "ok": one.ok, "what": one.what, "remedy": one.remedy})
            else:
                put(f"{'ok ' if one.ok else 'NO '} {one.name}: {one.what} {one.remedy}".rstrip())
        sys.exit(0 if all(one.ok for one in findings) else 1)


def _folder(data: str | None) -> Settings:
    from dwnet.keeping import settings_at

    return settings_at(data)


def sources(context: click.Context) -> Sources:
    found = context.meta[SOURCES]
    assert isinstance(found, Sources)
    return found
