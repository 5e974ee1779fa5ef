from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet.text import clean, clean_piece, marked, one_line
from protocol.shapes import Span

UNSEEN = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u2028", "\u2029", "\ufeff"}


@pytest.mark.parametrize(
    "text",
    [
        "Ein Löwe 🦁",
        "👩‍👩‍👧 👍🏽",
        "שלום עולם",
        "مرحبا",
        "日本語",
        "e\u0301",
        "[red]no markup[/red]",
        "a\n\nb",
        "\U0001fae8",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdevice\x1b\\rest", "rest"),
        ("\x1bcreset", "creset"),
        ("\x9b31mred", "31mred"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree four"),
        ("a\x00b\x08c\x7f", "abc"),
        ("abc\u202etxt.exe\u2066\u2069", "abctxt.exe"),
        ("\ufeff  x \u2028", "x"),
        ("\ud800x\uffff\ufdd0", "x"),
    ],
)
def test_what_is_not_text_goes(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(st.characters() | st.sampled_from("\x1b[]m\x07\x9b\r\u202e"), max_size=80))
def test_nothing_that_moves_a_cursor_is_left_and_clean_is_clean(text: str) -> None:
    once = clean(text)
    assert not [one for one in once if one != "\n" and unicodedata.category(one) in ("Cc", "Cs")]
    assert not set(once) & UNSEEN
    assert clean(once) == once


@given(st.text(st.characters() | st.sampled_from("\x1b[31m]0;\x07"), max_size=60), st.integers(1, 59))
def test_a_code_cut_in_two_pieces_is_no_code(text: str, cut: int) -> None:
    shown = clean_piece(text[:cut]) + clean_piece(text[cut:])
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\r", "\x00"}


def test_a_piece_keeps_its_ends() -> None:
    assert clean_piece(" and\x1b[1m then ") == " and then "


def test_a_name_is_one_line_of_bounded_length() -> None:
    assert one_line(" Mira\n\x1b[1mthe\t Cook ", 64) == "Mira the Cook"
    assert one_line("x" * 100, 64) == "x" * 64


def test_spans_read_with_their_marks() -> None:
    spans = [Span("action", "bows"), Span("speech", "Welcome {x}."), Span("thought", "a lie"), Span("new", "?")]
    assert marked(spans) == "*bows* Welcome {x}. (a lie) ?"
