"""A voice recorded at the desk, for a character: begun, ended in every way, and there again; with a microphone that the
test speaks into.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from dwnet.audio import read_sound
from dwnet.blob_store import BlobStore
from narrator_app.ear.dictation import State
from narrator_app.ear.microphone import NoMicrophone
from narrator_app.phrases import say
from protocol.sealing import decrypt_blob
from tests.kit.sounds import pitch_of, tone
from tests.kit.told_aloud import Room
from tests.narrator_app.ui.test_cast import Cast, cast_open, picked
from tests.narrator_app.ui.test_cast_sample import SPOKEN, give, open_form, pick, recording, sample, slide

LONG = 60.0  # seconds; a bound for a busy machine


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(monkeypatch)


def at_the_cast(
    folder: Path, play: Callable[[Cast], Awaitable[None]], answers: dict[str, object] | None = None
) -> None:
    async def evening() -> None:
        async with cast_open(folder, answers=answers) as cast:
            await open_form(cast)
            await play(cast)

    asyncio.run(evening())


def recorded(seconds: float) -> str:
    return say("cast.sample_file", name=say("cast.sample_recorded"), seconds=f"{seconds:.1f}")


def shows(cast: Cast, words: str) -> bool:
    return cast.page.has("cast-panel") and words in cast.page.text(cast.panel())


async def begin(cast: Cast, room: Room, seconds: int) -> None:
    """Record, and hum for so long."""
    await cast.page.click(say("cast.sample_record"))
    await cast.page.until(lambda: room.is_open, "the microphone is open", LONG)
    await cast.tell(lambda: room.sound(tone(200, seconds, rate=24_000)))
    words = say("cast.sample_recording", seconds=seconds, most=60)
    await cast.page.until(lambda: shows(cast, words), words, LONG)


async def until_recorded(cast: Cast, room: Room, seconds: float) -> None:
    await cast.page.until(lambda: not room.is_open, "the microphone is shut", LONG)
    await cast.page.until(lambda: shows(cast, recorded(seconds)), recorded(seconds), LONG)


def test_what_is_recorded_is_cut_and_given_like_a_file(tmp_path: Path, room: Room) -> None:
    async def play(cast: Cast) -> None:
        await begin(cast, room, 9)
        assert not shows(cast, say("cast.sample_pick")) and room.is_open
        await cast.page.click(say("cast.sample_record_stop"))
        await until_recorded(cast, room, 9.0)
        await slide(cast, "cast.sample_start_name", 3.0)
        await give(cast)
        given = sample(cast)
        assert given is not None and given.consent == SPOKEN
        stored = BlobStore(cast.desk.house.evenings.settings.blobs).read(given.blob)
        sound = read_sound(decrypt_blob(stored, given.key))
        assert sound.seconds == pytest.approx(6.0, abs=0.1) and pitch_of(sound) == pytest.approx(200, abs=5)

    at_the_cast(tmp_path, play)


def test_it_ends_by_itself_when_a_sample_could_not_be_longer(tmp_path: Path, room: Room) -> None:
    async def play(cast: Cast) -> None:
        await cast.page.click(say("cast.sample_record"))
        await cast.tell(lambda: room.sound(tone(200, 62, rate=24_000)))
        await until_recorded(cast, room, 60.0)

    at_the_cast(tmp_path, play)


@pytest.mark.parametrize("key", ["Escape", "Control+1", "Control+D"])
def test_who_looks_away_ends_it_and_finds_it_there_again(tmp_path: Path, room: Room, key: str) -> None:
    async def play(cast: Cast) -> None:
        page = cast.page
        await begin(cast, room, 4)
        control, _, last = key.rpartition("+")
        await page.press(last, ctrl=bool(control))
        await page.until(lambda: not page.has("cast-panel"))
        await cast.tell(lambda: room.sound(tone(200, 2, rate=24_000)))
        await page.until(lambda: not room.is_open, "the microphone is shut", LONG)
        if key == "Control+1":
            await page.press("2", ctrl=True)
        else:
            await page.until(lambda: page.has("tile-1"))
            if key == "Control+D":
                await page.press("Arrow Down")
            await page.press("E")
        await until_recorded(cast, room, 4.0)

    at_the_cast(tmp_path, play)


def test_it_ends_with_the_desk(tmp_path: Path, room: Room) -> None:
    async def play(cast: Cast) -> None:
        await begin(cast, room, 4)

    at_the_cast(tmp_path, play)
    assert not room.is_open


def test_the_ear_of_the_stage_ends_when_a_voice_is_recorded(tmp_path: Path, room: Room) -> None:
    async def play(cast: Cast) -> None:
        stenographer = cast.evening.desk.stenographer

        def state() -> State:
            return stenographer.dictation.state

        await cast.tell(lambda: stenographer.begin(hands_free=True))
        assert state() is State.WAITING
        await begin(cast, room, 4)
        assert state() is State.OFF
        await cast.page.click(say("cast.sample_record_stop"))
        await until_recorded(cast, room, 4.0)

    at_the_cast(tmp_path, play)


def test_a_recording_ends_when_the_ear_of_the_stage_is_opened(tmp_path: Path, room: Room) -> None:
    async def play(cast: Cast) -> None:
        await begin(cast, room, 4)
        await cast.tell(lambda: cast.evening.desk.stenographer.begin(hands_free=True))
        for _ in range(4):  # the two share the microphone of this test, and each takes every other piece
            await cast.tell(lambda: room.sound(tone(200, 0.2, rate=24_000)))
        await cast.page.until(lambda: shows(cast, recorded(4.0)), recorded(4.0), LONG)

    at_the_cast(tmp_path, play)


def test_without_a_microphone_it_is_said_and_a_file_can_be_chosen(tmp_path: Path, room: Room) -> None:
    async def play(cast: Cast) -> None:
        room.trouble = NoMicrophone(why="this machine has no sound system")
        await cast.page.click(say("cast.sample_record"))
        await cast.page.until(lambda: "No voice can be recorded here: this machine has no sound system" in cast.said())
        assert "Settings, Hearing" in cast.said()
        await cast.page.until(lambda: shows(cast, say("cast.sample_pick")))
        assert not shows(cast, say("cast.sample_hear"))

    at_the_cast(tmp_path, play)


def test_a_microphone_that_goes_away_leaves_what_was_recorded(tmp_path: Path, room: Room) -> None:
    async def play(cast: Cast) -> None:
        room.goes_away = True
        await cast.page.click(say("cast.sample_record"))
        await cast.tell(lambda: room.sound(tone(200, 5, rate=24_000)))
        await cast.page.until(lambda: "brings no sound any more" in cast.said(), seconds=LONG)
        await cast.page.until(lambda: shows(cast, recorded(5.0)), recorded(5.0), LONG)

    at_the_cast(tmp_path, play)


def test_what_was_picked_cut_and_allowed_is_there_again(tmp_path: Path) -> None:
    async def play(cast: Cast) -> None:
        page = cast.page
        await pick(cast)
        await slide(cast, "cast.sample_start_name", 6.5)
        await page.type(cast.field(say("cast.sample_consent")), SPOKEN)
        await page.press("Escape")
        await page.until(lambda: not page.has("cast-panel"))
        await page.press("E")
        await page.until(lambda: shows(cast, say("cast.sample_start", second="6.5")))
        assert cast.field(say("cast.sample_consent")).value == SPOKEN
        await page.click(say("cast.sample_assign"))
        await page.until(lambda: shows(cast, say("cast.sample_allowed", consent=SPOKEN)))
        assert not shows(cast, say("cast.sample_hear"))

    at_the_cast(tmp_path, play, answers=picked(recording(), "me.wav"))
