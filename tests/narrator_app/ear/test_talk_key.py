from __future__ import annotations

from narrator_app.ear.talk_key import HELD, Meant, TalkKey


def test_a_key_that_was_held_ends_as_it_goes_up() -> None:
    key = TalkKey()
    assert key.down("hold", listening=False, now=10.0) is Meant.BEGIN
    assert key.up("hold", 10.0 + HELD) is Meant.RELEASE


def test_a_tap_begins_and_the_next_one_ends() -> None:
    key = TalkKey()
    assert key.down("hold", listening=False, now=10.0) is Meant.BEGIN
    assert key.up("hold", 10.1) is None
    assert key.down("hold", listening=True, now=20.0) is Meant.RELEASE
    assert key.up("hold", 30.0) is None, "it has ended already"


def test_a_toggle_does_not_care_how_long() -> None:
    key = TalkKey()
    assert key.down("toggle", listening=False, now=10.0) is Meant.BEGIN
    assert key.up("toggle", 20.0) is None
    assert key.down("toggle", listening=True, now=30.0) is Meant.RELEASE


def test_hands_free_is_turned_on_and_off() -> None:
    key = TalkKey()
    assert key.down("hands-free", listening=False, now=10.0) is Meant.HANDS_FREE
    assert key.up("hands-free", 20.0) is None
    assert key.down("hands-free", listening=True, now=30.0) is Meant.RELEASE


def test_going_up_without_having_gone_down_means_nothing() -> None:
    assert TalkKey().up("hold", 10.0) is None
