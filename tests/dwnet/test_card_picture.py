"""Cards inside pictures: what other programs write is read, what we write reads back, nothing unpacks for ever."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dwnet.card import CardError, check_card, read_card, write_card
from dwnet.card_picture import SIGNATURE, card_json, embed, plain_picture
from dwnet.card_reading import CardFileTooLarge, CardPictureDamaged, CardPictureEmpty
from dwnet.cli import main
from protocol import limits

PICTURE = plain_picture("#1d7a8c")
END = PICTURE[-12:]


def card(name: str, **data: object) -> bytes:
    return json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": name, **data}}).encode()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def carrying(*chunks: bytes) -> bytes:
    return PICTURE[:-12] + b"".join(chunks) + END


def text(name: bytes, data: bytes) -> bytes:
    return chunk(b"tEXt", name + b"\0" + base64.b64encode(data))


def test_a_card_goes_into_a_picture_and_out_again() -> None:
    there = embed(PICTURE, card("Tock", depth_prompt={"x": 1}))
    assert there.startswith(SIGNATURE) and there.endswith(END)
    assert read_card(there) == read_card(card("Tock", depth_prompt={"x": 1}))
    assert check_card(there) == check_card(card("Tock", depth_prompt={"x": 1}))


def test_a_card_takes_the_place_of_the_one_that_was_there() -> None:
    twice = embed(carrying(text(b"chara", card("Old")), text(b"ccv3", card("Older"))), card("New"))
    assert read_card(twice).name == "New"
    assert twice.count(b"tEXt") == 1


def test_the_newer_of_two_cards_in_one_picture_counts() -> None:
    assert read_card(carrying(text(b"chara", card("Two")), text(b"ccv3", card("Three")))).name == "Three"


@pytest.mark.parametrize(
    "carried",
    [
        chunk(b"zTXt", b"chara\0\0" + zlib.compress(base64.b64encode(card("Tock")))),
        chunk(b"iTXt", b"chara\0\0\0en\0\0" + base64.b64encode(card("Tock"))),
        chunk(b"iTXt", b"chara\0\1\0\0\0" + zlib.compress(base64.b64encode(card("Tock")))),
        chunk(b"tEXt", b"chara\0" + card("Tock")),
        chunk(b"tEXt", b"chara\0" + base64.encodebytes(card("Tock"))),
    ],
)
def test_every_way_to_carry_a_card_is_read(carried: bytes) -> None:
    assert read_card(carrying(chunk(b"tEXt", b"Comment\0nothing"), carried)).name == "Tock"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PICTURE, CardPictureEmpty),
        (PICTURE[:200], CardPictureDamaged),
        (carrying(text(b"chara", card("Tock")))[:-20], CardPictureDamaged),
        (carrying(chunk(b"tEXt", b"chara\0!!!!")), CardPictureDamaged),
        (carrying(chunk(b"zTXt", b"chara\0\0nonsense")), CardPictureDamaged),
        (carrying(chunk(b"iTXt", b"chara\0\1")), CardError),
        (SIGNATURE + bytes(limits.CARD_PICTURE), CardFileTooLarge),
    ],
)
def test_a_picture_that_is_no_card_is_refused_in_a_sentence(data: bytes, kind: type[CardError]) -> None:
    with pytest.raises(kind) as caught:
        read_card(data)
    assert caught.value.what and caught.value.hint


def test_a_small_chunk_cannot_unpack_to_a_flood() -> None:
    bomb = chunk(b"zTXt", b"chara\0\0" + zlib.compress(b"A" * 200_000_000, 9))
    with pytest.raises(CardError):
        read_card(carrying(bomb))


@given(st.binary(max_size=120))
def test_no_picture_does_worse_than_a_card_error(data: bytes) -> None:
    for candidate in (SIGNATURE + data, carrying(chunk(b"iTXt", b"chara\0" + data))):
        with contextlib.suppress(CardError):
            card_json(candidate)


def test_convert_goes_both_ways(tmp_path: Path) -> None:
    source, picture, back = tmp_path / "tock.json", tmp_path / "tock.png", tmp_path / "back.json"
    source.write_bytes(write_card(read_card(card("Tock", tags=["clock"], x_own=[1, 2]))))
    assert CliRunner().invoke(main, ["card", "convert", str(source), "--out", str(picture)]).exit_code == 0
    assert CliRunner().invoke(main, ["card", "convert", str(picture), "--out", str(back)]).exit_code == 0
    assert back.read_bytes() == source.read_bytes()


def test_convert_takes_the_picture_it_is_given(tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(plain_picture("#aa3300"))
    out = tmp_path / "pim.png"
    ran = CliRunner().invoke(main, ["card", "convert", "Pim", "--picture", str(other), "--out", str(out)])
    assert ran.exit_code == 0 and read_card(out.read_bytes()).name == "Pim"
    assert out.read_bytes()[:60] == other.read_bytes()[:60]


def test_convert_knows_two_forms_only(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["card", "convert", "Pim", "--out", str(tmp_path / "pim.webp")])
    assert ran.exit_code == 2 and ".png" in ran.output
    assert not list(tmp_path.iterdir())
