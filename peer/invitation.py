"""Joining by invite: what the code says, what is kept until it is used, and what can be wrong with it.

Rules of this file:
- The code is kept (mode 0600) before the claim is sent, and forgotten when the grant has come. So a join that was
  broken off goes on with a plain ``dwnet peer``.
- Every invite gets a member key of its own, made here; it never leaves this machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from dwnet.errors import NodeError
from dwnet.settings import Settings
from protocol.identity import SigningKey
from protocol.invite import Claim, Invite, InviteError, invite_key, make_claim, parse_invite


class BadInvite(NodeError):
    """This invite code cannot be used: {why}.

    Copy it again from the narrator, whole; it begins with dw1. Spaces and line breaks in it do no harm.
    """


@dataclass(frozen=True)
class Joining:
    """A code that is being used. ``key`` names the member key made for it."""

    invite: Invite

    @property
    def secret_key(self) -> SigningKey:
        return invite_key(self.invite.secret)

    @property
    def key(self) -> str:
        return f"member-{self.secret_key.public.hex()[:12]}"

    def claim(self, member: SigningKey, seal_key: bytes) -> Claim:
        return make_claim(self.invite.tag, self.secret_key, member, seal_key)


def joining(settings: Settings) -> Joining | None:
    """The invite this peer was given, or was given before and has not used up. None: it rejoins.

    :raises BadInvite: naming what is wrong with the code.
    """
    kept = settings.keys / "invite"
    text = settings.invite
    if text is None and kept.exists():
        text = kept.read_text(encoding="ascii")
    if text is None:
        return None
    try:
        return Joining(parse_invite(text))
    except InviteError as error:
        raise BadInvite(why=str(error).rstrip(".")) from error


def keep(settings: Settings, code: str) -> None:
    """Write the code down, durably, before it is used."""
    path = settings.keys / "invite"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(code)
        file.flush()
        os.fsync(file.fileno())


def forget(settings: Settings) -> None:
    """The grant is here: the code is worth nothing any more."""
    (settings.keys / "invite").unlink(missing_ok=True)
