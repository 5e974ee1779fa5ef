from __future__ import annotations

import re
from pathlib import Path

import pytest

from dwnet.doctor import Finding
from narrator_app.listening import Reach
from narrator_app.phrases import phrases
from narrator_app.preferences import SCALE_LEAST, SCALE_MOST, Preferences
from narrator_app.views.setup import (
    LICENCES,
    SECTIONS,
    SHORTCUTS,
    address_view,
    doctor_view,
    key_groups,
    looks_view,
    sound_view,
    window_view,
)

HOUSE = Path(__file__).resolve().parents[3]
README = (HOUSE / "README.md").read_text(encoding="utf-8")


def test_one_theme_is_chosen_and_all_have_words() -> None:
    for theme in ("system", "light", "dark"):
        view = looks_view(Preferences(theme=theme))
        assert [one.value for one in view.themes if one.chosen] == [theme] and all(one.words for one in view.themes)


def test_text_can_grow_and_shrink_as_far_as_it_is_allowed_to() -> None:
    usual, least, most = (looks_view(Preferences(scale=scale)) for scale in (1.0, SCALE_LEAST, SCALE_MOST))
    assert usual.percent == 100 and usual.can_grow and usual.can_shrink
    assert least.can_grow and not least.can_shrink and most.can_shrink and not most.can_grow
    assert (least.size_words, most.size_words) == ("80 %", "160 %")


def test_whether_anything_is_heard_is_said_and_why_not() -> None:
    heard = sound_view(Preferences(volume=0.4), "", "/data/audio", web=False)
    assert heard.ok and "40 %" in heard.words and heard.where == ""
    off = sound_view(Preferences(sound=False), "", "/data/audio", web=False)
    assert off.ok and not off.on and "/data/audio" in off.words
    silent = sound_view(Preferences(), "There is no sound device.", "/data/audio", web=True)
    assert not silent.ok and silent.words.startswith("There is no sound device. ") and "/data/audio" in silent.words


def test_in_a_browser_it_is_said_which_computer_the_sound_comes_out_of() -> None:
    assert "not out of the browser" in sound_view(Preferences(), "", "", web=True).where


def test_why_the_desk_is_in_the_browser_is_there_to_be_read_again() -> None:
    view = window_view(Preferences(), "There is no display here.", web=True)
    assert view.now.endswith("There is no display here.") and "browser" in view.now
    assert [one.value for one in view.choices if one.chosen] == ["window"]
    assert "window" in window_view(Preferences(opens_in="browser"), "", web=False).now


@pytest.mark.parametrize(
    ("addresses", "hint"),
    [
        (["127.0.0.1:8000"], "Nobody but this computer"),
        (["192.168.1.20:8000", "127.0.0.1:8000"], "forward port 8000"),
        (["[2606:4700::1111]:8000", "192.168.1.20:8000"], "Friends anywhere"),
        (["story.example:8000"], "that name"),
        ([], "0.0.0.0:8000"),
    ],
)
def test_what_friends_need_is_said_by_the_farthest_reaching_address(addresses: list[str], hint: str) -> None:
    assert hint in address_view("0.0.0.0", 8000, addresses).hint


def test_addresses_say_who_reaches_them_and_which_are_in_invites() -> None:
    view = address_view("::", 8000, ["8.8.8.8:8000", "[fd00::2]:8000", "10.0.0.2:8000", "127.0.0.1:8000"])
    assert [one.invited for one in view.rows] == [True, True, True, False]
    assert [one.reach for one in view.rows] == [Reach.WORLD, Reach.HOME, Reach.HOME, Reach.SELF]
    assert view.listen == "[::]:8000" and "every address" in view.words and all(one.words for one in view.rows)
    assert "192.0.2.7" in address_view("192.0.2.7", 8000, []).words


def test_what_needs_somebody_stands_first_with_its_remedy() -> None:
    found = [Finding("python", True, "Python 3.11."), Finding("port", False, "Port 8000 is taken.", "Choose another.")]
    view = doctor_view(found, running=False)
    assert [(one.title, one.ok) for one in view.rows] == [("Port", False), ("Python", True)]
    assert view.rows[0].remedy == "Choose another." and not view.well and "One thing" in view.words


def test_the_doctor_says_how_far_it_is() -> None:
    found = [Finding("python", True, "Python 3.11.")]
    assert "Not checked" in doctor_view([], running=False).words
    assert doctor_view(found, running=True).words.startswith("Checking") and not doctor_view(found, running=True).well
    assert doctor_view(found, running=False).well
    assert doctor_view([Finding("an engine", True, "Here.")], running=False).rows[0].title == "An engine"


def test_every_section_has_a_name_a_title_and_a_word_on_it() -> None:
    known = phrases()
    for name in SECTIONS:
        assert {f"settings.{name}", f"settings.{name}_title", f"settings.{name}_text"} <= known.keys()


def test_the_sheet_of_keys_has_every_key_once_in_each_place() -> None:
    for place, rows in SHORTCUTS:
        keys = [key for key, _ in rows]
        assert len(keys) == len(set(keys)), place
    assert [len(group.rows) for group in key_groups()] == [len(rows) for _, rows in SHORTCUTS]


def test_the_readme_names_the_same_licences() -> None:
    licences = README[README.index("## Licences") :]
    for names, licence in LICENCES:
        for name in names.split(", "):
            assert name in licences, name
        assert re.match(r"[A-Z]+", licence), licence
