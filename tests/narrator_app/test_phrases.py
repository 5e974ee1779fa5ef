"""Every sentence on screen is in the file, and every sentence in the file is on a screen."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from narrator_app.phrases import phrases, say

APP = Path(__file__).resolve().parents[2] / "narrator_app"


def uses() -> list[tuple[str, ast.Call, str, bool]]:
    """Every call of ``say``: where, the call, the name or its beginning, and whether that is all of it."""
    found = []
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                where = f"{path.name}:{node.lineno}"
                for name in names(node.args[0]):
                    found.append((where, node, *name))
    return found


def names(argument: ast.expr) -> list[tuple[str, bool]]:
    match argument:
        case ast.Constant(value=str(name)):
            return [(name, True)]
        case ast.IfExp(body=body, orelse=orelse):
            return names(body) + names(orelse)
        case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), *_]):
            return [(beginning, False)]
    return [("", False)]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_what_is_said_stands_in_the_file() -> None:
    known = phrases()
    missing = [(where, name) for where, _, name, whole in uses() if whole and name not in known]
    assert missing == []


def test_what_stands_in_the_file_is_said() -> None:
    exact = {name for _, _, name, whole in uses() if whole}
    beginnings = tuple(name for _, _, name, whole in uses() if not whole and name)
    assert [name for name in phrases() if name not in exact and not name.startswith(beginnings)] == []


def test_every_name_begins_with_a_table_of_its_own() -> None:
    assert [where for where, _, name, whole in uses() if "." not in name] == []


def test_a_phrase_gets_the_facts_it_names_and_no_others() -> None:
    known, wrong = phrases(), []
    for where, call, _, _ in uses():
        wanted = [placeholders(known[name]) for name, whole in names(call.args[0]) if whole and name in known]
        given = {one.arg for one in call.keywords}
        if wanted and None not in given and set().union(*wanted) != given:
            wrong.append((where, given, wanted))
    assert wrong == []


def test_a_fact_is_put_in() -> None:
    assert say("shell.opening", name="The Lighthouse") == "Opening “The Lighthouse” …"
    with pytest.raises(KeyError):
        say("shell.no_such_phrase")
