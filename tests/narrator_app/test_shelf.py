"""What the story that is open is called, and what is taken away of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from trio.testing import MockClock

from narrator_app.errors import NoName
from tests.kit.company import open_desk


async def test_a_new_name_reaches_everybody_and_changes_nothing_else(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path, "The Lighthouse") as evening:
        pim = await evening.play("Pim")
        tag = evening.desk.shelf.summary()["tag"]
        await evening.type("/rename  The  Lamp ")
        assert evening.events("renamed")[-1].items() >= {"name": "The Lamp", "former": "The Lighthouse"}.items()
        await evening.company.until(lambda: pim.node.ledger.story.name == "The Lamp")
        assert evening.desk.shelf.summary().items() >= {"name": "The Lamp", "tag": tag}.items()
        assert evening.narrator.node.ledger.authority.name == "The Lamp"


async def test_a_name_that_is_none_or_the_same_writes_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path, "The Lighthouse") as evening:
        before = len(evening.narrator.node.ledger.entries)
        with pytest.raises(NoName):
            await evening.desk.shelf.rename(" \n ")
        assert await evening.desk.shelf.rename("The Lighthouse") == "The Lighthouse"
        assert len(evening.narrator.node.ledger.entries) == before
