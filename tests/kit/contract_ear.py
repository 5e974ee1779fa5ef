"""What every ear must do, whichever engine it is. A test class inherits this and says how to open the ear."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest
import trio

from dwnet.audio import Sound, resample, silence
from narrator_app.ear.contract import Ear, Heard
from tests.kit.spoken import RATE, accuracy, spoken

SENTENCE = "the dragon wakes and looks at you"


async def hears(ear: Ear, *sounds: Sound) -> list[Heard]:
    """Everything an ear says of one utterance that comes in these pieces."""
    said: list[Heard] = []
    mic, end = trio.open_memory_channel[Sound](1)
    out, words = trio.open_memory_channel[Heard](1)

    async def speak() -> None:
        async with mic:
            for one in sounds:
                await mic.send(one)

    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ear.listen, end, out)
            nursery.start_soon(speak)
            async for one in words:
                said.append(one)
    return said


def pieces(sound: Sound, seconds: float = 0.1) -> list[Sound]:
    """A sound as a microphone brings it."""
    step = 2 * round(sound.rate * seconds)
    return [Sound(sound.pcm[at : at + step], sound.rate) for at in range(0, len(sound.pcm), step)]


class EarContract:
    def open(self) -> AbstractAsyncContextManager[Ear]:
        """An ear that understands SENTENCE once it was hinted at."""
        raise NotImplementedError

    async def test_it_is_not_missing(self) -> None:
        async with self.open() as ear:
            assert await trio.to_thread.run_sync(ear.missing) is None

    async def test_words_come_and_the_last_of_them_are_final(self) -> None:
        async with self.open() as ear:
            await ear.hint([SENTENCE], ["Zarathul"])
            said = await hears(ear, *pieces(await spoken(SENTENCE)))
        assert [one.final for one in said] == [False] * (len(said) - 1) + [True]
        assert accuracy(SENTENCE, said[-1].text) == 1
        assert 0 < said[-1].confidence <= 1

    @pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
    async def test_sound_may_have_any_rate(self, rate: int) -> None:
        async with self.open() as ear:
            await ear.hint([SENTENCE], [])
            (*_, last) = await hears(ear, *pieces(resample(await spoken(SENTENCE), rate)))
        assert accuracy(SENTENCE, last.text) == 1

    async def test_where_nobody_spoke_nothing_is_heard(self) -> None:
        async with self.open() as ear:
            for sounds in ([], [Sound(b"", RATE)], [silence(2.0, RATE)]):
                (*_, last) = await hears(ear, *sounds)
                assert last == Heard("", True, 0.0)

    async def test_cancelled_in_an_utterance_it_hears_the_next_one_whole(self) -> None:
        sound = await spoken(SENTENCE)
        async with self.open() as ear:
            await ear.hint([SENTENCE], [])
            mic, end = trio.open_memory_channel[Sound](100)
            out, _ = trio.open_memory_channel[Heard](100)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ear.listen, end, out)
                for one in pieces(sound)[:8]:
                    await mic.send(one)
                await trio.testing.wait_all_tasks_blocked(0.01)
                nursery.cancel_scope.cancel()
            (*_, last) = await hears(ear, *pieces(sound))
        assert accuracy(SENTENCE, last.text) == 1

    async def test_two_utterances_at_once_wait_for_each_other(self) -> None:
        sound = await spoken(SENTENCE)
        heard: list[str] = []
        async with self.open() as ear:
            await ear.hint([SENTENCE], [])

            async def one() -> None:
                heard.append((await hears(ear, *pieces(sound)))[-1].text)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(one)
                nursery.start_soon(one)
        assert [accuracy(SENTENCE, one) for one in heard] == [1, 1]

    @pytest.mark.parametrize("hint", [([], []), (["你好，世界。", "🐉", "…"], ["勇者"]), (["x" * 9_000], ["\ud800"])])
    async def test_odd_hints_do_no_harm(self, hint: tuple[list[str], list[str]]) -> None:
        async with self.open() as ear:
            await ear.hint(*hint)
            assert (await hears(ear, *pieces(await spoken(SENTENCE))))[-1].final
