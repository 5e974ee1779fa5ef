from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from dwnet.settings import Settings, peer_settings, prepare
from peer.invitation import BadInvite, forget, joining, keep
from protocol.identity import SigningKey
from protocol.invite import Invite, format_invite, invite_key, verify_claim

SECRET = b"s" * 16
CODE = format_invite(Invite(b"t" * 16, SECRET, 1_767_283_200, ("127.0.0.1:8000",)))
OTHER = format_invite(Invite(b"t" * 16, b"o" * 16, 1_767_283_200, ("127.0.0.1:8000",)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = replace(peer_settings({"data": str(tmp_path), "invite": CODE}, {}), invite=None)
    prepare(found)
    return found


def test_without_a_code_it_rejoins(settings: Settings) -> None:
    assert joining(settings) is None


@pytest.mark.parametrize("text", [CODE, CODE.upper(), f" {CODE[:20]}\n  {CODE[20:]} "])
def test_a_code_however_it_was_copied(text: str, settings: Settings) -> None:
    found = joining(replace(settings, invite=text))
    assert found is not None and found.invite.secret == SECRET and found.invite.addresses == ("127.0.0.1:8000",)


@pytest.mark.parametrize(
    "text", ["", "dw1", "hello", CODE[:-1], CODE[:-1] + ("q" if CODE[-1] != "q" else "p"), "🦊", "x" * 9999]
)
def test_a_code_that_is_none_is_refused_in_words(text: str, settings: Settings) -> None:
    with pytest.raises(BadInvite) as caught:
        joining(replace(settings, invite=text))
    assert "dw1" in caught.value.hint and len(caught.value.what) > 40


def test_a_join_that_was_broken_off_goes_on_with_the_same_key(settings: Settings) -> None:
    first = joining(replace(settings, invite=CODE))
    keep(settings, CODE)
    kept = settings.keys / "invite"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = joining(settings)
    assert first is not None and again is not None and (again.invite, again.key) == (first.invite, first.key)
    forget(settings)
    forget(settings)
    assert joining(settings) is None and not kept.exists()


def test_a_new_code_wins_over_the_kept_one_and_has_a_key_of_its_own(settings: Settings) -> None:
    keep(settings, CODE)
    new, old = joining(replace(settings, invite=OTHER)), joining(settings)
    assert new is not None and old is not None and new.key != old.key


def test_the_claim_is_signed_by_both_keys_and_holds_no_secret(settings: Settings) -> None:
    found = joining(replace(settings, invite=CODE))
    assert found is not None
    member = SigningKey.from_seed(b"m" * 32)
    claim = found.claim(member, b"k" * 32)
    verify_claim(claim)
    assert claim.invite_public == invite_key(SECRET).public and claim.member_public == member.public
    assert SECRET not in b"".join(one for one in claim.to_value() if isinstance(one, bytes))
