"""A voice spoken into the microphone at the desk, and given to a character that is played elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

import pytest
import trio

from dwnet.audio import Sound, read_sound, resample
from dwnet.playback import open_player
from narrator_app.ear.voice_activity import spoken_seconds
from narrator_app.phrases import say
from narrator_app.views.voice_form import voice_of, voice_words
from peer.voice.reference import references
from tests.kit.browser import Chromium
from tests.kit.hive import Hive
from tests.kit.sitting import Sitting, in_place, sit_down
from tests.kit.spoken import RATE, spoken

SAID = (
    "Somebody knocks at the door of the lighthouse, three slow knocks. Nobody has rowed out to this rock for a month."
)
CONSENT = "A machine's voice; nobody has to allow it."
TRIES = 4

pytestmark = pytest.mark.slow


@pytest.fixture
def aside() -> Iterator[Executor]:
    """A thread for trio: the browser has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        yield thread


async def play(sound: Sound) -> None:
    async with open_player() as player:
        assert player.why_silent is None
        await player.play(sound)


def open_form(quick: Hive, sitting: Sitting) -> None:
    """Change Pim, and wait until the voices are listed: until then everything below them moves."""
    tab = sitting.tab
    _, events, _, _ = quick.run("voice", "list", "--json")
    picked = [str(one["voice"]) for one in events if one["event"] == "voice" and one["picked"]]
    tab.click(tab.identified("tile-1").get_by_role("button", name=say("cast.edit")))
    tab.see(voice_words(voice_of(picked[-1])))


def record(sitting: Sitting, aside: Executor, sound: Sound) -> None:
    """Record while this is played into the microphone."""
    tab = sitting.tab
    tab.click(say("cast.sample_record"))
    tab.see(say("cast.sample_record_stop"))
    aside.submit(trio.run, play, sound).result()
    tab.see("seconds of at most 60")
    tab.click(say("cast.sample_record_stop"))
    tab.see(say("cast.sample_recorded"))


def give(sitting: Sitting) -> bool:
    """Give it to the character. False when there was too little in it."""
    tab, given = sitting.tab, say("cast.sample_allowed", consent=CONSENT)
    tab.type(say("cast.sample_consent"), CONSENT)
    tab.click(say("cast.sample_assign"))
    refused = "No voice can be taken"
    tab.wait(lambda: tab.says(given) or refused in sitting.told_at_the_foot(), "it is given, or refused")
    return tab.says(given)


def test_a_voice_that_is_recorded_arrives_where_its_character_is_played(
    quick: Hive, browser: Chromium, room: dict[str, str], monkeypatch: pytest.MonkeyPatch, aside: Executor
) -> None:
    monkeypatch.setenv("PULSE_SINK", "mouth")
    sound = aside.submit(trio.run, partial(spoken, SAID)).result()
    desk = quick.desk(story="The Lighthouse", environment={"PULSE_SINK": "room", "PULSE_SOURCE": "mouth.monitor"})
    with sit_down(browser, desk) as sitting:
        pim = in_place(quick, sitting, "Pim")["Pim"]
        sitting.go("cast")
        open_form(quick, sitting)
        for _ in range(TRIES):  # on a busy machine sound has gaps, and what is left may be too little
            record(sitting, aside, sound)
            if give(sitting):
                break
        else:
            raise AssertionError(sitting.tab.report())
    folder = quick.folder("Pim") / "models" / "tts" / "reference_voices"
    pim.until(lambda: bool(references(folder)), "the recording is there")
    (arrived,) = references(folder).values()
    assert arrived.with_suffix(".txt").read_text() == f"{CONSENT}\n"
    assert spoken_seconds(resample(read_sound(arrived.read_bytes()), RATE)) > 1
