"""A voice from a recording, in a character's form: picked, cut, heard, and given with a word on who allowed it.

Rules of this file:
- What is given or taken back is so at once; it is no part of the card, and waits for no "Keep".
- No button gives a voice as long as it is not said whose it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from dwnet.audio import Sound
from dwnet.text import one_line
from dwnet.voice_sample import sample_of
from narrator_app.phrases import say
from narrator_app.reference_voices import recording_of
from narrator_app.run import Evening
from narrator_app.ui.parts import action, field, label, redraw
from narrator_app.views.sample_cut import LEAST, SampleCut, usual_cut
from narrator_app.voices import Voices
from protocol import limits
from protocol.kinds import Sampled

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

SOUND_FILES = ["wav", "flac", "ogg", "opus", "mp3", "aiff", "aif"]  # Flet's own list of sound files lacks FLAC


class SamplePart:
    """The recording of a seat's voice. ``taken`` is called when the seat has got another voice by it."""

    def __init__(
        self, desk: PageDesk, evening: Evening, voices: Voices, seat: int | None, taken: Callable[[], None]
    ) -> None:
        self._desk = desk
        self._evening = evening
        self._voices = voices
        self._seat = seat
        self._taken = taken
        self._given: Sampled | None = None
        self._name = ""  # of the file that was picked
        self._data = b""
        self._sound: Sound | None = None
        self._cut = SampleCut(0.0, 0.0, 0.0)
        palette = desk.palette
        self._start, self._end = self._slider(self._start_slid), self._slider(self._end_slid)
        self._start_words = label(palette, "", size=14, colour=palette.text)
        self._end_words = label(palette, "", size=14, colour=palette.text)
        self._problem = label(palette, "", colour=palette.warn)
        self._consent = field(
            palette, say("cast.sample_consent"), on_change=self._consented, max_length=limits.CONSENT, multiline=True
        )
        self._box = ft.Column(spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    def build(self) -> ft.Control:
        """What is given now, and how another is."""
        self._lay()
        if self._seat is not None:
            self._look()
        return self._box

    def _slider(self, slid: Callable[[float], None]) -> ft.Slider:
        slider = ft.Slider(min=0, max=1, active_color=self._desk.palette.accent)
        slider.on_change = lambda event: slid(slider.value or 0.0)
        return slider

    # --- what is shown ----------------------------------------------------------------------------------------------

    def _lay(self) -> None:
        palette = self._desk.palette
        rows: list[ft.Control] = [label(palette, say("cast.sample"), size=14, colour=palette.text)]
        if self._seat is None:
            self._box.controls = [*rows, label(palette, say("cast.sample_new"))]
            return
        rows.append(label(palette, say("cast.sample_text")))
        if self._given is not None:
            back = action(palette, say("cast.sample_remove"), self._remove, icon=ft.Icons.UNDO)
            rows += [
                label(palette, say("cast.sample_given", name=self._given.name), size=14, colour=palette.text),
                label(palette, say("cast.sample_allowed", consent=self._given.consent)),
                ft.Row([back]),
            ]
        rows.append(ft.Row([action(palette, say("cast.sample_pick"), self._pick, icon=ft.Icons.AUDIO_FILE_OUTLINED)]))
        if self._sound is not None:
            rows += self._trimmer()
        self._box.controls = rows

    def _trimmer(self) -> list[ft.Control]:
        palette = self._desk.palette
        for slider in (self._start, self._end):
            slider.max, slider.divisions = self._cut.whole, max(1, round(self._cut.whole / LEAST))
        self._show_cut()
        hear = action(palette, say("cast.sample_hear"), self._hear, icon=ft.Icons.VOLUME_UP_OUTLINED)
        assign = action(
            palette, say("cast.sample_assign"), self._assign, icon=ft.Icons.RECORD_VOICE_OVER_OUTLINED, kind="filled"
        )
        return [
            label(palette, say("cast.sample_file", name=self._name, seconds=f"{self._cut.whole:.1f}")),
            self._start_words,
            ft.Semantics(content=self._start, label=say("cast.sample_start_name")),
            self._end_words,
            ft.Semantics(content=self._end, label=say("cast.sample_end_name")),
            self._problem,
            ft.Row([hear]),
            self._consent,
            ft.Row([assign]),
        ]

    def _show_cut(self) -> None:
        cut = self._cut
        self._start.value, self._end.value = cut.start, cut.end
        self._start_words.value = say("cast.sample_start", second=f"{cut.start:.1f}")
        self._end_words.value = say("cast.sample_end", second=f"{cut.end:.1f}", seconds=f"{cut.end - cut.start:.1f}")
        self._problem.value = cut.problem
        self._problem.visible = bool(cut.problem)

    def _show(self) -> None:
        self._lay()
        redraw(self._box)

    def _look(self) -> None:
        seat, found = self._seat or 0, list[Sampled | None]()

        async def look() -> None:
            found.append(sample_of(self._evening.desk.narrator.node.ledger, seat))

        def show() -> None:
            self._given = found[0]
            self._show()

        self._desk.do(look, show)

    # --- what is done -----------------------------------------------------------------------------------------------

    async def _pick(self, event: object) -> None:
        files = await ft.FilePicker().pick_files(
            dialog_title=say("cast.sample_pick"),
            file_type=ft.FilePickerFileType.CUSTOM,
            allowed_extensions=SOUND_FILES,
            with_data=True,
        )
        data = files[0].bytes if files else None
        if data is not None:
            self._read(one_line(files[0].name, 80), data)
        self._box.update()

    def _read(self, name: str, data: bytes) -> None:
        sounds: list[Sound] = []

        async def read() -> None:
            sounds.append(await recording_of(data))

        def show() -> None:
            self._name, self._data, self._sound = name, data, sounds[0]
            self._cut = usual_cut(sounds[0].seconds)
            self._show()

        self._desk.do(read, show)

    def _start_slid(self, second: float) -> None:
        self._cut = self._cut.from_second(second)
        self._slid()

    def _end_slid(self, second: float) -> None:
        self._cut = self._cut.to_second(second)
        self._slid()

    def _slid(self) -> None:
        self._show_cut()
        self._box.update()

    def _hear(self, event: object) -> None:
        sound = self._sound
        if sound is None:
            return
        first, last = round(self._cut.start * sound.rate), round(self._cut.end * sound.rate)
        cut = Sound(sound.pcm[2 * first : 2 * last], sound.rate)
        self._desk.tell(say("cast.hearing"))
        self._desk.do(lambda: self._voices.play(cut))
        self._problem.update()

    def _consented(self, event: object) -> None:
        if self._consent.error:
            self._consent.error = None
        self._consent.update()

    def _assign(self, event: object) -> None:
        consent, cut, seat, data = (self._consent.value or "").strip(), self._cut, self._seat or 0, self._data
        if not consent:
            self._consent.error = say("cast.sample_no_consent")
            self._consent.update()
            return
        voices = self._evening.desk.voices

        def done() -> None:
            self._sound, self._data, self._consent.value = None, b"", ""
            self._changed(say("cast.sample_assigned"))

        self._desk.do(lambda: voices.assign(seat, data, consent=consent, start=cut.start, end=cut.end), done)
        self._problem.update()

    def _remove(self, event: object) -> None:
        seat, voices = self._seat or 0, self._evening.desk.voices
        self._desk.do(lambda: voices.remove(seat), lambda: self._changed(say("cast.sample_removed")))
        self._box.update()

    def _changed(self, told: str) -> None:
        self._desk.tell(told)
        self._taken()
        self._look()
