"""The story as one long page of which only the part that is looked at exists.

Rules of this file:
- The list stands on its end: the newest row is its beginning. What grows at the end stays in view by itself, and what
  is added or taken away above never moves what is read.
- Rows stand in chunks. A chunk that is far away is an empty box of the height it had; the oldest ones are one box
  together. A chunk is filled before it comes near the view, so that no text jumps.
- The client tells of a chunk when it is laid out: that is how this page knows what is looked at. At most
  ``2 * AROUND + 1`` chunks are filled.
- While older rows are read, the end is left as it is: what comes there is shown when the reader is back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import flet as ft

from narrator_app.ui.palette import Palette
from narrator_app.ui.stage_row import PAGE, StoryRow
from narrator_app.views.stage import Row

CHUNK = 20  # rows
AROUND = 4  # chunks filled on either side of the one that came into view last
AHEAD = 12  # empty chunks that stand ready beyond those
GUESS = 95.0  # px of a row that was never laid out
NEAR_END = 120.0  # px from the end that still count as being there
TRIES, LOOK_MS = 8, 250  # to find a row whose place was guessed
CACHE = 500  # px beyond the view that the client lays out


@dataclass
class _Chunk:
    """Rows ``number * CHUNK`` and on. ``rows`` is empty while they are far away."""

    number: int
    box: ft.Container
    height: float
    rows: list[StoryRow] = field(default_factory=list)


class StoryPage:
    """The list of rows. ``row_at`` makes one; ``hovered`` hears of the pointer; ``moved`` when the reader came to the
    end or left it.
    """

    def __init__(
        self,
        palette: Palette,
        row_at: Callable[[int], Row],
        hovered: Callable[[StoryRow, bool], None],
        moved: Callable[[], None],
        soon: Callable[[Callable[[], None]], None],
        picture_of: Callable[[bytes], bytes | None] = lambda blob: None,
    ) -> None:
        self.palette = palette
        self.length = 0
        self.at_end = True
        self.behind = False  # something is new at the end that is not shown yet
        self._row_at = row_at
        self._picture_of = picture_of
        self._hovered = hovered
        self._moved = moved
        self._soon = soon
        self._chunks: dict[int, _Chunk] = {}
        self._near = 0
        self._journey = 0  # counts the times the reader was taken somewhere
        self._laid_out: set[int] = set()  # chunks the client told of since the reader was last taken somewhere
        self._pixels = 0.0
        self._view = 800.0
        self._tail = ft.Container(padding=ft.Padding.only(bottom=22))
        self._rest = ft.Container(on_size_change=self._rest_seen, size_change_interval=0)
        self.list = ft.ListView(
            reverse=True, expand=True, cache_extent=CACHE, on_scroll=self._scrolled, scroll_interval=60,
            padding=ft.Padding.symmetric(horizontal=16),
        )  # fmt: skip

    # --- what is shown ----------------------------------------------------------------------------------------------

    def open(self, length: int) -> None:
        """Show the end of a story of this many rows, everything made anew."""
        self.length, self.at_end, self.behind, self._pixels = length, True, False, 0.0
        self._chunks = {}
        self._journey += 1
        last = self._last
        self._near = last
        for number in range(last, max(-1, last - AROUND - 2), -1) if length else ():
            self._stand(number)
        for number in range(max(0, last - 1), last + 1) if length else ():
            self._fill(self._chunks[number])
        self._lay_out()
        self.list.update()
        self._soon(self._fill_around)

    def refresh(self, length: int) -> None:
        """The story has this many rows now, and any of them may have changed."""
        if length < self.length or not self._same():
            self.open(length)
            return
        for chunk in self._chunks.values():
            for number, one in enumerate(chunk.rows):
                row = self._row_at(chunk.number * CHUNK + number)
                one.show(row, self._picture_of(row.portrait))
        if length == self.length:
            return
        if not self.at_end:
            self.behind = True
            self._moved()
            return
        self.behind = False
        self._grow(length)

    @property
    def is_nearly_there(self) -> bool:
        """At the end but for a few pixels, which what comes next should not stay below."""
        return self.at_end and self._pixels > 0

    def tail(self, control: ft.Control | None) -> None:
        """What stands below the last row."""
        self._tail.content = ft.Container(control, width=PAGE) if control is not None else None
        self._tail.alignment = ft.Alignment.TOP_CENTER
        self._tail.update()

    def row(self, row_id: bytes) -> StoryRow | None:
        """The row of a passage, if it is near."""
        return next((one for one in self.rows() if one.row.id == row_id), None)

    def rows(self) -> list[StoryRow]:
        """All rows that exist now, oldest first."""
        return [one for number in sorted(self._chunks) for one in self._chunks[number].rows]

    def follow(self, row_id: bytes, spoken: int | None) -> None:
        """Mark how far a row is being said."""
        for one in self.rows():
            one.follow(spoken if one.row.id == row_id else None)

    # --- going somewhere --------------------------------------------------------------------------------------------

    async def to_end(self, length: int) -> None:
        """Go to the end of a story of this many rows."""
        self.open(length)
        await self.list.scroll_to(offset=0)

    async def settle(self) -> None:
        """Go on to the very end when it is nearly there."""
        if self.is_nearly_there:
            self._pixels = 0.0
            await self.list.scroll_to(offset=0, duration=120)

    async def to_place(self, place: int) -> None:
        """Go to a row."""
        number = place // CHUNK
        self._near = number
        self._laid_out.clear()
        self._extend(number - AHEAD)
        self._fill_around()
        chunk = self._chunks[number]
        below = sum(one.height for one in self._chunks.values() if one.number > number)
        inside = chunk.height * (1 - (place % CHUNK + 1) / max(1, self._count(number)))
        await self.list.scroll_to(offset=max(0.0, below + inside - self._view / 3))
        self._journey += 1
        journey, found = self._journey, 0
        for step in range(TRIES):  # heights were guessed: look where that was, and go on from there
            await self.list.scroll_to(delta=1 - step % 2 * 2, duration=LOOK_MS)
            if journey != self._journey or found == 2:
                return
            if number in self._laid_out and chunk.rows:
                found += 1
                await self.bring(chunk.rows[place % CHUNK])
            elif self._laid_out:
                nearest = min(self._laid_out, key=lambda one: abs(one - number))
                self._laid_out.clear()
                await self.list.scroll_to(delta=(nearest - number) * CHUNK * GUESS * 0.75)

    async def bring(self, row: StoryRow) -> None:
        """Bring a row that is near into view."""
        await self.list.scroll_to(scroll_key=row.scroll_key, duration=120)

    # --- chunks -----------------------------------------------------------------------------------------------------

    @property
    def _last(self) -> int:
        return max(0, self.length - 1) // CHUNK

    def _count(self, number: int) -> int:
        return min(CHUNK, self.length - number * CHUNK)

    def _same(self) -> bool:
        """Whether the rows that exist are still where they are in the story."""
        newest = next(
            (chunk for number in sorted(self._chunks, reverse=True) if (chunk := self._chunks[number]).rows), None
        )
        if newest is None:
            return self.length == 0
        place = newest.number * CHUNK + len(newest.rows) - 1
        return place < self.length and self._row_at(place).id == newest.rows[-1].row.id

    def _stand(self, number: int) -> _Chunk:
        """A chunk that is not filled yet."""

        def laid_out(event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
            ft.context.disable_auto_update()  # type: ignore[no-untyped-call]
            self._seen(number, event.height)

        height = GUESS * self._count(number)
        box = ft.Container(
            height=height, alignment=ft.Alignment.TOP_CENTER, on_size_change=laid_out, size_change_interval=0
        )
        self._chunks[number] = _Chunk(number, box, height)
        return self._chunks[number]

    def _grow(self, length: int) -> None:
        """New rows at the end, which is in view."""
        first, self.length = self.length, length
        column: ft.Column | None = None
        for place in range(first, length):
            chunk = self._chunks.get(place // CHUNK) or self._stand(place // CHUNK)
            if chunk.rows and len(chunk.rows) == place % CHUNK:
                chunk.rows.append(self._make(place))
                column = _column(chunk)
                column.controls.append(chunk.rows[-1].control)
        self._near = self._last
        if self._chunks[self._near].rows:
            if column is not None:
                column.update()
            return
        self._fill(self._chunks[self._near])
        self._lay_out()
        self.list.update()
        self._soon(self._fill_around)

    def _make(self, place: int) -> StoryRow:
        row = self._row_at(place)
        return StoryRow(self.palette, row, self._hovered, picture=self._picture_of(row.portrait))

    def _wanted(self) -> set[int]:
        return {number for number in range(self._near - AROUND, self._near + AROUND + 1) if number in self._chunks}

    def _fill_around(self) -> None:
        """Fill what is near, one chunk at a time and the nearest first: who scrolls fast is soon elsewhere."""
        wanted = self._wanted()
        for chunk in self._chunks.values():
            if chunk.rows and chunk.number not in wanted:
                chunk.rows, chunk.box.content, chunk.box.height = [], None, chunk.height
                chunk.box.update()
        missing = sorted((abs(one - self._near), one) for one in wanted if not self._chunks[one].rows)
        if missing:
            self._fill(self._chunks[missing[0][1]])
            self._chunks[missing[0][1]].box.update()
        if len(missing) > 1:
            self._soon(self._fill_around)

    def _fill(self, chunk: _Chunk) -> None:
        first = chunk.number * CHUNK
        chunk.rows = [self._make(place) for place in range(first, first + self._count(chunk.number))]
        column = ft.Column([one.control for one in chunk.rows], spacing=0, tight=True)
        chunk.box.content, chunk.box.height = ft.Container(column, width=PAGE), None

    def _lay_out(self) -> None:
        """The list's controls: newest first, then one box for all that are older."""
        newest_first = [self._chunks[number].box for number in sorted(self._chunks, reverse=True)]
        oldest = min(self._chunks, default=0)
        self._rest.height = oldest * CHUNK * GUESS
        self.list.controls = [self._tail, *newest_first, self._rest]

    def _extend(self, down_to: int) -> None:
        """Let empty chunks stand at least down to this one."""
        oldest = min(self._chunks, default=0)
        if oldest > max(0, down_to):
            for number in range(oldest - 1, max(0, down_to) - 1, -1):
                self._stand(number)
            self._lay_out()
            self.list.update()

    # --- what the client tells --------------------------------------------------------------------------------------

    def _seen(self, number: int, height: float) -> None:
        chunk = self._chunks.get(number)
        if chunk is None:
            return
        if chunk.rows:
            chunk.height = height
        self._near = number
        self._laid_out.add(number)
        self._soon(self._look_around)

    def _look_around(self) -> None:
        self._extend(self._near - AROUND - AHEAD // 2)
        self._fill_around()

    def _rest_seen(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        ft.context.disable_auto_update()  # type: ignore[no-untyped-call]
        if not self._rest.height:
            return
        reach = 0.0
        oldest = min(self._chunks, default=0)
        for chunk in self._chunks.values():
            reach += chunk.height
        missing = int((self._pixels + self._view + CACHE - reach) / (GUESS * CHUNK)) + AHEAD
        self._near = max(0, oldest - max(1, missing - AHEAD))
        self._soon(self._look_around)

    def _scrolled(self, event: ft.OnScrollEvent) -> None:
        ft.context.disable_auto_update()  # type: ignore[no-untyped-call]
        self._pixels, self._view = event.pixels, event.viewport_dimension
        at_end = event.pixels <= NEAR_END
        if at_end != self.at_end:
            self.at_end = at_end
            self._moved()


def _column(chunk: _Chunk) -> ft.Column:
    frame = chunk.box.content
    assert isinstance(frame, ft.Container) and isinstance(frame.content, ft.Column)
    return frame.content
