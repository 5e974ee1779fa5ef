from __future__ import annotations

from peer.voice.bank import BANK, voice_for
from peer.voice.contract import format_voice, parse_voice
from peer.voice.espeak import Espeak


def test_the_bank_holds_sixteen_different_voices_written_the_usual_way() -> None:
    assert len(set(BANK)) == 16
    assert all(format_voice(parse_voice(text)) == text for text in BANK)


async def test_espeak_has_every_voice_of_the_bank() -> None:
    speaker = Espeak()
    for text in BANK:
        assert (await speaker.speak("Who goes there?", parse_voice(text))).seconds > 0.5


def test_forty_eight_seats_have_a_voice_of_their_own_and_every_seat_has_one() -> None:
    assert len({format_voice(voice_for(seat)) for seat in range(48)}) == 48
    assert voice_for(48) == voice_for(0)
    assert voice_for(4_096) == voice_for(4_096)
