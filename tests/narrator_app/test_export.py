"""What leaves the house as JSON and as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from narrator_app.export import Book, CastMember, Mark, Passage, to_json, to_text
from protocol.shapes import Span

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "story.schema.json").read_bytes())
VALIDATOR = Draft202012Validator(SCHEMA)
WORDS = ("able", "acorn", "alder")
AT = "2026-01-02T03:04:05Z"
SAID = (Span("speech", "I'm not afraid."),)
NARRATION = Passage("narration", "Narrator", "The lamp goes out.", (), AT, "a1", 1)
LINE = Passage(
    "line", "Pim", "I'm not afraid.", SAID, "2026-01-02T03:04:06.125Z", "b2", 1, 2, True, None, "SmolLM2", "12D3KooX"
)
WHISPER = Passage("whisper", "Narrator", "It is her.", (), "2026-01-02T03:04:07+00:00", "c3", 1, audience=("Pim",))


def book(*passages: Passage, title: str = "The Night") -> Book:
    cast = (CastMember("Pim", "espeak:en", "#1275d9", "12D3KooX"), CastMember("Tock"))
    return Book(title, "00ff", "11ee", WORDS, cast, passages, (Mark("before", ""), Mark("storm", "a1")))


def errors(data: bytes) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(json.loads(data))]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_json_is_what_the_schema_says() -> None:
    assert errors(to_json(book(NARRATION, LINE, WHISPER))) == []
    assert errors(to_json(Book("Empty", "00", "11", ()))) == []


def test_every_field_that_is_written_is_documented() -> None:
    told = json.loads(to_json(book(LINE)))
    for name, one in (
        ("passage", told["passages"][0]),
        ("member", told["cast"][0]),
        ("checkpoint", told["checkpoints"][0]),
    ):
        assert one.keys() == SCHEMA["$defs"][name]["properties"].keys()
    assert told.keys() == SCHEMA["properties"].keys()


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "song"), ("at", "yesterday"), ("at", "2026-01-02T03:04:05+02:00"), ("entry", "xyz"), ("take", 0),
     ("heard", 3), ("audience", ["Pim"]), ("spans", [{"kind": "song", "text": ""}])],
)  # fmt: skip
def test_the_schema_refuses_what_is_no_passage(field: str, value: object) -> None:
    told = json.loads(to_json(book(LINE)))
    told["passages"][0][field] = value
    assert not VALIDATOR.is_valid(told)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_json_keeps_every_letter_and_no_terminal_code(title: str, text: str) -> None:
    data = to_json(book(Passage("line", "Pim", text, (Span("speech", text),), AT, "a1", 1), title=title))
    told = json.loads(data)
    assert (told["title"], told["passages"][0]["text"], told["passages"][0]["spans"][0]["text"]) == (title, text, text)
    assert not any((ord(one) < 32 and one != "\n") or 127 <= ord(one) < 160 for one in data.decode())


def test_a_page_reads_like_a_story() -> None:
    scene = Passage("scene", "Narrator", "In the cellar.", (), "2026-01-02T03:04:08Z", "d4", 2)
    assert to_text(book(NARRATION, LINE, WHISPER, scene)).decode() == (
        "The Night\n=========\n\nTold by the narrator, with Pim and Tock.\n\nThe lamp goes out.\n\n"
        "Pim: I'm not afraid.\n\n(Narrator, to Pim: It is her.)\n\n* * *\n\nIn the cellar.\n\n"
        "--\nFingerprint: able acorn alder\n11ee\nStory: 00ff\n"
    )


@pytest.mark.parametrize(
    ("heard", "shown"), [("I'm not", "Pim: I'm not —"), ("", "Pim: —"), (None, "Pim: I'm not afraid.")]
)
def test_a_page_ends_a_hushed_line_where_it_fell_silent(heard: str | None, shown: str) -> None:
    hushed = Passage("line", "Pim", "I'm not afraid.", (), AT, "a1", 1, heard=heard)
    assert f"\n{shown}\n" in to_text(book(hushed)).decode()


def test_a_page_holds_nothing_that_a_terminal_obeys() -> None:
    page = to_text(book(Passage("line", "P\x1b[2Jim", "a\x1b]0;b\x07c\x9bd\x00", (), AT, "a1", 1)))
    assert not any((ord(one) < 32 and one != "\n") or 127 <= ord(one) < 160 for one in page.decode())
