"""What every ear promises, and how one is written down: ``sphinx:en-us``, ``whisper:small.en``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import trio

from dwnet.audio import Sound
from dwnet.errors import NodeError

RATE = 16_000  # Hz; what every recogniser was trained with
USUAL = "sphinx:en-us"  # always there
_SPEC = re.compile(r"([a-z][a-z0-9-]{0,31}):(\S[^\n\0]{0,1023})")


class EarUnknown(NodeError):
    """There is no ear called "{spec}".

    Write it as engine:name; the engines are {known}. `dwnet ear list` names the ears of this machine.
    """

    exit_code = 2


class EarMissing(NodeError):
    """The ear {spec} can't be used here: {why}.

    `dwnet ear list` shows what works on this machine; sphinx:en-us is always there.
    """


class EarFailed(NodeError):
    """The ear {spec} stopped working: {why}.

    What was said is not lost: it is in the recording. Try again, or choose another ear of `dwnet ear list`.
    """


class EarRestarted(NodeError):
    """The ear {spec} stopped in mid-sentence and was started again; it hears the whole sentence from the recording.

    Nothing needs to be done. If it happens again, choose another ear of `dwnet ear list`.
    """


@dataclass(frozen=True)
class Heard:
    """What an ear makes of the sound so far. ``final`` comes once, at the end. ``confidence`` is 0 to 1, as the engine
    judges itself; engines differ.
    """

    text: str
    final: bool = False
    confidence: float = 0.0


class Ear(Protocol):
    """An engine that turns speech into words. One utterance at a time; the next one waits for its turn."""

    @property
    def spec(self) -> str:
        """How it is written down."""

    def missing(self) -> str | None:
        """None when it can hear on this machine; else what has to be installed or fetched, in one line."""

    async def listen(self, mic: trio.MemoryReceiveChannel[Sound], out: trio.MemorySendChannel[Heard]) -> None:
        """Hear one utterance, which ends with ``mic``; both channels are closed then.

        ``mic`` brings sound of any rate. ``out`` gets words as they come and, last, one that is ``final``; its text is
        empty when nothing was said. Never blocks the trio thread; cancelled, it is ready for the next utterance.

        :raises EarMissing, EarFailed:
        """

    async def hint(self, sentences: Sequence[str], names: Sequence[str]) -> None:
        """What is likely to be said from now on: sentences whose words belong to the story, and the cast's names as
        they are spelt. In place of the last hint.

        :raises EarMissing, EarFailed:
        """


def parse_ear(spec: str, known: Sequence[str]) -> tuple[str, str]:
    """Engine and name. Raises EarUnknown."""
    found = _SPEC.fullmatch(spec.strip())
    if found is None or found[1] not in known:
        raise EarUnknown(spec=spec[:64], known=", ".join(known))
    return found[1], found[2]
