"""What a character thinks with on this machine, and when it learns: settings of this computer, and of no card."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from dwnet.errors import NodeError
from dwnet.settings import EVOLVE
from narrator_app.phrases import say
from narrator_app.seat_settings import DEFAULT, SeatSettings, fitting_writer, shared_writer
from narrator_app.ui.parts import action, field, label

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

GGUF, ENDPOINT = "gguf", "endpoint"


class WriterPart:
    """The writer of one seat. ``settings`` None: a character that has no seat yet, and so no settings."""

    def __init__(self, desk: PageDesk, settings: SeatSettings | None, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._settings = settings
        self._changed = changed
        self.before = self._stored()
        self._kept = settings is not None and settings.has_key()
        self._forgotten = False
        palette = desk.palette
        kind = DEFAULT if self.before == DEFAULT else GGUF if "://" not in self.before else ENDPOINT
        style = ft.TextStyle(color=palette.text, size=palette.size(14))
        self._kind = ft.RadioGroup(
            ft.Column(
                [
                    ft.Radio(value=DEFAULT, label=say("cast.writer_default"), label_style=style),
                    ft.Radio(value=GGUF, label=say("cast.writer_gguf"), label_style=style),
                    ft.Radio(value=ENDPOINT, label=say("cast.writer_endpoint"), label_style=style),
                ],
                spacing=0,
                tight=True,
            ),
            value=kind,
            on_change=self._chosen,
        )
        self._path = field(
            palette, say("cast.writer_path"), self.before if kind == GGUF else "", dense=True, on_change=self._typed
        )
        url = self.before if kind == ENDPOINT else ""
        self._url = field(
            palette,
            say("cast.writer_url"),
            url,
            dense=True,
            on_change=self._typed,
            hint_text="http://127.0.0.1:11434/v1#llama3.2",
        )
        self._key = field(
            palette, say("cast.writer_key"), dense=True, password=True, can_reveal_password=True, on_change=self._typed
        )
        self._key_words = label(palette, say("cast.writer_key_kept"))
        self._forget = action(palette, say("cast.writer_forget"), self._forget_key, icon=ft.Icons.DELETE_OUTLINE)
        self._learned = self._stored_learns()
        self._learns = ft.RadioGroup(
            ft.Column(
                [ft.Radio(value=one, label=say(f"cast.learns_{one}"), label_style=style) for one in EVOLVE],
                spacing=0,
                tight=True,
            ),
            value=self._learned,
            on_change=self._typed,
        )
        self._more = ft.Column(spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    def _stored(self) -> str:
        """What is kept; where its file does not read, the quiet bar says so, and keeping anew says it again."""
        try:
            if self._settings is None or self._settings.is_new:
                return shared_writer(self._desk.evenings.settings)
            return self._settings.writer()
        except NodeError as error:
            self._desk.tell(error.what, error.hint)
            return DEFAULT

    def _stored_learns(self) -> str:
        try:
            return self._settings.learns() if self._settings is not None else EVOLVE[0]
        except NodeError:  # it is said for the writer, out of the same file
            return EVOLVE[0]

    def build(self) -> ft.Control:
        self._lay()
        stretch, palette = ft.CrossAxisAlignment.STRETCH, self._desk.palette
        learns = [
            label(palette, say("cast.learns"), size=14, colour=palette.text),
            self._learns,
            label(palette, say("cast.learns_text")),
        ]
        return ft.Column([self._kind, self._more, *learns], spacing=8, tight=True, horizontal_alignment=stretch)

    def spec(self) -> str:
        """What is chosen, as settings write it.

        :raises WriterUnfit: when it cannot be.
        """
        match self._kind.value:
            case "gguf":
                return fitting_writer(self._path.value or " .")
            case "endpoint":
                return fitting_writer(self._url.value or " .")
        return DEFAULT

    def is_changed(self) -> bool:
        """Whether anything is to be kept. :raises WriterUnfit: when it cannot be."""
        chosen = self.spec() != self.before or self._learns.value != self._learned
        return chosen or bool((self._key.value or "").strip()) or self._forgotten

    def keep(self, settings: SeatSettings) -> None:
        """Write what was chosen into a seat's settings.

        :raises WriterUnfit, ApiKeyUnfit, FileNotWritten, NoRoomForFile:
        """
        settings.keep_writer(self.spec())
        settings.keep_learns(self._learns.value or EVOLVE[0])
        key = (self._key.value or "").strip()
        if key or self._forgotten:
            settings.keep_key(key)

    def _lay(self) -> None:
        match self._kind.value:
            case "gguf":
                self._more.controls = [self._path]
            case "endpoint":
                known: list[ft.Control] = [self._key_words, ft.Row([self._forget])] if self._kept else []
                self._more.controls = [self._url, self._key, *known]
            case _:
                self._more.controls = []

    def _chosen(self, event: object) -> None:
        self._lay()
        self._more.update()
        self._changed()

    def _forget_key(self, event: object) -> None:
        self._kept, self._forgotten = False, True
        self._lay()
        self._more.update()
        self._changed()

    def _typed(self, event: object) -> None:
        self._changed()
