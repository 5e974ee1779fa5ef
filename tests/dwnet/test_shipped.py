"""What ships with the program, and that an installed program finds it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dwnet import shipped
from dwnet.card import check_card, private_part, read_card, write_card

HOUSE = Path(__file__).resolve().parents[2]
BANK = {  # voices a listener tells apart
    *("en-us 50", "en-us+whisper 20", "en-us+f5 50", "en+klatt2 20", "en-us+robosoft5 20", "en-us+steph2 80"),
    *("en-us+Nguyen 50", "en+john 80", "en+f5 80", "en+m1 20", "en+linda 20", "en-us+steph2 50", "en-us+steph2 20"),
    *("en+linda 50", "en-us+m7 20", "en-us+klatt2 80"),
}
EXAMPLES = re.compile(r'(<START>\n\{\{user\}\}: [^\n"]+\n\{\{char\}\}: "[^\n"]+"(\n|$)){3,}')


def luminance(colour: str) -> float:
    """WCAG 2.1, "relative luminance"."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_there_are_at_least_five_characters_far_apart() -> None:
    cards = [read_card(shipped.card(name)) for name in shipped.cast()]
    assert len(cards) >= 5
    assert len({card.colour for card in cards}) == len({card.voice for card in cards}) == len(cards)


@pytest.mark.parametrize("name", shipped.cast())
def test_a_sample_card_is_without_fault_and_in_the_form_we_write(name: str) -> None:
    data = shipped.card(name)
    assert check_card(data) == []
    assert write_card(read_card(data)) == data
    assert len(private_part(read_card(data))) < 8 * 1024


@pytest.mark.parametrize("name", shipped.cast())
def test_a_sample_character_has_a_life(name: str) -> None:
    card = read_card(shipped.card(name))
    assert card.goals and card.backstory and card.first_mes and card.creator_notes
    assert EXAMPLES.fullmatch(card.mes_example)
    assert card.character_book is not None
    assert len(card.character_book["entries"]) in (2, 3, 4)  # type: ignore[arg-type]
    voice = re.fullmatch(r"espeak:([^?]+)\?pitch=(\d+)&rate=\d+", card.voice)
    assert voice and f"{voice[1]} {voice[2]}" in BANK


@pytest.mark.parametrize("name", shipped.cast())
def test_a_colour_reads_on_black_and_on_white(name: str) -> None:
    light = luminance(read_card(shipped.card(name)).colour)
    assert min(1.05 / (light + 0.05), (light + 0.05) / 0.05) >= 4.5


def test_a_name_is_found_however_it_is_capitalised() -> None:
    assert shipped.card(" pim ") == shipped.card("PIM") == shipped.card("Pim")


@pytest.mark.parametrize("name", ["Nobody", "../cast/pim", ""])
def test_who_does_not_ship_is_named_with_those_who_do(name: str) -> None:
    with pytest.raises(shipped.NoSuchShipped) as caught:
        shipped.card(name)
    assert "Pim" in caught.value.hint
    with pytest.raises(shipped.NoSuchShipped):
        shipped.scene(name)


def test_the_opening_can_be_played_by_its_first_two_and_by_all() -> None:
    opening = shipped.scene("opening")
    assert len(opening.beats) == 3
    assert set(opening.cast) <= set(shipped.cast())
    assert all(set(beat.ask) & set(opening.cast[:2]) for beat in opening.beats)
    assert all(beat.narration.count(".") <= 2 for beat in opening.beats)
    assert 3 <= len(opening.suggestions) <= 5


def test_there_are_2048_words() -> None:
    assert len(set(shipped.words())) == 2048


def test_the_schema_of_a_story_ships() -> None:
    assert json.loads((HOUSE / "data" / "story.schema.json").read_bytes())["title"]


def test_a_damaged_installation_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "scenes").mkdir(parents=True)
    (tmp_path / "data" / "scenes" / "torn.json").write_text('{"title": "x", "beats": [{}]}')
    monkeypatch.setattr(shipped, "_HERE", tmp_path)
    with pytest.raises(shipped.ShippedMissing, match=r"torn\.json"):
        shipped.scene("torn")


@pytest.mark.slow
def test_an_installed_program_carries_its_data(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("protocol", "dwnet", "peer", "narrator_app", "data"):
        shutil.copytree(HOUSE / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*HOUSE.glob("*.md"), HOUSE / "pyproject.toml", HOUSE / "LICENSE"):
        shutil.copy(path, source)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    told = "from dwnet import shipped; print(shipped.__file__, shipped.cast(), shipped.scene('opening').title)"
    found = subprocess.run(
        [sys.executable, "-c", told], check=True, capture_output=True, text=True, cwd=tmp_path / "site"
    ).stdout
    assert str(tmp_path) in found
    assert all(name in found for name in shipped.cast())
    assert not (tmp_path / "site" / "data").exists()
