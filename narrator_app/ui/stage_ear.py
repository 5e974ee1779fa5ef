"""The microphone of the narration box: its button and key, and what was heard, in the box for a glance.

Rules of this file:
- What is heard while the box holds other words, or is about to whisper, waits for Enter; it is never told by itself.
- What was dropped can be had back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.ear.dictation import Hearing, State
from narrator_app.ear.stenographer import Stenographer
from narrator_app.ear.talk_key import Meant, TalkKey
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.ui.stage_deeds import quietly
from narrator_app.views.completion import Mode
from narrator_app.views.hearing import HearingView, hearing_view, joined

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

KEY = "F2"
TURN = 0.1  # seconds between two looks at the meter
STEP = 0.03  # of the meter; less is not worth a patch
SHOWN = (State.SHOWN, State.MENDING)
HEARS = (State.TAKING, State.RECOGNISING)


class EarPart:
    """Button, key and bar. ``field`` is the box's; ``mode`` says how its words would be told, ``focused`` whether the
    cursor is in it.
    """

    def __init__(
        self, desk: PageDesk, field: ft.TextField, mode: Callable[[], Mode], focused: Callable[[], bool]
    ) -> None:
        self._desk = desk
        self._field = field
        self._mode = mode
        self._focused = focused
        self._key = TalkKey()
        self._hearing = Hearing()
        self._opening = False
        self._wanted = False  # whether it is still meant, while the ear is being opened
        self._moves = False  # the meter is looked at
        self._typed = ""  # what stood in the box before
        self._heard = ""  # and what was heard, behind it
        self._view: HearingView | None = None
        palette = desk.palette
        self._icon = ft.Icon(ft.Icons.MIC_NONE_OUTLINED, size=palette.size(20), color=palette.muted)
        self._button = ft.Container(self._icon, padding=8, border_radius=20)
        self._named = ft.Semantics(button=True, container=True)
        self._words = ft.Text(size=palette.size(13), color=palette.text)
        self._partial = ft.Text(
            size=palette.size(14), color=palette.muted, italic=True, max_lines=3, overflow=ft.TextOverflow.ELLIPSIS
        )
        self._meter = ft.ProgressBar(value=0, width=96, bar_height=8, border_radius=4, color=palette.accent)
        self._meter.bgcolor = palette.line
        self._meter.semantics_label = say("stage.ear_level")
        self._clock = ft.ProgressBar(value=1, width=96, bar_height=4, border_radius=2, color=palette.accent)
        self._clock.bgcolor = palette.line
        self._clock.semantics_label = say("stage.ear_clock")
        self._inside = ft.Container(padding=ft.Padding.only(left=14, right=8, top=8))
        self._bar = ft.Semantics(identifier="ear", container=True, live_region=True, content=self._inside)
        self._bar.visible = False
        self._keys = ft.KeyboardListener(ft.Container(), include_semantics=False, on_key_up=self.let_go)

    def around(self, box: ft.Control) -> ft.Control:
        """The box with the field, where it is heard that a key goes up."""
        self._keys.content = box
        return self._keys

    @property
    def button(self) -> ft.Control:
        """Pressed and let go like the key."""
        self._named.content = ft.GestureDetector(
            self._button,
            mouse_cursor=ft.MouseCursor.CLICK,
            on_tap_down=lambda event: self._down(),
            on_tap_up=lambda event: self._up(),
            on_tap_cancel=lambda event: self._up(),
        )
        return self._named

    @property
    def bar(self) -> ft.Control:
        """What stands above the words while an ear is open."""
        first = ft.Row([self._meter, self._clock, self._words], spacing=10, wrap=True, run_spacing=4)
        self._inside.content = ft.Column([first, self._partial], spacing=4, tight=True)
        return self._bar

    # --- what the narrator does -------------------------------------------------------------------------------------

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """The key goes down; Escape drops what is heard."""
        if key.key == KEY and not (key.ctrl or key.alt or key.meta):
            self._down()
            return True
        if key.key == "Escape" and self._hearing.state in (*HEARS, *SHOWN):
            self._drop()
            return True
        return False

    def let_go(self, event: ft.KeyUpEvent) -> None:
        """A key goes up."""
        if event.key == KEY:
            self._up()
        else:
            quietly()

    def typed(self) -> None:
        """The words in the box were changed by hand: the clock stops; without any there is nothing to tell."""
        if not self._heard:
            return
        if not (self._field.value or "").strip():
            self._drop()
        else:
            self._stop_clock()

    def _stop_clock(self) -> None:
        if self._hearing.state is State.SHOWN:
            self._do(lambda ear: ear.mend())

    def meant_otherwise(self) -> None:
        """The box's words will be told in another way: what was heard is not told by itself."""
        if self._mode().kind != "say":
            self._stop_clock()

    def send(self, text: str) -> bool:
        """Tell what was heard, in these words. False when nothing that was heard stands in the box, or it is told in
        another way than aloud.
        """
        if not self._heard:
            return False
        if self._hearing.state in HEARS:  # more is being said; it will stand behind this
            return True
        self._forget("")
        if self._mode().kind != "say" or text.lstrip().startswith("/"):
            self._do(lambda ear: ear.drop())
            return False
        self._do(lambda ear: ear.send(text))
        return True

    def _down(self) -> None:
        quietly()
        self._mean(self._key.down(self._talk, listening=self._is_on(), now=time.monotonic()))

    def _up(self) -> None:
        quietly()
        self._mean(self._key.up(self._talk, time.monotonic()))

    def _mean(self, meant: Meant | None) -> None:
        if meant is None:
            return
        if meant is Meant.RELEASE:
            self._wanted = False
            self._do(lambda ear: ear.release())
        elif (ear := self._ear) is not None:
            self._wanted = self._opening = True
            self._show()
            self._desk.page.run_task(self._take_keys)
            self._desk.do(lambda: self._begin(ear, hands_free=meant is Meant.HANDS_FREE))

    async def _take_keys(self) -> None:
        """Let the keys come here: Enter tells it then, and a key's going up is told there alone. A field that has left
        the page and come back takes no focus while a screen reader is served; what is around it does.
        """
        if not self._focused():
            await self._keys.focus()  # type: ignore[no-untyped-call]
        await self._field.focus()  # type: ignore[no-untyped-call]

    async def _begin(self, ear: Stenographer, *, hands_free: bool) -> None:
        try:
            await ear.begin(hands_free=hands_free)
        finally:
            self._opening = False
            self._desk.soon(self._show)
        if not self._wanted:  # let go before there was anything to hear with
            ear.release()

    def _drop(self) -> None:
        lost = self._field.value or ""
        heard, typed = bool(self._heard), self._typed
        self._wanted = False
        if heard:
            self._forget(typed)
        self._do(lambda ear: ear.drop())
        if heard and lost.strip():
            self._desk.tell(say("stage.ear_dropped"), undo=lambda: self._put_back(lost))

    async def _put_back(self, words: str) -> None:
        self._put(words)

    def _do(self, work: Callable[[Stenographer], None]) -> None:
        ear = self._ear

        async def do() -> None:
            if ear is not None:
                work(ear)

        self._desk.do(do)

    # --- what happens -----------------------------------------------------------------------------------------------

    def happened(self, one: Happening, *, seen: bool) -> None:
        """``seen``: the box is looked at."""
        if one["event"] == "heard" and not seen:
            text, seconds = one["text"], round(one["seconds"])
            hint = say("stage.ear_elsewhere", seconds=seconds) if seconds else say("stage.ear_elsewhere_waits")
            self._desk.tell(say("stage.ear_heard_elsewhere", text=text), hint)
        if one["event"] != "hearing":
            return
        self._hearing = Hearing(State(one["state"]), one["text"], one["partial"], one["seconds"], one["unsure"])
        if seen:
            self._follow()

    def shown(self) -> None:
        """The box came into view."""
        ear = self._ear
        if ear is not None:
            now = ear.dictation
            self._hearing = Hearing(now.state, now.text, now.partial, self._hearing.seconds, now.unsure)
        self._view = None
        self._follow()

    def _follow(self) -> None:
        state, ear = self._hearing.state, self._ear
        if state in HEARS and ear is not None and (self._mode().kind != "say" or self._is_written()):
            ear.mend()
        if state in SHOWN and self._hearing.text != self._heard:
            if not self._heard:
                self._typed = self._field.value or ""
            self._heard = self._hearing.text
            self._put(joined(self._typed, self._heard))
        elif state in (State.OFF, State.WAITING) and self._heard:
            told = (self._field.value or "") == joined(self._typed, self._heard)
            self._forget(self._typed if told else self._field.value or "")
        self._show()

    def _is_written(self) -> bool:
        """Whether the box holds words that were not heard."""
        return bool((self._typed if self._heard else self._field.value or "").strip())

    def _forget(self, words: str) -> None:
        self._typed = self._heard = ""
        self._put(words)

    def _put(self, words: str) -> None:
        if words != self._field.value:
            self._field.value = words
            self._field.selection = ft.TextSelection(len(words), len(words))
            self._field.update()

    # --- showing ----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Draw what changed."""
        ear, habit = self._ear, self._desk.looks.now
        hands_free = ear is not None and ear.dictation.hands_free
        whole = habit.countdown if hands_free else habit.glance
        view = hearing_view(self._hearing, opening=self._opening, hands_free=hands_free, whole=whole)
        if view == self._view or not self._named.page:
            return
        self._view = view
        self._words.value, self._partial.value, self._partial.visible = view.words, view.partial, bool(view.partial)
        self._meter.visible, self._clock.visible = view.level, view.left is not None
        if view.left is not None:
            self._clock.value = view.left
        self._bar.visible = bool(view.words)
        self._bar.update()
        self._show_button(on=self._is_on())
        if view.level and not self._moves:
            self._moves = True
            self._desk.house.bridge.every(TURN, self._move)

    def _show_button(self, *, on: bool) -> None:
        palette, web = self._desk.palette, self._desk.page.web
        name = say("stage.ear_stop" if on else f"stage.ear_{self._talk.replace('-', '_')}")
        self._icon.icon = ft.Icons.MIC if on else ft.Icons.MIC_NONE_OUTLINED
        self._icon.color = palette.on_accent if on else palette.muted
        self._button.bgcolor = palette.accent if on else None
        self._button.tooltip = f"{name} ({KEY})" + (f"\n{say('stage.ear_web')}" if web else "")
        self._named.label, self._named.toggled = name, on
        self._named.update()

    def _move(self) -> bool:
        ear = self._ear
        self._moves = bool(
            ear is not None and self._view is not None and self._view.level and self._desk in self._desk.house.pages
        )
        if self._moves and ear is not None and abs(ear.level - (self._meter.value or 0)) >= STEP:
            self._meter.value = ear.level
            self._meter.update()
        return self._moves

    @property
    def _ear(self) -> Stenographer | None:
        evening = self._desk.evening
        return evening.desk.stenographer if evening is not None else None

    @property
    def _talk(self) -> str:
        return self._desk.looks.now.talk

    def _is_on(self) -> bool:
        ear = self._ear
        return (self._opening and self._wanted) or (ear is not None and ear.dictation.microphone)
