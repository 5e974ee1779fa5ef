from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.voice.spans import UNCLOSED, Aloud, SpokenStream, parse_spans, spoken
from protocol import limits
from protocol.shapes import SPAN_KINDS, Span

S, A, T = "speech", "action", "thought"

SPANS = [
    ("Welcome, traveller.", [(S, "Welcome, traveller.")]),
    ("*He bows.* Welcome. (A lie.)", [(A, "He bows."), (S, "Welcome."), (T, "A lie.")]),
    ('*sighs* "Fine." _I hate this._', [(A, "sighs"), (S, '"Fine."'), (T, "I hate this.")]),
    ('"I would," *he pauses* "never go."', [(S, '"I would,"'), (A, "he pauses"), (S, '"never go."')]),
    ("*one* *two*", [(A, "one"), (A, "two")]),
    ("(nested (inner) more) yes", [(T, "nested (inner) more"), (S, "yes")]),
    ("_snake_case thought_ yes", [(T, "snake_case thought"), (S, "yes")]),
    ("*He bows.*", [(A, "He bows.")]),
    ("Fine.*She sighs* Go.", [(S, "Fine."), (A, "She sighs"), (S, "Go.")]),
    # --- marks that are none ---
    ("2*3 is 6 and 2 * 3 too", [(S, "2*3 is 6 and 2 * 3 too")]),
    ("snake_case and door(s) :( and :)", [(S, "snake_case and door(s) :( and :)")]),
    ("* a sword\n* a rope", [(S, "* a sword\n* a rope")]),
    ("1) run 2) hide", [(S, "1) run 2) hide")]),
    # --- stress ---
    ("I *really* mean it.", [(S, "I really mean it.")]),
    ("I said *now*! Go.", [(S, "I said now! Go.")]),
    ("*She* knew.", [(S, "She knew.")]),
    ("**Stop!** he said.", [(S, "Stop! he said.")]),
    ("You, _my_ friend?", [(S, "You, my friend?")]),
    # --- unbalanced ---
    ("*leans closer and wh", [(A, "leans closer and wh")]),
    ('*smiles\n"Hello."', [(A, "smiles"), (S, '"Hello."')]),
    ("(I wonder\nYes.", [(T, "I wonder"), (S, "Yes.")]),
    ("He bows.* Welcome.", [(S, "He bows.* Welcome.")]),
    ("*" + "word " * 100, [(S, ("word " * 100).strip())]),
    ("(" + "word " * 100 + ") and", [(S, "word " * 100 + ") and")]),
    # --- nearly nothing ---
    ("", []),
    ("***", []),
    ("*", []),
    ("()", []),
    ('*sighs* "" *nods*', [(A, "sighs"), (A, "nods")]),
    ("😀", [(S, "😀")]),
]

SPOKEN = [
    ("Hello there.", "Hello there."),
    ("**Stop** and `listen`!", "Stop and listen!"),
    ("# The Tower", "The Tower"),
    ("> he said", "he said"),
    ("- apples", "apples"),
    ("1. Take the sword.", "1. Take the sword."),
    ("Hello 😀!", "Hello!"),
    ("The 👨‍👩‍👧 family 1️⃣ 🏳️‍🌈 here", "The family 1 here"),
    ("I ❤️ you", "I you"),
    ("Well :) then ;-) so XD yes <3", "Well then so yes"),
    ("[the tower](http://example.com/x) stands", "the tower stands"),
    ("See https://www.example.com/a/b?c=d.", "See example.com."),
    ("snake_case 2*3 a|b ~ok~", "snake case 2 3 a b ok"),
    ("50% & 3°C + 2 = €5", "50% & 3°C + 2 = €5"),
    ("He said: “Go”… now—quick!", "He said: “Go”… now—quick!"),
    ("red\x1b[31m and\x00 blue\x07", "red 31m and blue"),
    ("می‌خواهم بروم.", "می‌خواهم بروم."),
    ("मैं क्षत्रिय हूँ।", "मैं क्षत्रिय हूँ।"),
    ("ไม่มี", "ไม่มี"),
    ("\u202eevil\u202c", "evil"),
    ("*** --- ___", ""),
    ("...", ""),
    ("😀😀", ""),
    ("", ""),
]

MARKED = st.lists(
    st.one_of(
        st.sampled_from(
            ["*", "**", "_", "__", "(", ")", " ", "\n", ". ", ", ", ":", '"', "He", "bows", "now", "2", "你", "😀"]
        ),
        st.sampled_from(
            ["*He bows.* ", "(A lie.) ", "_No._ ", "Welcome, dear traveller. ", "word " * 100, "x" * UNCLOSED]
        ),
        st.text(max_size=3),
    ),
    max_size=40,
).map("".join)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]", text)


def voiced(pieces: list[str], actions: str = "off", thoughts: str = "off") -> list[str]:
    stream = SpokenStream(actions, thoughts)
    sentences = [sentence for piece in pieces for sentence in stream.push(piece)]
    return [one.text for one in sentences + stream.finish()]


@pytest.mark.parametrize(("text", "wanted"), SPANS)
def test_marks_tell_speech_action_and_thought_apart(text: str, wanted: list[tuple[str, str]]) -> None:
    assert [tuple(span) for span in parse_spans(text)] == wanted


@given(MARKED)
def test_no_word_is_lost_and_none_changes_places(text: str) -> None:
    spans = parse_spans(text)
    assert words("".join(span.text for span in spans)) == words(text)
    assert len(spans) <= limits.SPANS
    assert all(span.kind in SPAN_KINDS and span.text == span.text.strip() != "" for span in spans)


def test_more_spans_than_a_line_may_have_end_in_one() -> None:
    text = "*nods* Yes. " * limits.SPANS
    spans = parse_spans(text)
    assert len(spans) == limits.SPANS
    assert words("".join(span.text for span in spans)) == words(text)


@pytest.mark.parametrize(("text", "wanted"), SPOKEN)
def test_symbols_are_not_read_aloud(text: str, wanted: str) -> None:
    assert spoken(text) == wanted


def test_a_span_is_read_like_its_text() -> None:
    assert spoken(Span(A, "He *bows*.")) == "He bows."


@given(st.text(max_size=80))
def test_what_is_read_has_words_and_nothing_a_terminal_would_obey(text: str) -> None:
    sentence = spoken(text)
    assert sentence == "" or any(map(str.isalnum, sentence))
    assert all(character.isprintable() or character in "\u200c\u200d" for character in sentence)


def test_only_speech_is_voiced_and_in_order() -> None:
    text = '*He bows low.* "Welcome, dear traveller." (A spy!) *He points.* "The king is waiting. Go in." _At last._'
    assert voiced([text]) == ['"Welcome, dear traveller."', '"The king is waiting.', 'Go in."']


def test_no_sentence_reaches_across_an_action() -> None:
    assert voiced(["I would gladly *she pauses for a while* never go there."]) == ["I would gladly", "never go there."]


def test_the_first_clause_comes_early_behind_an_action_too() -> None:
    assert voiced(["*He bows low.* Welcome, my dear friend, I waited long."])[0] == "Welcome, my dear friend,"


def test_speech_is_given_before_the_action_behind_it_is_complete() -> None:
    stream = SpokenStream()
    assert stream.push("I have seen the dragon. *She tre") == [Aloud("I have seen the dragon.")]
    assert stream.push("mbles* ") == []
    assert stream.push("It sleeps in the hall. N") == [Aloud("It sleeps in the hall.")]


def test_actions_and_thoughts_are_said_as_is_chosen_and_in_their_place() -> None:
    reply = ["*He bows.* Welcome, traveller, to my hall. (A lie.) Sit *by the fire* 🔥 with me."]
    assert voiced(reply) == ["Welcome, traveller,", "to my hall.", "Sit", "with me."]
    assert voiced(reply, actions="aloud") == [
        "He bows.", "Welcome, traveller,", "to my hall.", "Sit", "by the fire", "with me.",
    ]  # fmt: skip
    stream = SpokenStream("softly", "softly")
    sentences = stream.push(reply[0]) + stream.finish()
    asides = [(one.text, one.kind) for one in sentences if one.softly]
    assert asides == [("He bows.", "action"), ("A lie.", "thought"), ("by the fire", "action")]


def test_a_reply_of_actions_alone_is_voiced_at_its_end() -> None:
    assert voiced(["*She nods slowly. Then she leaves.* (Fool.) *The door closes.*"]) == [
        "She nods slowly.",
        "Then she leaves.",
        "The door closes.",
    ]


def test_no_more_is_voiced_than_a_line_may_have_clips() -> None:
    assert len(voiced(["I have seen the dragon today. "] * (limits.CLIPS + 20))) == limits.CLIPS


@given(MARKED, st.integers(1, 9))
def test_what_is_voiced_does_not_depend_on_how_the_reply_came(text: str, size: int) -> None:
    assert voiced([text[place : place + size] for place in range(0, len(text), size)]) == voiced([text])


@given(MARKED)
def test_voice_and_spans_agree_on_what_is_speech(text: str) -> None:
    spans = [span for span in parse_spans(text) if span.kind == S]
    expected = words(" ".join(spoken(span.text) for span in spans))
    if expected and len(spans) < limits.SPANS:
        assert words(" ".join(voiced([text]))) == expected
