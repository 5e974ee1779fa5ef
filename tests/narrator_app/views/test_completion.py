from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrator_app.views.completion import OFFERED, Mode, chosen, complete, mode_in
from narrator_app.wording import COMMANDS

CAST = ("Pim", "Brother Anselm", "Anna", "שרה")


def offers(text: str, caret: int | None = None) -> list[str]:
    found = complete(text, len(text) if caret is None else caret, CAST, {"name": "ask this one alone"}, ("the door",))
    return [one.text for one in found.offers] if found else []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello @", ["@Pim ", "@Brother Anselm ", "@Anna ", "@שרה "]),
        ("@pi", ["@Pim "]),
        ("@an", ["@Anna ", "@Brother Anselm "]),
        ("@ש", ["@שרה "]),
        ("@x", []),
        ("mail@p", []),
        ("@Pim ", []),
        ("/", [f"/{one} " for one in list(COMMANDS)[:OFFERED]]),
        ("/whi", ["/whisper "]),
        ("/WHI", ["/whisper "]),
        ("/cue ", ["Pim ", "Brother Anselm ", "Anna ", "שרה "]),
        ("/whisper brother a", ["Brother Anselm "]),
        ("/skip an", ["Anna ", "Brother Anselm "]),
        ("/review o", ["on", "off"]),
        ("/review on", []),
        ("/hold ", ["on", "off"]),
        ("/rewind the", ["the door"]),
        ("/rewind the door", []),
        ("/scene At ", []),
        ("Once upon a time", []),
        ("", []),
    ],
)
def test_what_is_offered(text: str, expected: list[str]) -> None:
    assert offers(text) == expected


def test_what_is_offered_depends_on_where_the_caret_stands() -> None:
    assert offers("@pi and all", 3) == ["@Pim "] and offers("@pi and all", 11) == []


def test_an_offer_is_put_where_the_word_stood() -> None:
    text = "Hello @pi, come!"
    found = complete(text, 9, CAST, {})
    assert found is not None
    assert chosen(text, found, found.offers[0]) == ("Hello @Pim, come!", 10)
    found = complete("/whisper an hello", 11, CAST, {})
    assert found is not None
    assert chosen("/whisper an hello", found, found.offers[0]) == ("/whisper Anna hello", 13)


@given(st.text("@/ abpim\n", max_size=12), st.integers(0, 12))
def test_taking_an_offer_keeps_what_stands_around_it(text: str, caret: int) -> None:
    caret = min(caret, len(text))
    found = complete(text, caret, CAST, {})
    for offer in found.offers if found else ():
        assert found is not None
        whole, after = chosen(text, found, offer)
        assert whole.startswith(text[: found.start]) and whole.endswith(text[found.end :].lstrip(" "))
        assert 0 <= after <= len(whole) and len(found.offers) <= OFFERED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/scene ", (Mode("scene"), "")),
        ("/scene An hour later", (Mode("scene"), "An hour later")),
        ("/whisper Pim ", (Mode("whisper", "Pim"), "")),
        ("/whisper brother anselm Come", (Mode("whisper", "Brother Anselm"), "Come")),
        ("/whisper Pimm ", None),
        ("/whisper Pim", None),
        ("/scenery ", None),
        ("I /scene ", None),
    ],
)
def test_a_command_for_a_mode_becomes_the_mode(text: str, expected: tuple[Mode, str] | None) -> None:
    assert mode_in(text, CAST) == expected
