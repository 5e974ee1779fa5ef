from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.bech32m import ALPHABET, checksum, from_symbols, symbol_count, to_symbols
from protocol.encoding import Value, decode, encode
from protocol.errors import Code, LocalError, RemoteError
from protocol.identity import CLAIM, ENTRY, SigningKey
from protocol.invite import (
    EPOCH,
    Claim,
    CutInvite,
    Invite,
    InviteError,
    MistypedInvite,
    NewerInvite,
    NotAnInvite,
    claim_from_value,
    format_invite,
    invite_key,
    make_claim,
    parse_invite,
    verify_claim,
)
from protocol.sealing import SealKey

TAG, SECRET = bytes(range(16)), bytes(range(16, 32))
INVITE = Invite(TAG, SECRET, EPOCH + 3600 * 20_000, ("192.0.2.7:8000",))
CODE = format_invite(INVITE)
MEMBER = SigningKey.from_seed(b"\x02" * 32)
SEAL = SealKey.from_seed(b"\x03" * 32)

addresses = st.one_of(
    st.ip_addresses(v=4).map(lambda host: f"{host}:8000"),
    st.ip_addresses(v=6).map(lambda host: f"[{host.compressed}]:8000"),
    st.sampled_from(["story.example:1", "localhost:65535", "a.b.c.d.e.example:443"]),
)
invites = st.builds(
    Invite,
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**24 - 1).map(lambda hours: EPOCH + 3600 * hours),
    st.lists(addresses, max_size=8).map(tuple),
)


def spelled(payload: bytes, prefix: str = "dw") -> str:
    symbols = to_symbols(payload)
    return prefix + "1" + "".join(ALPHABET[symbol] for symbol in symbols + checksum(prefix, symbols))


def payload_of(code: str) -> bytes:
    return from_symbols([ALPHABET.index(letter) for letter in code[3:-6]])[0]


# --- the code ----------------------------------------------------------------------------------------------------


@given(invites)
def test_a_code_reads_back(invite: Invite) -> None:
    code = format_invite(invite)
    assert parse_invite(code) == invite
    assert code.startswith("dw1") and code == code.lower() and code.isalnum()


def test_a_code_for_one_address_is_short_enough_for_the_full_guarantee() -> None:
    assert len(CODE) == 78


def test_the_end_is_rounded_up_to_the_hour() -> None:
    for seconds, hours in ((0, 0), (1, 1), (3599, 1), (3600, 1), (3601, 2)):
        invite = dataclasses.replace(INVITE, expires=EPOCH + seconds)
        assert parse_invite(format_invite(invite)).expires == EPOCH + 3600 * hours


@pytest.mark.parametrize(
    "text",
    [
        CODE.upper(),
        f"  {CODE}\r\n",
        "\n".join(f"> {CODE[start : start + 20]}" for start in range(0, len(CODE), 20)),
        "-".join(CODE[start : start + 6] for start in range(0, len(CODE), 6)),
        f"“{CODE}”.",
        "\u200b".join(CODE),
        CODE[:40] + "=\n" + CODE[40:],
        CODE.capitalize(),
    ],
    ids=["upper", "spaces", "quoted mail", "hyphens", "quotes", "zero width", "soft break", "mixed"],
)
def test_what_mail_programs_and_people_put_in_between_is_ignored(text: str) -> None:
    assert parse_invite(text) == INVITE


@pytest.mark.parametrize(
    "text", ["", "dw", "hello", "ew1" + CODE[3:], "dwl" + CODE[3:], CODE[1:], "12D3KooW", "日本語"]
)
def test_what_is_no_code_at_all_is_told_so(text: str) -> None:
    with pytest.raises(NotAnInvite):
        parse_invite(text)


def test_one_wrong_character_is_found_and_pointed_at() -> None:
    for place in range(3, len(CODE)):
        for letter in ALPHABET + "bio1é":
            if letter != CODE[place]:
                wrong = CODE[:place] + letter + CODE[place + 1 :]
                with pytest.raises(MistypedInvite) as caught:
                    parse_invite(wrong)
                assert caught.value.place == place + 1
                assert caught.value.near in wrong and letter in caught.value.near
                assert str(place + 1) in str(caught.value)


def test_up_to_four_wrong_characters_are_always_noticed() -> None:
    draw = random.Random(7)
    for _ in range(2_000):
        letters = list(CODE)
        for place in draw.sample(range(3, len(CODE)), draw.randint(2, 4)):
            letters[place] = draw.choice(ALPHABET.replace(letters[place], ""))
        with pytest.raises(InviteError):
            parse_invite("".join(letters))


def test_two_exchanged_characters_are_noticed() -> None:
    for place in range(3, len(CODE) - 1):
        if CODE[place] != CODE[place + 1]:
            with pytest.raises(MistypedInvite):
                parse_invite(CODE[:place] + CODE[place + 1] + CODE[place] + CODE[place + 2 :])


def test_a_code_cut_anywhere_is_told_to_be_cut_short() -> None:
    several = format_invite(dataclasses.replace(INVITE, addresses=("[::1]:8000", "story.example:80", "192.0.2.7:8000")))
    for code in (CODE, several):
        for length in range(3, len(code)):
            with pytest.raises(CutInvite) as caught:
                parse_invite(code[:length])
            assert 0 < caught.value.missing <= len(code) - length


def test_a_character_left_out_is_told_to_be_missing() -> None:
    for place in range(30, len(CODE) - 20):
        with pytest.raises(CutInvite) as caught:
            parse_invite(CODE[:place] + CODE[place + 1 :])
        assert caught.value.missing == 1


def test_something_behind_the_code_is_pointed_at() -> None:
    for more in ("hey", CODE[3:], "q"):
        with pytest.raises(MistypedInvite) as caught:
            parse_invite(f"{CODE} {more}")
        assert "behind the end" in str(caught.value) and caught.value.place is None


def test_a_code_of_a_newer_version_is_told_so() -> None:
    for payload in (bytes([0x20]) + payload_of(CODE)[1:], b"\xf0", b"\x2f" + bytes(200)):
        with pytest.raises(NewerInvite):
            parse_invite(spelled(payload))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x10",
        bytes([0x00]) + payload_of(CODE)[1:],
        payload_of(CODE) + b"\0",
        payload_of(CODE)[:-1],
        payload_of(CODE)[:36] + b"\x05" + payload_of(CODE)[37:],
        payload_of(CODE)[:-2] + b"\0\0",
        bytes([0x19]) + payload_of(CODE)[1:36] + (b"\x04" + b"\x7f\0\0\1" + b"\x1f\x40") * 9,
        bytes([0x11]) + payload_of(CODE)[1:36] + b"\x01\x03A.b\x1f\x40",
        bytes([0x11]) + payload_of(CODE)[1:36] + b"\x01\x07192.0.2\x1f\x40",
        bytes([0x11]) + payload_of(CODE)[1:36] + b"\x01\x03\xff\xfe\xfd\x1f\x40",
        bytes([0x11]) + payload_of(CODE)[1:36] + b"\x01\x00\x1f\x40",
    ],
    ids=[
        "empty", "short", "version 0", "longer", "shorter", "kind 5", "port 0", "nine", "upper case", "number", "bytes",
        "no name",
    ],
)  # fmt: skip
def test_a_rightly_summed_code_with_another_content_is_refused(payload: bytes) -> None:
    with pytest.raises(NotAnInvite):
        parse_invite(spelled(payload))


def test_a_code_has_one_spelling() -> None:
    symbols = [ALPHABET.index(letter) for letter in CODE[3:-6]]
    assert symbol_count(43) == len(symbols) == 69
    symbols[-1] ^= 1  # a bit that stands for nothing
    with pytest.raises(NotAnInvite):
        parse_invite("dw1" + "".join(ALPHABET[symbol] for symbol in symbols + checksum("dw", symbols)))
    with pytest.raises(NotAnInvite):
        parse_invite(spelled(payload_of(CODE), prefix="dx"))


def test_a_text_of_any_length_is_answered_at_once() -> None:
    with pytest.raises(NotAnInvite):
        parse_invite("dw1" + "q" * 1_000_000)


@given(st.text(max_size=200))
def test_any_text_is_answered_with_an_invite_error(text: str) -> None:
    for given_text in (text, "dw1" + text):
        with pytest.raises(InviteError):
            parse_invite(given_text)


def test_an_invite_out_of_bounds_is_our_own_fault() -> None:
    wrong: list[dict[str, object]] = [
        {"tag": bytes(15)},
        {"secret": bytes(17)},
        {"expires": EPOCH - 3600},
        {"expires": EPOCH + 3600 * 2**24},
        {"addresses": ("nowhere",)},
        {"addresses": ("192.0.2.7:8000",) * 9},
        {"addresses": tuple(f"{'a' * 60}.{'b' * 60}.{number}.example:80" for number in range(8))},
    ]
    for change in wrong:
        with pytest.raises(LocalError):
            format_invite(dataclasses.replace(INVITE, **change))  # type: ignore[arg-type]


def test_an_invite_prints_without_its_secret() -> None:
    assert str(SECRET) not in repr(INVITE)


@pytest.mark.parametrize(
    "valid",
    [
        "a1lqfn3a",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
        "11" + "l" * 83 + "udsr8",
    ],
)
def test_the_checksum_is_that_of_bip_350(valid: str) -> None:
    """Valid strings among BIP-350's test vectors."""
    prefix, _, rest = valid.rpartition("1")
    symbols = [ALPHABET.index(letter) for letter in rest[:-6]]
    assert "".join(ALPHABET[symbol] for symbol in checksum(prefix, symbols)) == rest[-6:]


# --- the claim ---------------------------------------------------------------------------------------------------


def claimed() -> Claim:
    return make_claim(TAG, invite_key(SECRET), MEMBER, SEAL.public)


def test_a_claim_holds_and_reads_back() -> None:
    claim = claimed()
    verify_claim(claim)
    assert claim_from_value(decode(encode(claim.to_value()), 512)) == claim
    assert (claim.tag, claim.invite_public) == (TAG, invite_key(SECRET).public)
    assert (claim.member_public, claim.seal_public) == (MEMBER.public, SEAL.public)


def test_a_claim_shows_no_secret() -> None:
    written = encode(claimed().to_value())
    for secret in (SECRET, invite_key(SECRET).seed, MEMBER.seed, SEAL.seed):
        assert secret not in written


def test_every_changed_byte_of_a_claim_is_refused() -> None:
    fields: list[Value] = claimed().to_value()
    for number, value in enumerate(fields):
        assert isinstance(value, bytes)
        for place in range(len(value)):
            changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
            with pytest.raises(RemoteError):
                verify_claim(claim_from_value([*fields[:number], changed, *fields[number + 1 :]]))


def test_a_claim_cannot_be_turned_to_another_member_story_or_seal_key() -> None:
    claim, mallory = claimed(), SigningKey.from_seed(b"\x66" * 32)
    redirected = make_claim(TAG, SigningKey.from_seed(b"\x67" * 32), mallory, SEAL.public)
    thefts = [
        dataclasses.replace(redirected, invite_public=claim.invite_public, signature_invite=claim.signature_invite),
        dataclasses.replace(claim, member_public=mallory.public, signature_member=redirected.signature_member),
        dataclasses.replace(claim, tag=bytes(16)),
        dataclasses.replace(claim, seal_public=SealKey.from_seed(b"\x68" * 32).public),
        dataclasses.replace(claim, signature_invite=claim.signature_member),
        dataclasses.replace(claim, signature_invite=claim.signature_member, signature_member=claim.signature_invite),
    ]
    for theft in thefts:
        with pytest.raises(RemoteError) as caught:
            verify_claim(theft)
        assert caught.value.code is Code.BAD_SIGNATURE


def test_a_signature_made_for_something_else_is_no_claim() -> None:
    claim = claimed()
    message = encode([claim.tag, claim.invite_public, claim.member_public, claim.seal_public])
    assert MEMBER.sign(CLAIM, message) == claim.signature_member
    with pytest.raises(RemoteError):
        verify_claim(dataclasses.replace(claim, signature_member=MEMBER.sign(ENTRY, message)))


def test_the_invites_own_key_and_useless_seal_keys_are_refused() -> None:
    invite = invite_key(SECRET)
    for claim in (make_claim(TAG, invite, invite, SEAL.public), make_claim(TAG, invite, MEMBER, bytes(32))):
        with pytest.raises(RemoteError) as caught:
            verify_claim(claim)
        assert caught.value.code is Code.MALFORMED
    with pytest.raises(LocalError):
        make_claim(TAG, invite, MEMBER, bytes(31))


def test_claims_of_another_shape_are_refused() -> None:
    fields = claimed().to_value()
    wrong: list[Value] = [b"", [], fields[:5], [*fields, b""], [*fields[:5], b""], ["", *fields[1:]], [0, *fields[1:]]]
    for value in wrong:
        with pytest.raises(RemoteError) as caught:
            claim_from_value(value)
        assert caught.value.code is Code.MALFORMED
