"""The panel beside the cast: its frame, and the small ones: output of a process, the sample cast, an import, a seat in
the audience.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import flet as ft

from dwnet.card import Card, read_card
from dwnet.card_picture import is_png
from dwnet.card_reading import CardError
from narrator_app.phrases import say
from narrator_app.ui.parts import action, field, heading, icon_button, identified, label, portrait, read_out
from narrator_app.views.cast import line_of, sample_card

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

WIDTH = 424  # logical pixels
CARD_FILES = ["png", "json"]
Take = Callable[[Card, bytes | None, Path | None], None]  # a card, its picture, where its file lies


class Panel(Protocol):
    """What may stand beside the cast. ``place`` tells panels apart."""

    place: str

    def build(self) -> ft.Control:
        """Its controls; called once."""
        ...

    def refresh(self) -> None:
        """Bring it in step with the story."""
        ...


def framed(
    desk: PageDesk, title: str, body: list[ft.Control], shut: Callable[[], None], foot: ft.Control | None = None
) -> ft.Control:
    """A panel with a title, a way out, a part that scrolls, and what stands still below it."""
    palette = desk.palette
    head = ft.Row(
        [
            ft.Container(heading(palette, title, 20), expand=True),
            icon_button(palette, ft.Icons.CLOSE, say("cast.shut"), lambda event: shut(), key="Esc"),
        ],
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    inside = ft.Container(
        ft.Column(body, spacing=14, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        padding=ft.Padding.only(top=6, right=10),
    )
    middle = ft.Column(
        [inside], expand=True, scroll=ft.ScrollMode.AUTO, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )
    parts: list[ft.Control] = [head, middle]
    if foot is not None:
        parts.append(
            ft.Container(foot, border=ft.Border(top=ft.BorderSide(1, palette.line)), padding=ft.Padding.only(top=12))
        )
    return identified(
        "cast-panel",
        ft.Container(
            ft.Column(parts, spacing=12, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
            width=WIDTH,
            padding=ft.Padding.only(left=20, top=16, right=16, bottom=16),
            bgcolor=palette.panel,
            border=ft.Border(left=ft.BorderSide(1, palette.line)),
        ),
    )


def section(desk: PageDesk, title: str, text: str = "") -> list[ft.Control]:
    """The beginning of a part of a panel."""
    palette = desk.palette
    found: list[ft.Control] = [
        ft.Text(title, size=palette.size(15), weight=ft.FontWeight.W_600, color=palette.accent),
    ]
    if text:
        found.append(label(palette, text))
    return found


class OutputPanel:
    """What the process of a character on this machine complained of."""

    def __init__(self, desk: PageDesk, seat: int, name: str, shut: Callable[[], None]) -> None:
        self.place = f"output:{seat}"
        self._desk = desk
        self._seat = seat
        self._name = name
        self._shut = shut
        self._text = ft.Text(
            "", size=desk.palette.size(12), font_family="monospace", color=desk.palette.text, selectable=True
        )
        self._read = read_out(self._text)

    def build(self) -> ft.Control:
        again = action(
            self._desk.palette, say("cast.output_again"), lambda event: self.refresh(), icon=ft.Icons.REFRESH
        )
        body = ft.Container(self._read, padding=12, border_radius=8, bgcolor=self._desk.palette.page)
        self.refresh()
        return framed(self._desk, say("cast.output_title", name=self._name), [body], self._shut, ft.Row([again]))

    def refresh(self) -> None:
        evening = self._desk.evening
        if evening is None:
            return
        read: list[str] = []

        async def look() -> None:
            read.append(await evening.desk.casting.here.output(self._seat))

        def show() -> None:
            silent = all(line.startswith("---") for line in read[0].splitlines())
            self._text.value = f"{read[0]}\n{say('cast.output_none')}".strip() if silent else read[0]
            self._read.label = self._text.value
            if self._read.page:
                self._read.update()

        self._desk.do(look, show)


class SamplesPanel:
    """The characters that come along and are not in the story yet."""

    place = "samples"

    def __init__(
        self, desk: PageDesk, names: tuple[str, ...], take: Callable[[Card], None], shut: Callable[[], None]
    ) -> None:
        self._desk = desk
        self._names = names
        self._take = take
        self._shut = shut

    def build(self) -> ft.Control:
        rows = [self._row(name) for name in self._names]
        body = [label(self._desk.palette, say("cast.samples_text"), size=14), *rows]
        return framed(self._desk, say("cast.samples_title"), body, self._shut)

    def _row(self, name: str) -> ft.Control:
        palette, card = self._desk.palette, sample_card(name)
        words = ft.Column(
            [heading(palette, card.name, 17), label(palette, line_of(card))], spacing=2, expand=True, tight=True
        )
        take = action(palette, say("cast.create"), lambda event: self._take(card), icon=ft.Icons.ADD)
        return ft.Container(
            ft.Column(
                [
                    ft.Row([portrait(palette, card.name, card.colour, 44), words], spacing=12),
                    ft.Row([take], alignment=ft.MainAxisAlignment.END),
                ],
                spacing=6,
            ),
            padding=12,
            border_radius=10,
            bgcolor=palette.raised,
        )

    def refresh(self) -> None:
        return


class ImportPanel:
    """A card from another program: picked as a file, or pasted as text."""

    place = "import"

    def __init__(self, desk: PageDesk, take: Take, shut: Callable[[], None]) -> None:
        self._desk = desk
        self._take = take
        self._shut = shut
        self._pasted = field(
            desk.palette,
            say("cast.import_paste"),
            multiline=True,
            min_lines=6,
            max_lines=14,
            text_align=ft.TextAlign.LEFT,
        )
        self._said = label(desk.palette, "", colour=desk.palette.danger, size=14)
        self._box = ft.Container(self._said)

    def build(self) -> ft.Control:
        palette = self._desk.palette
        pick = action(
            palette, say("cast.import_pick"), self.pick, icon=ft.Icons.FOLDER_OPEN, kind="filled", key="Alt+O"
        )
        read = action(palette, say("cast.import_read"), self._read, icon=ft.Icons.CHECK)
        body: list[ft.Control] = [
            label(palette, say("cast.import_text"), size=14),
            ft.Row([pick]),
            self._pasted,
            ft.Row([read]),
            self._box,
        ]
        return framed(self._desk, say("cast.import_title"), body, self._shut)

    async def pick(self, event: object = None) -> None:
        """Choose a card's file."""
        files = await ft.FilePicker().pick_files(
            dialog_title=say("cast.import_file"),
            file_type=ft.FilePickerFileType.CUSTOM,
            allowed_extensions=CARD_FILES,
            with_data=True,
        )
        if files and files[0].bytes is not None:
            self.read(files[0].bytes, Path(files[0].path) if files[0].path else None)
        else:
            self._box.update()

    def _read(self, event: object = None) -> None:
        pasted = (self._pasted.value or "").strip()
        if not pasted:
            self._say(say("cast.import_nothing"))
            return
        self.read(pasted.encode())

    def read(self, data: bytes, path: Path | None = None) -> None:
        """Take a card's bytes, or say what is wrong with them and what to do. ``path``: where its file lies here."""
        try:
            card = read_card(data)
        except CardError as error:
            self._say(f"{error.what} {error.hint}")
            return
        self._take(card, data if is_png(data) else None, path)

    def _say(self, text: str) -> None:
        self._said.value = text
        self._box.update()

    def refresh(self) -> None:
        return


class ListenerPanel:
    """A seat for somebody who listens, or reads the narration aloud."""

    place = "listener"

    def __init__(self, desk: PageDesk, made: Callable[[str], None], shut: Callable[[], None]) -> None:
        self._desk = desk
        self._made = made
        self._shut = shut
        self._name = field(desk.palette, say("cast.listener_name"), autofocus=True, on_submit=self._make)
        self._role = ft.RadioGroup(
            ft.Column(
                [
                    ft.Radio(value="listener", label=say("cast.role_listener"), label_style=self._style()),
                    ft.Radio(value="reader", label=say("cast.role_reader"), label_style=self._style()),
                ],
                spacing=0,
            ),
            value="listener",
        )

    def _style(self) -> ft.TextStyle:
        return ft.TextStyle(color=self._desk.palette.text, size=self._desk.palette.size(14))

    def build(self) -> ft.Control:
        palette = self._desk.palette
        make = action(
            palette, say("cast.listener_make"), self._make, icon=ft.Icons.VPN_KEY_OUTLINED, kind="filled", key="Enter"
        )
        body: list[ft.Control] = [
            label(palette, say("cast.listener_text"), size=14), self._name, self._role, ft.Row([make])
        ]  # fmt: skip
        return framed(self._desk, say("cast.listener_title"), body, self._shut)

    def _make(self, event: object = None) -> None:
        evening, name, role = self._desk.evening, (self._name.value or "").strip(), self._role.value or "listener"
        if evening is None:
            return
        self._desk.do(lambda: evening.desk.casting.invite(name, role), lambda: self._made(name))
        self._name.update()

    def refresh(self) -> None:
        return


class NamePanel:
    """The name of somebody in the audience."""

    def __init__(
        self, desk: PageDesk, seat: int, name: str, renamed: Callable[[int, str], None], shut: Callable[[], None]
    ) -> None:
        self.place = f"name:{seat}"
        self._desk = desk
        self._seat = seat
        self._before = name
        self._renamed = renamed
        self._shut = shut
        self._name = field(desk.palette, say("cast.name"), name, autofocus=True, on_submit=self._keep)

    def build(self) -> ft.Control:
        keep = action(self._desk.palette, say("cast.save"), self._keep, icon=ft.Icons.CHECK, kind="filled", key="Enter")
        return framed(self._desk, self._before, [self._name, ft.Row([keep])], self._shut)

    def _keep(self, event: object) -> None:
        self._renamed(self._seat, self._name.value or "")

    def refresh(self) -> None:
        return
