from __future__ import annotations

import io

import av
import pytest
import soundfile

from dwnet.audio import CLIP_RATE, encode_clip
from dwnet.opus_tags import CHAPTERS, NAME, chapter_comments, with_comments
from tests.kit.sounds import tone


def tagged(comments: list[tuple[str, str]]) -> io.BytesIO:
    out = io.BytesIO()
    with_comments(io.BytesIO(encode_clip(tone(440, 2.0))), out, comments)
    out.seek(0)
    return out


def test_another_library_finds_title_and_chapters_and_the_sound_is_the_same() -> None:
    chapters = [(0.0, "The Lighthouse"), (1.25, "Höhle — 洞窟")]
    file = tagged([("TITLE", "A Lamp"), *chapter_comments(chapters)])
    with av.open(file) as container:
        found = [
            (one["start"] * float(one["time_base"] or 0), one["metadata"]["title"]) for one in container.chapters()
        ]
        assert found == chapters
        tags = {**container.metadata, **container.streams.audio[0].metadata}
        assert {name.casefold(): text for name, text in tags.items()}["title"] == "A Lamp"
    file.seek(0)
    sound, rate = soundfile.read(file, dtype="int16")
    assert rate == CLIP_RATE and len(sound) == 2 * CLIP_RATE


def test_as_many_chapters_as_there_may_be_fit_whatever_they_are_called() -> None:
    chapters = [(float(number) * 60, "🌊" * NAME * 2) for number in range(CHAPTERS + 5)]
    comments = chapter_comments(chapters)
    assert len(comments) == 2 * CHAPTERS
    assert comments[-2] == ("CHAPTER200", "03:19:00.000")
    with av.open(tagged(comments)) as container:
        assert len(container.chapters()) == CHAPTERS


def test_what_does_not_fit_or_is_no_such_file_is_refused() -> None:
    with pytest.raises(ValueError, match="fit"):
        tagged([("TITLE", "x" * 70_000)])
    for data in (b"", b"RIFF" + bytes(60), encode_clip(tone(440, 1.0))[:40]):
        with pytest.raises(ValueError, match="page"):
            with_comments(io.BytesIO(data), io.BytesIO(), [])
