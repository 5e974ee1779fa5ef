"""Dictation, performed: the microphone is opened and shut, ears hear, what was heard becomes narration.

Its rules:
- The microphone is open only while the narrator wants it to be.
- What was said is kept as sound until its words are told or dropped. When an ear fails, it is left as a file, and said.
- While a character is heard, hands-free is deaf: else it would tell what the loudspeaker says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trio

from dwnet.audio import Sound
from dwnet.errors import NodeError
from dwnet.text import marked
from narrator_app.ear.contract import RATE, Ear, EarMissing, Heard
from narrator_app.ear.dictation import (
    Begin,
    Dictation,
    Drop,
    Effect,
    Final,
    Frame,
    Hearing,
    Kept,
    Lost,
    Manner,
    Mend,
    Release,
    Send,
    State,
    Tell,
    Tick,
    Words,
)
from narrator_app.ear.engines import open_ear
from narrator_app.ear.microphone import Microphone, open_microphone
from narrator_app.ear.spoken import command_of, spoken_sentences
from narrator_app.ear.utterance import PIECES, heard, left_as_file
from narrator_app.ear.voice_activity import BEFORE, VoiceActivity
from narrator_app.narrator import Happening, Narrator

SCENE = 60  # passages whose words an ear is told; what is talked about now
TURN = 0.25  # seconds between two looks at the clock


class NothingHeard(NodeError):
    """Nothing that was heard waits for your word.

    /listen on listens hands-free; /listen hold listens until /listen off.
    """

    exit_code = 2


class Habits(Protocol):
    """How this narrator likes to be listened to; narrator_app.preferences has the ranges."""

    @property
    def ear(self) -> str: ...
    @property
    def microphone(self) -> str: ...
    @property
    def glance(self) -> float: ...
    @property
    def countdown(self) -> float: ...
    @property
    def spoken_commands(self) -> bool: ...
    @property
    def keep_voice(self) -> bool: ...


@dataclass(frozen=True)
class Hands:
    """What the stenographer can do to a story: tell (with the sound, or None), and obey a typed command."""

    tell: Callable[[str, Sound | None], Awaitable[object]]
    obey: Callable[[str], Awaitable[object]]


class Stenographer:
    """Listens for the narrator. Everything that is to be shown happens as ``hearing`` and ``heard``.

    ``models``: where Whisper's lie; ``unheard``: a folder for what could not be heard; ``busy``: whether the
    loudspeaker is in use; ``backend``: miniaudio's name of the sound system, "" for this machine's.
    """

    def __init__(
        self, narrator: Narrator, hands: Hands, habits: Callable[[], Habits], models: Path, unheard: Path,
        busy: Callable[[], bool], backend: str = "",
    ) -> None:  # fmt: skip
        self.dictation = Dictation()
        self.microphone: Microphone | None = None
        self._narrator, self._hands, self._habits = narrator, hands, habits
        self._models, self._unheard, self._busy, self._backend = models, unheard, busy, backend
        self._habit = habits()
        self._nursery: trio.Nursery | None = None
        self._ear: Ear | None = None
        self._listening: trio.CancelScope | None = None  # the microphone's
        self._hearing: set[trio.CancelScope] = set()  # one for each utterance that is being heard
        self._mouth: trio.MemorySendChannel[Sound] | None = None
        self._before: deque[bytes] = deque(maxlen=BEFORE)
        self._said: list[bytes] = []  # what the words that wait were heard in
        self._shown = Hearing()
        self._telling = trio.Lock()
        self._stale = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        self._narrator.listen(self._happened)
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    # --- what the narrator wants --------------------------------------------------------------------------------------

    async def begin(self, *, hands_free: bool = False) -> None:
        """Listen from now on: to one utterance until :meth:`release`, or hands-free.

        :raises NoMicrophone, EarMissing, EarUnknown: and nothing has changed.
        """
        assert self._nursery is not None, "run"
        self._habit = habit = self._habits()
        self.dictation.manner = Manner(habit.glance, habit.countdown, habit.spoken_commands)
        if self._ear is None or self._ear.spec != habit.ear:
            await self._nursery.start(self._keep_ear, habit.ear)
        if self._listening is None:
            await self._nursery.start(self._keep_microphone, habit.microphone)
        self._handle(Begin(hands_free))

    def release(self) -> None:
        """The narrator has spoken; or hands-free ends."""
        self._handle(Release())

    def mend(self) -> None:
        """Stop the clock: the narrator corrects what is shown."""
        self._handle(Mend())

    def send(self, text: str = "") -> None:
        """Tell what is shown now, in these words if there are any.

        :raises NothingHeard:
        """
        if self.dictation.state not in (State.SHOWN, State.MENDING):
            raise NothingHeard
        self._handle(Send(text))

    def drop(self) -> None:
        """Forget what is being said, heard or shown.

        :raises NothingHeard:
        """
        if self.dictation.state in (State.OFF, State.WAITING):
            raise NothingHeard
        self._handle(Drop())

    @property
    def level(self) -> float:
        """How loud the microphone is, 0 to 1."""
        return self.microphone.level if self.microphone is not None else 0.0

    # --- what is decided, and done ------------------------------------------------------------------------------------

    def _handle(self, event: object) -> None:
        now = trio.current_time()
        before = self.dictation.text
        effects = self.dictation.handle(event, now)
        if isinstance(event, Final) and (
            self.dictation.text != before or any(isinstance(one, Tell) for one in effects)
        ):
            self._tell_heard(event)
        for effect in effects:
            self._perform(effect)
        if self._listening is not None and not self.dictation.microphone:
            self._listening.cancel()
            self._listening = None
        self._show(now)

    def _tell_heard(self, event: Final) -> None:
        hearing = self.dictation.hearing(trio.current_time())
        text, sure = hearing.text or event.text, round(event.confidence, 3)
        self._narrator.happen(
            "heard", text=text, confidence=sure, unsure=hearing.unsure, seconds=hearing.seconds or 0.0
        )

    def _perform(self, effect: Effect | Tell) -> None:
        assert self._nursery is not None
        match effect:
            case Effect.OPEN:
                self._mouth, ear_end = trio.open_memory_channel[Sound](PIECES)
                for frame in self._before if self.dictation.hands_free else ():
                    self._mouth.send_nowait(Sound(frame, RATE))
                scope = trio.CancelScope()
                self._hearing.add(scope)
                self._nursery.start_soon(self._hear, ear_end, scope)
            case Effect.CLOSE if self._mouth is not None:
                self._mouth.close()
                self._mouth = None
            case Effect.FORGET:
                while self._hearing:
                    self._hearing.pop().cancel()
                self._mouth = None
            case Effect.DROP:
                self._said.clear()
            case Tell(text=text):
                said, self._said = b"".join(self._said), []
                self._nursery.start_soon(self._tell, text, Sound(said, RATE) if said else None)

    def _show(self, now: float) -> None:
        hearing = self.dictation.hearing(now)
        whole = None if hearing.seconds is None else -(-hearing.seconds // 1)
        shown = Hearing(hearing.state, hearing.text, hearing.partial, whole, hearing.unsure)
        if shown == self._shown:
            return
        if shown.seconds is not None and self._shown.seconds is None:
            assert self._nursery is not None
            self._nursery.start_soon(self._count)
        self._shown = shown
        facts = {"text": shown.text, "partial": shown.partial, "seconds": shown.seconds, "unsure": shown.unsure}
        self._narrator.happen("hearing", state=str(shown.state), **facts)

    async def _count(self) -> None:
        while self.dictation.deadline is not None:
            left = self.dictation.deadline - trio.current_time()
            await trio.sleep(max(0.0, min(TURN, left)))
            self._handle(Tick())

    async def _tell(self, text: str, recording: Sound | None) -> None:
        async with self._telling:
            command = command_of(text) if self._habit.spoken_commands else None
            try:
                if command is not None:
                    await self._hands.obey(command)
                else:
                    await self._hands.tell(text, recording if self._habit.keep_voice else None)
            except NodeError as error:
                self._narrator.happen("error", what=error.what, hint=error.hint)
                self._handle(Kept(text))

    # --- the microphone -----------------------------------------------------------------------------------------------

    async def _keep_microphone(self, name: str, *, task_status: trio.TaskStatus[None]) -> None:
        detector, begun = await trio.to_thread.run_sync(VoiceActivity), False
        try:
            with trio.CancelScope() as scope:
                async with open_microphone(name, self._backend) as self.microphone:
                    self._listening, begun = scope, True
                    self._before.clear()
                    task_status.started()
                    async for frame in self.microphone.frames():
                        self._take(frame, detector.speech(frame))
        except NodeError as error:
            if not begun:
                raise
            self._narrator.happen("error", what=error.what, hint=error.hint)
            self._listening = None
            if self._mouth is not None:  # what was said before it went away is heard all the same
                self._handle(Release())
            else:
                self._handle(Lost())
        finally:
            self.microphone = None

    def _take(self, frame: bytes, speech: bool) -> None:
        if self.dictation.hands_free and self.dictation.state is not State.TAKING and self._busy():
            self._before.clear()
            return
        self._before.append(frame)
        mouth = self._mouth
        self._handle(Frame(speech))
        if mouth is not None and self._mouth is mouth:
            try:
                mouth.send_nowait(Sound(frame, RATE))
            except (trio.WouldBlock, trio.BrokenResourceError):
                return  # the ear has failed, or hangs; it says so itself

    # --- the ear ------------------------------------------------------------------------------------------------------

    async def _keep_ear(self, spec: str, *, task_status: trio.TaskStatus[None]) -> None:
        """One ear, as long as it is the one that is wanted."""

        def tell(trouble: NodeError) -> None:
            self._narrator.happen("notice", what=f"{trouble.what} {trouble.hint}")

        async with open_ear(spec, self._models, tell) as ear:
            why = await trio.to_thread.run_sync(ear.missing)
            if why is not None:
                raise EarMissing(spec=spec, why=why)
            self._ear = ear
            self._stale.set()  # the ear before this one goes
            task_status.started()
            while self._ear is ear:
                stale = self._stale = trio.Event()
                try:
                    await ear.hint(*self._scene())
                except NodeError as error:
                    tell(error)
                await stale.wait()

    def _happened(self, one: Happening) -> None:
        if one["event"] in ("narrated", "accepted", "cast", "changed"):
            self._stale.set()

    def _scene(self) -> tuple[list[str], list[str]]:
        story = self._narrator.story
        first = max(0, story.length - SCENE)
        told = [story.passage_at(place).take for place in range(first, story.length)]
        sentences = [marked(story.spans_of(take)) for take in told]
        names = [seat.name for seat in story.seats.values()]
        return [*(spoken_sentences() if self._habit.spoken_commands else []), *sentences], names

    async def _hear(self, end: trio.MemoryReceiveChannel[Sound], scope: trio.CancelScope) -> None:
        """One utterance."""
        kept: list[bytes] = []
        final: Heard | None = None
        assert self._ear is not None
        with scope:
            try:
                final = await heard(self._ear, end, kept, lambda words: self._handle(Words(words)))
            except NodeError as failure:
                trouble = await left_as_file(failure, b"".join(kept), self._unheard)
                self._narrator.happen("error", what=trouble.what, hint=trouble.hint)
        self._hearing.discard(scope)
        if scope.cancelled_caught:
            return
        if final is None:
            self._handle(Lost())
            return
        if final.text:
            self._said.append(b"".join(kept))
        self._handle(Final(final.text, final.confidence))
