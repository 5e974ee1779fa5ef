from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import LocalError
from protocol.names import fingerprint, four_words, short_name, words

LIST = (Path(__file__).parents[2] / "data" / "words.txt").read_text(encoding="ascii").split("\n")[:-1]
NUMBERS = [str(number) for number in range(2048)]


def test_the_word_list_holds_2048_short_words_told_by_their_first_four_letters() -> None:
    assert len(LIST) == 2048 and sorted(set(LIST)) == LIST
    assert all(3 <= len(word) <= 8 and word.isalpha() and word.islower() for word in LIST)
    assert len({word[:4] for word in LIST}) == 2048


def test_words_are_the_bits_in_order() -> None:
    assert words(b"\x00\x20\x08\x01", 2, NUMBERS) == ("1", "2")  # 00000000001 00000000010 0000000001
    assert words(b"\xff\xff\xff", 2, NUMBERS) == ("2047", "2047")
    assert words(b"", 0, NUMBERS) == ()


@given(st.binary(min_size=17, max_size=32))
def test_twelve_words_give_back_the_bits_they_stand_for(head: bytes) -> None:
    number = 0
    for word in fingerprint(head, LIST):
        number = number << 11 | LIST.index(word)
    assert number == int.from_bytes(head, "big") >> (len(head) * 8 - 132)


def test_too_few_bits_or_another_list_are_our_own_fault() -> None:
    with pytest.raises(LocalError):
        words(b"\xff\xff", 2, LIST)
    for wrong in (LIST[:-1], [*LIST, "zzz"], []):
        with pytest.raises(LocalError):
            words(bytes(32), 1, wrong)


def test_a_member_has_a_short_name_of_two_words() -> None:
    one, other = (short_name(bytes([seed]) * 32, LIST) for seed in (1, 2))
    assert one != other and one == short_name(b"\x01" * 32, LIST)
    assert all(word in LIST for word in one.split("-")) and one.count("-") == 1


def test_the_four_words_depend_on_story_member_and_invite() -> None:
    tag, member, invite = b"\x01" * 16, b"\x02" * 32, b"\x03" * 32
    seen = {
        four_words(tag, member, invite, LIST),
        four_words(b"\x04" * 16, member, invite, LIST),
        four_words(tag, b"\x04" * 32, invite, LIST),
        four_words(tag, member, b"\x04" * 32, LIST),
        four_words(tag, invite, member, LIST),
    }
    assert len(seen) == 5 and all(len(four) == 4 for four in seen)
