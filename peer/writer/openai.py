"""A writer whose model runs behind an OpenAI-compatible address: Ollama, llama.cpp's server, LM Studio, vLLM, others.

Rules of this file:
- A server that says nothing is given up after ``FIRST_SECONDS``, later after ``NEXT_SECONDS``; pings are not progress.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import trio

from peer.endpoint import Endpoint
from peer.prompt import Prompt, as_text, chat, script
from peer.writer.contract import NARRATOR, Scene, Written
from peer.writer.elsewhere import Elsewhere
from peer.writer.errors import (
    EndpointModelUnknown,
    EndpointRefused,
    EndpointRubbish,
    EndpointSlow,
)
from peer.writer.events import Events, TooLong
from peer.writer.guard import Guard, fault

if TYPE_CHECKING:
    from peer.endpoint import Answer

FIRST_SECONDS = 30.0  # until the first token; a server may have to load its model
NEXT_SECONDS = 20.0  # between two tokens
BUDGET = 3_000  # tokens of prompt; servers often allow 4,096 unless told otherwise
LETTERS_PER_TOKEN = 3  # fewer than in truth, so that the budget holds for any tokenizer
TEMPERATURE, WARMER, HOTTEST = 0.8, 0.15, 1.25
STOPS = 4  # the most that OpenAI takes; the guard knows them all
THINKING_TOKENS = 1_024  # more for models that think before they speak


@dataclass
class _Answer:
    """What one request brought so far."""

    guard: Guard
    first: float = 0.0
    finish: str = ""
    prompt_tokens: int = 0
    tokens: int = 0
    heard: bool = False  # anything that a model server would send


class EndpointWriter(Elsewhere):
    """``url`` is the base address (as http://127.0.0.1:11434/v1); ``model`` "" takes the server's first."""

    def __init__(self, url: str, *, model: str = "", key: str | None = None) -> None:
        self._endpoint = Endpoint(url, key)
        self._shown = self._endpoint.shown
        self._model = model
        self._known: tuple[str, ...] = ()
        self._loaded = False
        self._talks = True  # chat completions; else plain completions
        self._thinks = False
        self._since = ""

    @property
    def name(self) -> str:
        """The model's name, or the address before one was chosen."""
        return self._model or self._shown

    def missing(self) -> str | None:
        """Nothing on this machine; whether the server answers, ``load`` finds out."""
        return None

    async def load(self) -> None:
        """Ask the server which models it has and choose one.

        :raises EndpointUnreachable, EndpointSlow, EndpointRubbish, EndpointKeyRefused, EndpointRefused: as they say.
        :raises EndpointModelUnknown: it lacks the model that was asked for.
        """
        if self._loaded:
            return
        try:
            await self._choose()
            self._loaded = True
        except BaseException:
            await self._endpoint.aclose()
            raise

    async def preread(self, scene: Scene) -> None:
        """Nothing: a request made ahead would stand in the server's queue before the real one, or be charged for."""
        await trio.lowlevel.checkpoint()

    async def write(self, scene: Scene, out: trio.MemorySendChannel[str]) -> Written:
        """See the contract.

        :raises EndpointSlow, EndpointUnreachable, EndpointRubbish, EndpointRefused: what the server did.
        """
        called = time.perf_counter()
        await self.load()
        written = await self._attempt(scene, out, called)
        if written.fault == "empty":  # nothing was sent yet, so nobody sees that it was tried twice
            self._thinks = self._thinks or written.stopped == "length"
            written = await self._attempt(replace(scene, attempt=scene.attempt + 1), out, called)
        return written

    async def probe(self) -> None:
        """One token."""
        await self.load()
        ask = {"messages": [{"role": "user", "content": "Hello"}]} if self._talks else {"prompt": "Hello"}
        answer = _Answer(Guard("", (), quoted=False, cap=1))
        with self._patience() as patience:
            body = {**ask, "model": self._model, "max_tokens": 1, "stream": True}
            async with self._ask(body) as response, aclosing(self._pieces(response, answer, patience)) as pieces:
                async for _ in pieces:
                    return
        if patience.cancelled_caught:
            raise EndpointSlow(url=self._shown, seconds=int(FIRST_SECONDS))

    async def aclose(self) -> None:
        """Close the connections."""
        self._loaded = False
        await self._endpoint.aclose()

    # --- one reply --------------------------------------------------------------------------------------------------

    async def _attempt(self, scene: Scene, out: trio.MemorySendChannel[str], called: float) -> Written:
        try:
            return await self._answer(scene, out, called)
        except EndpointRefused as error:
            if not self._talks or error.facts["status"] not in (404, 405, 501):
                raise
        self._talks = False  # an older server, without chat completions
        return await self._answer(scene, out, called)

    async def _answer(self, scene: Scene, out: trio.MemorySendChannel[str], called: float) -> Written:
        prompt = (chat if self._talks else script)(scene, BUDGET, _tokens, self._since)
        self._since = prompt.since
        others = (NARRATOR, *scene.cast)
        answer = _Answer(Guard(scene.card.name, others, quoted=bool(prompt.opening), cap=scene.reply_tokens))
        guard = answer.guard
        with self._patience() as patience:
            body = self._body(scene, prompt, others)
            async with self._ask(body) as response, aclosing(self._pieces(response, answer, patience)) as pieces:
                async for piece in pieces:
                    patience.deadline = float("inf")  # a slow reader is not the server's fault
                    if safe := guard.push(piece):
                        answer.first = answer.first or time.perf_counter() - called
                        await out.send(safe)
                    patience.deadline = trio.current_time() + NEXT_SECONDS
                    if guard.over:
                        break
        if patience.cancelled_caught:
            raise EndpointSlow(url=self._shown, seconds=int(NEXT_SECONDS if answer.first else FIRST_SECONDS))
        if late := guard.finish(ended=not guard.over and answer.finish != "length"):
            answer.first = answer.first or time.perf_counter() - called
            await out.send(late)
        seconds = time.perf_counter() - called
        return Written(
            guard.text, guard.stopped or "end", answer.tokens or guard.pieces, answer.prompt_tokens,
            answer.first or seconds, seconds, fault(guard.text, (*prompt.told, *prompt.own)),
        )  # fmt: skip

    def _body(self, scene: Scene, prompt: Prompt, others: tuple[str, ...]) -> dict[str, Any]:
        asked: dict[str, Any] = (
            {"messages": [{"role": one.role, "content": one.text} for one in prompt.messages]}
            if self._talks
            else {"prompt": as_text(prompt, scene.card.name)}
        )
        stops = ["\n", '"'] if prompt.opening else []
        return asked | {
            "model": self._model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": scene.reply_tokens + (THINKING_TOKENS if self._thinks else 0),
            "temperature": min(TEMPERATURE + WARMER * scene.attempt, HOTTEST),
            "seed": int.from_bytes(os.urandom(4), "little") >> 1,
            "stop": [*stops, *(f"\n{name}:" for name in others)][:STOPS],
        }

    def _patience(self) -> trio.CancelScope:
        return trio.move_on_after(FIRST_SECONDS)

    async def _pieces(self, response: Answer, answer: _Answer, patience: trio.CancelScope) -> AsyncGenerator[str, None]:
        """The reply's pieces, of a stream or of an answer in one part."""
        async with aclosing(self._events(response)) as events:
            async for data in events:
                if data.strip() == "[DONE]":
                    break
                piece = self._piece(data, answer)
                if piece:
                    yield piece
                else:  # thinking is progress too; pings never come so far
                    patience.deadline = trio.current_time() + NEXT_SECONDS
        if not answer.heard:
            raise EndpointRubbish(url=self._shown, why="it holds no reply")

    async def _events(self, response: Answer) -> AsyncGenerator[str, None]:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            yield (await self._endpoint.whole(response)).decode("utf-8", "replace")
            return
        events = Events()
        try:
            async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_raw())) as chunks:
                async for chunk in chunks:
                    for data in events.feed(chunk):
                        yield data
            for data in events.close():
                yield data
        except TooLong:
            raise EndpointRubbish(url=self._shown, why="it does not end") from None

    def _piece(self, data: str, answer: _Answer) -> str:
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            raise EndpointRubbish(url=self._shown, why=f"{self._endpoint.told(data)!r} is not JSON") from None
        if not isinstance(event, dict):
            raise EndpointRubbish(url=self._shown, why=f"{self._endpoint.told(data)!r} is no event")
        if event.get("error"):
            raise EndpointRefused(url=self._shown, status=200, why=self._endpoint.reason(event))
        usage = event.get("usage")
        if isinstance(usage, dict):
            answer.prompt_tokens = _whole_number(usage.get("prompt_tokens"))
            answer.tokens = _whole_number(usage.get("completion_tokens"))
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return ""
        answer.heard = True
        answer.finish = str(choices[0].get("finish_reason") or answer.finish)
        said = choices[0].get("delta") or choices[0].get("message")
        text = said.get("content") if isinstance(said, dict) else choices[0].get("text")
        if isinstance(said, dict) and (said.get("reasoning_content") or said.get("reasoning")):
            self._thinks = True
        return text if isinstance(text, str) else ""

    # --- one request ------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _ask(self, body: dict[str, Any] | None, path: str = "") -> AsyncIterator[Answer]:
        try:
            async with self._endpoint.ask(
                path or ("chat/completions" if self._talks else "completions"), body
            ) as response:
                yield response
        except EndpointRefused as error:
            if error.facts["status"] == 404 and "model" in str(error.facts["why"]).casefold():
                known = ", ".join(self._known[:8]) or "none it tells of"
                raise EndpointModelUnknown(url=self._shown, model=self._model, known=known) from None
            raise

    async def _choose(self) -> None:
        with self._patience() as patience:
            async with self._ask(None, "models") as response:
                text = await self._endpoint.whole(response)
        if patience.cancelled_caught:
            raise EndpointSlow(url=self._shown, seconds=int(FIRST_SECONDS))
        try:
            listed = json.loads(text)["data"]
            self._known = tuple(self._endpoint.told(str(one["id"])) for one in listed)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise EndpointRubbish(url=self._shown, why="its list of models cannot be read") from None
        names = {*self._known, *(name.partition(":")[0] for name in self._known)}  # Ollama: "llama3.2:latest"
        if (self._model and self._model not in names) or not names:
            known = ", ".join(self._known[:8]) or "none"
            raise EndpointModelUnknown(url=self._shown, model=self._model or "any", known=known)
        self._model = self._model or self._known[0]


def _tokens(text: str) -> int:
    """A cautious guess: which tokenizer the server's model has is not told."""
    return len(text) // LETTERS_PER_TOKEN + 1


def _whole_number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
