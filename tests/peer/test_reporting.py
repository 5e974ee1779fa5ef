"""What a member tells of itself, how often, and that being asked all the time costs it next to nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.node import Event
from peer.reporting import LISTENING, Reporter
from peer.writer.errors import EndpointUnreachable
from protocol import limits
from protocol.effects import Heard
from protocol.errors import Code
from protocol.moments import REPORT_SECONDS, Health, Probe, read_moment
from tests.kit.company import Company, Person
from tests.kit.scripted_writer import ScriptedWriter


class Reports:
    """The healths that reach a node, when, and whether they came for it alone."""

    def __init__(self, person: Person) -> None:
        self.heard: list[Health] = []
        self.at: list[float] = []
        self.direct: list[int] = []
        person.nursery.start_soon(self._watch, person.node.subscribe())

    async def _watch(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        async for event in events:
            if isinstance(event, Heard) and event.ephemeral.kind == Health.kind:
                self.heard.append(read_moment(Health, event.ephemeral.payload))
                self.at.append(trio.current_time())
                self.direct.append(event.ephemeral.direct)


class Asked(ScriptedWriter):
    """Counts how often it was tested."""

    probes = 0

    async def probe(self) -> None:
        self.probes += 1
        await super().probe()


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


def ask(company: Company, member: Person, number: int) -> None:
    company.narrator.node.say(Probe.kind, Probe(number).pack(), only=member.member.public)


async def test_a_member_tells_what_it_is_and_holds_and_to_whom_it_is_linked(
    company: Company, autojump_clock: MockClock
) -> None:
    mira, rusk = await company.join("Mira"), await company.join("Rusk")
    company.link(mira, rusk)
    reports = Reports(company.narrator)
    await company.perform(mira, ScriptedWriter(["Aye."]))
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: mira.lines)
    await trio.sleep(2 * REPORT_SECONDS)
    told = reports.heard[-1]
    assert (told.state, told.writer, told.adapter, told.voice) == ("ready", "scripted", "", "tone:a")
    assert told.head == company.narrator.node.ledger.canon.head
    assert told.entries == len(company.narrator.node.ledger.log)
    assert told.links == (0, rusk.seat)
    assert told.rate > 0 and told.probe == 0
    assert told.memory == 0 or told.memory > 1


async def test_it_is_told_to_the_narrator_alone_while_there_is_a_link_to_him(
    company: Company, autojump_clock: MockClock
) -> None:
    mira, rusk = await company.join("Mira"), await company.join("Rusk")
    company.link(mira, rusk)
    beside, narrator = Reports(rusk), Reports(company.narrator)
    await company.perform(mira)
    await trio.sleep(10)
    assert not beside.heard and narrator.heard and all(narrator.direct)
    before = len(narrator.heard)
    for link in company.narrator.node.links.values():
        if link.remote == mira.member.public:
            link.close(Code.DONE)
    await company.until(lambda: len(beside.heard) > 3)
    assert len(narrator.heard) > before and narrator.direct[-1] == 0, "through whoever still reaches both"


async def test_a_listener_says_that_it_is_there(company: Company, autojump_clock: MockClock) -> None:
    vera = await company.join("Vera", role="listener")
    reports = Reports(company.narrator)
    vera.nursery.start_soon(Reporter(vera.node, lambda: LISTENING).run, vera.node.subscribe())
    await company.until(lambda: reports.heard)
    assert reports.heard[0].state == "ready"
    ask(company, vera, 1)
    await company.until(lambda: reports.heard[-1].probe == 1)


async def test_a_probe_tests_the_writer_once_and_is_answered(company: Company, autojump_clock: MockClock) -> None:
    mira = await company.join("Mira")
    writer, reports = Asked(), Reports(company.narrator)
    await company.perform(mira, writer)
    await company.narrate("Night fell.", mira)
    await trio.sleep(10)
    ask(company, mira, 4)
    await company.until(lambda: reports.heard[-1].probe == 4)
    assert writer.probes == 1
    writer.broken = EndpointUnreachable(url="http://127.0.0.1:1/v1", why="refused")
    await trio.sleep(limits.PROBE_SECONDS)
    ask(company, mira, 5)
    await company.until(lambda: reports.heard[-1].probe == 5)
    assert reports.heard[-1].state == "failing" and "127.0.0.1:1" in reports.heard[-1].why


async def test_probes_that_come_too_often_are_answered_and_test_nothing(
    company: Company, autojump_clock: MockClock
) -> None:
    mira = await company.join("Mira")
    writer, reports = Asked(), Reports(company.narrator)
    await company.perform(mira, writer)
    await trio.sleep(10)
    for number in range(1, 101):
        ask(company, mira, number)
        await trio.sleep(limits.PROBE_SECONDS / 50)
    await company.until(lambda: reports.heard[-1].probe == 100)
    assert 1 <= writer.probes <= 3


async def test_who_is_answering_is_not_interrupted_by_a_probe(company: Company, autojump_clock: MockClock) -> None:
    mira = await company.join("Mira")
    writer, reports = Asked(["One. Two."], seconds=20), Reports(company.narrator)
    await company.perform(mira, writer)
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await trio.sleep(5)
    ask(company, mira, 1)
    await company.until(lambda: reports.heard[-1].probe == 1)
    assert not mira.lines and writer.probes == 0
    await company.until(lambda: mira.lines)


async def test_nobody_but_the_narrator_is_obeyed(company: Company, autojump_clock: MockClock) -> None:
    mira, rusk = await company.join("Mira"), await company.join("Rusk")
    company.link(mira, rusk)
    await company.until(lambda: len(mira.node.gossip.remotes()) == 2)
    writer = Asked()
    await company.perform(mira, writer)
    rusk.node.say(Probe.kind, Probe(1).pack(), only=mira.member.public)
    await trio.sleep(20)
    assert writer.probes == 0


async def test_in_a_large_hive_everybody_tells_less_often(
    company: Company, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mira = await company.join("Mira")
    monkeypatch.setattr("peer.reporting.REPORTS_PER_SECOND", 0.2)  # as if there were fifty times as many
    reports = Reports(company.narrator)
    mira.nursery.start_soon(Reporter(mira.node, lambda: LISTENING).run, mira.node.subscribe())
    await trio.sleep(60)
    assert 5 <= len(reports.at) <= 7
