"""Units: checked before anything changes, taken whole or not at all, and worth the same in whichever order."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dwnet.simulation import shape_of
from protocol import limits
from protocol.encoding import encode
from protocol.entry import Entry, parse_entry, write_entry
from protocol.errors import Code, RemoteError
from protocol.identity import SigningKey
from protocol.kinds import Accepted, Adopted, Line, Narrated, Redacted, Resealed, Voiced
from protocol.ledger import Ledger, Unit
from protocol.log import Verdict
from protocol.shapes import Span
from tests.kit.chain import Chain, Hand


@pytest.fixture
def chain() -> Chain:
    """One beat, told and answered; Mira's line is accepted."""
    chain = Chain()
    chain.join("Mira")
    chain.join("Tom")
    chain.beat("Night fell.", Mira="Who is there?")
    return chain


def ledger_of(chain: Chain, units: Iterable[Unit] | None = None, reader: Hand | None = None) -> Ledger:
    ledger = Ledger(chain.tag, (reader or chain.narrator).seal)
    for unit in chain.units if units is None else units:
        ledger.take(unit)
    return ledger


def view(ledger: Ledger) -> object:
    """Everything a ledger says to the outside."""
    story = ledger.story
    log = ledger.log
    return (
        {one: log.summary(one) for one in log.feeds if log.heads(one)},
        [one.id for one in ledger.canon.order],
        [run.tip.id for run in ledger.canon.tails()],
        ledger.authority.members,
        ledger.authority.revoked,
        shape_of(story),
        {one: (take.spans, take.hidden) for p in story.passages.values() for take in p.takes for one in [take.entry]},
        set(story.offered),
        story.cues,
        story.edits,
        story.sounds,
        {one.id: bool(one.body) for one in ledger.entries.values()},
    )


def refused(ledger: Ledger, unit: Unit) -> Code:
    before = view(ledger)
    with pytest.raises(RemoteError) as caught:
        ledger.take(unit)
    assert view(ledger) == before, "everything is checked before anything changes"
    return caught.value.code


def without_body(entry: Entry) -> Entry:
    return parse_entry(entry.header, entry.signature, b"")


def said(text: str = "x") -> Line:
    return Line((Span("speech", text),), "echo", b"", "")


# --- what is refused -------------------------------------------------------------------------------------------------


def test_genesis_must_be_the_one_the_tag_names(chain: Chain) -> None:
    assert refused(Ledger(bytes(16)), (chain.genesis,)) is Code.WRONG_STORY
    forged = chain.genesis._replace(signature=bytes(64))
    assert refused(Ledger(chain.tag), (forged,)) is Code.BAD_SIGNATURE
    ledger = ledger_of(chain)
    assert ledger.take((chain.genesis,)).verdict is Verdict.KNOWN
    assert refused(ledger, (Chain(seed=9).genesis,)) is Code.WRONG_STORY


def test_before_genesis_nothing_is_known_of_anybody(chain: Chain) -> None:
    ledger = Ledger(chain.tag)
    assert not ledger.begun
    assert ledger.take(chain.units[1]).verdict is Verdict.UNKNOWN_AUTHOR


def test_an_entry_of_another_story_is_refused(chain: Chain) -> None:
    other = Chain(seed=9)
    other.join("Mira")
    assert refused(ledger_of(chain), other.units[-1]) is Code.WRONG_STORY


def test_a_forged_signature_is_refused(chain: Chain) -> None:
    told = chain.narrate("Day broke.")
    assert refused(ledger_of(chain, chain.units[:-1]), (told._replace(signature=bytes(64)),)) is Code.BAD_SIGNATURE


def test_what_is_not_its_authors_to_write_is_refused(chain: Chain) -> None:
    mira, _ = chain.members
    ledger = ledger_of(chain)
    assert refused(ledger, (mira.write(Narrated("I am the narrator now.", (), "say")),)) is Code.NOT_GRANTED


def test_a_stranger_is_nobodys_fault_and_changes_nothing(chain: Chain) -> None:
    stranger = chain.hand("Stranger", 7)
    ledger = ledger_of(chain)
    assert ledger.take((stranger.open(),)).verdict is Verdict.UNKNOWN_AUTHOR
    assert stranger.public not in ledger.log.feeds


def test_a_body_withheld_is_no_entry(chain: Chain) -> None:
    told = chain.narrate("Day broke.")
    ledger = ledger_of(chain, chain.units[:-1])
    assert refused(ledger, (without_body(told),)) is Code.MALFORMED
    assert told.id not in ledger.log and ledger.take((told,)).verdict is Verdict.TAKEN


def test_an_accept_without_its_line_is_refused_and_with_it_is_one_unit(chain: Chain) -> None:
    mira, _ = chain.members
    chain.cue(mira)
    line = mira.line("Second.")
    accept, _ = chain.accept(line)
    ledger = ledger_of(chain, chain.units[:-2])
    assert refused(ledger, (accept,)) is Code.MALFORMED
    taken = ledger.take((accept, line))
    assert taken.unit == (accept, line) == ledger.unit_of(accept)
    assert line.id in ledger.entries


def test_an_accept_that_names_another_author_is_refused(chain: Chain) -> None:
    mira, tom = chain.members
    line = mira.line("Mine.")
    wrong = chain.narrator.write(Accepted(tom.public), (line.id,), stored=False)
    assert refused(ledger_of(chain), (wrong, line)) is Code.MALFORMED


def test_an_accept_of_the_narrators_own_entry_is_refused(chain: Chain) -> None:
    told = chain.narrate("Day broke.")
    wrong = chain.narrator.write(Accepted(chain.narrator.public), (told.id,), stored=False)
    assert refused(ledger_of(chain), (wrong, told)) is Code.MALFORMED


def test_an_accept_too_large_to_travel_with_its_line_is_refused(chain: Chain) -> None:
    mira, _ = chain.members
    line, narrator = mira.line("Mine."), chain.narrator
    body = encode([bytes(16), 0, [mira.public, bytes(limits.SMALL_BODY)]])
    fat = write_entry(
        narrator.key, tag=chain.tag, run=narrator.run, seq=narrator.seq, prev=narrator.head, at=0, kind="accept",
        body=body, refs=(line.id,),
    )  # fmt: skip
    assert refused(ledger_of(chain), (fat, line)) is Code.TOO_LARGE


# --- accepted is accepted --------------------------------------------------------------------------------------------


def test_an_accepted_entry_survives_its_twin_that_was_there_first(chain: Chain) -> None:
    mira, _ = chain.members
    chain.cue(mira)
    line = mira.line("The real one.")
    twin = mira.twin(said("The lie."))
    accept, _ = chain.accept(line)
    ledger = ledger_of(chain, [*chain.units[:-2], (twin,)])
    taken = ledger.take((accept, line))
    assert taken.unit == (accept, line) and taken.fork == (twin, line), "the twin is a proof at once"
    assert ledger.take_fork(*taken.fork)
    assert {line.id, twin.id} <= set(ledger.entries)
    assert "The real one." in [span.text for one in ledger.story.path() for span in one.take.spans]
    assert ledger.take((mira.line("More."),)).verdict is Verdict.SET_ASIDE
    assert ledger.take((chain.narrate("And on."),)).verdict is Verdict.TAKEN


def test_an_accepted_line_of_a_set_aside_author_is_taken(chain: Chain) -> None:
    mira, _ = chain.members
    chain.cue(mira)
    line = mira.line("Said before.")
    twin = mira.twin(said("The lie."))
    accept, _ = chain.accept(line)
    ledger = ledger_of(chain, chain.units[:-2])
    ledger.take_fork(line, twin)
    assert ledger.take((accept, line)).unit == (accept, line)


def test_what_was_accepted_before_a_revoke_stays_and_what_follows_is_not_taken(chain: Chain) -> None:
    mira, _ = chain.members
    chain.cue(mira)
    line = mira.line("Said before.")
    chain.accept(line)
    chain.revoke(mira)
    late = mira.line("Said after.")
    ledger = ledger_of(chain)
    assert "Said before." in [span.text for one in ledger.story.path() for span in one.take.spans]
    assert ledger.take((late,)).verdict is Verdict.REVOKED
    newcomer = Ledger(chain.tag)
    narrators = [unit for unit in chain.units if unit[0].author == chain.narrator.public]
    for unit in narrators:
        newcomer.take(unit)
    assert shape_of(newcomer.story) == shape_of(ledger.story), "whoever hears of the revoke first reads the same"


def test_the_narrator_is_never_set_aside(chain: Chain) -> None:
    told = chain.narrate("One thing.")
    twin = chain.narrator.twin(Narrated("Another.", (), "say"))
    ledger = ledger_of(chain)
    taken = ledger.take((twin,))
    assert taken.verdict is Verdict.FORK and taken.fork == (told, twin)
    assert ledger.take_fork(told, twin)
    assert ledger.take((chain.narrate("And on."),)).verdict is Verdict.TAKEN


def test_a_proof_must_prove_something(chain: Chain) -> None:
    mira, tom = chain.members
    ledger = ledger_of(chain)
    ours, twin = mira.line("One thing."), mira.twin(said("Another."))
    for pair in ((ours, ours), (ours, tom.feed[-1]), (ours, mira.feed[-2])):
        with pytest.raises(RemoteError):
            ledger.take_fork(*pair)
    with pytest.raises(RemoteError):
        ledger.take_fork(ours, twin._replace(signature=bytes(64)))
    assert not ledger.log.forks
    assert ledger.take_fork(without_body(ours), without_body(twin)) and not ledger.take_fork(ours, twin)
    stranger = chain.hand("Stranger", 7)
    first = stranger.open()
    assert not ledger.take_fork(first, stranger.twin(said()))


# --- redaction -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["author", "narrator"])
def test_a_redaction_takes_the_words_and_leaves_the_place(chain: Chain, by: str) -> None:
    mira, _ = chain.members
    line = mira.feed[-1]
    redaction = mira.write(Redacted(""), (line.id,)) if by == "author" else chain.redact(line)
    ledger = ledger_of(chain)
    assert ledger.entries[line.id].redacted and ledger.redactions[line.id] == redaction
    assert [one.take.hidden for one in ledger.story.path()] == ["", "removed"], "at once, not at the next narration"
    accept = next(one for one in ledger.canon.order if one.kind == "accept")
    assert ledger.unit_of(accept) == (accept, without_body(line), redaction)
    assert all(line.body not in one.body for one in ledger.entries.values())


def test_nobody_takes_back_what_another_said(chain: Chain) -> None:
    mira, tom = chain.members
    line = mira.feed[-1]
    tom.write(Redacted("I don't like it"), (line.id,))
    ledger = ledger_of(chain)
    assert not ledger.entries[line.id].redacted
    theirs = tom.feed[-1]
    fresh = ledger_of(chain, [unit for unit in chain.units if unit[0].author == chain.narrator.public][:-1])
    accept = chain.units[-2][0]
    assert refused(fresh, (accept, without_body(line), theirs)) is Code.MALFORMED


def test_a_false_redaction_that_came_first_does_not_stand_in_the_way_of_a_true_one(chain: Chain) -> None:
    mira, tom = chain.members
    line = mira.line("Too much.")
    false = tom.write(Redacted("mine"), (line.id,))
    true = mira.write(Redacted("too much"), (line.id,))
    ledger = ledger_of(chain, [*chain.units[:-3], (false,), (line,)])
    assert not ledger.entries[line.id].redacted
    ledger.take((true,))
    assert ledger.redactions[line.id] == true
    other = ledger_of(chain, chain.units[:-3])
    assert other.take(ledger.unit_of(line)).verdict is Verdict.TAKEN, "what one gives another takes"


def test_a_redaction_that_comes_before_its_entry_waits_for_it(chain: Chain) -> None:
    mira, _ = chain.members
    line = mira.line("Too much.")
    mira.open()
    redaction = mira.write(Redacted("too much"), (line.id,))
    ledger = ledger_of(chain, [*chain.units[:-3], *chain.units[-2:], (line,)])
    assert ledger.entries[line.id].redacted and ledger.redactions[line.id] == redaction
    assert ledger.story.offered[line.id][1] is None


def test_a_newcomer_takes_a_redacted_story_and_keeps_the_narrators_run_whole(chain: Chain) -> None:
    first = chain.narrate("My real name is…")
    for number in range(5):
        chain.narrate(f"Night {number}.")
    chain.redact(first)
    chain.narrate("Day broke.")
    had_it = ledger_of(chain)
    never = ledger_of(chain, had_it.units())
    assert view(never) == view(had_it)
    assert [one.id for one in never.canon.order] == [one.id for one in chain.narrator.feed]
    assert all(never.canon.get(one.id) is not None for one in chain.narrator.feed)


def test_structure_can_not_be_taken_back(chain: Chain) -> None:
    mira, _ = chain.members
    chain.narrator.open()
    lasting = [one for one in chain.narrator.feed if one.kind in ("genesis", "open", "grant", "accept")]
    for entry in lasting:
        chain.redact(entry)
    ledger = ledger_of(chain)
    assert not any(ledger.entries[one.id].redacted for one in lasting)
    grant = next(one for one in lasting if one.kind == "grant")
    redaction = next(one for one in chain.narrator.feed if one.kind == "redact" and grant.id in one.refs)
    fresh = ledger_of(chain, chain.units[:3])
    assert refused(fresh, (without_body(grant), redaction)) is Code.MALFORMED
    assert mira.public in ledger.authority.members


def test_redactions_that_come_along_count_against_their_authors_share(chain: Chain) -> None:
    mira, _ = chain.members
    ledger = ledger_of(chain)
    ledger.log.settle(mira.public)
    line = mira.line("Too much.")
    redaction = mira.write(Redacted(""), (line.id,))
    ledger.take((without_body(line), redaction))
    assert ledger.log.feeds[mira.public].open_entries == 2


# --- sealed ----------------------------------------------------------------------------------------------------------


def test_a_whisper_signed_by_another_opens_for_nobody(chain: Chain) -> None:
    mira, tom = chain.members
    secret = mira.write(said("Only you."), audience=[tom])
    copied = write_entry(
        tom.key, tag=chain.tag, run=tom.run, seq=tom.seq, prev=tom.head, at=0, kind="line", body=secret.body
    )
    ledger = ledger_of(chain, reader=tom)
    assert ledger.opening(secret) is not None
    assert ledger.take((copied,)).verdict is Verdict.TAKEN, "it is relayed like all else, and read by nobody"
    assert ledger.opening(copied) is None


def test_a_key_sealed_again_opens_the_past_for_a_newcomer_to_the_seat(chain: Chain) -> None:
    mira, _ = chain.members
    secret = chain.narrate("You alone hear a step.", mira, audience=[mira])
    heir = chain.hand("Mira's heir", mira.seat)
    chain.revoke(mira)
    chain.grant(heir)
    opening = ledger_of(chain).opening(secret)
    assert opening is not None
    before = ledger_of(chain, reader=heir)
    assert before.opening(secret) is None
    reseal = chain.tell(Resealed(opening.key), (secret.id,), audience=[heir])
    before.take((reseal,))
    assert before.opening(secret) is not None
    assert "You alone hear a step." in [span.text for one in before.story.path() for span in one.take.spans]


# --- any order -------------------------------------------------------------------------------------------------------


def long_story() -> Chain:
    """Everything that can happen, in one story."""
    chain = Chain()
    mira, tom = chain.join("Mira"), chain.join("Tom")
    chain.beat("Night fell.", Mira="Who is there?", Tom="Only me.")
    beat = chain.narrate("You alone hear a step.", mira, audience=[mira])
    chain.accept(mira.line("I know.", chain.cue(mira, audience=[mira]), audience=[]))
    spoken = tom.line("Boo.", chain.cue(tom))
    tom.write(Voiced((), "espeak:en", b""), (spoken.id,))
    chain.redact(chain.narrate("A slip of the tongue."))
    chain.discard(spoken)
    mira.open()
    mira.write(Redacted("said too much"), (mira.feed[1].id,))
    mira.line("Waiting to be accepted.", chain.cue(mira))
    backup = chain.canon_head
    chain.narrator.open()
    chain.beat("A tail.", Mira="In a tail.")
    tail = chain.canon_head
    chain.narrator.open(backup)
    chain.rewind(beat, "the other way")
    chain.tell(Adopted(), (tail,))
    chain.revoke(tom)
    ada = chain.join("Ada")
    chain.beat("Morning came.", Ada="At last.")
    chain.edit(ada.feed[-1], "At long last.")
    return chain


LONG = long_story()
WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]  # an order in which forty units come says no more cut


def runs_of(units: Iterable[Unit]) -> list[list[Unit]]:
    runs: dict[tuple[bytes, bytes], list[Unit]] = {}
    for unit in units:
        runs.setdefault((unit[0].author, unit[0].run), []).append(unit)
    return list(runs.values())


def arrive(ledger: Ledger, runs: list[list[Unit]], data: st.DataObject) -> list[Unit]:
    """Bring these runs in some order; what is not taken is brought again later, as by a later round of heads."""
    stored: list[Unit] = []
    left = [run[:] for run in runs]
    while left := [run for run in left if run]:
        waiting = sum(map(len, left))
        for run in data.draw(st.permutations(left), label="order"):
            for _ in range(data.draw(st.integers(1, 6), label="a stretch")):
                if not run:
                    break
                verdict = (taken := ledger.take(run[0])).verdict
                if verdict not in (Verdict.TAKEN, Verdict.KNOWN):
                    break
                stored += [taken.unit] if taken.unit else []
                run.pop(0)
        assert sum(map(len, left)) < waiting, "somebody can always go on"
    return stored


@settings(max_examples=60, phases=WITHOUT_SHRINKING)
@given(st.data())
def test_the_same_units_in_any_order_are_the_same_story(data: st.DataObject) -> None:
    straight = ledger_of(LONG)
    ledger = Ledger(LONG.tag, LONG.narrator.seal)
    stored = arrive(ledger, runs_of(straight.units()), data)
    assert view(ledger) == view(straight)
    loaded = Ledger(LONG.tag, LONG.narrator.seal)
    loaded.load(stored)
    assert view(loaded) == view(ledger), "what the disk gives back is what was held"
    exported = ledger_of(LONG, ledger.units())
    assert view(exported) == view(ledger), "and what is exported can be taken"


@settings(max_examples=20, phases=WITHOUT_SHRINKING)
@given(st.data())
def test_with_or_without_keys_the_story_has_the_same_shape(data: st.DataObject) -> None:
    stranger = LONG.hand("Somebody", 9)
    ledgers = [Ledger(LONG.tag, one.seal) for one in (*LONG.members, stranger)]
    for ledger in ledgers:
        arrive(ledger, runs_of(ledger_of(LONG).units()), data)
    assert len({shape_of(ledger.story) for ledger in ledgers}) == 1


def test_a_story_heard_live_is_the_story_that_is_fetched_later() -> None:
    live = Ledger(LONG.tag, LONG.narrator.seal)
    for unit in LONG.units:
        if unit[0].kind == "accept":
            live.take(unit[1:])  # offered first, as it was said
        live.take(unit)
    assert view(live) == view(ledger_of(LONG, ledger_of(LONG).units()))


def test_at_any_moment_the_disk_gives_back_what_was_held() -> None:
    live = Ledger(LONG.tag, LONG.narrator.seal)
    stored: list[Unit] = []
    for unit in LONG.units:
        stored.append(live.take(unit).unit)
        loaded = Ledger(LONG.tag, LONG.narrator.seal)
        loaded.load(one for one in stored if one)
        assert view(loaded) == view(live)


def test_the_disk_is_never_told_that_it_holds_too_much(chain: Chain) -> None:
    mira, _ = chain.members
    lines = [mira.line(str(number)) for number in range(limits.PENDING_ENTRIES + 20)]
    ledger = Ledger(chain.tag)
    ledger.load(chain.units)
    assert lines[-1].id in ledger.entries
    assert ledger.take((mira.line("One more."),)).verdict is Verdict.TOO_MANY, "but it counts"


def test_what_is_accepted_with_a_gap_before_it_is_there_after_a_restart_too(chain: Chain) -> None:
    mira, _ = chain.members
    chain.cue(mira)
    for number in range(3):
        mira.line(f"Never accepted, {number}.")
    line = mira.line("Accepted.")
    chain.accept(line)
    after = mira.line("And more.")
    ledger = Ledger(chain.tag)
    stored = [taken.unit for unit in chain.units if unit[0].author == chain.narrator.public
              for taken in [ledger.take(unit)]]  # fmt: skip
    assert not ledger.log.in_place(line) and line.id in ledger.entries
    stored += [taken.unit for unit in chain.units if unit[0].author == mira.public
               for taken in [ledger.take(unit)] if taken.unit]  # fmt: skip
    assert ledger.log.in_place(line) and ledger.log.in_place(after)
    loaded = Ledger(chain.tag)
    loaded.load(stored)
    assert view(loaded) == view(ledger)


def test_a_clock_a_year_off_changes_no_verdict() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    tick, skew = chain.tick, [0]
    chain.tick = lambda: max(0, tick() + skew[0])  # type: ignore[method-assign]
    for off in (-365 * 86_400_000, 365 * 86_400_000, -3_600_000):
        skew[0] = off
        chain.beat("Night fell.", Mira="Who is there?")
        mira.open()
        chain.narrator.open()
    ledger = Ledger(chain.tag)
    assert all(ledger.take(unit).verdict is Verdict.TAKEN for unit in chain.units)
    assert len(list(ledger.story.path())) == 6 and ledger.canon.head == chain.canon_head


def test_an_unknown_kind_is_held_and_ignored_by_the_fold(chain: Chain) -> None:
    mira, _ = chain.members
    before = shape_of(ledger_of(chain).story)
    strange = write_entry(
        mira.key, tag=chain.tag, run=mira.run, seq=mira.seq, prev=mira.head, at=0, kind="dance", body=b"\xff nonsense"
    )
    ledger = ledger_of(chain)
    assert ledger.take((strange,)).verdict is Verdict.TAKEN
    assert shape_of(ledger.story) == before and ledger.opening(strange) is None


def test_a_unit_is_taken_by_itself_though_more_stands_beside_it(chain: Chain) -> None:
    mira, tom = chain.members
    one, other = mira.line("One."), tom.line("Other.")
    ledger = ledger_of(chain, chain.units[:-2])
    assert ledger.take((one, other)).unit == (one,)
    assert other.id not in ledger.log, "nobody smuggles"


def test_keys_of_different_members_do_not_collide() -> None:
    chain = Chain()
    assert chain.hand("A", 1).public != chain.hand("B", 1).public
    assert SigningKey.from_seed(bytes(32)).public != chain.narrator.public
