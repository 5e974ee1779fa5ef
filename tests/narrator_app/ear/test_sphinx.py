from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio

from dwnet.audio import Sound
from dwnet.errors import NodeError
from narrator_app.ear.contract import Ear, EarFailed, EarMissing, EarRestarted, Heard
from narrator_app.ear.sphinx import Sphinx, open_sphinx
from tests.kit.contract_ear import SENTENCE, EarContract, hears, pieces
from tests.kit.spoken import accuracy, spoken


class TestSphinx(EarContract):
    def open(self) -> AbstractAsyncContextManager[Ear]:
        return open_ear([])


@asynccontextmanager
async def open_ear(told: list[NodeError]) -> AsyncIterator[Sphinx]:
    async with open_sphinx("en-us", told.append) as ear:
        yield ear


async def test_names_are_heard_and_spelt_as_the_story_spells_them() -> None:
    scene = ["Zarathul opens the door.", "What will you say to Grimbold?", "I walk with Zarathul to the sea."]
    async with open_ear([]) as ear:
        await ear.hint(scene, ["Zarathul the Grey", "Grimbold"])
        (*_, last) = await hears(ear, *pieces(await spoken("I walk with Zarathul to the sea.")))
        assert last.text == "I walk with Zarathul to the sea."


async def test_what_the_scene_does_not_know_is_heard_all_the_same() -> None:
    said = "you are standing in front of a small white house"
    async with open_ear([]) as ear:
        await ear.hint(["Grimbold mends the oven.", "Zarathul eats bread."], ["Grimbold", "Zarathul"])
        (*_, last) = await hears(ear, *pieces(await spoken(said)))
        assert accuracy(said, last.text) > 0.7


async def test_a_hint_takes_the_place_of_the_last_one() -> None:
    sound = await spoken("Grimbold mends the oven")
    async with open_ear([]) as ear:
        await ear.hint(["Grimbold mends the oven."], ["Grimbold"])
        assert (await hears(ear, *pieces(sound)))[-1].text == "Grimbold mends the oven."
        await ear.hint([], [])
        assert "Grimbold" not in (await hears(ear, *pieces(sound)))[-1].text


async def test_words_are_shown_while_one_speaks() -> None:
    async with open_ear([]) as ear:
        await ear.hint([SENTENCE], [])
        mic, end = trio.open_memory_channel[Sound](1000)
        out, words = trio.open_memory_channel[Heard](1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ear.listen, end, out)
            for one in pieces(await spoken(SENTENCE)):
                await mic.send(one)
            with trio.fail_after(60):
                assert not (await words.receive()).final  # the utterance has not ended
            nursery.cancel_scope.cancel()


async def test_killed_in_mid_sentence_it_says_so_and_the_sentence_is_whole() -> None:
    told: list[NodeError] = []
    sound = await spoken(SENTENCE)
    async with open_ear(told) as ear:
        await ear.hint([SENTENCE], [])
        mic, end = trio.open_memory_channel[Sound](1000)
        out, words = trio.open_memory_channel[Heard](1000)
        with trio.fail_after(120):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ear.listen, end, out)
                for one in pieces(sound)[:15]:
                    await mic.send(one)
                await words.receive()
                assert ear.child is not None
                ear.child.kill()
                for one in pieces(sound)[15:]:
                    await mic.send(one)
                await mic.aclose()
                said = [one async for one in words]
        assert said[-1].final and accuracy(SENTENCE, said[-1].text) == 1
        assert [type(one) for one in told] == [EarRestarted]


async def test_killed_between_two_sentences_nobody_notices() -> None:
    told: list[NodeError] = []
    sound = await spoken(SENTENCE)
    async with open_ear(told) as ear:
        await ear.hint([SENTENCE], [])
        assert ear.child is not None
        ear.child.kill()
        await ear.child.wait()
        assert accuracy(SENTENCE, (await hears(ear, *pieces(sound)))[-1].text) == 1
    assert told == []


async def test_an_engine_that_ends_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrator_app.ear.sphinx._COMMAND", ("false",))
    told: list[NodeError] = []
    async with open_ear(told) as ear:
        with pytest.RaisesGroup(EarFailed, flatten_subgroups=True):
            await hears(ear, await spoken(SENTENCE))
    assert [type(one) for one in told] == [EarRestarted]


async def test_its_process_ends_with_it() -> None:
    async with open_ear([]) as ear:
        await ear.hint([SENTENCE], [])
        child = ear.child
        assert child is not None and child.returncode is None
    assert child.returncode is not None


async def test_a_model_it_does_not_have_is_refused() -> None:
    async with open_sphinx("de", lambda _: None) as ear:
        assert ear.missing()
        with pytest.raises(EarMissing, match="sphinx:de"):
            await ear.hint(["Guten Abend."], [])
