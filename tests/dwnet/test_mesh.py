from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from dwnet.mesh import PAUSE_FIRST, PAUSE_MOST, Mesh, own_addresses, pause, wanted
from dwnet.transport import PortTaken
from protocol import limits
from protocol.errors import Code
from tests.kit.company import Company, Person

KEYS = [bytes([number]) * 32 for number in range(40)]
ME, NARRATOR = KEYS[1], KEYS[0]


def test_a_small_hive_is_a_full_mesh() -> None:
    members = KEYS[: limits.MESH]
    assert wanted(ME, NARRATOR, members, random.Random(1)) == set(members) - {ME}


def test_a_large_hive_links_to_the_narrator_and_some_others_and_stays_with_them() -> None:
    chosen = wanted(ME, NARRATOR, KEYS, random.Random(1))
    assert NARRATOR in chosen and ME not in chosen and len(chosen) == limits.FANOUT + 1
    assert chosen == wanted(ME, NARRATOR, KEYS, random.Random(1))
    assert NARRATOR not in wanted(NARRATOR, NARRATOR, KEYS, random.Random(1))


def test_pauses_grow_up_to_a_bound_and_are_never_in_step() -> None:
    chance = random.Random(1)
    drawn = {failed: [pause(failed, chance) for _ in range(200)] for failed in (0, 1, 5, 10_000)}
    assert max(drawn[0]) <= PAUSE_FIRST and max(drawn[10_000]) <= PAUSE_MOST
    assert min(drawn[10_000]) >= PAUSE_MOST / 5
    assert max(drawn[0]) < max(drawn[1]) < max(drawn[5]) <= max(drawn[10_000]) * 1.1
    assert len(set(drawn[5])) == 200


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


async def open_mesh(person: Person, via: tuple[str, ...] = (), ports: tuple[int, ...] = (0,)) -> Mesh:
    mesh = Mesh(person.node, "127.0.0.1", ports, via)
    await person.nursery.start(mesh.run)
    return mesh


async def test_whoever_is_known_is_dialled_and_whoever_moved_is_found_again(company: Company) -> None:
    mira = await company.join("Mira")
    for link in list(mira.node.links.values()):
        company.freeze()
        link.close(Code.DONE)
    await company.until(lambda: not mira.node.links)
    narrator = await open_mesh(company.narrator)
    mesh = await open_mesh(mira)
    mesh.know(company.narrator.member.public, ["127.0.0.1:1", *narrator.addresses])
    await company.until(lambda: mira.node.gossip.remotes())
    assert mesh.reach[company.narrator.member.public].failed == 0


async def test_an_address_behind_which_nobody_is_tells_why_and_a_new_one_is_tried_at_once(company: Company) -> None:
    mira = await company.join("Mira")
    await mira.kill()
    mesh = await open_mesh(company.narrator)
    mesh.know(mira.member.public, ["127.0.0.1:1"])
    reach = mesh.reach[mira.member.public]
    await company.until(lambda: reach.failed >= 2)
    assert "127.0.0.1:1" in reach.why
    mesh.know(mira.member.public, ["127.0.0.1:2"])
    assert reach.failed == 0 and reach.next_try == 0


async def test_somebody_else_at_an_address_is_not_who_was_looked_for(company: Company) -> None:
    mira, rusk = await company.join("Mira"), await company.join("Rusk")
    await mira.kill()
    at_rusk = await open_mesh(rusk)
    mesh = await open_mesh(company.narrator)
    mesh.know(mira.member.public, at_rusk.addresses)
    await company.until(lambda: mesh.reach[mira.member.public].failed)
    assert mira.member.public not in company.narrator.node.gossip.remotes().values()


async def test_urls_in_a_members_word_are_not_dialled_and_addresses_are_bounded(company: Company) -> None:
    mesh = Mesh(company.narrator.node, "127.0.0.1", [0])
    mesh.know(KEYS[3], ["ws://bank.example/", "", "x", "[::1]:5", *(f"192.0.2.1:{port}" for port in range(1, 99))])
    assert len(mesh.reach[KEYS[3]].addresses) <= limits.ADDRESSES
    assert "ws://bank.example/" not in mesh.reach[KEYS[3]].addresses


async def test_a_port_that_is_taken_gives_way_to_the_next_and_the_last_is_told(company: Company) -> None:
    mira = await company.join("Mira")
    taken = await open_mesh(company.narrator)
    second = await open_mesh(mira, ports=(taken.port, 0))
    assert second.port != taken.port
    with pytest.raises(BaseExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            await nursery.start(Mesh(mira.node, "127.0.0.1", [taken.port]).run)
    assert caught.group_contains(PortTaken)


def test_the_address_given_out_is_the_one_that_was_told() -> None:
    assert own_addresses("192.0.2.9", 8000) == ["192.0.2.9:8000"]
    assert own_addresses("0.0.0.0", 8000)[-1] == "127.0.0.1:8000"
