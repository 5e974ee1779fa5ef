"""The report of an evolution: as values for programs, as Markdown and as a page of its own to read."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dwnet.whole_file import write_whole
from peer.evolution.contract import STRENGTHS, Compared, Report, Scores

ROWS = (  # what is shown of the scores: field, name, how it is written
    ("loss", "loss on lines it never saw", "{:.3f}"),
    ("perplexity", "perplexity", "{:.1f}"),
    ("nearness", "nearness to the character's lines", "{:.3f}"),
    ("variety", "variety of words", "{:.0%}"),
    ("words", "words in an answer", "{:.1f}"),
    ("self_naming", "tells of itself by name", "{:.0%}"),
    ("for_others", "speaks for others", "{:.0%}"),
    ("empty", "says nothing of its own", "{:.0%}"),
    ("leaks", "answers that give a secret away", "{}"),
)
STYLE = """body{font:16px/1.5 Georgia,serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;
background:#fdfcf8}table{border-collapse:collapse;width:100%;margin:1rem 0}
td,th{border-bottom:1px solid #ccc;padding:.35rem .6rem;
text-align:left;vertical-align:top}.yes{color:#17692f}.no{color:#9c1c1c}small{color:#555}
@media(prefers-color-scheme:dark){body{background:#1b1a18;color:#ddd}.yes{color:#7ccf92}.no{color:#f08b8b}small{color:#aaa}}"""


def as_values(report: Report) -> dict[str, Any]:
    """For JSON."""
    return {**asdict(report), "adapter": str(report.adapter), "base": str(report.base)}


def from_values(values: Mapping[str, Any]) -> Report:
    """The report that ``as_values`` was given."""
    return Report(
        **{
            **values,
            "adapter": Path(values["adapter"]),
            "base": Path(values["base"]),
            "reasons": tuple(values["reasons"]),
            "strength": STRENGTHS[values["strength"]["name"]],
            "before": _scores(values["before"]),
            "after": _scores(values["after"]),
            "answers": tuple(Compared(**one) for one in values["answers"]),
            "curve": tuple(values["curve"]),
        }
    )


def write_report(report: Report, folder: Path) -> None:
    """``report.json``, ``report.md`` and ``report.html``.

    :raises NoRoomForFile, FileNotWritten:
    """
    for name, text in (
        ("report.json", json.dumps(as_values(report), ensure_ascii=False, indent=1)),
        ("report.md", as_markdown(report)),
        ("report.html", as_page(report)),
    ):
        with write_whole(folder / name) as file:
            file.write(text.encode())


def as_markdown(report: Report) -> str:
    """The report to read in a terminal or an editor."""
    rows = "\n".join(f"| {name} | {before} | {after} |" for name, before, after in _rows(report))
    answers = "\n\n".join(
        f"> {_one_line(one.told)}\n\n- the character: {_one_line(one.true)}\n- before: {_one_line(one.before)}\n"
        f"- after: {_one_line(one.after)}"
        for one in report.answers
    )
    facts = "\n".join(f"- {fact}" for fact in _facts(report))
    return (
        f"# An evolution\n\n**{report.what}**\n\n{facts}\n\n| what | before | after |\n|---|---|---|\n{rows}\n\n"
        f"## The same moments, answered before and after\n\n{answers}\n"
    )


def as_page(report: Report) -> str:
    """The report as one HTML file that needs nothing else."""
    rows = "".join(f"<tr><td>{name}<td>{before}<td>{after}" for name, before, after in _rows(report))
    answers = "".join(
        "<tr>" + "".join(f"<td>{html.escape(text)}" for text in (one.told, one.true, one.before, one.after))
        for one in report.answers
    )
    facts = "".join(f"<li>{html.escape(fact)}" for fact in _facts(report))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>An evolution</title><style>{STYLE}</style>'
        f'<h1>An evolution</h1><p class="{"yes" if report.promoted else "no"}"><b>{html.escape(report.what)}</b>'
        f"<ul>{facts}</ul><table><tr><th>what<th>before<th>after{rows}</table>"
        f"<h2>Loss, step by step</h2>{_chart(report.curve)}"
        f"<h2>The same moments, answered before and after</h2>"
        f"<table><tr><th>told<th>the character<th>before<th>after{answers}</table></html>\n"
    )


def _rows(report: Report) -> list[tuple[str, str, str]]:
    rows = [
        (name, form.format(getattr(report.before, field)), form.format(getattr(report.after, field)))
        for field, name, form in ROWS
    ]
    pairs = zip(report.before.secrets, report.after.secrets, strict=True)
    return rows + [(f"loss of secret {at}", f"{was:.2f}", f"{now:.2f}") for at, (was, now) in enumerate(pairs, 1)]


def _facts(report: Report) -> list[str]:
    strength = report.strength
    skipped = ", ".join(f"{count} {reason}" for reason, count in report.skipped.items())
    return [
        f"{report.learned} samples learned, {report.held_out} held out" + (f"; left out: {skipped}" if skipped else ""),
        f"strength {strength.name}: rank {strength.rank}, alpha {strength.alpha}, {strength.epochs} epochs, "
        f"greatest rate {strength.rate:g}",
        f"{len(report.curve)} steps over {report.tokens:,} tokens in {report.seconds:.0f} seconds",
        f"model {report.base.name}, SHA-256 {report.base_hash}",
        f"adapter {report.adapter.name}, SHA-256 {report.adapter_hash}",
    ]


def _chart(curve: Sequence[float]) -> str:
    """The loss of each step as dots, and their running mean as a line."""
    if not curve:
        return ""
    highest, width, height = max(*curve, 0.1), 720, 220

    def place(at: int, value: float) -> tuple[float, float]:
        return 40 + at * (width - 50) / max(1, len(curve) - 1), 10 + (1 - value / highest) * (height - 30)

    mean, line = curve[0], []
    for at, value in enumerate(curve):
        mean += (value - mean) * 0.2
        line.append("{:.1f},{:.1f}".format(*place(at, mean)))
    dots = "".join('<circle cx="{:.1f}" cy="{:.1f}" r="2"/>'.format(*place(at, one)) for at, one in enumerate(curve))
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="loss from {curve[0]:.2f} to {curve[-1]:.2f}">'
        f'<g fill="#b08a3c" opacity=".5">{dots}</g><polyline fill="none" stroke="#7a4b12" stroke-width="2" '
        f'points="{" ".join(line)}"/><g fill="currentColor" font-size="12"><text x="0" y="16">{highest:.1f}</text>'
        f'<text x="0" y="{height - 18}">0</text><text x="40" y="{height - 2}">step 1</text>'
        f'<text x="{width - 4}" y="{height - 2}" text-anchor="end">step {len(curve)}</text></g></svg>'
    )


def _scores(values: Mapping[str, Any]) -> Scores:
    return Scores(**{**values, "secrets": tuple(values["secrets"])})


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
