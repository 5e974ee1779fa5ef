"""A voice from a recording, in a character's form: picked or recorded, cut, heard, and given with a word on who allowed
it.

Rules of this file:
- What was picked or recorded belongs to the evening, not to this form: it is there again when the form is.
- What is given or taken back is so at once; it is no part of the card, and waits for no "Keep".
- No button gives a voice as long as it is not said whose it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import flet as ft

from dwnet.audio import Sound
from dwnet.text import one_line
from dwnet.voice_sample import sample_of
from narrator_app.ear.voice_recording import VoiceRecording
from narrator_app.phrases import say
from narrator_app.reference_voices import Proposal, recording_of
from narrator_app.run import Evening
from narrator_app.ui.parts import action, field, identified, label, redraw
from narrator_app.views.sample_cut import LEAST, SampleCut, cut_of, recording_words, usual_cut
from narrator_app.voices import Voices
from protocol import limits
from protocol.kinds import Sampled

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

TURN = 0.1  # seconds between two looks at a recording
SOUND_FILES = ["wav", "flac", "ogg", "opus", "mp3", "aiff", "aif"]  # Flet's own list of sound files lacks FLAC


class SamplePart:
    """The recording of a seat's voice. ``taken`` is called when the seat has got another voice by it; ``seen`` says
    whether the form is looked at.
    """

    def __init__(
        self,
        desk: PageDesk,
        evening: Evening,
        voices: Voices,
        seat: int | None,
        taken: Callable[[], None],
        seen: Callable[[], bool],
    ) -> None:
        self._desk = desk
        self._evening = evening
        self._voices = voices
        self._seat = seat
        self._taken = taken
        self._seen = seen
        self._given: Sampled | None = None
        self._recording: VoiceRecording | None = None
        palette = desk.palette
        self._start, self._end = self._slider(self._start_slid), self._slider(self._end_slid)
        self._start_words = label(palette, "", size=14, colour=palette.text)
        self._end_words = label(palette, "", size=14, colour=palette.text)
        self._problem = label(palette, "", colour=palette.warn)
        consent = self._proposal.consent if self._proposal is not None else ""
        self._consent = field(
            palette, say("cast.sample_consent"), consent, on_change=self._consented, max_length=limits.CONSENT,
            multiline=True,
        )  # fmt: skip
        self._meter = ft.ProgressBar(value=0, width=96, bar_height=8, border_radius=4, color=palette.accent)
        self._meter.bgcolor, self._meter.semantics_label = palette.line, say("stage.ear_level")
        self._recorded = label(palette, "", size=14, colour=palette.text)
        self._box = ft.Column(spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    @property
    def _proposal(self) -> Proposal | None:
        return self._evening.desk.voices.proposed(self._seat) if self._seat is not None else None

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
        if self._recording is not None:
            self._box.controls = [*rows, self._recorder()]
            return
        pick = action(palette, say("cast.sample_pick"), self._pick, icon=ft.Icons.AUDIO_FILE_OUTLINED)
        record = action(palette, say("cast.sample_record"), self._record, icon=ft.Icons.MIC_NONE_OUTLINED)
        rows.append(ft.Row([pick, record], spacing=8, wrap=True, run_spacing=8))
        if self._desk.page.web:
            rows.append(label(palette, say("stage.ear_web"), size=12))
        if self._proposal is not None:
            rows += self._trimmer(self._proposal)
        self._box.controls = rows

    def _recorder(self) -> ft.Control:
        """What stands in the place of everything else while a voice is recorded."""
        palette = self._desk.palette
        stop = action(palette, say("cast.sample_record_stop"), self._stop, icon=ft.Icons.STOP, kind="filled")
        how = ft.Row([self._meter, self._recorded], spacing=10, wrap=True, run_spacing=4)
        return identified("voice-recording", ft.Column([how, ft.Row([stop])], spacing=8, tight=True))

    def _trimmer(self, proposal: Proposal) -> list[ft.Control]:
        palette, cut = self._desk.palette, cut_of(proposal)
        for slider in (self._start, self._end):
            slider.max, slider.divisions = cut.whole, max(1, round(cut.whole / LEAST))
        self._show_cut(cut)
        hear = action(palette, say("cast.sample_hear"), self._hear, icon=ft.Icons.VOLUME_UP_OUTLINED)
        assign = action(
            palette, say("cast.sample_assign"), self._assign, icon=ft.Icons.RECORD_VOICE_OVER_OUTLINED, kind="filled"
        )
        return [
            label(palette, say("cast.sample_file", name=proposal.name, seconds=f"{cut.whole:.1f}")),
            self._start_words,
            ft.Semantics(content=self._start, label=say("cast.sample_start_name")),
            self._end_words,
            ft.Semantics(content=self._end, label=say("cast.sample_end_name")),
            self._problem,
            ft.Row([hear]),
            self._consent,
            ft.Row([assign]),
        ]

    def _show_cut(self, cut: SampleCut) -> None:
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
        async def read() -> None:
            self._propose(name, await recording_of(data))

        self._desk.do(read, self._show)

    def _propose(self, name: str, sound: Sound) -> None:
        cut = usual_cut(sound.seconds)
        self._keep(Proposal(name, sound, cut.start, cut.end, self._consent.value or ""))

    def _keep(self, proposal: Proposal) -> None:
        self._evening.desk.voices.propose(self._seat or 0, proposal)

    def _record(self, event: object) -> None:
        recording = self._recording = VoiceRecording(self._evening.desk.stenographer)
        microphone = self._desk.looks.now.microphone
        self._voices.stop()

        async def record() -> None:
            try:
                await recording.run(microphone, self._seen)
            finally:
                self._recording = None
                if recording.seconds >= LEAST:
                    self._propose(say("cast.sample_recorded"), recording.sound)
                self._desk.soon(self._show)

        self._recorded.value, self._meter.value = say("cast.sample_opening"), 0
        self._show()
        self._desk.do(record)
        self._desk.house.bridge.every(TURN, self._move)

    def _move(self) -> bool:
        """Show how far the recording is. False when there is none."""
        recording = self._recording
        if recording is None:
            return False
        words, level = recording_words(recording.seconds), round(recording.level, 1)
        if recording.seconds and (words, level) != (self._recorded.value, self._meter.value):
            self._recorded.value, self._meter.value = words, level
            redraw(self._recorded, self._meter)
        return True

    def _stop(self, event: object) -> None:
        if self._recording is not None:
            self._recording.stop()
        redraw(self._recorded)

    def _start_slid(self, second: float) -> None:
        self._slid(lambda cut: cut.from_second(second))

    def _end_slid(self, second: float) -> None:
        self._slid(lambda cut: cut.to_second(second))

    def _slid(self, move: Callable[[SampleCut], SampleCut]) -> None:
        proposal = self._proposal
        if proposal is not None:
            cut = move(cut_of(proposal))
            self._keep(replace(proposal, start=cut.start, end=cut.end))
            self._show_cut(cut)
        self._box.update()

    def _hear(self, event: object) -> None:
        proposal = self._proposal
        if proposal is not None:
            sound = proposal.sound
            first, last = round(proposal.start * sound.rate), round(proposal.end * sound.rate)
            cut = Sound(sound.pcm[2 * first : 2 * last], sound.rate)
            self._desk.tell(say("cast.hearing"))
            self._desk.do(lambda: self._voices.play(cut))
        self._problem.update()

    def _consented(self, event: object) -> None:
        self._consent.error = None
        proposal = self._proposal
        if proposal is not None:
            self._keep(replace(proposal, consent=self._consent.value or ""))
        self._consent.update()

    def _assign(self, event: object) -> None:
        proposal, seat, voices = self._proposal, self._seat or 0, self._evening.desk.voices
        consent = (self._consent.value or "").strip()
        if proposal is None or not consent:
            self._consent.error = say("cast.sample_no_consent")
            self._consent.update()
            return
        sound, start, end = proposal.sound, proposal.start, proposal.end

        def done() -> None:
            self._consent.value = ""
            self._changed(say("cast.sample_assigned"))

        self._desk.do(lambda: voices.assign(seat, sound, consent=consent, start=start, end=end), done)
        self._problem.update()

    def _remove(self, event: object) -> None:
        seat, voices = self._seat or 0, self._evening.desk.voices
        self._desk.do(lambda: voices.remove(seat), lambda: self._changed(say("cast.sample_removed")))
        self._box.update()

    def _changed(self, told: str) -> None:
        self._desk.tell(told)
        self._taken()
        self._look()
