"""Character cards: lax on read, exact on write, in two parts on the way."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dwnet.card import (
    Card,
    CardError,
    card_from_parts,
    check_card,
    private_part,
    public_part,
    read_card,
    write_card,
)
from dwnet.card_picture import plain_picture
from dwnet.card_showing import show_card
from protocol import limits

V2_KEYS = {
    *("name", "description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt"),
    *("post_history_instructions", "alternate_greetings", "tags", "creator", "character_version", "extensions"),
}
OWN = {"goals": "To sleep.", "backstory": "Long.", "voice": "espeak:en-us+f5?pitch=50&rate=150", "colour": "#1275d9",
       "writer": "http://localhost:11434", "talkativeness": 0.25, "portrait": "data:image/png;base64,AAAA"}  # fmt: skip
EXAMPLE = '<START>\n{{user}}: A bell rings.\n{{char}}: "Tick. A bell is late. Tock."'


def v2(**data: Any) -> bytes:
    return json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Tock", **data}}).encode()


def faults(data: bytes) -> list[tuple[str, str]]:
    return [(one.severity, one.field) for one in check_card(data)]


SAID = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40).map(lambda text: read_text(text))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | SAID
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(SAID, inner), max_leaves=8)
OBJECTS = st.dictionaries(SAID.filter(lambda key: key not in ("dreamweaver", "talkativeness")), ANYTHING, max_size=4)
CARDS = st.builds(
    Card,
    name=st.sampled_from(["Tock", "Brother Anselm", "Żółw", "狐", "👩‍🚀"]),
    **dict.fromkeys(V2_KEYS - {"name", "alternate_greetings", "tags", "extensions"}, SAID),
    alternate_greetings=st.lists(SAID, max_size=3).map(tuple),
    tags=st.lists(SAID, max_size=3).map(tuple),
    character_book=st.none() | OBJECTS,
    extensions=st.builds(lambda rest, own: {**rest, "dreamweaver": own}, OBJECTS, OBJECTS.map(lambda x: {**x, **OWN})),
    others=OBJECTS.map(lambda found: {f"x_{key}": value for key, value in found.items()}),
)


def read_text(text: str) -> str:
    return read_card(v2(description=text)).description


@settings(max_examples=60)
@given(CARDS)
def test_what_is_written_reads_back_the_same(card: Card) -> None:
    written = write_card(card)
    assert read_card(written) == card
    assert write_card(read_card(written)) == written
    assert json.loads(written)["data"].keys() >= V2_KEYS


@settings(max_examples=30)
@given(CARDS)
def test_the_two_parts_make_the_card_again_without_engines_and_pictures(card: Card) -> None:
    assert card_from_parts(public_part(card), private_part(card)) == card.having(writer="", portrait="")


def test_keys_nobody_knows_survive() -> None:
    book = {"entries": [{"keys": ["egg"], "content": "Warm.", "x": 1}], "y": None}
    extensions = {"other/app": {"deep": [1, {"z": 2.5}]}, "dreamweaver": {"later": True}}
    data = json.loads(write_card(read_card(v2(character_book=book, extensions=extensions, nickname="Ticky"))))["data"]
    assert (data["character_book"], data["extensions"], data["nickname"]) == (book, extensions, "Ticky")


def test_a_version_1_card_is_read() -> None:
    flat = dict.fromkeys(("description", "personality", "scenario", "first_mes", "mes_example"), "x") | {"name": "Tock"}
    assert read_card(json.dumps(flat).encode()) == Card(
        "Tock", description="x", personality="x", scenario="x", first_mes="x", mes_example="x"
    )
    assert ("warning", "spec") in faults(json.dumps(flat).encode())


def test_a_version_3_card_is_read_and_what_only_it_knows_is_kept() -> None:
    data = {"name": "Tock", "assets": [{"type": "icon", "uri": "ccdefault:"}], "group_only_greetings": []}
    card = json.dumps({"spec": "chara_card_v3", "spec_version": "3.7", "data": data}).encode()
    assert read_card(card).others == {"assets": data["assets"], "group_only_greetings": []}
    assert ("warning", "spec") in faults(card)
    assert b"ccdefault" not in private_part(read_card(card))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x89PNG\r\n\x1a\n....", "breaks off before its end"),
        (plain_picture("#1d7a8c"), "This PNG picture carries no character card."),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "This is a WebP picture, whatever the file is called"),
        (b"\xff\xd8\xff\xe0", "This is a JPEG picture, whatever the file is called"),
        (b"PK\x03\x04", "archive"),
        (b"\xff\xfe{\x00", "UTF-8"),
        (b"{", "line 1, column 2"),
        (b"", "line 1, column 1"),
        (b"[]", "not an object"),
        (b'{"a": 1}', "neither a name nor a data object"),
        (b'{"spec": "lorebook_v3", "data": {"name": "x"}}', "lorebook"),
        (b'{"name": "x", "y": NaN}', "no number"),
        (b'{"name": "x", "y": 1e999}', "no number"),
        (b'{"name": "x", "y": ' + b"9" * 5000 + b"}", "no character card"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"name": "x", "y": ' + b"[" * 40 + b"]" * 40 + b"}", "nested too deeply"),
        (b" " * (limits.CARD + 1), "1,048,577 bytes where 1,048,576 fit"),
    ],
)
def test_what_is_no_card_is_refused_in_a_sentence(data: bytes, says: str) -> None:
    with pytest.raises(CardError) as caught:
        read_card(data)
    assert says in caught.value.what
    assert caught.value.hint
    assert caught.value.exit_code == 1
    assert [one.severity for one in check_card(data)] == ["error"]


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_card_error(data: bytes) -> None:
    for candidate in (data, b'{"name":"x","y":"' + data + b'"}'):
        with contextlib.suppress(CardError):
            write_card(read_card(candidate))


@pytest.mark.parametrize(
    "name",
    ["", " ", None, 7, "a\nb", "a\tb", "a\x1b[2J", "a\u202eb", "a\u2028b", "a\ufeffb", "x" * (limits.NAME + 1),
     "Narrator", " narrator ", "NARRATOR", "Ｎarrator"],
)  # fmt: skip
def test_a_name_that_would_confuse_is_refused(name: object) -> None:
    with pytest.raises(CardError, match="field name"):
        read_card(v2(name=name))


@pytest.mark.parametrize("name", ["Żółw", "Brother Anselm", "狐", "👩‍🚀", "x" * limits.NAME, "نرگس", "Narrator's cat"])
def test_names_of_every_script_are_welcome(name: str) -> None:
    assert read_card(v2(name=name)).name == name


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"description": ["x"]}, "description"),
        ({"tags": 7}, "tags"),
        ({"extensions": []}, "extensions"),
        ({"character_book": "x"}, "character_book"),
        ({"extensions": {"dreamweaver": 1}}, "extensions.dreamweaver"),
        ({"extensions": {"dreamweaver": {"goals": []}}}, "extensions.dreamweaver.goals"),
        ({"extensions": {"dreamweaver": {"actions": "shouted"}}}, "extensions.dreamweaver.actions"),
        ({"extensions": {"dreamweaver": {"colour": "red"}}}, "extensions.dreamweaver.colour"),
        ({"extensions": {"dreamweaver": {"voice": "Anna"}}}, "extensions.dreamweaver.voice"),
        ({"extensions": {"dreamweaver": {"voice": "espeak:" + "x" * 300}}}, "extensions.dreamweaver.voice"),
        ({"extensions": {"dreamweaver": {"talkativeness": 2}}}, "extensions.dreamweaver.talkativeness"),
        ({"extensions": {"talkativeness": "lots"}}, "extensions.talkativeness"),
    ],
)
def test_a_wrong_field_is_named(data: dict[str, Any], field: str) -> None:
    with pytest.raises(CardError) as caught:
        read_card(v2(**data))
    assert caught.value.facts["field"] == field
    assert caught.value.hint
    assert ("error", field) in faults(v2(**data))


def test_all_wrong_fields_are_found_at_once_and_errors_come_first() -> None:
    found = faults(v2(name="", tags=7, description=None))
    assert found[:2] == [("error", "tags"), ("error", "name")] or found[:2] == [("error", "name"), ("error", "tags")]
    assert ("warning", "description") in found[2:]


def test_odd_fields_are_read_with_a_warning() -> None:
    data = v2(personality=None, scenario=12, tags="owl, dry", creator="a\r\nb\x00c")
    card = read_card(data)
    assert (card.personality, card.scenario, card.tags, card.creator) == ("", "12", ("owl", "dry"), "a\nbc")
    assert {("warning", "personality"), ("warning", "scenario"), ("warning", "tags")} <= set(faults(data))


def test_half_a_letter_can_be_written() -> None:
    card = read_card(b'{"name": "x", "description": "a\\ud83d", "z": {"\\ude00": "\\ude00"}}')
    assert card.description == "a\ufffd"
    assert read_card(write_card(card)) == card


@pytest.mark.parametrize(
    ("extensions", "share"),
    [({}, 0.5), ({"talkativeness": 0.2}, 0.2), ({"talkativeness": "0.75"}, 0.75),
     ({"talkativeness": 0.2, "dreamweaver": {"talkativeness": 1}}, 1.0)],
)  # fmt: skip
def test_talkativeness_is_ours_else_sillytaverns_else_usual(extensions: dict[str, Any], share: float) -> None:
    assert read_card(v2(extensions=extensions)).talkativeness == share


def test_a_card_without_fault_has_no_findings() -> None:
    assert check_card(v2(description="An owl.", mes_example=EXAMPLE, extensions={"dreamweaver": OWN})) == []


def test_a_dull_card_is_told_so() -> None:
    assert faults(v2(mes_example="Tick.")) == [
        ("warning", "description"), ("warning", "mes_example"), ("warning", "extensions.dreamweaver.voice")
    ]  # fmt: skip


def test_lore_that_can_never_come_up_is_told_so() -> None:
    book = {"entries": [{"keys": ["egg"], "content": "Warm."}, {"keys": ["bell"]}, 7]}
    found = faults(v2(character_book=book))
    assert ("warning", "character_book.entries.1") in found
    assert ("warning", "character_book.entries.2") in found
    assert ("warning", "character_book.entries.0") not in found


def test_no_engine_of_this_machine_and_no_picture_travels() -> None:
    card = read_card(v2(extensions={"dreamweaver": OWN}))
    assert card.writer == OWN["writer"]
    travelling = private_part(card) + repr(public_part(card)).encode()
    assert b"localhost" not in travelling
    assert b"base64" not in travelling


def test_a_private_part_that_cannot_travel_names_its_largest_field() -> None:
    card = Card("Tock", description="x" * 1000, mes_example="y" * limits.CARD_SHEET)
    with pytest.raises(CardError, match="mes_example"):
        private_part(card)
    assert ("error", "mes_example") in faults(write_card(card))
    assert read_card(write_card(card)) == card


def test_what_everybody_sees_is_laid_over_the_private_part() -> None:
    card = read_card(v2(tags=["owl"], extensions={"dreamweaver": OWN}))
    public = replace(public_part(card), name="Tick", voice="", colour="#000000", talkativeness=0.9, tags=("bird",))
    whole = card_from_parts(public, private_part(card))
    assert (whole.name, whole.voice, whole.colour, whole.talkativeness, whole.tags) == (
        "Tick",
        "",
        "#000000",
        0.9,
        ("bird",),
    )
    assert whole.goals == card.goals


def test_tags_that_did_not_travel_are_kept() -> None:
    card = Card("Tock", tags=("owl",))
    assert card_from_parts(replace(public_part(card), tags=()), private_part(card)) == card


def test_talkativeness_may_travel_in_hundredths() -> None:
    card = Card("Tock").having(talkativeness=1 / 3)
    public = replace(public_part(card), talkativeness=0.33)
    assert card_from_parts(public, private_part(card)).talkativeness == 1 / 3


def test_showing_a_card_leaves_out_what_is_empty() -> None:
    book = {"entries": [{"keys": ["egg", "eggs"], "content": "Warm."}]}
    shown = dict(show_card(read_card(v2(description="An owl.", character_book=book, mes_example=EXAMPLE))))
    assert shown.keys() == {"Name", "Description", "Examples", "Lore", "Talkativeness"}
    assert shown["Lore"] == "egg, eggs: Warm."
    assert "<START>" not in shown["Examples"]
