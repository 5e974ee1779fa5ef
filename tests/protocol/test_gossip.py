"""One node's conversation: who may say what, what is passed on to whom, and that nobody can fill its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import pytest

from protocol import limits, messages
from protocol.effects import Claimed, Close, Effect, Forked, Heard, Lane, Learned, Ready, Send, Store
from protocol.encoding import Value, decode
from protocol.entry import Entry
from protocol.errors import Code, RemoteError
from protocol.gossip import Gossip
from protocol.identity import SigningKey, verify
from protocol.invite import make_claim
from protocol.kinds import Line, Revoked
from protocol.ledger import Ledger, Unit
from protocol.messages import EXTENSIONS, Ephemeral, Type, Want
from protocol.shapes import Span
from tests.kit.chain import Chain, Hand

E = TypeVar("E", bound=Effect)
NARRATOR, MIRA, ADA, STRANGER = 1, 2, 3, 4  # links


class Node:
    """Tom, linked to the narrator, Mira, Ada and a stranger; what it does in answer to what it is told."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.tom, self.mira, self.ada = (self.chain.join(name) for name in ("Tom", "Mira", "Ada"))
        self.stranger = self.chain.hand("Stranger", 9)
        self.ledger = Ledger(self.chain.tag, self.tom.seal)
        self.ledger.load(self.chain.units)
        self.gossip = Gossip(self.ledger, self.tom.public, self.tom.run)
        self.effects: list[Effect] = []
        self.now = 0.0
        hands = {NARRATOR: self.chain.narrator, MIRA: self.mira, ADA: self.ada, STRANGER: self.stranger}
        for link, hand in hands.items():
            self.effects += self.gossip.link_up(link, hand.public, self.now)

    def hear(self, link: int, data: bytes | list[Value]) -> list[Effect]:
        message: Any = decode(data, limits.FRAME) if isinstance(data, bytes) else data
        return self.gossip.received(link, message, self.now)

    def give(self, link: int, *units: Unit, nonce: int = 0) -> list[Effect]:
        return self.hear(link, messages.give(nonce, units))

    def rest(self) -> list[Effect]:
        """Time passes until nothing rests any more."""
        effects: list[Effect] = []
        while self.gossip.rests_until is not None:
            self.now = self.gossip.rests_until
            effects += self.gossip.pass_on(self.now)
        return effects

    def say(
        self, hand: Hand, counter: int, kind: str = "health", *, run: bytes = b"", direct: bool = False
    ) -> Ephemeral:
        return messages.write_ephemeral(hand.key, self.chain.tag, run or hand.run, counter, kind, b"", direct=direct)


@pytest.fixture
def node() -> Node:
    return Node()


def of(kind: type[E], effects: Sequence[Effect]) -> list[E]:
    return [one for one in effects if isinstance(one, kind)]


def sent(effects: Sequence[Effect], kind: Type) -> list[tuple[int, list[Value]]]:
    """To which link which message of this type went."""
    told: list[tuple[int, list[Value]]] = []
    for one in of(Send, effects):
        message = decode(one.data, limits.FRAME)
        assert isinstance(message, list)
        if message[0] == kind:
            told.append((one.link, message[1:]))
    return told


def wants(effects: Sequence[Effect]) -> list[tuple[int, Want]]:
    return [(link, messages.read_want(fields)) for link, fields in sent(effects, Type.WANT)]


def said(text: str = "x") -> Line:
    return Line((Span("speech", text),), "echo", b"", "")


# --- getting to know each other --------------------------------------------------------------------------------------


def test_members_are_greeted_with_grant_and_heads_and_strangers_with_nothing(node: Node) -> None:
    assert [one.link for one in of(Ready, node.effects)] == [NARRATOR, MIRA, ADA]
    assert [link for link, _ in sent(node.effects, Type.GRANT)] == [MIRA, ADA], "the narrator gave it"
    assert [link for link, _ in sent(node.effects, Type.HEADS)] == [NARRATOR, MIRA, ADA]
    assert not [one for one in of(Send, node.effects) if one.link == STRANGER]
    assert set(node.gossip.remotes()) == {NARRATOR, MIRA, ADA}


@pytest.mark.parametrize("kind", [one for one in Type if one > Type.GRANT])
def test_a_stranger_gets_no_answer_but_to_what_joins(node: Node, kind: Type) -> None:
    chain = node.chain
    said_by_mira = chain.narrate("Night fell.")
    told: dict[Type, bytes] = {
        Type.HEADS: messages.heads([]),
        Type.RUNS: messages.runs(chain.narrator.public, [], reply=False),
        Type.WANT: messages.want(Want(1, chain.narrator.public, chain.narrator.run, 0, 5)),
        Type.GIVE: messages.give(0, [(said_by_mira,)]),
        Type.FORK: messages.fork(said_by_mira, said_by_mira),
        Type.EPHEMERAL: messages.ephemeral(node.say(node.mira, 1)),
        Type.PEERS: messages.peers([]),
    }
    assert node.hear(STRANGER, told[kind]) == []
    assert said_by_mira.id not in node.ledger.log


def test_a_stranger_may_ask_for_genesis(node: Node) -> None:
    ((link, fields),) = sent(node.hear(STRANGER, messages.ask_genesis()), Type.GENESIS)
    assert link == STRANGER and messages.read_triple(fields[0]) == node.chain.genesis


def test_a_message_of_a_type_nobody_knows_yet_is_ignored_and_one_below_ends_the_link(node: Node) -> None:
    assert node.hear(MIRA, [EXTENSIONS, "whatever"]) == node.hear(MIRA, [255]) == []
    for kind in (EXTENSIONS - 1, 0, 60):
        with pytest.raises(RemoteError):
            node.hear(MIRA, [kind])
    for message in ([], [b"heads"], ["x"]):
        with pytest.raises(RemoteError):
            node.hear(MIRA, message)  # type: ignore[arg-type]
    assert node.hear(99, [int(Type.HEADS), []]) == [], "a link that is gone"


def test_a_revoked_member_is_shut_out_and_the_others_are_told_first(node: Node) -> None:
    revoke = node.chain.revoke(node.ada)
    effects = node.give(NARRATOR, (revoke,))
    (closed,) = of(Close, effects)
    assert (closed.link, closed.code) == (ADA, Code.REVOKED)
    assert [link for link, _ in sent(effects, Type.GIVE)] == [MIRA, ADA]
    assert effects.index(closed) > max(effects.index(one) for one in of(Send, effects))
    again = node.gossip.link_up(7, node.ada.public, 0.0)
    assert [one.code for one in of(Close, again)] == [Code.REVOKED]


def test_a_claim_is_passed_on_to_the_narrator_once_per_link_and_not_before_it_is_verified(node: Node) -> None:
    key = SigningKey.from_seed(b"\7" * 32)
    claim = make_claim(node.chain.tag, key, node.stranger.key, node.stranger.seal.public)
    effects = node.hear(STRANGER, messages.claim(claim.to_value()))
    assert [link for link, _ in sent(effects, Type.CLAIM)] == [NARRATOR]
    with pytest.raises(RemoteError) as caught:
        node.hear(STRANGER, messages.claim(claim.to_value()))
    assert caught.value.code is Code.TOO_MANY
    forged = make_claim(node.chain.tag, key, node.ada.key, node.ada.seal.public).to_value()
    forged[2] = node.stranger.public
    with pytest.raises(RemoteError) as caught:
        node.hear(MIRA, messages.claim(forged))
    assert caught.value.code is Code.BAD_SIGNATURE


def test_a_refusal_is_believed_of_the_narrator_alone(node: Node) -> None:
    key = SigningKey.from_seed(b"\7" * 32)
    claim = make_claim(node.chain.tag, key, node.stranger.key, node.stranger.seal.public)
    node.hear(STRANGER, messages.claim(claim.to_value()))
    no = messages.refused(node.stranger.public, Code.INVITE_USED, "used")
    assert node.hear(MIRA, no) == []
    assert [link for link, _ in sent(node.hear(NARRATOR, no), Type.REFUSED)] == [STRANGER]
    assert node.hear(NARRATOR, messages.refused(node.tom.public, Code.REVOKED, "")) == [], "we asked for nothing"


# --- entries ---------------------------------------------------------------------------------------------------------


def test_a_live_entry_goes_to_everybody_not_known_to_have_it_once(node: Node) -> None:
    told = node.chain.narrate("Night fell.")
    effects = node.give(NARRATOR, (told,))
    assert of(Store, effects) == [Store((told,))]
    assert [link for link, _ in sent(node.rest(), Type.GIVE)] == [MIRA, ADA]
    assert node.give(MIRA, (told,)) == node.give(ADA, (told,)) == node.rest() == []
    second = node.chain.narrate("Day broke.")
    assert [link for link, _ in sent(node.give(MIRA, (second,)), Type.GIVE)] == [NARRATOR, ADA]
    assert [link for link, _ in sent(node.give(ADA, (second,)), Type.GIVE)] == []


def test_what_its_author_brings_rests_and_goes_to_those_who_did_not_pass_it_on_meanwhile(node: Node) -> None:
    told = node.chain.narrate("Night fell.")
    assert of(Send, node.give(NARRATOR, (told,))) == [] and of(Send, node.gossip.pass_on(node.now)) == []
    until = node.gossip.rests_until
    assert until is not None and limits.REST_LEAST_MS <= until * 1000 <= limits.REST_MOST_MS
    node.give(ADA, (told,))
    assert [link for link, _ in sent(node.rest(), Type.GIVE)] == [MIRA]


def test_what_decides_who_counts_does_not_rest_and_overtakes_nothing(node: Node) -> None:
    told = node.chain.narrate("Night fell.")
    node.give(NARRATOR, (told,))
    revoke = node.chain.revoke(node.ada)
    gave = [messages.read_units(fields[1])[0][0].id for _, fields in sent(node.give(NARRATOR, (revoke,)), Type.GIVE)]
    assert gave == [told.id, told.id, revoke.id, revoke.id] and node.gossip.rests_until is None


def test_no_more_than_a_bounded_number_of_entries_rests(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RESTING", 3)
    told = [node.chain.narrate(str(number)) for number in range(5)]
    gave = [sent(node.give(NARRATOR, (one,)), Type.GIVE) for one in told]
    assert [len(one) for one in gave] == [0, 0, 0, 2, 2]
    assert messages.read_units(gave[3][0][1][1])[0] == (told[0],), "the oldest goes"


def test_a_line_that_rests_goes_out_with_the_word_that_lets_it_in() -> None:
    """The narrator's own node: what it accepts at once is not told twice."""
    chain = Chain()
    tom, mira = chain.join("Tom"), chain.join("Mira")
    chain.narrate("Night fell.")
    chain.cue(mira)
    ledger = Ledger(chain.tag, chain.narrator.seal)
    ledger.load(chain.units)
    line = mira.line("Who?")
    gossip = Gossip(ledger, chain.narrator.public, chain.narrator.run)
    gossip.link_up(1, tom.public, 0.0)
    gossip.link_up(2, mira.public, 0.0)
    taken = decode(messages.give(0, [(line,)]), limits.FRAME)
    assert isinstance(taken, list)
    gossip.received(2, taken, 0.0)
    assert gossip.rests_until is not None
    unit = ledger.take(chain.accept(line)).unit
    assert [link for link, _ in sent(gossip.wrote(unit), Type.GIVE)] == [1, 2]
    assert gossip.rests_until is None


def test_our_own_entry_leaves_only_once_it_is_written(node: Node) -> None:
    own = node.tom.line("Who?")
    unit = node.ledger.take((own,)).unit
    assert [link for link, _ in sent(node.gossip.wrote(unit), Type.GIVE)] == [NARRATOR, MIRA, ADA]


def test_an_accept_travels_with_its_line(node: Node) -> None:
    told = [node.chain.narrate("Night fell."), node.chain.cue(node.mira)]
    unit = node.chain.accept(node.mira.line("Who?"))
    node.give(NARRATOR, *((one,) for one in told))
    node.rest()
    assert of(Store, node.give(NARRATOR, unit)) == [Store(unit)]
    passed = sent(node.rest(), Type.GIVE)
    assert [link for link, _ in passed] == [MIRA, ADA]
    for _, fields in passed:
        assert messages.read_units(fields[1]) == [unit]


def test_a_link_that_fell_behind_is_left_alone_and_then_compared(node: Node) -> None:
    node.gossip.lagging(MIRA)
    told = node.chain.narrate("Night fell.")
    node.give(NARRATOR, (told,))
    assert [link for link, _ in sent(node.rest(), Type.GIVE)] == [ADA]
    assert [link for link, _ in sent(node.gossip.drained(MIRA, 1.0), Type.HEADS)] == [MIRA]
    more = node.chain.narrate("Day broke.")
    node.give(NARRATOR, (more,))
    assert [link for link, _ in sent(node.rest(), Type.GIVE)] == [MIRA, ADA]


def test_good_entries_beside_a_bad_one_are_stored_and_the_link_ends(node: Node) -> None:
    told = node.chain.narrate("Night fell.")
    bad = node.chain.narrate("Day broke.")._replace(signature=bytes(64))
    effects = node.give(MIRA, (told,), (bad,))
    assert of(Store, effects) == [Store((told,))]
    assert [(one.link, one.code) for one in of(Close, effects)] == [(MIRA, Code.BAD_SIGNATURE)]


def test_what_stands_between_is_asked_of_whoever_brought_what_follows(node: Node) -> None:
    lines = [node.mira.write(said(str(number))) for number in range(4)]
    effects = node.give(ADA, (lines[3],))
    ((link, asked),) = wants(effects)
    assert (link, asked.author, asked.first, asked.last) == (ADA, node.mira.public, 1, 4)
    assert wants(node.give(ADA, (lines[2],))) == [], "that is being asked for already"
    assert wants(node.give(MIRA, (lines[3],))) == [], "of one author, once"
    effects = node.give(ADA, *((one,) for one in lines), nonce=asked.nonce)
    assert len(of(Store, effects)) == 4
    assert sent(effects, Type.GIVE) == [], "what was asked for is told of, not passed on"
    assert {link for link, _ in sent(effects, Type.HEADS)} == {NARRATOR, MIRA, ADA}


def test_an_answer_in_parts_is_followed_to_its_end(node: Node) -> None:
    lines = [node.mira.write(said(str(number))) for number in range(6)]
    ((_, asked),) = wants(node.give(MIRA, (lines[-1],)))
    effects = node.give(MIRA, (lines[0],), (lines[1],), nonce=asked.nonce)
    ((_, rest),) = wants(effects)
    assert (rest.first, rest.last) == (asked.first + 2, asked.last)


def test_an_answer_with_a_gap_is_not_asked_for_over_and_over(node: Node) -> None:
    lines = [node.mira.write(said(str(number))) for number in range(6)]
    ((_, asked),) = wants(node.give(MIRA, (lines[-1],)))
    assert wants(node.give(MIRA, (lines[-1],), nonce=asked.nonce)) == []


def test_a_request_nobody_answers_is_given_to_another(node: Node) -> None:
    node.mira.write(said())
    last = node.mira.write(said())
    runs = messages.runs(node.mira.public, [(node.mira.run, last.seq, last.id[:16])], reply=True)
    assert [link for link, _ in wants(node.hear(MIRA, runs))] == [MIRA]
    assert wants(node.hear(ADA, runs)) == []
    node.now = limits.WANT_SECONDS + 1
    assert [link for link, _ in wants(node.gossip.tick(node.now))] == [ADA]


def test_a_link_that_goes_down_leaves_its_requests_to_others(node: Node) -> None:
    last = node.mira.write(said())
    runs = messages.runs(node.mira.public, [(node.mira.run, last.seq, last.id[:16])], reply=True)
    node.hear(MIRA, runs)
    node.gossip.link_down(MIRA)
    assert [link for link, _ in wants(node.hear(ADA, runs))] == [ADA]


def test_a_range_is_given_up_to_the_bound_of_an_answer(node: Node) -> None:
    lines = [node.tom.write(said("ä" * limits.TEXT)) for _ in range(6)]
    for one in lines:
        node.ledger.take((one,))
    effects = node.hear(MIRA, messages.want(Want(7, node.tom.public, node.tom.run, 1, 6)))
    ((link, fields),) = sent(effects, Type.GIVE)
    units = messages.read_units(fields[1])
    assert link == MIRA and fields[0] == 7 and units == [(one,) for one in lines[: len(units)]]
    assert 0 < len(units) < 6 and sum(one.size for unit in units for one in unit) <= limits.GIVE_BYTES
    nothing = node.hear(MIRA, messages.want(Want(8, node.tom.public, bytes(8), 0, 6)))
    assert sent(nothing, Type.GIVE) == [(MIRA, [8, []])]


def test_heads_that_agree_need_no_word_and_what_differs_is_told_in_full(node: Node) -> None:
    log = node.ledger.log
    ours = [(one, log.summary(one)) for one in log.feeds]
    assert node.hear(MIRA, messages.heads(ours)) == []
    differing = sent(node.hear(MIRA, messages.heads(ours[1:])), Type.RUNS)
    assert [messages.read_runs(fields)[0] for _, fields in differing] == [ours[0][0]]


def test_of_many_that_differ_the_narrators_come_first_and_the_rest_in_steps(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RUNS_TOLD", 2)
    told = sent(node.hear(MIRA, messages.heads([])), Type.RUNS)
    assert len(told) == 2 and messages.read_runs(told[0][1])[0] == node.chain.narrator.public


def test_what_stands_behind_a_revoke_is_not_asked_for(node: Node) -> None:
    cut = node.mira.seq - 1
    node.give(NARRATOR, (node.chain.tell(Revoked(node.mira.public, ((node.mira.run, cut),), "")),))
    late = node.mira.write(said())
    runs = messages.runs(
        node.mira.public, [(node.mira.run, late.seq, late.id[:16]), (bytes(8), 3, bytes(16))], reply=True
    )
    assert wants(node.hear(ADA, runs)) == []


def test_who_holds_more_of_a_revoked_member_than_the_revoke_left_is_level_with_who_does_not(node: Node) -> None:
    cut = node.mira.seq - 1
    late = node.mira.write(said("Too late."))
    revoke = node.chain.tell(Revoked(node.mira.public, ((node.mira.run, cut),), ""))
    node.give(MIRA, (late,))
    node.give(NARRATOR, (revoke,))
    other = Ledger(node.chain.tag, node.ada.seal)
    other.load([unit for unit in node.chain.units if unit != (late,)])
    assert late.id in node.ledger.log and late.id not in other.log
    gossip = Gossip(other, node.ada.public, node.ada.run)
    told = sent(gossip.link_up(1, node.tom.public, 0.0), Type.HEADS)
    assert [effect for _, fields in told for effect in node.hear(ADA, [int(Type.HEADS), *fields])] == []


def test_what_came_before_its_authors_grant_is_looked_for_once_that_is_here(node: Node) -> None:
    late = node.chain.hand("Late", 4)
    grant = node.chain.grant(late)
    invite = node.chain.units[-2]
    opened = late.open()
    node.give(NARRATOR, invite)
    assert node.give(MIRA, (opened,)) == [], "it is not taken, and nobody is blamed"
    effects = node.give(NARRATOR, (grant,))
    assert {link for link, _ in sent(effects, Type.HEADS)} == {NARRATOR, MIRA, ADA}
    later = node.chain.hand("Later", 5)
    second = node.chain.grant(later)
    node.give(NARRATOR, node.chain.units[-2])
    assert sent(node.give(NARRATOR, (second,)), Type.HEADS) == [], "without a reason a grant makes nobody compare"


# --- forks -----------------------------------------------------------------------------------------------------------


def twins(node: Node) -> tuple[Entry, Entry]:
    first = node.mira.write(said("One thing."))
    return first, node.mira.twin(said("Another."))


def test_a_fork_is_told_to_everybody_once(node: Node) -> None:
    first, second = twins(node)
    node.give(MIRA, (first,))
    effects = node.give(ADA, (second,))
    assert of(Forked, effects) == [Forked(first, second)]
    assert [link for link, _ in sent(effects, Type.FORK)] == [NARRATOR, MIRA]
    assert node.give(ADA, (second,)) == [] == node.hear(NARRATOR, messages.fork(first, second))
    assert of(Close, effects) == [], "who brings the news is not to blame"


def test_a_proof_is_told_to_whoever_compares_and_has_none(node: Node) -> None:
    first, second = twins(node)
    node.give(MIRA, (first,))
    node.give(ADA, (second,))
    log = node.ledger.log
    effects = node.hear(NARRATOR, messages.heads((one, log.summary(one)) for one in log.feeds))
    assert [link for link, _ in sent(effects, Type.FORK)] == [NARRATOR]
    assert sent(effects, Type.RUNS) == [], "nothing of his is compared any more"


def test_of_whoever_was_set_aside_nothing_is_asked_for(node: Node) -> None:
    first, second = twins(node)
    node.give(MIRA, (first,))
    node.give(ADA, (second,))
    runs = messages.runs(node.mira.public, [(node.mira.run, 9, bytes(16)), (bytes(8), 3, bytes(16))], reply=True)
    assert node.hear(ADA, runs) == []


def test_a_proof_that_proves_nothing_ends_the_link(node: Node) -> None:
    first, _ = twins(node)
    with pytest.raises(RemoteError):
        node.hear(MIRA, messages.fork(first, first))


def test_the_twin_is_asked_for_when_what_follows_it_comes(node: Node) -> None:
    first, second = twins(node)
    node.give(MIRA, (first,))
    node.mira.seq, node.mira.head = second.seq + 1, second.id
    after = node.mira.write(said("After the other."))
    ((link, asked),) = wants(node.give(ADA, (after,)))
    assert (link, asked.first, asked.last) == (ADA, first.seq, first.seq)
    effects = node.give(ADA, (second,), nonce=asked.nonce)
    assert of(Forked, effects) == [Forked(first, second)]


def test_the_twin_is_asked_for_when_an_answer_follows_it_and_only_once(node: Node) -> None:
    first, second = twins(node)
    node.give(MIRA, (first,))
    node.mira.seq, node.mira.head = second.seq + 1, second.id
    after = node.mira.write(said("After the other."))
    runs = messages.runs(node.mira.public, [(node.mira.run, after.seq, after.id[:16])], reply=True)
    ((_, asked),) = wants(node.hear(ADA, runs))
    ((_, twin),) = wants(node.give(ADA, (after,), nonce=asked.nonce))
    assert (asked.first, twin.first, twin.last) == (after.seq, first.seq, first.seq)
    assert wants(node.give(ADA, (after,), nonce=twin.nonce)) == [], (
        "whoever answers that with more of the same is not asked on"
    )


# --- moments and addresses -------------------------------------------------------------------------------------------


def heard(effects: Sequence[Effect]) -> list[int]:
    return [one.ephemeral.counter for one in of(Heard, effects)]


def test_a_moment_is_heard_once_and_passed_on_to_all_but_its_bringer_and_author(node: Node) -> None:
    data = messages.ephemeral(node.say(node.mira, 5))
    effects = node.hear(ADA, data)
    assert heard(effects) == [5]
    assert [(one.link, one.lane) for one in of(Send, effects)] == [(NARRATOR, Lane.EPHEMERAL)]
    assert node.hear(NARRATOR, data) == []


def test_only_a_rising_counter_of_the_latest_run_counts(node: Node) -> None:
    old_run = node.mira.run
    assert heard(node.hear(MIRA, messages.ephemeral(node.say(node.mira, 5)))) == [5]
    for counter in (5, 4, 0):
        assert node.hear(ADA, messages.ephemeral(node.say(node.mira, counter))) == []
    node.give(MIRA, (node.mira.open(),))
    assert heard(node.hear(MIRA, messages.ephemeral(node.say(node.mira, 1)))) == [1]
    assert node.hear(ADA, messages.ephemeral(node.say(node.mira, 9, run=old_run))) == [], "played back"
    assert node.hear(ADA, messages.ephemeral(node.say(node.mira, 9, run=bytes(8)))) == [], "of a run nobody opened"


def test_an_older_run_that_comes_later_does_not_become_the_latest(node: Node) -> None:
    between = [node.mira.open(), node.mira.write(said())]
    latest = node.mira.open()
    for one in (latest, *between):
        node.give(MIRA, (one,))
    assert heard(node.hear(MIRA, messages.ephemeral(node.say(node.mira, 1)))) == [1]
    assert node.hear(MIRA, messages.ephemeral(node.say(node.mira, 7, run=between[0].run))) == []


@pytest.mark.parametrize("skew", [-365 * 86_400_000, -3_600_000, 365 * 86_400_000])
def test_a_clock_that_is_off_silences_nobody(node: Node, skew: int) -> None:
    tick = node.chain.tick
    node.chain.tick = lambda: tick() + skew  # type: ignore[method-assign]
    node.give(MIRA, (node.mira.open(),))
    assert heard(node.hear(MIRA, messages.ephemeral(node.say(node.mira, 1)))) == [1]


@pytest.mark.parametrize("kind", ["hush", "probe"])
def test_only_the_narrator_may_hush_or_probe(node: Node, kind: str) -> None:
    assert node.hear(MIRA, messages.ephemeral(node.say(node.mira, 1, kind))) == []
    assert heard(node.hear(MIRA, messages.ephemeral(node.say(node.chain.narrator, 1, kind)))) == [1]


def test_what_is_for_this_link_alone_is_not_passed_on_and_not_taken_from_another(node: Node) -> None:
    effects = node.hear(MIRA, messages.ephemeral(node.say(node.mira, 1, direct=True)))
    assert heard(effects) == [1] and of(Send, effects) == []
    assert node.hear(ADA, messages.ephemeral(node.say(node.mira, 2, direct=True))) == []


def test_a_strangers_moment_is_not_heard_and_a_forged_one_ends_the_link(node: Node) -> None:
    assert node.hear(MIRA, messages.ephemeral(node.say(node.stranger, 1, run=bytes(8)))) == []
    forged = node.say(node.mira, 1)._replace(payload=b"x")
    with pytest.raises(RemoteError) as caught:
        node.hear(ADA, messages.ephemeral(forged))
    assert caught.value.code is Code.BAD_SIGNATURE


def test_addresses_spread_and_only_the_newest_counts(node: Node) -> None:
    old, new = (messages.write_peer_record(node.mira.key, node.chain.tag, stamp, [f"host:{stamp}"]) for stamp in (1, 2))
    effects = node.hear(MIRA, messages.peers([new]))
    assert of(Learned, effects) == [Learned((new,))]
    assert [link for link, _ in sent(effects, Type.PEERS)] == [NARRATOR, ADA]
    assert node.hear(ADA, messages.peers([old])) == node.hear(ADA, messages.peers([new])) == []
    own = messages.write_peer_record(node.tom.key, node.chain.tag, 9, ["elsewhere:1"])
    assert node.hear(ADA, messages.peers([own])) == [], "nobody tells us where we are"


def test_an_address_that_comes_before_its_members_grant_is_learned_with_the_grant(node: Node) -> None:
    late = node.chain.hand("Late", 4)
    record = messages.write_peer_record(late.key, node.chain.tag, 1, ["late:1"])
    assert node.hear(MIRA, messages.peers([record])) == []
    grant = node.chain.grant(late)
    invite = node.chain.units[-2]
    node.give(NARRATOR, invite)
    effects = node.give(NARRATOR, (grant,))
    assert of(Learned, effects) == [Learned((record,))]


# --- nobody fills our memory -----------------------------------------------------------------------------------------


def test_what_a_link_is_known_to_have_is_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KNOWN_PER_LINK", 10)
    for number in range(30):
        node.give(NARRATOR, (node.chain.narrate(str(number)),))
        node.rest()
    assert all(len(state.known) == 10 for state in node.gossip._links.values() if state.ready)


def test_runs_that_are_only_said_to_exist_are_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RUNS", 50)
    for author in (node.mira, node.ada, node.chain.narrator):
        for page in range(5):
            runs = [(bytes([page, number]) + bytes(6), 9, bytes(16)) for number in range(100)]
            node.hear(MIRA, messages.runs(author.public, runs, reply=True))
    state = node.gossip._links[MIRA]
    assert sum(map(len, state.backlog.values())) <= 50 and len(state.wants) <= limits.WANTS


def claim_of(node: Node) -> tuple[Hand, bytes]:
    """A stranger, and what it says to get in with an invite that the narrator never gave."""
    stranger = node.chain.hand("Stranger", 9)
    key = SigningKey.from_seed(b"\7" * 32)
    claim = make_claim(node.chain.tag, key, stranger.key, stranger.seal.public)
    return stranger, messages.claim(claim.to_value())


def test_waiting_claims_and_early_addresses_are_bounded(node: Node) -> None:
    records = []
    for number in range(limits.LINKS + 20):
        stranger, claim = claim_of(node)
        node.gossip.link_up(100 + number, stranger.public, node.now)
        node.hear(100 + number, claim)
        records.append(messages.write_peer_record(stranger.key, node.chain.tag, number, []))
    for record in records:
        node.hear(MIRA, messages.peers([record]))
    assert len(node.gossip._door._relayed) == len(node.gossip._presence._early) == limits.LINKS
    for number in range(limits.LINKS + 20):
        node.gossip.link_down(100 + number)
    assert node.gossip._door._relayed == {}


# --- a flood costs its sender ----------------------------------------------------------------------------------------


def test_a_member_brings_its_own_claim_and_no_more(node: Node) -> None:
    passed_on = [len(sent(node.hear(MIRA, claim_of(node)[1]), Type.CLAIM)) for _ in range(20)]
    assert passed_on == [1] + [0] * 19
    assert set(node.gossip.remotes()) == {NARRATOR, MIRA, ADA}, "and is not shut out for it"


def test_the_narrator_takes_the_claims_that_waited_with_a_member_and_then_slowly() -> None:
    node = Node()
    ledger = Ledger(node.chain.tag, node.chain.narrator.seal)
    ledger.load(node.chain.units)
    node.gossip = Gossip(ledger, node.chain.narrator.public, node.chain.narrator.run)
    node.gossip.link_up(MIRA, node.mira.public, node.now)
    claims = [claim_of(node)[1] for _ in range(limits.CLAIMS_BURST + 20)]
    assert sum(len(of(Claimed, node.hear(MIRA, one))) for one in claims) == limits.CLAIMS_BURST
    node.now += 3 * limits.CLAIM_SECONDS
    assert sum(len(of(Claimed, node.hear(MIRA, one))) for one in claims[:20]) == 3


def moved(node: Node, hand: Hand, stamp: int) -> bytes:
    return messages.peers([messages.write_peer_record(hand.key, node.chain.tag, stamp, [f"host:{stamp}"])])


def test_a_member_that_moves_all_the_time_is_followed_slowly_and_the_others_at_once(node: Node) -> None:
    taken = [stamp for stamp in range(1, 100) if of(Learned, node.hear(MIRA, moved(node, node.mira, stamp)))]
    assert taken == list(range(1, limits.ADDRESS_BURST + 1))
    assert of(Learned, node.hear(MIRA, moved(node, node.ada, 1)))
    node.now += limits.ADDRESS_SECONDS
    assert of(Learned, node.hear(ADA, moved(node, node.mira, 100)))
    assert of(Learned, node.hear(ADA, moved(node, node.mira, 101))) == []


def test_what_a_flood_of_addresses_brings_is_not_even_verified(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECORDS_BURST", 50)
    checked: list[bytes] = []

    def check(key: bytes, *rest: bytes) -> bool:
        checked.append(key)
        return True

    monkeypatch.setattr(messages, "verify", check)
    for number in range(200):
        node.hear(MIRA, moved(node, node.chain.hand("Nobody", 9), number))
    assert len(checked) == 50
    assert of(Learned, node.hear(ADA, moved(node, node.ada, 1))), "another link has a share of its own"


def test_a_chatterer_uses_up_no_share_but_its_own(node: Node) -> None:
    """Whoever passes a chatterer's words on is heard all the same, and no signature beyond the share is checked."""
    said_by_mira = [
        messages.ephemeral(node.say(node.mira, 1 + number)) for number in range(2 * limits.EPHEMERALS_BURST)
    ]
    assert sum(len(heard(node.hear(ADA, one))) for one in said_by_mira) == limits.EPHEMERALS_BURST
    assert heard(node.hear(ADA, messages.ephemeral(node.say(node.ada, 1)))) == [1]
    late = node.say(node.mira, 9_999)._replace(signature=bytes(64))
    assert node.hear(ADA, messages.ephemeral(late)) == [], "unread"


def test_authors_who_are_no_members_leave_no_trace(node: Node) -> None:
    before = (len(node.ledger.log.feeds), len(node.ledger.entries))
    strangers = [(bytes([number]) * 32, bytes(16)) for number in range(200)]
    effects = node.hear(MIRA, messages.heads(strangers))
    assert all(messages.read_runs(fields)[0] in node.ledger.log.feeds for _, fields in sent(effects, Type.RUNS))
    for author, _ in strangers:
        assert node.hear(MIRA, messages.runs(author, [(bytes(8), 3, bytes(16))], reply=False)) == []
    node.give(MIRA, (node.stranger.open(),))
    assert (len(node.ledger.log.feeds), len(node.ledger.entries)) == before


def test_many_addresses_go_out_in_messages_that_fit_a_frame(node: Node) -> None:
    long = ["a" * 250] * limits.ADDRESSES
    for number in range(100):
        hand = node.chain.hand("Late", 5 + number)
        node.gossip.learn(messages.write_peer_record(hand.key, node.chain.tag, 1, long))
    effects = node.gossip.link_up(9, node.mira.public, 0.0)
    assert sum(len(messages.read_peers(fields, node.chain.tag)) for _, fields in sent(effects, Type.PEERS)) == 100
    assert all(len(one.data) < limits.FRAME - 128 for one in of(Send, effects))


def test_everything_that_goes_out_is_signed_by_its_author() -> None:
    node = Node()
    for link, fields in sent(node.effects, Type.GRANT):
        entry = messages.read_triple(fields[0])
        assert link != NARRATOR and entry.author == node.chain.narrator.public
        assert verify(entry.author, b"dwnet/entry/1\0", entry.header, entry.signature)
