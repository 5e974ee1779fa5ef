"""Joining: what becomes of a claim, and what a newcomer to a seat must be told.

Rules of this file:
- The order of the checks, and whether a code is still good, is protocol.authority's to say; only the narrator's clock
  counts.
- A grant is on disk before it is known to anybody. Its answer is the grant itself; there is no other yes.
- A seat that is taken moves: the old key counts up to what we hold of it, in the same transaction as the new grant.
"""

from __future__ import annotations

from dwnet.node import Draft
from dwnet.shipped import words
from dwnet.times import now
from dwnet.voice_sample import sample_of
from narrator_app.health import Signal
from narrator_app.narrator import Narrator
from protocol import minds
from protocol.encoding import encode
from protocol.errors import Code
from protocol.invite import Claim
from protocol.kinds import NARRATOR, Granted, Resealed, Revoked, Sheet
from protocol.names import four_words

KEPT = 32  # adapters and samples of a seat that a newcomer to it is given the keys of, the newest
RESEALED = 256  # older whispers that a newcomer to a seat is given the keys of

REFUSALS: dict[Code, str] = {
    Code.INVITE_UNKNOWN: "This invite is not one of this story's. Ask the narrator for a new one.",
    Code.INVITE_USED: "Somebody else has used this invite already. An invite works once; ask the narrator for another.",
    Code.INVITE_EXPIRED: "This invite has expired. Ask the narrator for a new one.",
    Code.INVITE_REVOKED: "The narrator has withdrawn this invite. Ask for a new one.",
    Code.INVITE_NEEDS_NARRATOR: "The narrator's story went back to an older copy than this invite. Ask for a new one.",
    Code.REVOKED: "The narrator has given this seat to somebody else, or closed it. Ask for a new invite to come back.",
}


class Admission:
    """The narrator's door."""

    def __init__(self, narrator: Narrator) -> None:
        self.narrator = narrator

    async def answer(self, link: int, claim: Claim) -> None:
        authority = self.narrator.node.ledger.authority
        answer = authority.judge(
            claim.invite_public, claim.member_public, now(), behind_since=self.narrator.copies.behind_since
        )
        if answer is Code.DONE:
            return
        if answer is not None:
            self.narrator.node.perform(
                self.narrator.node.gossip.refuse(link, claim.member_public, answer, REFUSALS[answer])
            )
            self.narrator.happen("notice", what=f"Somebody tried to join and was refused: {REFUSALS[answer]}")
            return
        invited = authority.invites[claim.invite_public]
        drafts = [*self._revoking(invited.seat), Draft(_granted(claim, invited.seat, invited.role))]
        drafts += self._told_to(invited.seat)
        await self.narrator.node.write(*drafts)
        four = " ".join(four_words(self.narrator.node.ledger.tag, claim.member_public, claim.invite_public, words()))
        here = link in self.narrator.node.links and self.narrator.node.links[link].remote == claim.member_public
        self.narrator.attendance.observe(invited.seat, Signal.LINKED if here else Signal.GRANTED, "Has joined.")
        self.narrator.happen("joined", member=self.narrator.name_of(invited.seat), role=invited.role, words=four)

    def _revoking(self, seat: int) -> list[Draft]:
        """A seat that is taken moves: the old key counts up to what we hold of it."""
        old = self.narrator.node.ledger.authority.occupant(seat)
        return [Draft(revoking(self.narrator, old.key, "The seat was given to another machine."))] if old else []

    def _told_to(self, seat: int) -> list[Draft]:
        """What a newcomer to a seat must know: its card's private part, the recording its voice is taken from, and the
        keys of the whispers it was part of and of what it has learned.
        """
        drafts = []
        if seat in self.narrator.story.sheets:
            drafts.append(Draft(Sheet(seat, self.narrator.story.sheets[seat]), (), (NARRATOR, seat)))
        sample = sample_of(self.narrator.node.ledger, seat)
        if sample is not None:
            drafts.append(Draft(sample, (), (NARRATOR, seat)))
        first = len(drafts)
        for entry in self.narrator.node.ledger.entries.values():
            if entry.kind not in ("narrate", "line", "edit", "cue"):
                continue
            opening = self.narrator.node.ledger.opening(entry)
            if opening and opening.key and opening.audience is not None and seat in opening.audience:
                drafts.append(Draft(Resealed(opening.key), (entry.id,), (NARRATOR, seat)))
        return drafts[:first] + drafts[first:][-RESEALED:] + self._kept_of(seat)

    def _kept_of(self, seat: int) -> list[Draft]:
        """The keys of what the seat has learned, so that it comes along to another machine."""
        ledger = self.narrator.node.ledger
        drafts = []
        for one in minds.backups(ledger, seat)[-KEPT:]:
            opening = ledger.opening(ledger.entries[one.entry])
            if opening is not None and opening.key:
                drafts.append(Draft(Resealed(opening.key), (one.entry,), (NARRATOR, seat)))
        return drafts


def revoking(narrator: Narrator, member: bytes, why: str) -> Revoked:
    """A member key counts no longer, from what we hold of its feed on."""
    heads = narrator.node.ledger.log.heads(member)[-256:]
    return Revoked(member, tuple((run, head.seq) for run, head in heads), why)


def _granted(claim: Claim, seat: int, role: str) -> Granted:
    return Granted(seat, role, claim.member_public, claim.seal_public, claim.invite_public, encode(claim.to_value()))
