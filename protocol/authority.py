"""Who may write what: a fold over all of the narrator's entries, canon or not.

Rules of this file:
- A grant the narrator signed holds wherever it stands, also on a tail that a restored backup left, until it is revoked.
- A revoked key never counts again; its entries up to the stated places stay good, and what was accepted stays accepted.
- Which of two grants of one seat is the present one, and which of two names is the story's: the later by the narrator's
  clock, then the greater id.
- A key that was granted or invited twice, as after a restored backup, counts as it was first; revoked twice, only what
  both leave it.
- An unknown author is nobody's fault: his grant may be on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from protocol import limits
from protocol.body import read_body
from protocol.entry import Entry
from protocol.errors import Code, RemoteError
from protocol.kinds import (
    KINDS,
    NARRATOR,
    NARRATOR_NAME,
    Cast,
    Genesis,
    Granted,
    Invited,
    Renamed,
    Revoked,
    Withdrawn,
)

# No other body is taken apart here.
RIGHTS = frozenset(one.kind for one in (Genesis, Renamed, Invited, Withdrawn, Granted, Revoked, Cast))


class Right(Enum):
    """What may be done with an entry of this author's."""

    GOOD = "good"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    NOT_HIS = "not his"


@dataclass(frozen=True)
class Member:
    """A granted key. ``entry`` is the grant's id, ``at`` its time in ms."""

    key: bytes
    seal_key: bytes
    seat: int
    role: str
    invite: bytes
    entry: bytes
    at: int


@dataclass(frozen=True)
class Invitation:
    """An invite as the log knows it; ``expires`` in ms since 1970, ``entry`` issued it at ``at``."""

    invite: bytes
    seat: int
    role: str
    expires: int
    entry: bytes
    at: int


class Authority:
    """Members, invites and seats of one story. Feed it every entry of the narrator's with :meth:`add`."""

    def __init__(self) -> None:
        self.narrator = b""
        self.narrator_seal_key = b""
        self.name = ""
        self.members: dict[bytes, Member] = {}
        self.revoked: dict[bytes, dict[bytes, int]] = {}
        self.invites: dict[bytes, Invitation] = {}
        self.withdrawn: set[bytes] = set()
        self.burned: dict[bytes, bytes] = {}
        self.names: dict[int, str] = {NARRATOR: NARRATOR_NAME}
        self.readers: set[bytes] = set()  # keys that have, or had, a reader's seat
        self.moved = 0  # how often a second grant showed that a key had another seat from the first
        self._cast_at: dict[int, tuple[int, bytes]] = {}
        self._named_at = (-1, 0, b"")

    def add(self, entry: Entry) -> None:
        """Fold in one entry of the narrator's. What does not read is ignored, as everywhere in the fold. The order in
        which entries come does not matter.
        """
        if entry.kind not in RIGHTS:
            return
        try:
            opening = read_body(entry)
        except RemoteError:
            return
        match opening.body if opening else None:
            case Genesis(name=name, seal_key=seal_key):
                self.narrator, self.narrator_seal_key = entry.author, seal_key
                self._call(name, 0, entry)
                self.members[entry.author] = Member(
                    entry.author, seal_key, NARRATOR, "narrator", b"", entry.id, entry.at
                )
            case Renamed(name=name) if name:
                self._call(name, 1, entry)
            case Invited(invite=invite, seat=seat, role=role, expires=expires):
                known = self.invites.get(invite)
                if known is None or (entry.at, entry.id) < (known.at, known.entry):
                    self.invites[invite] = Invitation(invite, seat, role, expires, entry.id, entry.at)
            case Withdrawn(invite=invite):
                self.withdrawn.add(invite)
            case Granted() as grant if grant.seat != NARRATOR:
                self._grant(entry, grant)
            case Revoked(member=member, until=until) if member != self.narrator:
                kept = self.revoked.get(member, dict(until))
                self.revoked[member] = {run: min(seq, kept[run]) for run, seq in until if run in kept}
            case Cast(seat=seat, name=name) if self._cast_at.get(seat, (-1, b"")) < (entry.at, entry.id):
                self._cast_at[seat] = (entry.at, entry.id)
                self.names[seat] = name
            case _:
                return

    def _call(self, name: str, renamed: int, entry: Entry) -> None:
        if self._named_at < (renamed, entry.at, entry.id):
            self.name, self._named_at = name, (renamed, entry.at, entry.id)

    def _grant(self, entry: Entry, grant: Granted) -> None:
        self.burned.setdefault(grant.invite, grant.member)
        known = self.members.get(grant.member)
        if known is None and len(self.members) >= limits.AUTHORS:
            return
        if known is None or (known.seat != NARRATOR and (entry.at, entry.id) < (known.at, known.entry)):
            self.readers.discard(grant.member)
            self.readers.update({grant.member} if grant.role == "reader" else ())
            self.moved += known is not None and known.seat != grant.seat
            self.members[grant.member] = Member(
                grant.member, grant.seal_key, grant.seat, grant.role, grant.invite, entry.id, entry.at
            )

    def member(self, key: bytes) -> Member | None:
        """The member behind a key that counts now."""
        return None if key in self.revoked else self.members.get(key)

    def occupant(self, seat: int) -> Member | None:
        """Who plays a seat now."""
        sitting = [one for one in self.members.values() if one.seat == seat and one.key not in self.revoked]
        return max(sitting, key=lambda one: (one.at, one.entry), default=None)

    def current(self) -> list[Member]:
        """Everyone who counts now, the narrator first, by seat."""
        return sorted((one for key, one in self.members.items() if key not in self.revoked), key=lambda one: one.seat)

    def name_of(self, key: bytes) -> str:
        """The name of the character a key plays, or played."""
        member = self.members.get(key)
        return self.names.get(member.seat, f"seat {member.seat}") if member else "somebody"

    def judge(self, invite: bytes, member: bytes, now: int, *, behind_since: int | None = None) -> Code | None:
        """The narrator's answer to a valid claim: None means grant it, DONE that it is granted already, else why not.

        ``now`` is the narrator's clock in ms; nobody else judges expiry. ``behind_since``: this copy of the story
        turned out to be old, so an invite issued before then may have been used on a line that is missing here.
        """
        known = self.invites.get(invite)
        if member in self.revoked:
            return Code.REVOKED
        if member in self.members:
            return Code.DONE if self.members[member].invite == invite else Code.INVITE_USED
        if known is None:
            return Code.INVITE_UNKNOWN
        if invite in self.burned:
            return Code.INVITE_USED
        if invite in self.withdrawn:
            return Code.INVITE_REVOKED
        if now > known.expires:
            return Code.INVITE_EXPIRED
        if behind_since is not None and known.at < behind_since:
            return Code.INVITE_NEEDS_NARRATOR
        return None

    def right(self, entry: Entry) -> Right:
        """What may be done with this entry."""
        member = self.members.get(entry.author)
        if member is None:
            return Right.UNKNOWN
        cut = self.revoked.get(entry.author)
        if cut is not None and entry.seq > cut.get(entry.run, -1):
            return Right.REVOKED
        kind = KINDS.get(entry.kind)
        return Right.GOOD if kind is None or member.role in kind.by else Right.NOT_HIS
