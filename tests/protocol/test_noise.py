from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noise.connection import Keypair, NoiseConnection

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import NOISE_MESSAGE
from protocol.noise import NAME, Cipher, Handshake

VECTOR = json.loads(
    (Path(__file__).parent.parent / "vectors" / "noise_xx_25519_chachapoly_sha256.json").read_text(encoding="utf-8")
)["vectors"][0]
SMALL_ORDER = (  # X25519 points that make every outcome zero: 0, 1, order 8, p-1
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes([0xEC]) + b"\xff" * 30 + b"\x7f",
)


def said(payload: bytes) -> Callable[[bytes], bytes]:
    return lambda _: payload


def field(name: str) -> bytes:
    return bytes.fromhex(VECTOR[name])


def dialer(ephemeral: bytes = b"\x03" * 32) -> Handshake:
    return Handshake(dials=True, prologue=b"story", static=b"\x01" * 32, ephemeral=ephemeral)


def answerer(ephemeral: bytes = b"\x04" * 32) -> Handshake:
    return Handshake(dials=False, prologue=b"story", static=b"\x02" * 32, ephemeral=ephemeral)


def finished() -> tuple[Handshake, Handshake]:
    one, two = dialer(), answerer()
    two.read(one.write(said(b"")))
    one.read(two.write(said(b"")))
    two.read(one.write(said(b"")))
    return one, two


def test_the_published_vector_holds_in_both_roles() -> None:
    one = Handshake(
        dials=True, prologue=field("init_prologue"), static=field("init_static"), ephemeral=field("init_ephemeral")
    )
    two = Handshake(
        dials=False, prologue=field("resp_prologue"), static=field("resp_static"), ephemeral=field("resp_ephemeral")
    )
    turns = [(one, two), (two, one), (one, two)]
    for (writer, reader), message in zip(turns, VECTOR["messages"][:3], strict=True):
        payload, wire = bytes.fromhex(message["payload"]), bytes.fromhex(message["ciphertext"])
        assert writer.write(said(payload)) == wire
        assert reader.read(wire)[0] == payload
    assert one.hash == two.hash == field("handshake_hash")
    assert one.remote_static == two.static_public and two.remote_static == one.static_public
    ciphers = {one: one.split(), two: two.split()}
    for number, message in enumerate(VECTOR["messages"][3:]):
        writer, reader = (two, one) if number % 2 == 0 else (one, two)
        payload, wire = bytes.fromhex(message["payload"]), bytes.fromhex(message["ciphertext"])
        assert ciphers[writer][0].encrypt(b"", payload) == wire
        assert ciphers[reader][1].decrypt(b"", wire) == payload


def independent(*, dials: bool, prologue: bytes, static: bytes) -> Any:
    """The same protocol by the noiseprotocol package."""
    other = NoiseConnection.from_name(NAME)
    if dials:
        other.set_as_initiator()
    else:
        other.set_as_responder()
    other.set_prologue(prologue)
    other.set_keypair_from_private_bytes(Keypair.STATIC, static)
    other.start_handshake()
    return other


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64), st.lists(st.binary(max_size=64), max_size=4))
def test_an_independent_implementation_answers_us(static: bytes, prologue: bytes, texts: list[bytes]) -> None:
    other = independent(dials=False, prologue=prologue, static=b"\x07" * 32)
    ours = Handshake(dials=True, prologue=prologue, static=static, ephemeral=b"\x08" * 32)
    assert other.read_message(ours.write(said(b"one"))) == b"one"
    assert ours.read(bytes(other.write_message(b"two")))[0] == b"two"
    assert other.read_message(ours.write(said(b"three"))) == b"three"
    check_channel(ours, other, texts)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64), st.lists(st.binary(max_size=64), max_size=4))
def test_an_independent_implementation_dials_us(static: bytes, prologue: bytes, texts: list[bytes]) -> None:
    other = independent(dials=True, prologue=prologue, static=b"\x07" * 32)
    ours = Handshake(dials=False, prologue=prologue, static=static, ephemeral=b"\x08" * 32)
    assert ours.read(bytes(other.write_message(b"one")))[0] == b"one"
    assert other.read_message(ours.write(said(b"two"))) == b"two"
    assert ours.read(bytes(other.write_message(b"three")))[0] == b"three"
    check_channel(ours, other, texts)


def check_channel(ours: Handshake, other: Any, texts: list[bytes]) -> None:
    assert other.get_handshake_hash() == ours.hash
    send, receive = ours.split()
    for text in texts:
        assert other.decrypt(send.encrypt(b"", text)) == text
        assert receive.decrypt(b"", bytes(other.encrypt(text))) == text


def test_a_payload_is_bound_to_the_same_hash_on_both_sides() -> None:
    seen: list[bytes] = []
    one, two = dialer(), answerer()

    def note(bound_to: bytes) -> bytes:
        seen.append(bound_to)
        return b"x"

    for writer, reader in ((one, two), (two, one), (one, two)):
        assert reader.read(writer.write(note)) == (b"x", seen[-1])
    assert len(set(seen)) == 3


@pytest.mark.parametrize("length", [0, 1, 10, 31])
def test_a_short_ephemeral_key_is_refused_before_it_is_used(length: int) -> None:
    with pytest.raises(RemoteError) as caught:
        answerer().read(bytes(length))
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("length", [0, 31, 32, 33, 79, 80, 95])
def test_a_short_second_message_is_refused(length: int) -> None:
    one, two = dialer(), answerer()
    two.read(one.write(said(b"")))
    whole = two.write(said(b""))
    assert len(whole) == 96
    with pytest.raises(RemoteError):
        one.read(whole[:length])


@pytest.mark.parametrize("point", SMALL_ORDER, ids=lambda point: point.hex()[:8])
def test_a_key_of_small_order_is_refused(point: bytes) -> None:
    two = answerer()
    two.read(point)
    with pytest.raises(RemoteError) as caught:
        two.write(said(b""))
    assert caught.value.code is Code.MALFORMED


def test_messages_out_of_turn_are_our_own_fault() -> None:
    with pytest.raises(LocalError):
        answerer().write(said(b""))
    with pytest.raises(LocalError):
        dialer().read(bytes(64))
    one = dialer()
    one.write(said(b""))
    with pytest.raises(LocalError):
        one.write(said(b""))
    for side in (dialer(), answerer()):
        with pytest.raises(LocalError):
            side.split()


def test_a_finished_handshake_is_used_up() -> None:
    one, two = finished()
    for side in (one, two):
        side.split()
        with pytest.raises(LocalError):
            side.split()
        with pytest.raises(LocalError):
            side.write(said(b""))
        with pytest.raises(LocalError):
            side.read(bytes(64))


def test_a_handshake_that_failed_is_dead() -> None:
    one, two = dialer(), answerer()
    two.read(one.write(said(b"")))
    answer = two.write(said(b""))
    with pytest.raises(RemoteError):
        one.read(answer[:-1] + bytes([answer[-1] ^ 1]))
    with pytest.raises(LocalError):
        one.read(answer)


def test_keys_of_other_lengths_are_our_own_fault() -> None:
    for static, ephemeral in ((bytes(31), bytes(32)), (bytes(32), bytes(33)), (b"", bytes(32))):
        with pytest.raises(LocalError):
            Handshake(dials=True, prologue=b"", static=static, ephemeral=ephemeral)


def test_the_two_directions_use_different_keys() -> None:
    send, receive = finished()[0].split()
    with pytest.raises(RemoteError):
        receive.decrypt(b"", send.encrypt(b"", b"sent back to its sender"))


def test_messages_lost_repeated_or_reordered_are_refused() -> None:
    def receiving() -> tuple[Cipher, list[bytes]]:
        one, two = finished()
        send = one.split()[0]
        return two.split()[1], [send.encrypt(b"", bytes([number])) for number in range(3)]

    cipher, wire = receiving()
    assert [cipher.decrypt(b"", one) for one in wire] == [b"\0", b"\1", b"\2"]
    for order in ((1,), (0, 0), (0, 2)):
        cipher, wire = receiving()
        for number in order[:-1]:
            cipher.decrypt(b"", wire[number])
        with pytest.raises(RemoteError) as caught:
            cipher.decrypt(b"", wire[order[-1]])
        assert caught.value.code is Code.BAD_SIGNATURE


def test_lengths_of_channel_messages_are_bounded() -> None:
    one, two = finished()
    send, receive = one.split()[0], two.split()[1]
    longest = send.encrypt(b"", bytes(NOISE_MESSAGE - 16))
    assert len(longest) == NOISE_MESSAGE and receive.decrypt(b"", longest) == bytes(NOISE_MESSAGE - 16)
    with pytest.raises(LocalError):
        send.encrypt(b"", bytes(NOISE_MESSAGE - 15))
    for length in (0, 15, NOISE_MESSAGE + 1):
        with pytest.raises(RemoteError) as caught:
            receive.decrypt(b"", bytes(length))
        assert caught.value.code is Code.MALFORMED
