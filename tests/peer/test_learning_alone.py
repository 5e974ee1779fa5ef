"""``dwnet evolve --data``: a character's own folder, without its peer."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from dwnet import lock
from dwnet.cli import main


def evolve(*arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(main, ["evolve", *arguments])
    return ran.exit_code, ran.output


def test_a_character_that_is_played_now_learns_there_and_it_is_said_how(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    with lock.writing(tmp_path):
        code, said = evolve("--data", str(tmp_path))
    assert code == 3 and "is being played right now" in said and "/evolve NAME" in said


def test_a_folder_without_a_seat_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    code, said = evolve("--data", str(tmp_path))
    assert code == 2 and "No story has been joined" in said


def test_lines_of_a_file_need_a_place_for_what_comes_of_them(tmp_path: Path) -> None:
    code, said = evolve("--from", str(tmp_path / "lines.jsonl"))
    assert code == 2 and "--from and --out belong together" in said
