"""The documents against the code: what exists is described, and what is described exists."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import protocol
from dwnet.cli import main
from dwnet.told import CONFIGURABLE, ENVIRONMENT
from narrator_app.wording import COMMANDS
from protocol import blobs, messages
from protocol.blobs import BlobType
from protocol.encoding import encode
from protocol.errors import Code
from protocol.identity import SigningKey
from protocol.invite import make_claim
from protocol.kinds import KINDS, Line
from protocol.ledger import Ledger
from protocol.messages import Type, Want
from protocol.moments import Tokens
from protocol.shapes import Span
from tests.kit import tables
from tests.kit.chain import Chain
from tests.kit.tables import HOUSE, PACKAGES

PAGES = [*sorted(HOUSE.glob("*.md")), *sorted((HOUSE / "docs").glob("*.md")), HOUSE / "data" / "README.md"]
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}
README = TEXTS[HOUSE / "README.md"]
PROTOCOL = TEXTS[HOUSE / "docs" / "protocol.md"]
PROGRAMS = TEXTS[HOUSE / "docs" / "programs.md"]
EVERYWHERE = {"--help", "-h", "--version"}  # every command line has these


def name(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    for word, command in group.commands.items():
        yield f"{before} {word}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {word}")


COMMAND_LINE = dict(commands(main, "dwnet"))


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [one for one, what in COMMAND_LINE.items() if not isinstance(what, click.Group)])
def test_every_command_is_told_of(command: str) -> None:
    assert any(command in text for text in (README, PROGRAMS))


def test_every_option_is_told_of() -> None:
    said = README + PROGRAMS
    options = {
        option
        for command in (main, *COMMAND_LINE.values())
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("-")
    }
    assert {one for one in options - EVERYWHERE if not re.search(rf"{one}(?![\w-])", said)} == set()


def test_every_command_and_option_says_what_it_is_for() -> None:
    silent = {one for one, command in COMMAND_LINE.items() if not command.help}
    for one, command in COMMAND_LINE.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.help and "format" not in parameter.opts[0]:
                silent.add(f"{one} {parameter.opts[0]}")
    assert silent == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_narrators_is_in_the_readme(command: str) -> None:
    assert re.search(rf"`/{command}\b", README)


def test_every_setting_is_in_the_readme() -> None:
    variables = {variable for settings in ENVIRONMENT.values() for variable in settings.values()}
    keys = {key for keys in CONFIGURABLE.values() for key in keys}
    assert {one for one in variables | keys if f"`{one}`" not in README} == set()


def events() -> set[str]:
    """What is handed to ``happen`` or printed as an event, anywhere."""
    found = set()
    for path in (path for package in ("dwnet", "peer", "narrator_app") for path in (HOUSE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "happen":
                if isinstance(node.args[0], ast.Constant):
                    found.add(str(node.args[0].value))
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "event" and isinstance(value, ast.Constant):
                        found.add(str(value.value))
    return found


def test_every_event_for_programs_is_told_of() -> None:
    assert {one for one in events() if f"`{one}`" not in PROGRAMS} == set()


# --- the protocol ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_tables_are_as_the_code_draws_them(path: Path) -> None:
    assert tables.drawn(TEXTS[path]) == TEXTS[path], "python -m tests.kit.tables draws them anew"


def test_each_table_stands_somewhere() -> None:
    assert sorted(place for text in TEXTS.values() for place in tables.places(text)) == sorted(tables.TABLES)


def test_every_limit_is_in_the_table_with_its_value() -> None:
    table = tables.limits_table()
    assert [
        one for one in tables.limit_names() if f"| `{one}` | {getattr(protocol.limits, one):,} |" not in table
    ] == []


def test_every_limit_that_is_named_exists() -> None:
    named = {one for text in TEXTS.values() for one in re.findall(r"\blimits\.([A-Z_]+)", text)}
    assert named - set(tables.limit_names()) - {"NAME"} == set()


def test_every_kind_and_moment_is_in_a_table() -> None:
    assert {one for one in (*KINDS, *tables.moment_kinds()) if f"\n| `{one}` |" not in PROTOCOL} == set()


@pytest.mark.parametrize("one", list(Type), ids=lambda one: str(one.name))
def test_every_message_is_told_of_with_its_number(one: Type) -> None:
    assert re.search(rf"^\| {one.name} \| {int(one)} \|", PROTOCOL, re.MULTILINE)


@pytest.mark.parametrize("one", list(BlobType), ids=lambda one: str(one.name))
def test_every_message_about_blobs_stands_in_the_example(one: BlobType) -> None:
    example = PROTOCOL[PROTOCOL.index("## Blobs") :]
    assert re.search(rf"^9\d {int(one):02x} c420 .*\b{one.name}\b", example, re.MULTILINE)


@pytest.mark.parametrize("code", list(Code), ids=lambda code: str(code.name))
def test_every_code_is_told_of(code: Code) -> None:
    if code.name.startswith("INVITE_"):
        assert code.name in PROTOCOL
    else:
        assert re.search(rf"^\| {code.name} \| {int(code)} \|", PROTOCOL, re.MULTILINE)


def test_rules_are_numbered_once_and_in_order() -> None:
    for path, text in TEXTS.items():
        numbers: dict[str, list[int]] = {}
        for letter, number in re.findall(r"^- \*\*([A-Z])(\d+)\*\*", text, re.MULTILINE):
            numbers.setdefault(letter, []).append(int(number))
        for letter, found in numbers.items():
            assert found == list(range(1, len(found) + 1)), f"{name(path)}: {letter}"


def test_rules_that_are_named_exist() -> None:
    rules = set(re.findall(r"^- \*\*([A-Z]\d+)\*\*", PROTOCOL, re.MULTILINE))
    letters = "".join(sorted({one[0] for one in rules}))
    named = set(
        re.findall(rf"(?<![\w./-])([{letters}]\d{{1,2}})(?![\w.])", re.sub(r"```.*?```", "", PROTOCOL, flags=re.S))
    )
    elsewhere = {"V2", "V3"}  # Character Card V2; a rule of dwlog.md
    assert named - rules - elsewhere == set()


def evening() -> str:
    """All bytes that the examples of part two are cut from, in hex."""
    chain = Chain()
    mira = chain.join("Mira")
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira)
    line = mira.line("Who is there?")
    accept = chain.accept(line)
    whisper = chain.narrate("The key is under the stone.", mira, audience=[mira])
    ledger = Ledger(chain.tag)
    for unit in chain.units:
        ledger.take(unit)
    runs = [(run, len(ids) - 1, ids[-1][:16]) for run, ids in ledger.log.feeds[mira.public].runs.items()]
    invite = SigningKey.from_seed(bytes(32))
    token = Tokens(cue.id, 0, "Who ", 0)
    stone = b"A stone falls. " * 3_000
    manifest = blobs.manifest_of(stone)
    blob = blobs.blob_id(manifest)
    said = [
        *(part for entry in (chain.genesis, line, whisper) for part in (entry.id, *entry.triple)),
        messages.ask_genesis(),
        messages.genesis(chain.genesis),
        messages.claim(make_claim(chain.tag, invite, mira.key, mira.seal.public).to_value()),
        messages.refused(mira.public, Code.INVITE_USED, "Used."),
        messages.grant(next(one for one in chain.entries if one.kind == "grant")),
        messages.heads((one, ledger.log.summary(one)) for one in ledger.log.feeds),
        messages.runs(mira.public, runs, reply=False),
        messages.want(Want(1, mira.public, mira.run, 0, 1)),
        messages.give(1, [(entry,) for entry in mira.feed]),
        messages.give(0, [accept]),
        messages.fork(line, mira.twin(Line((Span("speech", "I hear nobody."),), "echo", b"", ""), (cue.id,))),
        messages.ephemeral(messages.write_ephemeral(mira.key, chain.tag, mira.run, 1, token.kind, token.pack())),
        messages.peers([messages.write_peer_record(mira.key, chain.tag, 1_767_283_300_000, ["192.0.2.7:8001"])]),
        blob,
        blobs.want(blob, 0),
        blobs.meta(blob, manifest, 0),
        blobs.get(blob, 0, 2),
        blobs.chunk(blob, 1, stone[32_768:]),
        blobs.none(blob),
        encode([int(Type.PING), 1]),
    ]
    return " ".join(one.hex() for one in said)


def test_the_bytes_of_the_examples_are_real() -> None:
    part_two = PROTOCOL[PROTOCOL.index("# Part two") :]
    blocks = re.findall(r"^```\n(.*?)^```", part_two, re.DOTALL | re.MULTILINE)
    pieces = {one for block in blocks for one in re.findall(r"\b(?:[0-9a-f]{2}){4,}(?=…|\b)", block)}
    assert len(pieces) > 40
    real = evening()
    assert {one for one in pieces if one not in real} == set()


# --- the house -------------------------------------------------------------------------------------------------------


def test_the_map_names_every_file_and_no_other() -> None:
    where = README[README.index("## Where is what") :]
    named = set(re.findall(r"`((?:protocol|dwnet|peer|narrator_app)/[\w/]+\.py)`", where))
    files = {name(path) for package in PACKAGES for path in (HOUSE / package).rglob("*.py")}
    empty = {one for one in files if one.endswith("__init__.py") and one != "protocol/__init__.py"}
    assert named == files - empty


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[path]):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        goal = (path.parent / file).resolve() if file else path
        page = goal.read_text(encoding="utf-8") if goal.suffix == ".md" and goal.is_file() else ""
        headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings}
        if not goal.exists() or (anchor and anchor not in anchors):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_files_that_are_named_exist(path: Path) -> None:
    named = re.findall(r"`((?:protocol|dwnet|peer|narrator_app|tests|docs|data|benchmarks)/[\w./]+\.\w+)`", TEXTS[path])
    assert [one for one in named if not (HOUSE / one).exists()] == []


# --- the public page -------------------------------------------------------------------------------------------------


def used_elsewhere() -> set[str]:
    """What other packages import from the protocol: names, or whole modules of many small classes."""
    found = set()
    for path in (path for package in ("dwnet", "peer", "narrator_app") for path in (HOUSE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "protocol":
                module = node.module.partition(".")[2]
                found |= {module} if module in protocol.__all__ else {one.name for one in node.names}
                found |= {one.name for one in node.names}
    return found


def test_the_public_page_holds_what_other_packages_use_and_nothing_else() -> None:
    used, public = used_elsewhere(), set(protocol.__all__)
    modules = {one for one in public if importlib.util.find_spec(f"protocol.{one}")}
    inside = {one for module in modules for one in vars(importlib.import_module(f"protocol.{module}"))}
    assert public - used == set()
    assert used - public - inside == set(), "give it a place in protocol/__init__.py"


def test_every_public_name_says_what_it_is() -> None:
    plain = {"FRAME_ROOM", "Unit", "Value"}  # values and aliases, told where they stand
    assert [one for one in protocol.__all__ if one not in plain and not getattr(protocol, one).__doc__] == []
