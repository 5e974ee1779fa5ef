"""The code that lets somebody in, and the claim made with it (docs/protocol.md, rules I1 to I9).

A code holds the story's tag, the secret of a key pair used once, when it ends, and where to call. It is bech32m: no
letters that look alike, and a checksum that finds slips. Every invite has one spelling; what people and mail programs
put in between is ignored. Whether an invite is still good is for the narrator to say, by the narrator's clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protocol.addresses import pack_address, packed_size, read_address
from protocol.bech32m import ALPHABET, CHECKSUM, checksum, error_in, from_symbols, symbol_count, to_symbols, wrong_place
from protocol.encoding import Value, encode, take_bytes, take_list
from protocol.errors import Code, LocalError, ProtocolError, RemoteError
from protocol.identity import CLAIM, KEY, SIGNATURE, SigningKey, digest, verify
from protocol.limits import ADDRESSES, INVITE_CODE
from protocol.sealing import check_seal_key

PREFIX = "dw"
START = PREFIX + "1"  # bech32m: the last 1 parts prefix and symbols
VERSION = 1
TAG = SECRET = 16  # bytes
EPOCH = 1_704_067_200  # 2024-01-01T00:00Z; expiry is counted in hours from here, in 24 bits (until 3937)
HOUR = 3600
_HEAD = 1 + TAG + SECRET + 3  # bytes before the addresses
_BETWEEN = re.compile(r"[\W_]+")  # spaces, line breaks, hyphens, quotes, a mail's ">"


class InviteError(ProtocolError):
    """The text given as an invite code cannot be used. The message says why, for the person who typed it."""


class NotAnInvite(InviteError):
    """The text is no code, or none that this program makes."""


class MistypedInvite(InviteError):
    """The checksum does not fit. ``place`` is the one wrong character, counted from 1 in the code without spaces and
    hyphens, ``near`` what stands around it; None and "" when more than one is wrong.
    """

    def __init__(self, text: str, place: int | None = None, near: str = "") -> None:
        super().__init__(text)
        self.place = place
        self.near = near


class CutInvite(InviteError):
    """The code ends too early. ``missing`` is how many characters it lacks, at least."""

    def __init__(self, missing: int) -> None:
        amount = "one character is" if missing == 1 else f"at least {missing} characters are"
        super().__init__(f"the code is cut short: {amount} missing")
        self.missing = missing


class NewerInvite(InviteError):
    """The code was made by a newer version of this program."""

    def __init__(self) -> None:
        super().__init__("the code was made by a newer version of this program")


@dataclass(frozen=True, slots=True)
class Invite:
    """A seat on offer. ``tag`` and ``secret``: 16 bytes each. ``expires``: Unix seconds, rounded up to a whole hour in
    the code. ``addresses``: up to limits.ADDRESSES texts as ``protocol.addresses`` reads them.
    """

    tag: bytes
    secret: bytes = field(repr=False)
    expires: int
    addresses: tuple[str, ...]


def format_invite(invite: Invite) -> str:
    """The code, ``dw1...`` in lower case; LocalError for a field out of bounds or a code above limits.INVITE_CODE."""
    hours = -(-(invite.expires - EPOCH) // HOUR)
    if len(invite.tag) != TAG or len(invite.secret) != SECRET:
        raise LocalError("an invite's tag and secret have 16 bytes each")
    if not 0 <= hours < 1 << 24 or len(invite.addresses) > ADDRESSES:
        raise LocalError("an invite's end or number of addresses is out of bounds")
    head = bytes((VERSION << 4 | len(invite.addresses),)) + invite.tag + invite.secret + hours.to_bytes(3, "big")
    symbols = to_symbols(head + b"".join(map(pack_address, invite.addresses)))
    code = START + "".join(ALPHABET[symbol] for symbol in symbols + checksum(PREFIX, symbols))
    if len(code) > INVITE_CODE:
        raise LocalError(f"an invite code of {len(code)} characters; {INVITE_CODE} are allowed")
    return code


def parse_invite(text: str) -> Invite:
    """The invite that ``text`` spells, in any case, with anything but letters and digits in between.

    :raises InviteError: one of its subclasses.
    """
    code = _BETWEEN.sub("", text).lower()
    if not code.startswith(START):
        raise NotAnInvite(f"this is not an invite code: those begin with {START}")
    if len(code) > INVITE_CODE:
        raise NotAnInvite(f"this is not an invite code: those have at most {INVITE_CODE} characters, this {len(code)}")
    symbols = []
    for place, letter in enumerate(code[len(START) :], len(START) + 1):
        symbol = ALPHABET.find(letter)
        if symbol < 0:
            raise _mistyped(code, place)
        symbols.append(symbol)
    _check_whole(code, symbols)
    return _read(code, symbols[:-CHECKSUM])


def invite_key(secret: bytes) -> SigningKey:
    """The key pair of an invite, from the secret in its code. The story's log names its public half."""
    return SigningKey.from_seed(digest(b"dwnet-invite", secret))


def _check_whole(code: str, symbols: list[int]) -> None:
    error = error_in(PREFIX, symbols)
    if not error:
        return
    place = wrong_place(error, len(symbols))
    if place is not None:
        raise _mistyped(code, len(START) + 1 + place)
    payload, _ = from_symbols(symbols)
    wanted = symbol_count(_size(payload)) + CHECKSUM
    if len(symbols) < wanted:
        raise CutInvite(wanted - len(symbols))
    if not error_in(PREFIX, symbols[:wanted]):
        after = code[len(START) + wanted :][:8]
        raise MistypedInvite(f"something stands behind the end of the code, from {after!r} on")
    raise MistypedInvite("the code is mistyped: more than one character is wrong")


def _mistyped(code: str, place: int) -> MistypedInvite:
    near = code[max(place - 4, 0) : place + 3]
    return MistypedInvite(f"the code is mistyped: character {place}, in {near!r}, is wrong", place, near)


def _size(payload: bytes) -> int:
    """Bytes that a payload says it has, as far as it can be read: at least this many."""
    size = _HEAD
    for _ in range(payload[0] & 15 if payload else 0):
        size += packed_size(payload[size : size + 2])
    return size


def _read(code: str, symbols: list[int]) -> Invite:
    payload, spare = from_symbols(symbols)
    if payload and payload[0] >> 4 > VERSION:
        raise NewerInvite
    try:
        invite = _read_payload(payload)
        if spare == 0 and format_invite(invite) == code:
            return invite
    except ProtocolError as error:
        raise NotAnInvite(f"this is not an invite code of this program: {error}") from error
    raise NotAnInvite("this is not an invite code of this program: it is spelled in another way")


def _read_payload(payload: bytes) -> Invite:
    if len(payload) < _HEAD:
        raise RemoteError(Code.MALFORMED, "it is too short")
    addresses, rest = [], payload[_HEAD:]
    for _ in range(payload[0] & 15):
        address, rest = read_address(rest)
        addresses.append(address)
    expires = EPOCH + HOUR * int.from_bytes(payload[_HEAD - 3 : _HEAD], "big")
    return Invite(payload[1 : 1 + TAG], payload[1 + TAG : _HEAD - 3], expires, tuple(addresses))


# --- the claim ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """A joiner's request for the seat of an invite. Holds no secret and may pass through anybody.

    Signed by the invite's key, so only who has the code can make one, and by the member key it names, so nobody can
    claim with a key that is not theirs. Neither signature holds for another story, invite, member or seal key.
    """

    tag: bytes
    invite_public: bytes
    member_public: bytes
    seal_public: bytes
    signature_invite: bytes
    signature_member: bytes

    def to_value(self) -> list[Value]:
        """The claim as an array, the fields in the order above."""
        return [*_named(self), self.signature_invite, self.signature_member]


def make_claim(tag: bytes, invite: SigningKey, member: SigningKey, seal_public: bytes) -> Claim:
    """Claim the seat of ``invite`` (``invite_key`` of the code's secret) for ``member`` and its seal key."""
    if len(tag) != TAG or len(seal_public) != KEY:
        raise LocalError("a claim's tag has 16 bytes, its seal key 32")
    unsigned = Claim(tag, invite.public, member.public, seal_public, b"", b"")
    message = encode(_named(unsigned))
    return Claim(*_named(unsigned), invite.sign(CLAIM, message), member.sign(CLAIM, message))


def claim_from_value(value: Value) -> Claim:
    """The claim in a received array; RemoteError(MALFORMED) names the field. Nothing is verified."""
    tag, invite, member, seal, by_invite, by_member = take_list(value, "claim", 6)
    return Claim(
        take_bytes(tag, "claim tag", TAG),
        take_bytes(invite, "claim invite key", KEY),
        take_bytes(member, "claim member key", KEY),
        take_bytes(seal, "claim seal key", KEY),
        take_bytes(by_invite, "claim signature by the invite", SIGNATURE),
        take_bytes(by_member, "claim signature by the member", SIGNATURE),
    )


def verify_claim(claim: Claim) -> None:
    """RemoteError unless both keys signed exactly this claim, they differ, and texts can be sealed to its seal key."""
    if claim.invite_public == claim.member_public:
        raise RemoteError(Code.MALFORMED, "a claim whose member key is the invite's: the narrator knows that secret")
    check_seal_key(claim.seal_public)
    message = encode(_named(claim))
    if not verify(claim.invite_public, CLAIM, message, claim.signature_invite):
        raise RemoteError(Code.BAD_SIGNATURE, "a claim that its invite did not sign")
    if not verify(claim.member_public, CLAIM, message, claim.signature_member):
        raise RemoteError(Code.BAD_SIGNATURE, "a claim that its member did not sign")


def _named(claim: Claim) -> tuple[bytes, bytes, bytes, bytes]:
    return claim.tag, claim.invite_public, claim.member_public, claim.seal_public
