from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.authority import Authority
from protocol.body import pack_body
from protocol.dwlog import END_PURPOSE, NewerFormat, RecordType, read_end, read_entries, record
from protocol.encoding import decode, encode, take_list
from protocol.entry import Entry, tag_of, write_entry
from protocol.identity import ENTRY, SigningKey
from protocol.kinds import Accepted, Checkpoint, Line, Narrated, Redacted, Revoked
from protocol.shapes import Span
from protocol.verifier import Outcome
from tests.kit.chain import Chain
from tests.kit.log_files import (
    CHEAT,
    CLIP,
    bytes_of,
    ended,
    held_units,
    independent_outcome,
    joined,
    ledger_of,
    long_story,
    records_of,
    small_story,
    verify,
)

SMALL, LONG = small_story(), long_story()
SMALL_FILE, LONG_FILE = bytes_of(SMALL), bytes_of(LONG, held_units(LONG))
Records = list[tuple[RecordType, bytes]]


def outcome(data: bytes, tag: bytes | None = None) -> Outcome:
    """What both verifiers, ours and the one in docs/, find."""
    ours = verify(data, tag).outcome
    assert independent_outcome(data, tag) == ours
    return ours


def unit(*entries: Entry) -> tuple[RecordType, bytes]:
    return RecordType.UNIT, encode([part for entry in entries for part in entry.triple])


def after(chain: Chain, *entries: tuple[RecordType, bytes]) -> bytes:
    """The chain's file with more records before its end, made to agree with them by a cheat."""
    records = records_of(bytes_of(chain))
    return ended([*records[:-1], *entries], chain.canon_head)


def line(words: str) -> Line:
    return Line((Span("speech", words),), "echo", b"", "")


# --- what is whole --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chain", [SMALL, LONG], ids=["small", "long"])
def test_a_whole_file_is_whole_and_leads_to_the_head_that_a_node_sees(chain: Chain) -> None:
    data = bytes_of(chain, held_units(chain))
    report = verify(data, chain.tag)
    assert outcome(data, chain.tag) is Outcome.WHOLE and report.identity_checked
    ledger = ledger_of(chain)
    assert report.head == ledger.canon.head and report.tag == chain.tag
    assert report.name == ledger.authority.name and report.narrator == chain.narrator.public
    assert {one.key: one.entries for one in report.authors} == {
        hand.public: len(hand.feed) for hand in (chain.narrator, *chain.members)
    }
    assert report.entries == len(ledger.entries), "a redaction stands in two places and is one entry"
    assert report.offset == len(data) and report.clips == 1


def test_without_a_tag_the_file_agrees_with_itself_and_no_more_is_said() -> None:
    report = verify(SMALL_FILE)
    assert report.outcome is Outcome.WHOLE and not report.identity_checked
    assert "not checked" in report.sentence and SMALL.tag.hex() in report.sentence


@given(st.integers(1, len(LONG_FILE)))
def test_it_does_not_matter_in_what_pieces_the_file_is_read(piece: int) -> None:
    assert verify(LONG_FILE, LONG.tag, piece) == verify(LONG_FILE, LONG.tag)


def test_a_file_of_another_story_is_not_read_on() -> None:
    report = verify(SMALL_FILE, LONG.tag)
    assert outcome(SMALL_FILE, LONG.tag) is Outcome.ANOTHER_STORY and not report.identity_checked
    assert SMALL.tag.hex() in report.sentence and report.entries == 1


def test_whoever_exports_signs_and_need_not_be_the_narrator() -> None:
    data = ended(records_of(SMALL_FILE), SMALL.canon_head, CHEAT)
    report = verify(data, SMALL.tag)
    assert outcome(data, SMALL.tag) is Outcome.WHOLE
    assert report.about is not None and report.about.exporter == CHEAT.public


def test_a_newer_format_is_not_called_tampered() -> None:
    fields = take_list(decode(records_of(SMALL_FILE)[0][1], 1024), "head", 5)
    with pytest.raises(NewerFormat):
        verify(joined([(RecordType.HEAD, encode([2, *fields[1:], b"more"]))]))


# --- flips and cuts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_no_flipped_byte_goes_unseen(flip: int) -> None:
    """Only in the four bytes that say how long END is does a flip look like a cut."""
    end = len(joined(records_of(SMALL_FILE)[:-1]))
    for at in range(len(SMALL_FILE)):
        data = bytearray(SMALL_FILE)
        data[at] ^= flip
        report = verify(bytes(data), SMALL.tag)
        in_length_of_end = end <= at < end + 4
        assert report.outcome is Outcome.TAMPERED or (in_length_of_end and report.outcome is Outcome.CUT_SHORT)
        assert report.offset <= at


@given(st.data())
def test_no_two_flipped_bytes_go_unseen(data: st.DataObject) -> None:
    first, second = data.draw(st.tuples(st.integers(0, len(SMALL_FILE) - 1), st.integers(0, len(SMALL_FILE) - 1)))
    flips = data.draw(st.tuples(st.integers(1, 255), st.integers(1, 255)))
    changed = bytearray(SMALL_FILE)
    changed[first] ^= flips[0]
    changed[second] ^= flips[1]
    if changed != SMALL_FILE:
        assert verify(bytes(changed), SMALL.tag).outcome is not Outcome.WHOLE
        assert independent_outcome(bytes(changed), SMALL.tag) != 0


def test_a_flip_under_a_mended_check_sum_is_seen_in_what_it_hits() -> None:
    """Whoever can flip a byte can compute a CRC. Hashes and signatures do not bend to that."""
    records = records_of(SMALL_FILE)
    for number, (kind, payload) in enumerate(records):
        for at in range(0, len(payload), 7):
            changed = bytearray(payload)
            changed[at] ^= 0x20
            mended = joined([*records[:number], (kind, bytes(changed)), *records[number + 1 :]])
            try:
                assert verify(mended, SMALL.tag).outcome in (Outcome.TAMPERED, Outcome.ANOTHER_STORY)
            except NewerFormat:
                assert kind is RecordType.HEAD


def test_a_file_that_stops_anywhere_was_cut_short() -> None:
    for length in range(len(SMALL_FILE)):
        report = verify(SMALL_FILE[:length], SMALL.tag)
        assert report.outcome is Outcome.CUT_SHORT
        assert report.offset <= length


def test_a_file_cut_between_records_says_up_to_where_it_is_whole() -> None:
    records = records_of(SMALL_FILE)
    cut = joined(records[:5])
    report = verify(cut, SMALL.tag)
    assert outcome(cut, SMALL.tag) is Outcome.CUT_SHORT
    assert (report.entries, report.offset) == (4, len(cut)) and "up to entry 4" in report.sentence
    assert report.head == read_entries(records[4][1])[0].id


@pytest.mark.parametrize("more", [b"\0", bytes(20), SMALL_FILE, record(RecordType.CLIP, CLIP)])
def test_nothing_may_follow_the_end(more: bytes) -> None:
    assert outcome(SMALL_FILE + more, SMALL.tag) is Outcome.TAMPERED
    assert verify(SMALL_FILE + more, SMALL.tag, 1).outcome is Outcome.TAMPERED


# --- records moved about --------------------------------------------------------------------------------------------


def doubled(records: Records, at: int) -> Records:
    return [*records[: at + 1], *records[at:]]


def removed(records: Records, at: int) -> Records:
    return [*records[:at], *records[at + 1 :]]


def swapped(records: Records, at: int) -> Records:
    return [*records[:at], records[at + 1], records[at], *records[at + 2 :]]


@pytest.mark.parametrize("change", [doubled, removed, swapped])
def test_records_doubled_removed_or_swapped_are_seen(change: Callable[[Records, int], Records]) -> None:
    records = records_of(LONG_FILE)
    for at in range(len(records) - 1):
        data = joined(change(records, at))
        assert outcome(data, LONG.tag) is (
            Outcome.CUT_SHORT if change is swapped and at == len(records) - 1 else Outcome.TAMPERED
        )


@pytest.mark.parametrize("change", [doubled, removed, swapped])
def test_of_the_narrators_own_they_are_seen_even_under_a_new_end(change: Callable[[Records, int], Records]) -> None:
    records = records_of(SMALL_FILE)
    last = max(at for at, (kind, _) in enumerate(records) if kind is RecordType.UNIT)
    for at in range(1, last - (change is swapped)):
        touched = records[at : at + 1 + (change is swapped)]
        if all(read_entries(payload)[0].author == SMALL.narrator.public for _, payload in touched):
            data = ended(change(records, at), SMALL.canon_head)
            assert outcome(data, SMALL.tag) is Outcome.TAMPERED


def test_the_place_of_a_wrong_record_is_named() -> None:
    records = records_of(SMALL_FILE)
    report = verify(joined(removed(records, 6)), SMALL.tag)
    assert report.offset == len(joined(records[:6])) and report.entries == 5
    assert f"byte {report.offset}" in report.sentence and "missing" in report.sentence


def test_an_older_file_is_whole_so_its_head_is_what_tells() -> None:
    """Nobody can tell a file whose last entries were left out from one that was written earlier."""
    records = records_of(SMALL_FILE)
    older = ended(records[:5], read_entries(records[4][1])[0].id)
    report = verify(older, SMALL.tag)
    assert outcome(older, SMALL.tag) is Outcome.WHOLE and report.head != verify(SMALL_FILE).head


def test_a_record_of_an_unknown_kind_does_not_belong() -> None:
    data = after(SMALL)[:8] + record(RecordType.CLIP, b"x") + after(SMALL)[8:]
    assert outcome(data, SMALL.tag) is Outcome.TAMPERED
    records = records_of(SMALL_FILE)
    foreign = bytearray(record(RecordType.CLIP, b"x"))
    foreign[4] = 77
    foreign[-4:] = record(RecordType.CLIP, b"x")[-4:]
    assert outcome(joined(records[:3]) + bytes(foreign), SMALL.tag) is Outcome.TAMPERED
    assert outcome(joined([*records[:3], records[0]]), SMALL.tag) is Outcome.TAMPERED


# --- entries that should not be there -------------------------------------------------------------------------------


def test_an_entry_by_somebody_without_a_seat_is_refused() -> None:
    chain = small_story()
    chain.hand("Mallory", 9).open()
    assert outcome(bytes_of(chain), chain.tag) is Outcome.TAMPERED


def test_an_entry_before_its_authors_grant_is_refused() -> None:
    records = records_of(SMALL_FILE)
    grant = next(at for at, (_, payload) in enumerate(records[1:-2], 1) if read_entries(payload)[0].kind == "grant")
    assert outcome(joined(swapped(records, grant)), SMALL.tag) is Outcome.TAMPERED


def test_an_entry_after_its_author_was_revoked_is_refused_but_what_was_accepted_counts() -> None:
    chain = small_story()
    mira = chain.members[0]
    chain.cue(mira)
    late = mira.line("I am still here.")
    chain.units.pop()
    chain.tell(Checkpoint("here"), (chain.genesis.id,))
    mira.seq -= 1
    chain.revoke(mira)
    assert outcome(after(chain, unit(late)), chain.tag) is Outcome.TAMPERED
    chain.accept(late)
    assert outcome(bytes_of(chain), chain.tag) is Outcome.WHOLE


def test_a_member_may_not_narrate() -> None:
    chain = small_story()
    chain.members[0].write(Narrated("I take over.", (), "say"))
    assert outcome(bytes_of(chain), chain.tag) is Outcome.TAMPERED


def test_an_entry_of_another_story_is_refused() -> None:
    chain = small_story()
    other = write_entry(
        chain.members[0].key,
        tag=LONG.tag,
        run=b"another!",
        seq=0,
        prev=b"",
        at=1,
        kind="open",
        body=pack_body(line("x"), bytes(16)),
    )
    assert outcome(after(chain, unit(other)), chain.tag) is Outcome.TAMPERED


def test_words_put_into_somebodys_mouth_are_seen() -> None:
    records = records_of(SMALL_FILE)
    at = next(at for at, (_, payload) in enumerate(records) if b"Who is there?" in payload)
    words = records[at][1].replace(b"Who is there?", b"I did do it!!")
    assert (
        outcome(ended([*records[:at], (records[at][0], words), *records[at + 1 :]], SMALL.canon_head))
        is Outcome.TAMPERED
    )
    told = read_entries(records[at][1])[0]
    forged = write_entry(
        CHEAT, tag=told.tag, run=told.run, seq=told.seq, prev=told.prev, at=told.at, kind=told.kind,
        body=told.body.replace(b"Who is there?", b"I did do it!!"), seen=told.seen, refs=told.refs,
    )  # fmt: skip
    header = forged.header.replace(CHEAT.public, told.author)
    spoken = encode([header, forged.signature, forged.body])
    assert (
        outcome(ended([*records[:at], (records[at][0], spoken), *records[at + 1 :]], SMALL.canon_head))
        is Outcome.TAMPERED
    )


def test_a_file_begins_with_genesis_and_nothing_else() -> None:
    told = write_entry(
        CHEAT, tag=bytes(16), run=bytes(8), seq=0, prev=b"", at=1, kind="open", body=pack_body(line("x"), bytes(16))
    )
    head = (RecordType.HEAD, encode([1, tag_of(told.id), CHEAT.public, "", 0]))
    assert "genesis" in verify(ended([head, unit(told)], told.id)).sentence
    assert outcome(ended([head, unit(told)], told.id)) is Outcome.TAMPERED


def test_the_head_of_a_file_names_the_story_that_is_in_it() -> None:
    records = records_of(SMALL_FILE)
    head = (RecordType.HEAD, encode([1, LONG.tag, CHEAT.public, "", 0]))
    for tag in (SMALL.tag, LONG.tag, None):
        assert outcome(ended([head, *records[1:]], SMALL.canon_head), tag) is Outcome.TAMPERED


def test_an_entry_that_follows_another_than_stands_before_it_is_refused() -> None:
    chain = small_story()
    mira = chain.members[0]
    held, twin = mira.feed[-1], mira.twin(line("Nobody."))
    mira.seq, mira.head = twin.seq + 1, twin.id
    after_twin = mira.write(line("Truly."), stored=False)
    assert held.seq == twin.seq and "exchanged" in verify(after(chain, unit(after_twin)), chain.tag).sentence
    assert outcome(after(chain, unit(after_twin)), chain.tag) is Outcome.TAMPERED


def test_what_was_accepted_across_a_gap_may_fall_into_place_after_a_revoke() -> None:
    chain = small_story()
    mira = chain.members[0]
    chain.cue(mira)
    lines = [mira.line(text) for text in ("One.", "Two.")]
    del chain.units[-2:]
    accept = chain.narrator.write(Accepted(mira.public), (lines[1].id,), stored=False)
    mira.seq -= 1  # the narrator had heard the first line only
    revoke = chain.tell(Revoked(mira.public, ((mira.run, lines[0].seq),), "left"))
    chain.units.pop()
    more = (unit(accept, lines[1]), unit(revoke), unit(lines[0]), unit(lines[1]))
    assert outcome(after(chain, *more), chain.tag) is Outcome.WHOLE
    assert outcome(after(chain, unit(lines[0]), unit(accept, lines[1]), unit(revoke)), chain.tag) is Outcome.WHOLE
    unaccepted = write_entry(
        mira.key, tag=chain.tag, run=mira.run, seq=lines[1].seq, prev=lines[0].id, at=1, kind="line", body=lines[1].body
    )
    assert outcome(after(chain, *more[:3], unit(unaccepted)), chain.tag) is Outcome.TAMPERED


def test_the_narrators_own_are_not_accepted() -> None:
    chain = small_story()
    narrator = chain.narrator
    here = narrator.run, narrator.seq, narrator.head
    own = narrator.open()
    chain.units.pop()
    narrator.run, narrator.seq, narrator.head = here
    accept = narrator.write(Accepted(narrator.public), (own.id,), stored=False)
    data = ended([*records_of(bytes_of(chain))[:-1], unit(accept, own)], own.id)
    assert outcome(data, chain.tag) is Outcome.TAMPERED
    assert "narrator's own" in verify(data).sentence


def test_what_others_stand_on_is_not_removed() -> None:
    chain = small_story()
    redact = chain.tell(Redacted("no"), (chain.narrator.feed[2].id,))
    units = [(bare(one[0]), redact) if one[0].kind == "invite" else one for one in chain.units]
    assert any(one[0].redacted for one in units)
    assert outcome(bytes_of(chain, units), chain.tag) is Outcome.TAMPERED


def test_a_redaction_is_of_the_same_story() -> None:
    chain = small_story()
    mira = chain.members[0]
    chain.cue(mira)
    spoken = mira.line("Hello?")
    chain.units.pop()
    body = pack_body(Redacted("no"), bytes(16))
    elsewhere = write_entry(
        mira.key, tag=LONG.tag, run=bytes(8), seq=0, prev=b"", at=1, kind="redact", body=body, refs=[spoken.id]
    )
    assert outcome(after(chain, unit(bare(spoken), elsewhere)), chain.tag) is Outcome.TAMPERED


def spoilt(entry: Entry) -> Entry:
    return entry._replace(signature=CHEAT.sign(ENTRY, entry.header))


def test_every_entry_of_a_unit_must_be_signed_by_its_author() -> None:
    chain = small_story()
    mira = chain.members[0]
    chain.cue(mira)
    spoken = mira.line("Hello?")
    chain.units.pop()
    accept = chain.narrator.write(Accepted(spoken.author), (spoken.id,), stored=False)
    redact = mira.write(Redacted("no"), (spoken.id,), stored=False)
    for good in ((spoken,), (accept, spoken), (bare(spoken), redact)):
        assert "signature" not in verify(after(chain, unit(*good)), chain.tag).sentence
        for at in range(len(good)):
            entries = (*good[:at], spoilt(good[at]), *good[at + 1 :])
            assert "signature" in verify(after(chain, unit(*entries)), chain.tag).sentence
            assert outcome(after(chain, unit(*entries)), chain.tag) is Outcome.TAMPERED


def test_what_is_accepted_is_by_a_member_of_this_story() -> None:
    chain = small_story()
    stranger = chain.hand("Mallory", 9)
    stranger.run = chain.draw(8)
    uninvited = stranger.write(line("Let me in."), stored=False)
    other = LONG.members[0].feed[1]
    for accepted in (uninvited, other):
        accept = chain.narrator.write(Accepted(accepted.author), (accepted.id,), stored=False)
        assert outcome(after(chain, unit(accept, accepted)), chain.tag) is Outcome.TAMPERED
        chain.narrator.seq, chain.narrator.head = accept.seq, accept.prev


# --- units ----------------------------------------------------------------------------------------------------------


def test_an_accept_stands_beside_or_after_what_it_accepts() -> None:
    chain = small_story()
    mira = chain.members[0]
    chain.cue(mira)
    spoken = mira.line("Hello?")
    chain.units.pop()
    accept = chain.narrator.write(Accepted(spoken.author), (spoken.id,), stored=False)
    assert outcome(after(chain, unit(spoken), unit(accept)), chain.tag) is Outcome.WHOLE
    assert outcome(after(chain, unit(accept, spoken)), chain.tag) is Outcome.WHOLE
    assert outcome(after(chain, unit(accept), unit(spoken)), chain.tag) is Outcome.TAMPERED
    assert outcome(after(chain, unit(accept)), chain.tag) is Outcome.TAMPERED


def test_an_accept_that_names_another_author_is_refused() -> None:
    chain = small_story()
    tom = chain.join("Tom")
    chain.cue(tom)
    spoken = tom.line("Hello?")
    chain.tell(Accepted(chain.members[0].public), (spoken.id,))
    assert outcome(bytes_of(chain), chain.tag) is Outcome.TAMPERED
    chain.units.pop()
    accept = chain.narrator.feed[-1]
    assert outcome(after(chain, unit(accept, spoken)), chain.tag) is Outcome.TAMPERED


def test_nothing_rides_along_in_a_unit() -> None:
    chain = small_story()
    mira = chain.members[0]
    chain.cue(mira)
    first, second = mira.line("Hello?"), mira.line("Anybody?")
    del chain.units[-2:]
    assert outcome(after(chain, unit(first, second)), chain.tag) is Outcome.TAMPERED


def bare(entry: Entry) -> Entry:
    return entry._replace(body=b"")


def test_a_body_may_be_missing_only_where_its_redaction_stands() -> None:
    chain = small_story()
    mira, tom = chain.members[0], chain.join("Tom")
    chain.cue(mira)
    spoken = mira.line("Hello?")
    chain.units.pop()
    by_mira = mira.write(Redacted("no"), (spoken.id,), stored=False)
    by_tom = tom.write(Redacted("no"), (spoken.id,), stored=False)
    of_another = mira.write(Redacted("no"), (mira.feed[1].id,), stored=False)
    assert outcome(after(chain, unit(bare(spoken), by_mira)), chain.tag) is Outcome.WHOLE
    for wrong in ((), (by_tom,), (of_another,), (spoken,)):
        assert outcome(after(chain, unit(bare(spoken), *wrong)), chain.tag) is Outcome.TAMPERED


# --- the end --------------------------------------------------------------------------------------------------------


def with_end(changes: dict[int, object], key: SigningKey = SMALL.narrator.key) -> bytes:
    """The small file with an end that says something else at these places, signed by the exporter himself."""
    records = records_of(SMALL_FILE)
    content = encode([changes.get(at, told) for at, told in enumerate(read_end(records[-1][1])[:6])])
    return joined([*records[:-1], (RecordType.END, encode([content, key.sign(END_PURPOSE, content)]))])


def test_the_end_must_agree_in_every_number() -> None:
    assert outcome(with_end({}), SMALL.tag) is Outcome.WHOLE
    for at in range(4):
        assert outcome(with_end({at: 99}), SMALL.tag) is Outcome.TAMPERED
    for at, wrong in ((4, SMALL.genesis.id), (4, b""), (5, bytes(32))):
        assert outcome(with_end({at: wrong}), SMALL.tag) is Outcome.TAMPERED


def test_the_end_is_signed_by_the_key_in_the_head() -> None:
    assert outcome(with_end({}, CHEAT), SMALL.tag) is Outcome.TAMPERED


def test_a_clip_that_was_exchanged_is_seen() -> None:
    records = [(kind, b"other sound" if payload == CLIP else payload) for kind, payload in records_of(SMALL_FILE)]
    assert outcome(joined(records), SMALL.tag) is Outcome.TAMPERED


# --- forks ----------------------------------------------------------------------------------------------------------


def test_a_proof_of_a_fork_makes_a_whole_file_a_forked_one() -> None:
    chain = small_story()
    mira = chain.members[0]
    twin = mira.twin(line("Nobody."))
    data = bytes_of(chain, forks=[(mira.feed[-1], twin)])
    report = verify(data, chain.tag)
    assert outcome(data, chain.tag) is Outcome.FORKED
    assert [one.name for one in report.authors if one.forked] == ["Mira"] and "Mira" in report.sentence


def test_a_proof_may_lack_its_bodies() -> None:
    chain = small_story()
    mira = chain.members[0]
    data = bytes_of(chain, forks=[(bare(mira.feed[-1]), bare(mira.twin(line("Nobody."))))])
    assert outcome(data, chain.tag) is Outcome.FORKED


def test_a_proof_that_proves_nothing_is_tampering() -> None:
    chain = small_story()
    mira, stranger = chain.members[0], chain.hand("Mallory", 9)
    stranger.run = chain.draw(8)
    told = stranger.write(line("a"), stored=False)
    first, last = mira.feed[0], mira.feed[-1]
    for pair in ((last, last), (first, last), (told, stranger.twin(line("b")))):
        assert outcome(bytes_of(chain, forks=[pair]), chain.tag) is Outcome.TAMPERED
    forged = (last, mira.twin(line("c"))._replace(signature=bytes(64)))
    assert outcome(bytes_of(chain, forks=[forged[::-1]]), chain.tag) is Outcome.TAMPERED
    assert outcome(bytes_of(chain, forks=[forged]), chain.tag) is Outcome.TAMPERED


def test_a_twin_that_was_accepted_is_taken_and_shows_the_fork() -> None:
    chain = small_story()
    mira = chain.members[0]
    twin = mira.twin(line("Nobody."))
    accept = chain.narrator.write(Accepted(mira.public), (twin.id,), stored=False)
    data = after(chain, unit(accept, twin))
    assert outcome(data, chain.tag) is Outcome.FORKED


# --- one rule, one place --------------------------------------------------------------------------------------------


def test_the_kinds_that_grant_rights_are_those_that_authority_reads() -> None:
    """Only these bodies are taken apart while a file is checked; a new one must be named in protocol/feeds.py."""
    for chain in (SMALL, LONG):
        whole, spared = Authority(), ledger_of(chain).authority
        for entry in chain.narrator.feed:
            whole.add(entry)
        report = verify(bytes_of(chain))
        assert {one.key for one in report.authors} == set(whole.members) == set(spared.members)
        assert {one.name for one in report.authors} == {whole.name_of(key) for key in whole.members}
