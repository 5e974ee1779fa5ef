from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.writer.guard import Guard, fault, whole_sentences

OTHERS = ("Narrator", "Rusk", "Brother Anselm")


def heard(text: str | list[str], *, quoted: bool = False, cap: int = 1_000, ended: bool = True) -> tuple[str, str, str]:
    """What was shown, the reply, and why it stopped."""
    guard = Guard("Mira", OTHERS, quoted=quoted, cap=cap)
    shown = ""
    for piece in text:
        shown += guard.push(piece)
        if guard.over:
            ended = False
            break
    shown += guard.finish(ended=ended)
    return shown, guard.text, guard.stopped


@pytest.mark.parametrize(
    ("text", "reply", "stopped"),
    [
        ("Aye, Captain.", "Aye, Captain.", "end"),
        ("Mira: Aye, Captain.", "Aye, Captain.", "end"),
        ("**Mira:** Aye, Captain.", "Aye, Captain.", "end"),
        ("**Mira**: *nods* Aye.", "*nods* Aye.", "end"),
        ("  \n Aye,\n\n Captain.  \n", "Aye, Captain.", "end"),
        ("Aye.\nRusk: Never!", "Aye.", "cut"),
        ("Aye.\n**Rusk:** Never!", "Aye.", "cut"),
        ('Aye. Rusk: "Never!"', "Aye.", "cut"),
        ("Aye!\n\nBrother Anselm : Never!", "Aye!", "cut"),
        ("aye.\nNARRATOR: The sea rises.", "aye.", "cut"),
        ("Rusk: Never!", "", "cut"),
        ("Aye.\nMira: And another thing.", "Aye.", "end"),
        ("I told Rusk: not one step further.", "I told Rusk: not one step further.", "end"),
        ("Hello, Rusk. Rusk is a thief.", "Hello, Rusk. Rusk is a thief.", "end"),
        ("I see. Rusk", "I see. Rusk", "end"),
        ("Aye.<|im_end|>\n<|im_start|>user", "Aye.", "end"),
        ("Aye.</s> And so on", "Aye.", "end"),
        ("Two < three.", "Two < three.", "end"),
        ("<think>What would Mira say?</think>\n\nAye.", "Aye.", "end"),
        ("<think>What would Mira say? She", "", "end"),
        ("Aye\x00\x1b[31m, red\u202e.", "Aye[31m, red.", "end"),
        ("*nods* Aye.", "*nods* Aye.", "end"),
        ("", "", "end"),
    ],
)
def test_a_reply_holds_only_the_characters_own_words(text: str, reply: str, stopped: str) -> None:
    assert heard([text]) == (reply, reply, stopped)
    assert heard(list(text)) == (reply, reply, stopped), "letter by letter"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ('Aye, Captain." She laughs.', "Aye, Captain."),
        ('Aye, Captain," says Mira.', "Aye, Captain."),
        ("Aye, Captain.\nNarrator: The sea", "Aye, Captain."),
        ("The price, cousin:\n", "The price, cousin."),
        ("Beware the lantern”", "Beware the lantern."),
        ("What?", "What?"),
        ('"', ""),
    ],
)
def test_a_quoted_reply_ends_at_its_quotation_mark_or_line(text: str, reply: str) -> None:
    assert heard([text], quoted=True) == (reply, reply, "end")
    assert heard(list(text), quoted=True) == (reply, reply, "end")


SAYINGS = st.lists(
    st.sampled_from(
        ["Aye", ".", " ", "\n", "Rusk", ":", "Mira", "*", '"', ",", "<|im", "_end|>", "<", "Ru", "Narr", "é🐙"]
    ),
    max_size=24,
).map("".join)


@given(SAYINGS, st.booleans(), st.data())
def test_how_a_reply_is_cut_into_pieces_makes_no_difference(text: str, quoted: bool, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = heard([text], quoted=quoted)
    assert heard(pieces, quoted=quoted) == whole
    assert whole[0] == whole[1]
    assert "\n" not in whole[1] and "<|" not in whole[1]


def test_the_first_words_are_shown_at_once() -> None:
    guard = Guard("Mira", OTHERS, quoted=True, cap=60)
    assert guard.push("Aye") == "Aye"
    assert guard.push(",") == ""
    assert guard.push(" Captain") == ", Captain"
    assert guard.push(".") == "."


def test_what_may_become_anothers_name_is_held_back() -> None:
    guard = Guard("Mira", OTHERS, quoted=False, cap=60)
    assert guard.push("Aye.") == "Aye."
    assert guard.push(" Ru") == ""
    assert guard.push("st eats iron.") == " Rust eats iron."


def test_at_the_cap_half_a_sentence_is_dropped() -> None:
    shown, text, stopped = heard(["I", " saw", " him.", " He", " had", " a", " hat"], cap=7)
    assert (shown, text, stopped) == ("I saw him.", "I saw him.", "length"), (
        "past the middle, a whole sentence is enough"
    )
    shown, text, stopped = heard([" I saw", " him.", " He", " had", " a", " hat", " and", " a"], cap=30, ended=False)
    assert (text, stopped) == ("I saw him.", "length")
    assert shown.startswith(text)


def test_half_a_sentence_is_better_than_nothing() -> None:
    assert heard(["He", " had", " a", " hat"], cap=4) == ("He had a hat…", "He had a hat…", "length")


def test_whole_sentences_know_titles() -> None:
    assert whole_sentences("Ask Mr. Gray") == ""
    assert whole_sentences('"Never!" Ask Mr. Gray') == '"Never!"'


def test_a_reply_that_says_nothing_or_nothing_new_is_told() -> None:
    said = ("A storm rises over the dark water.", "Aye.")
    assert fault("", said) == fault(" … ", said) == "empty"
    assert fault("a storm rises over the dark", said) == "echo"
    assert fault("Aye!", said) == ""
    assert fault("A storm? I have seen worse.", said) == ""
