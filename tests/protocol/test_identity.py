from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import identity
from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import ENTRY, FRAME, SigningKey, digest, parse_peer_id, peer_id, verify

KEY = SigningKey.from_seed(bytes(range(32)))
PURPOSES = (identity.ENTRY, identity.FRAME, identity.HANDSHAKE, identity.CLAIM, identity.EPHEMERAL)
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the Ed25519 base point, RFC 8032 section 5.1
SMALL_ORDER = (  # points of order 1, 2, 4 and 8 in their usual spellings
    bytes([1]) + bytes(31),
    bytes([0xEC]) + b"\xff" * 30 + b"\x7f",
    bytes(32),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
)


def test_the_published_ed25519_vector_holds() -> None:
    """RFC 8032, section 7.1, test 1 (empty message)."""
    key = SigningKey.from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"", b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


@given(st.binary(max_size=200))
def test_a_signature_holds_for_its_own_purpose_only(message: bytes) -> None:
    for purpose in PURPOSES:
        signature = KEY.sign(purpose, message)
        assert len(signature) == 64
        assert [verify(KEY.public, other, message, signature) for other in PURPOSES] == [
            other == purpose for other in PURPOSES
        ]


def test_no_purpose_is_the_start_of_another_and_each_ends_in_nul() -> None:
    for purpose in PURPOSES:
        assert purpose.endswith(b"\0") and purpose.count(b"\0") == 1
        assert [other for other in PURPOSES if other.startswith(purpose)] == [purpose]


def test_every_flipped_bit_of_a_signature_a_key_or_a_message_is_refused() -> None:
    message = b"The gate stands open."
    signature = KEY.sign(ENTRY, message)
    for bit in range(8 * 64):
        assert not verify(KEY.public, ENTRY, message, flipped(signature, bit))
    for bit in range(8 * 32):
        assert not verify(flipped(KEY.public, bit), ENTRY, message, signature)
    for bit in range(8 * len(message)):
        assert not verify(KEY.public, ENTRY, flipped(message, bit), signature)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_wrong_lengths_are_refused_without_an_error() -> None:
    signature = KEY.sign(ENTRY, b"x")
    for length in (0, 1, 31, 33, 64):
        assert not verify((KEY.public * 2)[:length], ENTRY, b"x", signature)
    for length in (0, 1, 63, 65, 128):
        assert not verify(KEY.public, ENTRY, b"x", (signature * 2)[:length])


def test_a_signature_has_one_form_and_small_keys_sign_nothing() -> None:
    signature = KEY.sign(ENTRY, b"x")
    malleated = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not verify(KEY.public, ENTRY, b"x", malleated)
    for public in SMALL_ORDER:
        for first in SMALL_ORDER:
            assert not verify(public, ENTRY, b"x", first + bytes(32))


def test_a_seed_of_another_length_is_our_own_fault() -> None:
    for length in (0, 16, 31, 33, 64):
        with pytest.raises(LocalError):
            SigningKey.from_seed(bytes(length))


def test_a_key_prints_without_its_secret() -> None:
    assert KEY.seed.hex() not in repr(KEY) and str(KEY.seed) not in repr(KEY)


def test_a_digest_depends_on_what_it_is_for() -> None:
    assert digest(b"one", b"ab", b"c") == hashlib.blake2b(b"abc", digest_size=32, person=b"one").digest()
    assert digest(b"one", b"abc") != digest(b"two", b"abc")
    assert len(digest(b"one", b"abc", size=16)) == 16


@given(st.binary(min_size=32, max_size=32))
def test_a_peer_id_reads_back(public: bytes) -> None:
    text = peer_id(public)
    assert text.startswith("12D3Koo") and len(text) == 52
    assert parse_peer_id(text) == public


def test_what_is_no_peer_id_is_refused() -> None:
    good = peer_id(KEY.public)
    wrong = ["", good[:-1], good + "1", "1" + good[:-1], good.replace(good[-1], "0"), "z" * 52, "1" * 52, "é" * 52]
    for text in wrong:
        with pytest.raises(RemoteError) as caught:
            parse_peer_id(text)
        assert caught.value.code is Code.MALFORMED
    with pytest.raises(LocalError):
        peer_id(KEY.public[:-1])


def test_frame_and_entry_signatures_differ() -> None:
    assert KEY.sign(ENTRY, b"x") != KEY.sign(FRAME, b"x")


def test_peer_ids_are_those_of_libp2p() -> None:
    """A key published in both of libp2p's spellings: the CID holds the same multihash in base32."""
    cid = "bafzaajaiaejcbzdibmxyzdjbbehgvizh6g5tikvy47mshdy6gwbruvgwvd24seje"
    public = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))[-32:]
    assert peer_id(public) == "12D3KooWRBy97UB99e3J6hiPesre1MZeuNQvfan4gBziswrRJsNK"
    assert len(parse_peer_id("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")) == 32  # the one in specs/peer-ids
