from __future__ import annotations

import pytest

from narrator_app.direction import (
    ANSWERERS,
    FAILING_SECONDS,
    FIRST_TOKEN_SECONDS,
    GONE_SECONDS,
    PROGRESS_SECONDS,
    Accept,
    Ask,
    Circumstances,
    Decision,
    Miss,
    Pace,
    acceptable,
    decide,
    plan_for,
    queue,
    unknown_names,
)
from protocol.entry import Entry
from protocol.kinds import Heard, Missed
from protocol.ledger import Ledger
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


def decision(
    chain: Chain,
    *,
    now: float = 0,
    review: bool = False,
    paces: dict[bytes, Pace] | None = None,
    away: dict[int, float] | None = None,
    failing: dict[int, str] | None = None,
    forced: tuple[tuple[bytes, int], ...] = (),
    skipped: tuple[tuple[bytes, int], ...] = (),
    held: bool = False,
) -> Decision | None:
    """What a narrator who was just started with this log would do: the fold alone tells."""
    ledger = ledger_of(chain)
    around = Circumstances(now, review, paces or {}, away or {}, failing or {}, forced, skipped, held)
    return decide(ledger.story, ledger.authority, around)


def waiting(chain: Chain) -> list[Entry]:
    ledger = ledger_of(chain)
    return acceptable(ledger.story, ledger.authority)


def test_before_anything_is_told_there_is_nothing_to_do(chain: Chain, mira: Hand) -> None:
    assert decision(chain) is None


def test_a_beat_goes_its_way_one_cue_at_a_time_and_any_restart_goes_on_where_it_was(
    chain: Chain, mira: Hand, rusk: Hand
) -> None:
    """Every decision here is taken from a fresh fold, as after a kill at that moment."""
    beat = chain.narrate("Night fell.", rusk, mira)
    assert decision(chain) == Ask(beat.id, rusk.seat, 0)
    chain.cue(rusk, 0)
    assert decision(chain) is None, "one at a time"
    line = rusk.line("Who is there?")
    assert decision(chain) == Accept(line)
    chain.accept(line)
    assert decision(chain) == Ask(beat.id, mira.seat, 0)
    chain.cue(mira, 0)
    chain.tell(Missed("too slow"), (chain.last_cue.id,) if chain.last_cue else ())
    assert decision(chain) is None, "the beat is over"


def test_narrating_while_a_beat_runs_lets_the_one_who_was_asked_finish_and_drops_the_others(
    chain: Chain, mira: Hand, rusk: Hand
) -> None:
    chain.narrate("Night fell.", rusk, mira)
    chain.cue(rusk, 0)
    line = rusk.line("Who is there?")
    later = chain.narrate("The door flew open.", mira)
    assert decision(chain) == Accept(line)
    chain.accept(line)
    assert decision(chain) == Ask(later.id, mira.seat, 0)
    chain.cue(mira, 0)
    chain.accept(mira.line("Not I."))
    assert decision(chain) is None


def test_a_hush_ends_the_beat_and_a_cue_by_hand_goes_on(chain: Chain, mira: Hand, rusk: Hand) -> None:
    beat = chain.narrate("Night fell.", rusk, mira)
    cue = chain.cue(rusk, 0)
    chain.tell(Heard(0), (cue.id,))
    line = rusk.line("Who is")
    assert decision(chain) == Accept(line), "what was written by then becomes the line"
    chain.accept(line)
    assert decision(chain) is None
    assert decision(chain, forced=((beat.id, mira.seat),)) == Ask(beat.id, mira.seat, 0)


def test_a_hush_about_a_line_ends_its_beat_and_no_other(chain: Chain, mira: Hand, rusk: Hand) -> None:
    chain.narrate("Night fell.", rusk, mira)
    chain.cue(rusk, 0)
    line = rusk.line("Who is there?")
    chain.accept(line)
    chain.tell(Heard(4), (line.id,))
    assert decision(chain) is None
    beat = chain.narrate("Morning.", mira)
    assert decision(chain) == Ask(beat.id, mira.seat, 0)


@pytest.mark.parametrize(
    ("seconds", "progressed", "missed"),
    [
        (FIRST_TOKEN_SECONDS - 1, None, False),
        (FIRST_TOKEN_SECONDS, None, True),
        (FIRST_TOKEN_SECONDS + 100, FIRST_TOKEN_SECONDS + 90, False),
        (60.0, 60.0 - PROGRESS_SECONDS, True),
    ],
)
def test_no_first_token_and_no_progress_are_missed(
    seconds: float, progressed: float | None, missed: bool, chain: Chain, mira: Hand
) -> None:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    found = decision(chain, now=seconds, paces={cue.id: Pace(0, progressed)})
    assert isinstance(found, Miss) is missed
    if isinstance(found, Miss):
        assert found.cue == cue.id and "Mira" in found.why


def test_who_is_gone_is_not_waited_for(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    assert decision(chain, now=GONE_SECONDS - 1, away={mira.seat: 0}) is None
    assert decision(chain, now=GONE_SECONDS, away={mira.seat: 0}) == Miss(cue.id, "Mira is not here.")


def test_who_says_it_cannot_answer_is_believed_after_a_moment(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    why, paces = {mira.seat: "no model."}, {cue.id: Pace(0)}
    assert decision(chain, now=FAILING_SECONDS - 0.1, failing=why, paces=paces) is None
    found = decision(chain, now=FAILING_SECONDS, failing=why, paces=paces)
    assert found == Miss(cue.id, "Mira cannot answer: no model.")
    going_on = {cue.id: Pace(0, FAILING_SECONDS)}
    assert decision(chain, now=FAILING_SECONDS, failing=why, paces=going_on) is None, "it is writing"


def test_a_seat_that_is_closed_while_it_is_asked_is_missed_at_once(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    chain.revoke(mira)
    assert decision(chain) == Miss(cue.id, "Nobody plays Mira.")


def test_a_seat_nobody_plays_is_not_asked(chain: Chain, mira: Hand, rusk: Hand) -> None:
    beat = chain.narrate("Night fell.", mira, rusk)
    chain.revoke(mira)
    assert decision(chain) == Ask(beat.id, rusk.seat, 0)


def late(chain: Chain, mira: Hand) -> Entry:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    chain.tell(Missed("too slow"), (cue.id,))
    return mira.line("Here I am.", cue)


def test_a_line_that_comes_late_is_taken_while_its_beat_is_the_last(chain: Chain, mira: Hand) -> None:
    line = late(chain, mira)
    assert decision(chain) == Accept(line)
    chain.narrate("Morning.")
    assert decision(chain) is None
    assert waiting(chain) == []


def test_under_review_a_line_waits_for_a_word(chain: Chain, mira: Hand, rusk: Hand) -> None:
    chain.narrate("Night fell.", mira, rusk)
    chain.cue(mira, 0)
    line = mira.line("Who is there?")
    assert decision(chain, review=True) is None
    assert waiting(chain) == [line]
    assert decision(chain) == Accept(line), "review off again"


def test_only_who_was_asked_may_answer(chain: Chain, mira: Hand, rusk: Hand) -> None:
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    rusk.line("I am Mira.", cue)
    assert decision(chain) is None
    assert decision(chain, now=60, paces={cue.id: Pace(0)}) is not None, "and does not keep the story waiting"
    line = mira.line("Who is there?", cue)
    assert decision(chain) == Accept(line)


def test_a_line_that_waits_for_a_word_is_never_too_late(chain: Chain, mira: Hand, rusk: Hand) -> None:
    chain.narrate("Night fell.", mira, rusk)
    cue = chain.cue(mira, 0)
    mira.line("Who is there?")
    paces = {cue.id: Pace(0, 1)}
    for since in ({}, {mira.seat: 2.0}):
        assert decision(chain, now=3600, review=True, paces=paces, away=since, failing={mira.seat: "no model."}) is None


def test_a_cue_by_hand_is_another_take(chain: Chain, mira: Hand) -> None:
    beat = chain.narrate("Night fell.", mira)
    chain.cue(mira, 0)
    chain.accept(mira.line("Who is there?"))
    assert decision(chain, forced=((beat.id, mira.seat),)) == Ask(beat.id, mira.seat, 1)


def test_a_cue_by_hand_about_a_branch_that_was_left_is_not_given(chain: Chain, mira: Hand) -> None:
    first = chain.narrate("Night fell.")
    left = chain.narrate("The door flew open.")
    chain.rewind(first, "left")
    assert decision(chain, forced=((left.id, mira.seat),)) is None


# --- who speaks next, as it is shown -----------------------------------------------------------------------------


def turns(
    chain: Chain,
    *,
    paces: dict[bytes, Pace] | None = None,
    forced: tuple[tuple[bytes, int], ...] = (),
    skipped: tuple[tuple[bytes, int], ...] = (),
    held: bool = False,
) -> list[tuple[int, str]]:
    ledger = ledger_of(chain)
    around = Circumstances(0, False, paces or {}, {}, {}, forced, skipped, held)
    return [(one.seat, one.state) for one in queue(ledger.story, ledger.authority, around)]


def test_the_queue_shows_who_was_asked_who_writes_and_who_comes_next(chain: Chain, mira: Hand, rusk: Hand) -> None:
    assert turns(chain) == []
    chain.narrate("Night fell.", rusk, mira)
    assert turns(chain) == [(rusk.seat, "planned"), (mira.seat, "planned")]
    cue = chain.cue(rusk, 0)
    assert turns(chain) == [(rusk.seat, "asked"), (mira.seat, "planned")]
    assert turns(chain, paces={cue.id: Pace(0, 1)}) == [(rusk.seat, "speaking"), (mira.seat, "planned")]
    line = rusk.line("Who is there?")
    assert turns(chain, paces={cue.id: Pace(0, 1)}) == [(rusk.seat, "waiting"), (mira.seat, "planned")]
    chain.accept(line)
    assert turns(chain) == [(mira.seat, "planned")]


def test_who_was_asked_by_hand_comes_first_and_once(chain: Chain, mira: Hand, rusk: Hand) -> None:
    beat = chain.narrate("Night fell.", rusk, mira)
    assert turns(chain, forced=((beat.id, mira.seat),)) == [(mira.seat, "forced"), (rusk.seat, "planned")]


def test_while_the_narrator_holds_nobody_is_asked_and_lines_are_taken(chain: Chain, mira: Hand, rusk: Hand) -> None:
    beat = chain.narrate("Night fell.", mira, rusk)
    hand = ((beat.id, mira.seat),)
    assert decision(chain, held=True) is None and decision(chain, held=True, forced=hand) is None
    assert turns(chain, held=True, forced=hand) == [(mira.seat, "held"), (rusk.seat, "held")]
    chain.cue(mira, 0)
    line = mira.line("Who is there?")
    assert decision(chain, held=True) == Accept(line)


def test_who_is_skipped_is_passed_over_and_may_still_be_asked_by_hand(chain: Chain, mira: Hand, rusk: Hand) -> None:
    beat = chain.narrate("Night fell.", mira, rusk)
    passed = ((beat.id, mira.seat),)
    assert decision(chain, skipped=passed) == Ask(beat.id, rusk.seat, 0)
    assert turns(chain, skipped=passed) == [(mira.seat, "skipped"), (rusk.seat, "planned")]
    assert decision(chain, skipped=passed, forced=passed) == Ask(beat.id, mira.seat, 0)


def test_the_queue_shows_a_seat_that_nobody_plays(chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    chain.revoke(mira)
    assert turns(chain) == [(mira.seat, "empty")]


@pytest.mark.parametrize("why", [SKIPPED, WENT_BACK])
def test_what_the_narrator_let_go_is_not_taken_when_it_comes_after_all(chain: Chain, mira: Hand, why: str) -> None:
    beat = chain.narrate("Night fell.", mira)
    cue = chain.cue(mira, 0)
    chain.tell(Missed(why), (cue.id,))
    mira.line("Here I am.", cue)
    assert decision(chain) is None and waiting(chain) == []
    assert decision(chain, forced=((beat.id, mira.seat),)) == Ask(beat.id, mira.seat, 1)


# --- whom a narration asks -----------------------------------------------------------------------------------------


def story_with(*names: str) -> Story:
    chain = Chain()
    for name in names:
        chain.join(name)
    return ledger_of(chain).story


CAST = ("Mira", "Rusk", "Brother Anselm", "The Fox", "🦊 Reynard", "שרה")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("@Rusk, what do you say? Mira listens.", (2,)),
        ("@rusk and @Mira wait.", (2, 1)),
        ("The rain hits Mira, then RUSK.", (1, 2)),
        ("Rusk's lantern goes out.", (2,)),
        ("The admiral admires Ruskin.", None),
        ("An emirate, miras and ruskers.", None),
        ("Brother Anselm kneels.", (3,)),
        ("Anselm kneels.", (3,)),
        ("His brother is dead.", None),
        ("@brother, get up!", (3,)),
        ("The night is dark.", None),
        ("The fox bites.", (4,)),
        ("@Fox, stop it!", (4,)),
        ("Then 🦊 Reynard grins.", (5,)),
        ("Reynard grins at שרה.", (5, 6)),
        ("שרה, מה את אומרת?", (6,)),
        ("mail me@mira.example", (1,)),
        ("\u202e Mira", (1,)),
    ],
)
def test_whom_a_narration_asks(text: str, asked: tuple[int, ...] | None) -> None:
    story = story_with(*CAST)
    assert plan_for(text, story) == (asked or (1, 2, 3, 4))


def test_nobody_named_asks_the_longest_silent_and_not_too_many() -> None:
    chain = Chain()
    for name in "ABCDEF":
        chain.join(f"Name {name}")
    chain.beat("Night fell.", **{"Name A": "Hm.", "Name B": "Ha."})
    ledger = ledger_of(chain)
    plan = plan_for("It rains.", ledger.story)
    assert plan == (3, 4, 5, 6) and len(plan) == ANSWERERS


def test_whoever_is_asked_for_is_asked_once_and_in_that_order() -> None:
    assert plan_for("Mira!", story_with("Mira", "Rusk"), [2, 1, 2]) == (2, 1)
    assert plan_for("Mira!", story_with("Mira", "Rusk"), []) == ()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("@Rusk, and @brother!", []),
        ("@the fox, @Brother Anselm", []),
        ("@שרה?", []),
        ("@Nobody, come!", ["Nobody"]),
        ("@Rus and @Ruskin", ["Rus", "Ruskin"]),
        ("@O'Brien", ["O'Brien"]),
        ("mail me@nobody.example", []),
        ("the price @ 5 a pound, @@x", []),
        ("@", []),
    ],
)
def test_a_name_that_nobody_has_is_found(text: str, unknown: list[str]) -> None:
    assert unknown_names(text, story_with(*CAST)) == unknown


def test_nobody_is_called_who_does_not_answer() -> None:
    chain = Chain()
    chain.join("Vera", role="listener")
    assert unknown_names("@Vera!", ledger_of(chain).story) == ["Vera"]


def test_listeners_are_not_asked() -> None:
    chain = Chain()
    chain.join("Mira")
    chain.join("Vera", role="listener")
    assert plan_for("Vera and all of you!", ledger_of(chain).story) == (1,)


def test_a_ledger_of_its_own_decides_the_same(chain: Chain, mira: Hand, rusk: Hand) -> None:
    """The order in which entries came in does not matter to what is decided."""
    chain.narrate("Night fell.", mira, rusk)
    chain.cue(mira, 0)
    line = mira.line("Who is there?")
    late_line = Ledger(chain.tag)
    units = [unit for unit in chain.units if unit[0].id != line.id]
    for unit in [*units, (line,)]:
        late_line.take(unit)
    around = Circumstances(0, False, {}, {}, {})
    assert decide(late_line.story, late_line.authority, around) == Accept(line) == decision(chain)
