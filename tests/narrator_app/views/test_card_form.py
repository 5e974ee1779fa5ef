"""The form of a card: nothing it does not show is lost, what is wrong is said, what was written is not forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet import shipped
from dwnet.card import Card, read_card
from narrator_app.views.card_form import (
    COLOURS,
    CardForm,
    Exchange,
    LoreLine,
    Unfinished,
    card_of,
    changes,
    exchanges_of,
    form_of,
    free_colour,
    from_draft,
    problems,
    to_draft,
)
from narrator_app.views.voice_form import VoiceForm, found, voice_of, voice_words
from protocol import limits

CAST = [read_card(shipped.card(name)) for name in shipped.cast()]
PIM = read_card(shipped.card("Pim"))
SAID = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)


@pytest.mark.parametrize("card", CAST, ids=lambda card: card.name)
def test_a_form_that_was_not_touched_makes_the_same_card(card: Card) -> None:
    assert card_of(form_of(card), card) == card
    assert not problems(form_of(card), card, [])
    assert form_of(card).raw_examples is None and len(form_of(card).examples) >= 5
    assert len(form_of(card).lore) >= 1 and form_of(card).voice.engine == "espeak"


def test_what_the_form_does_not_show_stays() -> None:
    strange = replace(
        PIM, system_prompt="Be kind.", alternate_greetings=("Hm.",), others={"x_own": [1]}, extensions={"a": {"b": 1}}
    )
    changed = card_of(replace(form_of(strange), personality="grim", goals="To win."), strange)
    assert (changed.personality, changed.goals) == ("grim", "To win.")
    assert (changed.system_prompt, changed.alternate_greetings, changed.others) == (
        "Be kind.",
        ("Hm.",),
        {"x_own": [1]},
    )
    assert changed.extensions["a"] == {"b": 1}


def test_lore_is_changed_where_it_stands_and_keeps_its_settings() -> None:
    form = form_of(PIM)
    first, second, third = form.lore
    after = card_of(
        replace(form, lore=(replace(first, content="Gran is back."), third, LoreLine("egg, eggs", "It hums."))), PIM
    )
    assert after.character_book is not None and PIM.character_book is not None
    entries = after.character_book["entries"]
    assert isinstance(entries, list) and isinstance(PIM.character_book["entries"], list)
    assert entries[0] == {**PIM.character_book["entries"][0], "content": "Gran is back."}
    assert entries[1] == PIM.character_book["entries"][2]
    assert entries[2]["keys"] == ["egg", "eggs"] and entries[2]["id"] == 4
    assert after.character_book["scan_depth"] == 4
    assert form_of(after).lore[2].content == "It hums." and second not in form_of(after).lore


def test_an_entry_that_is_no_line_is_kept() -> None:
    odd = replace(PIM, character_book={"entries": ["?", {"keys": ["a"], "content": "b", "x": 1}]})
    after = card_of(replace(form_of(odd), lore=()), odd)
    assert after.character_book is not None and after.character_book["entries"] == ["?"]


def test_examples_are_exchanges_where_they_are_nothing_else() -> None:
    assert exchanges_of("") == ()
    assert exchanges_of("<START>\n{{user}}: A bell.\n{{char}}: Tick.\nTock.") == (Exchange("A bell.", "Tick.\nTock."),)
    for more in ("Just prose.", "<START>\n{{user}}: A\n{{char}}: B\n{{user}}: C\n{{char}}: D", "{{char}}: Alone."):
        assert exchanges_of(more) is None
        card = replace(PIM, mes_example=more)
        assert form_of(card).raw_examples == more
        assert card_of(form_of(card), card).mes_example == more
    form = replace(form_of(PIM), examples=(Exchange("A wolf.", "My hat is afraid."), Exchange()))
    assert card_of(form, PIM).mes_example == "<START>\n{{user}}: A wolf.\n{{char}}: My hat is afraid."


FORMS = st.builds(
    CardForm,
    name=SAID,
    personality=SAID,
    goals=SAID,
    colour=SAID,
    lore=st.lists(st.builds(LoreLine, SAID, SAID), max_size=3).map(tuple),
    examples=st.lists(st.builds(Exchange, SAID, SAID), max_size=3).map(tuple),
    talkativeness=st.integers(0, 100),
)


@given(FORMS, st.none() | st.binary(max_size=32))
def test_any_form_can_be_kept_as_a_draft_and_judged(form: CardForm, portrait: bytes | None) -> None:
    left = Unfinished(form, PIM, portrait)
    assert from_draft(to_draft(left)) == left
    if not problems(form, PIM, []):
        assert form_of(card_of(form, PIM)).name == form.name.strip()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": {}}', '{"form": {"name": 1}, "base": "x"}'])
def test_a_draft_that_does_not_read_is_none(text: str) -> None:
    assert from_draft(text) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "all"}, "name"),
        ({"name": "/cast"}, "name"),
        ({"name": "Narrator"}, "name"),
        ({"name": "tock"}, "name"),
        ({"colour": "red"}, "colour"),
        ({"voice": VoiceForm("espeak", "")}, "voice"),
        ({"voice": VoiceForm("espeak", "en us")}, "voice"),
        ({"voice": VoiceForm("espeak", "x" * limits.VOICE)}, "voice"),
        ({"lore": (LoreLine("egg", ""),)}, "lore.0"),
        ({"examples": (Exchange("", "Hm."),)}, "examples.0"),
        ({"backstory": "x" * limits.CARD_SHEET}, "extensions"),
    ],
)
def test_what_is_wrong_is_said_by_field_with_a_remedy(change: dict[str, object], field: str) -> None:
    (problem,) = problems(replace(form_of(PIM), **change), PIM, ["Tock"])  # type: ignore[arg-type]
    assert problem.field == field and problem.what and problem.remedy


def test_what_changed_is_known() -> None:
    form = form_of(PIM)
    assert changes(form, form) == ()
    assert changes(replace(form, goals="x", talkativeness=1), form) == ("goals", "talkativeness")


def test_how_actions_and_thoughts_are_said_is_kept_in_the_card() -> None:
    card = card_of(replace(form_of(PIM), actions="softly", thoughts="aloud"), PIM)
    assert (card.aloud("actions"), card.aloud("thoughts")) == ("softly", "aloud")
    assert (form_of(card).actions, form_of(card).thoughts) == ("softly", "aloud")
    assert form_of(PIM.having(actions="shouted")).actions == "off", "what it does not know it leaves off"


def test_a_card_does_not_choose_who_reads_the_story() -> None:
    stranger = PIM.having(writer="http://evil.example/v1")
    assert "evil" not in str(form_of(stranger))


def test_new_colours_are_free_ones() -> None:
    assert free_colour([]) == COLOURS[0]
    assert free_colour([COLOURS[0].upper()]) == COLOURS[1]
    assert free_colour(COLOURS) in COLOURS


# --- voices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "espeak:en-us", "espeak:en-us+f5?pitch=70", "piper:amy?pitch=20&rate=120", "odd"])
def test_a_voice_reads_back_the_same(text: str) -> None:
    assert voice_of(text).text == text


def test_a_voice_the_fields_cannot_show_stays_until_another_is_chosen() -> None:
    odd = voice_of("xtts:anna?speed=1.2")
    assert odd.odd and odd.text == "xtts:anna?speed=1.2" and not odd.problem
    assert replace(odd, odd="", engine="espeak", name="en").text == "espeak:en"


def test_voices_are_found_by_any_part_of_their_name() -> None:
    assert found(["en-us+f5", "de", "nl", "f5"], "F5") == ("f5", "en-us+f5")
    assert found(["a", "b"], "") == ("a", "b")


def test_the_voices_of_the_sample_cast_have_labels_of_their_own() -> None:
    words = [voice_words(form_of(card).voice) for card in CAST]
    assert len(set(words)) == len(words)
    assert voice_words(voice_of("espeak:en+john?pitch=80")) == "John, high"
    assert voice_words(voice_of("espeak:en-us")) == "en-us"
