"""The comments of an Ogg/Opus file: who made it, what it is called, where its chapters begin. libsndfile writes none.

A comment header is the file's second page (RFC 7845, section 5.2). It is put in the place of the one that stands there;
all that follows stays as it is, byte by byte. Chapters are told as xiph.org's wiki proposes and players read them:
``CHAPTER001=00:01:02.500`` and ``CHAPTER001NAME=The storm``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from shutil import copyfileobj
from typing import BinaryIO

CHAPTERS = 200  # in one file; with names of NAME characters they fit one page whatever the alphabet
NAME = 64  # characters of a chapter's name
_MOST = 255 * 255 - 1  # bytes of a packet that ends within one page
_HEADER = struct.Struct("<4sBBqIIIB")
_VENDOR = b"dreamweaver"


def chapter_comments(chapters: Sequence[tuple[float, str]]) -> list[tuple[str, str]]:
    """Chapters as comments: for each the second at which it begins, and its name. Those beyond ``CHAPTERS`` are left
    out.
    """
    comments = []
    for number, (second, name) in enumerate(chapters[:CHAPTERS], 1):
        whole = round(second * 1000)
        minutes, left = divmod(whole, 60_000)
        hours, minutes = divmod(minutes, 60)
        at = f"{hours:02d}:{minutes:02d}:{left // 1000:02d}.{left % 1000:03d}"
        comments += [(f"CHAPTER{number:03d}", at), (f"CHAPTER{number:03d}NAME", name[:NAME])]
    return comments


def with_comments(source: BinaryIO, target: BinaryIO, comments: Sequence[tuple[str, str]]) -> None:
    """Copy an Ogg/Opus file that libsndfile wrote, with these comments in place of its own.

    :raises ValueError: when its second page is not its comment header, or the comments do not fit one page.
    """
    head, _ = _read_page(source)
    old, packet = _read_page(source)
    if not packet.startswith(b"OpusTags"):
        raise ValueError("the second page holds no comment header, or not all of it")
    target.write(head)
    target.write(_page(old, _packet(comments)))
    copyfileobj(source, target)


def _packet(comments: Sequence[tuple[str, str]]) -> bytes:
    parts = [b"OpusTags", struct.pack("<I", len(_VENDOR)), _VENDOR, struct.pack("<I", len(comments))]
    for name, value in comments:
        text = f"{name}={value}".encode()
        parts += [struct.pack("<I", len(text)), text]
    packet = b"".join(parts)
    if len(packet) > _MOST:
        raise ValueError(f"the comments take {len(packet)} bytes, and {_MOST} fit")
    return packet


def _read_page(file: BinaryIO) -> tuple[bytes, bytes]:
    """The next page as it stands, and the packet in it; b"" when it holds not exactly one."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or header[:4] != b"OggS":
        raise ValueError("no Ogg page")
    lacing = file.read(header[-1])
    data = file.read(sum(lacing))
    whole = bool(lacing) and lacing[-1] < 255 and all(one == 255 for one in lacing[:-1])
    return header + lacing + data, data if whole else b""


def _page(old: bytes, packet: bytes) -> bytes:
    """A page at the place of another, with this packet in it."""
    mark, version, kind, granule, serial, number, _, _ = _HEADER.unpack_from(old)
    lacing = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])

    def made(crc: int) -> bytes:
        return _HEADER.pack(mark, version, kind, granule, serial, number, crc, len(lacing)) + lacing + packet

    return made(_crc(made(0)))


def _crc(data: bytes) -> int:
    """Ogg's checksum: polynomial 0x04c11db7, from 0, not reflected (RFC 3533, section 6)."""
    table, crc = _table(), 0
    for byte in data:
        crc = (crc << 8 & 0xFFFFFFFF) ^ table[crc >> 24 ^ byte]
    return crc


@cache
def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        rows.append(crc)
    return tuple(rows)
