"""``dwnet log`` and ``dwnet card``: signed log files and character cards, without a running hive."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dwnet.complaints import complain, explained, put, put_json
from dwnet.text import clean
from dwnet.times import iso

if TYPE_CHECKING:
    from dwnet.log_file import Progress
    from protocol.verifier import Report

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object per line, for programs.")
DATA = click.option("--data", metavar="DIR", help="Where the story's things lie.")
FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def log() -> None:
    """Signed log files: check, read, write and bring back whole stories."""


@log.command()
@FILE
@click.option("--story", "tag", metavar="TAG", help="The story it shall be: the tag that /status and exports show.")
@JSON
@click.pass_context
def verify(context: click.Context, file: Path, tag: str | None, as_json: bool) -> None:
    """Check every signature, link and right in FILE.

    Exit codes: 0 whole, 10 tampered, 11 cut short, 12 forked, 13 another story's.
    """
    with explained(bool(context.obj), as_json=as_json):
        report = _verify(file, tag)
        if as_json:
            put_json(_facts(report, file))
        else:
            put(report.sentence)
        sys.exit(int(report.outcome))


@log.command()
@FILE
@JSON
@click.pass_context
def show(context: click.Context, file: Path, as_json: bool) -> None:
    """List what stands in FILE, entry by entry, with its author and text."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.listing import rows_of
        from dwnet.log_file import LogNotGood, read_units

        report = _verify(file, None)
        with suppress(LogNotGood):  # what reads is shown; the report says what is wrong with the rest
            for row in rows_of(read_units(file)):
                if as_json:
                    put_json({"event": "entry", **row})
                else:
                    put(f"{row['at']}  {row['kind']:<10}  {row['author']:<16}  {row['text']}")
        if as_json:
            put_json(_facts(report, file))
        click.echo(clean(report.sentence), err=True)
        sys.exit(int(report.outcome))


@log.command()
@FILE
@DATA
@JSON
@click.pass_context
def export(context: click.Context, file: Path, data: str | None, as_json: bool) -> None:
    """Write the story of a data folder to FILE, signed; also while its program runs."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.keeping import export_story

        report = export_story(data, file)
        if as_json:
            put_json({**_facts(report, file), "event": "exported", "format": "dwlog", "path": str(file)})
        else:
            put(f"{file}: {report.sentence}")


@log.command("import")
@FILE
@DATA
@click.option("--story", "tag", metavar="TAG", help="The story it shall be.")
@JSON
@click.pass_context
def import_(context: click.Context, file: Path, data: str | None, tag: str | None, as_json: bool) -> None:
    """Bring a story from FILE back into a data folder: into an empty one, or what is missing into the same story.

    A damaged story file is kept beside it under another name.
    """
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.keeping import import_story

        report = _verify(file, tag)
        if report.outcome not in (0, 11, 12):
            complain(report.sentence, "Nothing was imported. Get another copy of the file.", as_json=as_json)
            sys.exit(int(report.outcome))
        added, where = import_story(data, file, report)
        if as_json:
            put_json({"event": "imported", "entries": added, "path": str(where)})
        else:
            put(f"{added} entries were brought back to {where}.")


def _verify(file: Path, tag: str | None) -> Report:
    from dwnet.log_file import verify_file

    return verify_file(file, _tag(tag), _progress(file))


def _tag(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        tag = bytes.fromhex(text.strip())
    except ValueError:
        tag = b""
    if len(tag) != 16:
        raise click.BadParameter(
            "a story's tag has 32 letters and digits (0-9, a-f), as /status shows it", param_hint="--story"
        )
    return tag


def _progress(file: Path) -> Progress | None:
    """A progress line on stderr for files that take a while."""
    if not sys.stderr.isatty() or not file.is_file() or file.stat().st_size < 20_000_000:
        return None

    def shown(done: int, size: int) -> None:
        click.echo(f"\r{100 * done // max(size, 1)} %", nl=done >= size, err=True)

    return shown


def _facts(report: Report, file: Path) -> dict[str, object]:
    from dwnet.shipped import words
    from protocol.identity import peer_id
    from protocol.names import fingerprint

    return {
        "event": "verified",
        "path": str(file),
        "outcome": report.outcome.name.lower(),
        "what": report.sentence,
        "tag": report.tag.hex(),
        "story": report.name,
        "narrator": peer_id(report.narrator) if report.narrator else "",
        "entries": report.entries,
        "head": report.head.hex(),
        "fingerprint": " ".join(fingerprint(report.head, words())) if report.head else "",
        "identity_checked": report.identity_checked,
        "offset": report.offset,
        "exported": iso(report.about.at) if report.about else "",
    }


@click.group()
def card() -> None:
    """Character cards: look at one, or check it before it goes on stage."""


@card.command("show")
@FILE
@JSON
@click.pass_context
def card_show(context: click.Context, file: Path, as_json: bool) -> None:
    """Print what a card says."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.card import read_card
        from dwnet.card_showing import show_card

        rows = show_card(read_card(_card_bytes(file)))
        if as_json:
            put_json({"event": "card", **dict(rows)})
        else:
            for label, text in rows:
                put(f"{label}: {text}")


@card.command("check")
@FILE
@JSON
@click.pass_context
def card_check(context: click.Context, file: Path, as_json: bool) -> None:
    """Say what is wrong with a card, field by field. Exit code 1 when it can't be used."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.card import check_card

        findings = check_card(_card_bytes(file))
        for one in findings:
            if as_json:
                put_json({"event": "finding", **one._asdict()})
            else:
                put(f"{one.severity}: {one.field}: {one.what}. {one.remedy}")
        bad = any(one.severity == "error" for one in findings)
        if as_json:
            put_json({"event": "checked", "good": not bad})
        elif not findings:
            put("This card is good.")
        sys.exit(1 if bad else 0)


@card.command("convert")
@FILE
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new file: .json or .png.")
@click.option("--picture", type=click.Path(path_type=Path), help="A PNG that shall carry the card.")
@JSON
@click.pass_context
def card_convert(context: click.Context, file: Path, out: Path, picture: Path | None, as_json: bool) -> None:
    """Write a card as JSON, or as a PNG picture that carries it. Nothing in it is lost."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.card import read_card, write_card
        from dwnet.card_picture import embed, is_png, plain_picture
        from dwnet.whole_file import reading, write_whole

        if out.suffix.lower() not in (".json", ".png"):
            raise click.BadParameter("a card's file ends in .json or .png", param_hint="--out")
        source = _card_bytes(file)
        read = read_card(source)
        written = write_card(read)
        if out.suffix.lower() == ".png":
            base = source if is_png(source) else plain_picture(read.colour)
            if picture is not None:
                with reading(picture):
                    base = picture.read_bytes()
            written = embed(base, written)
        with write_whole(out) as target:
            target.write(written)
        if as_json:
            put_json({"event": "converted", "member": read.name, "path": str(out)})
        else:
            put(f"{out}: {read.name}")


def _card_bytes(file: Path) -> bytes:
    """The file's bytes, or those of a sample character of this name."""
    from dwnet import shipped
    from dwnet.whole_file import reading

    if not file.exists() and file.name.casefold() in {one.casefold() for one in shipped.cast()}:
        return shipped.card(file.name)
    with reading(file):
        return file.read_bytes()
