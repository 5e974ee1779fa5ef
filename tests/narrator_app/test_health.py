from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.mesh import Reach
from narrator_app import health
from narrator_app.attendance import TRIED, Attendance
from narrator_app.health import REMEDIES, TABLE, Condition, Signal, Status
from peer.writer.errors import EndpointUnreachable
from protocol.errors import Code
from tests.kit.company import Evening, Person, open_desk
from tests.kit.scripted_writer import ScriptedWriter

ONLINE = {Status.HEARTBEAT, Status.RESPONSIVE, Status.ERROR_API, Status.DEGRADED}

# What a person would say, beside the table: status and signal, and what comes of it. All other pairs change nothing.
SAID: dict[tuple[Status, Signal], Status] = {
    (Status.REGISTERED, Signal.GRANTED): Status.OFFLINE,
    (Status.REGISTERED, Signal.LINKED): Status.HEARTBEAT,
    (Status.REGISTERED, Signal.DEACTIVATED): Status.DEACTIVATED,
    (Status.OFFLINE, Signal.LINKED): Status.HEARTBEAT,
    (Status.OFFLINE, Signal.UNREACHABLE): Status.UNREACHABLE,
    (Status.OFFLINE, Signal.DEACTIVATED): Status.DEACTIVATED,
    (Status.UNREACHABLE, Signal.LINKED): Status.HEARTBEAT,
    (Status.UNREACHABLE, Signal.DEACTIVATED): Status.DEACTIVATED,
    (Status.DEACTIVATED, Signal.INVITED): Status.REGISTERED,
    (Status.DEACTIVATED, Signal.GRANTED): Status.OFFLINE,
    **{(one, Signal.LOADING): Status.HEARTBEAT for one in ONLINE},
    **{(one, Signal.READY): Status.RESPONSIVE for one in ONLINE},
    **{(one, Signal.SLOW): Status.DEGRADED for one in ONLINE},
    **{(one, Signal.FAILING): Status.ERROR_API for one in ONLINE},
    **{(one, Signal.LOST): Status.OFFLINE for one in ONLINE},
    **{(one, Signal.GRANTED): Status.OFFLINE for one in ONLINE},
    **{(one, Signal.DEACTIVATED): Status.DEACTIVATED for one in ONLINE},
}


@pytest.mark.parametrize(("status", "signal"), list(product(Status, Signal)))
def test_every_signal_leads_where_the_table_says_and_nowhere_else(status: Status, signal: Signal) -> None:
    before = Condition(status, 1_000, "before")
    after = health.observe(before, signal, "why", 2_000)
    expected = SAID.get((status, signal))
    if expected is None:
        assert after is before
    elif expected is status:
        assert after == Condition(status, 1_000, "why"), "since when stays what it was"
    else:
        assert after == Condition(expected, 2_000, "why")


def test_the_table_knows_all_eight_and_each_has_the_one_thing_to_do() -> None:
    assert len(Status) == 8 == len(TABLE) == len(REMEDIES)
    for status in Status:
        remedy = Condition(status, 0, "").remedy("Mira")
        assert "{" not in remedy and bool(remedy) is (status is not Status.RESPONSIVE)


def test_nobody_can_answer_without_a_link() -> None:
    for status in set(Status) - ONLINE:
        assert not {TABLE[status].get(one) for one in (Signal.READY, Signal.SLOW, Signal.FAILING)} - {None}


def statuses(evening: Evening) -> list[str]:
    return [one["status"] for one in evening.events("status")]


async def test_from_the_cast_to_ready(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        vesper = await evening.play("Vesper")
        await evening.company.perform(vesper)
        await evening.until("status", status="Online_Responsive")
        assert statuses(evening) == ["Registered", "Online_Heartbeat", "Online_Responsive"]


@pytest.mark.parametrize("how", ["killed", "silent"])
async def test_a_peer_that_dies_is_gone_within_ten_seconds(how: str, tmp_path: Path, autojump_clock: MockClock) -> None:
    """Its connection is cut, or, as when a cable is pulled, nothing comes any more."""
    async with open_desk(tmp_path) as evening:
        vesper = await evening.play("Vesper")
        await evening.company.perform(vesper)
        await evening.until("status", status="Online_Responsive")
        await trio.sleep(60)
        died = trio.current_time()
        if how == "killed":
            await vesper.kill()
        else:
            evening.company.freeze()
        await evening.company.until(lambda: statuses(evening)[-1] == "Offline")
        assert trio.current_time() - died <= 10
        assert "dwnet peer" in evening.events("status")[-1]["remedy"]


async def gives_way(evening: Evening) -> Person:
    """Vesper, who was ready, and whose link was ended for a better one."""
    vesper = await evening.play("Vesper")
    await evening.company.perform(vesper)
    await evening.until("status", status="Online_Responsive")
    for link in vesper.node.links.values():
        link.close(Code.DUPLICATE_LINK)
    return vesper


async def test_a_link_that_gives_way_to_a_second_one_is_no_absence(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Both dialled at once; the link that ends may be gone before the one that stays is done with its handshake."""
    async with open_desk(tmp_path) as evening:
        vesper = await gives_way(evening)
        await evening.company.until(lambda: not evening.narrator.node.links)
        evening.company.link(vesper, evening.company.narrator)
        await evening.company.until(lambda: evening.narrator.node.linked_to(vesper.member.public))
        await trio.sleep(60)
        assert "Offline" not in statuses(evening)[statuses(evening).index("Online_Heartbeat") :]


async def test_a_link_that_gives_way_to_nothing_is_an_absence(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await gives_way(evening)
        await evening.company.until(lambda: statuses(evening)[-1] == "Offline")


class SlowToLoad(ScriptedWriter):
    """Takes half a minute to load its model."""

    loaded_at = 0.0

    async def load(self) -> None:
        await trio.sleep(30)
        self.loaded_at = trio.current_time()


async def test_a_peer_that_returns_is_ready_within_five_seconds_of_its_model(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        company = evening.company
        vesper = await evening.play("Vesper")
        await company.perform(vesper)
        await evening.until("status", status="Online_Responsive")
        vesper = await company.restart(vesper)
        await company.until(lambda: statuses(evening)[-1] == "Offline")
        writer = SlowToLoad()
        company.link(vesper, company.narrator)
        await company.perform(vesper, writer)
        await company.until(lambda: statuses(evening)[-1] == "Online_Responsive")
        assert 0 <= trio.current_time() - writer.loaded_at <= 5
        assert statuses(evening)[-3:] == ["Offline", "Online_Heartbeat", "Online_Responsive"]


async def test_a_writer_that_fails_and_recovers_is_seen_to(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Also while nobody asks it anything: it is tried again by itself."""
    async with open_desk(tmp_path) as evening:
        writer = ScriptedWriter(broken=EndpointUnreachable(url="http://127.0.0.1:1/v1", why="refused"))
        await evening.company.perform(await evening.play("Vesper"), writer)
        failing = await evening.until("status", status="Error_API")
        assert "127.0.0.1:1" in failing["why"] and "dwnet doctor" in failing["remedy"]
        writer.broken = None
        await evening.until("status", status="Online_Responsive")


async def test_whose_addresses_all_fail_is_out_of_reach(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        vesper = await evening.play("Vesper")
        await vesper.kill()
        await evening.company.until(lambda: statuses(evening)[-1] == "Offline")
        reach = evening.narrator.mesh.reach.setdefault(vesper.member.public, Reach(["192.0.2.1:1"]))
        reach.failed, reach.why = TRIED, "Can't reach 192.0.2.1:1."
        told = await evening.until("status", status="Error_Unreachable")
        assert told["why"] == "Can't reach 192.0.2.1:1."


async def test_a_closed_seat_is_still_closed_after_a_restart(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Vesper")
        await evening.type("/deactivate Vesper")
        told: list[int] = []
        later = Attendance(evening.narrator.node, evening.narrator.mesh, told.append, lambda: 0)
        later.begin(1)
        assert later.conditions[1].status is Status.DEACTIVATED and told == [1]
        await evening.type("/invite Vesper")
        again = Attendance(evening.narrator.node, evening.narrator.mesh, told.append, lambda: 0)
        again.begin(1)
        assert again.conditions[1].status is Status.REGISTERED
