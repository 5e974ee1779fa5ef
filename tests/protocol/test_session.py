from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from protocol.encoding import Value, encode, join
from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import FRAME, HANDSHAKE, SigningKey
from protocol.limits import FRAME as FRAME_BYTES
from protocol.limits import FRAME_MESSAGES
from protocol.noise import Cipher
from protocol.session import FRAME_ROOM, TABLE, Received, Role, Session, State

TAG = b"\x11" * 16
NARRATOR = SigningKey.from_seed(b"\x21" * 32)
PLAYER = SigningKey.from_seed(b"\x22" * 32)
MALLORY = SigningKey.from_seed(b"\x23" * 32)


def dialer(
    *,
    member: SigningKey = PLAYER,
    tag: bytes = TAG,
    expected: bytes | None = NARRATOR.public,
    static: bytes = b"\x31" * 32,
    ephemeral: bytes = b"\x32" * 32,
) -> Session:
    return Session.dial(tag, member, static, ephemeral, expected)


def answerer(
    *,
    member: SigningKey = NARRATOR,
    tag: bytes = TAG,
    static: bytes = b"\x33" * 32,
    ephemeral: bytes = b"\x34" * 32,
) -> Session:
    return Session.answer(tag, member, static, ephemeral)


def handshake(one: Session, two: Session) -> list[bytes]:
    """Bring both to open; the three messages as they went over the wire."""
    hello = one.start()
    (answer,) = two.receive(hello).replies
    received = one.receive(answer)
    assert received.opened
    (proof,) = received.replies
    assert two.receive(proof) == Received(opened=True)
    return [hello, answer, proof]


def opened() -> tuple[Session, Session]:
    one, two = dialer(), answerer()
    handshake(one, two)
    return one, two


def refused(side: Session, data: bytes | str, *codes: Code) -> None:
    """The session ends with one of these codes (any, if none is named) and takes nothing more."""
    with pytest.raises(RemoteError) as caught:
        side.receive(data)
    assert not codes or caught.value.code in codes
    ended(side)


def ended(side: Session) -> None:
    assert side.state is State.CLOSED
    for further in (lambda: side.receive(b""), lambda: side.pack([encode([1])]), side.start):
        with pytest.raises(LocalError):
            further()


def flips(data: bytes) -> list[bytes]:
    """``data`` with each of its bytes changed in turn, by a low and by a high bit."""
    changed = []
    for place in range(len(data)):
        for bit in (0x01, 0x80):
            changed.append(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
    return changed


# --- the way to open ---------------------------------------------------------------------------------------------


def test_two_members_open_a_session_and_know_each_other() -> None:
    one, two = dialer(), answerer()
    messages = handshake(one, two)
    assert [len(message) for message in messages] == [64, 192, 160]
    assert one.state is two.state is State.OPEN
    assert one.remote == NARRATOR.public and two.remote == PLAYER.public
    assert one.session_id == two.session_id and len(one.session_id) == 32


def test_a_joiner_may_dial_whoever_answers() -> None:
    one, two = dialer(expected=None), answerer()
    handshake(one, two)
    assert one.remote == NARRATOR.public


def test_nobody_is_known_before_the_proof() -> None:
    one, two = dialer(), answerer()
    (answer,) = two.receive(one.start()).replies
    assert one.remote is None and two.remote is None and two.session_id == b""
    assert answer.find(NARRATOR.public) < 0


def test_every_state_takes_what_the_table_says_and_refuses_the_rest() -> None:
    assert set(TABLE) == {(role, state) for role in Role for state in State if state is not State.CLOSED} - {
        (Role.DIALER, State.HELLO)
    }
    refused(dialer(), b"x" * 64, Code.OUT_OF_TURN)
    one, two = dialer(), answerer()
    hello, answer, proof = handshake(one, two)
    frame = one.pack([encode([1])])
    by_state: dict[str, tuple[Callable[[], Session], bytes]] = {
        "hello": (answerer, hello),
        "answer": (waiting_for_answer, answer),
        "proof": (waiting_for_proof, proof),
        "frame": (lambda: opened()[1], frame),
    }
    for name, (make, right) in by_state.items():
        make().receive(right)
        for other, (_, wrong) in by_state.items():
            if other != name:
                refused(make(), wrong)


def waiting_for_answer() -> Session:
    one = dialer()
    one.start()
    return one


def waiting_for_proof() -> Session:
    one, two = dialer(), answerer()
    two.receive(one.start())
    return two


def test_a_session_is_started_once_and_by_its_dialer() -> None:
    one = waiting_for_answer()
    with pytest.raises(LocalError):
        one.start()
    with pytest.raises(LocalError):
        answerer().start()


def test_nothing_is_packed_before_the_session_is_open() -> None:
    for side in (dialer(), answerer(), waiting_for_answer(), waiting_for_proof()):
        with pytest.raises(LocalError):
            side.pack([encode([1])])


def test_a_closed_session_stays_closed() -> None:
    for side in (*opened(), dialer(), waiting_for_proof()):
        side.close()
        side.close()
        ended(side)


# --- attacks on the handshake ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_changed_byte_of_a_handshake_message_is_refused(number: int) -> None:
    makers = [answerer, waiting_for_answer, waiting_for_proof]
    message = handshake(dialer(), answerer())[number]
    for changed in flips(message):
        refused(makers[number](), changed)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_handshake_messages_of_another_length_are_refused(number: int) -> None:
    makers = [answerer, waiting_for_answer, waiting_for_proof]
    message = handshake(dialer(), answerer())[number]
    for length in (0, 1, 10, 31, 32, 48, len(message) - 1):
        refused(makers[number](), message[:length], Code.MALFORMED)
    refused(makers[number](), message + b"\0", Code.MALFORMED)
    refused(makers[number](), bytes(FRAME_BYTES + 100), Code.MALFORMED)
    refused(makers[number](), "x" * len(message), Code.MALFORMED)


def test_a_scanner_without_the_tag_is_turned_away_before_any_key_is_used() -> None:
    stranger = dialer(tag=b"\x12" * 16)
    two = answerer()
    refused(two, stranger.start(), Code.WRONG_STORY)
    assert two.remote is None


def test_the_gate_belongs_to_its_ephemeral_key() -> None:
    seen, own = dialer().start(), dialer(tag=bytes(16), ephemeral=b"\x40" * 32).start()
    refused(answerer(), own[:32] + seen[32:], Code.WRONG_STORY)


def test_an_answer_under_another_tag_is_refused() -> None:
    """Someone who passes our hello on to a story of theirs, gate exchanged, gets no further."""
    one = dialer()
    hello = one.start()
    other_gate = dialer(tag=b"\x12" * 16).start()[32:]
    (answer,) = answerer(tag=b"\x12" * 16).receive(hello[:32] + other_gate).replies
    refused(one, answer, Code.BAD_SIGNATURE)


def test_small_order_keys_are_refused() -> None:
    point = bytes(32)
    gate = hashlib.blake2b(point, digest_size=32, key=TAG, person=b"dwnet-gate").digest()
    refused(answerer(), point + gate, Code.MALFORMED)


def test_another_member_than_the_one_called_is_refused() -> None:
    one = dialer(expected=MALLORY.public)
    (answer,) = answerer().receive(one.start()).replies
    refused(one, answer, Code.WRONG_PEER)


def test_calling_ourselves_is_noticed() -> None:
    one = dialer(member=PLAYER, expected=None, static=b"\x50" * 32)
    own = answerer(member=PLAYER, static=b"\x50" * 32)
    (answer,) = own.receive(one.start()).replies
    refused(one, answer, Code.WRONG_PEER)


def test_a_second_running_copy_of_a_member_is_noticed() -> None:
    one = dialer(member=PLAYER, expected=None, static=b"\x50" * 32)
    copy = answerer(member=PLAYER, static=b"\x51" * 32)
    (answer,) = copy.receive(one.start()).replies
    refused(one, answer, Code.SECOND_COPY)


def test_our_own_hello_sent_back_proves_nothing() -> None:
    one = waiting_for_answer()
    refused(one, dialer().start(), Code.MALFORMED)


def test_messages_replayed_into_another_session_are_refused() -> None:
    hello, answer, proof = handshake(dialer(), answerer())
    later = dialer(ephemeral=b"\x41" * 32)
    later.start()
    refused(later, answer, Code.BAD_SIGNATURE)
    fresh = answerer(ephemeral=b"\x42" * 32)
    fresh.receive(hello)  # the hello alone can be replayed; it gives its sender nothing
    refused(fresh, proof, Code.BAD_SIGNATURE)


def test_messages_replayed_in_the_same_session_are_refused() -> None:
    one, two = dialer(), answerer()
    hello, answer, proof = handshake(one, two)
    for message in (hello, proof):
        fresh = opened()[1]
        refused(fresh, message)
    refused(one, answer)
    refused(two, hello)


class Forger(Session):
    """A member who speaks the protocol but signs what we choose instead of what the rules say."""

    signs: ClassVar[Callable[[Session, bytes, bytes], bytes]]

    def _proof(self, bound_to: bytes, answerer: bytes) -> bytes:
        return type(self).signs(self, bound_to, answerer)


def forged_proofs() -> dict[str, Callable[[Session, bytes, bytes], bytes]]:
    mallory, player = MALLORY.public, PLAYER.public

    def sign(message: bytes) -> bytes:
        return MALLORY.sign(HANDSHAKE, message)

    return {
        "another member's key": lambda side, h, to: player + sign(side.role.value + h + player + to),
        "another hash": lambda side, h, to: mallory + sign(side.role.value + bytes(32) + mallory + to),
        "the other role": lambda side, h, to: mallory + sign(side.role.other.value + h + mallory + to),
        "another purpose": lambda side, h, to: mallory + MALLORY.sign(FRAME, side.role.value + h + mallory + to),
        "no signature": lambda side, h, to: mallory + bytes(64),
        "another key in place": lambda side, h, to: mallory + sign(side.role.value + h + player + to),
    }


@pytest.mark.parametrize("what", sorted(forged_proofs()))
def test_a_forged_proof_is_refused_from_either_side(what: str) -> None:
    Forger.signs = forged_proofs()[what]
    one = dialer(expected=None)
    (answer,) = Forger.answer(TAG, MALLORY, b"\x61" * 32, b"\x62" * 32).receive(one.start()).replies
    refused(one, answer, Code.BAD_SIGNATURE)
    two = answerer()
    forger = Forger.dial(TAG, MALLORY, b"\x61" * 32, b"\x62" * 32)
    (answer,) = two.receive(forger.start()).replies
    (proof,) = forger.receive(answer).replies
    refused(two, proof, Code.BAD_SIGNATURE)


def test_a_proof_meant_for_one_answerer_does_not_hold_for_another() -> None:
    """Mallory cannot answer in the narrator's place and have the player's proof believed: it names whom it was for."""
    Forger.signs = lambda side, h, to: (
        side._member.public + side._member.sign(HANDSHAKE, side.role.value + h + side._member.public + MALLORY.public)
    )
    two = answerer()
    forger = Forger.dial(TAG, PLAYER, b"\x61" * 32, b"\x62" * 32)
    (answer,) = two.receive(forger.start()).replies
    (proof,) = forger.receive(answer).replies
    refused(two, proof, Code.BAD_SIGNATURE)


# --- frames ------------------------------------------------------------------------------------------------------


def test_frames_carry_messages_both_ways_in_order() -> None:
    one, two = opened()
    for number in range(3):
        messages: list[list[Value]] = [[number, "line"], [number, [b"id", 1]]]
        assert two.receive(one.pack([encode(message) for message in messages])) == Received(messages=tuple(messages))
        assert one.receive(two.pack([encode([number])])) == Received(messages=([number],))


def test_a_full_frame_passes_and_one_byte_more_is_our_own_fault() -> None:
    one, two = opened()
    full = encode([b"x" * (FRAME_ROOM - 4)])
    assert len(full) == FRAME_ROOM
    wire = one.pack([full])
    assert len(wire) <= FRAME_BYTES + 16
    assert len(two.receive(wire).messages) == 1
    many = [encode([number]) for number in range(FRAME_MESSAGES)]
    assert len(two.receive(one.pack(many)).messages) == FRAME_MESSAGES
    too_large = encode([b"x" * (FRAME_BYTES - 64 - 6)])
    for messages in ([], [*many, encode([1])], [too_large]):
        with pytest.raises(LocalError):
            one.pack(messages)
    assert two.receive(one.pack([full])).messages  # what we refuse ourselves costs no session


def test_every_changed_byte_of_a_frame_is_refused() -> None:
    wire = opened()[0].pack([encode([7, "The gate stands open."])])
    for changed in flips(wire):
        refused(opened()[1], changed, Code.BAD_SIGNATURE)


def test_frames_lost_repeated_reordered_or_sent_back_are_refused() -> None:
    def sent() -> tuple[Session, Session, list[bytes]]:
        one, two = opened()
        return one, two, [one.pack([encode([number])]) for number in range(3)]

    for order in ((1,), (0, 0), (0, 2)):
        _, two, wire = sent()
        for number in order[:-1]:
            two.receive(wire[number])
        refused(two, wire[order[-1]], Code.BAD_SIGNATURE)
    one, _, wire = sent()
    refused(one, wire[0], Code.BAD_SIGNATURE)


def test_a_frame_of_another_session_is_refused() -> None:
    wire = opened()[0].pack([encode([1])])
    one, two = dialer(ephemeral=b"\x41" * 32), answerer(ephemeral=b"\x42" * 32)
    handshake(one, two)
    refused(two, wire, Code.BAD_SIGNATURE)


def test_frames_of_other_lengths_are_refused() -> None:
    for data in (b"", bytes(15), bytes(16), bytes(FRAME_BYTES + 17), "text", "x" * 200):
        refused(opened()[1], data)


def crafted(
    frame: bytes, *, direction: Role = Role.DIALER, member: SigningKey = PLAYER, session_id: bytes = b""
) -> bytes:
    """What a dialer with every key in hand but bad manners would send as its first frame."""
    one, _ = opened()
    signature = member.sign(FRAME, (session_id or one.session_id) + direction.value + frame)
    return sender_of(one).encrypt(b"", frame + signature)


def sender_of(side: Session) -> Cipher:
    assert side._ciphers is not None
    return side._ciphers[0]


def test_a_frame_signed_by_another_or_for_another_place_is_refused() -> None:
    frame = encode([0, [[1]]])
    assert opened()[1].receive(crafted(frame)).messages == ([1],)
    for wire in (
        crafted(frame, member=MALLORY),
        crafted(frame, direction=Role.ANSWERER),
        crafted(frame, session_id=bytes(32)),
    ):
        refused(opened()[1], wire, Code.BAD_SIGNATURE)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", Code.MALFORMED),
        (encode(0), Code.MALFORMED),
        (encode([0]), Code.MALFORMED),
        (encode([0, []]), Code.MALFORMED),
        (encode([0, [1]]), Code.MALFORMED),
        (encode([0, [[]]]), Code.MALFORMED),
        (encode([0, [[1]], 0]), Code.MALFORMED),
        (encode([b"", [[1]]]), Code.MALFORMED),
        (encode([0, [[1]]]) + b"\0", Code.MALFORMED),
        (b"\x92\xcc\x00\x91\x91\x01", Code.MALFORMED),
        (encode([0, [[1]] * 257]), Code.MALFORMED),
        (encode([1, [[1]]]), Code.OUT_OF_TURN),
        (encode([2**63 - 1, [[1]]]), Code.OUT_OF_TURN),
    ],
    ids=lambda part: part.hex()[:24] if isinstance(part, bytes) else str(part),
)
def test_a_signed_frame_that_breaks_a_rule_is_refused(frame: bytes, code: Code) -> None:
    refused(opened()[1], crafted(frame), code)


def test_messages_encoded_apart_make_the_same_frame() -> None:
    messages: Sequence[Value] = [[1, b"a"], [2, "b"]]
    assert join([encode(0), join([encode(message) for message in messages])]) == encode([0, list(messages)])


def test_arguments_of_wrong_length_are_our_own_fault() -> None:
    for tag, static, ephemeral in (
        (bytes(15), bytes(32), bytes(32)),
        (TAG, bytes(31), bytes(32)),
        (TAG, bytes(32), b""),
    ):
        with pytest.raises(LocalError):
            Session.dial(tag, PLAYER, static, ephemeral, None)
        with pytest.raises(LocalError):
            Session.answer(tag, PLAYER, static, ephemeral)
