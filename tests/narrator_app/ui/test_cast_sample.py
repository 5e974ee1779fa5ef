"""A voice from a recording in a character's form: picked, cut, heard, given with a consent, taken back."""

from __future__ import annotations

import asyncio
import gc
import io
from pathlib import Path

import flet as ft
import pytest
import soundfile

from dwnet.audio import Sound, read_sound
from dwnet.blob_store import BlobStore
from dwnet.voice_sample import sample_of
from narrator_app.phrases import say
from protocol.kinds import Sampled
from protocol.sealing import decrypt_blob
from tests.kit.sounds import samples_of, tone
from tests.narrator_app.ui.test_cast import PIM, Cast, cast_open, picked

SPOKEN = "My own voice, for this story. The narrator."


def recording(seconds: float = 20.0) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples_of(tone(200, seconds)), 24_000, format="WAV")
    return file.getvalue()


def sample(cast: Cast) -> Sampled | None:
    return sample_of(cast.evening.desk.narrator.node.ledger, 1)


async def open_form(cast: Cast) -> None:
    await cast.cast(PIM)
    await cast.page.press("Arrow Down")
    await cast.page.press("E")


async def pick(cast: Cast, seconds: float = 20.0) -> None:
    await cast.page.click(say("cast.sample_pick"))
    words = say("cast.sample_file", name="me.wav", seconds=f"{seconds:.1f}")
    await cast.page.until(lambda: words in cast.page.text(cast.panel()))


async def slide(cast: Cast, name: str, second: float) -> None:
    slider = cast.page.one(ft.Slider, cast.page.one(ft.Semantics, cast.panel(), label=say(name)))
    cast.page.session.apply_patch(slider._i, {"value": second})
    await cast.page.fire(slider, "change", second)


async def give(cast: Cast) -> None:
    await cast.page.type(cast.field(say("cast.sample_consent")), SPOKEN)
    await cast.page.click(say("cast.sample_assign"))
    await cast.page.until(lambda: say("cast.sample_allowed", consent=SPOKEN) in cast.page.text(cast.panel()))


def test_a_recording_is_cut_and_given_and_the_form_goes_on_with_its_voice(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(recording(), "me.wav")) as cast:
            page = cast.page
            await open_form(cast)
            await pick(cast)
            assert say("cast.sample_end", second="15.0", seconds="15.0") in page.text(cast.panel())
            await slide(cast, "cast.sample_start_name", 4.0)
            await slide(cast, "cast.sample_end_name", 12.5)
            assert say("cast.sample_start", second="4.0") in page.text(cast.panel())
            assert say("cast.sample_end", second="12.5", seconds="8.5") in page.text(cast.panel())
            await give(cast)
            given = sample(cast)
            assert given is not None and given.consent == SPOKEN and cast.seat(1).voice == f"xtts:{given.name}"
            stored = BlobStore(cast.desk.house.evenings.settings.blobs).read(given.blob)
            assert read_sound(decrypt_blob(stored, given.key)).seconds == pytest.approx(8.5, abs=0.1)
            assert not page.all(ft.Semantics, label=say("cast.sample_end_name"))
            assert say("cast.changed_none") in page.text(cast.panel())
            await page.type(cast.field(say("cast.goals")), "To sing.")
            await page.press("S", ctrl=True)
            await page.until(lambda: not page.has("cast-panel"))
            assert cast.seat(1).voice == f"xtts:{given.name}"

    asyncio.run(evening())


def test_without_a_word_on_who_allowed_it_nothing_is_given(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(recording(), "me.wav")) as cast:
            await open_form(cast)
            await pick(cast)
            await cast.page.type(cast.field(say("cast.sample_consent")), "  ")
            await cast.page.click(say("cast.sample_assign"))
            assert cast.field(say("cast.sample_consent")).error == say("cast.sample_no_consent")
            assert sample(cast) is None and cast.seat(1).voice == PIM.voice

    asyncio.run(evening())


def test_what_is_taken_back_leaves_a_voice_of_its_own(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(recording(8.0), "me.wav")) as cast:
            page = cast.page
            await open_form(cast)
            await pick(cast, 8.0)
            await give(cast)
            await page.press("Escape")
            await page.press("E")
            await page.until(lambda: say("cast.sample_allowed", consent=SPOKEN) in page.text(cast.panel()))
            await page.click(say("cast.sample_remove"))
            await page.until(lambda: say("cast.sample_removed") in cast.said())
            await page.until(lambda: say("cast.sample_remove") not in page.text(cast.panel()))
            assert sample(cast) is None and cast.seat(1).voice == ""
            assert say("cast.changed_none") in page.text(cast.panel())

    asyncio.run(evening())


def test_the_part_that_is_cut_is_what_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(recording(), "me.wav")) as cast:
            heard: list[Sound] = []

            async def play(sound: Sound) -> float:
                heard.append(sound)
                return sound.seconds

            player = cast.evening.player
            monkeypatch.setattr(player, "why_silent", None)
            monkeypatch.setattr(player, "play", play)
            await open_form(cast)
            await pick(cast)
            await slide(cast, "cast.sample_start_name", 10.0)
            await cast.page.click(say("cast.sample_hear"))
            await cast.page.until(lambda: heard)
            assert heard[0].seconds == pytest.approx(5.0, abs=0.01)

    asyncio.run(evening())


def test_what_is_no_recording_is_said_in_the_quiet_bar(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(b"%PDF-1.7", "me.pdf")) as cast:
            await open_form(cast)
            await cast.page.click(say("cast.sample_pick"))
            await cast.page.until(lambda: "No voice can be taken from this recording" in cast.said())
            assert not cast.page.all(ft.Semantics, label=say("cast.sample_start_name"))

    asyncio.run(evening())


def test_too_little_is_said_at_the_sliders_and_refused(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(recording(8.0), "me.wav")) as cast:
            page = cast.page
            await open_form(cast)
            await pick(cast, 8.0)
            await slide(cast, "cast.sample_start_name", 7.0)
            assert say("cast.sample_short", least=3) in page.text(cast.panel())
            await page.type(cast.field(say("cast.sample_consent")), SPOKEN)
            await page.click(say("cast.sample_assign"))
            await page.until(lambda: "3 is the least" in cast.said())
            await slide(cast, "cast.sample_start_name", 8.0)
            assert say("cast.sample_end", second="8.0", seconds="0.1") in page.text(cast.panel())
            await slide(cast, "cast.sample_end_name", 2.0)
            assert say("cast.sample_start", second="1.9") in page.text(cast.panel())
            assert sample(cast) is None

    asyncio.run(evening())


def test_somebody_new_is_told_when_a_recording_can_be_given(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            await cast.page.press("N")
            assert say("cast.sample_new") in cast.page.text(cast.panel())
            assert say("cast.sample_pick") not in cast.page.text(cast.panel())

    asyncio.run(evening())


def test_a_form_that_is_shut_meanwhile_changes_nothing_of_it(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers=picked(recording(8.0), "me.wav")) as cast:
            page = cast.page
            await open_form(cast)
            await pick(cast, 8.0)
            await page.type(cast.field(say("cast.sample_consent")), SPOKEN)
            await page.click(say("cast.sample_assign"))
            await page.press("Escape")
            gc.collect()
            await page.until(lambda: say("cast.sample_assigned") in cast.said())
            await page.press("E")
            await page.until(lambda: say("cast.sample_allowed", consent=SPOKEN) in page.text(cast.panel()))
            assert say("cast.changed_none") in page.text(cast.panel())

    asyncio.run(evening())


def test_a_shorter_recording_takes_the_place_of_one_that_was_picked(tmp_path: Path) -> None:
    async def evening() -> None:
        answers = picked(recording(), "me.wav")
        async with cast_open(tmp_path, answers=answers) as cast:
            await open_form(cast)
            await pick(cast)
            answers.update(picked(recording(5.0), "me.wav"))
            await pick(cast, 5.0)
            assert say("cast.sample_end", second="5.0", seconds="5.0") in cast.page.text(cast.panel())
            assert [one.max for one in cast.page.all(ft.Slider, cast.panel(), divisions=50)] == [5.0, 5.0]

    asyncio.run(evening())
