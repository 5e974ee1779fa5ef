"""The tables in the documents that are drawn from the code. ``python -m tests.kit.tables`` draws them anew;
tests/test_docs.py holds them against the code.

A table stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

from narrator_app.health import REMEDIES, TABLE, Status
from protocol import limits, moments
from protocol.kinds import KINDS, ROLES
from protocol.moments import Moment

HOUSE = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("protocol", "dwnet", "peer", "narrator_app")
UNHELD = "**Not enforced yet.**"


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _told(thing: type) -> str:
    """A class's docstring as one paragraph."""
    text = inspect.cleandoc(thing.__doc__ or "").replace("``", "`")
    return " ".join(text.replace('b""', "empty").replace("`empty`", "empty").split())


def limit_names() -> list[str]:
    return [name for name in vars(limits) if name.isupper()]


def held() -> set[str]:
    """The limits that some file reads. One that nobody reads bounds nothing, and the table says so."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (HOUSE / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "limits":
                    found.add(node.attr)
                elif isinstance(node, ast.ImportFrom) and node.module == "protocol.limits":
                    found.update(name.name for name in node.names)
    return found


def _reasons() -> dict[str, str]:
    """The comment that stands with each limit."""
    source = inspect.getsource(limits)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    reasons = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            reasons[node.targets[0].id] = next((comments[line] for line in lines if line in comments), "")
    return reasons


def limits_table() -> str:
    reasons, kept = _reasons(), held()
    return _rows(
        ("limit", "value", "of what, and why"),
        (
            (f"`{name}`", f"{getattr(limits, name):,}", reasons[name] if name in kept else f"{reasons[name]} {UNHELD}")
            for name in limit_names()
        ),
    )


def kinds_table() -> str:
    def who(roles: tuple[str, ...]) -> str:
        return "anybody with a seat" if roles == ROLES else ", ".join(roles)

    return _rows(
        ("kind", "written by", "fields", "what it says"),
        (
            (f"`{kind}`", who(body.by), ", ".join(one.name for one in fields(body)) or "none", _told(body))  # type: ignore[arg-type]
            for kind, body in KINDS.items()
        ),
    )


def moment_kinds() -> dict[str, type[Moment]]:
    found = (one for one in vars(moments).values() if isinstance(one, type) and issubclass(one, Moment))
    return {one.kind: one for one in found if one is not Moment}


def moments_table() -> str:
    return _rows(
        ("kind", "fields", "what it says"),
        (
            (f"`{kind}`", ", ".join(one.name for one in fields(moment)), _told(moment))  # type: ignore[arg-type]
            for kind, moment in moment_kinds().items()
        ),
    )


def health_table() -> str:
    return _rows(
        ("status", "the one thing to do"),
        ((f"`{status.value}`", REMEDIES[status].format(name="NAME") or "Nothing; all is well.") for status in Status),
    )


def health_drawing() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Status.REGISTERED.value}"]
    for status, moves in TABLE.items():
        signals: dict[Status, list[str]] = defaultdict(list)
        for signal, after in moves.items():
            signals[after].append(signal.value)
        signals.pop(status, None)  # a signal that leads back says nothing new
        lines += [f"    {status.value} --> {after.value}: {', '.join(names)}" for after, names in signals.items()]
    return "\n".join([*lines, "```"])


TABLES: dict[str, Callable[[], str]] = {
    "limits": limits_table,
    "kinds": kinds_table,
    "moments": moments_table,
    "statuses": health_table,
    "health": health_drawing,
}
_PLACE = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def drawn(text: str) -> str:
    """A document with its tables as the code has them now."""
    return _PLACE.sub(lambda place: f"{place[1]}{TABLES[place[2]]()}\n{place[3]}", text)


def places(text: str) -> list[str]:
    """The names of the tables a document holds."""
    return [place[2] for place in _PLACE.finditer(text)]


def main() -> None:
    for path in sorted((HOUSE / "docs").glob("*.md")):
        path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
