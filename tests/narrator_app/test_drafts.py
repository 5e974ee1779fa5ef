from __future__ import annotations

from pathlib import Path

import trio
from trio.testing import MockClock

from dwnet.store import open_store
from narrator_app.drafts import QUIET_SECONDS, Drafts
from narrator_app.library import open_library


async def test_what_was_written_last_is_kept_and_found_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    with open_store(tmp_path / "story.db", create=True, threaded=False) as store:
        library = await open_library(store)
        drafts = Drafts(library, "stage")
        async with trio.open_nursery() as nursery:
            for text in ("N", "Ni", "Nig", "Night"):
                nursery.start_soon(drafts.keep, text)
                await trio.sleep(QUIET_SECONDS / 10)
            assert library.draft("stage") == "", "not once per letter"
        assert library.draft("stage") == "Night" == Drafts(library, "stage").text


async def test_what_was_told_is_no_draft_any_more(tmp_path: Path, autojump_clock: MockClock) -> None:
    with open_store(tmp_path / "story.db", create=True, threaded=False) as store:
        library = await open_library(store)
        drafts = Drafts(library, "stage")
        await drafts.keep("Night")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drafts.keep, "Night fell.")
            await trio.sleep(QUIET_SECONDS / 2)
            await drafts.keep("")
        assert library.draft("stage") == ""
