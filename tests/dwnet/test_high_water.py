from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from dwnet.high_water import HighWater, Level, Mark, MarkNotKept
from dwnet.store import open_store
from protocol.ledger import Ledger, Unit
from tests.kit.chain import Chain


@pytest.fixture
def mark(tmp_path: Path) -> HighWater:
    return HighWater(tmp_path / "high_water")


def held_after(chain: Chain, units: Iterable[Unit]) -> Ledger:
    ledger = Ledger(chain.tag)
    ledger.load(units)
    return ledger


def put(mark: HighWater, chain: Chain) -> None:
    last = chain.narrator.feed[-1]
    mark.write(Mark(last.run, last.seq, last.id, chain.canon_head, len(chain.entries)))


def test_nothing_written_here_is_a_fresh_start(mark: HighWater) -> None:
    assert not mark.exists() and mark.read() is None
    assert mark.level(Ledger(b"").log) is Level.FRESH


def test_a_mark_reads_as_it_was_written(mark: HighWater) -> None:
    for written in (Mark(b"r" * 8, 7, b"i" * 32, b"c" * 32, 9), Mark(b"s" * 8, 0, b"j" * 32, b"", 1)):
        mark.write(written)
        assert mark.exists() and mark.read() == written
        assert [one.name for one in mark.path.parent.iterdir()] == ["high_water"]


def test_a_story_that_went_on_after_the_mark_is_the_same(mark: HighWater) -> None:
    chain = Chain()
    put(mark, chain)
    assert mark.level(held_after(chain, chain.units).log) is Level.SAME
    chain.narrate("Night fell.")
    assert mark.level(held_after(chain, chain.units).log) is Level.SAME


def test_an_older_copy_is_known_for_one(mark: HighWater) -> None:
    chain = Chain()
    chain.narrate("Night fell.")
    put(mark, chain)
    assert mark.level(held_after(chain, chain.units[:-1]).log) is Level.OLDER
    assert mark.level(held_after(chain, []).log) is Level.OLDER


async def test_a_story_file_that_lost_its_write_ahead_log_is_known_for_an_old_one(
    tmp_path: Path, mark: HighWater
) -> None:
    """The one cut that SQLite can't see: the log beside the file is shorter, or gone."""
    chain = Chain()
    live, copy = tmp_path / "live.db", tmp_path / "copy.db"
    with open_store(live, create=True) as store:
        await store.commit(chain.units)
    with open_store(live, create=False) as store:
        chain.narrate("Night fell.")
        await store.commit(chain.units)
        put(mark, chain)
        shutil.copy(live, copy)
    for path, level in ((live, Level.SAME), (copy, Level.OLDER)):
        with open_store(path, create=False) as store:
            assert mark.level(held_after(chain, store.load()).log) is level


def test_a_story_without_a_mark_is_reported(mark: HighWater) -> None:
    chain = Chain()
    assert mark.level(held_after(chain, chain.units).log) is Level.UNMARKED


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense", '{"run": 1, "seq": "x"}', "\u00ff"])
def test_a_mark_that_does_not_read_is_none_and_never_fresh(mark: HighWater, content: str) -> None:
    mark.path.write_text(content, encoding="utf-8")
    assert mark.exists() and mark.read() is None
    assert mark.level(Ledger(b"").log) is Level.UNMARKED


def test_a_mark_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(MarkNotKept) as refusal:
        HighWater(tmp_path / "nowhere" / "high_water").write(Mark(b"", 0, b"", b"", 0))
    assert "nowhere" in refusal.value.what
