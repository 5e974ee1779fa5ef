"""Portraits: small squares out of whatever people have, and never more work than a picture deserves."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from trio.testing import MockClock

from dwnet.blob_store import BlobStore
from dwnet.card_picture import SIGNATURE, embed, plain_picture
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft
from dwnet.portraits import EDGE, SMALL_EDGE, PictureTooLarge, PictureUnreadable, Portraits, portrait_of, small_of
from protocol import limits
from protocol.kinds import Cast
from tests.kit.company import Company, Person


def picture(width: int, height: int, form: str = "PNG", colour: str = "#aa5500", **saving: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, form, **saving)
    return out.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_picture_of_any_form_becomes_a_small_square(form: str) -> None:
    made = portrait_of(picture(900, 300, form))
    assert len(made) <= limits.PORTRAIT
    with Image.open(io.BytesIO(made)) as square:
        assert square.format == "WEBP" and square.size == (EDGE, EDGE)


def test_noise_fits_too() -> None:
    noise = Image.effect_noise((1_000, 1_000), 120).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert len(portrait_of(out.getvalue())) <= limits.PORTRAIT


def test_a_tall_picture_keeps_the_part_where_faces_are() -> None:
    tall = Image.new("RGB", (400, 1_200), "#0000ff")
    tall.paste("#ff0000", (0, 0, 400, 400))
    out = io.BytesIO()
    tall.save(out, "PNG")
    with Image.open(io.BytesIO(portrait_of(out.getvalue()))) as square:
        ((_, (red, _, blue)),) = square.convert("RGB").resize((1, 1)).getcolors() or []  # type: ignore[misc]
        assert red > 200 and blue < 60


def test_what_a_picture_tells_besides_itself_is_left_behind() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken in the kitchen"
    made = portrait_of(picture(300, 300, "JPEG", exif=exif))
    assert b"kitchen" not in made
    assert b"Tock" not in portrait_of(embed(plain_picture("#1d7a8c"), b'{"name": "Tock"}'))


def bomb(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    pixels = zlib.compress(b"\0" * 1_000_000, 9)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bomb(60_000, 60_000), PictureTooLarge),
        (bomb(8_000, 8_000), PictureTooLarge),
        (b"\0" * (limits.PICTURE + 1), PictureTooLarge),
        (b"", PictureUnreadable),
        (b"no picture at all", PictureUnreadable),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PictureUnreadable),
        (picture(300, 300)[:60], PictureUnreadable),
        (bomb(2_000, 2_000), PictureUnreadable),
    ],
)
def test_what_cannot_be_a_portrait_is_refused_in_a_sentence(data: bytes, kind: type[NodeError]) -> None:
    with pytest.raises(kind) as caught:
        portrait_of(data)
    assert caught.value.hint


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(8, 200))
def test_no_bytes_do_worse_than_a_sentence(data: bytes, place: int) -> None:
    whole = picture(16, 16, "GIF")
    for candidate in (data, whole[:place] + data, picture(16, 16)[:place] + data):
        with contextlib.suppress(NodeError):
            portrait_of(candidate)


def test_what_stands_beside_a_line_is_small() -> None:
    small = small_of(portrait_of(picture(900, 600)))
    assert len(small) < 4_000
    with Image.open(io.BytesIO(small)) as opened:
        assert opened.size == (SMALL_EDGE, SMALL_EDGE)


@pytest.mark.parametrize("data", [b"", b"no picture", picture(EDGE, EDGE), portrait_of(picture(300, 300))[:40]])
def test_what_a_stranger_calls_a_portrait_is_refused(data: bytes) -> None:
    with pytest.raises(PictureUnreadable):
        small_of(data)


def portraits_of(person: Person) -> Portraits:
    clips = Clips(person.node, BlobStore(person.folder / "blobs"))
    portraits = Portraits(person.node, clips)
    person.nursery.start_soon(clips.run, person.node.subscribe())
    person.nursery.start_soon(portraits.run, person.node.subscribe())
    return portraits


async def test_a_portrait_reaches_everybody_and_comes_back_to_a_desk_that_lost_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        narrator = await company.begin()
        kept = portraits_of(narrator)
        mira = await company.join("Mira")
        had = portraits_of(mira)
        blob = await kept.keep(picture(300, 300))
        await narrator.node.write(Draft(Cast(mira.seat, "character", "Mira", "", "", 50, blob, 0)))
        await company.until(lambda: blob in had.at_hand)
        assert had.at_hand[blob] == kept.at_hand[blob]
        again = await company.restart(narrator)
        for path in (again.folder / "blobs").rglob("*"):
            if path.is_file():
                path.unlink()
        lost = portraits_of(again)
        assert not lost.at_hand
        company.link(mira, again)
        await company.until(lambda: blob in lost.at_hand)
        nursery.cancel_scope.cancel()
