from __future__ import annotations

import json
import stat
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet.whole_file import FileNotWritten
from narrator_app.preferences import (
    LARGEST,
    NARROWEST,
    SCALE_LEAST,
    SCALE_MOST,
    THEMES,
    Looks,
    Preferences,
    PreferencesSpoilt,
    fitting,
    keep,
    read,
)


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read(tmp_path / "desk.json") == Preferences()
    assert list(tmp_path.iterdir()) == []


def test_what_was_chosen_is_there_the_next_time(tmp_path: Path) -> None:
    Looks(tmp_path).change(theme="dark", scale=1.3, width=1400, height=900, left=-20, screen="hive", sound=False)
    again = Looks(tmp_path)
    assert again.now == Preferences("dark", 1.3, "window", "hive", sound=False, width=1400, height=900, left=-20)
    assert again.trouble is None


def test_only_this_account_may_read_the_file_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    looks = Looks(tmp_path / "root")
    looks.change(theme="light")
    assert stat.S_IMODE(looks.path.stat().st_mode) == 0o600
    assert [path.name for path in looks.path.parent.iterdir()] == ["desk.json"]


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b"\xff\xfe", b'"dark"', b"[" * 50_000, b" " * 70_000])
def test_a_spoilt_file_is_set_aside_and_said_and_the_desk_starts(tmp_path: Path, spoilt: bytes) -> None:
    (tmp_path / "desk.json").write_bytes(spoilt)
    looks = Looks(tmp_path)
    assert looks.now == Preferences()
    assert isinstance(looks.trouble, PreferencesSpoilt) and "desk.json.spoilt" in looks.trouble.hint
    assert (tmp_path / "desk.json.spoilt").read_bytes() == spoilt
    looks.change(theme="dark")
    assert Looks(tmp_path).now.theme == "dark"


def test_a_folder_in_its_place_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "desk.json").mkdir()
    looks = Looks(tmp_path)
    assert looks.now == Preferences() and looks.trouble is not None


def test_values_that_do_not_fit_are_the_usual_ones_and_the_others_hold(tmp_path: Path) -> None:
    values = {"theme": "pink", "scale": "large", "opens_in": 3, "sound": 1, "width": True, "screen": "hive", "new": 1}
    (tmp_path / "desk.json").write_text(json.dumps(values))
    assert read(tmp_path / "desk.json") == Preferences(screen="hive")


def test_numbers_out_of_range_are_brought_into_it() -> None:
    after = fitting(Preferences(), {"scale": 9, "width": 10, "height": 10**9, "left": -(10**9)})
    assert (after.scale, after.width, after.height, after.left) == (SCALE_MOST, NARROWEST, LARGEST, -LARGEST)
    assert fitting(after, {"scale": 0.1, "width": None}) == fitting(after, {"scale": SCALE_LEAST, "width": None})
    assert fitting(after, {"width": None}).width is None
    assert fitting(after, {"scale": float("nan")}).scale == after.scale


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@given(st.dictionaries(st.sampled_from([*asdict(Preferences()), "other"]), anything))
def test_nothing_that_a_file_says_gives_preferences_a_screen_cannot_use(values: dict[str, Any]) -> None:
    after = fitting(Preferences(), values)
    assert after.theme in THEMES and SCALE_LEAST <= after.scale <= SCALE_MOST
    assert after.width is None or NARROWEST <= after.width <= LARGEST
    assert isinstance(after.sound, bool) and isinstance(after.maximized, bool)


def test_a_change_is_told_to_everybody_who_listens_and_only_then(tmp_path: Path) -> None:
    looks = Looks(tmp_path)
    heard: list[Preferences] = []
    stop = looks.listen(heard.append)
    looks.change(scale=1.2)
    looks.change(scale=1.2)
    stop()
    stop()
    looks.change(scale=1.4)
    assert [one.scale for one in heard] == [1.2]


def test_sound_that_is_off_has_no_loudness_and_keeps_its_volume(tmp_path: Path) -> None:
    looks = Looks(tmp_path)
    looks.change(volume=0.4)
    assert looks.loudness == 0.4
    looks.change(sound=False)
    assert looks.loudness == 0.0
    looks.change(sound=True)
    assert looks.loudness == 0.4


def test_a_disk_that_refuses_costs_only_the_remembering(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file where the folder should be")
    looks = Looks(tmp_path / "root")
    looks.change(theme="dark")
    assert looks.now.theme == "dark"
    with pytest.raises(FileNotWritten):
        keep(looks.path, looks.now)
