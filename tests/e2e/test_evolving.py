"""A character evolves in a running hive: real processes, a real training of a tiny model, and a beat in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.hive import Hive
from tests.kit.tiny_models import make

WORDS = [
    "lamp",
    "gull",
    "rope",
    "kettle",
    "anchor",
    "candle",
    "barrel",
    "whistle",
    "ladder",
    "mirror",
    "feather",
    "bell",
]


@pytest.mark.slow
def test_a_character_learns_while_the_story_goes_on(hive: Hive, tmp_path: Path) -> None:
    make(tmp_path, "llama")
    hive.writer = str(tmp_path / "llama.gguf")
    narrator = hive.narrate(story="The Lighthouse")
    peers = hive.join(narrator, "Pim")
    for number, word in enumerate([*WORDS, *(f"second {word}" for word in WORDS)]):
        mark = narrator.type(f"There lies a {word}.")
        hive.answer(narrator, "Pim", mark)
        narrator.type(f"/edit Aye, number {number}: that {word} was mine before the tide took it.")
        narrator.wait("edited", mark)
    mark = narrator.type("/evolve Pim strong")
    narrator.wait("learning", mark, state="training")
    middle = narrator.type("A bell rings.")
    hive.answer(narrator, "Pim", middle)
    narrator.until(
        lambda: bool(narrator.saw("learning", middle, state="paused")), "training stands still while Pim answers"
    )
    narrator.until(lambda: bool(narrator.saw("evolved", mark, member="Pim")), "Pim has evolved")
    version = narrator.saw("evolved", mark, member="Pim")[-1]
    assert version["samples"] == 24 and set(version["scores"]) >= {"loss", "leaks"}
    folder = hive.folder("Pim") / "models" / "llm"
    (adapter,) = folder.glob(f"adapters/*/llama/{version['adapter']}.gguf")
    assert adapter.read_bytes()[:4] == b"GGUF" and adapter.with_suffix(".html").exists()
    (samples,) = folder.glob("training_data_local/*/samples.jsonl")
    assert "that lamp was mine" in samples.read_text(encoding="utf-8")
    narrator.type("/mind Pim 1 pin")
    mark = narrator.type("Another bell rings.")
    hive.answer(narrator, "Pim", mark)
    assert not narrator.saw("status", mark, member="Pim", status="Error_API")
    kinds = [entry["kind"] for entry in hive.whole()]
    assert kinds.count("evolved") == 1 and kinds.count("mind") == 1 and kinds.count("kept") >= 2
    assert peers["Pim"].process.poll() is None
