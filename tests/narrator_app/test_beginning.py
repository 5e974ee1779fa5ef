from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from dwnet.settings import narrator_settings, prepare
from narrator_app.beginning import Beginning, NotToldOn, Plan, Stage
from narrator_app.evenings import Evenings, Open
from narrator_app.gathering import Arrival, Waking, settled, waking
from narrator_app.health import Condition, Status
from narrator_app.preferences import Looks
from narrator_app.stories import NotBroughtIn

PATIENCE = 60.0  # seconds; a bound for a busy machine, no claim about speed
BELL = "Far out in the dark, a ship's bell begins to ring."


@asynccontextmanager
async def first_evening(root: Path) -> AsyncIterator[Beginning]:
    """A data root in which nothing has begun, and its evenings running."""
    settings = narrator_settings({"data": root, "listen": "127.0.0.1:0"}, {})
    prepare(settings)
    evenings = Evenings(settings, None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(evenings.run)
        with trio.fail_after(PATIENCE):
            yield Beginning(evenings, Looks(root), asking=True)
        evenings.leave()


async def until(there: Callable[[], bool]) -> None:
    while not there():
        await trio.lowlevel.checkpoint()


def passages(beginning: Beginning) -> list[str]:
    evening = beginning.evenings.evening
    assert evening is not None
    story = evening.desk.narrator.story
    return ["".join(span.text for span in story.spans_of(one.take)) for one in story.path()]


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (Status.REGISTERED, Waking.COMING),
        (Status.OFFLINE, Waking.COMING),
        (Status.UNREACHABLE, Waking.COMING),
        (Status.HEARTBEAT, Waking.LOADING),
        (Status.RESPONSIVE, Waking.AWAKE),
        (Status.DEGRADED, Waking.AWAKE),
        (Status.ERROR_API, Waking.ABSENT),
        (Status.DEACTIVATED, Waking.ABSENT),
    ],
)
def test_every_status_says_how_far_a_character_is(status: Status, how: Waking) -> None:
    assert waking(Condition(status, 0, "")) is how


def test_waiting_ends_when_everybody_is_awake_or_cannot_come() -> None:
    assert waking(None) is Waking.COMING
    assert settled([]) and settled([Arrival("Pim", Waking.AWAKE), Arrival("Tock", Waking.ABSENT)])
    assert not settled([Arrival("Pim", Waking.AWAKE), Arrival("Tock", Waking.LOADING)])


async def test_a_story_without_a_cast_is_made_and_told_at_once(tmp_path: Path) -> None:
    async with first_evening(tmp_path) as beginning:
        stages: list[Stage] = []
        beginning.listen(lambda: stages.append(beginning.progress.stage))
        await beginning.begin(Plan("The Quiet Bell", (), BELL))
        assert passages(beginning) == [BELL] and beginning.over
        assert stages == [Stage.OPENING, Stage.WAKING, Stage.OVER]
        await beginning.begin(Plan("Another", (), "Once more."))
        assert passages(beginning) == [BELL]
    assert Looks(tmp_path).now.welcomed


async def test_nobody_who_wakes_up_in_time_leaves_the_choice_to_the_narrator(tmp_path: Path) -> None:
    async with first_evening(tmp_path) as beginning:
        plan = Plan("The Quiet Bell", ("Pim", "Tock"), BELL)
        await beginning.begin(plan, patience=0)
        assert beginning.progress.stage is Stage.STUCK
        assert [one.name for one in beginning.progress.arrivals] == ["Pim", "Tock"]
        assert passages(beginning) == [] and not Looks(tmp_path).now.welcomed
        await beginning.begin(plan, patience=0)  # asked for again: nobody is cast twice
        evening = beginning.evenings.evening
        assert evening is not None and evening.desk.casting.here.expected == 2
        assert sorted(seat.name for seat in evening.desk.narrator.story.seats.values()) == ["Pim", "Tock"]
        await beginning.tell_anyway()
        assert beginning.over and passages(beginning) == [BELL]
        await beginning.tell_anyway()
        assert passages(beginning) == [BELL]


async def test_whoever_does_not_want_to_wait_is_told_at_once_and_once(tmp_path: Path) -> None:
    async with first_evening(tmp_path) as beginning, trio.open_nursery() as nursery:
        nursery.start_soon(beginning.begin, Plan("The Quiet Bell", ("Pim",), BELL))
        await until(lambda: beginning.progress.stage is Stage.WAKING)
        await beginning.tell_anyway()
        assert beginning.over and passages(beginning) == [BELL]


async def test_a_story_that_ends_while_they_wake_up_is_asked_for_again(tmp_path: Path) -> None:
    async with first_evening(tmp_path) as beginning, trio.open_nursery() as nursery:
        nursery.start_soon(beginning.begin, Plan("The Quiet Bell", ("Pim",), BELL))
        await until(lambda: beginning.progress.stage is Stage.WAKING)
        beginning.evenings.leave()
        await until(lambda: beginning.progress.stage is Stage.ASKING)


async def test_a_cast_that_does_not_exist_is_said_and_can_be_changed(tmp_path: Path) -> None:
    async with first_evening(tmp_path) as beginning:
        await beginning.begin(Plan("The Quiet Bell", ("Nobody At All",), BELL))
        assert beginning.progress.stage is Stage.ASKING and "Nobody At All" in beginning.progress.what
        await beginning.begin(Plan("The Quiet Bell", (), BELL))
        assert passages(beginning) == [BELL]


async def test_a_story_that_is_there_already_is_opened_from_its_file(tmp_path: Path) -> None:
    async with first_evening(tmp_path / "there") as beginning:
        await beginning.begin(Plan("The Quiet Bell", (), BELL))
        evening = beginning.evenings.evening
        assert evening is not None
        await evening.desk.shelf.export("dwlog", tmp_path / "bell.dwlog")
    data = (tmp_path / "bell.dwlog").read_bytes()

    async with first_evening(tmp_path / "elsewhere") as beginning:
        with pytest.raises(NotToldOn, match="The Quiet Bell"):
            await beginning.bring("bell.dwlog", data)
        assert beginning.progress.stage is Stage.ASKING

    (tmp_path / "back").mkdir(mode=0o700)
    (tmp_path / "there" / "keys").rename(tmp_path / "back" / "keys")
    async with first_evening(tmp_path / "back") as beginning:
        with pytest.raises(NotBroughtIn):
            await beginning.bring("bell.dwlog", data[:100])
        await beginning.bring("bell.dwlog", data)
        await until(lambda: isinstance(beginning.evenings.state, Open))
        assert beginning.over and passages(beginning) == [BELL]
