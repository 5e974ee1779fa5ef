"""Who may write what: grants, revokes and invites, whatever order and whichever run they come in."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import pytest

from protocol import limits
from protocol.authority import Authority, Right
from protocol.entry import Entry
from protocol.errors import Code
from protocol.kinds import NARRATOR, Cast, Checkpoint, Granted, Invited, Revoked, Withdrawn
from tests.kit.chain import EVENING, NEVER, SECOND, Chain, Hand

LATER = EVENING + 1_000 * SECOND


def authority_of(entries: Iterable[Entry]) -> Authority:
    authority = Authority()
    for entry in entries:
        authority.add(entry)
    return authority


def invite(chain: Chain, seat: int, *, expires: int = NEVER, role: str = "character") -> bytes:
    key = chain.draw(32)
    chain.tell(Invited(key, seat, role, expires))
    return key


def granted(member: Hand, key: bytes, seat: int | None = None, role: str = "character") -> Granted:
    return Granted(member.seat if seat is None else seat, role, member.public, member.seal.public, key, b"")


def test_genesis_makes_the_narrator() -> None:
    chain = Chain("The Gate")
    authority = authority_of([chain.genesis])
    assert authority.name == "The Gate" and authority.narrator == chain.narrator.public
    assert authority.narrator_seal_key == chain.narrator.seal.public
    assert [one.seat for one in authority.current()] == [NARRATOR]


def test_the_last_name_of_a_story_counts_whatever_order_names_come_in() -> None:
    chain = Chain("The Gate")
    chain.rename("The Iron Gate")
    chain.rename("The Open Gate")
    chain.rename("")
    for order in permutations(chain.narrator.feed):
        assert authority_of(order).name == "The Open Gate"


def test_a_grant_makes_a_member_and_a_cast_names_it() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    authority = authority_of(chain.narrator.feed)
    member = authority.member(mira.public)
    assert member is not None and member == authority.occupant(1)
    assert (member.seat, member.role, member.seal_key) == (1, "character", mira.seal.public)
    assert authority.name_of(mira.public) == "Mira" and authority.name_of(bytes(32)).startswith("somebody")
    chain.tell(Cast(1, "character", "Mira the Bold", "", "", 50, b"", 0))
    assert authority_of(chain.narrator.feed).name_of(mira.public) == "Mira the Bold"


def test_everyone_writes_what_its_role_allows_and_what_nobody_knows() -> None:
    chain = Chain()
    mira, listener = chain.join("Mira"), chain.join("Ear", "listener")
    authority = authority_of(chain.narrator.feed)
    beat = chain.narrate("Night fell.", mira)
    assert authority.right(beat) is Right.GOOD
    assert authority.right(mira.line("Who?")) is Right.GOOD
    assert authority.right(listener.line("Me!")) is Right.NOT_HIS
    assert authority.right(mira.write(Checkpoint("mine"))) is Right.NOT_HIS
    assert authority.right(mira.feed[0]._replace(kind="kind_of_tomorrow")) is Right.GOOD
    assert authority.right(chain.hand("Nobody", 9).open()) is Right.UNKNOWN


def test_a_revoked_key_counts_up_to_the_stated_place_and_never_again() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    before = mira.line("Still here.")
    chain.revoke(mira)
    after, other_run = mira.line("And I?"), mira.open()
    chain.grant(mira)
    authority = authority_of(chain.narrator.feed)
    assert authority.right(before) is Right.GOOD
    assert authority.right(after) is authority.right(other_run) is Right.REVOKED
    assert authority.member(mira.public) is None and authority.occupant(1) is None


def test_the_narrator_can_not_be_revoked_nor_his_seat_granted() -> None:
    chain = Chain()
    mallory = chain.hand("Mallory", NARRATOR)
    chain.tell(Revoked(chain.narrator.public, (), ""))
    chain.tell(granted(mallory, invite(chain, NARRATOR)))
    authority = authority_of(chain.narrator.feed)
    assert authority.member(chain.narrator.public) is not None
    assert authority.member(mallory.public) is None


def test_a_seat_moves_to_whoever_was_granted_it_last() -> None:
    chain = Chain()
    mira = chain.join("Mira")
    heir = chain.hand("Mira on a new machine", mira.seat)
    chain.revoke(mira)
    chain.grant(heir)
    authority = authority_of(chain.narrator.feed)
    occupant = authority.occupant(1)
    assert occupant is not None and occupant.key == heir.public


def test_a_grant_on_a_tail_holds() -> None:
    chain = Chain()
    backup = chain.canon_head
    chain.narrator.open()
    mira = chain.join("Mira")
    chain.narrator.open(backup)
    authority = authority_of(chain.narrator.feed)
    assert authority.right(mira.line("I was granted a seat.")) is Right.GOOD


def test_the_order_of_grants_revokes_and_invites_does_not_matter() -> None:
    chain = Chain()
    mira = chain.hand("Mira", 1)
    key = invite(chain, 1)
    entries = [
        chain.tell(granted(mira, key)),
        chain.tell(granted(mira, key, seat=2)),
        chain.tell(Invited(key, 3, "reader", 5)),
        chain.tell(Revoked(mira.public, ((b"\1" * 8, 5), (b"\2" * 8, 9)), "")),
        chain.tell(Revoked(mira.public, ((b"\1" * 8, 7), (b"\3" * 8, 9)), "")),
    ]
    first = chain.narrator.feed[:-5]
    outcomes = []
    for order in permutations(entries):
        authority = authority_of([*first, *order])
        outcomes.append((authority.members, authority.revoked, authority.invites, authority.burned))
    assert all(one == outcomes[0] for one in outcomes)
    members, revoked, invites, _ = outcomes[0]
    assert members[mira.public].seat == 1 and invites[key].seat == 1, "the first counts"
    assert revoked[mira.public] == {b"\1" * 8: 5}, "only what both leave"


def test_members_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AUTHORS", 3)
    chain = Chain()
    for name in ("Mira", "Tom", "Ada", "Olga"):
        chain.join(name)
    assert len(authority_of(chain.narrator.feed).members) == 3


# --- claims ----------------------------------------------------------------------------------------------------------


class Claims:
    """A story with one open invite for seat 1, and a member who has its code."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.mira = self.chain.hand("Mira", 1)
        self.key = invite(self.chain, 1, expires=LATER)

    def judge(self, member: Hand | None = None, now: int = EVENING, behind_since: int | None = None) -> Code | None:
        authority = authority_of(self.chain.narrator.feed)
        return authority.judge(self.key, (member or self.mira).public, now, behind_since=behind_since)

    def grant(self) -> None:
        self.chain.tell(granted(self.mira, self.key))


def test_an_open_invite_is_granted_up_to_its_last_millisecond() -> None:
    claims = Claims()
    assert claims.judge() is None and claims.judge(now=LATER) is None
    assert claims.judge(now=LATER + 1) is Code.INVITE_EXPIRED


def test_an_invite_that_nobody_issued_is_unknown() -> None:
    claims = Claims()
    claims.key = bytes(32)
    assert claims.judge() is Code.INVITE_UNKNOWN


def test_the_same_key_is_granted_already_though_the_invite_has_expired() -> None:
    claims = Claims()
    claims.grant()
    assert claims.judge(now=LATER + 1) is Code.DONE
    claims.chain.tell(Withdrawn(claims.key))
    assert claims.judge() is Code.DONE


def test_a_used_invite_is_worthless_to_another_key() -> None:
    claims = Claims()
    claims.grant()
    thief = claims.chain.hand("Thief", 1)
    assert claims.judge(thief) is claims.judge(thief, now=LATER + 1) is Code.INVITE_USED


def test_a_member_does_not_get_a_second_seat_with_another_invite() -> None:
    claims = Claims()
    claims.grant()
    claims.key = invite(claims.chain, 2)
    assert claims.judge() is Code.INVITE_USED


def test_a_claim_played_back_after_a_revoke_opens_nothing() -> None:
    claims = Claims()
    claims.grant()
    claims.chain.tell(Revoked(claims.mira.public, (), "left"))
    assert claims.judge() is claims.judge(now=LATER + 1) is Code.REVOKED


def test_a_withdrawn_invite_is_worthless() -> None:
    claims = Claims()
    claims.chain.tell(Withdrawn(claims.key))
    assert claims.judge() is Code.INVITE_REVOKED


def test_in_a_story_that_came_from_a_backup_older_invites_need_a_human_yes() -> None:
    claims = Claims()
    issued = claims.chain.narrator.feed[-1].at
    assert claims.judge(behind_since=issued + 1) is Code.INVITE_NEEDS_NARRATOR
    assert claims.judge(behind_since=issued) is None, "what was issued since then is known to be unused"
    claims.grant()
    assert claims.judge(behind_since=issued + 1) is Code.DONE, "a grant the narrator signed holds"


def test_an_invite_that_a_tail_had_used_is_used() -> None:
    claims = Claims()
    backup = claims.chain.canon_head
    claims.chain.narrator.open()
    claims.grant()
    claims.chain.narrator.open(backup)
    assert claims.judge(claims.chain.hand("Thief", 1)) is Code.INVITE_USED
