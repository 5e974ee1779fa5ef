from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from dwnet.text import marked
from narrator_app.errors import NoSuchPassage, NoSuchPlace, NoSuchTake, NothingToRetake, NotPlayedYet
from narrator_app.narrator import Narrator
from narrator_app.revision import Revision, spans_of
from protocol.kinds import NARRATOR
from protocol.shapes import Span
from tests.kit.company import Evening, open_desk
from tests.kit.scripted_writer import ScriptedWriter


async def play(evening: Evening, name: str, *lines: str) -> None:
    person = await evening.play(name)
    await evening.company.perform(person, ScriptedWriter(lines))
    await evening.until("status", member=name, status="Online_Responsive")


def told(narrator: Narrator) -> list[str]:
    return [marked(narrator.story.spans_of(one.take)) for one in narrator.story.path()]


def accepted(evening: Evening, number: int) -> bool:
    return len(evening.events("accepted")) == number


async def tell(evening: Evening, *narrations: str) -> Revision:
    """Each narration, and the answer it draws."""
    for number, one in enumerate(narrations, 1):
        await evening.type(one)
        await evening.company.until(partial(accepted, evening, number))
    return evening.desk.intents.revision


def passages(evening: Evening) -> list[bytes]:
    return [one.id for one in evening.narrator.story.path()]


async def test_any_passage_gets_another_wording_and_its_former_one_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "*He bows.* Aye.", "Nay.")
        revision = await tell(evening, "Night fell.", "Morning came.")
        first, line, *_ = passages(evening)
        former = await revision.edit(line, "*He bows low.* (Never.) Aye, aye.")
        assert told(evening.narrator)[1] == "*He bows low.* (Never.) Aye, aye."
        kinds = [one.kind for one in evening.narrator.story.spans_of(evening.narrator.story.passages[line].take)]
        assert kinds == ["action", "thought", "speech"]
        assert evening.events("edited")[-1]["former"] == marked(former)
        await revision.reword(line, former)
        assert told(evening.narrator)[1] == marked(former)
        await revision.edit(first, "It (the night) *fell*.")
        take = evening.narrator.story.passages[first].take
        assert evening.narrator.story.spans_of(take) == (Span("speech", "It (the night) *fell*."),)


async def test_the_same_wording_again_writes_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("Night fell.")
        before = len(evening.narrator.node.ledger.log)
        await evening.desk.intents.revision.edit(passages(evening)[0], "Night fell.")
        assert len(evening.narrator.node.ledger.log) == before


async def test_other_words_for_a_whisper_stay_between_the_same_two(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "I know.")
        await evening.type("/whisper Pim The key is under the stone.")
        await evening.until("accepted")
        await evening.desk.intents.revision.edit(passages(evening)[0], "The key is in the well.")
        entry = list(evening.narrator.node.ledger.entries.values())[-1]
        opening = evening.narrator.node.ledger.opening(entry)
        assert entry.kind == "edit" and opening is not None and opening.audience == (NARRATOR, 1)


async def test_among_the_takes_of_any_line_one_is_chosen(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.", "Two.", "Three.")
        revision = await tell(evening, "Night fell.")
        await evening.type("/retake")
        await evening.company.until(lambda: told(evening.narrator)[-1] == "Two.")
        await evening.type("Morning came.")
        await evening.company.until(lambda: told(evening.narrator)[-1] == "Three.")
        line = passages(evening)[1]
        assert await revision.choose(line, 1) == 2
        assert told(evening.narrator) == ["Night fell.", "One.", "Morning came.", "Three."]
        assert await revision.choose(line, 2) == 1
        with pytest.raises(NoSuchTake):
            await revision.choose(line, 3)
        with pytest.raises(NothingToRetake):
            await revision.choose(passages(evening)[0], 1)


async def test_the_last_line_gets_another_take_and_an_earlier_one_opens_a_branch(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.", "Two.", "Three.", "Four.")
        revision = await tell(evening, "Night fell.", "Morning came.")
        assert await revision.retake(passages(evening)[-1]) == ""
        await evening.company.until(lambda: told(evening.narrator)[-1] == "Three.")
        assert len(passages(evening)) == 4
        left = await revision.retake(passages(evening)[1])
        await evening.company.until(lambda: told(evening.narrator) == ["Night fell.", "Four."])
        assert left == evening.events("branch")[-1]["name"]
        await revision.rewind(left)
        assert told(evening.narrator) == ["Night fell.", "One.", "Morning came.", "Three."], "undone"


async def test_a_line_nobody_would_take_again_leaves_the_story_where_it_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.", "Two.")
        revision = await tell(evening, "Night fell.", "Morning came.")
        await evening.type("/deactivate Pim")
        with pytest.raises(NotPlayedYet):
            await revision.retake(passages(evening)[1])
        with pytest.raises(NothingToRetake):
            await revision.retake(passages(evening)[0])
        assert told(evening.narrator) == ["Night fell.", "One.", "Morning came.", "Two."]


async def test_back_to_after_or_before_any_passage_and_forward_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        for one in ("Night fell.", "It rained.", "Morning came."):
            await evening.type(one)
        revision = evening.desk.intents.revision
        first, second, third = passages(evening)
        left = await revision.go_back(first)
        assert told(evening.narrator) == ["Night fell."]
        with pytest.raises(NoSuchPassage):
            await revision.go_back(third)
        await revision.rewind(left)
        assert passages(evening) == [first, second, third]
        left = await revision.go_back_before(first)
        assert told(evening.narrator) == []
        await evening.type("Once upon a time.")
        await revision.rewind(left)
        assert told(evening.narrator) == ["Night fell.", "It rained.", "Morning came."]
        assert await revision.go_back(third) == "", "there already: nothing is left"


async def test_a_map_leads_to_any_passage_on_whatever_branch(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        for one in ("Night fell.", "It rained."):
            await evening.type(one)
        revision = evening.desk.intents.revision
        first, left_behind = passages(evening)
        branch = await revision.go_to(b"")
        assert branch and told(evening.narrator) == []
        await evening.type("Once upon a time.")
        other = await revision.go_to(left_behind)
        assert passages(evening) == [first, left_behind] and other not in ("", branch)
        with pytest.raises(NoSuchPassage):
            await revision.go_to(bytes(32))


async def test_any_passage_can_be_named_and_gone_back_to(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        for one in ("Night fell.", "It rained."):
            await evening.type(one)
        revision = evening.desk.intents.revision
        assert await revision.mark(passages(evening)[0], " the\n night ") == "the night"
        assert evening.events("checkpoint")[-1]["name"] == "the night"
        with pytest.raises(NoSuchPlace):
            await revision.mark(passages(evening)[0], " \n")
        await evening.type("/rewind the night")
        assert told(evening.narrator) == ["Night fell."]


async def test_who_was_being_asked_when_the_story_went_back_is_not_waited_for(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        person = await evening.play("Pim")
        await evening.company.perform(person, ScriptedWriter(["One two three four five six."], seconds=1))
        await evening.until("status", member="Pim", status="Online_Responsive")
        await evening.type("Night fell.")
        await evening.company.until(lambda: len(evening.events("token")) == 2)
        await evening.desk.intents.revision.go_back(passages(evening)[0])
        await evening.type("/scene Next day.")
        assert evening.narrator.queue() == ()
        assert told(evening.narrator) == ["Night fell.", "Next day."]


spans = st.lists(
    st.builds(
        Span,
        st.sampled_from(["speech", "action", "thought"]),
        st.text("abc, .!é", min_size=1).map(str.strip).filter(bool),
    ),
    min_size=1,
    max_size=6,
)


@given(spans)
def test_a_line_read_back_from_how_it_is_shown_is_the_same(given_spans: list[Span]) -> None:
    shown = marked(given_spans)
    assert marked(spans_of(shown)) == shown
    kinds = [one for one in spans_of(shown) if one.kind != "speech"]
    assert kinds == [one for one in given_spans if one.kind != "speech"]


@pytest.mark.parametrize("text", ["2*3", "door(s)", "*", "()", "a * b", "**", ":("])
def test_marks_that_mark_nothing_are_text(text: str) -> None:
    assert spans_of(text) == (Span("speech", text),)
