"""The hive as a drawing: who is here, what runs between them, and pulses where messages flow.

Rules of this file:
- Shapes are made once for a set of members and links, and changed in place: a frame sends what moved, nothing else.
- Nothing moves while no message flows, and then nothing is sent.
- What the drawing shows is said in words too, in its accessible name; the table shows the same to the keyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import flet as ft
import flet.canvas as cv

from narrator_app.ui.palette import Palette
from narrator_app.views.hive_graph import Edge, Graph, Node, Tone, at, hit
from protocol.kinds import NARRATOR

PULSES = 32  # alive at a time; more would only be a flicker
PULSES_EACH = 2  # begun on one link in one step
PULSE_STEPS = 6  # from one end to the other
NARRATOR_SIZE = 26
HIDDEN = -100.0
LEGIBLE = 14.0  # pixels of a circle that letters fit in
SPARE = 30  # lines more than are needed: who is looked at has links that were not drawn
NAME = 14  # characters of a name that fit beside its neighbours


@dataclass
class _Pulse:
    """A message on its way: from which seat to which, and how many steps it has gone."""

    start: int
    end: int
    step: int = 0


class _Marks:
    """The shapes of one member. In a crowd it is a circle alone: every shape is compared for every frame."""

    def __init__(self, palette: Palette, node: Node, size: float) -> None:
        self.size = NARRATOR_SIZE if node.seat == NARRATOR else size
        bold = ft.TextStyle(size=max(9.0, self.size * 0.62), weight=ft.FontWeight.W_600)
        self.disc = cv.Circle(HIDDEN, HIDDEN, self.size, ft.Paint())
        self.ring = cv.Circle(HIDDEN, HIDDEN, self.size, ft.Paint(style=ft.PaintingStyle.STROKE, stroke_width=2.5))
        self.inside = cv.Text(HIDDEN, HIDDEN, "", bold, alignment=ft.Alignment.CENTER)
        self.name = _name(palette)
        self.shapes: list[cv.Shape] = [self.disc, self.ring]
        if self.size >= LEGIBLE:
            self.shapes += [self.inside, self.name]


class HiveGraph:
    """The drawing on one page. ``pick`` is called with the seat that was clicked, None for none; ``soon`` calls a
    function once in a moment, however often it was asked for.
    """

    def __init__(
        self,
        palette: Palette,
        you: str,
        pick: Callable[[int | None], None],
        soon: Callable[[Callable[[], None]], None],
    ) -> None:
        self._palette = palette
        self._soon = soon
        self._you = you
        self._pick = pick
        self._width, self._height = 420.0, 360.0
        self._graph = Graph((), (), 0)
        self._selected: int | None = None
        self._marks: dict[int, _Marks] = {}
        self._lines: list[cv.Line] = []
        self._halo = cv.Circle(HIDDEN, HIDDEN, 0, ft.Paint(color=ft.Colors.with_opacity(0.3, palette.accent)))
        self._chosen_name = _name(palette)
        self._dots = [cv.Circle(HIDDEN, HIDDEN, 3, ft.Paint(color=palette.accent)) for _ in range(PULSES)]
        self._pulses: list[_Pulse] = []
        self._counted: dict[int, tuple[int, int, int]] = {}
        self._places: dict[int, tuple[float, float]] = {}
        self._shape: tuple[object, ...] = ()
        self.canvas = cv.Canvas(expand=True, resize_interval=1, on_resize=self._resized)
        self.moving = cv.Canvas([*self._dots], expand=True)
        self.named = ft.Semantics(
            identifier="hive-graph",
            container=True,
            image=True,
            label="",
            expand=True,
            content=ft.GestureDetector(
                ft.Stack([self.canvas, self.moving], expand=True),
                on_tap_down=self._tapped,
                mouse_cursor=ft.MouseCursor.CLICK,
                exclude_from_semantics=True,
                expand=True,
            ),
        )

    def show(self, graph: Graph, selected: int | None, spoken: str) -> None:
        """Draw this; what is drawn already stays."""
        if (graph, selected) != (self._graph, self._selected) or not self._shape:
            self._graph, self._selected = graph, selected
            self._draw()
        if self.named.label != spoken:
            self.named.label = spoken
            self.named.update()

    def flow(self, traffic: Mapping[int, tuple[int, int, int]]) -> None:
        """Begin pulses where messages were counted since the last call: by seat the link, sent, and received."""
        for seat, (link, sent, received) in traffic.items():
            before = self._counted.get(seat)
            if before is not None and before[0] == link and seat in self._marks:
                self._begin(NARRATOR, seat, sent - before[1])
                self._begin(seat, NARRATOR, received - before[2])
        self._counted = dict(traffic)

    def step(self) -> None:
        """Move what moves; call some times a second."""
        if not self._pulses:
            return
        for pulse in self._pulses:
            pulse.step += 1
        self._pulses = [one for one in self._pulses if one.step < PULSE_STEPS and self._stands(one)]
        self._place_pulses()
        self.moving.update()

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _begin(self, start: int, end: int, messages: int) -> None:
        for number in range(min(messages, PULSES_EACH)):
            if len(self._pulses) < PULSES:
                self._pulses.append(_Pulse(start, end, -2 * number))

    def _stands(self, pulse: _Pulse) -> bool:
        return pulse.start in self._marks and pulse.end in self._marks

    def _draw(self) -> None:
        """Bring all shapes in step; they are made anew only when other members are to be seen."""
        self._places = {one.seat: at(one.x, one.y, self._width, self._height) for one in self._graph.nodes}
        nodes, edges = self._graph.nodes, self._graph.edges
        shape = (tuple(node.seat for node in nodes), self._graph.size)
        if shape != self._shape or len(edges) > len(self._lines):
            self._shape = shape
            self._marks = {node.seat: _Marks(self._palette, node, self._graph.size) for node in nodes}
            self._lines = [cv.Line(0, 0, 0, 0, ft.Paint(stroke_width=1.4)) for _ in range(len(edges) + SPARE)]
            marks = [one for marks in self._marks.values() for one in marks.shapes]
            self.canvas.shapes = [*self._lines, self._halo, *marks, self._chosen_name]
        for line, edge in zip(self._lines, edges, strict=False):
            self._draw_edge(line, edge)
        for line in self._lines[len(edges) :]:
            line.x1 = line.y1 = line.x2 = line.y2 = HIDDEN
        for node in nodes:
            self._draw_node(self._marks[node.seat], node)
        self._draw_choice()
        self.canvas.update()

    def _draw_edge(self, line: cv.Line, edge: Edge) -> None:
        palette = self._palette
        (line.x1, line.y1), (line.x2, line.y2) = self._at(edge.one), self._at(edge.other)
        colours = {"up": palette.ok, "lagging": palette.warn, "lost": palette.muted, "between": palette.line}
        is_chosen = self._selected in (edge.one, edge.other) and self._selected is not None
        faint = 0.15 if self._graph.size < LEGIBLE else 0.35 if edge.run == "lost" else 0.6
        opacity = 1.0 if is_chosen or edge.run == "between" else faint
        line.paint.color = ft.Colors.with_opacity(opacity, colours[edge.run])
        line.paint.stroke_width = 2.4 if is_chosen else 1.4
        line.paint.stroke_dash_pattern = [4, 5] if edge.run in ("lost", "lagging") else None

    def _draw_node(self, marks: _Marks, node: Node) -> None:
        palette, (x, y) = self._palette, self._places[node.seat]
        is_self = node.seat == NARRATOR
        for shape in (marks.disc, marks.ring, marks.inside):
            shape.x, shape.y = x, y
        marks.disc.paint.color = palette.accent if is_self else palette.raised if node.is_here else palette.panel
        marks.ring.paint.color = palette.accent if is_self else tone_colour(palette, node.tone)
        marks.ring.paint.stroke_dash_pattern = None if node.is_here else [3, 3]
        if marks.size < LEGIBLE:
            return
        assert marks.inside.style is not None and marks.name.style is not None
        marks.inside.value = self._you if is_self else node.initials
        marks.inside.style.color = palette.on_accent if is_self else palette.text if node.is_here else palette.muted
        marks.name.value = "" if is_self else _short(node.name)
        marks.name.style.color = palette.text if node.seat == self._selected else palette.muted
        self._place_name(marks.name, marks.size, x, y)

    def _draw_choice(self) -> None:
        """A halo around the member that is looked at, and in a crowd its name above all others."""
        chosen = next((one for one in self._graph.nodes if one.seat == self._selected), None)
        x, y = self._places[chosen.seat] if chosen is not None else (HIDDEN, HIDDEN)
        marks = self._marks[chosen.seat] if chosen is not None else None
        size = marks.size if marks is not None else 0
        self._halo.x, self._halo.y, self._halo.radius = x, y, size + 6
        assert self._chosen_name.style is not None
        self._chosen_name.value = chosen.name if chosen is not None and size < LEGIBLE else ""
        self._chosen_name.style.color = self._palette.text
        self._chosen_name.style.bgcolor = self._palette.panel
        self._place_name(self._chosen_name, size, x, y)

    def _place_name(self, name: cv.Text, size: float, x: float, y: float) -> None:
        is_above = y < self._height / 2 - 1
        name.x, name.y = x, y - size - 4 if is_above else y + size + 4
        name.alignment = ft.Alignment.BOTTOM_CENTER if is_above else ft.Alignment.TOP_CENTER

    def _place_pulses(self) -> None:
        for dot, pulse in zip(self._dots, self._pulses, strict=False):
            (x1, y1), (x2, y2) = self._at(pulse.start), self._at(pulse.end)
            part = pulse.step / PULSE_STEPS
            dot.x, dot.y = (x1 + (x2 - x1) * part, y1 + (y2 - y1) * part) if part >= 0 else (HIDDEN, HIDDEN)
        for dot in self._dots[len(self._pulses) :]:
            dot.x = dot.y = HIDDEN

    def _at(self, seat: int) -> tuple[float, float]:
        return self._places.get(seat, (HIDDEN, HIDDEN))

    # --- what a person does -----------------------------------------------------------------------------------------

    def _resized(self, event: cv.CanvasResizeEvent) -> None:
        self._width, self._height = event.width, event.height
        self._soon(self._draw)

    def _tapped(self, event: ft.TapEvent[ft.GestureDetector]) -> None:
        place = event.local_position
        if place is not None:
            reach = max(NARRATOR_SIZE, self._graph.size + 8)
            self._pick(hit(self._graph.nodes, place.x, place.y, self._width, self._height, reach))


def tone_colour(palette: Palette, tone: Tone) -> str:
    """The colour of a tone in this theme."""
    return {
        "ok": palette.ok,
        "warn": palette.warn,
        "danger": palette.danger,
        "accent": palette.accent,
        "muted": palette.muted,
    }[tone]


def _name(palette: Palette) -> cv.Text:
    return cv.Text(HIDDEN, HIDDEN, "", ft.TextStyle(size=palette.size(12)), alignment=ft.Alignment.TOP_CENTER)


def _short(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: NAME - 1].rstrip()}…"
