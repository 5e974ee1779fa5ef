from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from click.testing import CliRunner, Result

from dwnet import keyring
from dwnet.cli import main
from dwnet.home import open_home
from dwnet.log_file import export_log, units_of
from dwnet.settings import narrator_settings, peer_settings
from dwnet.store import open_store
from dwnet.store_reader import NEWEST
from protocol.kinds import Line
from protocol.shapes import Span
from tests.kit.chain import EVENING, Chain, Hand
from tests.kit.log_files import bytes_of, ledger_of, long_story


def run(*arguments: object) -> Result:
    """A command in this process. Whatever goes wrong, nobody is shown a traceback."""
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def events(result: Result) -> list[dict[str, Any]]:
    """What a command with --json prints: one object per line, each with its ``event``."""
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert told and all(isinstance(one, dict) and one["event"] for one in told)
    return told


@pytest.fixture(scope="module")
def chain() -> Chain:
    return long_story()


def settle(folder: Path, chain: Chain, hand: Hand, database: str = "dream_weaver.db", purpose: str = "member") -> Path:
    """A data folder as a node of this member's leaves it."""

    async def fill() -> None:
        with open_store(folder / database, create=True, threaded=False) as store:
            await store.set_meta(tag=chain.tag.hex(), key=purpose)
            await store.commit(units_of(ledger_of(chain)))

    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name, seed in ((purpose, hand.key.seed), ("seal", hand.seal.seed)):
        (keys / f"{name}.key").write_bytes(seed)
        (keys / f"{name}.key").chmod(0o600)
    trio.run(fill)
    return folder


@pytest.fixture
def folder(tmp_path: Path, chain: Chain) -> Path:
    return settle(tmp_path / "narrator", chain, chain.narrator)


@pytest.fixture
def file(tmp_path: Path, chain: Chain) -> Path:
    path = tmp_path / "story.dwlog"
    path.write_bytes(bytes_of(chain, units_of(ledger_of(chain))))
    return path


# --- the command line itself ----------------------------------------------------------------------------------------


def all_commands() -> Iterator[tuple[str, ...]]:
    for name, command in main.commands.items():
        yield (name,)
        yield from ((name, inner) for inner in getattr(command, "commands", {}))


@pytest.mark.parametrize("command", list(all_commands()), ids=" ".join)
def test_every_command_there_is_has_help(command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0 and "Usage:" in result.stdout
    assert "not built" not in result.stdout.lower() and "not implemented" not in result.stdout.lower()


def test_every_command_is_listed() -> None:
    listed = run("--help").stdout
    assert all(name in listed for name in main.commands)


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",), ("log",), ("log", "verify"), ("log", "verify", "x", "--story", "short"), ("log", "dance"),
        ("story", "export", "--format", "docx"), ("story", "export", "--format", "ogg"),
        ("narrate", "--headless", "--web"), ("demo", "--beats", "0"),
        ("card", "show"), ("peer", "--dance"),
    ],
)  # fmt: skip
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and result.stderr and not result.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("log", "verify", "missing.dwlog"), 3),
        (("log", "show", "missing.dwlog"), 3),
        (("log", "import", "missing.dwlog", "--data", "here"), 3),
        (("log", "export", "out.dwlog", "--data", "nowhere"), 3),
        (("story", "show", "--data", "nowhere"), 2),
        (("story", "export", "--data", "nowhere"), 2),
        (("status", "--data", "nowhere"), 3),
        (("card", "show", "missing.json"), 3),
    ],
)
def test_what_cannot_be_done_says_why_and_what_to_do(arguments: tuple[str, ...], code: int) -> None:
    result = run(*arguments)
    assert result.exit_code == code and not result.stdout
    assert len(result.stderr.strip().splitlines()) == 2
    told = run(*arguments, "--json")
    assert told.exit_code == code
    (error,) = events(told)
    assert error["event"] == "error" and error["what"] and error["hint"]


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "dwnet", "--debug", "log", "verify", str(tmp_path / "missing")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode != 0 and "Traceback" in ran.stderr


def test_results_that_nobody_reads_to_the_end_are_no_error(file: Path) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m dwnet log show '{file}' 2>errors | head -1; cat errors"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Traceback" not in ran.stdout and "no better word" not in ran.stdout


# --- log ------------------------------------------------------------------------------------------------------------


def verdicts(chain: Chain) -> dict[int, bytes]:
    whole = bytes_of(chain)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    forked = Chain()
    mira = forked.join("Mira")
    forked.beat("Night fell.", Mira="Who is there?")
    twin = mira.twin(
        Line((Span("speech", "Nobody."),), "echo", b"", ""), (forked.last_cue.id,) if forked.last_cue else ()
    )
    return {
        0: whole,
        10: bytes(flipped),
        11: whole[: len(whole) - 40],
        12: bytes_of(forked, forks=[(mira.feed[-1], twin)]),
    }


@pytest.mark.parametrize("code", [0, 10, 11, 12])
def test_verify_says_what_a_file_is(code: int, chain: Chain, tmp_path: Path) -> None:
    path = tmp_path / "story.dwlog"
    path.write_bytes(verdicts(chain)[code])
    result = run("log", "verify", path)
    assert result.exit_code == code and result.stdout.strip()
    told = run("log", "verify", path, "--json")
    assert told.exit_code == code
    (verified,) = events(told)
    assert (
        verified["event"] == "verified"
        and verified["outcome"] == {0: "whole", 10: "tampered", 11: "cut_short", 12: "forked"}[code]
    )
    shown = run("log", "show", path)
    assert shown.exit_code == code


def test_verify_of_another_story_is_13(file: Path, chain: Chain) -> None:
    assert run("log", "verify", file, "--story", "00" * 16).exit_code == 13
    assert run("log", "verify", file, "--story", chain.tag.hex()).exit_code == 0
    assert run("log", "verify", file, "--story", f" {chain.tag.hex().upper()} ").exit_code == 0


def test_show_lists_every_entry_with_text_and_author(file: Path) -> None:
    told = events(run("log", "show", file, "--json"))
    rows, last = told[:-1], told[-1]
    assert {one["event"] for one in rows} == {"entry"} and last["event"] == "verified"
    assert {"at", "kind", "author", "text", "id"} <= set(rows[0])
    assert len(rows) == len({one["id"] for one in rows}) <= last["entries"]
    texts = [one["text"] for one in rows]
    assert "Night fell." in texts and "(sealed)" in texts and "(removed)" in texts
    assert ("Mira", "At last.") in [(one["author"], one["text"]) for one in rows]
    assert "You alone hear a step." not in run("log", "show", file).stdout


def test_a_story_goes_out_and_into_an_empty_folder(folder: Path, tmp_path: Path, chain: Chain) -> None:
    out, empty = tmp_path / "out.dwlog", tmp_path / "new" / "home"
    (exported,) = events(run("log", "export", out, "--data", folder, "--json"))
    assert exported["event"] == "exported" and exported["format"] == "dwlog" and exported["tag"] == chain.tag.hex()
    (imported,) = events(run("log", "import", out, "--data", empty, "--json"))
    assert imported["event"] == "imported" and 0 < imported["entries"] <= exported["entries"]
    again = tmp_path / "again.dwlog"
    (second,) = events(run("log", "export", again, "--data", empty, "--json"))
    assert [second[one] for one in ("tag", "head", "entries", "story")] == [
        exported[one] for one in ("tag", "head", "entries", "story")
    ]
    (twice,) = events(run("log", "import", out, "--data", empty, "--json"))
    assert twice["entries"] == 0
    assert "Night fell." in run("story", "show", "--data", empty).stdout


@pytest.mark.parametrize("where", ["beginning", "middle", "end", "all", "empty", "text"])
def test_a_damaged_story_file_is_kept_aside_and_the_story_comes_back(
    where: str, folder: Path, file: Path, chain: Chain
) -> None:
    database = folder / "dream_weaver.db"
    data = bytearray(database.read_bytes())
    match where:
        case "beginning":
            data[:100] = bytes(100)
        case "middle":
            at = len(data) // 2
            data[at : at + 8192] = b"rubbish!" * 1024
        case "end":
            del data[-5000:]
        case "all":
            data[:] = b"rubbish!" * 100
        case "empty":
            data.clear()
        case "text":  # one byte of what an author signed
            data[data.index(b"Night fell.")] ^= 1
    database.write_bytes(bytes(data))
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    result = run("log", "import", file, "--data", folder, "--story", chain.tag.hex())
    assert result.exit_code == 0, result.output
    assert list(folder.glob("dream_weaver.db.damaged-*"))
    assert "Night fell." in run("story", "show", "--data", folder).stdout


def test_damage_far_back_in_a_long_story_is_found_too(tmp_path: Path) -> None:
    chain = Chain()
    chain.narrate("The very first night.")
    for number in range(NEWEST + 20):
        chain.narrate(f"Night {number}.")
    folder, file = settle(tmp_path / "home", chain, chain.narrator), tmp_path / "story.dwlog"
    file.write_bytes(bytes_of(chain))
    database = folder / "dream_weaver.db"
    data = bytearray(database.read_bytes())
    data[data.index(b"The very first night.")] ^= 1
    database.write_bytes(bytes(data))
    assert run("log", "import", file, "--data", folder).exit_code == 0
    assert "The very first night." in run("story", "show", "--data", folder).stdout


def test_a_peer_whose_file_was_damaged_still_knows_which_key_is_its_own(
    tmp_path: Path, file: Path, chain: Chain
) -> None:
    folder = settle(tmp_path / "peer", chain, chain.members[0], "story.db", "member-0123")
    keyring.load_or_make(folder / "keys" / "member.key")
    (folder / "story.db").write_bytes(b"rubbish!" * 100)
    assert run("log", "import", file, "--data", folder).exit_code == 0

    async def own_key() -> bytes:
        async with open_home(peer_settings({"data": str(folder)}, {})) as home:
            return home.node.member.public

    assert trio.run(own_key) == chain.members[0].public


def test_another_story_is_not_imported_over_this_one(folder: Path, tmp_path: Path) -> None:
    other = Chain("Another", seed=7)
    other.narrate("Elsewhere.")
    path = tmp_path / "other.dwlog"
    path.write_bytes(bytes_of(other))
    result = run("log", "import", path, "--data", folder)
    assert result.exit_code == 3 and "another story" in result.stderr
    assert "Night fell." in run("story", "show", "--data", folder).stdout


def test_a_tampered_file_is_not_imported(file: Path, tmp_path: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    result = run("log", "import", file, "--data", tmp_path / "empty", "--json")
    assert result.exit_code == 10 and events(result)[0]["event"] == "error"
    assert not (tmp_path / "empty").exists()


# --- story, status, doctor, card --------------------------------------------------------------------------------------


def test_a_folder_whose_first_start_was_broken_off_holds_no_story_and_no_trap(tmp_path: Path) -> None:
    open_store(tmp_path / "dream_weaver.db", create=True).close()
    assert run("story", "list", "--data", tmp_path).exit_code == 0
    assert run("story", "show", "--data", tmp_path).exit_code == 2
    told = run("status", "--data", tmp_path)
    assert told.exit_code == 3 and "No story has begun" in told.stderr

    async def begin() -> str:
        async with open_home(narrator_settings({"data": str(tmp_path)}, {}), name="The Lighthouse") as home:
            return home.node.ledger.authority.name

    assert trio.run(begin) == "The Lighthouse"
    assert "The Lighthouse" in run("story", "list", "--data", tmp_path).stdout


def test_stories_are_listed_and_shown(folder: Path) -> None:
    (row,) = events(run("story", "list", "--data", folder, "--json"))
    assert row["name"] == "All Of It" and row["cast"] == ["Mira", "Tom"] and row["open"] is False
    assert "All Of It" in run("story", "list", "--data", folder).stdout
    passages = events(run("story", "show", "--data", folder, "--json"))
    assert {"speaker", "text", "entry"} <= set(passages[0])
    assert passages[0]["text"] == "Night fell."
    assert run("story", "show", "all of it", "--data", folder).exit_code == 0
    wrong = run("story", "show", "Nothing", "--data", folder)
    assert wrong.exit_code == 2 and "All Of It" in wrong.stderr


def test_no_story_is_said_in_words(tmp_path: Path) -> None:
    result = run("story", "list", "--data", tmp_path)
    assert result.exit_code == 0 and not result.stdout and "dwnet narrate" in result.stderr


@pytest.mark.parametrize("form", ["json", "txt"])
def test_stories_are_exported(form: str, folder: Path, tmp_path: Path) -> None:
    printed = run("story", "export", "--format", form, "--data", folder)
    assert printed.exit_code == 0 and "Night fell." in printed.stdout
    assert "You alone hear a step." not in printed.stdout
    assert (
        "You alone hear a step." in run("story", "export", "--format", form, "--data", folder, "--with-whispers").stdout
    )
    out = tmp_path / "new" / f"story.{form}"
    (told,) = events(run("story", "export", "--format", form, "--data", folder, "--out", out, "--json"))
    assert told["event"] == "exported" and told["path"] == str(out)
    assert out.read_text("utf-8") == printed.stdout
    (whole,) = events(run("story", "export", "--format", form, "--data", folder, "--json"))
    assert whole["text"] == printed.stdout


def test_status_tells_how_a_story_stands(folder: Path) -> None:
    (facts,) = events(run("status", "--data", folder, "--json"))
    assert [one["member"] for one in facts["members"]] == ["Mira", "Tom"]
    assert "All Of It" in run("status", "--data", folder).stdout


def test_the_doctor_has_a_line_for_everything(folder: Path) -> None:
    result = run("doctor", "--data", folder, "--json")
    findings = events(result)
    assert {"python", "folder", "database", "writer", "voice", "sound", "ear", "microphone"} <= {
        one["name"] for one in findings
    }
    assert result.exit_code == (0 if all(one["ok"] for one in findings) else 1)
    assert all(one["ok"] or one["remedy"] for one in findings)


def test_cards_are_shown_and_checked(tmp_path: Path) -> None:
    (card,) = events(run("card", "show", "Pim", "--json"))
    assert card["event"] == "card" and "Pim" in card.values()
    assert run("card", "check", "pim").exit_code == 0
    bad = tmp_path / "bad.json"
    bad.write_text('{"spec": "chara_card_v2", "data": {"name": 7}}', encoding="utf-8")
    result = run("card", "check", bad, "--json")
    assert result.exit_code == 1
    told = events(result)
    assert told[0]["event"] == "finding" and told[-1] == {"event": "checked", "good": False}
    bad.write_bytes(b"\xff\xd8 a picture")
    assert run("card", "show", bad).exit_code in (1, 3)


# --- hostile text -----------------------------------------------------------------------------------------------------

HOSTILE = "\x1b[2J\x1b]0;mine\x07Hello\x9b31m\r\x00 [red]you[/red] \u202eback"


def test_no_text_of_a_peer_reaches_the_screen_as_more_than_text(tmp_path: Path) -> None:
    chain = Chain("A \x1b[31mred\x1b[0m story")
    chain.join("Mi\x1b[1mra\x07")
    chain.narrate(HOSTILE)
    folder = settle(tmp_path / "home", chain, chain.narrator)
    file = tmp_path / "story.dwlog"
    export_log(file, chain.narrator.key, units_of(ledger_of(chain)), chain.canon_head, at=EVENING)
    for arguments in (
        ("log", "verify", file), ("log", "show", file), ("story", "list", "--data", folder),
        ("story", "show", "--data", folder), ("status", "--data", folder),
    ):  # fmt: skip
        result = run(*arguments)
        assert not set(result.output) & set("\x1b\x9b\x07\x00\r\u202e"), arguments
        assert result.exit_code == 0
    assert "[red]you[/red]" in run("story", "show", "--data", folder).stdout
