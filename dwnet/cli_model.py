"""``dwnet model``, and ``fetch`` wherever it stands: what can be fetched, what of it fits here, and fetching it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dwnet.cli_files import DATA, JSON
from dwnet.complaints import explained, put, put_json

if TYPE_CHECKING:
    from dwnet.catalogue import Kind, Offer, Standing
    from dwnet.hub import Listing
    from dwnet.settings import Settings

Came = Callable[[int, int], None]


@click.group()
def model() -> None:
    """Writers: which there are, and fetching a better one."""


@model.command("list")
@DATA
@JSON
@click.pass_context
def model_list(context: click.Context, data: str | None, as_json: bool) -> None:
    """Every writer that is here or can be fetched, and what of it fits this machine."""
    with explained(bool(context.obj), as_json=as_json):
        from dwnet.catalogue import own_models
        from dwnet.keeping import settings_at

        settings = settings_at(data)
        show_offers("model", settings, as_json=as_json)
        for path in own_models(settings):
            if as_json:
                put_json({"event": "model", "name": path.name, "path": str(path), "bytes": path.stat().st_size})
            else:
                put(f"here       {path.name}: a file of your own")


def fetch_command(kind: Kind, what: str) -> click.Command:
    """The command that fetches one kind; ``what`` it fetches, in words."""

    @click.command("fetch", help=f"Fetch {what}. Without NAME: what can be fetched, and what of it fits this machine.")
    @click.argument("name", default="")
    @DATA
    @click.option("--accept-terms", is_flag=True, help="You have read the terms that it stands under, and agree.")
    @JSON
    @click.pass_context
    def command(context: click.Context, name: str, data: str | None, accept_terms: bool, as_json: bool) -> None:
        with explained(bool(context.obj), as_json=as_json):
            from dwnet.catalogue import offer
            from dwnet.keeping import settings_at

            settings = settings_at(data)
            if name:
                fetch(offer(kind, name), settings, agreed=accept_terms, as_json=as_json)
            else:
                show_offers(kind, settings, as_json=as_json)

    return command


model.add_command(fetch_command("model", "a writer: NAME of `dwnet model list`, or OWNER/REPOSITORY:FILE.gguf"))


def show_offers(kind: Kind, settings: Settings, *, as_json: bool) -> None:
    """What this machine has to give, then every offer of a kind, what fits first."""
    from dwnet.catalogue import spoken, standings
    from dwnet.fetching import amount
    from dwnet.machine import look

    seen = look(settings.models)
    if as_json:
        put_json({"event": "machine", "cores": seen.cores, "memory": seen.memory_free, "disk": seen.disk_free})
    else:
        memory = "" if seen.memory_free is None else f"{amount(seen.memory_free)} of memory and "
        put(f"This machine has {seen.cores:g} cores, {memory}{amount(seen.disk_free)} of its disk free.")
    for one in standings(kind, settings, seen):
        if as_json:
            facts = {"kind": kind, "name": one.offer.name, "engine": one.offer.engine, "language": one.offer.language}
            needs = {"bytes": one.offer.size, "memory": one.offer.memory, "licence": one.offer.licence}
            state = {"here": one.here, "fits": not one.why_not, "why": one.why_not, "best": one.best}
            use = {"spoken": spoken(one.offer, settings), "about": one.offer.about, "terms": one.offer.terms}
            put_json({"event": "offer", **facts, **needs, **state, **use})
        else:
            put(_row(one))


def _row(one: Standing) -> str:
    from dwnet.fetching import amount

    state = "here" if one.here else "too large" if one.why_not else "best fit" if one.best else "fits"
    facts = f"{amount(one.offer.size)}, {one.offer.language}, {one.offer.licence}"
    why = f" It {one.why_not}." if one.why_not else ""
    return f"{state:<10} {one.offer.name} ({facts}): {one.offer.about}{why}"


def fetch(one: Offer, settings: Settings, *, agreed: bool, as_json: bool) -> None:
    """Fetch one thing, with its progress on stderr, or as events.

    :raises NodeError: what installing raises.
    """
    import trio

    from dwnet.catalogue import is_here, spoken, why_not
    from dwnet.ending import unless_ended
    from dwnet.installing import agree, install, is_agreed
    from dwnet.machine import look

    if not is_agreed(one, settings) and (agreed or _ask(one)):
        agree(one, settings)
    was_here = is_here(one, settings)
    small = why_not(one, look(settings.models))
    if small and not was_here:
        click.echo(f"This machine may be too small for {one.name}: it {small}.", err=True)
    with _shown(one, as_json=as_json) as came:
        begun = partial(_begun, one, as_json=as_json)
        where = trio.run(unless_ended, partial(install, one, settings, os.environ, begun=begun, came=came))
    use = spoken(one, settings)
    if as_json:
        put_json({"event": "fetched", "kind": one.kind, "name": one.name, "path": str(where), "spoken": use})
        return
    put(str(where))
    click.echo(_how_to_use(one, use), err=True)


def _ask(one: Offer) -> bool:
    """The terms, and a question where somebody can answer."""
    if not sys.stdin.isatty():
        return False
    click.echo(one.terms, err=True)
    return click.confirm("Do you agree to these terms?", default=False, err=True)


def _begun(one: Offer, listing: Listing, *, as_json: bool) -> None:
    from dwnet.fetching import amount

    licence = one.licence or listing.licence or "unknown"
    if as_json:
        facts = {"name": one.name, "from": listing.host, "repository": one.repository, "licence": licence}
        put_json({"event": "fetching", "kind": one.kind, **facts, "bytes": listing.size})
    else:
        said = f"{one.name}: {amount(listing.size)} from {one.repository} at {listing.host}. Licence: {licence}."
        click.echo(said, err=True)


@contextmanager
def _shown(one: Offer, *, as_json: bool) -> Iterator[Came]:
    """Progress as people or programs want it: a bar, or one event for each hundredth."""
    from dwnet.terminal import progress

    if not as_json:
        with progress(one.name) as came:
            yield came
        return
    told = -1

    def say(have: int, total: int) -> None:
        nonlocal told
        if (hundredth := 100 * have // max(total, 1)) != told:
            told = hundredth
            put_json({"event": "coming", "name": one.name, "have": have, "total": total})

    yield say


def _how_to_use(one: Offer, use: str) -> str:
    match one.kind:
        case "model":
            return f"A character writes with it from: dwnet peer --writer '{use}'\nAt the desk: Cast, its card, Writer."
        case "voice" if one.engine == "piper":
            out = Path(f"{one.name}.wav")
            return f"Hear it: dwnet voice say '{one.sample}' --voice {use} --out {out}"
        case "voice":
            return "It speaks with the voice of a recording: dwnet voice list names those that are here."
        case _:
            return f"Try it: dwnet ear hear FILE --ear {use}"
