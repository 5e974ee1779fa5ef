"""The map of branches on one page: lanes drawn on the left, a button for each stop, and what can be done with one.

Rules of this file:
- The drawing says nothing that the buttons do not say in words; a screen reader and the keyboard need only these.
"""

from __future__ import annotations

from collections.abc import Callable

import flet as ft
import flet.canvas as cv

from narrator_app.phrases import say
from narrator_app.ui.palette import STORY, Palette
from narrator_app.ui.parts import action, identified, label
from narrator_app.views.library_map import BranchMap, Stop, Stretch

ROW = 54  # pixels of a stop
LANE = 24  # between two lanes, while there are few
ABOVE = 5  # stops that are shown above the one that is looked at
LANES_WIDTH = 180  # pixels that all lanes together take at most
EDGE = 18
STEPS = {"Arrow Up": -1, "Arrow Down": 1}
ICONS = {
    "here": ft.Icons.EDIT_LOCATION_ALT_OUTLINED,
    "checkpoint": ft.Icons.BOOKMARK_OUTLINE,
    "branch": ft.Icons.CALL_SPLIT,
}


class MapPanel:
    """``go`` takes the story to a stop, ``read`` shows it on the stage."""

    def __init__(self, palette: Palette, go: Callable[[Stop], None], read: Callable[[Stop], None]) -> None:
        self._palette = palette
        self._go = go
        self._read = read
        self._map: BranchMap | None = None
        self._chosen = -1
        self._canvas = cv.Canvas(width=0, height=0)
        self._rows = ft.Column(spacing=0, expand=True)
        self._legend = label(palette, "", size=13)
        self._deeds = ft.Container(visible=False)
        self._drawing = ft.Row([self._canvas, self._rows], spacing=8, vertical_alignment=ft.CrossAxisAlignment.START)
        self._scroll = ft.Column([self._drawing], scroll=ft.ScrollMode.AUTO, expand=True)
        self.control = identified(
            "branch-map",
            ft.Column(
                [self._legend, self._deeds, self._scroll],
                spacing=10,
                expand=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
        )
        self.control.expand = True

    def show(self, shown: BranchMap) -> None:
        """Draw this; what is drawn already stays."""
        if shown == self._map:
            return
        self._map, self._chosen = shown, -1
        self._draw(shown)
        self._rows.controls = [self._row(one, self._before(shown, one)) for one in shown.stops]
        self._legend.value = self._legend_words(shown)
        self._deeds.visible = False
        self.control.update()
        here = next(one.row for one in shown.stops if one.kind == "here")  # what one looks for first
        self.control.page.run_task(self._to_row, here)

    async def _to_row(self, row: int) -> None:
        if self._map is not None and self._scroll.parent is not None:
            await self._scroll.scroll_to(offset=max(0, (row - ABOVE) * ROW), duration=0)

    def _legend_words(self, shown: BranchMap) -> str:
        words = say("library.map_straight") if not shown.branches else say("library.map_branches", count=shown.branches)
        return f"{words} {say('library.map_left_out', count=shown.left_out)}" if shown.left_out else words

    def _before(self, shown: BranchMap, stop: Stop) -> Stretch | None:
        return next((one for one in shown.stretches if one.lower == stop.row), None)

    # --- the drawing ------------------------------------------------------------------------------------------------

    def _draw(self, shown: BranchMap) -> None:
        step = min(LANE, LANES_WIDTH / max(1, shown.lanes))

        def place(lane: int, row: int) -> tuple[float, float]:
            return EDGE + lane * step, row * ROW + ROW / 2

        shapes: list[cv.Shape] = [self._line(one, place) for one in sorted(shown.stretches, key=lambda one: one.on_way)]
        for stop in shown.stops:
            shapes += self._mark(stop, *place(stop.lane, stop.row))
        self._canvas.shapes = shapes
        self._canvas.width = EDGE * 2 + (shown.lanes - 1) * step
        self._canvas.height = len(shown.stops) * ROW

    def _line(self, stretch: Stretch, place: Callable[[int, int], tuple[float, float]]) -> cv.Shape:
        palette = self._palette
        upper_x, upper_y = place(stretch.upper_lane, stretch.upper)
        lower_x, lower_y = place(stretch.lower_lane, stretch.lower)
        bend = upper_y + ROW * 0.9
        elements: list[cv.Path.PathElement] = [cv.Path.MoveTo(upper_x, upper_y)]
        if upper_x != lower_x:
            elements.append(cv.Path.CubicTo(upper_x, bend, lower_x, upper_y, lower_x, bend))
        elements.append(cv.Path.LineTo(lower_x, lower_y))
        paint = ft.Paint(
            style=ft.PaintingStyle.STROKE,
            stroke_width=3 if stretch.on_way else 2,
            color=palette.accent if stretch.on_way else palette.muted,
            stroke_dash_pattern=None if stretch.on_way else [5, 4],
        )
        return cv.Path(elements, paint)

    def _mark(self, stop: Stop, x: float, y: float) -> list[cv.Shape]:
        palette = self._palette
        ink = palette.accent if stop.on_way else palette.muted
        inside = ink if stop.kind in ("here", "checkpoint") else palette.page
        size = {"here": 7.0, "fork": 4.5}.get(stop.kind, 6.0)
        marks: list[cv.Shape] = [
            cv.Circle(x, y, size, ft.Paint(color=inside)),
            cv.Circle(x, y, size, ft.Paint(style=ft.PaintingStyle.STROKE, stroke_width=2, color=ink)),
        ]
        if stop.kind == "here":
            ring = ft.Paint(style=ft.PaintingStyle.STROKE, stroke_width=1.5, color=ink)
            marks.append(cv.Circle(x, y, size + 4.5, ring))
        return marks

    # --- the stops --------------------------------------------------------------------------------------------------

    def _row(self, stop: Stop, before: Stretch | None) -> ft.Control:
        palette = self._palette
        is_named = stop.kind in ("here", "checkpoint", "branch")
        title = ft.Text(
            stop.title,
            size=palette.size(14.5 if is_named else 13),
            weight=ft.FontWeight.W_600 if is_named else None,
            color=palette.text if stop.on_way else palette.muted,
            max_lines=1,
            overflow=ft.TextOverflow.ELLIPSIS,
            expand=True,
        )
        further = say("library.map_later", count=before.words) if before is not None and before.count else ""
        said = ft.Text(
            stop.text if stop.id else "",
            size=palette.size(13),
            font_family=STORY,
            color=palette.muted,
            max_lines=1,
            overflow=ft.TextOverflow.ELLIPSIS,
        )
        return ft.TextButton(
            content=ft.Column(
                [ft.Row([*self._icon(stop), title, label(palette, further, size=12)], spacing=8), said],
                spacing=1,
                tight=True,
                alignment=ft.MainAxisAlignment.CENTER,
            ),
            height=ROW,
            on_click=lambda event: self._choose(stop.row),
            style=self._look(chosen=False),
        )

    def _icon(self, stop: Stop) -> list[ft.Control]:
        """What kind of place it is, also for those who hear it."""
        if stop.kind not in ICONS:
            return []
        palette = self._palette
        ink = palette.accent if stop.on_way else palette.muted
        return [ft.Icon(ICONS[stop.kind], size=16, color=ink, semantics_label=say(f"library.map_{stop.kind}"))]

    def _look(self, *, chosen: bool) -> ft.ButtonStyle:
        palette = self._palette
        return ft.ButtonStyle(
            padding=ft.Padding.symmetric(vertical=4, horizontal=10),
            shape=ft.RoundedRectangleBorder(radius=8),
            bgcolor=palette.raised if chosen else None,
        )

    def _choose(self, row: int) -> None:
        if self._map is None:
            return
        for number in {self._chosen, row} - {-1}:
            button = self._rows.controls[number]
            assert isinstance(button, ft.TextButton)
            button.style = self._look(chosen=number == row)
            button.update()
        self._chosen = row
        self._offer(self._map.stops[row])

    def _offer(self, stop: Stop) -> None:
        palette = self._palette
        buttons: list[ft.Control] = []
        if stop.kind != "here":
            buttons.append(
                action(
                    palette,
                    say("library.go_back_here"),
                    lambda event: self._go(stop),
                    icon=ft.Icons.HISTORY,
                    key="G",
                    kind="filled",
                )
            )
        if stop.on_way and stop.id:
            read = say("library.read_it")
            buttons.append(
                action(palette, read, lambda event: self._read(stop), icon=ft.Icons.AUTO_STORIES_OUTLINED, key="R")
            )
        said: list[ft.Control] = [
            ft.Text(stop.title, size=palette.size(15), weight=ft.FontWeight.W_600, color=palette.text)
        ]
        if stop.id:
            said.append(ft.Text(stop.text, size=palette.size(14), font_family=STORY, color=palette.text))
        words = ft.Column(said, spacing=2, tight=True)
        self._deeds.content = ft.Column([words, ft.Row(buttons, spacing=8, wrap=True)], spacing=10, tight=True)
        self._deeds.padding = 14
        self._deeds.border_radius = 10
        self._deeds.bgcolor = palette.panel
        self._deeds.border = ft.Border.all(1, palette.line)
        self._deeds.visible = True
        self._deeds.update()

    def pressed(self, key: str) -> bool:
        """Up and Down choose a stop, G goes back to it, R reads it."""
        if self._map is None:
            return False
        if key in STEPS:
            last = len(self._map.stops) - 1
            begin = last + 1 if self._chosen < 0 else self._chosen
            self._choose(max(0, min(last, begin + STEPS[key])))
            self.control.page.run_task(self._to_row, self._chosen)
            return True
        if self._chosen < 0:
            return False
        stop = self._map.stops[self._chosen]
        if key == "G" and stop.kind != "here":
            self._go(stop)
        elif key == "R" and stop.on_way and stop.id:
            self._read(stop)
        else:
            return False
        return True
