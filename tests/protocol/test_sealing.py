from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, LocalError, RemoteError
from protocol.sealing import (
    BOX,
    PADDING,
    Sealed,
    SealKey,
    check_seal_key,
    check_sealed,
    decrypt_blob,
    encrypt_blob,
    seal,
    unseal,
    unseal_with,
)

NARRATOR, ALICE, BOB, MALLORY = (SealKey.from_seed(bytes([number]) * 32) for number in range(1, 5))
PLACE = b"tag, author, run and seq"
RANDOM = bytes(range(64))
SMALL_ORDER = (
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes([0xEC]) + b"\xff" * 30 + b"\x7f",
)


def sealed_to(*keys: SealKey, content: bytes = b"yes", place: bytes = PLACE, randomness: bytes = RANDOM) -> Sealed:
    return seal(content, place, [key.public for key in keys], randomness)


def refused(sealed: Sealed, *codes: Code, key: SealKey = ALICE, place: bytes = PLACE) -> None:
    with pytest.raises(RemoteError) as caught:
        unseal(sealed, place, key)
    assert caught.value.code in codes


@given(st.binary(max_size=1000), st.binary(max_size=80), st.binary(min_size=64, max_size=64), st.integers(1, 16))
def test_everyone_it_is_for_reads_it_and_nobody_else(
    content: bytes, place: bytes, randomness: bytes, readers: int
) -> None:
    keys = [SealKey.from_seed(bytes([number]) * 32) for number in range(1, readers + 1)]
    sealed = sealed_to(*keys, content=content, place=place, randomness=randomness)
    for key in keys:
        opened = unseal(sealed, place, key)
        assert opened is not None and opened[0] == content
        assert unseal_with(sealed, place, opened[1]) == content
    assert unseal(sealed, place, SealKey.from_seed(b"\xff" * 32)) is None


@pytest.mark.parametrize(("readers", "boxes"), [(1, 4), (3, 4), (4, 4), (5, 8), (8, 8), (9, 16), (16, 16)])
def test_the_number_of_readers_shows_only_roughly(readers: int, boxes: int) -> None:
    sealed = sealed_to(*(SealKey.from_seed(bytes([number]) * 32) for number in range(readers)))
    assert len(sealed.boxes) == boxes == len(set(sealed.boxes))
    assert {len(box) for box in sealed.boxes} == {BOX}
    assert all(box[31] < 0x80 for box in sealed.boxes)  # fillers begin with a public key too


@pytest.mark.parametrize(("length", "padded"), [(0, 256), (255, 256), (256, 512), (511, 512), (512, 768)])
def test_the_length_shows_only_in_steps(length: int, padded: int) -> None:
    sealed = sealed_to(ALICE, content=b"\0" * length)
    assert len(sealed.ciphertext) == padded + 16
    opened = unseal(sealed, PLACE, ALICE)
    assert opened is not None and opened[0] == b"\0" * length


def test_boxes_stand_in_an_order_that_says_nothing() -> None:
    for one, other in ((ALICE, BOB), (BOB, ALICE)):
        sealed = sealed_to(NARRATOR, one, other)
        assert list(sealed.boxes) == sorted(sealed.boxes)


def test_the_same_words_never_look_the_same() -> None:
    one, other = sealed_to(ALICE), sealed_to(ALICE, randomness=bytes(64))
    assert one.commitment != other.commitment and one.ciphertext != other.ciphertext
    assert not set(one.boxes) & set(other.boxes)


def test_randomness_given_twice_gives_no_key_twice() -> None:
    """ChaCha20-Poly1305 under one key and nonce for two texts would give both away."""
    sealed = [
        sealed_to(ALICE),
        sealed_to(ALICE, content=b"no"),
        sealed_to(ALICE, place=b"elsewhere"),
        seal(b"aceyes", PLACE[:-3], [ALICE.public], RANDOM),
    ]
    assert len({one.commitment for one in sealed}) == len(sealed)
    publics = [box[:32] for one in sealed for box in one.boxes]
    assert len(set(publics)) == len(publics)


def test_a_copy_in_another_place_does_not_open() -> None:
    refused(sealed_to(ALICE), Code.BAD_SIGNATURE, place=b"signed by Mallory as her own")


def test_every_changed_byte_is_noticed_by_its_reader() -> None:
    sealed = sealed_to(ALICE, BOB)
    ours = next(number for number, box in enumerate(sealed.boxes) if unseal_alone(sealed, box))
    for place in range(32):
        refused(sealed._replace(commitment=flipped(sealed.commitment, place)), Code.BAD_SIGNATURE)
    for place in range(len(sealed.ciphertext)):
        refused(sealed._replace(ciphertext=flipped(sealed.ciphertext, place)), Code.BAD_SIGNATURE)
    for number, box in enumerate(sealed.boxes):
        for place in range(BOX):
            changed = (*sealed.boxes[:number], flipped(box, place), *sealed.boxes[number + 1 :])
            opened = unseal(sealed._replace(boxes=changed), PLACE, ALICE)
            assert (opened is None) == (number == ours)


def unseal_alone(sealed: Sealed, box: bytes) -> bool:
    return unseal(sealed._replace(boxes=(box,) * 4), PLACE, ALICE) is not None


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :]


def test_a_box_with_another_key_than_was_committed_to_is_refused() -> None:
    """Otherwise two readers could be told two texts by one ciphertext made to open under both keys."""
    one, other = sealed_to(ALICE), sealed_to(BOB, randomness=bytes(64))
    mixed = one._replace(boxes=(*one.boxes[:3], next(box for box in other.boxes if unseal_for(other, box, BOB))))
    refused(mixed, Code.BAD_SIGNATURE, key=BOB)


def unseal_for(sealed: Sealed, box: bytes, key: SealKey) -> bool:
    return unseal(sealed._replace(boxes=(box,) * 4), PLACE, key) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"commitment": b""},
        {"commitment": bytes(31)},
        {"boxes": ()},
        {"boxes": (bytes(BOX),) * 3},
        {"boxes": (bytes(BOX),) * 17},
        {"boxes": (bytes(BOX - 1),) * 4},
        {"boxes": (bytes(10),) * 4},
        {"boxes": (bytes(BOX),) * 3 + (b"",)},
        {"ciphertext": b""},
        {"ciphertext": bytes(16)},
        {"ciphertext": bytes(PADDING)},
        {"ciphertext": bytes(PADDING + 17)},
        {"ciphertext": bytes(61_440 + PADDING + 16)},
    ],
    ids=lambda change: "-".join(f"{name}{len(value)}" for name, value in change.items()),
)
def test_other_lengths_are_refused_before_any_key_is_used(change: dict[str, object]) -> None:
    sealed = sealed_to(ALICE)._replace(**change)  # type: ignore[arg-type]
    refused(sealed, Code.MALFORMED)
    opened = unseal(sealed_to(ALICE), PLACE, ALICE)
    assert opened is not None
    for read in (lambda: check_sealed(sealed), lambda: unseal_with(sealed, PLACE, opened[1])):
        with pytest.raises(RemoteError) as caught:
            read()
        assert caught.value.code is Code.MALFORMED


def test_a_box_of_small_order_is_for_nobody() -> None:
    sealed = sealed_to(ALICE)
    for point in SMALL_ORDER:
        assert unseal(sealed._replace(boxes=(point + bytes(48),) * 4), PLACE, ALICE) is None


def test_a_wrong_key_handed_over_later_is_refused() -> None:
    sealed = sealed_to(ALICE)
    for key, code in ((bytes(32), Code.BAD_SIGNATURE), (bytes(31), Code.MALFORMED), (b"", Code.MALFORMED)):
        with pytest.raises(RemoteError) as caught:
            unseal_with(sealed, PLACE, key)
        assert caught.value.code is code


def test_seal_keys_nothing_can_be_sealed_to_are_refused_when_they_are_shown() -> None:
    check_seal_key(ALICE.public)
    for public in (*SMALL_ORDER, b"", bytes(31), ALICE.public + b"\0"):
        with pytest.raises(RemoteError) as caught:
            check_seal_key(public)
        assert caught.value.code is Code.MALFORMED
        with pytest.raises(LocalError):
            seal(b"", PLACE, [ALICE.public, public], RANDOM)


def test_a_key_listed_twice_gets_one_box() -> None:
    assert seal(b"yes", PLACE, [ALICE.public, ALICE.public], RANDOM) == sealed_to(ALICE)


def test_other_counts_and_lengths_are_our_own_fault() -> None:
    with pytest.raises(LocalError):
        seal(b"", PLACE, [], RANDOM)
    with pytest.raises(LocalError):
        seal(b"", PLACE, [SealKey.from_seed(bytes([number]) * 32).public for number in range(17)], RANDOM)
    for length in (0, 32, 63, 65):
        with pytest.raises(LocalError):
            seal(b"", PLACE, [ALICE.public], bytes(length))
    for length in (0, 31, 33):
        with pytest.raises(LocalError):
            SealKey.from_seed(bytes(length))


def test_a_seal_key_prints_without_its_secret() -> None:
    assert str(ALICE.seed) not in repr(ALICE) and ALICE.seed.hex() not in repr(ALICE)


@given(st.binary(max_size=300))
def test_a_private_blob_opens_with_its_key_alone(data: bytes) -> None:
    key = b"\x07" * 32
    encrypted = encrypt_blob(data, key)
    assert len(encrypted) == len(data) + 16 and decrypt_blob(encrypted, key) == data
    wrong = (
        (encrypted, bytes(32), Code.BAD_SIGNATURE),
        (flipped(encrypted, 0), key, Code.BAD_SIGNATURE),
        (encrypted[:-1], key, Code.BAD_SIGNATURE if data else Code.MALFORMED),
        (b"", key, Code.MALFORMED),
        (encrypted, bytes(31), Code.MALFORMED),
    )
    for changed, other, code in wrong:
        with pytest.raises(RemoteError) as caught:
            decrypt_blob(changed, other)
        assert caught.value.code is code
    with pytest.raises(LocalError):
        encrypt_blob(data, bytes(31))
