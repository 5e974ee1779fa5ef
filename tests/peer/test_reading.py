"""The narration read aloud by a reader's seat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.node import BEFORE, Draft
from peer.reading import Reader, sentences_of
from peer.voice.contract import Voice
from protocol.kinds import Edited, Narrated, Rewound, Voiced
from protocol.moments import Hush
from protocol.shapes import Clip, Span
from tests.kit.company import Company, Person
from tests.peer.test_performer import Tone, Witness

LONG = "The tide came in over the stones, and nobody moved. Then a bell rang. It rang twice."


@pytest.fixture
async def company(tmp_path: Path, autojump_clock: MockClock) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


async def sit_down(company: Company, speaker: Tone | None = None, name: str = "Voice") -> tuple[Person, Reader]:
    person = await company.join(name, "reader")
    reader = read(person, speaker or Tone())
    return person, reader


def read(person: Person, speaker: Tone) -> Reader:
    clips = Clips(person.node, BlobStore(person.folder / "blobs"))
    reader = Reader(person.node, clips, speaker, Voice("tone", "a"))
    person.nursery.start_soon(clips.run, person.node.subscribe())
    person.nursery.start_soon(reader.run, person.node.subscribe())
    return reader


def sound_of(company: Company, beat: bytes) -> Voiced | None:
    story = company.narrator.node.ledger.story
    return story.sound_of(story.passages[beat].take)


def said(speaker: Tone) -> list[str]:
    return [one for one in speaker.said if one != "Ready."]


async def test_a_narration_is_read_sentence_by_sentence_and_its_sound_is_kept(
    company: Company, autojump_clock: MockClock
) -> None:
    speaker = Tone()
    await sit_down(company, speaker)
    narrator = Witness(company.narrator)
    beat = await company.narrate(LONG)
    await company.until(lambda: sound_of(company, beat.id))
    assert said(speaker)[0] == "The tide came in over the stones,", "the first clause comes early"
    assert [(one.cue, one.index) for one in narrator.clips] == [(beat.id, index) for index in range(4)]
    sound = sound_of(company, beat.id)
    assert sound is not None and [one.blob for one in sound.clips] == [one.blob for one in narrator.clips]
    assert sound.voice == "tone:a" and narrator.clips[-1].characters <= len(LONG)


async def test_whispers_and_what_is_no_narration_are_not_read(company: Company, autojump_clock: MockClock) -> None:
    speaker = Tone()
    mira = await company.join("Mira")
    await sit_down(company, speaker)
    await company.narrate("The key is under the stone.", mira, audience=(0, mira.seat))
    beat = await company.narrate("Night fell.", mira)
    await company.until(lambda: sound_of(company, beat.id))
    assert said(speaker) == ["Night fell."]


async def test_what_holds_nothing_to_read_is_said_to_have_no_sound(company: Company, autojump_clock: MockClock) -> None:
    await sit_down(company)
    beat = await company.narrate("🌊🌊 … ***")
    await company.until(lambda: sound_of(company, beat.id) is not None)
    sound = sound_of(company, beat.id)
    assert sound is not None and sound.clips == ()


async def test_several_narrations_are_read_in_their_order(company: Company, autojump_clock: MockClock) -> None:
    speaker = Tone()
    speaker.may_speak = trio.Event()
    await sit_down(company, speaker)
    beats = [await company.narrate(f"Beat number {number}.") for number in range(4)]
    speaker.may_speak.set()
    await company.until(lambda: all(sound_of(company, one.id) for one in beats))
    assert said(speaker) == [f"Beat number {number}." for number in range(4)]


async def test_a_hush_ends_the_reading_and_keeps_what_was_made(company: Company, autojump_clock: MockClock) -> None:
    speaker = Tone()
    await sit_down(company, speaker)
    await company.until(lambda: speaker.said == ["Ready."])
    speaker.may_speak = trio.Event()
    beat = await company.narrate(LONG)
    await company.until(lambda: len(speaker.said) == 2)
    hush = Hush(b"")
    company.narrator.node.say(hush.kind, hush.pack())
    await trio.sleep(1)
    speaker.may_speak.set()
    await company.until(lambda: sound_of(company, beat.id))
    assert len(speaker.said) == 2, "not another sentence"
    after = await company.narrate("The morning came.")
    await company.until(lambda: sound_of(company, after.id))


async def test_a_reader_that_was_away_makes_up_for_it_without_announcing_it(
    company: Company, autojump_clock: MockClock
) -> None:
    person, _ = await sit_down(company)
    first = await company.narrate("Night fell.")
    await company.until(lambda: sound_of(company, first.id))
    await person.kill()
    missed = [await company.narrate(f"Beat number {number}.") for number in range(3)]
    narrator = Witness(company.narrator)
    again = await company.restart(person)
    company.link(again, company.narrator)
    speaker = Tone()
    await company.until(lambda: missed[-1].id in again.node.ledger.story.passages)
    read(again, speaker)
    await company.until(lambda: all(sound_of(company, one.id) for one in missed))
    assert sorted(said(speaker)) == [f"Beat number {number}." for number in range(3)], "and none twice"
    assert narrator.clips == []


async def test_what_the_story_has_left_is_not_read_and_what_comes_instead_is(
    company: Company, autojump_clock: MockClock
) -> None:
    speaker = Tone()
    await sit_down(company, speaker)
    first = await company.narrate("Night fell.")
    await company.until(lambda: sound_of(company, first.id))
    speaker.may_speak = trio.Event()
    left = await company.narrate(LONG)
    await company.until(lambda: len(said(speaker)) == 2)
    await company.narrator.node.write(Draft(Rewound("another way"), (first.id,)))
    instead = await company.narrate("It stayed dry.")
    await trio.sleep(1)
    speaker.may_speak.set()
    await company.until(lambda: sound_of(company, instead.id))
    assert sound_of(company, left.id) is None
    assert said(speaker)[-1] == "It stayed dry." and len(said(speaker)) == 3


async def test_other_words_are_read_anew(company: Company, autojump_clock: MockClock) -> None:
    speaker = Tone()
    await sit_down(company, speaker)
    beat = await company.narrate("Night fell.")
    await company.until(lambda: sound_of(company, beat.id))
    before = sound_of(company, beat.id)
    await company.narrator.node.write(Draft(Edited((Span("speech", "Morning came."),)), (beat.id,)))
    await company.until(lambda: sound_of(company, beat.id) is not before)
    assert said(speaker) == ["Night fell.", "Morning came."]


async def test_what_the_narrator_recorded_is_not_read(company: Company, autojump_clock: MockClock) -> None:
    speaker = Tone()
    await sit_down(company, speaker)
    recorded = Voiced((Clip(b"c" * 32, 10, 1000),), "", b"")
    beat, _ = await company.narrator.node.write(
        Draft(Narrated("Night fell.", (), "say")), Draft(recorded, refs=(BEFORE,))
    )
    after = await company.narrate("A bell rang.")
    await company.until(lambda: sound_of(company, after.id))
    assert said(speaker) == ["A bell rang."]
    assert sound_of(company, beat.id) == recorded


async def test_of_two_readers_one_reads(company: Company, autojump_clock: MockClock) -> None:
    one, other = Tone(), Tone()
    first, _ = await sit_down(company, one)
    second, _ = await sit_down(company, other, "Echo")
    company.link(second, first)
    await company.until(lambda: second.node.linked_to(first.member.public))
    beat = await company.narrate("Night fell.")
    await company.until(lambda: sound_of(company, beat.id))
    assert (said(one), said(other)) == (["Night fell."], [])


def test_symbols_and_marks_are_not_read() -> None:
    assert sentences_of("# The *old* tower 🗼 stood. It [leaned](http://a.example/b).") == [
        "The old tower stood.",
        "It leaned.",
    ]
