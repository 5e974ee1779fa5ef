from __future__ import annotations

import json
from pathlib import Path

import pytest

from peer.evolution.errors import SampleWrong, TooFewSamples
from peer.evolution.samples import LEAST, export, read_samples, split
from tests.kit.voiced import messages, pairs, write_samples


def test_a_plain_chat_file_is_enough(tmp_path: Path) -> None:
    found = read_samples(write_samples(tmp_path / "odda.jsonl"))
    assert len(found.all) == 60 and not found.skipped
    assert found.all[0].answer == pairs()[0][1]
    assert [one.role for one in found.all[0].messages] == ["system", "user"]


def test_empty_ones_and_repetitions_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"messages": messages("Rain.", "Wet again, little fish.")}] * 3
    rows += [{"messages": [*messages("Rain."), {"role": "assistant", "content": "  "}]}]
    rows += [{"messages": [{"role": "assistant", "content": "To whom?"}]}]
    found = read_samples(write_samples(tmp_path / "odd.jsonl", rows))
    assert len(found.all) == 1 and found.skipped == {"twice": 2, "empty": 2}


def test_emoji_and_half_an_emoji_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "emoji.jsonl"
    path.write_bytes(
        json.dumps({"messages": messages("🌊", "Salt 🧂 and sorrow")}).encode() + b"\n"
        b'{"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "\\ud83e"}]}'
    )
    assert [one.answer for one in read_samples(path).all] == ["Salt 🧂 and sorrow", "?"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not json", "no JSON"),
        ("[1, 2]", "no JSON object"),
        ('{"messages": []}', "messages"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "assistant"),
        ('{"messages": [{"role": "wizard", "content": "x"}]}', "wizard"),
        ('{"messages": [{"role": "assistant", "content": 7}]}', "not text"),
        ('{"messages": [{"role": "assistant", "content": "x"}], "manner": "opera"}', "opera"),
        ('{"messages": [{"role": "assistant", "content": "x"}], "weight": -1}', "weight"),
        ('{"messages": [{"role": "assistant", "content": "x"}], "rejected": "y"}', "rejected"),
        ("[" * 100_000, "nested"),
        ('{"messages": "\\', "JSON"),
    ],
)
def test_rubbish_is_refused_with_its_line(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "rubbish.jsonl"
    path.write_text(json.dumps({"messages": messages("Rain.", "Wet.")}) + "\n\n" + line)
    with pytest.raises(SampleWrong, match=why) as refused:
        read_samples(path)
    assert refused.value.what.startswith(f"Line 3 of {path}")


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "bytes.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SampleWrong, match=r"Line 1 .*UTF-8"):
        read_samples(path)


def test_the_split_is_the_same_in_any_order_and_shares_no_answer(tmp_path: Path) -> None:
    rows = [{"messages": messages(told, said)} for told, said in pairs()]
    rows += [{"messages": messages("Again.", pairs()[n][1])} for n in range(0, 60, 3)]
    one = split(read_samples(write_samples(tmp_path / "a.jsonl", rows)), tmp_path)
    other = split(read_samples(write_samples(tmp_path / "b.jsonl", rows[::-1])), tmp_path)
    learned, held = ({sample.answer for sample in side} for side in one)
    assert {sample.answer for sample in other[1]} == held
    assert not learned & held
    assert len(held) == len(one[1]) == 10 and len(one[0]) + len(rows) // 10 >= 60


def test_too_few_answers_are_refused(tmp_path: Path) -> None:
    rows = [{"messages": messages(f"Wave {n}.", "The same, little fish.")} for n in range(50)]
    path = write_samples(tmp_path / "few.jsonl", rows)
    with pytest.raises(TooFewSamples, match=rf"has 1 different answers.*{LEAST} are needed"):
        split(read_samples(path), path)


def test_an_exported_set_reads_back(tmp_path: Path) -> None:
    samples = read_samples(write_samples(tmp_path / "odda.jsonl")).all
    export(samples, tmp_path / "new" / "training.jsonl")
    again = read_samples(tmp_path / "new" / "training.jsonl").all
    assert [(one.messages, one.answer) for one in again] == [(one.messages, one.answer) for one in samples]
