from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.blob_store import BlobStore
from dwnet.clips import BlobNotHad, Clips
from protocol import limits
from tests.kit.company import Company, Person


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


def clips_of(person: Person) -> Clips:
    clips = Clips(person.node, BlobStore(person.folder / "blobs"))
    person.nursery.start_soon(clips.run, person.node.subscribe())
    return clips


@pytest.mark.parametrize("size", [1, 5_000, limits.CHUNK, limits.CHUNK + 1, 500_000])
async def test_what_one_keeps_another_can_fetch(size: int, company: Company) -> None:
    mira = await company.join("Mira")
    here, there = clips_of(mira), clips_of(company.narrator)
    data = os.urandom(size)
    blob = await here.put(data)
    assert await there.fetch(blob, 1_000_000, list(company.narrator.node.links)) == data
    assert await there.fetch(blob, 1_000_000, []) == data, "from the own disk now"


async def test_two_who_wait_for_one_clip_both_get_it(company: Company) -> None:
    mira = await company.join("Mira")
    here, there = clips_of(mira), clips_of(company.narrator)
    blob = await here.put(b"sound" * 1_000)
    got: list[bytes] = []

    async def one() -> None:
        got.append(await there.fetch(blob, 1_000_000, list(company.narrator.node.links)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        nursery.start_soon(one)
    assert got == [b"sound" * 1_000] * 2


@pytest.mark.parametrize("links", ["nobody", "somebody who has it not", "somebody who is silent"])
async def test_what_nobody_gives_is_told_and_nobody_waits_for_ever(
    links: str, company: Company, autojump_clock: MockClock
) -> None:
    mira = await company.join("Mira")
    there = clips_of(company.narrator)
    if links == "somebody who has it not":
        clips_of(mira)
    asked = [] if links == "nobody" else list(company.narrator.node.links)
    if links == "somebody who is silent":
        company.freeze()
    with pytest.raises(BlobNotHad) as caught, trio.fail_after(300):
        await there.fetch(b"?" * 32, 1_000, asked)
    assert caught.value.what and "text is complete" in caught.value.hint


async def test_what_is_larger_than_was_said_is_not_taken(company: Company) -> None:
    mira = await company.join("Mira")
    here, there = clips_of(mira), clips_of(company.narrator)
    blob = await here.put(os.urandom(200_000))
    with pytest.raises(BlobNotHad), trio.fail_after(300):
        await there.fetch(blob, 100_000, list(company.narrator.node.links))
