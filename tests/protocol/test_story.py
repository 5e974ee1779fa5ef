"""The fold: beats, takes, branches and what they sound like, the same for those who can read it all and who can't."""

from __future__ import annotations

import pytest

from dwnet.simulation import shape_of
from protocol.entry import Entry
from protocol.kinds import Chosen, Cued, Discarded, Heard, Missed, Rewound, Voiced
from protocol.ledger import Ledger
from protocol.shapes import Clip, Span
from protocol.story import REMOVED, SEALED, Story, Take
from tests.kit.chain import Chain, Hand


def ledger_of(chain: Chain, reader: Hand | None = None) -> Ledger:
    ledger = Ledger(chain.tag, (reader or chain.narrator).seal)
    for unit in chain.units:
        ledger.take(unit)
    return ledger


def story_of(chain: Chain, reader: Hand | None = None) -> Story:
    return ledger_of(chain, reader).story


def told(story: Story) -> list[str]:
    return ["".join(span.text for span in story.spans_of(one.take)) for one in story.path()]


@pytest.fixture
def chain() -> Chain:
    chain = Chain()
    chain.join("Mira")
    chain.join("Tom")
    return chain


def test_a_beat_is_a_narration_and_the_lines_it_draws(chain: Chain) -> None:
    mira, tom = chain.members
    beat, *_ = chain.beat("Night fell.", Mira="Who is there?", Tom="Only me.")
    story = story_of(chain)
    assert told(story) == ["Night fell.", "Who is there?", "Only me."]
    assert [one.seat for one in story.path()] == [0, mira.seat, tom.seat]
    assert {one.beat for one in story.path()} == {beat.id} == {story.last_beat()}
    assert story.plans[beat.id] == (1, 2) and story.offered == {}
    assert [cue.state for cue in story.cues.values()] == ["answered"] * 2
    assert story.seats[1].name == "Mira" and story.name == "The Lighthouse"
    parents = [one.parent for one in story.path()]
    assert parents == [b"", *(one.id for one in story.path())][:-1]


def test_a_line_is_offered_until_it_is_accepted_or_discarded(chain: Chain) -> None:
    mira, _ = chain.members
    chain.narrate("Night fell.", mira)
    chain.cue(mira)
    first, second = mira.line("Who?"), mira.line("Who is there?")
    assert story_of(chain).offered.keys() == {first.id, second.id}
    chain.discard(first)
    assert story_of(chain).offered.keys() == {second.id}
    chain.accept(second)
    chain.accept(first)
    assert told(story_of(chain)) == ["Night fell.", "Who is there?"], "a discarded line does not come back"


def test_several_takes_of_a_line_are_one_passage_and_the_chosen_one_stands(chain: Chain) -> None:
    mira, _ = chain.members
    chain.beat("Night fell.", Mira="First.")
    first = mira.feed[-1]
    chain.cue(mira, take=2)
    second = mira.line("Second.")
    chain.accept(second)
    story = story_of(chain)
    assert told(story) == ["Night fell.", "Second."], "the last take stands until somebody chooses"
    passage = story.passage_of(first.id)
    assert passage is not None and passage == story.passage_of(second.id) and passage.id == first.id
    chain.tell(Chosen(), (first.id,))
    assert told(story_of(chain)) == ["Night fell.", "First."]
    chain.tell(Chosen(), (bytes(32),))
    assert told(story_of(chain)) == ["Night fell.", "First."], "choosing what is not there chooses nothing"


def test_a_second_accept_of_a_line_is_ignored(chain: Chain) -> None:
    mira, _ = chain.members
    chain.beat("Night fell.", Mira="Once.")
    chain.accept(mira.feed[-1])
    assert [len(one.takes) for one in story_of(chain).path()] == [1, 1]


def test_an_accept_for_a_cue_of_a_branch_that_was_left_is_not_taken(chain: Chain) -> None:
    mira, _ = chain.members
    first = chain.narrate("Night fell.", mira)
    chain.narrate("A step.", mira)
    chain.cue(mira)
    late = mira.line("Too late.")
    chain.rewind(first, "before the step")
    chain.accept(late)
    story = story_of(chain)
    assert told(story) == ["Night fell."] and late.id in story.offered


def test_a_rewind_leaves_a_branch_and_a_rewind_to_the_branch_brings_it_back(chain: Chain) -> None:
    first = chain.narrate("Night fell.")
    chain.checkpoint("dusk", first)
    left = chain.narrate("A ship came.")
    chain.rewind(first, "the ship")
    chain.narrate("Nothing came.")
    story = story_of(chain)
    assert told(story) == ["Night fell.", "Nothing came."]
    assert story.place_named("dusk") == first.id and story.place_named("the ship") == left.id
    assert story.place_named("nowhere") is None
    other = chain.last_beat
    assert other is not None
    chain.rewind(left, "nothing")
    story = story_of(chain)
    assert told(story) == ["Night fell.", "A ship came."]
    assert story.place_named("nothing") == other.id
    chain.tell(Rewound("all of it"))
    assert told(story_of(chain)) == []
    chain.narrate("From the very beginning.")
    story = story_of(chain)
    assert told(story) == ["From the very beginning."]
    assert len(story.passages) == 4, "nothing is deleted"


def test_a_story_that_was_renamed_keeps_its_name_when_it_goes_back(chain: Chain) -> None:
    first = chain.narrate("Night fell.")
    assert story_of(chain).name == "The Lighthouse"
    chain.rename("The Lamp")
    chain.rename("")
    chain.rewind(first, "the other way")
    assert story_of(chain).name == "The Lamp"


def test_a_rewind_forward_or_to_nowhere_leaves_no_branch(chain: Chain) -> None:
    first = chain.narrate("Night fell.")
    chain.rewind(first, "not a branch")
    chain.tell(Rewound("nowhere"), (bytes(32),))
    story = story_of(chain)
    assert story.branches == [] and story.head == first.id


def test_a_retake_of_an_earlier_line_by_rewind_makes_another_passage(chain: Chain) -> None:
    mira, _ = chain.members
    beat, _, _, _ = chain.beat("Night fell.", Mira="First.")
    chain.narrate("And went on.")
    chain.rewind(beat, "the first try")
    chain.last_beat = beat
    chain.cue(mira, take=2)
    chain.accept(mira.line("Second."))
    story = story_of(chain)
    assert told(story) == ["Night fell.", "Second."]
    tip = story.place_named("the first try")
    assert tip is not None and told(story) != []
    chain.rewind(next(one for one in chain.entries if one.id == tip), "the second try")
    assert told(story_of(chain)) == ["Night fell.", "First.", "And went on."]


def test_an_edit_replaces_the_words_and_keeps_the_original(chain: Chain) -> None:
    mira, _ = chain.members
    beat = chain.beat("Night fell.", Mira="Who is theer?")[0]
    chain.edit(mira.feed[-1], "Who is there?")
    chain.edit(beat, "Night fell at last.")
    story = story_of(chain)
    assert told(story) == ["Night fell at last.", "Who is there?"]
    assert [one.take.spans for one in story.path()][1] == (Span("speech", "Who is theer?"),)


def test_a_missed_cue_says_why_and_a_late_line_can_still_be_taken(chain: Chain) -> None:
    mira, _ = chain.members
    chain.narrate("Night fell.", mira)
    asked = chain.cue(mira)
    chain.tell(Missed("no answer in 30 s"), (asked.id,))
    assert (story_of(chain).cues[asked.id].state, story_of(chain).cues[asked.id].why) == ("missed", "no answer in 30 s")
    late = mira.line("I was thinking.")
    assert late.id in story_of(chain).offered
    chain.accept(late)
    story = story_of(chain)
    assert told(story)[-1] == "I was thinking." and story.cues[asked.id].state == "answered"
    chain.tell(Missed("too late to say so"), (asked.id,))
    assert story_of(chain).cues[asked.id].state == "answered"


def test_narrating_while_a_beat_runs_begins_another_and_the_old_ones_line_is_a_passage_of_its_beat(
    chain: Chain,
) -> None:
    mira, tom = chain.members
    first = chain.narrate("Night fell.", mira, tom)
    asked = chain.cue(mira)
    second = chain.narrate("Somebody knocked.", tom)
    chain.accept(mira.line("Who is there?", asked))
    story = story_of(chain)
    assert told(story) == ["Night fell.", "Somebody knocked.", "Who is there?"]
    assert [one.beat for one in story.path()] == [first.id, second.id, first.id]
    assert story.plans[first.id] == (1, 2), "who was planned and not asked is known"


def test_a_line_that_names_no_cue_is_never_canon(chain: Chain) -> None:
    mira, _ = chain.members
    chain.narrate("Night fell.")
    chain.last_cue = None
    chain.accept(mira.line("Unasked."))
    assert told(story_of(chain)) == ["Night fell."]


def test_what_was_heard_before_a_hush_is_kept(chain: Chain) -> None:
    mira, _ = chain.members
    chain.beat("Night fell.", Mira="Who is there? Who is it?")
    chain.tell(Heard(13), (mira.feed[-1].id,))
    assert story_of(chain).heard[mira.feed[-1].id] == 13


def clips_of(story: Story, take: Take) -> tuple[Clip, ...]:
    sound = story.sound_of(take)
    return sound.clips if sound else ()


def test_the_sound_of_a_line_is_its_own_authors_and_the_last_one_counts(chain: Chain) -> None:
    mira, tom = chain.members
    chain.beat("Night fell.", Mira="Who is there?")
    spoken = mira.feed[-1]
    clips = [Clip(bytes([number]) * 32, 10, 10) for number in range(3)]
    tom.write(Voiced((clips[0],), "espeak:en", b""), (spoken.id,))
    assert story_of(chain).sound_of(story_of(chain).passages[spoken.id].take) is None
    sounds = [mira.write(Voiced((clip,), "espeak:en", b""), (spoken.id,)) for clip in clips[1:]]
    take = story_of(chain).passages[spoken.id].take
    assert clips_of(story_of(chain), take) == (clips[2],)
    chain.units.remove((sounds[0],))
    chain.units.remove((sounds[1],))
    mira.open()
    backwards = story_of(chain)
    for sound in reversed(sounds):
        backwards.offer(sound, ledger_of(chain).opening(sound))
    assert clips_of(backwards, take) == (clips[2],), "in whichever order they came"


def test_a_narration_sounds_as_its_narrator_recorded_it_and_else_as_a_reader_read_it(chain: Chain) -> None:
    mira, _ = chain.members
    voice = chain.join("Voice", role="reader")
    beat = chain.narrate("Night fell.", mira)
    clips = [Clip(bytes([number]) * 32, 10, 10) for number in range(4)]
    mira.write(Voiced((clips[0],), "espeak:en", b""), (beat.id,))
    take = story_of(chain).passages[beat.id].take
    assert clips_of(story_of(chain), take) == (), "a character does not speak for the narrator"
    for clip in clips[1:3]:
        voice.write(Voiced((clip,), "espeak:en", b""), (beat.id,))
    assert clips_of(story_of(chain), take) == (clips[2],)
    chain.tell(Voiced((clips[3],), "", b""), (beat.id,))
    assert clips_of(story_of(chain), take) == (clips[3],)
    chain.revoke(voice)
    assert clips_of(story_of(chain), take) == (clips[3],)


# --- the same shape for everyone -------------------------------------------------------------------------------------


def whispering(chain: Chain) -> list[Entry]:
    """A beat for Mira alone, with takes, an edit, a choice and a line that was discarded."""
    mira, _ = chain.members
    beat = chain.narrate("You alone hear a step.", mira, audience=[mira])
    asked = chain.cue(mira, audience=[mira])
    lines = [mira.line(text, asked, audience=[]) for text in ("I hear it.", "I hear nothing.", "What?")]
    chain.accept(lines[0])
    chain.accept(lines[1])
    chain.tell(Discarded("no"), (lines[2].id,), audience=[mira])
    chain.accept(lines[2])
    chain.tell(Chosen(), (lines[0].id,), audience=[mira])
    chain.narrate("Day broke.")
    return [beat, asked, *lines]


def test_a_whisper_has_the_same_shape_for_those_it_is_not_for(chain: Chain) -> None:
    mira, tom = chain.members
    beat, asked, *lines = whispering(chain)
    stories = {one.name: story_of(chain, one) for one in (chain.narrator, mira, tom)}
    assert len({shape_of(one) for one in stories.values()}) == 1
    assert told(stories["Mira"]) == ["You alone hear a step.", "I hear it.", "Day broke."] == told(stories["Narrator"])
    assert told(stories["Tom"]) == ["", "", "Day broke."]
    hidden = [take for one in stories["Tom"].path() for take in one.takes if take.hidden]
    assert len(hidden) == 3 and {one.hidden for one in hidden} == {SEALED}
    assert stories["Mira"].passages[beat.id].take.audience == (0, 1)
    assert stories["Tom"].cues[asked.id].seat is None and stories["Mira"].cues[asked.id].seat == 1
    assert {one.id for one in lines}.isdisjoint(stories["Tom"].offered)


def test_what_was_removed_has_the_same_shape_for_those_who_never_had_it(chain: Chain) -> None:
    beat, _, spoken, _ = chain.beat("Night fell.", Mira="My real name is…")
    chain.narrate("Day broke.")
    before = shape_of(story_of(chain))
    chain.redact(spoken, "a name")
    chain.redact(beat)
    had_it = ledger_of(chain)
    never = Ledger(chain.tag)
    for unit in had_it.units():
        never.take(unit)
    assert shape_of(had_it.story) == shape_of(never.story) == before
    for story in (had_it.story, never.story):
        assert told(story) == ["", "", "Day broke."]
        assert [take.hidden for one in story.path() for take in one.takes] == [REMOVED, REMOVED, ""]


def test_a_cue_sealed_to_others_shows_nothing_but_its_beat(chain: Chain) -> None:
    mira, tom = chain.members
    beat = chain.narrate("A step.", mira, audience=[mira])
    asked = chain.tell(Cued(mira.seat, 1, 1), (beat.id,), audience=[mira])
    cue = story_of(chain, tom).cues[asked.id]
    assert (cue.seat, cue.take, cue.review, cue.beat) == (None, 0, False, beat.id)
