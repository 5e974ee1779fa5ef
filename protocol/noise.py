"""Noise_XX_25519_ChaChaPoly_SHA256, the handshake libp2p uses, on libsodium's primitives.

The Noise Protocol Framework, revision 34 (noiseprotocol.org); the names here are the specification's.

Rules of this file, each with a test:
- Lengths are checked before any key is used: libsodium's binding reads 32 bytes of whatever it is given.
- Whatever goes wrong while reading is a RemoteError, and the state is dead afterwards.
- A state is used once, message by message; a message out of turn is a LocalError.
- Private keys come in from outside; nothing here draws randomness. An ephemeral key must never be used twice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import NOISE_MESSAGE

NAME = b"Noise_XX_25519_ChaChaPoly_SHA256"  # 32 bytes: the first handshake hash as it stands
PATTERN = (("e",), ("e", "ee", "s", "es"), ("s", "se"))  # the dialer sends the first and the last
KEY = 32  # bytes of every key and hash here
TAG = 16  # bytes an encryption adds


class Cipher:
    """One direction of a channel: a key and a counter. Without a key, as a handshake begins, text stays clear."""

    __slots__ = ("_counter", "_key")

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._counter = 0

    def encrypt(self, associated: bytes, plaintext: bytes) -> bytes:
        """The ciphertext, 16 bytes longer; LocalError beyond what a Noise message holds."""
        if self._key is None:
            return plaintext
        if len(plaintext) > NOISE_MESSAGE - TAG:
            raise LocalError(f"{len(plaintext)} bytes; a Noise message holds {NOISE_MESSAGE - TAG}")
        return crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, associated, self._nonce(), self._key)

    def decrypt(self, associated: bytes, ciphertext: bytes) -> bytes:
        """The plaintext; RemoteError when it was not written by the other side, next in order, with this data."""
        if self._key is None:
            return ciphertext
        if not TAG <= len(ciphertext) <= NOISE_MESSAGE:
            raise RemoteError(Code.MALFORMED, f"a Noise message of {len(ciphertext)} bytes")
        try:
            return crypto_aead_chacha20poly1305_ietf_decrypt(ciphertext, associated, self._nonce(), self._key)
        except CryptoError as error:
            raise RemoteError(Code.BAD_SIGNATURE, "a Noise message that does not decrypt") from error

    def _nonce(self) -> bytes:
        nonce = bytes(4) + self._counter.to_bytes(8, "little")
        self._counter += 1
        return nonce


class Handshake:
    """One side of one handshake. ``static`` and ``ephemeral`` are 32 random bytes each, the private keys."""

    def __init__(self, *, dials: bool, prologue: bytes, static: bytes, ephemeral: bytes) -> None:
        if len(static) != KEY or len(ephemeral) != KEY:
            raise LocalError("a private key is not 32 bytes long")
        self.hash = NAME
        self.static_public = crypto_scalarmult_base(static)
        self.ephemeral_public = crypto_scalarmult_base(ephemeral)
        self.remote_ephemeral = b""
        self.remote_static = b""
        self._dials = dials
        self._static = static
        self._ephemeral = ephemeral
        self._chaining_key = NAME
        self._cipher = Cipher()
        self._step: int | None = 0
        self._mix_hash(prologue)

    def write(self, payload: Callable[[bytes], bytes]) -> bytes:
        """The next message of ours. ``payload`` is given the handshake hash that its result will be bound to."""
        tokens, step = self._take_turn(writing=True)
        message = b""
        for token in tokens:
            if token == "e":
                self._mix_hash(self.ephemeral_public)
                message += self.ephemeral_public
            elif token == "s":
                message += self._seal(self.static_public)
            else:
                self._mix_key(self._agree(token))
        message += self._seal(payload(self.hash))
        self._step = step + 1
        return message

    def read(self, message: bytes) -> tuple[bytes, bytes]:
        """The payload of the other side's next message, and the handshake hash it is bound to."""
        tokens, step = self._take_turn(writing=False)
        if len(message) > NOISE_MESSAGE:
            raise RemoteError(Code.MALFORMED, f"a Noise message of {len(message)} bytes")
        for token in tokens:
            if token == "e":
                self.remote_ephemeral, message = _cut(message, KEY)
                self._mix_hash(self.remote_ephemeral)
            elif token == "s":
                sealed, message = _cut(message, KEY + TAG)
                self.remote_static = self._open(sealed)
            else:
                self._mix_key(self._agree(token))
        bound_to = self.hash
        payload = self._open(message)
        self._step = step + 1
        return payload, bound_to

    def split(self) -> tuple[Cipher, Cipher]:
        """The ciphers to send and to receive with, in this order for either role; ends the handshake."""
        if self._step != len(PATTERN):
            raise LocalError("the handshake is not finished")
        self._step = None
        first, second = _derive(self._chaining_key, b"")
        return (Cipher(first), Cipher(second)) if self._dials else (Cipher(second), Cipher(first))

    def _take_turn(self, *, writing: bool) -> tuple[tuple[str, ...], int]:
        step = self._step
        if step is None or step >= len(PATTERN) or (step % 2 == 0) != (self._dials == writing):
            raise LocalError("a handshake message out of turn")
        self._step = None  # set again when the message is through: whatever fails in between leaves a dead state
        return PATTERN[step], step

    def _agree(self, token: str) -> bytes:
        """The Diffie-Hellman of a token: its first letter is the dialer's key, its second the answerer's."""
        ours, theirs = (token[0], token[1]) if self._dials else (token[1], token[0])
        private = self._ephemeral if ours == "e" else self._static
        public = self.remote_ephemeral if theirs == "e" else self.remote_static
        try:
            return crypto_scalarmult(private, public)
        except CryptoError as error:  # libsodium refuses keys that make the outcome zero, whatever ours is
            raise RemoteError(Code.MALFORMED, "a public key of small order") from error

    def _seal(self, plaintext: bytes) -> bytes:
        sealed = self._cipher.encrypt(self.hash, plaintext)
        self._mix_hash(sealed)
        return sealed

    def _open(self, sealed: bytes) -> bytes:
        plaintext = self._cipher.decrypt(self.hash, sealed)
        self._mix_hash(sealed)
        return plaintext

    def _mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def _mix_key(self, material: bytes) -> None:
        self._chaining_key, key = _derive(self._chaining_key, material)
        self._cipher = Cipher(key)


def _derive(chaining_key: bytes, material: bytes) -> tuple[bytes, bytes]:
    """HKDF of the Noise specification, section 4.3, with two outputs."""
    secret = hmac.digest(chaining_key, material, "sha256")
    first = hmac.digest(secret, b"\x01", "sha256")
    return first, hmac.digest(secret, first + b"\x02", "sha256")


def _cut(message: bytes, length: int) -> tuple[bytes, bytes]:
    if len(message) < length:
        raise RemoteError(Code.MALFORMED, "a handshake message cut short")
    return message[:length], message[length:]
