"""Who is let in: claims and where they are passed on to, refusals, and the grant that a member shows.

Rules of this file:
- A claim holds no secret and may pass through any member. It waits there until the narrator can be reached.
- Whoever calls brings one claim, its own; only to the narrator a member brings those of others, at a bounded pace.
- Only the narrator judges a claim, expiry too; what comes back is passed on to the link the claim came from.
- A member shows its grant to whoever it knows: so two can talk although one of them was never told of the other.
- A refusal counts only on a link that our claim went to.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocol import limits, messages
from protocol.effects import Claimed, Close, Effect, Lane, Refused, Send
from protocol.encoding import Value, take_list
from protocol.entry import check_signature
from protocol.errors import Code, RemoteError
from protocol.invite import Claim, claim_from_value, verify_claim
from protocol.kinds import Granted
from protocol.ledger import Ledger
from protocol.sync import Neighbour


class Door:
    """One node's part in letting members in. ``me`` is its own member key."""

    def __init__(self, ledger: Ledger, me: bytes) -> None:
        self.ledger = ledger
        self.me = me
        self._relayed: dict[bytes, tuple[int, Claim]] = {}

    def trusts(self, state: Neighbour) -> bool:
        """Whether the other end of a link is a member in good standing."""
        if not self.ledger.begun or state.remote in self.ledger.authority.revoked:
            return False
        return state.shown or state.remote in self.ledger.authority.members

    def greet(self, state: Neighbour, claim: Claim | None) -> list[Effect]:
        """What to say to a link whatever we know of it: our own claim, once, or why it is closed."""
        if state.remote in self.ledger.authority.revoked:
            why = "This seat was given to somebody else or closed by the narrator."
            return [Close(state.link, Code.REVOKED, why)]
        if claim is None or state.claimed or self.ledger.authority.member(self.me) is not None:
            return []
        state.claimed = True
        return [self._claim(state.link, claim)]

    def introduce(self, state: Neighbour) -> list[Effect]:
        """What to say to a member before all else: why we are one too; to the narrator, whose claims wait here."""
        if self.ledger.is_narrator(state.remote):
            members = self.ledger.authority.members
            self._relayed = {member: one for member, one in self._relayed.items() if member not in members}
            return [self._claim(state.link, claim) for _, claim in self._relayed.values()]
        own = self.ledger.authority.member(self.me)
        if own is None or own.entry not in self.ledger.entries:
            return []
        return [Send(state.link, messages.grant(self.ledger.entries[own.entry]), Lane.CONTROL)]

    def on_grant(self, state: Neighbour, fields: list[Value]) -> bool:
        """The other end shows why it is a member; whether that is so.

        :raises RemoteError: MALFORMED, or BAD_SIGNATURE.
        """
        if not self.ledger.begun or self.trusts(state):
            return False
        entry = messages.read_triple(take_list(fields, "message", 1)[0])
        opening = self.ledger.opening(entry)
        granted = opening.body if opening else None
        if entry.author != self.ledger.authority.narrator or entry.tag != self.ledger.tag:
            return False
        if not isinstance(granted, Granted) or granted.member != state.remote:
            return False
        check_signature(entry)
        state.shown = True
        return True

    def on_claim(self, state: Neighbour, fields: list[Value], links: Iterable[Neighbour], now: float) -> list[Effect]:
        """:raises RemoteError: for a claim that is not good, and a stranger's second on one link."""
        if not self.ledger.begun:
            return []
        if state.claims and not self.trusts(state):
            raise RemoteError(Code.TOO_MANY, "claim: one per link")
        if self.trusts(state) and not self._may_bring(state, now):
            return []
        state.claims += 1
        claim = claim_from_value(take_list(fields, "message", 1)[0])
        verify_claim(claim)
        if claim.tag != self.ledger.tag:
            raise RemoteError(Code.WRONG_STORY, "claim: for another story")
        if self.ledger.is_narrator(self.me):
            return [Claimed(state.link, claim)]
        if claim.member_public == self.me or claim.member_public in self.ledger.authority.members:
            return []
        self._relayed[claim.member_public] = (state.link, claim)
        while len(self._relayed) > limits.LINKS:
            del self._relayed[next(iter(self._relayed))]
        narrator = [one.link for one in links if one.ready and self.ledger.is_narrator(one.remote)]
        return [self._claim(link, claim) for link in narrator[:1] if link != state.link]

    def _may_bring(self, member: Neighbour, now: float) -> bool:
        if self.ledger.is_narrator(self.me):
            return member.passed.allows(now, 1 / limits.CLAIM_SECONDS, limits.CLAIMS_BURST)
        return not member.claims

    def on_refused(self, state: Neighbour, fields: list[Value]) -> list[Effect]:
        """:raises RemoteError: MALFORMED."""
        member, code, text = messages.read_refused(fields)
        if member == self.me:
            asked = state.claimed and self.ledger.authority.member(self.me) is None
            return [Refused(code, text)] if asked else []
        if not self.ledger.is_narrator(state.remote) or member not in self._relayed:
            return []
        link, _ = self._relayed.pop(member)
        known = Code(code) if code in set(Code) else Code.NOT_GRANTED
        return [Send(link, messages.refused(member, known, text), Lane.CONTROL)]

    def forget(self, link: int) -> None:
        """A link went down: nobody is there any more to be answered."""
        self._relayed = {member: one for member, one in self._relayed.items() if one[0] != link}

    def _claim(self, link: int, claim: Claim) -> Effect:
        return Send(link, messages.claim(claim.to_value()), Lane.CONTROL)
