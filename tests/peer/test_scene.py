from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dwnet.card import Card, private_part
from peer.scene import TURNS, card_of, scene_for
from peer.writer.contract import Turn
from protocol.kinds import Sheet
from protocol.ledger import Ledger
from protocol.story import Story
from tests.kit.chain import Chain, Hand

MIRA = Card("Mira")


def seen_by(chain: Chain, hand: Hand) -> Story:
    """The story as this member's node folds it."""
    ledger = Ledger(chain.tag, hand.seal)
    for unit in chain.units:
        ledger.take(unit)
    return ledger.story


def test_a_scene_is_the_story_from_a_seat() -> None:
    chain = Chain()
    mira, _ = chain.join("Mira"), chain.join("Rusk")
    chain.join("Vera", role="listener")
    chain.beat("Night fell.", Mira="Who is there?", Rusk="Only me.")
    scene = scene_for(seen_by(chain, mira), mira.seat, MIRA)
    assert scene.turns == (
        Turn("Narrator", "Night fell.", "narration"),
        Turn("Mira", "Who is there?", "line"),
        Turn("Rusk", "Only me.", "line"),
    )
    assert scene.cast == ("Rusk",) and scene.story == "The Lighthouse"


def test_for_another_take_the_first_attempt_is_not_there() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    chain.beat("Night fell.", Mira="Who is there?")
    assert chain.last_beat is not None
    scene = scene_for(seen_by(chain, mira), mira.seat, MIRA, chain.last_beat.id)
    assert [turn.text for turn in scene.turns] == ["Night fell."]


def test_an_edit_counts_and_a_rewound_line_does_not() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    first = chain.narrate("Night fell.")
    chain.edit(first, "Night fell slowly.")
    chain.narrate("Morning came.")
    chain.rewind(first, "left")
    assert [turn.text for turn in scene_for(seen_by(chain, mira), mira.seat, MIRA).turns] == ["Night fell slowly."]


def test_a_long_story_is_read_from_its_end() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    for number in range(TURNS + 10):
        chain.narrate(f"Night {number}.")
    turns = scene_for(seen_by(chain, mira), mira.seat, MIRA).turns
    assert len(turns) == TURNS and turns[-1].text == f"Night {TURNS + 9}."


@given(st.lists(st.sampled_from(["all", "Mira", "Rusk"]), min_size=1, max_size=8))
def test_nothing_sealed_to_others_is_in_a_scene(audiences: list[str]) -> None:
    chain = Chain()
    hands = {name: chain.join(name) for name in ("Mira", "Rusk")}
    for number, name in enumerate(audiences):
        audience = None if name == "all" else [hands[name]]
        chain.narrate(f"told {name} {number}", audience=audience)
        speaker = hands["Rusk" if name == "Rusk" else "Mira"]
        cue = chain.cue(speaker, audience=audience)
        chain.accept(speaker.line(f"said {name} {number}", cue, audience=audience))
    for me, hand in hands.items():
        scene = scene_for(seen_by(chain, hand), hand.seat, MIRA)
        expected = [number for number, name in enumerate(audiences) if name in ("all", me)]
        assert [int(turn.text.split()[-1]) for turn in scene.turns] == [one for one in expected for _ in range(2)]
        assert all(turn.text.split()[1] in ("all", me) for turn in scene.turns)
        assert all((turn.kind == "whisper") == (turn.text.split()[1] == me) for turn in scene.turns)


def test_a_card_is_whole_only_for_the_seat_it_was_sealed_to() -> None:
    chain = Chain()
    mira, rusk = chain.join("Mira"), chain.join("Rusk")
    sheet = private_part(Card("Mira", personality="afraid of fire")).decode()
    assert card_of(seen_by(chain, mira), mira.seat) is None, "not told yet"
    chain.tell(Sheet(mira.seat, sheet), audience=[mira])
    card = card_of(seen_by(chain, mira), mira.seat)
    assert card is not None and card.name == "Mira" and card.personality == "afraid of fire"
    assert card_of(seen_by(chain, rusk), mira.seat) is None
    assert card_of(seen_by(chain, mira), 99) is None
