"""Portraits: any picture becomes a small square, kept and passed on under its hash like every other blob.

Rules of this file:
- A stranger's picture is measured before it is unpacked: bytes and pixels are bounded, and only the formats people
  have pictures in are tried.
- What is written holds pixels and nothing else: no place, no camera, no card.
- Every node keeps the portraits of its story, so that a desk that lost its folder gets them back.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Event, Node
from protocol import limits
from protocol.effects import Ready, Took
from protocol.kinds import Cast

if TYPE_CHECKING:
    from PIL.Image import Image

EDGE = 256  # pixels; the largest a desk shows is some 120, twice that on a fine screen
SMALL_EDGE, SMALL_QUALITY = 72, 70  # one that stands beside every line: some 2 kB
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
QUALITIES = (82, 60, 35)  # of WebP; the first one that fits is taken
AT_HAND = 256  # portraits kept in memory
HEADROOM = 0.12  # of what is cut from a tall picture, cut above: faces stand in the upper part
logger = logging.getLogger(__name__)


class PictureTooLarge(NodeError):
    """This picture is too large for a portrait: {size}, where {most} fit.

    Make it smaller with any picture program and choose it again.
    """

    exit_code = 1


class PictureUnreadable(NodeError):
    """This file cannot be read as a picture ({why}).

    Choose a PNG, JPEG or WebP picture.
    """

    exit_code = 1


class PicturesMissing(NodeError):
    """Portraits need the library Pillow, which is not installed here.

    Install it with: pip install pillow
    """


def portrait_of(picture: bytes) -> bytes:
    """A square WebP of ``EDGE`` pixels and at most limits.PORTRAIT bytes. Takes up to a second: call it in a thread.

    :raises PictureTooLarge, PictureUnreadable, PicturesMissing:
    """
    if len(picture) > limits.PICTURE:
        raise PictureTooLarge(size=f"{len(picture):,} bytes", most=f"{limits.PICTURE:,}")
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise PicturesMissing from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in the file, and of sizes that are bounded here
            with Image.open(io.BytesIO(picture), formats=FORMATS) as opened:
                width, height = opened.size
                if width * height > limits.PICTURE_PIXELS:
                    most = f"{limits.PICTURE_PIXELS:,} pixels"
                    raise PictureTooLarge(size=f"{width:,} by {height:,} pixels", most=most)
                opened.draft("RGB", (2 * EDGE, 2 * EDGE))  # a JPEG is unpacked no larger than is needed
                upright = ImageOps.exif_transpose(opened).convert("RGBA")
            return _written(_square(upright))
    except Image.DecompressionBombError as error:
        raise PictureTooLarge(size="many more pixels", most=f"{limits.PICTURE_PIXELS:,}") from error
    except (OSError, ValueError, TypeError, SyntaxError, EOFError, IndexError, struct.error, OverflowError) as error:
        raise PictureUnreadable(why=_why(error)) from error


def small_of(portrait: bytes) -> bytes:
    """The same portrait as it stands beside a line, a WebP of ``SMALL_EDGE`` pixels; call it in a thread.

    :raises PictureUnreadable, PicturesMissing: for what a stranger calls a portrait.
    """
    return _again(portrait, SMALL_EDGE, "WEBP", quality=SMALL_QUALITY)


def png_of(portrait: bytes) -> bytes:
    """The same portrait as a PNG, for a card to travel in; call it in a thread.

    :raises PictureUnreadable, PicturesMissing: for what a stranger calls a portrait.
    """
    return _again(portrait, EDGE, "PNG")


def _again(portrait: bytes, edge: int, form: str, **options: int) -> bytes:
    try:
        from PIL import Image
    except ImportError as error:
        raise PicturesMissing from error
    try:
        with Image.open(io.BytesIO(portrait), formats=("WEBP",)) as opened:
            if opened.size != (EDGE, EDGE):
                raise PictureUnreadable(why=f"it is no square of {EDGE} pixels")
            out = io.BytesIO()
            opened.resize((edge, edge), Image.Resampling.LANCZOS).save(out, form, **options)
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        raise PictureUnreadable(why=_why(error)) from error


def _square(image: Image) -> Image:
    from PIL import Image as Images

    edge = min(image.size)
    left, top = (image.width - edge) // 2, int((image.height - edge) * HEADROOM)
    box = (left, top, left + edge, top + edge)
    return image.resize((EDGE, EDGE), Images.Resampling.LANCZOS, box=box)


def _written(image: Image) -> bytes:
    extrema: Any = image.getextrema()
    flat = image if extrema[3] != (255, 255) else image.convert("RGB")
    for quality in QUALITIES:
        out = io.BytesIO()
        flat.save(out, "WEBP", quality=quality, method=4)
        if out.tell() <= limits.PORTRAIT:
            return out.getvalue()
    raise PictureTooLarge(size="too fine a pattern", most=f"{limits.PORTRAIT:,} bytes")


def _why(error: Exception) -> str:
    text = str(error).partition(" <")[0].rstrip(".")
    return "it is none that this program knows" if "identify" in text else text[:80] or "it is damaged"


class Portraits:
    """The portraits of one story on this node. ``at_hand``: by blob, those that were read; ``small``: as they stand
    beside a line. ``tell`` is called when another one is.
    """

    def __init__(self, node: Node, clips: Clips, tell: Callable[[], None] = lambda: None) -> None:
        self.at_hand: dict[bytes, bytes] = {}
        self.small: dict[bytes, bytes] = {}
        self._node = node
        self._clips = clips
        self._wanted: set[bytes] = set()
        self._tell = tell

    async def keep(self, picture: bytes) -> bytes:
        """Make a portrait of a picture and keep it; its blob, to be named in a cast entry.

        :raises NodeError: as ``portrait_of``, and when the disk refuses.
        """
        made = await trio.to_thread.run_sync(portrait_of, picture)
        blob = await self._clips.put(made)
        await self._remember(blob, made)
        return blob

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Read and fetch the portraits of the cast until cancelled."""
        async with trio.open_nursery() as nursery:
            self._look(nursery)
            async for event in events:
                if isinstance(event, Ready) or (isinstance(event, Took) and event.entry.kind == Cast.kind):
                    self._look(nursery)

    def _look(self, nursery: trio.Nursery) -> None:
        for seat in self._node.ledger.story.seats.values():
            blob = seat.portrait
            if blob and blob not in self.at_hand and blob not in self._wanted:
                self._wanted.add(blob)
                nursery.start_soon(self._fetch, blob)

    async def _fetch(self, blob: bytes) -> None:
        """What does not come now is tried again with the next link."""
        links = tuple(self._node.gossip.remotes())
        try:
            if links or self._clips.store.has(blob):
                narrator = self._node.ledger.authority.narrator
                await self._remember(blob, await self._clips.fetch(blob, limits.PORTRAIT, links, narrator))
        except NodeError as error:
            logger.info("a portrait is not here yet: %s", error.what)
        self._wanted.discard(blob)

    async def _remember(self, blob: bytes, picture: bytes) -> None:
        self.small[blob] = await trio.to_thread.run_sync(small_of, picture)
        self.at_hand[blob] = picture
        while len(self.at_hand) > AT_HAND:
            oldest = next(iter(self.at_hand))
            del self.at_hand[oldest], self.small[oldest]
        self._tell()
