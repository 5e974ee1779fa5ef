from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.voice.splitter import FIRST_MOST, MOST, Splitter, split_sentences

# Each text with a stroke at every place where it is to be cut.
SENTENCES = [
    # --- abbreviations, initials, numbers ---
    "Mr. Gray met Dr. Who at 5 p.m. on St. John's Road.| He left.",
    "It costs 3.50 gold, i.e. a lot.| See v1.2.3 or example.com now.",
    "I waited, e.g. for the U.S. Army.| Then I left.| OK.",
    "Prof. Xu and Mrs. O'Hara wrote to Lt. Col. Baker.| Nobody answered.",
    "We sailed at 5 a.m.| He slept.",
    "We sailed at 5 a.m. and he slept.",
    "Swords, shields, etc.| All of it was gone.",
    "Swords, shields, etc. were gone.",
    "No.| I will not go.",
    "See no. 5 on p. 12, vol. 3.| It is there.",
    "On Jan. 5 it snowed.| In Jan.| I think.",
    "J. R. R. Smith and W. B. Yeats talked.| Both laughed.",
    "It was I.| You knew.",
    "The price rose to 1,234.56 crowns.| He paid.",
    "Version 2.0 is out.| 3.1 will follow.",
    "He was 42.| She was 17.",
    "At 10.30 we met.| At 11:45 we left.",
    "1. Take the sword.| 2. Open the gate.| 3. Run!",
    "Ask Jones & Co. about it.| They know.",
    "Sammy Jr. was late.| John Jr.| He was not.",
    "It is 5 km vs. 7 km.| Choose.",
    "She holds a Ph.D.| Nobody cares.",
    "The 1st.| The last.",
    "Mount St. Helens erupted.| We saw it.",
    "In 44 B.C. the general fell.| Rome wept.",
    "Write to a.b@example.com or http://example.com/x.y?z=1.| Thanks.",
    "Look at example.com.| Then sleep.",
    # --- quotes and dialogue ---
    '"Who goes there?" asked the guard.| "It is I," said J. R. Smith.',
    '"Stop!"| He turned.| "Why?"',
    "“Come in,” she said.| ‘Yes.’| He did.",
    '"Run!" he cried.| They ran.',
    "\"Is it 'Go.' or 'Stay.'?\"| He nodded.",
    "\"She said, 'Go.'\"| He nodded.",
    "“Never!” shouted the king.| “Never again!”",
    "«Bonjour.»| Il partit.",
    "He said, “Go.”| Then he left.",
    "'Tis late.| Let's go.| 'Twas fun.",
    '"What?!" she asked.| "Nothing."',
    "She asked (twice!).| Nobody came.",
    "(He left.)| She stayed.",
    '"Oh," he said, "you came!"| "I did."',
    # --- other stops ---
    "Well... I am not sure.| Wait… what?| No!!!| Really?!",
    "I thought… well… never mind.| Go.",
    "So it ends...| The door closed.",
    "So it ends....| The door closed.",
    "He waited. . .| He left.",
    "You did what‽| I did.",
    "What?!?!| Yes!!",
    "STOP RIGHT THERE!| I SAID STOP.| NOW.",
    "No capital.| then this one.",
    "Great!| 😀 Let us go!| 🎉🎉 Now.",
    "Great!😀| Let us go.",
    "*He bows.*| Welcome, traveller.| *She sighs* Fine.",
    "_He lies._| I know.",
    "**Stop!**| he thought.",
    "I waited — and waited.| Then: nothing; no one.",
    "Wait — “No!”| He fell.",
    "Why?| Because.",
    # --- lines ---
    "One\n\n|Two without stop\n\n|Three.",
    "Take:\n|- a sword\n|- a rope",
    "A line that is\nwrapped by hand.| Next.",
    "The Road\n|It goes on.",
    "Mr.\n\n|Gray",
    "Yes.\r\n|\r\nNo.",
    # --- other scripts ---
    "你好。|我是龙！|你是谁？",
    "“你好。”|他笑了。|她说：「走吧！」|好。",
    "これはペンです。|本当？|はい。",
    "안녕하세요.| 저는 용입니다.| 누구세요?",
    "هل أنت هنا؟| نعم.| تعال۔| الآن.",
    "तुम कौन हो?| मैं अजगर हूँ।| ठीक है॥| चलो।",
    "Привет.| Как дела?| А. С. Пушкин спит.",
    "¿Quién es?| ¡Nadie!| Vale.",
    "Ես եմ։| Դու՞։| Այո։",
    # --- nearly nothing ---
    "",
    "…",
    "Hello",
    "?!",
    "3.14",
]


def joined(fragments: list[str]) -> str:
    return "".join("".join(fragments).split())


def chunked(text: str, sizes: list[int]) -> list[str]:
    """The text in pieces, their sizes taken round and round."""
    pieces: list[str] = []
    place = 0
    while place < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[place : place + size])
        place += size
    return pieces


def stream(text: str, sizes: list[int]) -> list[str]:
    splitter = Splitter()
    fragments = [fragment for piece in chunked(text, sizes) for fragment in splitter.push(piece)]
    return fragments + splitter.finish()


@pytest.mark.parametrize("marked", SENTENCES)
def test_sentences_end_where_a_reader_ends_them(marked: str) -> None:
    wanted = [" ".join(sentence.split()) for sentence in marked.split("|")]
    assert split_sentences(marked.replace("|", "")) == [sentence for sentence in wanted if sentence]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Well, my dear old friend, I have come.", "Well, my dear old friend,"),
        ("The door opens; nobody is there.", "The door opens;"),
        ("Listen to me: the bridge is gone.", "Listen to me:"),
        ("I waited for you—and you never came.", "I waited for you—"),
        ("I waited for you -- and you never came.", "I waited for you --"),
        ("“Come in, my friend,” she said softly.", "“Come in,"),
        ("Hush now, and listen to the stairs.", "Hush now,"),
        ("Oh, my. I would not have thought so.", "Oh, my. I would not have thought so."),
        ("No! I will not go.", "No! I will not go."),
        ("I paid 1,234,567 crowns at 10:30 sharp. Then left.", "I paid 1,234,567 crowns at 10:30 sharp."),
        ("Yes.\nI have come at last.", "Yes."),
        ("我的老朋友，你终于来了。", "我的老朋友，"),
        ("يا صديقي العزيز، لقد جئت أخيرا.", "يا صديقي العزيز،"),
    ],
)
def test_the_first_fragment_ends_at_the_first_clause_worth_saying(text: str, first: str) -> None:
    assert stream(text, [3])[0] == first


def test_only_the_first_fragment_ends_at_a_clause() -> None:
    text = "The king, who was old, slept. The queen, who was not, ruled the land, and well."
    assert stream(text, [4]) == [
        "The king,", "who was old, slept.", "The queen, who was not, ruled the land, and well."
    ]  # fmt: skip


def test_a_first_sentence_without_any_clause_is_cut_at_a_blank() -> None:
    first, *_ = stream("word " * 100, [5])
    assert len(first) <= FIRST_MOST and first == " ".join(["word"] * 24)


def test_short_sentences_are_joined_to_the_next() -> None:
    text = "I have seen the dragon. Yes. It sleeps. Do not wake it, ever. OK."
    assert stream(text, [4]) == ["I have seen the dragon.", "Yes. It sleeps.", "Do not wake it, ever.", "OK."]


def test_a_stop_is_trusted_as_soon_as_the_next_letter_comes() -> None:
    splitter = Splitter()
    assert splitter.push("I have seen the dragon.") == []
    assert splitter.push(" ") == []
    assert splitter.push("I") == ["I have seen the dragon."]


def test_an_abbreviation_at_the_end_of_a_piece_is_not_taken_for_a_stop() -> None:
    splitter = Splitter()
    assert splitter.push("I have met the old Mr.") + splitter.push(" ") + splitter.push("Gray today") == []


@pytest.mark.parametrize(
    "text", ["她说：「我们现在走吧！」好。", "“你好，我的老朋友。”他笑了。", "I waited for you all night—”"]
)
def test_a_mark_that_closes_a_quote_stays_with_it_however_late_it_comes(text: str) -> None:
    assert stream(text, [1]) == stream(text, [100])


def test_5000_letters_without_a_stop_are_cut_at_blanks() -> None:
    text = "abcd efg " * 556
    fragments = stream(text, [7])
    assert max(map(len, fragments)) <= MOST and joined(fragments) == joined([text])
    assert all(fragment.split()[0] in ("abcd", "efg") for fragment in fragments)


def test_5000_letters_without_a_blank_are_cut_all_the_same() -> None:
    fragments = stream("x" * 5000, [1000])
    assert max(map(len, fragments)) <= MOST and "".join(fragments) == "x" * 5000


def test_a_long_sentence_is_cut_behind_its_last_clause() -> None:
    text = "Start here. " + "many words and more " * 15 + "of it, " + "and then some words more " * 10
    assert stream(text, [6])[1].endswith("of it,")


def test_a_splitter_goes_on_after_its_end_with_whole_sentences() -> None:
    splitter = Splitter()
    assert splitter.push("Come in, my friend, I waited") == ["Come in,"]
    assert splitter.finish() == ["my friend, I waited"]
    assert splitter.push("The king, who was old, slept. He") == ["The king, who was old, slept."]
    assert splitter.finish() == ["He"]
    assert splitter.finish() == []


# Texts made of what decides, so that a few letters meet many cases.
TEXT = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("Mr.", "Dr.", "etc.", "e.g.", "U.S.", "J.", "I", "no.", "5", "3.5", "1.", "He", "he", "a", "wizard"),
                *(". ", "! ", "? ", "… ", "... ", ".", ", ", "; ", ": ", "—", "-- ", "\n", "\n\n", " ", "   ", "\r\n"),
                *('"', "“", "”", "’", "(", ")", "*", "_", "。", "！", "」", "，", "你好", "؟ ", "। ", "😀"),
                *("\u200d", "\ufe0f", "\u00a0", "\u2028", "\x1c", "http://a.b/c", "x" * 90, "word " * 30),
            ]
        ),
        st.text(max_size=4),
    ),
    max_size=60,
).map("".join)


@given(TEXT, st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_fragments_do_not_depend_on_how_the_text_came(text: str, sizes: list[int]) -> None:
    assert stream(text, sizes) == stream(text, [len(text) + 1])


@given(TEXT)
def test_nothing_is_lost_or_changed_but_white_space(text: str) -> None:
    assert joined(stream(text, [5])) == joined([text])
    assert joined(split_sentences(text)) == joined([text])


@given(TEXT)
def test_fragments_are_bounded_and_never_blank(text: str) -> None:
    fragments = stream(text, [5])
    assert all(fragment == fragment.strip() != "" for fragment in fragments)
    assert all(len(fragment) <= (MOST if number else FIRST_MOST) for number, fragment in enumerate(fragments))


@pytest.mark.parametrize("run", [".", "-", "?!", "。", '."', "— ", "a.b.", "\n", "*"])
def test_a_model_gone_astray_does_not_hold_the_splitter_up(run: str) -> None:
    text = run * (20_000 // len(run))
    assert joined(stream(text, [len(text)])) == joined([text])
