"""What every speaker must do, whichever engine it is. A test class inherits this and says how to make the speaker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio

from dwnet.audio import Sound, loudness, trim_silence
from peer.voice.clips import whole
from peer.voice.contract import Speaker, SpeakerMissing, SpeechFailed, Voice, VoiceUnknown

SENTENCE = "The old wizard walks slowly into the dark forest."
SHORT = "Who is there?"


Make = Callable[[], Speaker]


class SpeakerContract:
    """``make`` and ``make_missing`` are fixtures: the speaker, and the same engine where it has not been set up."""

    name: str  # of a voice the speaker has
    words = 0  # words that take the engine longer than it takes to call it off; 0: it can't be caught in the middle
    streams = True  # whether a sentence comes in several pieces
    reads = True  # whether it takes longer for more words; a model made at test time may not
    crowd = (8, 40)  # speakers, and sentences at once
    rates = True  # whether a voice can be slower

    def voice(self, speaker: Speaker, rate: int = 165) -> Voice:
        return Voice(speaker.engine, self.name, rate=rate)

    async def test_it_is_not_missing_and_lists_the_voice(self, make: Make) -> None:
        speaker = make()
        assert speaker.missing() is None
        assert self.name in speaker.voices()

    async def test_where_it_is_missing_it_says_what_to_do_and_refuses(self, make_missing: Make) -> None:
        speaker = make_missing()
        assert len(speaker.missing() or "") > 20
        with pytest.raises(SpeakerMissing):
            speaker.voices()
        with pytest.raises(SpeakerMissing):
            await whole(speaker, SENTENCE, self.voice(speaker))

    async def test_a_sentence_becomes_sound(self, make: Make) -> None:
        speaker = make()
        sound = await whole(speaker, SENTENCE, self.voice(speaker))
        assert 1 < trim_silence(sound).seconds < 20
        assert loudness(sound) > -60

    async def test_a_longer_sentence_takes_longer(self, make: Make) -> None:
        speaker = make()
        short = await whole(speaker, SHORT, self.voice(speaker))
        assert (await whole(speaker, SENTENCE, self.voice(speaker))).seconds > 1.5 * short.seconds or not self.reads

    async def test_rate_is_obeyed_and_forgotten_by_the_next_sentence(self, make: Make) -> None:
        speaker = make()
        usual = await whole(speaker, SENTENCE, self.voice(speaker))
        slow = await whole(speaker, SENTENCE, self.voice(speaker, rate=100))
        again = await whole(speaker, SENTENCE, self.voice(speaker))
        if self.rates:
            assert slow.seconds > 1.3 * usual.seconds
        assert again.seconds == pytest.approx(usual.seconds, rel=0.05)

    @pytest.mark.parametrize(
        "text", ["", " ", "...", "😀", "\0", "\x1b[31m", "<b>&amp;", "[[h@'loU]]", "你好", "مرحبا", "\ud800"]
    )
    async def test_odd_text_is_spoken_or_silent_or_refused_and_does_no_harm(self, make: Make, text: str) -> None:
        speaker = make()
        try:
            assert (await whole(speaker, text, self.voice(speaker))).seconds < 20
        except SpeechFailed:
            assert any(map(str.isalnum, text))
        assert (await whole(speaker, SENTENCE, self.voice(speaker))).seconds > 1

    async def test_an_unknown_voice_is_refused_by_name(self, make: Make) -> None:
        speaker = make()
        with pytest.raises(VoiceUnknown, match="no-such-voice"):
            await whole(speaker, SENTENCE, Voice(speaker.engine, "no-such-voice"))

    async def test_a_sentence_of_five_thousand_characters_is_said_or_refused_with_a_clear_word(
        self, make: Make
    ) -> None:
        speaker = make()
        refused = ""
        try:
            sound = await whole(speaker, "the old wizard walks " * 240, self.voice(speaker))
        except SpeechFailed as failed:
            refused = failed.what
        assert "seconds" in refused if refused else sound.seconds > 20
        assert (await whole(speaker, SENTENCE, self.voice(speaker))).seconds > 1

    async def test_a_sentence_comes_in_pieces_and_can_be_left_at_the_first(self, make: Make) -> None:
        speaker, sizes = make(), [0]
        with trio.fail_after(60):
            made, pieces = trio.open_memory_channel[Sound](0)
            async with trio.open_nursery() as nursery, made, pieces:
                nursery.start_soon(speaker.speak, SENTENCE * 4, self.voice(speaker), made)
                sizes[0] = len((await pieces.receive()).pcm)
                nursery.cancel_scope.cancel()
            uncut = await whole(speaker, SENTENCE * 4, self.voice(speaker))
        assert sizes[0] > 0 and (not self.streams or sizes[0] < 0.9 * len(uncut.pcm))

    async def test_cancelled_in_mid_sentence_it_stops_and_the_next_sentence_is_whole(self, make: Make) -> None:
        speaker = make()
        usual = await whole(speaker, SENTENCE, self.voice(speaker))
        with trio.fail_after(60):
            with trio.move_on_after(0.002) as scope:
                await whole(speaker, "word " * self.words, self.voice(speaker))
            assert scope.cancelled_caught or not self.words
            again = await whole(speaker, SENTENCE, self.voice(speaker))
        assert again.seconds == pytest.approx(usual.seconds, rel=0.05)

    async def test_one_sentence_waiting_for_its_turn_can_be_cancelled(self, make: Make) -> None:
        speaker = make()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(whole, speaker, SENTENCE * 3, self.voice(speaker))
            with trio.move_on_after(0) as scope:
                await whole(speaker, SENTENCE, self.voice(speaker))
        assert scope.cancelled_caught

    async def test_many_characters_may_speak_at_once(self, make: Make) -> None:
        speakers = [make() for _ in range(self.crowd[0])]
        seconds: list[float] = []

        async def one(speaker: Speaker) -> None:
            seconds.append((await whole(speaker, SHORT, self.voice(speaker))).seconds)

        async with trio.open_nursery() as nursery:
            for number in range(self.crowd[1]):
                nursery.start_soon(one, speakers[number % len(speakers)])
        assert len(seconds) == self.crowd[1]
        assert max(seconds) == pytest.approx(min(seconds), rel=0.05)
