"""One link's life: hello -> proof -> open -> closed. Bytes in, bytes and messages out; no socket, clock or randomness.

Rules of this file (docs/protocol.md, "Channel" and "Frames"):
- What may come next is in TABLE and nowhere else. What is not in it ends the session.
- Any error while reading ends the session: the caller closes the socket. Before the session is open it does so without
  a word, so that a stranger who guesses learns nothing.
- Whoever proved a key here holds it now; whether that key has a seat in the story is for others to say.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from protocol.encoding import Value, decode, encode, join, take_int, take_list
from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import FRAME, HANDSHAKE, KEY, SIGNATURE, SigningKey, digest, verify
from protocol.limits import ARRAY, FRAME_MESSAGES
from protocol.limits import FRAME as FRAME_BYTES
from protocol.noise import TAG, Cipher, Handshake

PROLOGUE = b"dwnet/channel/1\0"  # and the story's tag: both ends must mean the same protocol and the same story
GATE_PERSON = b"dwnet-gate"
SESSION_PERSON = b"dwnet-session"
HELLO_BYTES = KEY + 32  # ephemeral key, gate
ANSWER_BYTES = KEY + (KEY + TAG) + (KEY + SIGNATURE + TAG)  # ephemeral key, static key, member key and signature
PROOF_BYTES = (KEY + TAG) + (KEY + SIGNATURE + TAG)
FRAME_ROOM = FRAME_BYTES - SIGNATURE - 1 - 9 - 3  # bytes of messages in a frame: less its array, counter, inner array


class Role(Enum):
    """Who opened the link. The byte stands in every signature made on it, so that none can be sent back."""

    DIALER = b"\x00"
    ANSWERER = b"\x01"

    @property
    def other(self) -> Role:
        return Role.ANSWERER if self is Role.DIALER else Role.DIALER


class State(Enum):
    """Named for what is said next."""

    HELLO = "hello"
    PROOF = "proof"
    OPEN = "open"
    CLOSED = "closed"


class Received(NamedTuple):
    """What came of one websocket message: what to send, what was said, and whether the session has just opened."""

    replies: tuple[bytes, ...] = ()
    messages: tuple[list[Value], ...] = ()
    opened: bool = False


class Session:
    """One side of one link, used once. Made by ``dial`` or ``answer``.

    ``remote`` is the member key the other side has proven, None until then. ``session_id`` is 32 bytes, the same on
    both sides and on no other link, empty until the session is open.
    """

    def __init__(
        self, role: Role, tag: bytes, member: SigningKey, handshake: Handshake, expected: bytes | None
    ) -> None:
        self.role = role
        self.state = State.HELLO
        self.remote: bytes | None = None
        self.session_id = b""
        self._tag = tag
        self._member = member
        self._handshake = handshake
        self._expected = expected
        self._ciphers: tuple[Cipher, Cipher] | None = None  # to send with, to receive with
        self._sent = self._taken = 0

    @classmethod
    def dial(
        cls, tag: bytes, member: SigningKey, static_seed: bytes, ephemeral_seed: bytes, expected: bytes | None = None
    ) -> Session:
        """Our side of a link we open.

        :param tag: the story's 16 bytes.
        :param static_seed: 32 random bytes, fresh for this process; :param ephemeral_seed: fresh for this link.
        :param expected: the member key we mean to reach; None takes any, as a joiner must.
        """
        return cls(Role.DIALER, tag, member, _handshake(True, tag, static_seed, ephemeral_seed), expected)

    @classmethod
    def answer(cls, tag: bytes, member: SigningKey, static_seed: bytes, ephemeral_seed: bytes) -> Session:
        """Our side of a link somebody opens to us; the arguments as for ``dial``."""
        return cls(Role.ANSWERER, tag, member, _handshake(False, tag, static_seed, ephemeral_seed), None)

    def start(self) -> bytes:
        """The dialer's first message; LocalError for the answerer and a second time."""
        if self.role is not Role.DIALER or self.state is not State.HELLO:
            raise LocalError("only a dialer speaks first, and once")
        self.state = State.PROOF
        return self._handshake.write(lambda _: _gate(self._tag, self._handshake.ephemeral_public))

    def receive(self, data: bytes | str) -> Received:
        """Take one websocket message. RemoteError ends the session; WRONG_STORY, WRONG_PEER and all that comes before
        ``opened`` are answered by closing in silence. LocalError once it is closed.
        """
        if self.state is State.CLOSED:
            raise LocalError("the session is closed")
        take = TABLE.get((self.role, self.state))
        try:
            if take is None:
                raise RemoteError(Code.OUT_OF_TURN, "spoke before we did")
            if isinstance(data, str):
                raise RemoteError(Code.MALFORMED, "a websocket message of text; all of ours are bytes")
            return take(self, data)
        except RemoteError:
            self.close()
            raise

    def pack(self, messages: Sequence[bytes]) -> bytes:
        """The websocket message that carries these messages, each the canonical bytes of an array.

        At most limits.FRAME_MESSAGES of them, together at most FRAME_ROOM bytes; LocalError beyond and unless open.
        """
        if self._ciphers is None:
            raise LocalError(f"nothing can be said on a session that is {self.state.value}")
        if not 0 < len(messages) <= FRAME_MESSAGES:
            raise LocalError(f"{len(messages)} messages in a frame; 1 to {FRAME_MESSAGES} are allowed")
        frame = join((encode(self._sent), join(messages)))
        if len(frame) + SIGNATURE > FRAME_BYTES:
            raise LocalError(f"a frame of {len(frame) + SIGNATURE} bytes; {FRAME_BYTES} are allowed")
        signature = self._member.sign(FRAME, self.session_id + self.role.value + frame)
        self._sent += 1
        return self._ciphers[0].encrypt(b"", frame + signature)

    def close(self) -> None:
        """Nothing more is said or taken. May be called at any time, more than once."""
        self.state = State.CLOSED
        self._ciphers = None

    def _take_hello(self, data: bytes) -> Received:
        _check_length(data, HELLO_BYTES)
        gate, _ = self._handshake.read(data)
        if not hmac.compare_digest(gate, _gate(self._tag, self._handshake.remote_ephemeral)):
            raise RemoteError(Code.WRONG_STORY, "knows another story, or none")
        self.state = State.PROOF
        return Received(replies=(self._handshake.write(lambda bound_to: self._proof(bound_to, b"")),))

    def _take_answer(self, data: bytes) -> Received:
        _check_length(data, ANSWER_BYTES)
        payload, bound_to = self._handshake.read(data)
        remote = self._check_proof(payload, bound_to, b"")
        proof = self._handshake.write(lambda bound_to: self._proof(bound_to, remote))
        self._open(remote)
        return Received(replies=(proof,), opened=True)

    def _take_proof(self, data: bytes) -> Received:
        _check_length(data, PROOF_BYTES)
        payload, bound_to = self._handshake.read(data)
        self._open(self._check_proof(payload, bound_to, self._member.public))
        return Received(opened=True)

    def _take_frame(self, data: bytes) -> Received:
        assert self.remote is not None and self._ciphers is not None
        plaintext = self._ciphers[1].decrypt(b"", data)
        frame, signature = plaintext[:-SIGNATURE], plaintext[-SIGNATURE:]
        if not verify(self.remote, FRAME, self.session_id + self.role.other.value + frame, signature):
            raise RemoteError(Code.BAD_SIGNATURE, "a frame its sender did not sign")
        counter, messages = take_list(decode(frame, FRAME_BYTES - SIGNATURE), "frame", 2)
        if take_int(counter, "frame counter") != self._taken:
            raise RemoteError(Code.OUT_OF_TURN, f"frame {counter!r} where {self._taken} was next")
        self._taken += 1
        listed = take_list(messages, "messages", 1, FRAME_MESSAGES)
        return Received(messages=tuple(take_list(message, "message", 1, ARRAY) for message in listed))

    def _proof(self, bound_to: bytes, answerer: bytes) -> bytes:
        """Our member key and its signature over the handshake so far; a dialer names whom it believes to speak with."""
        public = self._member.public
        return public + self._member.sign(HANDSHAKE, self.role.value + bound_to + public + answerer)

    def _check_proof(self, payload: bytes, bound_to: bytes, answerer: bytes) -> bytes:
        public, signature = payload[:KEY], payload[KEY:]
        if self._expected is not None and public != self._expected:
            raise RemoteError(Code.WRONG_PEER, "another member answered than the one we called")
        if not verify(public, HANDSHAKE, self.role.other.value + bound_to + public + answerer, signature):
            raise RemoteError(Code.BAD_SIGNATURE, "a member key its sender did not prove")
        if public == self._member.public:
            if self._handshake.remote_static == self._handshake.static_public:
                raise RemoteError(Code.WRONG_PEER, "we have called ourselves")
            raise RemoteError(Code.SECOND_COPY, "another running copy of us holds the same member key")
        return public

    def _open(self, remote: bytes) -> None:
        self.remote = remote
        self.session_id = digest(SESSION_PERSON, self._handshake.hash)
        self._ciphers = self._handshake.split()
        self.state = State.OPEN


TABLE: dict[tuple[Role, State], Callable[[Session, bytes], Received]] = {
    (Role.ANSWERER, State.HELLO): Session._take_hello,
    (Role.DIALER, State.PROOF): Session._take_answer,
    (Role.ANSWERER, State.PROOF): Session._take_proof,
    (Role.DIALER, State.OPEN): Session._take_frame,
    (Role.ANSWERER, State.OPEN): Session._take_frame,
}


def _handshake(dials: bool, tag: bytes, static_seed: bytes, ephemeral_seed: bytes) -> Handshake:
    if len(tag) != 16:
        raise LocalError(f"a story's tag has 16 bytes, not {len(tag)}")
    return Handshake(dials=dials, prologue=PROLOGUE + tag, static=static_seed, ephemeral=ephemeral_seed)


def _gate(tag: bytes, ephemeral_public: bytes) -> bytes:
    """Shows that the dialer knows the story, before the answerer spends more than a hash on it."""
    return hashlib.blake2b(ephemeral_public, digest_size=32, key=tag, person=GATE_PERSON).digest()


def _check_length(data: bytes, length: int) -> None:
    if len(data) != length:
        raise RemoteError(Code.MALFORMED, f"a handshake message of {len(data)} bytes, not {length}")
