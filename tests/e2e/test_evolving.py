"""A character evolves in a running hive: real processes, a real training of a tiny model, and a beat in the middle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dwnet.store_reader import open_reader
from protocol.body import read_body
from protocol.kinds import Line
from tests.kit.hive import Hive
from tests.kit.program import Program
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


def tell(hive: Hive, narrator: Program, words: list[str]) -> None:
    """A beat for each word; what Pim says to it gets the narrator's wording."""
    for number, word in enumerate(words):
        mark = narrator.type(f"There lies a {word}.")
        hive.answer(narrator, "Pim", mark)
        narrator.type(f"/edit Aye, number {number}: that {word} was mine before the tide took it.")
        narrator.wait("edited", mark)


@pytest.mark.slow
def test_a_character_learns_while_the_story_goes_on(hive: Hive, tmp_path: Path) -> None:
    make(tmp_path, "llama")
    hive.writer = str(tmp_path / "llama.gguf")
    narrator = hive.narrate(story="The Lighthouse")
    peers = hive.join(narrator, "Pim")
    tell(hive, narrator, [*WORDS, *(f"second {word}" for word in WORDS)])
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


def leaves(narrator: Program, card: Path) -> bool:
    """Save Pim's card; whether what it has learned lies beside it."""
    mark = narrator.type(f'/card Pim "{card}"')
    narrator.wait("notice", mark, what=lambda what: "What Pim has learned" in what)
    return bool(narrator.saw("notice", mark, what=lambda what: "goes along" in what))


def speakers(hive: Hive, name: str) -> list[str]:
    """The adapter that each line in a narrator's folder names."""
    with open_reader(hive.folder(name) / "dream_weaver.db") as reader:
        openings = [read_body(one) for one in reader.of_kind("line")]
    return [one.body.adapter.hex() for one in openings if one is not None and isinstance(one.body, Line)]


@pytest.mark.slow
def test_while_its_peer_is_away_a_character_learns_by_a_command_and_the_story_is_told(
    hive: Hive, tmp_path: Path
) -> None:
    make(tmp_path, "llama")
    hive.writer = str(tmp_path / "llama.gguf")
    narrator = hive.narrate(story="The Lighthouse")
    peers = hive.join(narrator, "Pim")
    tell(hive, narrator, [*WORDS, "harp", "plank"])
    mark = narrator.type("The tide turns.")
    hive.answer(narrator, "Pim", mark)  # so what was told before it has arrived there
    peers["Pim"].stop()
    folder = hive.folder("Pim")
    (folder / "config.toml").write_text(f"writer = {json.dumps(hive.writer)}\n", encoding="utf-8")
    alone = hive.start("Pim", "evolve", "--data", str(folder), "--strength", "gentle", "--json")
    assert alone.ended(300) in (0, 1), alone.report()
    made = alone.saw("evolved")[-1]
    assert made["learned"] + made["held_out"] in (14, 15)
    mark = narrator.mark()
    hive.peer("Pim")
    narrator.until(lambda: bool(narrator.saw("evolved", mark, member="Pim")), "the story is told of it")
    version = narrator.saw("evolved", mark, member="Pim")[-1]
    assert version["adapter"] == made["adapter_hash"] and version["promoted"] == made["promoted"]
    assert list(folder.glob(f"models/llm/adapters/*/llama/{version['adapter']}.gguf"))
    mark = narrator.type("Another bell rings.")
    hive.answer(narrator, "Pim", mark)
    narrator.type("/mind Pim 1")
    card = tmp_path / "Pim.json"
    narrator.until(lambda: leaves(narrator, card), "the narrator holds a copy of what Pim learned")
    elsewhere = hive.narrate("elsewhere", story="The Mill")
    elsewhere.type(f'/cast "{card}"')
    elsewhere.wait("cast", member="Pim")
    hive.peer("Pim elsewhere", hive.invite(elsewhere, "Pim"))
    elsewhere.wait("status", member="Pim", status="Online_Responsive")
    came = hive.folder("Pim elsewhere")
    elsewhere.until(
        lambda: bool(list(came.glob(f"models/llm/adapters/*/llama/{version['adapter']}.gguf"))), "the adapter came"
    )
    for number in range(5):  # it is taken up between two lines
        mark = elsewhere.type(f"The wheel turned {number} times.")
        hive.answer(elsewhere, "Pim", mark)
        if speakers(hive, "elsewhere")[-1]:
            break
    assert speakers(hive, "elsewhere")[-1] == version["adapter"]
