"""A card inside a picture: PNG files that carry a character in a text chunk, as most programs pass characters on.

Rules of this file:
- What the bytes are counts, never the file's name: pictures are often renamed.
- The chunk ``ccv3`` wins over ``chara``; of several alike the first counts. What is compressed is unpacked no further
  than a card may be long.
- What is written holds one ``chara`` chunk, a version 2 card; whatever other card was in the picture is taken out.

Sources: the PNG specification (third edition), sections 5 and 11.3.3; the Character Card specifications V2 and V3.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator

from dwnet.card_reading import CardFileTooLarge, CardPictureDamaged, CardPictureEmpty
from protocol import limits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PLAIN = "#4a5568"  # of a picture that carries the card of a character without a colour
PLAIN_EDGE = 512  # pixels of the square that carries a card which brings no picture
_NAMES = (b"ccv3", b"chara")
_MOST = limits.CARD * 4 // 3 + 1_024  # characters of a card in base64


def is_png(data: bytes) -> bool:
    """Whether these bytes begin as a PNG file does."""
    return data.startswith(SIGNATURE)


def card_json(data: bytes) -> bytes:
    """The JSON of a card's file: out of its picture, if it is one; any other bytes as they are.

    :raises CardError: CardFileTooLarge, CardPictureDamaged or CardPictureEmpty.
    """
    if not is_png(data):
        return data
    if len(data) > limits.CARD_PICTURE:
        raise CardFileTooLarge(size=f"{len(data):,}", limit=f"{limits.CARD_PICTURE:,}")
    found: dict[bytes, bytes] = {}
    for kind, body in _chunks(data):
        name, text = _text(kind, body)
        if name in _NAMES:
            found.setdefault(name, text)
    for name in _NAMES:
        if name in found:
            return _decoded(found[name])
    raise CardPictureEmpty


def embed(picture: bytes, card: bytes) -> bytes:
    """The PNG ``picture`` with the JSON of ``card`` in it, in place of any card it had.

    :raises CardPictureDamaged: when ``picture`` is no whole PNG.
    """
    if not is_png(picture):
        raise CardPictureDamaged(why="it does not begin as a PNG file does")
    out = bytearray(SIGNATURE)
    for kind, body in _chunks(picture):
        if kind == b"IEND":
            out += _chunk(b"tEXt", b"chara\0" + base64.b64encode(card))
        if _text(kind, body)[0] not in _NAMES:
            out += _chunk(kind, body)
    return bytes(out)


def plain_picture(colour: str) -> bytes:
    """A PNG of one colour (``#rrggbb``, "" for PLAIN) to carry a card that brings no picture."""
    row = b"\0" + bytes.fromhex((colour or PLAIN).lstrip("#")) * PLAIN_EDGE
    head = struct.pack(">IIBBBBB", PLAIN_EDGE, PLAIN_EDGE, 8, 2, 0, 0, 0)
    pixels = zlib.compress(row * PLAIN_EDGE, 9)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and body of each chunk, the end included. Checksums are left to whoever shows the picture."""
    place = len(SIGNATURE)
    while place < len(data):
        if place + 8 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, place)
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        if len(body) < length or place + 12 + length > len(data):
            break
        yield kind, body
        if kind == b"IEND":
            return
        place += 12 + length
    raise CardPictureDamaged(why="it breaks off before its end")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _text(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Keyword and text of a text chunk; two empty ones for any other chunk, and for text that is not a card's."""
    if kind not in (b"tEXt", b"zTXt", b"iTXt"):
        return b"", b""
    name, _, rest = body.partition(b"\0")
    if name not in _NAMES:
        return b"", b""
    if kind == b"tEXt":
        return name, rest
    if kind == b"zTXt":
        return name, _unpacked(rest[1:])
    packed, (_, _, text) = rest[:1] == b"\1", rest[2:].split(b"\0", 2) if rest.count(b"\0", 2) >= 2 else (b"",) * 3
    return name, _unpacked(text) if packed else text


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MOST)
    except zlib.error:
        raise CardPictureDamaged(why="the card in it cannot be unpacked") from None


def _decoded(text: bytes) -> bytes:
    """The JSON in a chunk's text: in base64, as the specification has it, or bare, as some programs write it."""
    if text.lstrip()[:1] == b"{":
        return text
    if len(text) > _MOST:
        raise CardFileTooLarge(size=f"{len(text) * 3 // 4:,}", limit=f"{limits.CARD:,}")
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise CardPictureDamaged(why="the card in it is garbled") from None
