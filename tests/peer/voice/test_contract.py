from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.voice.contract import PITCH, RATE, Voice, VoiceUnreadable, format_voice, parse_voice
from protocol import limits

NAMES = st.text(st.characters(blacklist_categories=("C", "Z"), blacklist_characters="?"), min_size=1, max_size=40)


@given(st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True), NAMES, st.sampled_from(RATE), st.sampled_from(PITCH))
def test_a_voice_is_read_back_as_it_was_written(engine: str, name: str, rate: int, pitch: int) -> None:
    voice = Voice(engine, name, rate, pitch)
    assert parse_voice(format_voice(voice)) == voice


def test_what_is_as_usual_is_left_out() -> None:
    assert format_voice(Voice("espeak", "en-us+f5")) == "espeak:en-us+f5"
    assert parse_voice("espeak:en-us+f5?pitch=50&rate=165") == Voice("espeak", "en-us+f5")
    assert format_voice(parse_voice("espeak:de?rate=120&pitch=20")) == "espeak:de?pitch=20&rate=120"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "colon"),
        ("en-us", "colon"),
        (":en-us", "engine"),
        ("Espeak:en-us", "engine"),
        ("espeak:", "name"),
        ("espeak: en", "name"),
        ("espeak:en\x1b[31m", "name"),
        ("espeak:en?rate=fast", "rate=fast"),
        ("espeak:en?rate=79", "80 to 450"),
        ("espeak:en?rate=451", "80 to 450"),
        ("espeak:en?pitch=101", "0 to 100"),
        ("espeak:en?pitch=-1", "pitch=-1"),
        ("espeak:en?volume=5", "volume=5"),
        ("espeak:en?rate=100&rate=100", "rate=100"),
        ("espeak:en?rate=٣٠٠", "rate="),
        ("espeak:en?", None),
        ("espeak:" + "x" * limits.VOICE, str(limits.VOICE)),
        ("espeak:en?" + "&" * 100_000, "at most once"),
    ],
)
def test_a_voice_that_cannot_be_read_is_refused_with_the_part_at_fault(text: str, names: str | None) -> None:
    if names is None:
        assert parse_voice(text) == Voice("espeak", "en")
        return
    with pytest.raises(VoiceUnreadable, match=names) as caught:
        parse_voice(text)
    assert len(str(caught.value)) < 1_000
