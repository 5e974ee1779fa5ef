"""A character learns from its own lines: when, from what, and what becomes of it. The training itself is
peer/evolution's.

Rules of this file:
- It learns when it is asked to, or, where its owner chose so, when nobody has spoken for a while. It stands still the
  moment a beat begins, goes on when the beat is over, and after a restart where it was.
- The samples are worked out anew from the story; what was rewound meanwhile is not learned from.
- What came of it is told in the story (``evolved``), whatever it is; it speaks when it passed the tests.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from dwnet.errors import NodeError
from dwnet.node import Draft, Event, Node
from peer.evolution.contract import STRENGTHS, Progress, Report, Strength
from peer.evolution.evolving import Evolution
from peer.learning_backup import ADAPTER, SAMPLES, LearningBackup
from peer.learning_files import SAMPLES_FILE, Asked, begun, export_samples, freeze, move, write
from peer.learning_news import LearningNews, evolved
from peer.learning_samples import Lines, Sample, encoded, lines_of, samples_of
from peer.performer import Performer
from peer.scene import card_of
from protocol import minds
from protocol.effects import Heard, Ready, Took
from protocol.errors import ProtocolError
from protocol.moments import Learn, read_moment

QUIET_SECONDS = 6.0  # after the last word of a beat, until learning goes on
IDLE_SECONDS = 120.0  # in which nobody spoke, until it learns by itself
ENOUGH, MORE = 40, 20  # lines until it learns by itself for the first time, and again
BEAT = ("narrate", "cue")
logger = logging.getLogger(__name__)


class NotCastYet(NodeError):
    """This peer has not been told yet who it plays, so there is nothing to learn from.

    Connect it to the narrator for a while, and let its character speak.
    """


class Training(Protocol):
    """One training as peer/evolution runs it."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    async def run(self) -> Report: ...


class Trains(Protocol):
    """Makes one: samples, model, folder."""

    def __call__(
        self,
        samples: Path,
        base: Path,
        out: Path,
        *,
        strength: Strength,
        secrets: tuple[str, ...],
        tell: Callable[[Progress], None],
    ) -> Training: ...


class CharacterLearning:
    """The learning of one character. ``folder`` is its own among the training data; ``choice`` is its owner's,
    one of settings.EVOLVE."""

    def __init__(
        self,
        node: Node,
        performer: Performer,
        backup: LearningBackup,
        folder: Path,
        choice: str,
        train: Trains = Evolution,
        hear: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self.news = LearningNews(node)
        self._node = node
        self._performer = performer
        self._backup = backup
        self._folder = folder
        self._choice = choice
        self._train = train
        self._hear = hear
        self._training: Training | None = None
        self._scope: trio.CancelScope | None = None
        self._paused = False
        self._asked: str | None = None
        self._wake = trio.Event()
        self._stirred_at = trio.current_time()
        self._stale = True
        self._one_writes = trio.Lock()

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Learn when it is time to, until cancelled; what was begun is gone on with at the next start."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, events)
            nursery.start_soon(self._keep_time)
            nursery.start_soon(self._work)

    # --- what happens -----------------------------------------------------------------------------------------------

    async def _watch(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        async for event in events:
            match event:
                case Took(entry=entry):
                    self._stale = True
                    if entry.kind in BEAT:
                        self._stir()
                case Heard(ephemeral=one) if one.kind == Learn.kind:
                    if self._node.ledger.is_narrator(one.author):
                        self._be_told(one.payload)
                case Ready():
                    self.news.tell()

    def _be_told(self, payload: bytes) -> None:
        try:
            learn = read_moment(Learn, payload)
        except ProtocolError as error:
            logger.warning("what the narrator asks does not read: %s", error)
            return
        if learn.deed == "stop":
            self.stop()
        elif learn.deed == "begin" and learn.strength in STRENGTHS:
            self.begin(learn.strength)

    def begin(self, strength: str) -> None:
        """Learn as soon as nobody speaks."""
        if self._choice == "never":
            self.news.say("refused", why="Whoever owns this machine does not let it learn.", strength=strength)
        elif self._scope is None and self._asked is None:
            self._asked = strength
            self.news.say("gathering", strength=strength)
            self._wake.set()

    def stop(self) -> None:
        """Give up what is being learned."""
        self._asked = None
        if self._scope is not None:
            self._scope.cancel()

    def _stir(self) -> None:
        """Somebody speaks, or will: all of the machine is theirs."""
        self._stirred_at = trio.current_time()
        if self._training is not None and not self._paused:
            self._paused = True
            self._training.pause()
            self.news.say("paused", why="Somebody speaks.")

    def _is_quiet(self, seconds: float) -> bool:
        """Whether nobody has spoken for so long, and nobody is asked to. Without the narrator nobody is waited for."""
        story, node = self._node.ledger.story, self._node
        if node.linked_to(node.ledger.authority.narrator) and any(
            cue.state == "open" and story.on_path(cue.beat) for cue in reversed(story.cues.values())
        ):
            self._stirred_at = trio.current_time()
        return trio.current_time() - self._stirred_at >= seconds and not self._performer.is_answering

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(1)
            if self._paused and self._training is not None and self._is_quiet(QUIET_SECONDS):
                self._paused = False
                self._training.resume()
                self.news.say("training")
            if self._training is None and self._is_quiet(QUIET_SECONDS):
                await self._keep_samples()
                if self._choice == "idle" and self._is_quiet(IDLE_SECONDS) and self._has_enough():
                    self.begin("gentle")

    def _has_enough(self) -> bool:
        seat = self._performer.versions.seat
        learned = minds.versions(self._node.ledger, seat) if seat is not None else ()
        here = [one for one in learned if not one.brought]
        return self.news.said.samples >= (here[-1].made.count + MORE if here else ENOUGH)

    # --- samples ----------------------------------------------------------------------------------------------------

    async def gather(self) -> tuple[list[Sample], Lines] | None:
        """What there is to learn from where the story stands; None before this peer has its card."""
        seat, ledger = self._performer.versions.seat, self._node.ledger
        card = card_of(ledger.story, seat) if seat is not None else None
        if seat is None or card is None:
            return None
        lines, manner = lines_of(ledger, seat), self._performer.writer.manner
        return await trio.to_thread.run_sync(samples_of, lines, card, manner), lines

    async def _keep_samples(self) -> None:
        """Write the samples down as they are now, where people can read them."""
        if not self._stale or not self._performer.is_loaded:
            return
        self._stale = False
        try:
            if (gathered := await self.gather()) is None:
                return
            samples, _ = gathered
            content = encoded(samples)
            await self._write(content)
            if len(samples) != self.news.said.samples:
                self.news.say(self.news.said.state, samples=len(samples))
            if self._is_worth_keeping(len(samples)):
                await self._backup.keep(SAMPLES, content, len(samples))
        except NodeError as error:
            logger.warning("the samples could not be written down: %s %s", error.what, error.hint)

    async def _write(self, content: bytes) -> None:
        async with self._one_writes:
            await trio.to_thread.run_sync(write, self._folder / SAMPLES_FILE, content)

    def _is_worth_keeping(self, count: int) -> bool:
        seat = self._performer.versions.seat
        kept = [one for one in minds.backups(self._node.ledger, seat or 0) if one.held.what == SAMPLES]
        return count >= (kept[-1].held.count + MORE if kept else 1)

    # --- learning ---------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        interrupted = await trio.to_thread.run_sync(begun, self._out)
        if interrupted is not None and self._choice != "never":
            self._asked = interrupted.strength
        while True:
            while self._asked is None or not self._performer.is_loaded or not self._is_quiet(QUIET_SECONDS):
                self._wake = trio.Event()
                with trio.move_on_after(1):
                    await self._wake.wait()
            strength, self._asked = self._asked, None
            await self.learn(strength)

    @property
    def _out(self) -> Path:
        return self._folder / "learning"

    async def learn(self, strength: str) -> None:
        """Learn now, and tell what came of it, or why nothing did."""
        with trio.CancelScope() as self._scope:
            try:
                await self.study(strength)
            except NodeError as error:
                logger.warning("learning: %s %s", error.what, error.hint)
                self.news.say("failed", why=f"{error.what} {error.hint}")
        if self._scope.cancelled_caught:
            await trio.to_thread.run_sync(partial(shutil.rmtree, self._out, ignore_errors=True))
            self.news.say("stopped")
        self._training, self._scope, self._paused = None, None, False

    async def study(self, strength: str) -> Report | Path:
        """Learn now: the report; for a model that runs elsewhere the exported training set.

        :raises NotCastYet, NodeError: and nothing was learned.
        """
        gathered = await self.gather()
        if gathered is None:
            raise NotCastYet
        samples, lines = gathered
        await self._write(encoded(samples))
        base = self._performer.writer.base
        if base is None:
            path = await trio.to_thread.run_sync(export_samples, self._folder)
            self.news.say("refused", why=f"The model runs elsewhere. The training set for it is {path}.")
            return path
        place = self._node.ledger.story.head
        asked, frozen = await trio.to_thread.run_sync(freeze, self._out, strength, place, encoded(samples))
        self._training = self._train(
            frozen, base, self._out, strength=STRENGTHS[asked.strength], secrets=lines.secrets, tell=self._progress
        )
        self.news.say("gathering", strength=asked.strength, samples=len(samples))
        report = await self._training.run()
        with trio.CancelScope(shield=True):
            await self._settle(report, asked, samples)
        return report

    def _progress(self, progress: Progress) -> None:
        self._hear(progress)
        if not self._paused:
            self.news.progress(progress)

    async def _settle(self, report: Report, asked: Asked, samples: list[Sample]) -> None:
        """The adapter gets its place and its entry; then the traces of the work are removed."""
        adapter = bytes.fromhex(report.adapter_hash)
        path = self._performer.versions.path_of(adapter)
        if path is None:
            return
        content = await trio.to_thread.run_sync(move, report, path)
        await self._node.write(Draft(evolved(report, samples), (asked.place,) if asked.place else ()))
        self._performer.rethink()
        await self._backup.keep(ADAPTER, content, report.learned)
        await self._backup.keep(SAMPLES, encoded(samples), len(samples))
        await trio.to_thread.run_sync(partial(shutil.rmtree, self._out, ignore_errors=True))
        self.news.say("done" if report.promoted else "refused", why=report.what, share=1_000)
