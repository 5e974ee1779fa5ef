"""Asking a member how it is, and what is told of it; and that a member tells no more than it should."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from narrator_app.probing import PATIENCE, NotConnected
from protocol import limits
from protocol.errors import Code
from protocol.moments import Health, Timing
from tests.kit.company import Evening, Person, open_desk
from tests.kit.scripted_writer import ScriptedWriter


async def present(evening: Evening, name: str = "Pim") -> Person:
    person = await evening.play(name)
    await evening.company.perform(person, ScriptedWriter())
    await evening.until("status", member=name, status="Online_Responsive")
    return person


def health(state: str = "ready", why: str = "") -> bytes:
    return Health(state, why, "scripted", "", "tone:a", 0, 0, 0, 0, b"", 0, (), 0).pack()


async def test_a_member_that_is_probed_says_how_it_is(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await present(evening)
        await evening.type("/probe Pim")
        assert evening.narrator.probes.waits(1)
        told = await evening.until("probed")
        assert told["member"] == "Pim" and told["answered"] and told["status"] == "Online_Responsive"
        assert not evening.narrator.probes.waits(1)


async def test_a_member_that_is_not_here_can_not_be_asked(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/cast Pim")
        with pytest.raises(NotConnected) as caught:
            await evening.type("/probe Pim")
        assert "Pim" in caught.value.what and "/invite Pim" in caught.value.hint


async def test_who_does_not_answer_is_said_not_to(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Pim")  # linked, and nobody performs
        asked_at = trio.current_time()
        await evening.type("/probe Pim")
        told = await evening.until("probed")
        assert not told["answered"] and trio.current_time() - asked_at <= PATIENCE + 2


async def test_an_answer_to_an_older_probe_is_none(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        evening.narrator.probe(1)
        evening.narrator.probe(1)
        pim.node.say(Health.kind, Health("ready", "", "x", "", "", 0, 0, 0, 0, b"", 0, (), 1).pack())
        await trio.sleep(1)
        assert evening.narrator.probes.waits(1)


async def test_a_member_that_tells_how_it_is_all_the_time_is_listened_to_now_and_then(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Else it would have the desk write down, and show, each of its moods."""
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        for number in range(200):
            pim.node.say(Health.kind, health("ready" if number % 2 else "failing", f"mood {number}"))
            await trio.sleep(0.05)
        assert len(evening.events("status")) < limits.REPORTS_BURST + 10 * limits.REPORTS_PER_SECOND + 5


async def test_a_member_without_a_link_is_known_through_others_until_it_falls_silent(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        company = evening.company
        vesper = await evening.play("Vesper")
        pim = await present(evening)
        company.link(pim, vesper)
        await company.until(lambda: len(pim.node.gossip.remotes()) == 2)
        for link in company.narrator.node.links.values():
            if link.remote == pim.member.public:
                link.close(Code.DONE)
        told = await evening.until("status", member="Pim", why="Reached through others.")
        assert told["status"] == "Online_Heartbeat"
        await evening.type("@Pim Night fell.")
        await evening.until("accepted", member="Pim")
        await pim.kill()
        gone = await evening.until("status", member="Pim", why="Nothing is heard of it any more.")
        assert gone["status"] == "Offline"


async def test_a_timing_that_was_overtaken_by_its_line_is_told_when_it_comes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await present(evening)
        await evening.type("Night fell.")
        line = await evening.until("line", member="Pim")
        first = await evening.until("timing", member="Pim")
        late = Timing(bytes.fromhex(first["cue"]), 1, 2, 3, 4, 5, 6)
        pim.node.say(late.kind, late.pack())
        told = await evening.until("timing", timings={
            "queue_ms": 1, "prompt_tokens": 2, "first_token_ms": 3, "first_clip_ms": 4, "whole_ms": 5, "tokens": 6
        })  # fmt: skip
        assert told["cue"] == first["cue"] and evening.happened.index(told) > evening.happened.index(line)
        assert evening.narrator.timings[late.cue]["whole_ms"] == 5
