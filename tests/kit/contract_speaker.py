"""What every speaker must do, whichever engine it is. A test class inherits this and says how to make the speaker."""

from __future__ import annotations

import pytest
import trio

from dwnet.audio import loudness, trim_silence
from peer.voice.contract import Speaker, Voice, VoiceUnknown

SENTENCE = "The old wizard walks slowly into the dark forest."


class SpeakerContract:
    name: str  # of a voice the speaker has

    def make(self) -> Speaker:
        raise NotImplementedError

    def voice(self, rate: int = 165) -> Voice:
        return Voice(self.make().engine, self.name, rate=rate)

    async def test_it_is_not_missing_and_lists_the_voice(self) -> None:
        speaker = self.make()
        assert speaker.missing() is None
        assert self.name in speaker.voices()

    async def test_a_sentence_becomes_sound(self) -> None:
        sound = await self.make().speak(SENTENCE, self.voice())
        assert 1.5 < trim_silence(sound).seconds < 8
        assert loudness(sound) > -50

    async def test_a_longer_sentence_takes_longer(self) -> None:
        speaker = self.make()
        short = await speaker.speak("Who is there?", self.voice())
        assert (await speaker.speak(SENTENCE, self.voice())).seconds > 1.5 * short.seconds

    async def test_rate_is_obeyed_and_forgotten_by_the_next_sentence(self) -> None:
        speaker = self.make()
        usual = await speaker.speak(SENTENCE, self.voice())
        slow = await speaker.speak(SENTENCE, self.voice(rate=100))
        again = await speaker.speak(SENTENCE, self.voice())
        assert slow.seconds > 1.3 * usual.seconds
        assert again.seconds == pytest.approx(usual.seconds, rel=0.05)

    @pytest.mark.parametrize(
        "text", ["", " ", "...", "😀", "\0", "\x1b[31m", "<b>&amp;", "[[h@'loU]]", "你好", "\ud800"]
    )
    async def test_odd_text_is_spoken_or_silent_and_does_no_harm(self, text: str) -> None:
        speaker = self.make()
        assert (await speaker.speak(text, self.voice())).seconds < 10
        assert (await speaker.speak(SENTENCE, self.voice())).seconds > 1.5

    async def test_an_unknown_voice_is_refused_by_name(self) -> None:
        speaker = self.make()
        with pytest.raises(VoiceUnknown, match="no-such-voice"):
            await speaker.speak(SENTENCE, Voice(speaker.engine, "no-such-voice"))

    async def test_cancelled_in_mid_sentence_it_stops_and_the_next_sentence_is_whole(self) -> None:
        speaker = self.make()
        usual = await speaker.speak(SENTENCE, self.voice())
        with trio.fail_after(20), trio.move_on_after(0.002) as scope:
            await speaker.speak("word " * 300, self.voice())
        assert scope.cancelled_caught
        assert (await speaker.speak(SENTENCE, self.voice())).seconds == pytest.approx(usual.seconds, rel=0.05)

    async def test_one_sentence_waiting_for_its_turn_can_be_cancelled(self) -> None:
        speaker = self.make()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(speaker.speak, SENTENCE * 3, self.voice())
            with trio.move_on_after(0) as scope:
                await speaker.speak(SENTENCE, self.voice())
        assert scope.cancelled_caught

    async def test_many_characters_may_speak_at_once(self) -> None:
        speakers = [self.make() for _ in range(8)]
        seconds: list[float] = []

        async def one(speaker: Speaker) -> None:
            seconds.append((await speaker.speak(SENTENCE, self.voice())).seconds)

        async with trio.open_nursery() as nursery:
            for speaker in speakers:
                nursery.start_soon(one, speaker)
        assert len(seconds) == 8
        assert max(seconds) == pytest.approx(min(seconds), rel=0.05)
