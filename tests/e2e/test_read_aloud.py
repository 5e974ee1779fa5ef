"""The narration read aloud by a real process on the narrator's machine, in a real voice."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from dwnet.audio import decode_clip
from tests.kit.hive import Hive


@pytest.mark.timeout(600)
def test_what_is_told_is_read_aloud_until_it_is_turned_off(quick: Hive) -> None:
    narrator = quick.narrate()
    narrator.type("/reader on espeak:en-gb?rate=200")
    narrator.wait("local", member="Reader", state="running")
    mark = narrator.type("Night fell over the harbour. Nobody moved.")
    told = narrator.wait("narrated", mark)["entry"]
    voiced = narrator.wait("voiced", mark, entry=told)
    assert voiced["member"] == "Reader"
    clips = [decode_clip(Path(one).read_bytes()).seconds for one in voiced["clips"]]
    assert len(clips) == 2 and all(one > 0.5 for one in clips)
    assert narrator.leave() == 0

    narrator = quick.narrate()
    narrator.wait("local", member="Reader", state="running")
    mark = narrator.type("A bell rang.")
    narrator.wait("voiced", mark, member="Reader")
    mark = narrator.type("/reader off")
    narrator.wait("local", mark, member="Reader", state="ended")
    assert narrator.leave() == 0

    book, folder = quick.root / "book.ogg", str(quick.folder("narrator"))
    code, events, *_ = quick.run(
        "story", "export", "--format", "audiobook", "--out", str(book), "--data", folder, "--json"
    )
    assert (code, events[-1]["left_out"]) == (0, "")
    assert soundfile.info(book).duration > sum(clips)
    assert quick.run("story", "export", "--format", "ogg", "--data", folder)[0] == 2, "it is not printed"

    narrator = quick.narrate()
    mark = narrator.type("/reader loud")
    narrator.wait("error", mark)
    assert not narrator.saw("local")
