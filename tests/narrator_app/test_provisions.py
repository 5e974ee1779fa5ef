"""What the desk fetches, keeps and removes, and what new characters write with."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from dwnet.catalogue import is_here, offer, spoken
from dwnet.errors import NodeError
from dwnet.machine import Machine
from dwnet.settings import narrator_settings
from narrator_app.evenings import Evenings
from narrator_app.provisions import AlreadyFetching, Coming, Provisions
from narrator_app.seat_settings import SeatSettings, shared_writer
from narrator_app.views.provisions import coming_view, provisions_view
from tests.kit.hub_server import MadeUpHub, serving_hub

WRITER = offer("model", "smollm2-360m")
XTTS = offer("voice", "xtts")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MadeUpHub]:
    files = {
        WRITER.repository: {WRITER.files[0]: b"GGUF" * 100_000},
        XTTS.repository: {file: file.encode() * 300 for file in XTTS.files},
    }
    with serving_hub(MadeUpHub(files)) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "login"))
        yield made


@pytest.fixture
def provisions(tmp_path: Path) -> Provisions:
    return Provisions(Evenings(narrator_settings({"data": str(tmp_path / "data")}, {}), None))


async def test_it_is_told_while_it_comes_and_here_afterwards(provisions: Provisions, hub: MadeUpHub) -> None:
    seen: list[Coming | None] = []
    provisions.listen(lambda: seen.append(provisions.coming))
    assert await provisions.fetch(WRITER)
    assert seen[0] == Coming(WRITER) and seen[-1] is None and provisions.coming is None
    totals = {one.total for one in seen if one is not None}
    assert totals == {0, 400_000} and is_here(WRITER, provisions.settings)


async def test_one_thing_comes_at_a_time_and_what_is_stopped_goes_on_later(
    provisions: Provisions, hub: MadeUpHub
) -> None:
    hub.stops_at = 200_000
    whole: list[bool] = []
    comes = trio.Event()
    provisions.listen(lambda: comes.set() if provisions.coming and provisions.coming.have else None)

    async def fetch() -> None:
        whole.append(await provisions.fetch(WRITER))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fetch)
        with trio.fail_after(60):
            await comes.wait()
        with pytest.raises(AlreadyFetching):
            await provisions.fetch(XTTS, agreed=True)
        provisions.stop()
    assert whole == [False] and provisions.coming is None and not is_here(WRITER, provisions.settings)
    hub.go_on.set()
    assert await provisions.fetch(WRITER) and is_here(WRITER, provisions.settings)


async def test_a_fetch_that_fails_leaves_nothing_on_its_way(provisions: Provisions, hub: MadeUpHub) -> None:
    hub.status = 429
    with pytest.raises(NodeError):
        await provisions.fetch(WRITER)
    assert provisions.coming is None


async def test_terms_are_agreed_to_once(provisions: Provisions, hub: MadeUpHub) -> None:
    with pytest.raises(NodeError):
        await provisions.fetch(XTTS)
    assert not provisions.is_agreed(XTTS) and hub.asked == []
    assert await provisions.fetch(XTTS, agreed=True) and provisions.is_agreed(XTTS)


async def test_new_characters_write_with_what_is_chosen_until_it_is_removed(
    provisions: Provisions, hub: MadeUpHub
) -> None:
    await provisions.fetch(WRITER)
    await provisions.use(WRITER)
    assert provisions.is_used(WRITER) and shared_writer(provisions.settings) == spoken(WRITER, provisions.settings)
    root = provisions.settings.root
    kept = narrator_settings({"data": str(root)}, {})
    assert shared_writer(kept) == spoken(WRITER, kept)
    await provisions.use(WRITER)
    assert not provisions.is_used(WRITER)
    await provisions.use(WRITER)
    await provisions.remove(WRITER)
    assert not is_here(WRITER, provisions.settings) and not provisions.is_used(WRITER)
    assert tomllib.loads((root / "config.toml").read_text()) == {"writer": "default"}


def test_a_writer_that_is_a_name_lies_among_the_models(tmp_path: Path) -> None:
    settings = narrator_settings({"data": str(tmp_path), "writer": "mine.gguf"}, {})
    assert shared_writer(settings) == str(settings.base_models / "mine.gguf")
    for other in ("default", "http://127.0.0.1:11434/v1#wise.gguf", str(tmp_path / "elsewhere.gguf")):
        assert shared_writer(replace(settings, writer=other)) == other


def test_a_seat_is_new_until_something_was_kept_for_it(tmp_path: Path) -> None:
    seat = SeatSettings(tmp_path / "seat-1")
    assert seat.is_new
    seat.keep_writer("default")
    assert not seat.is_new  # somebody chose what comes along: that stays


# --- as a screen shows it --------------------------------------------------------------------------------------------


async def test_what_can_be_done_about_each_is_shown(provisions: Provisions, hub: MadeUpHub) -> None:
    await provisions.fetch(WRITER)
    own = provisions.settings.base_models / "mine.gguf"
    own.write_bytes(b"GGUF")
    small = Machine(cores=2, memory_free=10**9, disk_free=10**10)
    coming = Coming(offer("ear", "tiny"), 30_000_000, 60_000_000)
    view = provisions_view(provisions.standings(), small, coming, provisions.is_agreed, provisions.is_used)
    rows = {row.name: row for group in view.groups for row in group.rows}
    assert [len(group.rows) > 3 for group in view.groups] == [True] * 3 and "1.0 GB of memory" in view.machine
    assert rows[WRITER.name].can_remove and rows[WRITER.name].can_use and not rows[WRITER.name].can_fetch
    assert rows["mine.gguf"].can_use and not rows["mine.gguf"].can_remove
    assert rows["xtts"].can_fetch and rows["xtts"].waits and "not commercial" in rows["xtts"].terms
    assert rows["tiny"].state == "coming" and not rows["tiny"].can_fetch
    assert coming_view(coming).share == 0.5 and "30 MB of 60 MB" in coming_view(coming).words
    assert coming_view(Coming(WRITER)).share is None
