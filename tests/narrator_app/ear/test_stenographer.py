"""What becomes of what the narrator says: told, obeyed, kept as sound, or left as a file. A real evening, a microphone
that the test speaks into, and an ear that understands what it is told to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from dwnet.audio import Sound, concatenate, decode_clip, read_sound
from dwnet.blob_store import BlobStore
from narrator_app.commands import obey
from narrator_app.ear.contract import EarFailed
from narrator_app.ear.dictation import State
from narrator_app.ear.voice_activity import spoken_seconds
from tests.kit.desk import OpenDesk, desk_with_screens
from tests.kit.told_aloud import Room

SENTENCE = "The lamp goes out."
LONG = 15.0  # seconds of a glance that no test waits for


class Narrator:
    """Somebody who talks to an evening."""

    def __init__(self, desk: OpenDesk, room: Room) -> None:
        self.desk = desk
        self.room = room

    @property
    def state(self) -> State:
        return self.desk.evening.desk.stenographer.dictation.state

    @property
    def told(self) -> list[str]:
        story = self.desk.evening.desk.narrator.story
        return ["".join(span.text for span in story.spans_of(one.take)) for one in story.path()]

    def events(self, event: str) -> list[dict[str, object]]:
        return [one for one in self.desk.happened if one["event"] == event]

    async def type(self, line: str) -> None:
        await self.desk.story(lambda: obey(line, self.desk.evening.desk))

    async def until(self, there: Callable[[], object], what: str) -> None:
        await self.desk.until(there, what)

    async def say(self, words: str) -> None:
        """Hold, speak, let go; the ear understands these words."""
        self.room.words = words
        await self.type("/listen hold")
        await self.until(lambda: self.state is State.TAKING, "it listens")
        await self.desk.story(self.room.speak)
        await self.until(lambda: self.room.is_silent, "all was heard")
        await self.type("/listen off")

    async def dictate(self, words: str) -> None:
        """Say this, until it waits for the narrator's word."""
        await self.say(words)
        await self.until(lambda: self.state is State.SHOWN, "it is shown")

    def sound(self) -> Sound | None:
        """What can be heard of the last narration."""
        story = self.desk.evening.desk.narrator.story
        voiced = story.sound_of(list(story.path())[-1].take)
        blobs = BlobStore(self.desk.evenings.settings.blobs)
        return concatenate([decode_clip(blobs.read(clip.blob)) for clip in voiced.clips]) if voiced else None


def evening(
    folder: Path, patch: pytest.MonkeyPatch, play: Callable[[Narrator, Room], Awaitable[None]], **habits: object
) -> None:
    async def tell() -> None:
        async with desk_with_screens(folder, "The Lamp") as desk:
            desk.house.looks.change(**{"glance": 0.0, **habits})
            room = Room(patch)
            await play(Narrator(desk, room), room)

    asyncio.run(tell())


def test_what_an_ear_that_fails_did_not_hear_is_left_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        room.failure = EarFailed(spec=room.spec, why="its process ended")
        await narrator.say(SENTENCE)
        await narrator.until(lambda: narrator.events("error"), "it is said")
        (path,) = tmp_path.rglob("unheard/said-*.flac")
        assert "its process ended" in str(narrator.events("error")[0]["what"])
        assert str(path) in str(narrator.events("error")[0]["hint"])
        assert spoken_seconds(read_sound(path.read_bytes())) > 0.4
        await narrator.until(lambda: narrator.state is State.OFF, "it listens no more")
        assert narrator.told == []
        room.failure = None
        await narrator.say(SENTENCE)
        await narrator.until(lambda: narrator.told == [SENTENCE], "the next one is told")

    evening(tmp_path, monkeypatch, play)


def test_where_it_cannot_be_left_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        (narrator.desk.evening.home.settings.root / "unheard").write_text("no folder")
        room.failure = EarFailed(spec=room.spec, why="its process ended")
        await narrator.say(SENTENCE)
        await narrator.until(lambda: narrator.events("error"), "it is said")
        assert "unheard" in str(narrator.events("error")[0]["what"])
        await narrator.until(lambda: narrator.state is State.OFF, "it listens no more")

    evening(tmp_path, monkeypatch, play)


def test_what_was_said_before_the_microphone_went_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        room.goes_away = True
        await narrator.type("/listen hold")
        await narrator.until(lambda: narrator.state is State.TAKING, "it listens")
        await narrator.desk.story(room.speak)
        await narrator.until(lambda: narrator.told == [SENTENCE], "it is told")
        assert "brings no sound any more" in str(narrator.events("error")[0]["what"])
        assert narrator.state is State.OFF and not room.is_open

    evening(tmp_path, monkeypatch, play)


@pytest.mark.parametrize("keep_voice", [True, False])
def test_a_narration_keeps_the_voice_it_was_said_in_if_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep_voice: bool
) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        await narrator.say(SENTENCE)
        await narrator.until(lambda: narrator.told == [SENTENCE], "it is told")
        sound = narrator.sound()
        assert (sound is not None) == keep_voice
        assert sound is None or 0.4 < sound.seconds < 2

    evening(tmp_path, monkeypatch, play, keep_voice=keep_voice)


def test_the_sound_is_that_of_all_that_is_told_and_of_nothing_that_was_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        lengths = []
        for dropped, said in ((1, 1), (0, 2)):
            for _ in range(dropped):
                await narrator.dictate("Never mind.")
                await narrator.type("/listen drop")
            for _ in range(said):
                await narrator.dictate(SENTENCE)
            await narrator.type("/listen send")
            wanted = " ".join([SENTENCE] * said)
            await narrator.until(lambda wanted=wanted: narrator.told[-1:] == [wanted], "it is told")  # type: ignore[misc]
            sound = narrator.sound()
            assert sound is not None
            lengths.append(sound.seconds)
        assert lengths[1] == pytest.approx(2 * lengths[0], rel=0.3)

    evening(tmp_path, monkeypatch, play, keep_voice=True, glance=LONG)


def test_a_command_is_obeyed_and_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        await narrator.type(SENTENCE)
        await narrator.say("Narrator, checkpoint the old gate.")
        await narrator.until(lambda: narrator.events("checkpoint"), "it is obeyed")
        assert narrator.events("checkpoint")[0]["name"] == "the old gate"
        assert narrator.told == [SENTENCE] and narrator.state is State.OFF

    evening(tmp_path, monkeypatch, play, spoken_commands=True)


def test_a_hush_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        await narrator.say("Narrator, hush!")
        await narrator.until(lambda: narrator.events("notice"), "it is obeyed")
        assert str(narrator.events("notice")[0]["what"]).startswith("Hush.") and narrator.told == []
        assert "shown" not in [one["state"] for one in narrator.events("hearing")]

    evening(tmp_path, monkeypatch, play, spoken_commands=True, glance=LONG)


def test_a_command_is_told_like_anything_else_where_none_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        await narrator.say("Narrator, hush!")
        await narrator.until(lambda: narrator.told == ["Narrator, hush!"], "it is told")

    evening(tmp_path, monkeypatch, play)


@pytest.mark.parametrize(
    ("words", "why"), [("Narrator, rewind to nowhere.", "nowhere"), ("@Someone comes in.", "Someone")]
)
def test_what_cannot_be_done_waits_to_be_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, why: str
) -> None:
    async def play(narrator: Narrator, room: Room) -> None:
        await narrator.say(words)
        await narrator.until(lambda: narrator.state is State.MENDING, "it waits")
        assert why in str(narrator.events("error")[0]["what"]) and narrator.told == []
        await narrator.type("/listen send The door stays shut.")
        await narrator.until(lambda: narrator.told == ["The door stays shut."], "it is told")

    evening(tmp_path, monkeypatch, play, spoken_commands=True)
