"""The desk on fake pages: a real story behind real screens, in one process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.kit.desk import desk_with_screens


def test_two_pages_show_one_story(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lighthouse") as desk, desk.page() as one, desk.page() as other:
            assert "The Lighthouse" in one.text()
            assert "The Lighthouse" in other.text()

    asyncio.run(evening())


def test_what_is_told_on_the_storys_side_is_in_the_log(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lighthouse") as desk:
            entry = await desk.story(lambda: desk.evening.desk.intents.tell("Night fell."))
            assert entry.id in desk.evening.home.node.ledger.story.passages

    asyncio.run(evening())
