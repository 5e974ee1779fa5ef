from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrator_app.direction import Turn
from narrator_app.views.stage import (
    IDLE,
    Note,
    Row,
    StageView,
    Waiting,
    Writing,
    beat_of,
    pieces,
    row_at,
    row_told,
    stage_view,
)
from protocol.kinds import Chosen, Heard, Missed, Narrated, Voiced
from protocol.ledger import Ledger
from protocol.shapes import Clip, Span
from protocol.story import SKIPPED, WENT_BACK, Story
from tests.kit.chain import Chain, Hand
from tests.kit.log_files import ledger_of


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def mira(chain: Chain) -> Hand:
    return chain.join("Mira")


@pytest.fixture
def rusk(chain: Chain, mira: Hand) -> Hand:
    return chain.join("Rusk")


def rows(chain: Chain) -> list[Row]:
    """As the narrator reads them."""
    ledger = Ledger(chain.tag, chain.narrator.seal)
    ledger.load(chain.units)
    story = ledger.story
    return [row_at(story, place) for place in range(story.length)]


def view(chain: Chain, *turns: Turn, review: bool = False, written: dict[bytes, str] | None = None) -> StageView:
    ledger = ledger_of(chain)
    return stage_view(ledger.story, ledger.authority, turns, written or {}, review=review, held=False)


def said(spans: list[Span], heard: int | None) -> list[tuple[str, bool]]:
    return [(one.text, one.said) for one in pieces(spans, heard)]


# --- rows ----------------------------------------------------------------------------------------------------------


def test_a_story_is_read_row_by_row_with_who_speaks_and_how(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    chain.cue(mira, 0)
    chain.accept(mira.line("Who is there?"))
    chain.tell(Narrated("An hour later.", (), "scene"))
    first, line, scene = rows(chain)
    assert (first.kind, first.is_line, first.speaker) == ("narration", False, "Narrator")
    assert (line.kind, line.speaker, line.seat, line.colour) == (
        "line",
        "Mira",
        mira.seat,
        ledger_of(chain).story.seats[1].colour,
    )
    assert scene.kind == "scene" and scene.spans == (Span("speech", "An hour later."),)
    assert first.id == first.entry == first.beat == line.beat


def test_a_whisper_tells_between_whom_it_is(chain: Chain, mira: Hand) -> None:
    chain.narrate("The key is under the stone.", mira, audience=(mira,))
    (row,) = rows(chain)
    assert row.kind == "whisper" and row.private == ("Mira",)


def test_takes_and_other_wordings_show(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    for number, text in enumerate(["One.", "Two."]):
        chain.cue(mira, number)
        line = mira.line(text)
        chain.accept(line)
    row = rows(chain)[1]
    assert (row.take, row.takes, row.spans) == (2, 2, (Span("speech", "Two."),)) and row.entry == line.id != row.id
    chain.tell(Chosen(), (row.id,))
    assert (rows(chain)[1].take, rows(chain)[1].entry) == (1, row.id)
    chain.edit(line, "Three.")
    chain.tell(Chosen(), (line.id,))
    assert rows(chain)[1].edited and rows(chain)[1].spans == (Span("speech", "Three."),)


def test_the_same_words_as_at_first_are_no_other_wording(chain: Chain) -> None:
    entry = chain.narrate("Night fell.")
    chain.edit(entry, "Night falls.")
    assert rows(chain)[0].edited
    chain.edit(entry, "Night fell.")
    assert not rows(chain)[0].edited


def test_a_line_with_sound_says_so(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    chain.cue(mira, 0)
    line = mira.line("Aye.")
    chain.accept(line)
    assert not rows(chain)[1].has_sound
    mira.write(Voiced((Clip(bytes(32), 10, 1000),), "tone:a", b""), (line.id,))
    assert rows(chain)[1].has_sound


def test_what_a_hush_left_unheard_shows_also_when_only_the_cue_was_known(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    chain.tell(Heard(3), (cue.id,))
    chain.accept(mira.line("Aye aye."))
    assert rows(chain)[1].said == 3


def test_who_did_not_answer_stands_below_its_beat(chain: Chain, mira: Hand, rusk: Hand) -> None:
    chain.narrate("Night fell.", mira, rusk)
    for hand, why in ((mira, SKIPPED), (rusk, "")):
        cue = chain.cue(hand, 0)
        if why:
            chain.tell(Missed(why), (cue.id,))
    chain.accept(rusk.line("Aye."))
    chain.narrate("Morning came.")
    first, line, _ = rows(chain)
    assert first.notes == () and [(one.speaker, one.why) for one in line.notes] == [("Mira", SKIPPED)]


@pytest.mark.parametrize("how", ["asked again", "went back"])
def test_who_answered_after_all_or_was_left_is_not_noted(chain: Chain, mira: Hand, how: str) -> None:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    chain.tell(Missed(WENT_BACK if how == "went back" else "too slow"), (cue.id,))
    if how == "asked again":
        chain.cue(mira, 1)
        chain.accept(mira.line("Here."))
    assert [one.notes for one in rows(chain)] == [()] * len(rows(chain))


def test_a_checkpoint_stands_at_its_place(chain: Chain) -> None:
    entry = chain.narrate("Night fell.")
    chain.narrate("Morning came.")
    chain.checkpoint("The night", entry)
    assert [one.marks for one in rows(chain)] == [("The night",), ()]


def test_a_beat_is_its_narration_and_the_lines_it_drew(chain: Chain, mira: Hand) -> None:
    first = chain.beat("Night fell.", Mira="Aye.")
    chain.beat("Morning came.", Mira="Nay.")
    story = ledger_of(chain).story
    everything = [one.id for one in story.path()]
    assert beat_of(story, everything[1]) == everything[:2] and beat_of(story, everything[2]) == everything[2:]
    assert beat_of(story, bytes(32)) == [] and first is not None


# --- said and unsaid -----------------------------------------------------------------------------------------------

LINE = [Span("action", "He bows."), Span("speech", "Aye aye."), Span("thought", "A lie."), Span("speech", "Nay.")]


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (None, [("He bows.", True), ("Aye aye.", True), ("A lie.", True), ("Nay.", True)]),
        (0, [("He bows.", False), ("Aye aye.", False), ("A lie.", False), ("Nay.", False)]),
        (3, [("He bows.", True), ("Aye", True), (" aye.", False), ("A lie.", False), ("Nay.", False)]),
        (8, [("He bows.", True), ("Aye aye.", True), ("A lie.", False), ("Nay.", False)]),
        (9, [("He bows.", True), ("Aye aye.", True), ("A lie.", True), ("N", True), ("ay.", False)]),
        (99, [("He bows.", True), ("Aye aye.", True), ("A lie.", True), ("Nay.", True)]),
    ],
)
def test_a_line_is_cut_at_what_was_said_aloud(heard: int | None, expected: list[tuple[str, bool]]) -> None:
    assert said(LINE, heard) == expected


@given(
    st.lists(st.builds(Span, st.sampled_from(["speech", "action", "thought"]), st.text(min_size=1)), max_size=5),
    st.none() | st.integers(0, 60),
)
def test_no_word_is_lost_by_cutting(spans: list[Span], heard: int | None) -> None:
    found = pieces(spans, heard)
    assert "".join(one.text for one in found) == "".join(one.text for one in spans)
    flags = [one.said for one in found if one.kind == "speech"]
    assert flags == sorted(flags, reverse=True), "what was heard comes first"


# --- who speaks, and what waits ------------------------------------------------------------------------------------


def test_who_is_in_turn_comes_first_then_everybody_who_could_be_asked(chain: Chain, mira: Hand, rusk: Hand) -> None:
    chain.join("Vera", role="listener")
    chain.narrate("Night fell.", rusk)
    found = view(chain, Turn(rusk.seat, "planned"))
    assert [(one.name, one.state) for one in found.speakers] == [("Rusk", "planned"), ("Mira", "idle")]
    assert found.cast == ("Mira", "Rusk") and found.further == 0


def test_of_a_large_cast_some_are_offered_and_the_rest_is_counted() -> None:
    chain = Chain()
    for number in range(IDLE + 6):
        chain.join(f"Guest {number}")
    found = view(chain)
    assert len(found.speakers) == IDLE and found.further == 6


def test_what_came_of_an_answer_so_far_shows_to_who_looks_only_now(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    assert view(chain).writing is None
    cue = chain.cue(mira, 0)
    assert view(chain, written={cue.id: "Who is \x1b[2Jthere"}).writing == Writing(
        cue.id, mira.seat, "Mira", ledger_of(chain).story.seats[1].colour, "Who is there"
    )
    assert view(chain).writing is not None, "asked, and nothing came yet"
    chain.accept(mira.line("Who is there?"))
    assert view(chain).writing is None


def test_under_review_the_line_that_waits_shows_whole(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    chain.cue(mira, 0)
    line = mira.line("Who is there?")
    found = view(chain, review=True)
    assert isinstance(found.waiting, Waiting) and found.waiting.entry == line.id and found.writing is None
    assert found.waiting.spans == (Span("speech", "Who is there?"),)
    assert view(chain).waiting is None, "without review it is let in at once"


def test_a_row_of_a_long_story_is_made_without_looking_at_the_others(chain: Chain) -> None:
    class Watched(dict[bytes, object]):
        looked = 0

        def __getitem__(self, key: bytes) -> object:
            Watched.looked += 1
            return super().__getitem__(key)

    for number in range(300):
        chain.narrate(f"Step {number}.")
    story: Story = ledger_of(chain).story
    story.passages = Watched(story.passages)  # type: ignore[assignment]
    row = row_at(story, 150)
    assert row.spans[0].text == "Step 150." and Watched.looked <= 3


def test_notes_and_rows_are_values(chain: Chain) -> None:
    chain.narrate("Night fell.")
    assert rows(chain) == rows(chain) and Note("a", "b", "c") == Note("a", "b", "c")


@pytest.mark.parametrize("mode", ["say", "scene", "whisper"])
def test_what_is_being_told_looks_as_it_will_once_it_is_told(chain: Chain, mira: Hand, mode: str) -> None:
    if mode == "whisper":
        chain.narrate("Night fell.", mira, audience=(mira,))
    else:
        chain.tell(Narrated("Night fell.", (), mode))
    before = row_told("Night fell.", mode, "Mira" if mode == "whisper" else "")
    (after,) = rows(chain)
    assert before == replace(after, id=b"", entry=b"", beat=b"", at=0)
