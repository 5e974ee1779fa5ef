"""The story as one file of sound."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
import soundfile
import trio

from dwnet.audio import CLIP_RATE, Sound, encode_clip
from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.node import Draft
from narrator_app import reading
from narrator_app.audiobook import NoSound
from narrator_app.errors import CommandIncomplete, NoSuchPlace
from narrator_app.recording import RecordingTooLong
from protocol.kinds import NARRATOR, Accepted, Cued, Line, Voiced
from protocol.sealing import encrypt_blob
from protocol.shapes import Clip, Span
from tests.kit.company import Evening, Person, open_desk
from tests.kit.sounds import pitch_of, tone

KEY = b"k" * 32


async def answer(evening: Evening, pim: Person, text: str, pitch: float, *, key: bytes = b"") -> None:
    """Pim's line of a second, with its sound on Pim's disk alone."""
    story, node = evening.narrator.story, evening.narrator.node
    audience = (NARRATOR, pim.seat) if key else None
    (cue,) = await node.write(Draft(Cued(pim.seat, 0, 0), (story.last_beat(),), audience))
    await evening.company.until(lambda: cue.id in pim.node.ledger.story.cues)
    body = Line((Span("speech", text),), "", b"", "")
    (line,) = await pim.node.write(Draft(body, (cue.id,), audience))
    data = encode_clip(tone(pitch, 1.0))
    stored = encrypt_blob(data, key) if key else data
    clip = Clip(BlobStore(pim.folder / "blobs").put(stored), len(stored), 1000)
    await pim.node.write(Draft(Voiced((clip,), "tone:a", key), (line.id,), audience))
    await evening.company.until(lambda: (line.id, line.author) in node.ledger.story.sounds)
    if line.id in node.ledger.story.offered:
        await node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))


def serve(pim: Person) -> None:
    """Whoever asks gets Pim's clips."""
    clips = Clips(pim.node, BlobStore(pim.folder / "blobs"))
    pim.nursery.start_soon(clips.run, pim.node.subscribe())


def heard(path: Path) -> list[Sound]:
    """What is in a file, cut at its silences."""
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == CLIP_RATE
    pieces, at, step = list[Sound](), -1, CLIP_RATE // 20
    loud = [abs(samples[start : start + step]).max() > 500 for start in range(0, len(samples), step)]
    for number, one in enumerate([*loud, False]):
        if one and at < 0:
            at = number
        elif not one and at >= 0:
            pieces.append(Sound(samples[at * step : number * step].astype("<i2").tobytes(), CLIP_RATE))
            at = -1
    return pieces


async def told(evening: Evening) -> Person:
    """Two scenes with a checkpoint: 200 Hz is the narrator, 300 and 400 Hz are Pim."""
    pim = await evening.play("Pim")
    evening.narrator.held = True
    await evening.desk.intents.tell("Night fell.", recording=tone(200, 1.0))
    await answer(evening, pim, "Aye.", 300)
    await evening.type("/checkpoint The storm")
    await evening.type("/scene Morning at the harbour")
    await answer(evening, pim, "Nay.", 400)
    serve(pim)
    return pim


async def test_the_story_is_one_file_and_what_has_no_sound_is_counted(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        await told(evening)
        for form in ("ogg", "wav"):
            path = tmp_path / f"story.{form}"
            await evening.type(f"/export {form} '{path}'")
            pieces = heard(path)
            assert [round(pitch_of(one), -1) for one in pieces] == [200, 300, 400], "fetched from Pim, in order"
            assert all(0.9 < one.seconds < 1.2 for one in pieces)
            assert evening.events("exported")[-1]["path"] == str(path)
            assert evening.events("notice")[-1]["what"] == "1 passage has no sound and is left out."
        assert soundfile.info(tmp_path / "story.wav").subtype == "PCM_16"


async def test_an_audiobook_has_chapters_at_checkpoints_and_scenes(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        await told(evening)
        await evening.type("/checkpoint The end")
        await evening.type(f"/export audiobook '{tmp_path / 'book.ogg'}'")
        with av.open(io.BytesIO((tmp_path / "book.ogg").read_bytes())) as book:
            chapters = [
                (one["start"] * float(one["time_base"] or 0), one["metadata"]["title"]) for one in book.chapters()
            ]
        assert [name for _, name in chapters] == ["The Lighthouse", "Morning at the harbour"]
        assert chapters[0][0] == 0 and 3.3 < chapters[1][0] < 3.8
        assert len(heard(tmp_path / "book.ogg")) == 3


async def test_a_part_of_it_lies_between_checkpoints_or_is_a_beat(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        await told(evening)
        path = tmp_path / "part.ogg"
        for how, pitches in {
            "--to 'The storm'": [200, 300],
            "--from 'The storm'": [400],
            "--beat": [400],
        }.items():
            await evening.type(f"/export ogg '{path}' {how}")
            assert [round(pitch_of(one), -1) for one in heard(path)] == pitches
        with pytest.raises(NoSuchPlace):
            await evening.type(f"/export ogg '{path}' --from Nowhere")
        for wrong in ("--from", "--loud", "--to 'The storm' text"):
            with pytest.raises(CommandIncomplete):
                await evening.type(f"/export ogg '{path}' {wrong}")
        with pytest.raises(CommandIncomplete):
            await evening.type(f"/export txt '{path}' --beat")


async def test_whispers_are_heard_only_when_asked_for(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await told(evening)
        await evening.type("/whisper Pim The key is under the stone.")
        await answer(evening, pim, "I saw it.", 250, key=KEY)
        serve(pim)
        path = tmp_path / "story.ogg"
        await evening.type(f"/export ogg '{path}'")
        assert len(heard(path)) == 3
        await evening.type(f"/export ogg '{path}' --with-whispers")
        assert round(pitch_of(heard(path)[-1]), -1) == 250


async def test_a_story_without_sound_is_no_file(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("Night fell.")
        with pytest.raises(NoSound):
            await evening.type(f"/export audiobook '{tmp_path / 'book.ogg'}'")
        assert not (tmp_path / "book.ogg").exists()


async def test_what_nobody_has_any_more_is_counted(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await told(evening)
        await pim.kill()
        await evening.type(f"/export ogg '{tmp_path / 'story.ogg'}'")
        assert "2 clips could not be had and are left out." in evening.events("notice")[-1]["what"]
        assert len(heard(tmp_path / "story.ogg")) == 1


async def test_a_closed_story_is_written_from_its_folder(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        await told(evening)
        await evening.type(f"/export ogg '{tmp_path / 'open.ogg'}'")
        settings = evening.settings
    path = tmp_path / "closed.ogg"
    left_out = await trio.to_thread.run_sync(
        lambda: reading.export_sound(settings, "", "ogg", path, with_whispers=False)
    )
    assert left_out.startswith("1 passage has no sound")
    assert len(heard(path)) == 3


async def test_a_long_recording_is_several_clips_and_silence_is_none(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        intents, story = evening.desk.intents, evening.narrator.story
        beat = await intents.tell("Night fell.", recording=tone(200, 70, rate=16_000))
        sound = evening.narrator.story.sound_of(evening.narrator.story.passages[beat.id].take)
        assert sound is not None and [round(one.milliseconds, -2) for one in sound.clips] == [60_000, 10_000]
        silent = await intents.tell("Nobody spoke.", recording=Sound(bytes(32_000), 16_000))
        story = evening.narrator.story
        assert story.sound_of(story.passages[silent.id].take) is None
        with pytest.raises(RecordingTooLong):
            await intents.tell("On and on.", recording=Sound(bytes(2 * 4_000 * 2_000), 4_000))
        assert "On and on." not in [one["text"] for one in evening.events("narrated")]
