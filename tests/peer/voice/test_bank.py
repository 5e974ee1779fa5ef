from __future__ import annotations

import pytest

from peer.voice.bank import BANK, spare_for, voice_for
from peer.voice.clips import whole
from peer.voice.contract import format_voice, parse_voice
from peer.voice.espeak import Espeak


def test_the_bank_holds_sixteen_different_voices_written_the_usual_way() -> None:
    assert len(set(BANK)) == 16
    assert all(format_voice(parse_voice(text)) == text for text in BANK)


async def test_espeak_has_every_voice_of_the_bank() -> None:
    speaker = Espeak()
    for text in BANK:
        assert (await whole(speaker, "Who goes there?", parse_voice(text))).seconds > 0.5


def test_forty_eight_seats_have_a_voice_of_their_own_and_every_seat_has_one() -> None:
    assert len({format_voice(voice_for(seat)) for seat in range(48)}) == 48
    assert voice_for(48) == voice_for(0)
    assert voice_for(4_096) == voice_for(4_096)


@pytest.mark.parametrize(
    ("voice", "name"),
    [
        ("piper:de_DE-thorsten-medium", "de+f5"),
        ("gtts:fr@ca", "fr+f5"),
        ("xtts:mira?lang=es", "es+f5"),
        ("xtts:de_luxe", "en-us+f5"),
        ("piper:en_GB-alan-low", "en-us+f5"),
        ("piper:xx_XX-nobody-low", "en-us+f5"),
        ("openai:alloy", "en-us+f5"),
    ],
)
def test_who_stands_in_for_a_voice_speaks_its_language(voice: str, name: str) -> None:
    assert spare_for(1, parse_voice(voice), Espeak().voices()).name == name
