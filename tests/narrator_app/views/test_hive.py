"""The hive in words and places: pure values in, pure values out."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet.link import LinkFacts
from dwnet.machine import Usage
from narrator_app.health import REMEDIES, Condition, Status
from narrator_app.library import HealthNote
from narrator_app.listening import Reach
from narrator_app.survey import AnswerFacts, HiveFacts, LogFacts, MemberFacts, OwnFacts, reached_from
from narrator_app.views.hive import UNKNOWN, hive_view, lasting, past_statuses, word_for
from narrator_app.views.hive_graph import CROWD, Node, at, graph, hit, node_size, positions
from protocol.moments import Health

NOW = 1_767_283_200_000
LINK = LinkFacts(1, bytes(32), "192.0.2.7:8001", True, 60.0, 0.031, 40, 70, False)
READY = Condition(Status.RESPONSIVE, NOW - 180_000, "Ready, with smollm2.")
SAID = Health("ready", "", "smollm2", "", "espeak:en-us", 123, 850, 1_480, 241, bytes(32), 512, (0, 2), 0)


def member(seat: int = 1, name: str = "Mira Vane", condition: Condition = READY, **facts: object) -> MemberFacts:
    plain = MemberFacts(seat, name, "character", "#aa5533", condition, "", SAID, 1.0, LINK, 0, False, "12D3Koo", "a-b")
    return replace(plain, **facts)  # type: ignore[arg-type]


def in_status(status: Status, seat: int = 1, name: str = "Mira") -> MemberFacts:
    condition = Condition(status, NOW - 5_000, "Because.")
    here = status.value.startswith("Online") or status in (Status.ERROR_API, Status.DEGRADED)
    granted = status not in (Status.REGISTERED, Status.DEACTIVATED)
    return MemberFacts(
        seat, name, "character", "#aa5533", condition, condition.remedy(name), SAID if here else None, 1.0,
        LINK if here else None, 0 if here else None, False, "12D3Koo" if granted else "", "a-b" if granted else "",
    )  # fmt: skip


def hive(*members: MemberFacts, answers: tuple[AnswerFacts, ...] = (), **log: object) -> HiveFacts:
    own = OwnFacts(Usage(12.4, 90 * 2**20), ("192.168.1.5:8000", "127.0.0.1:8000"), None, "12D3KooMe")
    facts = LogFacts(1_234, 400, "ab" * 32, ("oxygen", "cricket"))
    return HiveFacts(NOW, "The Lighthouse", own, replace(facts, **log), members, answers)  # type: ignore[arg-type]


# --- a member ---------------------------------------------------------------------------------------------------------


def test_a_row_tells_everything_a_member_says() -> None:
    (row,) = hive_view(hive(member())).rows
    assert (row.status, row.code, row.since, row.why) == ("Ready", "Online_Responsive", "3 min", "Ready, with smollm2.")
    assert (row.latency, row.speed, row.first_token) == ("31 ms", "12.3 tok/s", "0.8 s")
    assert (row.model, row.adapter, row.voice) == ("smollm2", UNKNOWN, "espeak:en-us")
    assert (row.cpu, row.memory, row.copy, row.has_full_copy) == ("148 %", "241 MB", "Full copy", True)
    assert row.can_probe and row.can_close and not row.is_troubled


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_word_a_tone_and_its_remedy(status: Status) -> None:
    (row,) = hive_view(hive(in_status(status))).rows
    assert row.code == status.value and row.status == word_for(status) and row.tone
    assert row.remedy == REMEDIES[status].format(name="Mira")
    assert row.since == "5 s" and row.why == "Because."
    assert row.status in row.spoken and "Mira" in row.spoken


def test_words_for_statuses_are_told_apart() -> None:
    assert len({word_for(status) for status in Status}) == len(Status)


def test_what_is_not_known_is_a_dash_and_no_zero() -> None:
    (row,) = hive_view(hive(member(said=None, link=None, behind=None))).rows
    told = (row.speed, row.first_token, row.model, row.adapter, row.voice, row.cpu, row.memory, row.copy)
    assert set(told) == {UNKNOWN}
    (row,) = hive_view(hive(member(said=replace(SAID, rate=0, first_token=0, memory=0, cpu=0)))).rows
    assert (row.speed, row.first_token, row.memory, row.cpu) == (UNKNOWN, UNKNOWN, UNKNOWN, "0 %")


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (replace(LINK, round_trip=0.0004), "< 1 ms"),
        (replace(LINK, round_trip=1.25), "1250 ms"),
        (replace(LINK, round_trip=None), UNKNOWN),
        (None, "via others"),
    ],
)
def test_latency_in_words(link: LinkFacts | None, told: str) -> None:
    assert hive_view(hive(member(link=link))).rows[0].latency == told


def test_who_is_away_has_no_latency_and_takes_nothing_of_its_machine() -> None:
    away = member(condition=Condition(Status.OFFLINE, NOW, "It left."), link=None)
    (row,) = hive_view(hive(away)).rows
    assert (row.latency, row.cpu, row.memory) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert row.is_troubled and not row.can_probe and row.can_close


@pytest.mark.parametrize(("behind", "told"), [(0, "Full copy"), (7, "7 behind"), (None, "Another tale")])
def test_how_much_of_the_story_a_member_holds(behind: int | None, told: str) -> None:
    assert hive_view(hive(member(behind=behind))).rows[0].copy == told


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [(-5, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (7_200_000, "2 h"), (200_000_000, "2 d")],
)
def test_time_in_one_short_word(milliseconds: int, told: str) -> None:
    assert lasting(milliseconds) == told


def test_what_was_before_is_told_newest_first_and_an_unknown_status_is_left_out() -> None:
    notes = [
        HealthNote("Mira", "Offline", "It left.", NOW - 60_000),
        HealthNote("Mira", "Sleeping", "", NOW - 70_000),
        HealthNote("Mira", "Online_Responsive", "Ready.", NOW - 3_600_000),
    ]
    assert past_statuses(notes, NOW) == (("Away", "muted", "1 min ago. It left."), ("Ready", "ok", "1 h ago. Ready."))


# --- everyone ---------------------------------------------------------------------------------------------------------


def test_the_hive_in_words_names_who_is_how() -> None:
    view = hive_view(hive(member(1, "Pim"), member(2, "Tock"), in_status(Status.UNREACHABLE, 3, "Vesper")))
    assert view.summary == "2 ready · 1 out of reach"
    assert "Ready: Pim, Tock." in view.spoken and "Out of reach: Vesper." in view.spoken
    assert view.troubled == 1


def test_a_crowd_in_words_stays_short() -> None:
    view = hive_view(hive(*(member(seat, f"Member {seat}") for seat in range(1, 201))))
    assert "and 188 more" in view.spoken and len(view.spoken) < 400


def test_nobody_is_said_to_be_here_when_nobody_is() -> None:
    view = hive_view(hive())
    assert view.rows == () and "nobody" in view.spoken and len(view.graph.nodes) == 1


def test_the_log_says_who_holds_all_of_it() -> None:
    def copies(*members: MemberFacts) -> str:
        return hive_view(hive(*members)).log.copies

    assert copies(member(behind=3)) == "Only this computer" == copies()
    assert copies(member(1, "Pim"), member(2, "Tock", behind=2)) == "You, Pim"
    assert copies(*(member(seat, f"M{seat}") for seat in range(1, 6))) == "You and 5 others"
    assert hive_view(hive(member())).log.is_safe and not hive_view(hive()).log.is_safe


def test_the_last_checkpoint_is_named_with_its_age() -> None:
    assert hive_view(hive()).log.checkpoint == "None yet"
    log = hive_view(hive(checkpoint="the door", checkpoint_at=NOW - 120_000)).log
    assert log.checkpoint == "“the door”, 2 min ago" and log.fingerprint == "oxygen cricket"
    assert log.entries == "1,234 entries, 400 of them the story"


def test_addresses_come_with_who_can_use_them() -> None:
    own = hive_view(hive()).own
    assert own.addresses == (
        ("192.168.1.5:8000", "Your network"),
        ("127.0.0.1:8000", "This computer only"),
    )
    assert own.usage == "12 % of a core, 90 MB"


@pytest.mark.parametrize(
    ("called_from", "told"),
    [
        ((), None),
        (("127.0.0.1:40000", "[::1]:50000"), Reach.SELF),
        (("127.0.0.1:40000", "192.168.1.9:40000"), Reach.HOME),
        (("192.168.1.9:40000", "203.0.114.9:40000"), Reach.WORLD),
    ],
)
def test_from_how_far_others_have_come_in(called_from: tuple[str, ...], told: Reach | None) -> None:
    assert reached_from(called_from) is told
    facts = hive()
    assert hive_view(replace(facts, own=replace(facts.own, reached=told))).own.reach


def test_who_listens_on_this_computer_alone_is_told_so() -> None:
    facts = hive()
    alone = replace(facts, own=replace(facts.own, addresses=("127.0.0.1:8000",)))
    assert "this computer alone" in hive_view(alone).own.reach


# --- answers ----------------------------------------------------------------------------------------------------------


def answer(name: str = "Pim", **timings: int) -> AnswerFacts:
    plain = {
        "queue_ms": 0, "prompt_tokens": 300, "first_token_ms": 500, "first_clip_ms": 900, "whole_ms": 2_000,
        "tokens": 42,
    }  # fmt: skip
    return AnswerFacts("00" * 32, name, "#aa5533", plain | timings)


def test_answers_are_bars_of_one_scale_the_newest_first() -> None:
    long, short = answer("Tock", queue_ms=2_000), answer("Pim")
    bars = hive_view(hive(answers=(long, short))).bars
    assert [bar.name for bar in bars] == ["Pim", "Tock"]
    assert (bars[1].waiting, bars[1].first_token) == (0.5, 0.125)
    assert (bars[1].writing, bars[1].sounding) == pytest.approx((0.1, 0.275))
    assert bars[0].total == "2.0 s"
    assert "first word after 0.5 s" in bars[0].spoken and "42 tokens" in bars[0].spoken


def test_an_answer_without_sound_says_so() -> None:
    (bar,) = hive_view(hive(answers=(answer(first_clip_ms=0),))).bars
    assert bar.sounding == 0 and bar.writing == 0.75 and "No sound" in bar.spoken


def test_sound_that_came_before_the_first_word_or_after_the_last_moves_no_other_part() -> None:
    early, late = (hive_view(hive(answers=(answer(first_clip_ms=at),))).bars[0] for at in (100, 9_000))
    assert (early.first_token, early.writing, early.sounding) == (0.25, 0, 0.75)
    assert (late.first_token, late.writing, late.sounding) == (0.25, 0.75, 0)


@given(st.dictionaries(st.sampled_from(sorted(answer().timings)), st.integers(0, 2**53), min_size=6))
def test_whatever_a_member_says_of_its_times_a_bar_stays_in_its_place(timings: dict[str, int]) -> None:
    (bar,) = hive_view(hive(answers=(AnswerFacts("00", "Pim", "", timings),))).bars
    parts = (bar.waiting, bar.first_token, bar.writing, bar.sounding)
    assert all(0 <= part <= 1 for part in parts) and sum(parts) <= 1 + 1e-9


# --- the drawing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 8, 12, 13, 24, 25, 60, 100, 200])
def test_everybody_has_room_and_nobody_stands_on_the_narrator(count: int) -> None:
    places = [at(x, y, 460, 420) for x, y in positions(count)]
    assert len(places) == count
    assert all(0 < x < 460 and 0 < y < 420 for x, y in places)
    size = node_size(count)
    assert all(math.dist(one, other) >= 2 * size for one, other in combinations(places, 2))
    assert all(math.dist(one, (230, 210)) >= size + 26 for one in places)


@given(st.integers(0, 300))
def test_places_are_the_same_every_time_and_all_told_apart(count: int) -> None:
    places = positions(count)
    assert places == positions(count) and len({(round(x, 6), round(y, 6)) for x, y in places}) == count
    assert all(-1 <= x <= 1 and -1 <= y <= 1 for x, y in places)


def test_links_are_drawn_as_they_are() -> None:
    lost = in_status(Status.OFFLINE, 3, "Vesper")
    members = [
        member(1, "Pim", said=replace(SAID, links=(0, 2))),
        member(2, "Tock", link=replace(LINK, lagging=True), said=replace(SAID, links=(0, 1, 3, 9))),
        lost,
        in_status(Status.REGISTERED, 4, "Cinder"),
    ]
    edges = {(edge.one, edge.other): edge.run for edge in graph("", members).edges}
    assert edges == {(1, 2): "between", (0, 1): "up", (0, 2): "lagging", (0, 3): "lost"}


def test_in_a_crowd_only_the_links_of_who_is_looked_at_are_drawn_between_members() -> None:
    everyone = tuple(range(0, CROWD + 2))
    members = [member(seat, f"M{seat}", said=replace(SAID, links=everyone)) for seat in range(1, CROWD + 2)]
    assert not [edge for edge in graph("", members).edges if edge.run == "between"]
    between = [edge for edge in graph("", members, selected=5).edges if edge.run == "between"]
    assert len(between) == CROWD and all(5 in (edge.one, edge.other) for edge in between)


def test_names_stand_at_nodes_while_there_is_room() -> None:
    few, many = ([member(seat) for seat in range(1, 1 + count)] for count in (CROWD, CROWD + 1))
    assert all(node.is_named for node in graph("", few).nodes[1:])
    assert not any(node.is_named for node in graph("", many).nodes)


def test_a_click_finds_the_node_it_is_on_and_nothing_in_between() -> None:
    nodes = graph("", [member(seat) for seat in range(1, 9)]).nodes
    for node in nodes:
        x, y = at(node.x, node.y, 500, 400)
        assert hit(nodes, x + 5, y - 5, 500, 400, 24) == node.seat
    assert hit(nodes, 3, 3, 500, 400, 24) is None


def test_of_two_nodes_in_reach_the_nearer_is_meant() -> None:
    one, other = (Node(seat, x, 0.0, "", "", "ok", True, False) for seat, x in ((1, 0.0), (2, 0.1)))
    x, y = at(0.08, 0, 500, 400)
    assert hit([one, other], x, y, 500, 400, 100) == 2
