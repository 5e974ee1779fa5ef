"""A voice spoken into a microphone at the desk, and given to a character that is played elsewhere. The desk's page
without a browser, since what is clicked lies far down in a form.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
import trio

from dwnet.audio import Sound, read_sound, resample
from dwnet.playback import open_player
from narrator_app.ear.voice_activity import spoken_seconds
from narrator_app.phrases import say
from peer.voice.reference import references
from tests.kit.hive import Hive
from tests.kit.program import PATIENCE
from tests.kit.spoken import RATE, spoken
from tests.narrator_app.ui.test_cast import Cast, cast_open
from tests.narrator_app.ui.test_cast_sample import SPOKEN, open_form

SAID = (
    "Somebody knocks at the door of the lighthouse, three slow knocks. Nobody has rowed out to this rock for a month."
)
TRIES = 4

pytestmark = pytest.mark.slow


async def play(sound: Sound) -> None:
    async with open_player() as player:
        assert player.why_silent is None
        await player.play(sound)


async def given(cast: Cast, sound: Sound) -> bool:
    """Record while this is played into the microphone, and give it. False when there was too little in it."""
    page, panel = cast.page, cast.panel
    await page.click(say("cast.sample_record"))
    await asyncio.to_thread(trio.run, play, sound)
    await page.until(lambda: "seconds of at most 60" in page.text(panel()), "enough is recorded", PATIENCE)
    await page.click(say("cast.sample_record_stop"))
    await page.until(lambda: say("cast.sample_recorded") in page.text(panel()), "it is recorded", PATIENCE)
    await page.type(cast.field(say("cast.sample_consent")), SPOKEN)
    await page.click(say("cast.sample_assign"))
    allowed, refused = say("cast.sample_allowed", consent=SPOKEN), "No voice can be taken"
    there = lambda: allowed in page.text(panel()) or refused in cast.said()  # noqa: E731
    await page.until(there, "it is given, or refused", PATIENCE)
    return allowed in page.text(panel())


def test_a_voice_that_is_recorded_arrives_where_its_character_is_played(
    quick: Hive, tmp_path: Path, room: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SINK", "mouth")
    monkeypatch.setenv("PULSE_SOURCE", "mouth.monitor")
    sound = trio.run(partial(spoken, SAID))
    folder = quick.folder("Pim") / "models" / "tts" / "reference_voices"

    async def evening() -> None:
        async with cast_open(tmp_path / "desk") as cast:
            await open_form(cast)
            await cast.tell(lambda: cast.casting.invite("Pim"))
            invited = cast.casting.invites.state(1)
            assert invited is not None
            quick.peer("Pim", invited.code)
            for _ in range(TRIES):  # on a busy machine sound has gaps, and what is left may be too little
                if await given(cast, sound):
                    break
            await cast.page.until(lambda: references(folder), "the recording is there", PATIENCE)

    asyncio.run(evening())
    (arrived,) = references(folder).values()
    assert arrived.with_suffix(".txt").read_text() == f"{SPOKEN}\n"
    assert spoken_seconds(resample(read_sound(arrived.read_bytes()), RATE)) > 1
