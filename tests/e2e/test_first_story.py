"""What a user does first: tell, invite, hear the answer, take the story away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dwnet.audio import decode_clip
from tests.kit.hive import Hive


@pytest.mark.timeout(600)
def test_a_friend_joins_answers_and_the_story_is_whole(hive: Hive) -> None:
    narrator = hive.narrate()
    codes = hive.cast(narrator, "Pim")
    pim = hive.peer("pim", codes["Pim"])
    joined, granted = pim.wait("joined"), narrator.wait("joined", member="Pim")
    assert joined["words"] == granted["words"] and len(joined["words"].split()) == 4
    narrator.wait("status", member="Pim", status="Online_Responsive")

    told = narrator.type("Night falls over the harbour, and a lantern is lit.")
    line = hive.answer(narrator, "Pim", told)
    heard = "".join(one["text"] for one in narrator.saw("token", told, member="Pim"))
    assert line["text"] and heard.strip()
    clips = narrator.wait("voiced", told, entry=line["entry"])["clips"]
    assert clips and all(Path(one).read_bytes()[:4] == b"OggS" for one in clips)
    assert sum(decode_clip(Path(one).read_bytes()).seconds for one in clips) > 0.3
    assert pim.wait("line", member="Pim")["text"] == line["text"]
    assert narrator.leave() == 0
    assert not narrator.saw("error") and not narrator.errors
    assert pim.stop() == 0

    assert hive.story() == [("Narrator", "Night falls over the harbour, and a lantern is lit."), ("Pim", line["text"])]
    assert hive.story("pim") == hive.story()
    assert {"genesis", "cast", "invite", "grant", "narrate", "cue", "line", "accept", "voiced"} <= {
        one["kind"] for one in hive.whole()
    }
    out = hive.root / "story.json"
    assert (
        hive.run("story", "export", "--format", "json", "--out", str(out), "--data", str(hive.folder("narrator")))[0]
        == 0
    )
    assert line["text"] in json.dumps(json.loads(out.read_text("utf-8")), ensure_ascii=False)
    code, _, text, _ = hive.run("story", "export", "--data", str(hive.folder("narrator")))
    assert code == 0 and "Night falls over the harbour" in text


@pytest.mark.timeout(600)
def test_a_character_played_here_answers_comes_back_and_leaves_with_the_narrator(hive: Hive) -> None:
    narrator = hive.narrate()
    narrator.type("/cast Pim --here")
    narrator.wait("status", member="Pim", status="Online_Responsive")
    told = narrator.type("Rain begins.")
    hive.answer(narrator, "Pim", told)
    assert narrator.leave() == 0

    narrator = hive.narrate()
    narrator.wait("status", member="Pim", status="Online_Responsive")
    told = narrator.type("The rain stops.")
    hive.answer(narrator, "Pim", told)
    assert narrator.leave() == 0
    assert [speaker for speaker, _ in hive.story()] == ["Narrator", "Pim", "Narrator", "Pim"]
