"""From speech to narration, decided: when an utterance begins and ends, what becomes of its words. Pure.

Words become narration only after they were shown for a while; then they may be mended, told at once, or dropped. What
an ear is unsure of waits for the narrator's word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from narrator_app.ear.spoken import command_of, is_phantom
from narrator_app.ear.voice_activity import ENOUGH, FRAME_SECONDS, NEAR

LONGEST = 60.0  # seconds of one utterance; it goes on in the next
LEAST = 0.15  # seconds of speech; the shortest words take longer
PAUSE = 0.7  # seconds of silence that end an utterance
UNSURE = 0.15  # confidence below which nothing is told by itself
TEXT = 8_000  # characters that wait to be told; as many as a narration has, about


class State(StrEnum):
    """``shown``: what was heard is told when the time is over; ``mending``: it waits for the narrator's word."""

    OFF = "off"
    WAITING = "waiting"
    TAKING = "taking"
    RECOGNISING = "recognising"
    SHOWN = "shown"
    MENDING = "mending"


class Effect(Enum):
    """What whoever performs this has to do."""

    OPEN = "an utterance begins; what was said just before belongs to it"
    CLOSE = "it ends"
    FORGET = "everything that is being heard is of no interest any more"
    DROP = "the recordings of what was heard are not needed"


@dataclass(frozen=True)
class Tell:
    """An effect: these words become narration."""

    text: str


@dataclass(frozen=True)
class Begin:
    """The narrator begins to speak (a key is down), or, ``hands_free``, may begin at any time."""

    hands_free: bool = False


@dataclass(frozen=True)
class Release:
    """The key is up; or hands-free ends."""


@dataclass(frozen=True)
class Frame:
    """30 ms of sound, with speech in it or not."""

    speech: bool


@dataclass(frozen=True)
class Words:
    """What an ear makes of the utterance so far."""

    text: str


@dataclass(frozen=True)
class Final:
    """What an ear made of the oldest utterance that was closed."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Tick:
    """Time goes by."""


@dataclass(frozen=True)
class Mend:
    """The narrator wants to correct what is shown, or will be: it is not told by itself."""


@dataclass(frozen=True)
class Send:
    """Tell it now, in these words if there are any."""

    text: str = ""


@dataclass(frozen=True)
class Drop:
    """Forget what is being said, heard or shown."""


@dataclass(frozen=True)
class Lost:
    """The microphone or the ear is gone."""


@dataclass(frozen=True)
class Kept:
    """These words could not be told; they wait for the narrator's word."""

    text: str


@dataclass(frozen=True)
class Manner:
    """How long what was heard is shown, in seconds: after a key, and hands-free. ``commands``: some are said."""

    glance: float = 2.0
    countdown: float = 3.0
    commands: bool = False


@dataclass(frozen=True)
class Hearing:
    """What there is to show. ``seconds``: until it is told; None when no clock runs. ``partial`` is not final yet."""

    state: State = State.OFF
    text: str = ""
    partial: str = ""
    seconds: float | None = None
    unsure: bool = False


class Dictation:
    """Hand every event to :meth:`handle`, with the time in seconds; do what it returns; show :meth:`hearing`."""

    def __init__(self, manner: Manner | None = None) -> None:
        self.manner = manner or Manner()
        self.state = State.OFF
        self.hands_free = False
        self.text = ""
        self.partial = ""
        self.unsure = False
        self.waits = False  # what is being heard is to be mended before it is told
        self.deadline: float | None = None
        self._near: deque[bool] = deque(maxlen=NEAR)
        self._taken = 0.0  # seconds of the utterance that is being taken
        self._spoken = 0.0  # of them with speech
        self._quiet = 0.0  # of them at its end without
        self._closed: deque[float] = deque()  # seconds of speech in each utterance whose words are awaited

    @property
    def microphone(self) -> bool:
        """Whether it is to be open."""
        return self.hands_free or self.state is State.TAKING

    def hearing(self, now: float) -> Hearing:
        left = None if self.deadline is None else max(0.0, self.deadline - now)
        return Hearing(self.state, self.text, self.partial, left, self.unsure)

    def handle(self, event: object, now: float) -> list[Effect | Tell]:
        """What is to be done. An event that has no place in this state changes nothing."""
        act = TABLE.get((self.state, type(event)))
        return act(self, event, now) if act is not None else []

    # --- taking -----------------------------------------------------------------------------------------------------

    def _begin(self, event: Begin, now: float) -> list[Effect | Tell]:
        self.hands_free = event.hands_free
        if event.hands_free:
            self._near.clear()
            self.state = State.WAITING if self.state is State.OFF else self.state
            return []
        return self._open()

    def _open(self) -> list[Effect | Tell]:
        self.state, self.deadline = State.TAKING, None
        self._taken = self._quiet = 0.0
        self._spoken = sum(self._near) * FRAME_SECONDS if self.hands_free else 0.0
        self._near.clear()
        return [Effect.OPEN]

    def _await_speech(self, event: Frame, now: float) -> list[Effect | Tell]:
        self._near.append(event.speech)
        return self._open() if self.hands_free and sum(self._near) >= ENOUGH else []

    def _take(self, event: Frame, now: float) -> list[Effect | Tell]:
        self._taken += FRAME_SECONDS
        self._spoken += event.speech * FRAME_SECONDS
        self._quiet = 0.0 if event.speech else self._quiet + FRAME_SECONDS
        if self.hands_free and self._quiet >= PAUSE:
            return self._close()
        if self._taken >= LONGEST:
            return [*self._close(), *self._open()]
        return []

    def _release(self, event: Release, now: float) -> list[Effect | Tell]:
        self.hands_free = False
        awaited = self._closed or self._spoken >= LEAST
        return self._close() if awaited else [Effect.FORGET, *self._forget_taken(now)]

    def _close(self) -> list[Effect | Tell]:
        self.state = State.RECOGNISING
        self._closed.append(self._spoken)
        return [Effect.CLOSE]

    def _forget_taken(self, now: float) -> list[Effect | Tell]:
        """Nobody spoke in what was taken; what came before it is shown, if there is any."""
        self.partial = ""
        return self._show(now)

    def _leave(self, event: Release, now: float) -> list[Effect | Tell]:
        self.hands_free = False
        if self.state is State.WAITING:
            self.state = State.OFF
        return []

    # --- words ------------------------------------------------------------------------------------------------------

    def _so_far(self, event: Words, now: float) -> list[Effect | Tell]:
        self.partial = event.text[:TEXT]
        return []

    def _final(self, event: Final, now: float) -> list[Effect | Tell]:
        spoken = self._closed.popleft() if self._closed else 0.0
        self.partial = ""
        if not is_phantom(event.text, spoken):
            self.text = f"{self.text} {event.text}".strip()[:TEXT]
            self.unsure = self.unsure or event.confidence < UNSURE
        return self._show(now) if self.state is State.RECOGNISING and not self._closed else []

    def _show(self, now: float) -> list[Effect | Tell]:
        if not self.text:
            return self._settle()
        if self.unsure or self.waits:
            self.state, self.deadline = State.MENDING, None
            return []
        self.state = State.SHOWN
        at_once = self.manner.commands and command_of(self.text) == "/hush"
        self.deadline = now + (0.0 if at_once else self.manner.countdown if self.hands_free else self.manner.glance)
        return self._tick(Tick(), now)

    # --- what becomes of them ---------------------------------------------------------------------------------------

    def _tick(self, event: Tick, now: float) -> list[Effect | Tell]:
        return self._send(Send(), now) if self.deadline is not None and now >= self.deadline else []

    def _mend(self, event: Mend, now: float) -> list[Effect | Tell]:
        self.state, self.deadline = State.MENDING, None
        return []

    def _wait(self, event: Mend, now: float) -> list[Effect | Tell]:
        self.waits = True
        return []

    def _send(self, event: Send, now: float) -> list[Effect | Tell]:
        return [Tell(event.text or self.text), *self._settle()]

    def _drop(self, event: Drop, now: float) -> list[Effect | Tell]:
        listening = self.state in (State.TAKING, State.RECOGNISING)
        return [*([Effect.FORGET] if listening else []), Effect.DROP, *self._settle()]

    def _lose(self, event: Lost, now: float) -> list[Effect | Tell]:
        self.hands_free = False
        self._closed.clear()
        self.partial, self.deadline = "", None
        self.state = State.MENDING if self.text else State.OFF
        return [Effect.FORGET]

    def _keep(self, event: Kept, now: float) -> list[Effect | Tell]:
        self.text = f"{event.text} {self.text}".strip()[:TEXT]
        if self.state in (State.OFF, State.WAITING, State.SHOWN):
            self.state, self.deadline = State.MENDING, None
        self.unsure = True
        return []

    def _settle(self) -> list[Effect | Tell]:
        """Ready for the next."""
        self.text = self.partial = ""
        self.unsure, self.waits, self.deadline = False, False, None
        self._closed.clear()
        self._near.clear()
        self.state = State.WAITING if self.hands_free else State.OFF
        return []


_Act = Callable[[Dictation, Any, float], list[Effect | Tell]]
_O, _W, _T, _R, _S, _M = State
TABLE: dict[tuple[State, type], _Act] = {
    **dict.fromkeys([(_O, Begin), (_W, Begin), (_R, Begin), (_S, Begin)], Dictation._begin),
    **dict.fromkeys([(_W, Frame), (_R, Frame), (_S, Frame)], Dictation._await_speech),
    (_T, Frame): Dictation._take,
    (_T, Release): Dictation._release,
    **dict.fromkeys([(_W, Release), (_R, Release), (_S, Release), (_M, Release)], Dictation._leave),
    **dict.fromkeys([(_T, Words), (_R, Words)], Dictation._so_far),
    **dict.fromkeys([(_T, Final), (_R, Final)], Dictation._final),
    (_S, Tick): Dictation._tick,
    (_S, Mend): Dictation._mend,
    **dict.fromkeys([(_T, Mend), (_R, Mend)], Dictation._wait),
    **dict.fromkeys([(_S, Send), (_M, Send)], Dictation._send),
    **dict.fromkeys([(_T, Drop), (_R, Drop), (_S, Drop), (_M, Drop)], Dictation._drop),
    **dict.fromkeys([(one, Lost) for one in State], Dictation._lose),
    **dict.fromkeys([(one, Kept) for one in State], Dictation._keep),
}
