"""From a story to samples: what enters, what never does, and that it follows the story back and forth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.learning_samples import Sample, lines_of, samples_of, write_samples
from peer.writer.contract import Manner
from protocol.kinds import Chosen, Line
from protocol.ledger import Ledger
from protocol.shapes import Span
from tests.kit.chain import Chain, Hand
from tests.kit.scenes import mira as mira_card


def ledger_of(chain: Chain, reader: Hand) -> Ledger:
    ledger = Ledger(chain.tag, reader.seal)
    for unit in chain.units:
        ledger.take(unit)
    return ledger


def samples(chain: Chain, hand: Hand, manner: Manner = "script") -> list[Sample]:
    return samples_of(lines_of(ledger_of(chain, hand), hand.seat), mira_card(), manner)


def answers(chain: Chain, hand: Hand) -> list[str]:
    return [one.messages[-1][1] for one in samples(chain, hand)]


def words(found: list[Sample]) -> str:
    return json.dumps([one.facts() for one in found], ensure_ascii=False)


@pytest.fixture
def chain() -> Chain:
    chain = Chain()
    chain.join("Mira")
    chain.join("Tom")
    return chain


def test_a_line_is_an_example_with_what_its_model_had_read(chain: Chain) -> None:
    mira, _ = chain.members
    beat, *_ = chain.beat("Night fell.", Mira="Who is there?")
    (one,) = samples(chain, mira)
    assert [role for role, _ in one.messages][:1] == ["system"] and one.messages[0][1].startswith("You are Mira.")
    assert one.messages[-2:] == (("user", "Night fell."), ("assistant", '"Who is there?"'))
    line = mira.feed[-1]
    assert one.manner == "script" and one.sources == (beat.id, line.id) and one.weight == 1 and one.rejected == ()


def test_in_a_chat_the_whole_card_stands_first_and_the_line_as_it_is(chain: Chain) -> None:
    mira, _ = chain.members
    chain.beat("Night fell.", Mira="Who is there?")
    (one,) = samples(chain, mira, "chat")
    assert "Never speak or decide" in one.messages[0][1]
    assert one.messages[-2:] == (("user", "Narrator: Night fell."), ("assistant", "Who is there?"))


def test_the_lines_of_others_are_no_examples(chain: Chain) -> None:
    mira, tom = chain.members
    chain.beat("Night fell.", Mira="Who is there?", Tom="Only me.")
    assert answers(chain, mira) == ['"Who is there?"'] and answers(chain, tom) == ['"Only me."']


def test_the_narrators_wording_is_the_better_answer(chain: Chain) -> None:
    mira, _ = chain.members
    chain.beat("Night fell.", Mira="Who is there?")
    line = mira.feed[-1]
    edit = chain.edit(line, "Halt! Who goes there?")
    (one,) = samples(chain, mira)
    assert one.messages[-1][1] == '"Halt! Who goes there?"' and one.rejected == ('"Who is there?"',)
    assert one.weight == 2 and edit.id in one.sources and line.id in one.sources


def test_takes_that_were_not_chosen_and_lines_that_were_discarded_are_worse(chain: Chain) -> None:
    mira, _ = chain.members
    chain.narrate("Night fell.", mira)
    chain.cue(mira)
    discarded = mira.line("I am a language model.")
    chain.discard(discarded)
    chain.cue(mira)
    first = mira.line("Who is there?")
    chain.accept(first)
    chain.cue(mira, take=1)
    second = mira.line("Speak up!")
    chain.accept(second)
    (one,) = samples(chain, mira)
    assert one.messages[-1][1] == '"Speak up!"'
    assert set(one.rejected) == {'"Who is there?"', '"I am a language model."'}
    assert {discarded.id, first.id, second.id} <= set(one.sources)
    chain.tell(Chosen(), (first.id,))
    (one,) = samples(chain, mira)
    assert one.messages[-1][1] == '"Who is there?"' and '"Speak up!"' in one.rejected


def test_a_line_that_waits_or_was_hushed_teaches_nothing(chain: Chain) -> None:
    mira, _ = chain.members
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira)
    hushed = mira.write(Line((Span("speech", "Who is"),), "echo", b"", "hushed"), (cue.id,))
    chain.accept(hushed)
    chain.narrate("Day broke.", mira)
    chain.cue(mira)
    mira.line("At last.")
    assert samples(chain, mira) == []


def test_the_same_told_and_answered_again_is_one_example(chain: Chain) -> None:
    mira, _ = chain.members
    for _ in range(3):
        chain.beat("Night fell.", Mira="Who is there?")
    assert answers(chain, mira) == ['"Who is there?"']


def test_what_was_rewound_is_left_out_until_the_story_goes_there_again(chain: Chain) -> None:
    mira, _ = chain.members
    first, *_ = chain.beat("Night fell.", Mira="Who is there?")
    chain.beat("Day broke.", Mira="At last.")
    head = mira.feed[-1]
    chain.rewind(first, "day")
    assert answers(chain, mira) == []
    chain.rewind(head, "night")
    assert answers(chain, mira) == ['"Who is there?"', '"At last."']


def test_whispers_never_enter_neither_told_nor_answered(chain: Chain) -> None:
    mira, tom = chain.members
    for hand, secret in ((mira, "the key lies in the well"), (tom, "Tom is the thief")):
        chain.narrate(f"Only you know: {secret}.", hand, audience=[hand])
        cue = chain.cue(hand, audience=[hand])
        chain.accept(hand.line(f"I shall remember: {secret}.", cue, audience=[hand]))
    chain.beat("Night fell.", Mira="Who is there?", Tom="Only me.")
    for hand in (mira, tom):
        found = samples(chain, hand)
        assert len(found) == 1 and "well" not in words(found) and "thief" not in words(found)
    assert ["well" in one for one in lines_of(ledger_of(chain, mira), mira.seat).secrets] == [True, True]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(["beat", "whisper to Mira", "whisper to Tom", "rewind", "edit", "retake"]),
        min_size=1,
        max_size=14,
    )
)
def test_whatever_is_told_no_sample_holds_what_is_not_in_the_story_or_was_whispered(deeds: list[str]) -> None:
    chain = Chain()
    mira, tom = chain.join("Mira"), chain.join("Tom")
    beats: list[bytes] = []
    for number, deed in enumerate(deeds):
        hand = tom if deed.endswith("Tom") else mira
        if deed == "beat":
            beat, *_ = chain.beat(f"told{number}.", Mira=f"says{number}.", Tom=f"other{number}.")
            beats.append(beat.id)
        elif deed.startswith("whisper"):
            chain.narrate(f"secret{number}.", hand, audience=[hand])
            cue = chain.cue(hand, audience=[hand])
            chain.accept(hand.line(f"secretly{number}.", cue, audience=[hand]))
        elif deed == "rewind" and beats:
            target = beats[number % len(beats)]
            chain.rewind(next(one for one in chain.entries if one.id == target), f"branch{number}")
        elif deed == "edit" and mira.feed[-1].kind == "line":
            chain.edit(mira.feed[-1], f"better{number}.")
        elif deed == "retake" and ledger_of(chain, mira).story.last_beat() in beats:
            cue = chain.cue(mira, take=1)
            chain.accept(mira.line(f"again{number}.", cue))
    ledger = ledger_of(chain, mira)
    found = samples(chain, mira)
    assert "secret" not in words(found)
    told = {f'"{span.text}"' for one in ledger.story.path() for span in ledger.story.spans_of(one.take)}
    assert {one.messages[-1][1] for one in found} <= told
    assert [one.messages[-1][1] for one in samples(chain, mira)] == [one.messages[-1][1] for one in found]


def test_the_file_holds_one_object_a_line_and_follows_the_story(chain: Chain, tmp_path: Path) -> None:
    mira, _ = chain.members
    first, *_ = chain.beat("Night fell. 🌙", Mira="Who — 🦊?")
    chain.beat("Day broke.", Mira="At last.")
    path = tmp_path / "peer" / "samples.jsonl"
    write_samples(path, samples(chain, mira))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["messages"][-1]["content"] for row in rows] == ['"Who — 🦊?"', '"At last."']
    assert rows[0].keys() == {"messages", "manner", "rejected", "source", "weight"}
    chain.rewind(first, "day")
    write_samples(path, samples(chain, mira))
    assert path.read_text(encoding="utf-8") == ""


def test_a_long_past_is_shortened_and_the_answer_never(chain: Chain) -> None:
    mira, _ = chain.members
    for number in range(30):
        chain.beat(f"{number} " + "The wind tears at the mast. " * 20, Mira=f"Aye, {number}. " + "Tie it down! " * 9)
    found = samples(chain, mira)
    assert len(found) == 30
    assert all(sum(len(text) for _, text in one.messages[:-1]) < 8_000 for one in found)
    assert all(one.messages[-1][1].endswith('Tie it down!"') for one in found)
