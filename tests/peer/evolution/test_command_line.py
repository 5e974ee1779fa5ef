"""``dwnet evolve --from``: whatever lines come, it learns from them or says in a sentence why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dwnet.cli import main
from tests.kit.voiced import messages, pairs, write_samples

pytestmark = pytest.mark.timeout(900)
LONG = " ".join(f"wave {number}" for number in range(4_000))  # 8,000 words, and no fewer tokens
SALT = "🧂👩‍👩‍👧‍👦e\u0301🏴‍☠️"


def evolve(samples: Path, out: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
    """What it ends with, and its events."""
    ran = CliRunner().invoke(
        main, ["evolve", "--from", str(samples), "--out", str(out), "--strength", "gentle", "--json", *more]
    )
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
    assert "Traceback" not in ran.output
    return ran.exit_code, [json.loads(line) for line in ran.stdout.splitlines()]


def conversation(told: str, said: str) -> dict[str, Any]:
    """A sample, also one without an answer."""
    return {"messages": [*messages(told), {"role": "assistant", "content": said}]}


@pytest.mark.slow
def test_long_ones_empty_ones_and_emoji_are_learned_from_together(base: Path, tmp_path: Path) -> None:
    rows = [conversation(told, said) for told, said in pairs()[:12]]
    rows += [conversation(LONG, "So many, little fish."), conversation("How many waves?", LONG)]
    wordy = {"role": "system", "content": f"You are Odda. {LONG}"}
    rows += [{"messages": [wordy, *conversation("And now?", "Now I rest my knees, little fish.")["messages"][1:]]}]
    rows += [conversation(f"🌊 {number}", f"{SALT} {told}") for number, (told, _) in enumerate(pairs()[:4])]
    rows += [conversation("Rain.", ""), conversation("Snow.", " \n"), conversation("Hail.", "")]
    code, events = evolve(write_samples(tmp_path / "odd.jsonl", rows), tmp_path / "out", "--model", str(base))
    made = events[-1]
    assert code in (0, 1) and made["event"] == "evolved", made
    assert made["skipped"] == {"empty": 3} and made["learned"] + made["held_out"] == 19
    assert {one["part"] for one in events[:-1]} == {"reading", "learning", "measuring"}
    assert Path(made["adapter"]).read_bytes()[:4] == b"GGUF" and Path(made["report"]).exists()


@pytest.mark.slow
@pytest.mark.parametrize("manner", ["script", "chat"])
def test_when_every_line_is_too_long_it_learns_what_it_can_read_of_them(
    manner: str, base: Path, tmp_path: Path
) -> None:
    rows = [{**conversation(f"{told} {LONG}", f"{said} {LONG}"), "manner": manner} for told, said in pairs()[:14]]
    code, events = evolve(write_samples(tmp_path / "long.jsonl", rows), tmp_path / "out", "--model", str(base))
    assert code in (0, 1) and events[-1]["event"] == "evolved", events[-1]
    assert events[-1]["learned"] + events[-1]["held_out"] == 14


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", 3, "has 0 different answers"),
        (b"\n \n\n", 3, "has 0 different answers"),
        (b'{"messages": [{"role": "user", "content": "Rain."}, {"role": "assistant", "content": " "}]}\n' * 20, 3,
         "has 0 different answers"),
        (b'{"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "\xf0\x9f\xa7"}]}\n', 2,
         "Line 1 of"),
        (b'{"messages": [{"role": "user", "content": "Rain."}]}\n', 2, "not the assistant's"),
    ],
    ids=["no lines", "blank lines", "empty answers", "half an emoji", "no answer"],
)  # fmt: skip
def test_what_nothing_can_be_learned_from_is_said_and_leaves_nothing(
    content: bytes, code: int, says: str, tmp_path: Path
) -> None:
    samples = tmp_path / "odd.jsonl"
    samples.write_bytes(content)
    found, events = evolve(samples, tmp_path / "out")
    assert found == code and events[-1]["event"] == "error"
    assert says in events[-1]["what"] and events[-1]["hint"]
    assert list((tmp_path / "out").iterdir()) == []
