"""What every writer does, and the values that go in and come out. tests/kit/contract_writer.py holds each one to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import trio

from dwnet.card import Card

Manner = Literal["script", "chat"]  # how a model is asked: peer/prompt.py

NARRATOR = "Narrator"


@dataclass(frozen=True)
class Turn:
    """One thing that was said. ``kind`` is "narration", "line" or "whisper"; a narration's speaker is "Narrator"."""

    speaker: str
    text: str
    kind: str


@dataclass(frozen=True)
class Scene:
    """Everything a reply is made from.

    ``cast`` names all other characters. ``turns`` run from the story's (or branch's) beginning, or from one unchanging
    place of it: a beginning that moves with every turn would make the model read everything again.
    ``reply_tokens`` bounds the reply. ``attempt`` counts the attempts at this line from 0; each is a little warmer.
    """

    card: Card
    cast: tuple[str, ...]
    turns: tuple[Turn, ...]
    story: str
    reply_tokens: int = 90
    attempt: int = 0


@dataclass(frozen=True)
class Written:
    """One finished reply.

    ``text`` is what counts: the pieces sent before it may hold half a sentence more when ``stopped`` is "length".
    ``stopped``: "end" the character had finished, "length" the cap was reached, "cut" it began to speak for another.
    ``first_token_seconds`` and ``seconds`` count from the call of ``write``. ``prompt_tokens`` is 0 where a server
    does not tell. ``fault``: "" a proper reply, "empty" nothing was said, "echo" it only repeats what was said before.
    """

    text: str
    stopped: Literal["end", "length", "cut"]
    tokens: int
    prompt_tokens: int
    first_token_seconds: float
    seconds: float
    fault: Literal["", "empty", "echo"] = ""


class Writer(Protocol):
    """A language model that speaks as one character. One task at a time may write; pre-reading may run beside it."""

    @property
    def name(self) -> str:
        """The model's name, shown to users and stored with each line, as "SmolLM2-135M-Instruct.Q4_1"."""

    @property
    def base(self) -> Path | None:
        """The GGUF file of the model that runs in this process; None where it runs elsewhere."""

    @property
    def manner(self) -> Manner:
        """How the model is asked; known for certain once it is loaded."""

    def missing(self) -> str | None:
        """What this writer lacks on this machine and the remedy, without loading anything; None when all is here."""

    async def load(self) -> None:
        """Make the model ready; a second call does nothing.

        :raises WriterError: one of its subclasses.
        """

    async def preread(self, scene: Scene) -> None:
        """Read the scene ahead of its cue, so that the first token comes soon. It gives way to ``write`` at once."""

    async def write(self, scene: Scene, out: trio.MemorySendChannel[str]) -> Written:
        """Send the reply piece by piece as it is made, the first piece at once; ``out`` stays open.

        Cancelling stops the model at the next token.

        :raises WriterError: one of its subclasses.
        :raises trio.BrokenResourceError: when nobody receives any more.
        """

    async def wear(self, adapter: Path | None) -> None:
        """Speak with this adapter from the next reply on, or without one; what was read is to be read again.

        :raises WriterError: one of its subclasses, when that cannot be; then it speaks without one.
        """

    async def probe(self) -> None:
        """Make one token and throw it away: is this writer ready?

        :raises WriterError: one of its subclasses, if it is not.
        """

    async def aclose(self) -> None:
        """Give the model's memory back. Nothing may be asked afterwards."""
