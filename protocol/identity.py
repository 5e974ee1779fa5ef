"""Who somebody is: Ed25519 keys, signatures that name their purpose, hashes that name theirs, and readable peer ids.

A signature covers ``purpose + message``. Each purpose ends in NUL and none is the start of another, so that nothing
signed for one purpose can be shown as signed for another (docs/protocol.md, rules K1 to K7). Seeds come in from
outside: nothing here draws randomness.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from protocol.errors import Code, LocalError, RemoteError

ENTRY = b"dwnet/entry/1\0"
FRAME = b"dwnet/frame/1\0"
HANDSHAKE = b"dwnet/hs/1\0"
CLAIM = b"dwnet/claim/1\0"
EPHEMERAL = b"dwnet/ephemeral/1\0"

KEY = 32  # bytes of a seed and of a public key, Ed25519 and X25519
SIGNATURE = 64  # bytes

# libp2p peer ids, specs/peer-ids: identity multihash (0x00), 36 bytes (0x24), of the protobuf {type 1: Ed25519 (0x08
# 0x01), data 2: 32 bytes (0x12 0x20)}.
_PEER_ID_PREFIX = bytes.fromhex("002408011220")
_PEER_ID_CHARACTERS = 52  # of every such id
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key pair: a member of one story, or an invite. Its repr shows no secret."""

    public: bytes
    seed: bytes = field(repr=False)
    _secret: bytes = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key pair of a 32-byte seed; LocalError for another length."""
        if len(seed) != KEY:
            raise LocalError(f"a signing key's seed has {len(seed)} bytes, not {KEY}")
        public, secret = crypto_sign_seed_keypair(seed)
        return cls(public, seed, secret)

    def sign(self, purpose: bytes, message: bytes) -> bytes:
        """64 bytes over ``purpose + message``; ``purpose`` is one of this module's constants."""
        return crypto_sign(purpose + message, self._secret)[:SIGNATURE]


def verify(public: bytes, purpose: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of ``public`` signed ``message`` for ``purpose``. Any input gives an answer, never an error.

    libsodium refuses what Ed25519 leaves open: an S that is not reduced, and public keys of small order.
    """
    if len(signature) != SIGNATURE or len(public) != KEY:  # the binding below reads 32 bytes whatever it is given
        return False
    try:
        crypto_sign_open(signature + purpose + message, public)
    except BadSignatureError:
        return False
    return True


def digest(person: bytes, *parts: bytes, size: int = 32) -> bytes:
    """BLAKE2b of the parts, one after the other, under ``person`` (at most 16 bytes), which names what is hashed.

    Parts are not delimited: all but one must be of a fixed length.
    """
    return hashlib.blake2b(b"".join(parts), digest_size=size, person=person).digest()


def peer_id(public: bytes) -> str:
    """A key the way libp2p shows it, ``12D3Koo...``; LocalError unless 32 bytes."""
    if len(public) != KEY:
        raise LocalError(f"a public key has {len(public)} bytes, not {KEY}")
    number, text = int.from_bytes(_PEER_ID_PREFIX + public, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" + text  # base58 writes each leading zero byte as a 1; the prefix has one


def parse_peer_id(text: str) -> bytes:
    """The public key in a peer id; RemoteError(MALFORMED) unless ``peer_id`` would have written exactly this."""
    number = 0
    if len(text) != _PEER_ID_CHARACTERS:
        raise RemoteError(Code.MALFORMED, f"a peer id has {_PEER_ID_CHARACTERS} characters, this one {len(text)}")
    for character in text:
        digit = _BASE58.find(character)
        if digit < 0:
            raise RemoteError(Code.MALFORMED, f"a peer id has no character {character!r}")
        number = number * 58 + digit
    decoded = number.to_bytes(_PEER_ID_CHARACTERS, "big")[-(len(_PEER_ID_PREFIX) + KEY) :]
    public = decoded[len(_PEER_ID_PREFIX) :]
    if peer_id(public) != text:
        raise RemoteError(Code.MALFORMED, "not the peer id of an Ed25519 key")
    return public
