"""The narration box: where the story is told. Enter tells, Shift+Enter breaks the line, @ and / complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from dwnet.errors import NodeError
from narrator_app.commands import obey
from narrator_app.drafts import Drafts
from narrator_app.phrases import say
from narrator_app.ui.palette import STORY
from narrator_app.ui.parts import icon_button, identified
from narrator_app.ui.stage_deeds import quietly
from narrator_app.ui.stage_ear import EarPart
from narrator_app.views.completion import Completion, Mode, Offer, chosen, complete, mode_in

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

LINES = 7  # of the box at most; what is longer scrolls in it
SAY = Mode()


class NarrationBox:
    """The field, what may be meant in it, and how its words are told. ``telling`` is called with what is being
    told, and with "" when it could not be.
    """

    def __init__(self, desk: PageDesk, telling: Callable[[str, Mode], None]) -> None:
        self.desk = desk
        self._telling = telling
        self.mode = SAY
        self.focused = False
        evening = desk.evening
        self._drafts = Drafts(evening.librarian.library, "stage") if evening is not None else None
        self._completion: Completion | None = None
        self._at = 0  # the offer that Enter takes
        self._caret = 0
        palette = desk.palette
        self.field = ft.TextField(
            value=self._drafts.text if self._drafts is not None else "",
            hint_text=say("stage.hint"),
            hint_style=ft.TextStyle(font_family=STORY, color=palette.muted, size=palette.size(17)),
            text_style=ft.TextStyle(font_family=STORY, size=palette.size(17), height=1.4, color=palette.text),
            multiline=True,
            shift_enter=True,
            min_lines=1,
            max_lines=LINES,
            border=ft.NoInputBorder(),
            content_padding=ft.Padding.symmetric(vertical=12, horizontal=14),
            autofocus=True,
            expand=True,
            on_change=self._changed,
            on_submit=self._submitted,
            on_selection_change=self._moved,
            on_focus=lambda event: self._focus(True),
            on_blur=lambda event: self._focus(False),
        )
        self.ear = EarPart(desk, self.field, lambda: self.mode, lambda: self.focused)
        self._offers = ft.Container(visible=False)
        self._chip = ft.Container(visible=False, data=(SAY, True))
        self._frame = ft.Container()

    def build(self) -> ft.Control:
        """Its controls."""
        palette = self.desk.palette
        scene = icon_button(palette, ft.Icons.LANDSCAPE_OUTLINED, say("stage.scene"), self._scene, key="/scene")
        whisper = ft.PopupMenuButton(
            content=ft.Container(
                ft.Icon(
                    ft.Icons.LOCK_OUTLINE,
                    semantics_label=say("stage.whisper"),
                    size=palette.size(20),
                    color=palette.muted,
                ),
                padding=8,
            ),
            tooltip=f"{say('stage.whisper')} (/whisper)",
            items=[ft.PopupMenuItem(content=name, on_click=self._whisperer(name)) for name in self._cast()],
        )
        send = ft.IconButton(
            ft.Icon(
                ft.Icons.ARROW_UPWARD, semantics_label=say("stage.send"), size=palette.size(20), color=palette.on_accent
            ),
            tooltip=f"{say('stage.send')} (Enter)",
            bgcolor=palette.accent,
            on_click=lambda event: self.send(),
        )
        self._whisper = whisper
        told_by = ft.Semantics(container=True, content=whisper)
        row = ft.Row(
            [
                self._chip,
                identified("narration", self.field),
                ft.Row([self.ear.button, scene, told_by, send], spacing=2, tight=True),
            ],
            spacing=6,
            vertical_alignment=ft.CrossAxisAlignment.END,
        )
        row.controls[1].expand = True
        self._frame = ft.Container(
            ft.Column([self.ear.bar, row], spacing=0, tight=True),
            bgcolor=palette.panel,
            border=ft.Border.all(1.2, palette.line),
            border_radius=14,
            padding=ft.Padding.only(left=6, right=8, top=4, bottom=4),
        )
        return ft.Column([self._offers, self.ear.around(self._frame)], spacing=6, tight=True)

    def refresh_cast(self) -> None:
        """Who can be whispered to now."""
        names = self._cast()
        if [item.content for item in self._whisper.items] != names:
            self._whisper.items = [ft.PopupMenuItem(content=one, on_click=self._whisperer(one)) for one in names]
            self._whisper.update()

    # --- telling ----------------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Tell what stands in the box, as the chip says."""
        evening, text, mode = self.desk.evening, self.field.value or "", self.mode
        if evening is None or not text.strip():
            quietly()
            return
        desk, drafts = evening.desk, self._drafts
        if self.ear.send(text):
            if drafts is not None and not self.field.value:
                self.desk.do(lambda: drafts.keep(""))
            return
        goes_on = True

        async def tell() -> None:
            nonlocal goes_on
            try:
                if mode.kind == "whisper":
                    await desk.intents.whisper(mode.to, text)
                elif mode.kind == "scene":
                    await desk.intents.tell(text, mode="scene")
                else:
                    goes_on = await obey(text, desk)
            except NodeError:
                self._telling("", mode)
                self._put(f"{text}{self.field.value}", mode)
                raise
            if drafts is not None and not self.field.value:
                await drafts.keep("")

        self._telling(text, mode)
        self._offer(None)
        self._put("", SAY if mode.kind == "scene" else mode)
        self.desk.do(tell, lambda: None if goes_on else self.desk.house.bridge.stop())

    def _put(self, text: str, mode: Mode) -> None:
        """Let the box hold these words, told so."""
        self.field.value = text
        self.field.update()
        if mode != self.mode:
            self._become(mode)
        self._show_chip()

    # --- what is typed ----------------------------------------------------------------------------------------------

    def _changed(self, event: ft.Event[ft.TextField]) -> None:
        quietly()
        text = self.field.value or ""
        self._show_chip()
        self._caret = len(text) if self._caret > len(text) or not self._has_caret() else self._caret
        self._complete(text)
        self.ear.typed()
        drafts = self._drafts
        if drafts is not None:
            self.desk.do(lambda: drafts.keep(text))

    def _has_caret(self) -> bool:
        selection = self.field.selection
        return selection is not None and selection.extent_offset >= 0

    def _moved(self, event: ft.TextSelectionChangeEvent[ft.TextField]) -> None:
        quietly()
        self._caret = max(0, event.selection.extent_offset)
        self._complete(self.field.value or "")

    def _complete(self, text: str) -> None:
        evening = self.desk.evening
        if evening is None:
            return
        story = evening.desk.narrator.story
        places = [*story.checkpoints, *(one.name for one in story.branches)]
        meanings = {"name": say("stage.offer_name"), "place": say("stage.offer_place")}
        self._offer(complete(text, min(self._caret, len(text)), self._cast(), meanings, places))

    def _offer(self, completion: Completion | None) -> None:
        if completion == self._completion:
            return
        self._completion, self._at = completion, 0
        self._draw_offers()
        grabbing = completion is not None
        if self.field.ignore_up_down_keys != grabbing:
            self.field.ignore_up_down_keys = grabbing
            self.field.update()

    def _draw_offers(self) -> None:
        palette, completion = self.desk.palette, self._completion
        self._offers.visible = completion is not None
        offers = completion.offers if completion else ()
        rows = [self._offer_row(number, offer) for number, offer in enumerate(offers)]
        self._offers.content = identified("offers", ft.Column(rows, spacing=0, tight=True))
        self._offers.bgcolor, self._offers.border_radius, self._offers.padding = palette.raised, 12, 4
        self._offers.border = ft.Border.all(1, palette.line)
        self._offers.update()

    def _offer_row(self, number: int, offer: Offer) -> ft.Control:
        palette = self.desk.palette
        word = ft.Text(offer.text.strip(), size=palette.size(14), weight=ft.FontWeight.W_600, color=palette.text)
        meaning = ft.Text(
            offer.meaning,
            size=palette.size(13),
            color=palette.muted,
            expand=True,
            no_wrap=True,
            overflow=ft.TextOverflow.ELLIPSIS,
        )
        return ft.Container(
            ft.Row([word, meaning], spacing=12),
            padding=ft.Padding.symmetric(vertical=6, horizontal=12),
            border_radius=8,
            bgcolor=ft.Colors.with_opacity(0.14, palette.accent) if number == self._at else None,
            on_click=lambda event: self._take(number),
        )

    def _take(self, number: int) -> None:
        if self._completion is None:
            return
        offer = self._completion.offers[number]
        text, caret = chosen(self.field.value or "", self._completion, offer)
        self._caret = caret
        meant = mode_in(text, self._cast()) if self.mode == SAY else None
        if meant is not None:
            self._become(meant[0])
            text, self._caret = meant[1], len(meant[1])
        self.field.value = text
        self.field.selection = ft.TextSelection(self._caret, self._caret)
        self.field.update()
        self._complete(text)
        self.desk.page.run_task(self.field.focus)

    # --- keys -------------------------------------------------------------------------------------------------------

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """A key while the box may have it."""
        if self._completion is not None:
            if key.key in ("Arrow Down", "Arrow Up"):
                step = 1 if key.key == "Arrow Down" else -1
                self._at = (self._at + step) % len(self._completion.offers)
                self._draw_offers()
                return True
            if key.key == "Tab":
                self._take(self._at)
                return True
            if key.key == "Escape":
                self._offer(None)
                return True
        if self.ear.pressed(key):
            return True
        if self.mode != SAY and (
            key.key == "Escape" or (key.key == "Backspace" and not self.field.value and self.focused)
        ):
            self._become(SAY)
            return True
        return False

    def _submitted(self, event: ft.Event[ft.TextField]) -> None:
        quietly()
        if self._completion is not None:
            self._take(self._at)
        else:
            self.send()
            self.desk.page.run_task(self.field.focus)

    def _focus(self, focused: bool) -> None:
        quietly()
        self.focused = focused
        self._frame.border = ft.Border.all(1.2, self.desk.palette.accent if focused else self.desk.palette.line)
        self._frame.update()

    # --- how it is told ---------------------------------------------------------------------------------------------

    def _scene(self, event: object) -> None:
        self._become(SAY if self.mode.kind == "scene" else Mode("scene"))

    def _whisperer(self, name: str) -> Callable[[object], None]:
        return lambda event: self._become(Mode("whisper", name))

    def _become(self, mode: Mode) -> None:
        self.mode = mode
        self.ear.meant_otherwise()
        self._show_chip()
        self.desk.page.run_task(self.field.focus)

    def _show_chip(self) -> None:
        """How the words will be told: as was chosen, or as the command says that stands before them."""
        meant = mode_in(self.field.value or "", self._cast()) if self.mode == SAY else None
        mode = meant[0] if meant is not None else self.mode
        if (mode, meant is None) == self._chip.data:
            return
        self._chip.data, self._chip.visible = (mode, meant is None), mode != SAY
        palette, whisper = self.desk.palette, mode.kind == "whisper"
        text = say("stage.whispering", name=mode.to) if whisper else say("stage.scene_mode")
        parts: list[ft.Control] = [
            ft.Icon(ft.Icons.LOCK_OUTLINE if whisper else ft.Icons.LANDSCAPE_OUTLINED, size=16, color=palette.accent),
            ft.Text(text, size=palette.size(13), color=palette.text),
        ]
        if meant is None:
            ends = say("stage.as_usual")
            parts.append(
                icon_button(palette, ft.Icons.CLOSE, ends, lambda event: self._become(SAY), key="Esc", size=15)
            )
        self._chip.content = ft.Row(parts, spacing=6, tight=True)
        self._chip.bgcolor = ft.Colors.with_opacity(0.12, palette.accent)
        self._chip.border_radius = 16
        self._chip.padding = ft.Padding.only(left=12, right=12 if meant is not None else 0, top=4, bottom=4)
        self._chip.margin = ft.Margin.only(bottom=6)
        self._chip.update()

    def _cast(self) -> list[str]:
        evening = self.desk.evening
        if evening is None:
            return []
        seats = evening.desk.narrator.story.seats.values()
        return [one.name for one in seats if one.role == "character" and not one.retired]
