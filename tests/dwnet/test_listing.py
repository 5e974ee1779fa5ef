from __future__ import annotations

from dwnet.listing import WIDTH, rows_of
from tests.kit.chain import Chain
from tests.kit.log_files import held_units, long_story


def test_every_entry_has_one_row() -> None:
    chain = long_story()
    rows = list(rows_of(held_units(chain)))
    assert len({row["id"] for row in rows}) == len(rows) == len(chain.entries)
    assert rows[0]["kind"] == "genesis" and rows[0]["text"] == "All"
    assert {row["author"] for row in rows} == {"Narrator", "Mira", "Tom"}


def test_what_is_sealed_or_removed_is_named_so() -> None:
    texts = {(row["kind"], row["text"]) for row in rows_of(held_units(long_story()))}
    assert ("narrate", "(sealed)") in texts and ("line", "(removed)") in texts


def test_text_is_one_short_line_without_codes() -> None:
    chain = Chain()
    chain.narrate("one\ntwo\x1b[31m " + "x" * 500)
    *_, row = rows_of(chain.units)
    text = str(row["text"])
    assert text.startswith("one two x") and len(text) == WIDTH
