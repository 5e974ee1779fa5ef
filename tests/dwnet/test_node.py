from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.node import EVENTS, MOMENTS, OWN, Draft, LinkClosed, LinkOpened
from dwnet.store_errors import DiskFull
from protocol.effects import Heard, Ready, Took
from protocol.errors import Code, LocalError, ProtocolError
from protocol.kinds import NARRATOR, Checkpoint, Line, Narrated
from protocol.shapes import Span
from tests.kit.company import Company


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


async def test_what_is_written_is_on_disk_before_anybody_hears_of_it(
    company: Company, autojump_clock: MockClock
) -> None:
    mira = await company.join("Mira")
    events = mira.node.subscribe()
    entry = await company.narrate("Night fell.")
    assert company.narrator.store.entry(entry.id) == entry
    async for event in events:
        if isinstance(event, Took) and event.entry.id == entry.id:
            break
    await company.until(lambda: mira.store.entry(entry.id) == entry)


async def test_drafts_written_together_follow_each_other(company: Company, autojump_clock: MockClock) -> None:
    one, two = await company.narrator.node.write(Draft(Narrated("One.", (), "say")), Draft(Narrated("Two.", (), "say")))
    assert two.prev == one.id and two.seq == one.seq + 1 and two.at >= one.at


async def test_what_may_not_be_written_is_our_own_fault_and_leaves_nothing(
    company: Company, autojump_clock: MockClock
) -> None:
    mira = await company.join("Mira")
    before = len(mira.node.ledger.log)
    with pytest.raises(ProtocolError) as caught:
        await mira.node.write(Draft(Checkpoint("mine"), ()))
    assert "checkpoint" in str(caught.value)
    assert len(mira.node.ledger.log) == before
    with pytest.raises(LocalError):
        Draft(Narrated("psst", (), "say"), (), (3,))


async def test_a_whisper_can_be_read_by_its_audience_alone(company: Company, autojump_clock: MockClock) -> None:
    mira, rusk = await company.join("Mira"), await company.join("Rusk")
    entry = await company.narrate("Psst.", mira, audience=(NARRATOR, mira.seat))
    await company.until(lambda: entry.id in mira.node.ledger.entries and entry.id in rusk.node.ledger.entries)
    assert mira.node.ledger.opening(entry) is not None and rusk.node.ledger.opening(entry) is None
    cue = await company.cue(mira, audience=(NARRATOR, mira.seat))
    await company.until(lambda: cue.id in mira.node.ledger.entries)
    body = Line((Span("speech", "I know."),), "echo", b"", "end")
    (line,) = await mira.node.write(Draft(body, (cue.id,), (NARRATOR, mira.seat)))
    await company.until(lambda: line.id in rusk.node.ledger.entries)
    assert rusk.node.ledger.opening(line) is None
    assert company.narrator.node.ledger.opening(line) is not None


async def test_links_come_and_go_in_words(company: Company, autojump_clock: MockClock) -> None:
    events = company.narrator.node.subscribe()
    mira = await company.join("Mira")
    next(iter(mira.node.links.values())).close(Code.GOING_AWAY, "Good night.")
    seen: list[object] = []
    with trio.fail_after(60):
        while not seen or not isinstance(seen[-1], LinkClosed):
            event = await events.receive()
            if isinstance(event, LinkOpened | LinkClosed | Ready):
                seen.append(event)
    assert [type(one) for one in seen] == [LinkOpened, Ready, LinkClosed]
    last = seen[-1]
    assert isinstance(last, LinkClosed) and last.member == mira.member.public
    assert (last.code, last.text) == (Code.GOING_AWAY, "Good night.")


async def test_of_two_links_to_one_member_one_stays(company: Company, autojump_clock: MockClock) -> None:
    mira = await company.join("Mira")
    company.link(mira, company.narrator)
    company.link(company.narrator, mira)
    await trio.sleep(30)
    assert len(mira.node.links) == len(company.narrator.node.links) == 1
    entry = await company.narrate("Night fell.")
    await company.until(lambda: entry.id in mira.node.ledger.entries)


async def test_a_moment_reaches_everybody_and_a_private_one_the_one_it_is_for(
    company: Company, autojump_clock: MockClock
) -> None:
    mira, rusk = await company.join("Mira"), await company.join("Rusk")
    company.link(mira, rusk)
    await company.until(lambda: len(mira.node.gossip.remotes()) == 2)
    heard: dict[str, list[bytes]] = {"Narrator": [], "Rusk": [], "Mira": []}

    async def listen(name: str, events: trio.MemoryReceiveChannel[object]) -> None:
        async for event in events:
            if isinstance(event, Heard) and event.ephemeral.kind == "note":
                heard[name].append(event.ephemeral.payload)
                assert (event.link == OWN) is (name == "Mira")

    for person in company.people:
        person.nursery.start_soon(listen, person.name, person.node.subscribe())
    mira.node.say("note", b"all")
    mira.node.say("note", b"you", only=company.narrator.member.public)
    await trio.sleep(5)
    assert heard == {"Narrator": [b"all", b"you"], "Rusk": [b"all"], "Mira": [b"all", b"you"]}


async def test_a_subscriber_who_does_not_read_misses_moments_first_and_holds_nobody_up(
    company: Company, autojump_clock: MockClock
) -> None:
    sleeper = company.narrator.node.subscribe()
    for _ in range(MOMENTS + 100):
        company.narrator.node.say("note", b"")
    entry = await company.narrate("Night fell.")
    waiting = sleeper.statistics().current_buffer_used
    assert MOMENTS <= waiting <= MOMENTS + 8 < EVENTS
    kinds = [sleeper.receive_nowait() for _ in range(waiting)]
    assert any(isinstance(one, Took) and one.entry.id == entry.id for one in kinds)


async def test_a_full_disk_ends_the_node_with_its_own_sentence_and_nothing_is_sent(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(units: object) -> None:
        raise DiskFull(path="story.db")

    with pytest.raises(BaseExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            company = Company(tmp_path, nursery)
            narrator = await company.begin()
            mira = await company.join("Mira")
            await company.narrate("Night fell.", mira)
            cue = await company.cue(mira)
            await company.until(lambda: cue.id in mira.node.ledger.entries)
            monkeypatch.setattr(mira.store, "commit", full)
            with pytest.raises(DiskFull):
                await mira.node.write(Draft(Line((Span("speech", "x"),), "echo", b"", "end"), (cue.id,)))
            await trio.sleep(5)
    assert caught.group_contains(DiskFull)
    assert not [one for one in narrator.node.ledger.entries.values() if one.kind == "line"]
