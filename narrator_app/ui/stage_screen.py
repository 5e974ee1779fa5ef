"""The stage: the story as a page to read, and below it the box in which it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flet as ft

from dwnet.hearing import Said
from dwnet.text import clean
from narrator_app.direction import unknown_names
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.ui.parts import identified
from narrator_app.ui.stage_around import footnote, nothing_told, to_the_end
from narrator_app.ui.stage_box import NarrationBox
from narrator_app.ui.stage_deeds import Deeds, quietly
from narrator_app.ui.stage_page import StoryPage
from narrator_app.ui.stage_queue import HOLD_KEY, REVIEW_KEY, SpeakerStrip
from narrator_app.ui.stage_review import ReviewBar
from narrator_app.ui.stage_row import PAGE, StoryRow
from narrator_app.ui.stage_stream import StreamingLine
from narrator_app.views.completion import Mode
from narrator_app.views.stage import Row, StageView, row_at, row_told, stage_view
from protocol.story import Story

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

AT_ONCE = frozenset({"narrated", "accepted", "line"})  # what whoever tells waits to see


class StageScreen:
    """The main screen. It shows a :class:`StageView` and rows, and sends intents."""

    name = "stage"

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        palette = desk.palette
        self.deeds = Deeds(desk, self._field_closed)
        self.page = StoryPage(palette, self._row_at, self._hovered, self._moved, desk.soon, self._picture_of)
        self.box = NarrationBox(desk, self._telling)
        self.strip = SpeakerStrip(desk)
        self.review = ReviewBar(desk)
        self._stream: StreamingLine | None = None
        self._told: ft.Control | None = None  # what is being told, until it is part of the story
        self._under: StoryRow | None = None  # under the pointer
        self._selected = b""
        self._view: StageView | None = None
        self._empty = ft.Container(visible=False, expand=True, alignment=ft.Alignment.CENTER)
        self._jump = ft.Container(visible=False, bottom=12, right=24)
        self._root = ft.Container()

    # --- what a page asks of a screen -------------------------------------------------------------------------------

    def build(self) -> ft.Control:
        """Its controls."""
        palette = self.desk.palette
        below = ft.Column(
            [self.review.build(), self.strip.build(), self.box.build(), footnote(self.desk)], spacing=8, tight=True
        )
        foot = ft.Container(
            ft.Container(below, width=PAGE),
            alignment=ft.Alignment.BOTTOM_CENTER,
            padding=ft.Padding.only(left=20, right=20, top=8, bottom=8),
            border=ft.Border(top=ft.BorderSide(1, palette.line)),
            bgcolor=palette.page,
        )
        above = ft.Stack([identified("story", self.page.list), self._empty, self._jump], expand=True)
        self._root = ft.Container(identified("stage", ft.Column([above, foot], spacing=0, expand=True)), expand=True)
        return self._root

    def shown(self) -> None:
        """It came into view."""
        story = self._story
        if story is None:
            return
        self._stream = None
        self.page.open(story.length)
        self._put_tail(None)
        self._show()
        self.box.ear.shown()

    def refresh(self) -> None:
        """Bring the controls in step with the story."""
        story = self._story
        if story is None or not self._is_on_page():
            return
        if self.deeds.editing is None:
            grown = story.length > self.page.length
            self.page.refresh(story.length)
            if grown and self.page.is_nearly_there:
                self.desk.page.run_task(self.page.settle)
        self._show()

    def happened(self, one: Happening) -> None:
        """Something happened to the story."""
        self.box.ear.happened(one, seen=self._is_on_page())
        if not self._is_on_page():
            return
        match one["event"]:
            case "token":
                self._token(bytes.fromhex(one["cue"]))
            case "shown" if isinstance(one["shown"], Said):
                self._said(one["shown"])
            case "words" | "shown" | "hearing" | "heard":
                return
            case event if event in AT_ONCE:
                self.refresh()
                if event == "narrated" and self._told is not None:
                    self._put_tail(None)
            case _:
                self.desk.soon(self.refresh)

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """A key was pressed."""
        if self.deeds.pressed(key) or self.box.pressed(key) or self.review.pressed(key):
            return True
        if key.key in ("Arrow Up", "Arrow Down") and key.alt:
            self._select(-1 if key.key == "Arrow Up" else 1)
        elif key.key == "End" and key.alt:
            self._to_end()
        elif key.key == HOLD_KEY:
            self.strip.hold()
        elif key.key == REVIEW_KEY:
            self.strip.review()
        elif key.key == "Escape" and self._selected and not self._is_loud():
            self._choose(None)
        elif (row := self.page.row(self._selected)) is not None and (key.alt or not self.box.focused):
            return not (key.ctrl or key.meta) and self.deeds.do(key.key, row)
        else:
            return False
        return True

    def find(self, place: str) -> None:
        """Go to the passage an entry stands in."""
        story = self._story
        passage = story.passage_of(bytes.fromhex(place)) if story is not None else None
        at = story.place_of(passage.id) if story is not None and passage is not None else None
        if passage is None or at is None:
            self.desk.tell(say("stage.not_here"), say("stage.not_here_hint"))
            return
        self._selected = passage.id
        self.desk.page.run_task(self.page.to_place, at)
        self.desk.soon(self._offer_selected)

    # --- showing ----------------------------------------------------------------------------------------------------

    @property
    def _story(self) -> Story | None:
        evening = self.desk.evening
        return evening.desk.narrator.story if evening is not None else None

    def _is_loud(self) -> bool:
        """Somebody writes or speaks: then Escape is the hush."""
        evening = self.desk.evening
        writes = self._view is not None and self._view.writing is not None
        return writes or (evening is not None and evening.stage.busy())

    def _is_on_page(self) -> bool:
        """Another screen may stand in its place: a control that was there before still names its page then."""
        frame = self._root.parent
        return isinstance(frame, ft.Container) and frame.content is self._root

    def _row_at(self, place: int) -> Row:
        story = self._story
        assert story is not None
        return row_at(story, place)

    def _show(self) -> None:
        evening = self.desk.evening
        if evening is None:
            return
        narrator = evening.desk.narrator
        view = stage_view(
            narrator.story,
            narrator.node.ledger.authority,
            narrator.queue(),
            narrator.written,
            review=narrator.review,
            held=narrator.held,
        )
        before, self._view = self._view, view
        self.strip.show(view)
        self.review.show(view.waiting)
        self._show_stream(view)
        if before is None or before.cast != view.cast:
            self.box.refresh_cast()
        self._show_empty(view)
        if self.deeds.editing is None and self._selected:
            self._offer_selected()

    def _show_stream(self, view: StageView) -> None:
        writing = view.writing
        if writing is None:
            if self._stream is not None:
                self._stream = None
                self._put_tail(self._told)
        elif self._stream is None or self._stream.cue != writing.cue:
            if self.page.at_end:
                self._stream = StreamingLine(self.desk.palette, writing, self._picture_of(writing.portrait))
                self._put_tail(self._told)
        elif self.page.at_end:
            self._stream.show(writing.text)
        if not self.page.at_end:
            self._show_jump()

    def _token(self, cue: bytes) -> None:
        evening = self.desk.evening
        if evening is None:
            return
        if self._stream is None or self._stream.cue != cue:
            self._show()
        elif self.page.at_end:
            if self._stream.begins:
                self.desk.soon(self._show)  # who was asked speaks now
            self._stream.show(evening.desk.narrator.written.get(cue, ""))

    def _said(self, said: Said) -> None:
        story = self._story
        passage = story.passage_of(said.entry) if story is not None and said.entry else None
        playing = said.entry if not said.over else b""
        if playing != self.deeds.playing:
            self.deeds.playing = playing
            if self.deeds.editing is None:
                self._offer(self._under)
                self._offer_selected()
        if passage is not None:
            self.page.follow(passage.id, None if said.over else said.characters)

    def _show_empty(self, view: StageView) -> None:
        nothing = view.length == 0 and view.writing is None
        if nothing == self._empty.visible and not (nothing and self._empty.data != bool(view.cast)):
            return
        self._empty.visible, self._empty.data = nothing, bool(view.cast)
        if nothing:
            self._empty.content = nothing_told(self.desk, view)
        self._empty.update()

    # --- the end of the page ----------------------------------------------------------------------------------------

    def _moved(self) -> None:
        """The reader came to the end, or left it, or something new waits there."""
        if self.page.at_end and self.page.behind:
            self.refresh()
        elif self.page.at_end:
            self._show()
        self._show_jump()

    def _show_jump(self) -> None:
        writing = self._view.writing if self._view is not None else None
        words = say("stage.to_end")
        if writing is not None:
            words = say("stage.speaks_below", name=writing.speaker)
        elif self.page.behind:
            words = say("stage.more_below")
        if (self._jump.visible, self._jump.data) == (not self.page.at_end, words):
            return
        self._jump.visible, self._jump.data = not self.page.at_end, words
        self._jump.content = to_the_end(self.desk, words, self._to_end)
        self._jump.update()

    def _telling(self, text: str, mode: Mode) -> None:
        """Whoever tells wants to see it, and at once: what is being committed stands below the last row already."""
        evening = self.desk.evening
        if evening is None or not text:
            self._put_tail(None)
            return
        if self._selected:
            self._choose(None)
        if not self.page.at_end:
            self._to_end()
        elif mode.kind != "say" or not (
            text.lstrip().startswith("/") or unknown_names(text, evening.desk.narrator.story)
        ):
            row = row_told(clean(text), mode.kind, mode.to)
            self._put_tail(StoryRow(self.desk.palette, row, lambda row, over: quietly(), "telling").control)

    def _picture_of(self, blob: bytes) -> bytes | None:
        """The portrait that stands beside a line, once it is here."""
        evening = self.desk.evening
        return evening.desk.casting.portraits.small.get(blob) if blob and evening is not None else None

    def _put_tail(self, told: ft.Control | None) -> None:
        """Below the last row stands what is being told, or else who speaks."""
        self._told = told
        self.page.tail(told or (self._stream.control if self._stream is not None else None))

    def _to_end(self) -> None:
        quietly()
        story = self._story
        if story is not None:
            self._stream = None
            self.desk.page.run_task(self.page.to_end, story.length)
            self.desk.soon(self.refresh)

    # --- one row ----------------------------------------------------------------------------------------------------

    def _hovered(self, row: StoryRow, over: bool) -> None:
        quietly()
        if self.deeds.editing is not None or row.row.id == self._selected:
            return
        if over:
            self._under, row_before = row, self._under
            self._offer(row_before)
            self._offer(row)
        elif row is self._under:
            self._under = None
            self._offer(row)

    def _offer(self, row: StoryRow | None) -> None:
        """What can be done stands beside the row that is selected, and the one under the pointer."""
        if row is not None:
            selected = row.row.id == self._selected
            row.offer(self.deeds.buttons(row) if selected or row is self._under else None, selected=selected)

    def _offer_selected(self) -> None:
        self._offer(self.page.row(self._selected))

    def _select(self, step: int) -> None:
        rows = self.page.rows()
        if not rows:
            quietly()
            return
        at = next((index for index, one in enumerate(rows) if one.row.id == self._selected), len(rows))
        self._choose(rows[max(0, min(len(rows) - 1, at + step))])

    def _choose(self, row: StoryRow | None) -> None:
        before, self._selected = self.page.row(self._selected), row.row.id if row is not None else b""
        self._offer(before)
        self._offer(row)
        if row is not None:
            self.desk.page.run_task(self.page.bring, row)
            self.desk.page.run_task(row.focus)
        else:
            self.desk.page.run_task(self.box.field.focus)

    def _field_closed(self) -> None:
        self.desk.soon(self.refresh)
