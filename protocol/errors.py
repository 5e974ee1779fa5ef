"""Whose fault it is, is the class. What the other side is told, is the code."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Why a link or a message was refused; travels in BYE and REFUSED messages (docs/protocol.md, "Answers")."""

    DONE = 0
    MALFORMED = 1
    BAD_SIGNATURE = 2
    NOT_GRANTED = 3
    REVOKED = 4
    TOO_LARGE = 5
    TOO_MANY = 6
    OUT_OF_TURN = 7
    WRONG_STORY = 8
    WRONG_PEER = 9
    INVITE_UNKNOWN = 20
    INVITE_USED = 21
    INVITE_EXPIRED = 22
    INVITE_REVOKED = 23
    INVITE_NEEDS_NARRATOR = 24
    DUPLICATE_LINK = 30
    GOING_AWAY = 31
    SECOND_COPY = 32


class ProtocolError(Exception):
    """A rule of docs/protocol.md was broken. Catch this to end one link or refuse one value; the node goes on."""


class LocalError(ProtocolError):
    """Our own side asked for something the protocol does not allow. It is a fault in the calling code: report it."""


class RemoteError(ProtocolError):
    """The other side sent something the protocol does not allow. Answer with ``code`` and close or refuse."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
