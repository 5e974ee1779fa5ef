"""The cast as tiles: who stands where, in what words, and whom the sample cast still offers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from trio.testing import MockClock

from dwnet import shipped
from dwnet.card import Card, read_card
from dwnet.card_picture import plain_picture
from narrator_app.health import Condition, Status
from narrator_app.inviting import InviteState
from narrator_app.local import LocalState
from narrator_app.phrases import say
from narrator_app.views.cast import LINE, CastView, Facts, cast_view, line_of
from tests.kit.company import Evening, open_desk

AT = 1_767_283_200_000
NOTHING = Facts({}, {}, (), {}, {}, AT)


def view(evening: Evening, facts: Facts = NOTHING) -> CastView:
    return cast_view(evening.narrator.story, evening.narrator.node.ledger.authority, facts)


async def test_everybody_stands_where_they_belong(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        assert view(evening) == CastView((), (), (), shipped.cast())
        await evening.type("/cast Pim")
        await evening.type("/cast Tock")
        await evening.type("/invite Vera --role listener")
        await evening.desk.casting.retire(2)
        seen = view(evening)
        assert [[one.name for one in group] for group in (seen.stage, seen.audience, seen.retired)] == [
            ["Pim"],
            ["Vera"],
            ["Tock"],
        ]
        assert seen.samples == ("Cinder", "Marrow", "Vesper")
        assert seen.tile(2) == seen.retired[0] and seen.tile(9) is None
        assert seen.stage[0].line.startswith("Pim is the youngest lighthouse keeper")
        assert seen.audience[0].line == say("cast.line_listener")


async def test_a_tile_says_where_a_character_is_played_and_by_what_picture(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Pim")
        blob = await evening.desk.casting.portraits.keep(plain_picture("#aa3300"))
        await evening.desk.casting.change(1, read_card(shipped.card("Pim")), blob)
        pictures = evening.desk.casting.portraits.at_hand
        elsewhere = view(evening, replace(NOTHING, pictures=pictures)).stage[0]
        assert (elsewhere.where, elsewhere.picture) == ("friend", pictures[blob])
        here = view(evening, replace(NOTHING, here=(1,), processes={1: LocalState("running", AT)})).stage[0]
        assert (here.where, here.running, here.picture) == ("here", True, None)


def condition(status: Status) -> Condition:
    return Condition(status, AT, "So it is.")


@pytest.mark.parametrize("status", list(Status))
async def test_every_status_has_words_of_its_own(status: Status, tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/cast Pim")
        tile = view(evening, replace(NOTHING, conditions={1: condition(status)})).stage[0]
        assert tile.status and tile.why == "So it is."
        assert (tile.tone == "ok") == (status is Status.RESPONSIVE)


@pytest.mark.parametrize(
    ("process", "status", "why"),
    [
        (LocalState("starting", AT), "cast.status_starting", say("cast.status_starting_why")),
        (LocalState("pausing", AT, 2, "The model is missing."), "cast.status_pausing", "The model is missing."),
        (LocalState("ended", AT, 5, "The model is missing."), "cast.status_ended", "The model is missing."),
        (LocalState("ended", AT), "cast.status_offline", "So it is."),
        (LocalState("running", AT), "cast.status_offline", "So it is."),
    ],
)
async def test_of_a_character_here_its_process_knows_more(
    process: LocalState, status: str, why: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/cast Pim")
        facts = replace(NOTHING, conditions={1: condition(Status.OFFLINE)}, processes={1: process}, here=(1,))
        tile = view(evening, facts).stage[0]
        assert (tile.status, tile.why) == (say(status), why)
        linked = replace(facts, conditions={1: condition(Status.RESPONSIVE)})
        assert view(evening, linked).stage[0].tone == "ok", "who is connected is past all that"


@pytest.mark.parametrize(
    ("state", "left", "says"),
    [("open", 1, "cast.invite_open"), ("open", -1, "cast.invite_expired"), ("expired", -1, "cast.invite_expired"),
     ("withdrawn", 1, ""), ("used", 1, "")],
)  # fmt: skip
async def test_a_tile_tells_of_a_code_that_is_out(
    state: str, left: int, says: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/cast Pim")
        invites = {1: InviteState(b"", state, AT + left)}
        tile = view(evening, replace(NOTHING, invites=invites)).stage[0]
        assert tile.invite == (say(says) if says else "")


@pytest.mark.parametrize(
    ("card", "line"),
    [
        (Card("Pim", description="{{char}} is small. And brave."), "Pim is small"),
        (Card("Pim", personality="timid, truthful"), "timid, truthful"),
        (Card("Pim", description="a\nb\u202e"), "a b"),
        (Card("Pim"), ""),
    ],
)
def test_one_line_says_who_it_is(card: Card, line: str) -> None:
    assert line_of(card) == line


def test_a_line_is_never_longer_than_a_tile() -> None:
    assert len(line_of(Card("Pim", description="word " * 100))) <= LINE
