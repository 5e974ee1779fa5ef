"""Taking a story away, on one page: a form, a place, how far it is, and a way to call it off.

With the desk in a browser, files are written on the machine where dwnet runs; the browser can be handed a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, identified, label, outline
from narrator_app.views.library import FormView, forms_view

SAFE = " -_"


@dataclass(frozen=True)
class Wish:
    """What shall be written: a form's name, where (None: into the browser), and whether whispers come along."""

    form: str
    suffix: str
    path: Path | None
    whispers: bool


def file_name(name: str, suffix: str) -> str:
    """A name that every disk takes."""
    return ("".join(one if one.isalnum() or one in SAFE else "-" for one in name).strip() or "story") + suffix


class Progress:
    """A bar that says how far something is, and the button that calls it off."""

    def __init__(self, palette: Palette, stop: Callable[[], object]) -> None:
        self._bar = ft.ProgressBar(
            value=0, color=palette.accent, bgcolor=palette.line, expand=True, border_radius=4, bar_height=8
        )
        self._words = label(palette, "", size=13)
        self.control = ft.Container(
            ft.Row(
                [self._bar, self._words, action(palette, say("library.stop"), lambda event: stop(), key="Esc")],
                spacing=12,
            ),
            visible=False,
        )

    def begin(self) -> None:
        """Nothing is done yet."""
        self.control.visible = True
        self._bar.value, self._words.value = 0, "0 %"
        self.control.update()

    def show(self, done: int, total: int) -> None:
        """So much of so much is done."""
        share = done / max(total, 1)
        self._bar.value, self._words.value = share, f"{round(100 * share)} %"
        self._bar.update()
        self._words.update()

    def end(self) -> None:
        """It is over."""
        if self.control.visible:
            self.control.visible = False
            self.control.update()


class AwayPanel:
    """``write`` carries a wish out."""

    def __init__(
        self,
        palette: Palette,
        folder: Path,
        write: Callable[[Wish], None],
        stop: Callable[[], object],
        typing: Callable[[bool], None],
        *,
        web: bool,
    ) -> None:
        self._palette = palette
        self._folder = folder
        self._write = write
        self._web = web
        self._forms = {one.name: one for one in forms_view()}
        self._chosen = next(iter(self._forms))
        self._story = ""
        self.progress = Progress(palette, stop)
        self._choices = ft.Column(spacing=6, tight=True)
        self._whispers = ft.Checkbox(label=say("library.with_whispers"), label_style=ft.TextStyle(color=palette.text))
        self.path = ft.TextField(
            label=say("library.path_there") if web else say("library.path"),
            text_size=palette.size(14),
            color=palette.text,
            border=outline(palette),
            label_style=ft.TextStyle(color=palette.muted),
            dense=True,
            expand=True,
            on_submit=self._submit,
            on_focus=lambda event: typing(True),
            on_blur=lambda event: typing(False),
        )
        self._box = ft.Column(spacing=14, scroll=ft.ScrollMode.AUTO, expand=True)
        self._box.controls = self._body()
        self.control = identified("away", self._box)
        self.control.expand = True

    def _body(self) -> list[ft.Control]:
        palette = self._palette
        place: list[ft.Control] = [self.path]
        if not self._web:
            place.append(action(palette, say("library.choose_place"), self._choose_place, icon=ft.Icons.FOLDER_OPEN))
        deeds: list[ft.Control] = [
            action(palette, say("library.write_it"), self._submit, icon=ft.Icons.SAVE_ALT, kind="filled")
        ]
        body: list[ft.Control] = [
            label(palette, say("library.away_text"), size=14),
            self._choices,
            self._whispers,
            ft.Row(place, spacing=8),
        ]
        if self._web:
            body.append(label(palette, say("library.web_files"), size=13))
            deeds.append(action(palette, say("library.download"), self._download, icon=ft.Icons.DOWNLOAD))
        return [*body, ft.Row(deeds, spacing=8, wrap=True), self.progress.control]

    def show(self, story: str) -> None:
        """The story with this name shall be taken away."""
        if story == self._story:
            return
        self._story = story
        self._offer()
        self._box.update()

    @property
    def _form(self) -> FormView:
        return self._forms[self._chosen]

    def _offer(self) -> None:
        self._choices.controls = [self._choice(one) for one in self._forms.values()]
        self._whispers.visible = self._form.whispers
        self.path.value = str(self._folder / file_name(self._story, self._form.suffix))

    def _choice(self, form: FormView) -> ft.Control:
        palette, on = self._palette, form.name == self._chosen
        words = ft.Column(
            [
                ft.Text(
                    f"{form.title} ({form.suffix})",
                    size=palette.size(14.5),
                    weight=ft.FontWeight.W_600,
                    color=palette.text,
                ),
                label(palette, form.text, size=13),
            ],
            spacing=1,
            tight=True,
            expand=True,
        )
        mark = ft.Icon(
            ft.Icons.RADIO_BUTTON_CHECKED if on else ft.Icons.RADIO_BUTTON_UNCHECKED,
            size=20,
            color=palette.accent if on else palette.muted,
            semantics_label=say("library.chosen") if on else say("library.not_chosen"),
        )
        return ft.TextButton(
            content=ft.Row([mark, words], spacing=12),
            on_click=lambda event: self._choose(form.name),
            style=ft.ButtonStyle(
                padding=ft.Padding.symmetric(vertical=9, horizontal=12),
                shape=ft.RoundedRectangleBorder(radius=10),
                side=ft.BorderSide(1, palette.accent if on else palette.line),
                bgcolor=palette.panel,
            ),
        )

    def _choose(self, name: str) -> None:
        self._chosen = name
        self._offer()
        self._box.update()

    async def _choose_place(self, event: object = None) -> None:
        path = Path(self.path.value or "")
        chosen = await ft.FilePicker().save_file(
            dialog_title=say("library.choose_place"), file_name=path.name, initial_directory=str(self._folder)
        )
        if chosen:
            self.path.value = chosen
        self.path.update()

    def _submit(self, event: object = None) -> None:
        path = (self.path.value or "").strip()
        self.path.error = None if path else say("library.no_path")
        self.path.update()
        if path:
            self._write(Wish(self._chosen, self._form.suffix, Path(path).expanduser(), self._with_whispers))

    def _download(self, event: object = None) -> None:
        self._write(Wish(self._chosen, self._form.suffix, None, self._with_whispers))

    @property
    def _with_whispers(self) -> bool:
        return bool(self._whispers.value) and self._form.whispers
