"""Every text can be read, in every theme, whatever colour a card gives its character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrator_app.ui import palette as palettes
from narrator_app.ui.palette import READABLE, Palette, contrast

THEMES = [palettes.light(), palettes.dark()]
IDS = ["light", "dark"]


@pytest.mark.parametrize("palette", THEMES, ids=IDS)
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "danger", "ok", "warn"])
@pytest.mark.parametrize("ground", ["page", "panel", "raised"])
def test_every_ink_is_readable_on_every_ground(palette: Palette, ink: str, ground: str) -> None:
    assert contrast(getattr(palette, ink), getattr(palette, ground)) >= READABLE


@pytest.mark.parametrize("palette", THEMES, ids=IDS)
def test_words_on_the_accent_are_readable(palette: Palette) -> None:
    assert contrast(palette.on_accent, palette.accent) >= READABLE


@pytest.mark.parametrize("palette", THEMES, ids=IDS)
@given(colour=st.one_of(st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}"), st.text(max_size=8)))
def test_a_characters_colour_is_readable_whatever_its_card_says(palette: Palette, colour: str) -> None:
    ink = palette.speaker(colour)
    assert min(contrast(ink, ground) for ground in (palette.page, palette.panel, palette.raised)) >= READABLE


def test_contrast_is_as_the_standard_counts_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_sizes_follow_the_scale() -> None:
    assert palettes.dark(1.5).size(16) == 24
