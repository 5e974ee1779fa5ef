"""Text that only named members can read: one ciphertext under a key used once, and that key in a box for each of them.

Rules of this file (docs/protocol.md, "Sealed text"):
- One ciphertext for all, so nobody is told another story; ``commitment`` names its key, because ChaCha20-Poly1305 alone
  lets one ciphertext open under two keys.
- The ciphertext is bound to its place; copied into another entry it opens nowhere.
- Length and number of readers show only roughly: padded to PADDING, boxes rounded up to a count of BOX_COUNTS.
- There is no forward secrecy: who holds a seal key reads all that was ever sealed to it.
- Randomness comes in from outside. Every secret here is derived from it and from what is sealed, so that not even
  randomness given twice lets two texts share a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError

from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import KEY, digest
from protocol.limits import AUDIENCE, BODY

RANDOMNESS = 64  # bytes
PADDING = 256  # bytes the content is filled up to a multiple of
BOX_COUNTS = (4, 8, AUDIENCE)
TAG = 16  # bytes an encryption adds
BOX = KEY + KEY + TAG  # bytes: ephemeral public key, encrypted key
_NONCE = bytes(12)  # each key below encrypts one text


@dataclass(frozen=True, slots=True)
class SealKey:
    """An X25519 key pair that texts are sealed to. Apart from the signing key: one stolen key must not give both."""

    public: bytes
    seed: bytes = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> SealKey:
        """The key pair of a 32-byte seed; LocalError for another length."""
        if len(seed) != KEY:
            raise LocalError(f"a seal key's seed has {len(seed)} bytes, not {KEY}")
        return cls(crypto_scalarmult_base(seed), seed)


class Sealed(NamedTuple):
    """A sealed text as it travels: 32 bytes of commitment; 4, 8 or 16 boxes of BOX bytes; the ciphertext."""

    commitment: bytes
    boxes: tuple[bytes, ...]
    ciphertext: bytes


def seal(content: bytes, place: bytes, recipients: Sequence[bytes], randomness: bytes) -> Sealed:
    """Seal ``content`` to the seal keys ``recipients``, 1 to limits.AUDIENCE of them, for ``place`` alone.

    :param place: what binds the text to where it stands: the canonical bytes of tag, author, run, seq and the like.
    :param randomness: 64 random bytes, used for this text.
    :raises LocalError: for other counts or lengths, and for a key that ``check_seal_key`` refuses.
    """
    if len(randomness) != RANDOMNESS:
        raise LocalError(f"{len(randomness)} bytes of randomness, not {RANDOMNESS}")
    readers = list(dict.fromkeys(recipients))  # a member who claims another's key must not stop the sealing
    if not 0 < len(readers) <= AUDIENCE:
        raise LocalError(f"a text is sealed to 1 to {AUDIENCE} keys, not {len(readers)}")
    key = digest(b"dwnet-seal-key", randomness, digest(b"dwnet-seal-place", place), content)
    padded = content + b"\x80" + bytes(-(len(content) + 1) % PADDING)
    ciphertext = crypto_aead_chacha20poly1305_ietf_encrypt(padded, place, _NONCE, key)
    secret = digest(b"dwnet-seal-box", randomness, key)
    count = next(count for count in BOX_COUNTS if count >= len(readers))
    boxes = [_box(key, _ephemeral(secret, number), public) for number, public in enumerate(readers)]
    boxes += [_filler(_ephemeral(secret, number)) for number in range(len(readers), count)]
    return Sealed(_commitment(key), tuple(sorted(boxes)), ciphertext)  # sorted: their order says nothing


def unseal(sealed: Sealed, place: bytes, key: SealKey) -> tuple[bytes, bytes] | None:
    """The content and the key it was sealed under, which opens it for others too; None when no box is for us.

    :raises RemoteError: MALFORMED, as ``check_sealed``; BAD_SIGNATURE when a box is ours but what it opens is not what
        was committed to, or stood elsewhere.
    """
    check_sealed(sealed)
    for box in sealed.boxes:
        opened = _open_box(box, key)
        if opened is not None:
            return unseal_with(sealed, place, opened), opened
    return None


def unseal_with(sealed: Sealed, place: bytes, key: bytes) -> bytes:
    """The content, by the key it was sealed under; RemoteError as ``unseal``."""
    check_sealed(sealed)
    if len(key) != KEY:
        raise RemoteError(Code.MALFORMED, f"the key of a sealed text has {len(key)} bytes, not {KEY}")
    if _commitment(key) != sealed.commitment:
        raise RemoteError(Code.BAD_SIGNATURE, "a key that the sealed text did not commit to")
    try:
        padded = crypto_aead_chacha20poly1305_ietf_decrypt(sealed.ciphertext, place, _NONCE, key)
    except CryptoError as error:
        raise RemoteError(Code.BAD_SIGNATURE, "a sealed text that was changed or stood elsewhere") from error
    content = padded.rstrip(b"\0")
    if not content.endswith(b"\x80") or len(padded) - len(content) >= PADDING:
        raise RemoteError(Code.MALFORMED, "a sealed text with wrong padding")
    return content[:-1]


def check_sealed(sealed: Sealed) -> None:
    """RemoteError(MALFORMED) unless every length is one that ``seal`` makes. Needs no key: whoever relays can check."""
    if len(sealed.commitment) != KEY:
        raise RemoteError(Code.MALFORMED, f"the commitment has {len(sealed.commitment)} bytes, not {KEY}")
    if len(sealed.boxes) not in BOX_COUNTS or any(len(box) != BOX for box in sealed.boxes):
        raise RemoteError(Code.MALFORMED, f"the boxes are not 4, 8 or {AUDIENCE} of {BOX} bytes each")
    padded = len(sealed.ciphertext) - TAG
    if padded <= 0 or padded % PADDING or padded > BODY:
        raise RemoteError(Code.MALFORMED, f"a sealed text of {len(sealed.ciphertext)} bytes")


def check_seal_key(public: bytes) -> None:
    """RemoteError(MALFORMED) unless texts can be sealed to ``public``.

    Checked when a member claims its seat: a key of small order would make sealing fail for everybody it is listed with.
    """
    if len(public) != KEY:
        raise RemoteError(Code.MALFORMED, f"the seal key has {len(public)} bytes, not {KEY}")
    try:
        crypto_scalarmult(b"\x01" * KEY, public)
    except CryptoError as error:
        raise RemoteError(Code.MALFORMED, "the seal key is of small order") from error


def encrypt_blob(data: bytes, key: bytes) -> bytes:
    """``data`` encrypted, 16 bytes longer. ``key``: 32 random bytes drawn for this blob and never used again."""
    if len(key) != KEY:
        raise LocalError(f"a blob's key has {len(key)} bytes, not {KEY}")
    return crypto_aead_chacha20poly1305_ietf_encrypt(data, b"dwnet-blob", _NONCE, key)


def decrypt_blob(data: bytes, key: bytes) -> bytes:
    """What ``encrypt_blob`` was given; RemoteError when key or bytes are wrong."""
    if len(key) != KEY or len(data) < TAG:
        raise RemoteError(Code.MALFORMED, "a private blob or its key of wrong length")
    try:
        return crypto_aead_chacha20poly1305_ietf_decrypt(data, b"dwnet-blob", _NONCE, key)
    except CryptoError as error:
        raise RemoteError(Code.BAD_SIGNATURE, "a private blob that its key does not open") from error


def _commitment(key: bytes) -> bytes:
    return digest(b"dwnet-commit", key)


def _ephemeral(secret: bytes, number: int) -> bytes:
    return digest(b"dwnet-ephemeral", secret, bytes((number,)))


def _box(key: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    try:
        check_seal_key(recipient)
    except RemoteError as error:  # a member's key that was let through when it claimed its seat
        raise LocalError(f"cannot be sealed to: {error}") from error
    public = crypto_scalarmult_base(ephemeral)
    box_key = _box_key(crypto_scalarmult(ephemeral, recipient), public, recipient)
    return public + crypto_aead_chacha20poly1305_ietf_encrypt(key, b"", _NONCE, box_key)


def _filler(ephemeral: bytes) -> bytes:
    """A box for nobody. Its first half is a real public key: 32 random bytes would differ in their highest bit."""
    return crypto_scalarmult_base(ephemeral) + digest(b"dwnet-filler", ephemeral, size=KEY + TAG)


def _open_box(box: bytes, key: SealKey) -> bytes | None:
    public, encrypted = box[:KEY], box[KEY:]
    try:
        box_key = _box_key(crypto_scalarmult(key.seed, public), public, key.public)
        return crypto_aead_chacha20poly1305_ietf_decrypt(encrypted, b"", _NONCE, box_key)
    except CryptoError:  # also a public key of small order; such a box is for nobody
        return None


def _box_key(shared: bytes, ephemeral_public: bytes, recipient: bytes) -> bytes:
    return digest(b"dwnet-box", shared, ephemeral_public, recipient)
