"""The page with voices, ears and models, against a made-up Hugging Face."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import flet as ft
import pytest

from dwnet.catalogue import offer, offers
from narrator_app.phrases import say
from narrator_app.views.setup import SECTIONS
from tests.kit.desk import desk_with_screens
from tests.kit.flet_page import FletPage
from tests.kit.hub_server import MadeUpHub, serving_hub
from tests.kit.tiny_piper import tiny_piper

WRITER = offer("model", "smollm2-360m")
XTTS = offer("voice", "xtts")
VOICE = offers("voice")[0]
SECONDS = 60.0  # a bound for a busy machine


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


async def provisions(page: FletPage) -> None:
    await page.until(lambda: bool(page.all(ft.TextButton, tooltip=lambda text: "Settings" in str(text))))
    await page.click(page.all(ft.TextButton, tooltip=lambda text: "Settings" in str(text))[0])
    await page.click("Voices, models")
    assert page.has("provisions")


def row(page: FletPage, name: str) -> str:
    return page.text(page.identified(f"provision-{name}"))


async def offered(page: FletPage, what: str) -> None:
    """Wait for a button of this name; rows follow what happened in a moment."""
    await page.until(lambda: bool(page.all(ft.IconButton, tooltip=what)), seconds=SECONDS)


def test_everything_that_can_be_fetched_is_shown_with_what_it_needs(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await provisions(page)
            assert "cores" in page.text()
            for one in (*offers("model"), *offers("ear"), *offers("voice")):
                assert one.about in row(page, one.name) and one.licence in row(page, one.name)
                assert page.named(f"Fetch {one.name}")  # each button can be told from the others by ear

    asyncio.run(evening())


def test_a_writer_is_fetched_used_for_new_characters_and_removed(tmp_path: Path, hub: MadeUpHub) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await provisions(page)
            await page.click(f"Fetch {WRITER.name}")
            await page.until(lambda: f"{WRITER.name} is here." in page.text(), seconds=SECONDS)
            path = tmp_path / "models" / "llm" / "base_models" / WRITER.files[0]
            assert path.is_file()
            await offered(page, f"Remove {WRITER.name} from this computer")
            await page.click(f"New characters shall think with {WRITER.name}")
            await page.until(lambda: "new characters" in row(page, WRITER.name), seconds=SECONDS)
            assert desk.evening.desk.casting.here.writer == str(path)
            await offered(page, f"Remove {WRITER.name} from this computer")
            await page.click(f"Remove {WRITER.name} from this computer")
            assert path.is_file()  # a question first
            await page.click("Remove it")
            await page.until(lambda: f"{WRITER.name} is removed." in page.text(), seconds=SECONDS)
            assert not path.exists() and desk.evening.desk.casting.here.writer == "default"
            await offered(page, f"Fetch {WRITER.name}")

    asyncio.run(evening())


def test_what_comes_shows_how_far_it_is_and_can_be_stopped_from_every_page(tmp_path: Path, hub: MadeUpHub) -> None:
    async def evening() -> None:
        hub.stops_at = 200_000
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as one, desk.page() as other:
            await provisions(one)
            await provisions(other)
            await one.click(f"Fetch {WRITER.name}")
            await other.until(lambda: "MB of 0.4 MB" in row(other, WRITER.name), seconds=SECONDS)
            (bar,) = other.all(ft.ProgressBar, other.identified(f"provision-{WRITER.name}"))
            assert bar.value is not None and 0 < bar.value < 1
            assert getattr(other.named("Fetch tiny"), "disabled", False)
            await other.click(f"Stop fetching {WRITER.name}; what came is kept")
            await one.until(lambda: "was stopped" in one.text(), seconds=SECONDS)
            await offered(other, f"Fetch {WRITER.name}")

    asyncio.run(evening())


def test_terms_are_read_and_agreed_to_before_anything_is_asked(tmp_path: Path, hub: MadeUpHub) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await provisions(page)
            await page.click("Fetch xtts")
            assert "not commercial" in row(page, "xtts") and hub.asked == []
            await page.click("Not now")
            assert "not commercial" not in row(page, "xtts") and hub.asked == []
            await page.click("Fetch xtts")
            await page.click("I agree: fetch it")
            await page.until(lambda: "xtts is here." in page.text(), seconds=SECONDS)
            assert (tmp_path / "models" / "tts" / "xtts" / "tos_agreed.txt").is_file()

    asyncio.run(evening())


def test_what_goes_wrong_is_said_in_the_quiet_bar(tmp_path: Path, hub: MadeUpHub) -> None:
    async def evening() -> None:
        hub.lies = {WRITER.files[0]}
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await provisions(page)
            await page.click(f"Fetch {WRITER.name}")
            await page.until(lambda: "thrown away" in page.text(), seconds=SECONDS)
            await offered(page, f"Fetch {WRITER.name}")

    asyncio.run(evening())


def test_it_is_reached_by_key(tmp_path: Path) -> None:
    async def evening() -> None:
        async with desk_with_screens(tmp_path, "The Lamp") as desk, desk.page() as page:
            await provisions(page)
            await page.press("Page Up")
            assert not page.has("provisions")
            await page.press("Page Down")
            assert page.has("provisions") and "provisions" in SECTIONS

    asyncio.run(evening())


def test_a_voice_that_was_fetched_can_be_given_to_a_character_at_once(tmp_path: Path, hub: MadeUpHub) -> None:
    place = tmp_path / "made" / tiny_piper(tmp_path / "made", VOICE.name)
    (place / "MODEL_CARD").write_text("Tones.")
    hub.files[VOICE.repository] = {file: (place / Path(file).name).read_bytes() for file in VOICE.files}

    async def choices(page: FletPage) -> list[str]:
        """The voices that a new character's form finds by this name."""
        await page.press("N")
        await page.until(lambda: bool(page.all(ft.TextButton, page.identified("cast-panel"))), seconds=SECONDS)
        await page.until(lambda: len(page.all(ft.TextButton, page.identified("cast-panel"))) > 5, seconds=SECONDS)
        await page.type(page.one(ft.TextField, label=say("cast.voice_search")), VOICE.name)
        await page.idle()
        return [str(one.content) for one in page.all(ft.TextButton, page.identified("cast-panel"))]

    async def evening() -> None:
        async with desk_with_screens(tmp_path / "data", "The Lamp") as desk, desk.page() as page:
            (shown,) = desk.house.pages
            shown.go("cast")
            await page.until(lambda: page.has("cast"))
            assert VOICE.name not in await choices(page)
            await page.press("Escape")
            shown.go("settings")
            await page.click("Voices, models")
            await page.click(f"Fetch {VOICE.name}")
            await offered(page, f"Remove {VOICE.name} from this computer")
            shown.go("cast")
            assert VOICE.name in await choices(page)

    asyncio.run(evening())
