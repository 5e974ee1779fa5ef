from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.audio import Sound, decode_clip, loudness
from dwnet.blob_store import BlobStore
from dwnet.card import Card, private_part
from dwnet.node import Draft, Event
from peer.voice.bank import voice_for
from peer.voice.contract import SpeakerMissing, SpeechFailed, Voice, format_voice
from peer.writer.contract import Scene, Written
from peer.writer.errors import EndpointUnreachable
from protocol.effects import Heard, Took
from protocol.kinds import NARRATOR, Accepted, Line, Missed, Rewound, Sheet, Voiced
from protocol.moments import ClipMade, Health, Hush, Timing, Tokens, read_moment
from protocol.sealing import decrypt_blob
from tests.kit.company import Company, Person
from tests.kit.scripted_writer import ScriptedWriter
from tests.kit.sounds import tone

TWO = "There is a light on the water. Who sets a light on a night like this?"


class Tone:
    """A speaker that says everything with one tone, once ``may_speak`` is set."""

    engine = "tone"
    notice = ""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.said: list[str] = []
        self.cut_off: list[str] = []
        self.voices_used: list[Voice] = []
        self.may_speak = trio.Event()
        self.may_speak.set()

    def missing(self) -> str | None:
        return None

    def voices(self) -> Sequence[str]:
        return ["a"]

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        self.said.append(sentence)
        self.voices_used.append(voice)
        try:
            await self.may_speak.wait()
        except trio.Cancelled:
            self.cut_off.append(sentence)
            raise
        await out.send(tone(440, 0.2))
        if self.broken:
            raise SpeechFailed(engine="tone", why="it is broken")
        await out.send(tone(440, 0.3))


class Witness:
    """What a node was told: kinds of entries and moments in order, and the moments themselves."""

    def __init__(self, person: Person) -> None:
        self.kinds: list[str] = []
        self.tokens: list[Tokens] = []
        self.clips: list[ClipMade] = []
        self.timings: list[Timing] = []
        self.health: list[Health] = []
        person.nursery.start_soon(self._watch, person.node.subscribe())

    async def _watch(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        async for event in events:
            match event:
                case Took(entry=entry):
                    self.kinds.append(entry.kind)
                case Heard(ephemeral=one):
                    self.kinds.append(one.kind)
                    match one.kind:
                        case Tokens.kind:
                            self.tokens.append(read_moment(Tokens, one.payload))
                        case ClipMade.kind:
                            self.clips.append(read_moment(ClipMade, one.payload))
                        case Timing.kind:
                            self.timings.append(read_moment(Timing, one.payload))
                        case Health.kind:
                            self.health.append(read_moment(Health, one.payload))

    @property
    def text(self) -> str:
        return "".join(one.text for one in self.tokens)

    def complaints(self, state: str) -> list[str]:
        """Why it was in this state, report by report."""
        return [one.why for one in self.health if one.state == state]


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


@pytest.fixture
async def mira(company: Company) -> Person:
    return await company.join("Mira")


@pytest.fixture
def narrator(company: Company, mira: Person) -> Witness:
    return Witness(company.narrator)


def body_of(person: Person, kind: str, number: int = 0) -> object:
    entries = [one for one in person.node.ledger.entries.values() if one.kind == kind]
    opening = person.node.ledger.opening(entries[number])
    return opening.body if opening else None


def text_of(person: Person, number: int = 0) -> str:
    body = body_of(person, "line", number)
    assert isinstance(body, Line)
    return " ".join(span.text for span in body.spans)


async def test_words_stream_then_the_line_stands_then_its_sound(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    await company.perform(mira, ScriptedWriter([TWO]), Tone())
    await company.narrate("Night fell.", mira)
    cue = await company.cue(mira)
    await company.until(lambda: "voiced" in narrator.kinds)
    assert narrator.text == TWO
    assert [one.done for one in narrator.tokens][-1] == 1
    told = [one for one in narrator.kinds if one in ("tokens", "line", "voiced")]
    assert told.index("tokens") < told.index("line") < told.index("voiced")
    assert [one.cue for one in narrator.timings] == [cue.id]
    line = body_of(company.narrator, "line")
    assert isinstance(line, Line) and line.model == "scripted" and line.stopped == "end"
    assert company.narrator.node.ledger.entries[mira.lines[0].id].refs == (cue.id,)
    voiced = body_of(company.narrator, "voiced")
    assert isinstance(voiced, Voiced) and voiced.key == b"" and voiced.voice == "tone:a"
    clips = narrator.clips
    assert [one.index for one in clips] == [0, 1]
    assert tuple(one.blob for one in clips) == tuple(one.blob for one in voiced.clips)
    assert clips[-1].characters <= len(TWO)
    data = BlobStore(mira.folder / "blobs").read(voiced.clips[0].blob)
    assert decode_clip(data).seconds > 0.4


async def test_slow_speech_never_delays_the_text(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    speaker = Tone()
    speaker.may_speak = trio.Event()
    await company.perform(mira, ScriptedWriter([TWO]), speaker)
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: "line" in narrator.kinds)
    assert "voiced" not in narrator.kinds and not narrator.clips
    speaker.may_speak.set()
    await company.until(lambda: "voiced" in narrator.kinds)


async def test_a_hush_makes_the_words_so_far_the_line_and_the_rest_is_not_said(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    speaker = Tone()
    speaker.may_speak = trio.Event()
    await company.perform(mira, ScriptedWriter([TWO], seconds=1), speaker)
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: len(narrator.tokens) >= 10)
    company.narrator.node.say(Hush.kind, Hush(b"").pack())
    await company.until(lambda: "line" in narrator.kinds)
    speaker.may_speak.set()
    said = text_of(company.narrator)
    assert TWO.startswith(said) and 10 < len(said) < len(TWO)
    assert narrator.text.strip() == said
    line = body_of(company.narrator, "line")
    assert isinstance(line, Line) and line.stopped == "hushed"
    next_cue = await company.cue(mira, take=1)
    await company.until(lambda: "voiced" in narrator.kinds)
    assert {one.cue for one in narrator.clips} == {next_cue.id}, "lines are voiced in order: the first has no sound"


async def test_a_hush_stops_the_sentence_that_is_being_made(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peer.voice.clips.PATIENCE", math.inf)  # nothing else stops it
    speaker = Tone()
    await company.perform(mira, ScriptedWriter([TWO], seconds=1), speaker)
    await company.until(lambda: speaker.said == ["Ready."])
    speaker.may_speak = trio.Event()
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: len(speaker.said) == 2)
    company.narrator.node.say(Hush.kind, Hush(b"").pack())
    await company.until(lambda: speaker.cut_off)
    speaker.may_speak.set()
    await company.cue(mira, take=1)
    await company.until(lambda: narrator.clips)
    assert speaker.cut_off == ["There is a light on the water."]


async def test_an_answer_that_is_late_still_comes(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    await company.perform(mira, ScriptedWriter(["One.", "Two."], seconds=5))
    await company.narrate("Night fell.", mira)
    cue = await company.cue(mira)
    await company.until(lambda: mira.node.ledger.story.cues)
    await trio.sleep(1)
    await company.narrator.node.write(Draft(Missed("too slow"), (cue.id,)))
    await company.until(lambda: mira.lines)
    assert [line.refs for line in mira.lines] == [(cue.id,)]


async def test_an_answer_to_what_was_rewound_is_given_up(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    await company.perform(mira, ScriptedWriter(["One.", "Two."], seconds=5))
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: mira.node.ledger.story.cues)
    await trio.sleep(1)
    await company.narrator.node.write(Draft(Rewound("left")))
    await trio.sleep(60)
    assert mira.lines == []


async def test_what_answers_a_whisper_is_sealed_and_its_words_go_to_the_narrator_alone(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    rusk = await company.join("Rusk")
    company.link(mira, rusk)
    await company.until(lambda: len(mira.node.gossip.remotes()) == 2)
    other = Witness(rusk)
    await company.perform(mira, ScriptedWriter(["The key is under the third stone."]), Tone())
    await company.narrate("Only you know where it is.", mira, audience=(NARRATOR, mira.seat))
    await company.cue(mira, audience=(NARRATOR, mira.seat))
    await company.until(lambda: "voiced" in narrator.kinds and "voiced" in other.kinds)
    assert narrator.text == text_of(company.narrator) == "The key is under the third stone."
    assert other.text == "" and not other.clips and not other.timings
    assert body_of(rusk, "line") is None and body_of(rusk, "voiced") is None
    voiced = body_of(company.narrator, "voiced")
    assert isinstance(voiced, Voiced) and len(voiced.key) == 32
    stored = BlobStore(mira.folder / "blobs").read(voiced.clips[0].blob)
    assert not stored.startswith(b"OggS")
    assert decode_clip(decrypt_blob(stored, voiced.key)).seconds > 0.4


async def test_under_review_words_go_to_the_narrator_alone_and_the_sound_waits_for_the_yes(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    rusk = await company.join("Rusk")
    company.link(mira, rusk)
    await company.until(lambda: len(mira.node.gossip.remotes()) == 2)
    other = Witness(rusk)
    await company.perform(mira, ScriptedWriter([TWO]), Tone())
    await company.narrate("Night fell.", mira)
    await company.cue(mira, review=True)
    await company.until(lambda: len(narrator.clips) == 2 and "line" in narrator.kinds)
    await trio.sleep(30)
    assert other.text == "" and not other.clips and "voiced" not in narrator.kinds
    line = company.narrator.node.ledger.entries[mira.lines[0].id]
    await company.narrator.node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))
    await company.until(lambda: "voiced" in narrator.kinds and "voiced" in other.kinds)


async def test_an_empty_reply_is_a_line_that_says_so(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    await company.perform(mira, ScriptedWriter([""]))
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: "line" in narrator.kinds)
    assert text_of(company.narrator) == "says nothing"


class Breaking(ScriptedWriter):
    """Gives way in the middle of its first reply."""

    async def write(self, scene: Scene, out: trio.MemorySendChannel[str]) -> Written:
        if not self.written_scenes:
            self.written_scenes.append(scene)
            await out.send("There is")
            raise EndpointUnreachable(url="http://127.0.0.1:1/v1", why="refused")
        return await super().write(scene, out)


async def test_a_writer_that_fails_is_told_of_and_its_peer_lives_on(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    await company.perform(mira, Breaking(["There is a light."]))
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: narrator.complaints("failing"))
    assert "127.0.0.1:1" in narrator.complaints("failing")[0]
    await company.until(lambda: "line" in narrator.kinds)
    await trio.sleep(5)
    assert text_of(company.narrator) == "There is a light."
    assert narrator.health[-1].state == "ready"
    assert len(mira.lines) == 1


async def test_a_voice_that_fails_in_mid_sentence_costs_no_sentence_and_is_told_of_once(
    company: Company,
    mira: Person,
    narrator: Witness,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("peer.voicing.RETRY_SECONDS", math.inf)  # virtual time passes quickly while an engine works
    speaker = Tone()
    await company.perform(mira, ScriptedWriter([TWO, TWO, TWO]), speaker)
    await company.until(lambda: speaker.said)
    speaker.broken = True
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: narrator.complaints("slow") and "voiced" in narrator.kinds)
    assert "it is broken" in narrator.health[-1].why and "another voice" in narrator.health[-1].why
    voiced = body_of(company.narrator, "voiced")
    assert isinstance(voiced, Voiced) and len(voiced.clips) == 2
    assert voiced.voice == format_voice(voice_for(mira.seat)), "embedded"
    assert speaker.said == ["Ready.", "There is a light on the water."], "one voice for the rest of the line"
    assert [one.characters for one in narrator.clips] == [30, 68]
    await company.cue(mira, take=1)
    await company.until(lambda: narrator.kinds.count("voiced") == 2)
    assert len(speaker.said) == 2, "it is left in peace for a while"
    assert len([one for one in caplog.records if "it is broken" in one.getMessage()]) == 1
    speaker.broken = False
    monkeypatch.setattr("peer.voicing.RETRY_SECONDS", 0)
    await company.cue(mira, take=2)
    await company.until(lambda: narrator.kinds.count("voiced") == 3)
    await company.until(lambda: narrator.health[-1].state == "ready")
    assert len(speaker.said) == 4


async def test_names_are_said_as_the_card_has_it_and_written_as_ever(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    card = Card("Mira").having(pronunciation={"Siobhan": "shivawn"})
    sheet = Draft(Sheet(mira.seat, private_part(card).decode()), (), (NARRATOR, mira.seat))
    await company.narrator.node.write(sheet)
    await company.until(lambda: "shivawn" in mira.node.ledger.story.sheets[mira.seat])
    speaker = Tone()
    await company.perform(mira, ScriptedWriter(["I know Siobhan well enough."]), speaker)
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: "voiced" in narrator.kinds)
    assert speaker.said[-1] == "I know shivawn well enough."
    assert text_of(company.narrator) == narrator.text == "I know Siobhan well enough."
    assert narrator.clips[-1].characters == len("I know Siobhan well enough.")


async def test_without_any_voice_a_line_is_complete_and_nobody_waits_for_its_sound(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load() -> None:
        raise SpeakerMissing(engine="espeak", why="it is gone")

    monkeypatch.setattr("peer.voice.espeak._load", load)
    await company.perform(mira, ScriptedWriter([TWO]), Tone(broken=True))
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: "voiced" in narrator.kinds and "gone" in "".join(narrator.complaints("slow")))
    assert "line" in narrator.kinds and not narrator.clips
    voiced = body_of(company.narrator, "voiced")
    assert isinstance(voiced, Voiced) and voiced.clips == ()


async def test_what_a_card_wants_said_softly_is_lower_slower_and_softer(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    speaker = Tone()
    sheet = Sheet(mira.seat, private_part(Card("Mira").having(actions="softly")).decode())
    await company.narrator.node.write(Draft(sheet, (), (NARRATOR, mira.seat)))
    await company.until(lambda: "softly" in mira.node.ledger.story.sheets[mira.seat])
    await company.perform(mira, ScriptedWriter(["*She bows.* Welcome to the house."]), speaker)
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: "voiced" in narrator.kinds)
    assert speaker.said[1:] == ["She bows.", "Welcome to the house."]
    aside, speech = speaker.voices_used[1:]
    assert aside.pitch < speech.pitch and aside.rate < speech.rate
    assert [one.characters for one in narrator.clips] == [0, len("Welcome to the house.")], "speech alone counts"
    voiced = body_of(company.narrator, "voiced")
    assert isinstance(voiced, Voiced)
    store = BlobStore(mira.folder / "blobs")
    levels = [loudness(decode_clip(store.read(clip.blob))) for clip in voiced.clips]
    assert levels[0] < levels[1] - 4


async def test_after_a_restart_an_unanswered_cue_is_answered(
    company: Company, mira: Person, autojump_clock: MockClock
) -> None:
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: mira.node.ledger.story.cues)
    again = await company.restart(mira)
    company.link(again, company.narrator)
    await company.perform(again, ScriptedWriter(["I am back."]))
    await company.until(lambda: again.lines)
    assert text_of(again) == "I am back."


async def test_after_a_restart_nothing_is_answered_twice(
    company: Company, mira: Person, narrator: Witness, autojump_clock: MockClock
) -> None:
    await company.perform(mira)
    await company.narrate("Night fell.", mira)
    await company.cue(mira)
    await company.until(lambda: "line" in narrator.kinds)
    again = await company.restart(mira)
    company.link(again, company.narrator)
    await company.perform(again)
    await trio.sleep(60)
    assert len(again.lines) == 1


async def test_while_others_speak_it_reads_ahead(company: Company, mira: Person, autojump_clock: MockClock) -> None:
    writer = ScriptedWriter()
    await company.perform(mira, writer)
    await company.narrate("Night fell.", mira)
    await company.until(lambda: writer.preread_scenes)
    await company.until(lambda: writer.preread_scenes[-1].turns[-1].text == "Night fell.")
    await company.cue(mira)
    await company.until(lambda: writer.written_scenes)
    assert writer.written_scenes[0].turns == writer.preread_scenes[-1].turns


async def test_a_listener_seat_plays_nothing(company: Company, autojump_clock: MockClock) -> None:
    vera = await company.join("Vera", role="listener")
    writer = ScriptedWriter()
    await company.perform(vera, writer)
    await company.narrate("Night fell.", vera)
    await company.cue(vera)
    await trio.sleep(30)
    assert writer.preread_scenes == [] == writer.written_scenes and vera.lines == []
