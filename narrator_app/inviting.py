"""Invites: one-use codes for seats, and what became of each.

Rules of this file:
- A code is known to the process that made it and to nobody else: the log holds the invite's public key alone. After a
  restart an open invite still works, and its code cannot be shown again; a new one can be made.
- A seat has one open invite at most: the newest is the one that counts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from dwnet.errors import NodeError
from dwnet.node import Draft
from dwnet.shipped import words
from dwnet.times import now
from narrator_app.health import Signal
from narrator_app.narrator import Narrator
from protocol import limits
from protocol.authority import Authority, Invitation
from protocol.invite import Invite, format_invite, invite_key
from protocol.kinds import Invited, Withdrawn
from protocol.names import four_words

DAY = 24 * 3600 * 1000
OPEN, USED, WITHDRAWN, EXPIRED = "open", "used", "withdrawn", "expired"


class NoOpenInvite(NodeError):
    """No code is out for {name}.

    Make one with /invite {name}.
    """

    exit_code = 2


@dataclass(frozen=True)
class NewInvite:
    """A code that was just made. ``expires`` in ms since 1970."""

    code: str
    member: str
    role: str
    expires: int


@dataclass(frozen=True)
class InviteState:
    """The newest invite of a seat. ``state``: open, used, withdrawn or expired; ``expires`` in ms since 1970.

    ``code`` is "" unless this process made it.
    """

    invite: bytes
    state: str
    expires: int
    code: str = ""


def invite_of(authority: Authority, seat: int) -> Invitation | None:
    """The newest invite of a seat, whatever became of it."""
    found = [one for one in authority.invites.values() if one.seat == seat]
    return max(found, key=lambda one: _age(authority, one), default=None)


def _age(authority: Authority, one: Invitation) -> tuple[int, bool, bytes]:
    """Of two made in the same millisecond, the one that is still good is the newer."""
    return one.at, one.invite not in authority.withdrawn, one.entry


def state_of(authority: Authority, one: Invitation, at: int) -> str:
    """What became of an invite by ``at``, in ms since 1970."""
    if one.invite in authority.burned:
        return USED
    if one.invite in authority.withdrawn:
        return WITHDRAWN
    return EXPIRED if at > one.expires else OPEN


class Inviting:
    """The codes of one story."""

    def __init__(self, narrator: Narrator) -> None:
        self.narrator = narrator
        self._codes: dict[bytes, str] = {}  # of open invites, by public key

    async def make(self, seat: int, role: str, days: float = limits.INVITE_DAYS) -> NewInvite:
        """A code for a seat; an older one that nobody has used is withdrawn."""
        secret = os.urandom(16)
        public = invite_key(secret).public
        expires = now() + round(days * DAY)
        node, mesh = self.narrator.node, self.narrator.mesh
        code = format_invite(Invite(node.ledger.tag, secret, expires // 1000, tuple(mesh.addresses[:3])))
        await node.write(*self.withdrawing(seat), Draft(Invited(public, seat, role, expires)))
        self._codes[public] = code
        self._forget_spent()
        self.narrator.attendance.observe(seat, Signal.INVITED, "An invite was made.")
        return NewInvite(code, self.narrator.name_of(seat), role, expires)

    async def withdraw(self, seat: int) -> None:
        """The open code of a seat is worth nothing from here on.

        :raises NoOpenInvite:
        """
        drafts = self.withdrawing(seat)
        if not drafts:
            raise NoOpenInvite(name=self.narrator.name_of(seat))
        await self.narrator.node.write(*drafts)
        self._forget_spent()
        self.narrator.happen("withdrawn", member=self.narrator.name_of(seat), seat=seat)

    def withdrawing(self, seat: int) -> list[Draft]:
        """What is to be written so that no code of this seat is good any more."""
        authority = self.narrator.node.ledger.authority
        gone = authority.withdrawn | set(authority.burned)
        waiting = [one.invite for one in authority.invites.values() if one.seat == seat and one.invite not in gone]
        return [Draft(Withdrawn(invite)) for invite in waiting]

    def state(self, seat: int) -> InviteState | None:
        """The newest invite of a seat; None when there never was one."""
        authority = self.narrator.node.ledger.authority
        one = invite_of(authority, seat)
        return self._state(one, now()) if one is not None else None

    def states(self) -> dict[int, InviteState]:
        """The newest invite of every seat that ever had one."""
        authority, at = self.narrator.node.ledger.authority, now()
        newest: dict[int, Invitation] = {}
        for one in authority.invites.values():
            known = newest.get(one.seat)
            if known is None or _age(authority, known) < _age(authority, one):
                newest[one.seat] = one
        return {seat: self._state(one, at) for seat, one in newest.items()}

    def _state(self, one: Invitation, at: int) -> InviteState:
        state = state_of(self.narrator.node.ledger.authority, one, at)
        return InviteState(one.invite, state, one.expires, self._codes.get(one.invite, "") if state == OPEN else "")

    def code(self, invite: bytes) -> str:
        """The code of an invite that this process made and nobody has used; "" for any other."""
        authority = self.narrator.node.ledger.authority
        known = authority.invites.get(invite)
        good = known is not None and state_of(authority, known, now()) == OPEN
        return self._codes.get(invite, "") if good else ""

    def words(self, seat: int) -> str:
        """The four words that whoever plays a seat sees too; "" while nobody does."""
        node = self.narrator.node
        member = node.ledger.authority.occupant(seat)
        return " ".join(four_words(node.ledger.tag, member.key, member.invite, words())) if member else ""

    def _forget_spent(self) -> None:
        self._codes = {invite: code for invite, code in self._codes.items() if self.code(invite)}
