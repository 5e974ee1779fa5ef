"""One row of the story, as a page of a book shows it: who speaks in the margin, then the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import STORY, STORY_ITALIC, Palette
from narrator_app.views.stage import Note, Row, pieces
from protocol.shapes import Span

MARGIN = 52  # px on the left, where the face of whoever speaks stands
GUTTER = 150  # px on the right, where what can be done with a row appears
MEASURE = 640  # px of text: some seventy letters a line
PAGE = MARGIN + MEASURE + GUTTER
SIZE, LEADING = 18, 1.55
FACE = 34


def story_style(palette: Palette, colour: str = "") -> ft.TextStyle:
    """The letters of the story."""
    return ft.TextStyle(
        size=palette.size(SIZE),
        height=LEADING,
        font_family=STORY,
        color=colour or palette.text,
        weight=ft.FontWeight.W_400,
    )


def face(palette: Palette, name: str, colour: str, size: float = FACE, picture: bytes | None = None) -> ft.Control:
    """A small picture, for it is sent with every row; else the first letters of a name on its colour."""
    ink = palette.speaker(colour)
    if picture is not None:
        return ft.Image(src=picture, width=size, height=size, fit=ft.BoxFit.COVER, border_radius=size / 2)
    initials = "".join(part[0] for part in name.split()[:2]).upper() or "?"
    return ft.Container(
        ft.Text(initials, size=size * 0.38, color=ink, weight=ft.FontWeight.W_600),
        width=size,
        height=size,
        border_radius=size / 2,
        border=ft.Border.all(1.2, ft.Colors.with_opacity(0.7, ink)),
        bgcolor=ft.Colors.with_opacity(0.12, ink),
        alignment=ft.Alignment.CENTER,
    )


def in_margin(palette: Palette, name: str, colour: str, picture: bytes | None = None) -> ft.Control:
    """A face in the margin beside the words."""
    return ft.Container(
        face(palette, name, colour, picture=picture),
        width=MARGIN,
        padding=ft.Padding.only(top=2),
        alignment=ft.Alignment.TOP_LEFT,
    )


def words(
    palette: Palette, row_spans: Sequence[Span], said: int | None, spoken: int | None, ink: str
) -> list[ft.TextSpan]:
    """The words of a row: actions and thoughts set apart, what nobody heard in grey, what is being said marked up to
    the character ``spoken``.
    """
    cut = said if spoken is None else spoken
    found = []
    for number, one in enumerate(pieces(row_spans, cut)):
        text = one.text if not number or one.joined else f" {one.text}"
        if one.kind == "thought":
            text = f" ({one.text})" if number else f"({one.text})"
        style = ft.TextStyle()
        if one.kind != "speech":
            style.font_family, style.color = STORY_ITALIC, palette.muted
        if said is not None and spoken is None and not one.said:
            style.color = palette.muted
            style.decoration, style.decoration_color = ft.TextDecoration.LINE_THROUGH, palette.line
        if spoken is not None and one.said and one.kind == "speech":
            style.bgcolor = ft.Colors.with_opacity(0.22, ink)
        found.append(ft.TextSpan(text, style=style))
    return found


class StoryRow:
    """The controls of one row. ``hovered`` is called with the row when the pointer comes, and None when it leaves."""

    def __init__(
        self,
        palette: Palette,
        row: Row,
        hovered: Callable[[StoryRow, bool], None],
        name: str = "",
        picture: bytes | None = None,
    ) -> None:
        self.palette = palette
        self.picture = picture
        self.row = row
        self.spoken: int | None = None
        self._text = ft.Text()
        self._gutter = ft.Stack(
            [ft.Container(width=GUTTER, height=1)], width=GUTTER, clip_behavior=ft.ClipBehavior.NONE
        )
        self._middle = ft.Column(spacing=3, expand=True, tight=True)
        self._box = ft.Container(
            border_radius=10,
            on_hover=lambda event: hovered(self, event.data in (True, "true")),
        )
        self.scroll_key = row.id.hex()[:12]
        self.control = ft.Semantics(
            identifier=name or f"row-{self.scroll_key}",
            container=True,
            content=self._box,
            key=ft.ScrollKey(self.scroll_key),  # type: ignore[call-arg]
        )
        self._draw()

    def show(self, row: Row, picture: bytes | None = None) -> bool:
        """Become this row; whether anything had to be changed."""
        if row == self.row and picture is self.picture:
            return False
        self.row, self.picture = row, picture
        self._draw()
        self._box.update()
        return True

    def follow(self, spoken: int | None) -> None:
        """Mark what is being said, up to a character; None: nothing is."""
        if spoken != self.spoken:
            self.spoken = spoken
            self._text.spans = self._words()
            self._text.update()

    def offer(self, deeds: ft.Control | None, *, selected: bool) -> None:
        """Show what can be done with it in the margin, or nothing."""
        over = [] if deeds is None else [ft.Container(deeds, left=8, top=0, width=GUTTER - 8)]
        self._gutter.controls[1:] = over  # laid over the margin, so that the row keeps its height
        colour = ft.Colors.with_opacity(0.11, self.palette.accent) if selected else self._ground
        if self._box.bgcolor != colour:
            self._box.bgcolor = colour
            self._box.update()
        else:
            self._gutter.update()

    async def focus(self) -> None:
        """Let the keyboard stand on the first of what can be done with it."""
        over = self._gutter.controls[-1]
        buttons = over.content if isinstance(over, ft.Container) else None
        if isinstance(buttons, ft.Row) and buttons.controls and isinstance(buttons.controls[0], ft.IconButton):
            await buttons.controls[0].focus()  # type: ignore[no-untyped-call]

    def replace_text(self, instead: ft.Control | None, *, keep: bool = False) -> None:
        """Put something in the place of the words, or (``keep``) below them; None puts the words back alone."""
        if instead is not None and keep:
            self._middle.controls = [*self._lines(None), instead]
        else:
            self._middle.controls = self._lines(instead)
        self._middle.update()

    @property
    def _ground(self) -> str | None:
        """What is told to one alone stands on other paper."""
        return ft.Colors.with_opacity(0.55, self.palette.raised) if self.row.kind == "whisper" else None

    def _draw(self) -> None:
        row = self.row
        self._text.spans = self._words()
        self._text.style = story_style(self.palette)
        self._middle.controls = self._lines(None)
        left: ft.Control = ft.Container(width=MARGIN)
        if row.is_line or row.kind == "whisper":
            name, colour = (row.speaker, row.colour) if row.is_line else (say("stage.you"), self.palette.muted)
            left = in_margin(self.palette, name, colour, self.picture)
        left.tooltip = datetime.fromtimestamp(row.at / 1000).strftime("%d %b %H:%M") if row.at else None
        self._box.content = ft.Row(
            [left, self._middle, self._gutter], spacing=0, vertical_alignment=ft.CrossAxisAlignment.START
        )
        self._box.margin = ft.Margin.only(top=18 if row.kind in ("narration", "scene") else 4)
        self._box.padding = ft.Padding.symmetric(vertical=6)
        self._box.bgcolor = self._ground

    def _lines(self, instead: ft.Control | None) -> list[ft.Control]:
        row, palette = self.row, self.palette
        found: list[ft.Control] = []
        if row.is_line or row.kind == "whisper":
            found.append(self._head())
        if row.kind == "scene" and instead is None:
            found.append(self._scene())
        else:
            found.append(instead or self._text)
        if not row.is_line and row.kind != "whisper" and row.edited:
            found.append(ft.Text(say("stage.edited"), size=palette.size(11), color=palette.muted))
        return [*found, *(self._note(one) for one in row.notes), *(self._mark(one) for one in row.marks)]

    def _head(self) -> ft.Control:
        row, palette = self.row, self.palette
        name, ink = (row.speaker, palette.speaker(row.colour)) if row.is_line else (say("stage.you"), palette.muted)
        spans = [ft.TextSpan(name, style=ft.TextStyle(color=ink, weight=ft.FontWeight.W_700))]
        others = [one for one in row.private if one != row.speaker]
        marks = []
        if row.private:
            marks.append(say("stage.alone", names=", ".join(others)) if others else say("stage.to_you_alone"))
        if row.takes > 1:
            marks.append(say("stage.take_of", take=row.take, takes=row.takes))
        if row.edited:
            marks.append(say("stage.edited"))
        if row.said is not None:
            marks.append(say("stage.cut_off"))
        spans += [ft.TextSpan(f"   {one}") for one in marks]
        return ft.Text(spans=spans, size=palette.size(12.5), color=palette.muted)

    def _scene(self) -> ft.Control:
        line = ft.Container(height=1, bgcolor=self.palette.line, expand=True)
        self._text.style = ft.TextStyle(
            size=self.palette.size(SIZE - 1), height=1.4, font_family=STORY_ITALIC, color=self.palette.muted
        )
        self._text.text_align, self._text.expand = ft.TextAlign.CENTER, 6
        rest = ft.Container(height=1, bgcolor=self.palette.line, expand=True)
        return ft.Row([line, self._text, rest], spacing=14)

    def _note(self, note: Note) -> ft.Control:
        text = note.why if note.speaker in note.why else f"{note.speaker}: {note.why}"
        return self._remark(ft.Icons.VOICE_OVER_OFF_OUTLINED, text, self.palette.muted)

    def _mark(self, name: str) -> ft.Control:
        return self._remark(ft.Icons.BOOKMARK_OUTLINE, name, self.palette.accent)

    def _remark(self, icon: ft.IconData, text: str, colour: str) -> ft.Control:
        return ft.Row(
            [
                ft.Icon(icon, size=self.palette.size(14), color=colour),
                ft.Text(text, size=self.palette.size(12.5), color=colour, expand=True),
            ],
            spacing=6,
        )

    def _words(self) -> list[ft.TextSpan]:
        row, palette = self.row, self.palette
        if row.hidden:
            style = ft.TextStyle(font_family=STORY_ITALIC, color=palette.muted)
            return [ft.TextSpan(say(f"stage.hidden_{row.hidden}"), style=style)]
        return words(palette, row.spans, row.said, self.spoken, palette.speaker(row.colour))
