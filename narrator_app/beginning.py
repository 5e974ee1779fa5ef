"""From nothing to a told beat: a story is made, characters wake up on this machine, and the first narration is told.

Rules of this file:
- It goes on whoever looks: its state belongs to the process, and every page of the desk shows the same.
- Nobody waits for ever for a character. One that can't come is said, with what to do, and the story begins without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import trio

from dwnet.errors import NodeError
from narrator_app.commands import Desk
from narrator_app.evenings import Evenings, Failed, Open
from narrator_app.gathering import Arrival, Waking, arrivals, bring_in, settled
from narrator_app.preferences import Looks
from narrator_app.stories import Stories

READY_SECONDS = 180.0  # for a first start on a slow machine; usually it is a few


class NotToldOn(NodeError):
    """“{name}” is on the shelf now, but its narrator's key is not on this computer: it can be read, and not told on.

    To tell it on, put the folder “keys” of the computer it was told on into its folder here. Or begin a story of your
    own; the Library shows this one.
    """

    exit_code = 2


class Stage(Enum):
    """How far the beginning of a story is."""

    ASKING = "asking"  # nothing has begun: name, cast and first words are being chosen
    OPENING = "opening"
    WAKING = "waking"  # the characters' processes start and load their models
    STUCK = "stuck"  # nobody came; the narrator decides how to go on
    OVER = "over"


@dataclass(frozen=True)
class Choices:
    """What was chosen so far. ``step`` counts from 0."""

    name: str
    cast: tuple[str, ...]
    narration: str
    step: int = 0


@dataclass(frozen=True)
class Plan:
    """What the narrator chose: the story's name, who plays in it on this machine, and the first narration."""

    name: str
    cast: tuple[str, ...]
    narration: str


@dataclass(frozen=True)
class Progress:
    """``what`` and ``hint`` say what went wrong, if something did."""

    stage: Stage
    arrivals: tuple[Arrival, ...] = ()
    what: str = ""
    hint: str = ""


class Beginning:
    """The first evening of a data root. ``progress`` is what screens show; listeners hear of every change of it.

    ``choices`` is what was typed and chosen on the way there; it outlives the page it was typed into.
    """

    def __init__(self, evenings: Evenings, looks: Looks, *, asking: bool) -> None:
        self.evenings = evenings
        self.progress = Progress(Stage.ASKING if asking else Stage.OVER)
        self.choices: Choices | None = None
        self._looks = looks
        self._plan: Plan | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def over(self) -> bool:
        """Whether the story itself is to be shown."""
        return self.progress.stage is Stage.OVER

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """``listener`` is called at every change, until the function returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def skip(self, name: str = "") -> None:
        """Whoever knows his way begins with an empty story of this name, or with the one that has it or this tag."""
        self._looks.change(welcomed=True)
        self.evenings.open(name.strip())
        self._become(Progress(Stage.OVER))

    async def bring(self, name: str, data: bytes) -> None:
        """Begin with a story there is already: the bytes of a ``.dwlog``, as a browser or a file gave them.

        :raises NotBroughtIn, NotToldOn: and the first run goes on.
        """
        stories = Stories(self.evenings.settings)
        async with stories.for_now(data, name) as path:
            brought = await stories.bring_in(path)
        if not brought.spine.ours:
            raise NotToldOn(name=brought.spine.summary.name)
        self.skip(brought.spine.summary.tag)

    async def begin(self, plan: Plan, patience: float = READY_SECONDS) -> None:
        """Make the story, wake its cast, tell the first narration. Asked for again while it goes on, it does nothing.

        What goes wrong is in ``progress``, and everything can be asked for again.
        """
        if self.progress.stage in (Stage.OPENING, Stage.WAKING, Stage.OVER):
            return
        self._plan = plan
        self._become(Progress(Stage.OPENING, tuple(Arrival(name) for name in plan.cast)))
        desk = None
        try:
            desk = await self._opened(plan.name)
            if desk is not None:
                await self._wake_and_tell(desk, plan, patience)
        except NodeError as error:
            self._become(Progress(Stage.ASKING, (), error.what, error.hint))
        except Exception:  # a story that was closed under our hands can say anything
            if self._is_open(desk):
                raise
            self._ask_again()

    async def _wake_and_tell(self, desk: Desk, plan: Plan, patience: float) -> None:
        self._become(Progress(Stage.WAKING, self.progress.arrivals))
        await bring_in(desk, plan.cast)
        coming = await self._wait_for_all(desk, plan.cast, patience)
        if not self._waiting():
            return  # it was told meanwhile, or the story ended
        if plan.cast and not any(one.waking is Waking.AWAKE for one in coming):
            first = next((one for one in coming if one.why), coming[0])
            self._become(Progress(Stage.STUCK, coming, first.why, first.remedy))
        else:
            await self._tell(desk)

    async def tell_anyway(self) -> None:
        """The story begins although not everybody is awake: whoever comes later answers then."""
        desk = self.evenings.evening.desk if self.evenings.evening else None
        if self.progress.stage in (Stage.WAKING, Stage.STUCK) and desk is not None:
            await self._tell(desk)

    async def _opened(self, name: str) -> Desk | None:
        """Open the story; None when that failed, and then ``progress`` says why."""
        changed = trio.Event()

        def happened(one: dict[str, object]) -> None:
            if one["event"] == "state":
                changed.set()

        stop = self.evenings.listen(happened)
        try:
            self.evenings.open(name)
            while True:
                await changed.wait()
                changed = trio.Event()
                match self.evenings.state:
                    case Open(evening=evening):
                        return evening.desk
                    case Failed(what=what, hint=hint):
                        self._become(Progress(Stage.ASKING, (), what, hint))
                        return None
        finally:
            stop()

    async def _wait_for_all(self, desk: Desk, names: Sequence[str], patience: float) -> tuple[Arrival, ...]:
        coming = arrivals(desk, names)
        with trio.move_on_after(patience):
            while self._waiting():
                if not self._is_open(desk):
                    self._ask_again()
                    break
                coming = arrivals(desk, names)
                if coming != self.progress.arrivals:
                    self._become(Progress(Stage.WAKING, coming))
                if settled(coming):
                    break
                with trio.move_on_after(1):  # a story that ended stirs no more
                    await desk.narrator.something()
        return coming

    def _is_open(self, desk: Desk | None) -> bool:
        return desk is not None and self.evenings.evening is not None and self.evenings.evening.desk is desk

    def _ask_again(self) -> None:
        """The story ended before it was told."""
        state = self.evenings.state
        what, hint = (state.what, state.hint) if isinstance(state, Failed) else ("", "")
        self._become(Progress(Stage.ASKING, (), what, hint))

    def _waiting(self) -> bool:
        return self.progress.stage is Stage.WAKING

    async def _tell(self, desk: Desk) -> None:
        plan, self._plan = self._plan, None
        try:
            if plan is not None and plan.narration.strip():
                await desk.intents.tell(plan.narration, list(plan.cast) or None)
        except NodeError:
            self._plan = plan
            raise
        self._looks.change(welcomed=True, screen="stage")
        self._become(Progress(Stage.OVER))

    def _become(self, progress: Progress) -> None:
        self.progress = progress
        for listener in tuple(self._listeners):
            listener()
