from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import soundfile
import trio
from trio.testing import MockClock

from dwnet.audio import CLIP_RATE, Sound, encode_clip
from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.hearing import Said
from dwnet.node import BEFORE, Draft
from dwnet.playback import NoAudioDevice, Player
from dwnet.stage import LineVoiced, NothingToHear, Shown, Stage, Words
from protocol.entry import Entry
from protocol.errors import Code
from protocol.kinds import NARRATOR, Accepted, Line, Missed, Narrated, Voiced
from protocol.moments import ClipMade, Hush, Tokens
from protocol.shapes import Clip, Span
from tests.kit.company import Company, Person
from tests.kit.sounds import samples_of, tone

DEVICE = CLIP_RATE // 10  # frames the device takes at once
SECOND = tone(440, 1.0)


@dataclass
class Hall:
    """The narrator's stage; Mira, who speaks on it; and a loudspeaker that turns when it is told to."""

    company: Company
    mira: Person
    stage: Stage
    voice: Clips
    shown: list[Shown]
    heard: bytearray = field(default_factory=bytearray)

    @property
    def player(self) -> Player:
        return self.stage.player

    def said(self) -> list[Said]:
        return [one for one in self.shown if isinstance(one, Said)]

    async def listen(self, seconds: float) -> None:
        """The device takes so much sound."""
        for _ in range(round(seconds * CLIP_RATE / DEVICE)):
            self.heard += self.player._take(DEVICE)
            await trio.sleep(DEVICE / CLIP_RATE)

    async def ask(self) -> Entry:
        await self.company.narrate("Night fell.", self.mira)
        cue = await self.company.cue(self.mira)
        await self.company.until(lambda: cue.id in self.mira.node.ledger.story.cues)
        return cue

    async def voices(self, cue: Entry, *sentences: tuple[str, bytes], key: bytes = b"") -> tuple[Clip, ...]:
        """Mira speaks: each sentence as it streams, with its clip."""
        clips, characters = [], 0
        for index, (sentence, data) in enumerate(sentences):
            characters += len(sentence)
            blob = await self.voice.put(data)
            clips.append(Clip(blob, len(data), 1000))
            for moment in (
                Tokens(cue.id, index, sentence, 0),
                ClipMade(cue.id, index, blob, len(data), 1000, characters, key),
            ):
                self.mira.node.say(moment.kind, moment.pack())
        return tuple(clips)

    async def writes(self, cue: Entry, text: str, clips: tuple[Clip, ...]) -> Entry:
        """Mira's line, and what it sounded like; the narrator lets it in."""
        body = Line((Span("speech", text),), "", b"", "")
        (line,) = await self.mira.node.write(Draft(body, (cue.id,)))
        await self.mira.node.write(Draft(Voiced(clips, "tone:a", b""), (line.id,)))
        node = self.company.narrator.node
        await self.company.until(lambda: (line.id, line.author) in node.ledger.story.sounds)
        await node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))
        return line

    async def tell(self, text: str, *sentences: str) -> Entry:
        """A whole line, heard by nobody yet."""
        cue = await self.ask()
        clips = await self.voices(cue, *((one, encode_clip(SECOND)) for one in sentences))
        return await self.writes(cue, text, clips)


@pytest.fixture
async def hall(tmp_path: Path, autojump_clock: MockClock) -> AsyncIterator[Hall]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        narrator = await company.begin()
        mira = await company.join("M" * 64)
        voice = Clips(mira.node, BlobStore(mira.folder / "blobs"))
        clips = Clips(narrator.node, BlobStore(narrator.folder / "blobs"))
        shown: list[Shown] = []
        stage = Stage(narrator.node, clips, Player(), narrator.folder / "audio", shown.append)
        mira.nursery.start_soon(voice.run, mira.node.subscribe())
        narrator.nursery.start_soon(clips.run, narrator.node.subscribe())
        narrator.nursery.start_soon(stage.run, narrator.node.subscribe())
        yield Hall(company, mira, stage, voice, shown)
        nursery.cancel_scope.cancel()


async def test_words_and_sound_of_who_was_asked_come_and_are_kept_as_files(
    hall: Hall, autojump_clock: MockClock
) -> None:
    await hall.tell("Aye. Nay.", "Aye.", "Nay.")
    await hall.company.until(lambda: any(isinstance(one, LineVoiced) for one in hall.shown))
    assert [one.text for one in hall.shown if isinstance(one, Words)] == ["Aye.", "Nay."]
    (voiced,) = [one for one in hall.shown if isinstance(one, LineVoiced)]
    assert [path.read_bytes()[:4] for path in voiced.paths] == [b"OggS", b"OggS"]
    assert [path.name[:5] for path in voiced.paths] == ["0001-", "0001-"], "numbered as in the story"
    assert all(len(path.name) <= 64 for path in voiced.paths), "a long name is cut"


async def test_it_is_told_how_far_a_line_was_said(hall: Hall, autojump_clock: MockClock) -> None:
    await hall.tell("Aye aye. Nay nay.", "Aye aye.", "Nay nay.")
    await hall.listen(3)
    said = hall.said()
    reached = [one.characters for one in said]
    assert reached == sorted(reached) and reached[-1] == len("Aye aye.Nay nay.")
    assert any(0 < one < 8 for one in reached), "in the middle of a sentence too"
    assert [one.over for one in said] == [False] * (len(said) - 1) + [True]
    assert len(said) <= 3 / 0.2 + 4, "at a bounded rate"
    assert {one.replayed for one in said} == {False}


async def test_a_clip_of_another_rate_is_heard_at_its_own_pitch(hall: Hall, autojump_clock: MockClock) -> None:
    file = io.BytesIO()
    soundfile.write(file, samples_of(tone(440, 1.0, rate=16_000)), 16_000, format="OGG", subtype="OPUS")
    cue = await hall.ask()
    await hall.voices(cue, ("Aye.", file.getvalue()))
    await hall.company.until(hall.player.seconds_left)
    await hall.company.until(lambda: hall.player.seconds_left() > 0.9)
    await hall.listen(2)
    heard = samples_of(Sound(bytes(hall.heard), CLIP_RATE))
    loud = heard[abs(heard) > 0.01]
    crossings = sum(1 for one, other in pairwise(loud) if one < 0 <= other)
    assert 0.9 < len(loud) / CLIP_RATE < 1.1 and 420 < crossings < 460


async def test_a_clip_that_finds_no_room_on_the_disk_is_heard_all_the_same(
    hall: Hall, autojump_clock: MockClock
) -> None:
    hall.stage.folder.write_bytes(b"a file where the folder should be")
    await hall.tell("Aye.", "Aye.")
    await hall.listen(2)
    assert hall.said()[-1].over and hall.said()[-1].characters == 4
    assert not any(isinstance(one, LineVoiced) for one in hall.shown)
    await hall.tell("Nay.", "Nay.")
    await hall.listen(2)
    assert hall.said()[-1].characters == 4, "and so is the next"


async def test_a_clip_that_is_no_sound_is_left_out_and_the_next_is_heard(hall: Hall, autojump_clock: MockClock) -> None:
    cue = await hall.ask()
    await hall.voices(cue, ("Aye.", b"no sound at all"), ("Nay.", encode_clip(SECOND)))
    await hall.listen(2)
    assert hall.said()[-1].characters == len("Aye.Nay.")


async def test_a_hush_tells_how_far_each_line_came_and_the_sound_stops(hall: Hall, autojump_clock: MockClock) -> None:
    line = await hall.tell("Aye aye. Nay nay.", "Aye aye.", "Nay nay.")
    await hall.listen(0.6)
    ((about, characters),) = hall.stage.silence()
    assert about == line.id and 0 < characters < 8
    await hall.listen(1)
    assert not hall.stage.busy() and hall.said()[-1].over


async def test_a_missed_answer_is_not_waited_for(hall: Hall, autojump_clock: MockClock) -> None:
    cue = await hall.ask()
    await hall.company.until(hall.stage.busy)
    await hall.company.narrator.node.write(Draft(Missed("too slow"), (cue.id,)))
    await hall.company.until(lambda: not hall.stage.busy())


async def test_lines_follow_each_other_without_a_gap_in_the_order_they_were_asked(
    hall: Hall, autojump_clock: MockClock
) -> None:
    lines = [await hall.tell(f"Aye {number}.", f"Aye {number}.") for number in range(3)]
    await hall.company.until(lambda: sum(isinstance(one, LineVoiced) for one in hall.shown) == 3)
    await hall.listen(4.5)
    assert [one.entry for one in hall.said() if one.over] == [one.id for one in lines]
    loud = [abs(samples_of(Sound(piece, CLIP_RATE))).max() > 0.01 for piece in _pieces(bytes(hall.heard))]
    first, last = loud.index(True), len(loud) - loud[::-1].index(True)
    assert all(loud[first:last]) and 58 <= last - first <= 62, "three seconds, and no silence between"


def _pieces(pcm: bytes) -> list[bytes]:
    """Twentieths of a second."""
    return [pcm[at : at + CLIP_RATE // 10] for at in range(0, len(pcm), CLIP_RATE // 10)]


async def test_a_device_that_goes_away_costs_sound_and_no_line(hall: Hall, autojump_clock: MockClock) -> None:
    first = await hall.tell("Aye aye.", "Aye aye.")
    await hall.listen(0.5)
    hall.player.give_up()
    second = await hall.tell("Nay nay.", "Nay nay.")
    await hall.company.until(lambda: sum(isinstance(one, LineVoiced) for one in hall.shown) == 2)
    await hall.company.until(lambda: not hall.stage.busy())
    ends = [one.entry for one in hall.said() if one.over]
    assert ends == [first.id, second.id]
    assert len(list(hall.stage.folder.glob("*.ogg"))) == 2, "every clip is kept as a file"


async def test_a_cable_that_is_cut_between_two_clips_loses_none_of_them(hall: Hall, autojump_clock: MockClock) -> None:
    cue = await hall.ask()
    await hall.voices(cue, ("Aye.", encode_clip(SECOND)))
    await hall.company.until(lambda: hall.player.seconds_left() > 0.9)
    for link in list(hall.mira.node.links.values()):
        link.close(Code.GOING_AWAY)
    await hall.company.until(lambda: not hall.company.narrator.node.links)
    data = encode_clip(tone(330, 1.0))
    blobs = [await hall.voice.put(one) for one in (encode_clip(SECOND), data)]
    clips = tuple(Clip(blob, len(data), 1000) for blob in blobs)
    (line,) = await hall.mira.node.write(Draft(Line((Span("speech", "Aye. Nay."),), "", b"", ""), (cue.id,)))
    await hall.mira.node.write(Draft(Voiced(clips, "tone:a", b""), (line.id,)))
    hall.company.link(hall.mira, hall.company.narrator)
    await hall.company.until(lambda: (line.id, line.author) in hall.company.narrator.node.ledger.story.sounds)
    await hall.company.until(lambda: any(isinstance(one, LineVoiced) for one in hall.shown))
    await hall.listen(3)
    (voiced,) = [one for one in hall.shown if isinstance(one, LineVoiced)]
    assert len(voiced.paths) == 2
    loud = [abs(samples_of(Sound(piece, CLIP_RATE))).max() > 0.01 for piece in _pieces(bytes(hall.heard))]
    assert 38 <= sum(loud) <= 42, "both are heard, each once"


# --- narrations -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def reader(hall: Hall) -> Person:
    return await hall.company.join("Voice", "reader")


async def read(hall: Hall, reader: Person, beat: Entry, *sentences: str) -> None:
    """The reader voices a narration, as it announces it and then signs it."""
    clips = Clips(reader.node, BlobStore(reader.folder / "blobs"))
    reader.nursery.start_soon(clips.run, reader.node.subscribe())
    made, characters = [], 0
    for index, sentence in enumerate(sentences):
        data = encode_clip(SECOND)
        characters += len(sentence)
        made.append(Clip(await clips.put(data), len(data), 1000))
        moment = ClipMade(beat.id, index, made[-1].blob, len(data), 1000, characters, b"")
        reader.node.say(moment.kind, moment.pack())
    await reader.node.write(Draft(Voiced(tuple(made), "tone:a", b""), (beat.id,)))


async def test_a_narration_is_heard_before_the_line_that_was_ready_sooner(
    hall: Hall, reader: Person, autojump_clock: MockClock
) -> None:
    cue = await hall.ask()
    beat = hall.company.narrator.node.ledger.story.last_beat()
    clips = await hall.voices(cue, ("Aye.", encode_clip(SECOND)))
    line = await hall.writes(cue, "Aye.", clips)
    await hall.listen(0.5)
    assert not hall.said(), "it waits for the reader"
    await read(hall, reader, hall.company.narrator.node.ledger.entries[beat], "Night", "fell.")
    await hall.listen(4)
    ends = [one for one in hall.said() if one.over]
    assert [(one.entry, one.seat) for one in ends] == [(beat, reader.seat), (line.id, hall.mira.seat)]
    assert [one.characters >= 4 for one in ends] == [True, True]
    voiced = [one for one in hall.shown if isinstance(one, LineVoiced)]
    assert {one.seat: len(one.paths) for one in voiced} == {reader.seat: 2, hall.mira.seat: 1}


async def test_a_reader_that_says_nothing_is_not_waited_for_long(
    hall: Hall, reader: Person, autojump_clock: MockClock
) -> None:
    await hall.tell("Aye.", "Aye.")
    await hall.listen(11)
    assert hall.said()[-1].seat == hall.mira.seat and hall.said()[-1].characters == 4
    beat = await hall.company.narrate("…")
    await hall.company.until(hall.stage.busy)
    await reader.node.write(Draft(Voiced((), "tone:a", b""), (beat.id,)))
    with trio.fail_after(30):
        await hall.company.until(lambda: not hall.stage.busy())


async def test_where_nobody_reads_a_narration_nobody_waits(
    hall: Hall, reader: Person, autojump_clock: MockClock
) -> None:
    await reader.kill()
    await hall.company.until(lambda: not hall.company.narrator.node.linked_to(reader.member.public))
    await hall.tell("Aye.", "Aye.")
    await hall.listen(2)
    assert [one.seat for one in hall.said() if one.over] == [hall.mira.seat]


async def test_a_hush_ends_a_narration_and_marks_nothing_as_cut_off(
    hall: Hall, reader: Person, autojump_clock: MockClock
) -> None:
    beat = await hall.company.narrate("Night fell.")
    await read(hall, reader, beat, "Night", "fell.")
    await hall.listen(0.6)
    assert hall.stage.silence() == []
    await hall.listen(0.5)
    assert not hall.stage.busy() and hall.said()[-1].over


async def test_a_narration_is_said_once_more_with_its_beat(
    hall: Hall, reader: Person, autojump_clock: MockClock
) -> None:
    beat = await hall.company.narrate("Night fell.")
    await read(hall, reader, beat, "Night fell.")
    await hall.listen(2)
    hall.shown.clear()
    hall.stage.replay([beat.id])
    await hall.listen(2)
    assert [(one.entry, one.replayed) for one in hall.said() if one.over] == [(beat.id, True)]


async def recorded(hall: Hall) -> Entry:
    """The narrator tells with his own voice."""
    data = encode_clip(SECOND)
    clip = Clip(await hall.stage.clips.put(data), len(data), 1000)
    beat, _ = await hall.company.narrator.node.write(
        Draft(Narrated("Night fell.", (), "say")), Draft(Voiced((clip,), "", b""), (BEFORE,))
    )
    return beat


async def test_the_narrators_own_recording_is_not_played_back_to_him_and_he_can_hear_it_again(
    hall: Hall, autojump_clock: MockClock
) -> None:
    beat = await recorded(hall)
    await hall.listen(1)
    assert not hall.said() and not hall.stage.busy()
    hall.stage.replay([beat.id])
    await hall.listen(2)
    assert hall.said()[-1].over and hall.said()[-1].seat == NARRATOR


async def test_the_others_hear_the_narrators_recording_and_no_reader(
    hall: Hall, reader: Person, autojump_clock: MockClock
) -> None:
    shown: list[Shown] = []
    stage = Stage(hall.mira.node, hall.voice, Player(), hall.mira.folder / "audio", shown.append)
    hall.mira.nursery.start_soon(stage.run, hall.mira.node.subscribe())
    hall.company.link(reader, hall.mira)
    await hall.company.until(lambda: hall.mira.node.linked_to(reader.member.public))
    beat = await recorded(hall)
    await hall.company.until(lambda: any(isinstance(one, LineVoiced) for one in shown))
    await read(hall, reader, beat, "Night fell.")
    for _ in range(40):
        stage.player._take(DEVICE)
        await trio.sleep(DEVICE / CLIP_RATE)
    ends = [(one.entry, one.seat) for one in shown if isinstance(one, Said) and one.over]
    assert ends == [(beat.id, NARRATOR)]


# --- said once more ------------------------------------------------------------------------------------------------


async def test_lines_are_said_once_more_in_their_order(hall: Hall, autojump_clock: MockClock) -> None:
    lines = []
    for number in range(2):
        lines.append(await hall.tell(f"Aye {number}. Nay {number}.", f"Aye {number}.", f"Nay {number}."))
        await hall.listen(3)
    hall.shown.clear()
    hall.stage.replay([line.id for line in lines])
    await hall.listen(5)
    said = hall.said()
    assert all(one.replayed for one in said) and {one.seat for one in said} == {hall.mira.seat}
    assert [one.entry for one in said if one.over] == [line.id for line in lines]
    assert [one.characters for one in said if one.over] == [len("Aye 0. Nay 0.")] * 2
    assert not hall.stage.busy()


async def test_a_hush_stops_what_is_said_once_more_and_leaves_no_mark_on_the_story(
    hall: Hall, autojump_clock: MockClock
) -> None:
    line = await hall.tell("Aye.", "Aye.")
    await hall.listen(2)
    hall.stage.replay([line.id])
    await hall.listen(0.3)
    assert hall.stage.silence() == [], "it had been said before"
    await hall.listen(0.3)
    assert not hall.stage.busy()


async def test_what_is_said_once_more_stops_alone(hall: Hall, autojump_clock: MockClock) -> None:
    first = await hall.tell("Aye aye.", "Aye aye.")
    await hall.listen(2)
    hall.stage.replay([first.id])
    await hall.listen(0.3)
    second = await hall.tell("Nay nay.", "Nay nay.")
    hall.stage.stop_replay()
    await hall.listen(2)
    ends = [(one.entry, one.replayed) for one in hall.said() if one.over]
    assert ends[-1] == (second.id, False) and hall.said()[-1].characters == len("Nay nay.")


async def test_another_line_said_once_more_takes_the_place_of_the_first(hall: Hall, autojump_clock: MockClock) -> None:
    first, second = await hall.tell("Aye.", "Aye."), await hall.tell("Nay.", "Nay.")
    await hall.listen(4)
    hall.shown.clear()
    hall.stage.replay([first.id])
    await hall.listen(0.3)
    hall.stage.replay([second.id])
    await hall.listen(2)
    assert hall.said()[-1].entry == second.id and not hall.stage.busy()
    reached = [one.characters for one in hall.said() if one.entry == first.id]
    assert max(reached) < 4


async def test_without_sound_nothing_is_said_once_more_and_it_is_told_why(
    hall: Hall, autojump_clock: MockClock
) -> None:
    beat = await hall.company.narrate("Night fell.")
    with pytest.raises(NothingToHear):
        hall.stage.replay([beat.id])
    line = await hall.tell("Aye.", "Aye.")
    hall.player.why_silent = NoAudioDevice(why="nothing here")
    with pytest.raises(NoAudioDevice):
        hall.stage.replay([line.id])


async def test_a_hush_from_the_narrator_is_obeyed(hall: Hall, autojump_clock: MockClock) -> None:
    cue = await hall.ask()
    await hall.voices(cue, ("Aye.", encode_clip(SECOND)))
    await hall.listen(0.3)
    moment = Hush(cue.id)
    hall.company.narrator.node.say(moment.kind, moment.pack())
    await hall.company.until(lambda: not hall.stage.busy())
    assert hall.company.narrator.seat == NARRATOR
