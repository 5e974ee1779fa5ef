"""Bytes with their expected outcome, for this implementation and any other (docs/protocol.md names the rules)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from protocol import identity, invite, names
from protocol.bech32m import ALPHABET, from_symbols
from protocol.encoding import Value, decode, encode
from protocol.errors import Code, RemoteError
from protocol.identity import FRAME, SigningKey
from protocol.invite import InviteError
from protocol.limits import FRAME as FRAME_BYTES
from protocol.sealing import Sealed, SealKey, seal, unseal, unseal_with
from protocol.session import Session

TESTS = Path(__file__).parents[1]
WORDS = (TESTS.parent / "data" / "words.txt").read_text(encoding="ascii").split()


def load(name: str) -> Any:
    return json.loads((TESTS / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


ENCODING, IDENTITY, INVITES, SESSION, SEALING = map(load, ("encoding", "identity", "invites", "session", "sealing"))


def value_of(written: Any) -> Value:
    if isinstance(written, dict):
        return bytes.fromhex(written["bytes"])
    return [value_of(one) for one in written] if isinstance(written, list) else written


def each(cases: list[Any], key: str = "name") -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: str(case[key])[:40])


def in_hex(case: Any, *fields: str) -> list[bytes]:
    return [bytes.fromhex(case[field]) for field in fields]


@each(ENCODING["accepted"])
def test_a_value_and_its_bytes_are_one(case: Any) -> None:
    (data,) = in_hex(case, "bytes")
    assert decode(data, FRAME_BYTES) == value_of(case["value"]) and encode(value_of(case["value"])) == data


@each(ENCODING["refused"])
def test_bytes_that_are_no_value_are_refused(case: Any) -> None:
    with pytest.raises(RemoteError) as caught:
        decode(bytes.fromhex(case["bytes"]), FRAME_BYTES)
    assert caught.value.code.name == case["code"]


@each(IDENTITY["keys"], "peer_id")
def test_a_seed_has_its_key_and_its_names(case: Any) -> None:
    seed, public = in_hex(case, "seed", "public")
    assert SigningKey.from_seed(seed).public == public
    assert identity.peer_id(public) == case["peer_id"] and identity.parse_peer_id(case["peer_id"]) == public
    assert names.short_name(public, WORDS) == case["short_name"]


@each(IDENTITY["signatures"])
def test_a_signature_holds_or_does_not(case: Any) -> None:
    assert identity.verify(*in_hex(case, "public", "purpose", "message", "signature")) is case["holds"]


@pytest.mark.parametrize("text", IDENTITY["no_peer_ids"])
def test_a_text_that_is_no_peer_id_is_refused(text: str) -> None:
    with pytest.raises(RemoteError):
        identity.parse_peer_id(text)


def test_hashes_have_their_words() -> None:
    for case in IDENTITY["fingerprints"]:
        assert list(names.fingerprint(bytes.fromhex(case["head"]), WORDS)) == case["words"]
    for case in IDENTITY["four_words"]:
        tag, member, key = in_hex(case, "tag", "member", "invite")
        assert list(names.four_words(tag, member, key, WORDS)) == case["words"]


@each(INVITES["accepted"])
def test_a_code_says_its_invite(case: Any) -> None:
    tag, secret = in_hex(case, "tag", "secret")
    meant = invite.Invite(tag, secret, case["expires"], tuple(case["addresses"]))
    assert invite.parse_invite(case["code"]) == meant and invite.format_invite(meant) == case["code"]


def test_a_code_may_be_written_in_several_ways() -> None:
    first = invite.parse_invite(INVITES["accepted"][0]["code"])
    assert all(invite.parse_invite(text) == first for text in INVITES["same_as_first"])


@each(INVITES["refused"])
def test_a_text_that_is_no_code_gets_its_error(case: Any) -> None:
    with pytest.raises(InviteError) as caught:
        invite.parse_invite(case["text"])
    assert type(caught.value).__name__ == case["error"]


def test_the_claim_is_these_bytes() -> None:
    case = INVITES["claim"]
    tag, secret, invite_public, member, sealing, data = in_hex(
        case, "tag", "secret", "invite_public", "member_seed", "seal_seed", "bytes"
    )
    key = invite.invite_key(secret)
    assert key.public == invite_public
    claim = invite.make_claim(tag, key, SigningKey.from_seed(member), SealKey.from_seed(sealing).public)
    assert encode(claim.to_value()) == data
    invite.verify_claim(invite.claim_from_value(decode(data, 512)))


def read_claim(data: bytes) -> None:
    invite.verify_claim(invite.claim_from_value(decode(data, 512)))


@each(INVITES["refused_claims"])
def test_a_wrong_claim_is_refused(case: Any) -> None:
    with pytest.raises(RemoteError) as caught:
        read_claim(bytes.fromhex(case["bytes"]))
    assert caught.value.code.name == case["code"]


def sessions() -> tuple[Session, Session]:
    tag = bytes.fromhex(SESSION["tag"])
    player, *of_player = in_hex(SESSION["dialer"], "member_seed", "static", "ephemeral")
    narrator, *of_narrator = in_hex(SESSION["answerer"], "member_seed", "static", "ephemeral")
    expected = SigningKey.from_seed(narrator).public
    return (
        Session.dial(tag, SigningKey.from_seed(player), of_player[0], of_player[1], expected),
        Session.answer(tag, SigningKey.from_seed(narrator), of_narrator[0], of_narrator[1]),
    )


def test_the_handshake_and_the_frames_are_these_bytes() -> None:
    dialer, answerer = sessions()
    hello, answer, proof, session_id = in_hex(SESSION, "hello", "answer", "proof", "session_id")
    assert dialer.start() == hello
    assert answerer.receive(hello).replies == (answer,)
    assert dialer.receive(answer).replies == (proof,)
    assert answerer.receive(proof).opened
    assert dialer.session_id == answerer.session_id == session_id
    for case in SESSION["frames"]:
        sender, receiver = (dialer, answerer) if case["from"] == "dialer" else (answerer, dialer)
        data, signed, signature = in_hex(case, "bytes", "signed", "signature")
        messages = [value_of(message) for message in case["messages"]]
        assert sender.pack([encode(message) for message in messages]) == data
        assert list(receiver.receive(data).messages) == messages
        assert receiver.remote is not None
        assert identity.verify(receiver.remote, FRAME, session_id + sender.role.value + signed, signature)


@each(SESSION["refused"])
def test_a_wrong_message_ends_the_session(case: Any) -> None:
    dialer, answerer = sessions()
    hello, answer, proof = in_hex(SESSION, "hello", "answer", "proof")
    receiver = answerer
    if case["to"] == "answer":
        dialer.start()
        receiver = dialer
    elif case["to"] != "hello":
        answerer.receive(hello)
        if case["to"] == "frame":
            answerer.receive(proof)
    with pytest.raises(RemoteError) as caught:
        receiver.receive(bytes.fromhex(case["bytes"]))
    assert caught.value.code.name == case["code"] and receiver.state.value == "closed" and answer


def sealed_of(case: Any) -> Sealed:
    commitment, ciphertext = in_hex(case, "commitment", "ciphertext")
    return Sealed(commitment, tuple(bytes.fromhex(box) for box in case["boxes"]), ciphertext)


@each(SEALING["accepted"])
def test_a_sealed_text_opens_for_its_readers_alone(case: Any) -> None:
    content, place, randomness, key = in_hex(case, "content", "place", "randomness", "key")
    readers = [SealKey.from_seed(bytes.fromhex(seed)) for seed in case["reader_seeds"]]
    assert seal(content, place, [reader.public for reader in readers], randomness) == sealed_of(case)
    assert all(unseal(sealed_of(case), place, reader) == (content, key) for reader in readers)
    assert unseal_with(sealed_of(case), place, key) == content
    assert unseal(sealed_of(case), place, SealKey.from_seed(*in_hex(SEALING, "stranger_seed"))) is None


@each(SEALING["refused"])
def test_a_wrong_sealed_text_is_refused_by_its_reader(case: Any) -> None:
    place, reader = bytes.fromhex(case["place"]), SealKey.from_seed(bytes.fromhex(SEALING["first_reader_seed"]))
    with pytest.raises(RemoteError) as caught:
        unseal(sealed_of(case), place, reader)
    assert caught.value.code.name == case["code"]


def test_every_code_in_the_vectors_exists() -> None:
    cases = ENCODING["refused"] + INVITES["refused_claims"] + SESSION["refused"] + SEALING["refused"]
    assert {case["code"] for case in cases} <= set(Code.__members__)


def test_the_examples_in_the_protocol_are_those_of_the_vectors() -> None:
    part_one = (TESTS.parent / "docs" / "protocol.md").read_text(encoding="utf-8").partition("# Part two")[0]
    examples = "\n".join(part_one.split("```")[1::2])
    shown = set(re.findall(r"\b(?:[0-9a-f]{2}){6,}\b", examples))
    payload = from_symbols([ALPHABET.index(letter) for letter in INVITES["accepted"][0]["code"][3:-6]])[0].hex()
    known = json.dumps([ENCODING, IDENTITY, INVITES, SESSION, SEALING]) + payload
    assert len(shown) > 10 and {run for run in shown if run not in known} == set()
    for text in ("accepted.code", "keys.peer_id", "keys.short_name"):
        listed, field = text.split(".")
        assert {**IDENTITY, **INVITES}[listed][0][field] in examples


def test_the_rules_in_the_protocol_are_numbered_without_gaps() -> None:
    rules = re.findall(r"^- \*\*([A-Z])(\d+)\*\*", (TESTS.parent / "docs" / "protocol.md").read_text("utf-8"), re.M)
    for letter in "EKISCF":
        numbers = [int(number) for one, number in rules if one == letter]
        assert numbers == list(range(1, len(numbers) + 1)) and numbers
