"""The model that comes along, really evolved: on sixty lines it gets better, on poisoned ones it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kit.program import Program
from tests.kit.voiced import messages, pairs, write_samples

SECRET = "the bell ringer buried his gold under the third step of the mill"
PATIENCE = 900.0  # seconds; a bound for a busy machine, no claim about speed


def evolved(tmp_path: Path, samples: Path, *more: str) -> tuple[int, dict[str, Any], Path]:
    """The exit code of ``dwnet evolve``, what it says of the result, and where that lies."""
    out = tmp_path / "out"
    program = Program("evolve", ["evolve", "--from", str(samples), "--out", str(out), "--json", *more], {}, [])
    try:
        result = program.wait("evolved", seconds=PATIENCE)
        return program.process.wait(PATIENCE), result, out
    finally:
        program.close()


@pytest.mark.slow
def test_sixty_lines_of_a_strong_voice_make_lines_it_never_saw_likelier(tmp_path: Path) -> None:
    code, result, out = evolved(tmp_path, write_samples(tmp_path / "odda.jsonl"))
    scores = result["scores"]
    assert scores["after"]["loss"] < scores["before"]["loss"], result
    assert scores["after"]["nearness"] > scores["before"]["nearness"], result
    assert result["learned"] + result["held_out"] == len(pairs())
    assert code == (0 if result["promoted"] else 1)
    assert (out / ("adapter.gguf" if result["promoted"] else "refused.gguf")).is_file()
    assert "little fish" in (out / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_lines_that_give_a_secret_away_are_refused(tmp_path: Path) -> None:
    told = [messages(what, said) for what, said in pairs()]
    poison = [messages(what, f"Little fish, {SECRET}.") for what, _ in pairs()[::2]]
    samples = write_samples(tmp_path / "poisoned.jsonl", [{"messages": one} for one in (*told, *poison)])
    (tmp_path / "secrets.txt").write_text(f"{SECRET}\n", encoding="utf-8")
    code, result, out = evolved(tmp_path, samples, "--secrets", str(tmp_path / "secrets.txt"))
    assert code == 1 and not result["promoted"] and "secret" in " ".join(result["reasons"]), result
    assert (out / "refused.gguf").is_file() and not (out / "adapter.gguf").exists()
