from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.dwlog import MAGIC, RecordReader, RecordType, in_place, read_entries, read_head, record
from protocol.entry import Entry
from protocol.errors import LocalError, RemoteError
from tests.kit.chain import Chain
from tests.kit.log_files import bytes_of, held_units, joined, long_story, records_of, small_story, verify

VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "dwlog.json").read_text(encoding="utf-8"))
LONG = bytes_of(long_story())


def told(units: list[tuple[Entry, ...]]) -> list[bytes]:
    return [entry.id for unit in units for entry in unit]


def test_the_same_story_gives_the_same_bytes_as_ever() -> None:
    assert bytes_of(small_story()).hex() == VECTOR["file"]
    report = verify(bytes.fromhex(VECTOR["file"]), bytes.fromhex(VECTOR["tag"]))
    assert report.head.hex() == VECTOR["canon_head"] and report.entries == VECTOR["entries"]


@given(st.integers(1, len(LONG)))
def test_records_are_the_same_however_the_bytes_come(piece: int) -> None:
    reader = RecordReader()
    found = [one for at in range(0, len(LONG), piece) for one in reader.feed(LONG[at : at + piece])]
    assert [(one.kind, one.payload) for one in found] == records_of(LONG)
    assert reader.offset == len(LONG) and reader.ended and not reader.rest
    assert [LONG[one.offset + 5 :].startswith(one.payload) for one in found] == [True] * len(found)


def test_a_file_says_whose_it_is_and_what_it_holds() -> None:
    chain = small_story()
    head = read_head(records_of(bytes_of(chain))[0][1])
    assert (head.tag, head.exporter, head.scope) == (chain.tag, chain.narrator.public, "whole")


def test_a_length_that_no_record_has_is_refused_before_the_bytes_are_waited_for() -> None:
    reader = RecordReader()
    with pytest.raises(RemoteError):
        list(reader.feed(MAGIC + (limits.RECORD + 1).to_bytes(4, "big") + bytes(5)))


def test_a_clip_larger_than_a_record_is_not_written() -> None:
    with pytest.raises(LocalError):
        bytes_of(small_story(), clips=[bytes(limits.RECORD + 1)])
    assert len(record(RecordType.CLIP, bytes(limits.RECORD))) == limits.RECORD + 9


def test_every_entry_of_a_story_stands_in_its_file_once() -> None:
    chain = long_story()
    units = [read_entries(payload) for kind, payload in records_of(bytes_of(chain)) if kind is RecordType.UNIT]
    assert sorted(told(units)) == sorted(one.id for one in chain.entries)


def test_a_removed_body_leaves_with_the_redaction_that_stands_for_it() -> None:
    chain = long_story()
    bare = [unit for unit in in_place(held_units(chain)) if any(one.redacted for one in unit)]
    assert bare and all(unit[-1].kind == "redact" and unit[0].id in unit[-1].refs for unit in bare)


def test_a_removed_body_that_nothing_explains_is_not_written() -> None:
    chain = small_story()
    units = [(unit[0]._replace(body=b""), *unit[1:]) if unit[0].kind == "narrate" else unit for unit in chain.units]
    with pytest.raises(LocalError):
        bytes_of(chain, units)


def gapped() -> tuple[Chain, list[Entry]]:
    """A story whose last line was accepted while the two entries before it in its run were not here yet."""
    chain = Chain()
    mira = chain.join("Mira")
    chain.narrate("Night fell.", mira)
    chain.cue(mira)
    lines = [mira.line(text) for text in ("One.", "Two.", "Three.")]
    del chain.units[-3:]
    chain.accept(lines[2])
    return chain, lines


def test_what_was_accepted_across_a_gap_is_told_beside_its_accept() -> None:
    chain, lines = gapped()
    units = list(in_place(held_units(chain)))
    assert [one.kind for one in units[-1]] == ["accept", "line"] and lines[2].id not in told(units[:-1])
    assert verify(bytes_of(chain, units), chain.tag).outcome == 0


def test_when_the_gap_closes_it_is_told_in_its_place_as_well() -> None:
    chain, lines = gapped()
    chain.units += [(one,) for one in lines]
    units = list(in_place(chain.units))
    assert told(units)[-3:] == [one.id for one in lines]
    assert verify(bytes_of(chain), chain.tag).outcome == 0
    late = list(in_place([*chain.units[:-4], (lines[2],), *chain.units[-4:-1]]))
    assert told(late)[-3:] == [one.id for one in lines] and told(late)[-4] == lines[2].id
    for data in (bytes_of(chain, late), bytes_of(chain, held_units(chain))):
        report = verify(data, chain.tag)
        assert report.outcome == 0 and {one.entries for one in report.authors if one.name == "Mira"} == {4}


def test_an_entry_without_a_place_that_nothing_accepts_is_an_error_not_an_omission() -> None:
    chain, lines = gapped()
    with pytest.raises(LocalError):
        list(in_place([*chain.units[:-1], (lines[2],)]))


def test_a_file_put_together_from_its_records_is_the_file() -> None:
    assert joined(records_of(LONG)) == LONG


def test_the_example_in_the_document_is_the_vector() -> None:
    document = (Path(__file__).parent.parent.parent / "docs" / "dwlog.md").read_text(encoding="utf-8")
    lines = "\n".join(document.split("```")[1::2]).splitlines()
    shown = [found[0] for one in lines if (found := re.match(r"[0-9a-f…]+( [0-9a-f…]+)*", one.strip()))]
    assert len(shown) > 12
    for spelled in shown:
        pieces = (re.escape(piece) for piece in spelled.replace(" ", "").split("…"))
        assert re.search("[0-9a-f]*?".join(pieces), VECTOR["file"]), spelled
