"""``dwnet story``, ``status`` and ``doctor``: what is there and how it is, also beside a running node."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dwnet.cli_files import DATA, JSON
from dwnet.complaints import explained, put_json


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
        rows = context.meta[READING].listed(_folder(data))
        for row in rows:
            if as_json:
                put_json({"event": "story", **row})
            else:
                told = "being told now" if row["open"] else "closed"
                click.echo(
                    f"{row['name']}: {row['passages']} passages, {', '.join(row['cast']) or 'nobody yet'}; {told}."
                )
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
        for row in context.meta[READING].shown(_folder(data), name):
            if as_json:
                put_json({"event": "passage", **row})
            else:
                click.echo(row["text"] if row["speaker"] == "Narrator" else f"{row['speaker']}: {row['text']}")


@story.command("export")
@click.argument("name", default="")
@click.option("--format", "form", type=click.Choice(["json", "txt"]), default="txt", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; without this it is printed.")
@click.option("--with-whispers", is_flag=True, help="Whispers are left out unless you ask for them.")
@DATA
@JSON
@click.pass_context
def story_export(
    context: click.Context, name: str, form: str, out: Path | None, with_whispers: bool, data: str | None, as_json: bool
) -> None:
    """Write a story as JSON or text."""
    with explained(bool(context.obj), as_json=as_json):
        written = context.meta[READING].export(_folder(data), name, form, out, with_whispers=with_whispers)
        if out is None:
            click.echo(written, nl=False)
        elif as_json:
            put_json({"event": "exported", "format": form, "path": str(out)})
        else:
            click.echo(f"Written: {out}")


@click.command()
@DATA
@JSON
@click.pass_context
def status(context: click.Context, data: str | None, as_json: bool) -> None:
    """How a story stands and how everyone in it was when last seen."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.keeping import settings_at

        facts = context.meta[READING].status(settings_at(data))
        if as_json:
            put_json({"event": "status", **facts})
            return
        told = "is being told now" if facts["open"] else "is closed"
        click.echo(f"“{facts['name']}” {told}: {facts['passages']} passages, {facts['entries']} entries.")
        for one in facts["members"]:
            click.echo(f"  {one['member']}: {one['status']}. {one['why']}")
        click.echo(f"Fingerprint: {facts['fingerprint']}")


@click.command()
@DATA
@JSON
@click.pass_context
def doctor(context: click.Context, data: str | None, as_json: bool) -> None:
    """What works on this machine, and for what does not, the remedy."""
    with explained(bool(context.obj), as_json=as_json):
        import trio

        from dwnet.doctor import examine
        from dwnet.keeping import settings_at

        settings = settings_at(data)
        findings = trio.run(examine, settings, context.meta[CHECKS](settings))
        for one in findings:
            if as_json:
                put_json({"event": "finding", "name": one.name, "ok": one.ok, "what": one.what, "remedy": one.remedy})
            else:
                click.echo(f"{'ok ' if one.ok else 'NO '} {one.name}: {one.what} {one.remedy}".rstrip())
        sys.exit(0 if all(one.ok for one in findings) else 1)


READING = "dwnet.reading"  # in click's meta: how stories are read; set by the composition root
CHECKS = "dwnet.checks"  # likewise: what engines say about this machine


def _folder(data: str | None):  # type: ignore[no-untyped-def]
    from dwnet.keeping import settings_at

    return settings_at(data)
