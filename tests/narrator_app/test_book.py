from __future__ import annotations

from narrator_app.book import REMOVED, book_of, spoken_lines
from protocol.kinds import Chosen, Heard, Line
from protocol.ledger import Ledger
from protocol.shapes import Span
from tests.kit.chain import Chain
from tests.kit.log_files import ledger_of


def read_by_the_narrator(chain: Chain) -> Ledger:
    ledger = Ledger(chain.tag, chain.narrator.seal)
    for unit in chain.units:
        ledger.take(unit)
    return ledger


def test_a_book_is_the_story_in_order_with_names() -> None:
    chain = Chain()
    chain.join("Mira")
    chain.beat("Night fell.", Mira="Who is there?")
    chain.beat("A knock.", Mira="Come in.")
    book = book_of(ledger_of(chain), with_whispers=False)
    assert [(one.speaker, one.text, one.beat, one.kind) for one in book.passages] == [
        ("Narrator", "Night fell.", 1, "narration"),
        ("Mira", "Who is there?", 1, "line"),
        ("Narrator", "A knock.", 2, "narration"),
        ("Mira", "Come in.", 2, "line"),
    ]
    assert [one.name for one in book.cast] == ["Mira"] and book.title == "The Lighthouse"
    assert book.tag == chain.tag.hex() and book.fingerprint_hex == chain.canon_head.hex()


def test_whispers_stand_in_it_only_when_asked_for_and_readable() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    chain.narrate("Only you know.", mira, audience=[mira])
    cue = chain.cue(mira, audience=[mira])
    chain.accept(mira.line("I do.", cue, audience=[]))
    ledger = read_by_the_narrator(chain)
    assert book_of(ledger, with_whispers=False).passages == ()
    passages = book_of(ledger, with_whispers=True).passages
    assert [(one.kind, one.text, one.audience) for one in passages] == [
        ("whisper", "Only you know.", ("Mira",)),
        ("whisper", "I do.", ("Narrator",)),
    ]
    assert book_of(ledger_of(chain), with_whispers=True).passages == (), "sealed to whoever reads here"
    assert [line.private for line in spoken_lines(ledger.story)] == [True, True]
    assert list(spoken_lines(ledger_of(chain).story)) == []


def test_edits_takes_removals_and_what_was_heard() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    first = chain.narrate("Night fell.", mira)
    chain.edit(first, "Night fell slowly.")
    chain.cue(mira)
    one = mira.line("One.")
    chain.accept(one)
    chain.cue(mira)
    chain.accept(mira.line("Two."))
    chain.tell(Chosen(), (one.id,))
    chain.tell(Heard(2), (one.id,))
    gone = chain.narrate("A secret.")
    chain.redact(gone)
    edited, line, removed = book_of(ledger_of(chain), with_whispers=False).passages
    assert (edited.text, edited.edited) == ("Night fell slowly.", True)
    assert (line.text, line.take, line.heard, line.edited) == ("One.", 1, "On", False)
    assert removed.text == REMOVED
    assert [one.text for one in spoken_lines(ledger_of(chain).story)] == ["Night fell slowly.", "One."]


def test_what_a_hush_cut_while_it_was_written_counts_by_its_cue() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira)
    chain.tell(Heard(3), (cue.id,))
    chain.accept(mira.line("Who is"))
    assert book_of(ledger_of(chain), with_whispers=False).passages[-1].heard == "Who"


def test_actions_and_thoughts_keep_their_marks() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    chain.narrate("Night fell.", mira)
    cue = chain.cue(mira)
    spans = (Span("action", "bows"), Span("speech", "Welcome."), Span("thought", "a lie"))
    chain.accept(mira.write(Line(spans, "echo", b"", ""), (cue.id,)))
    assert book_of(ledger_of(chain), with_whispers=False).passages[-1].text == "*bows* Welcome. (a lie)"


def test_a_seat_without_a_name_has_one() -> None:
    story = ledger_of(Chain()).story
    assert story.name_of(0) == "Narrator" and story.name_of(7) == "seat 7"
