"""What stands where a browser would: a connection of Flet's that encodes every message as for the wire and keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgpack
from flet.controls.base_control import BaseControl
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    InvokeMethodRequestBody,
    Message,
    MessageAction,
    PatchControlBody,
    RegisterClientResponseBody,
    SessionCrashedBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

Answer = object | Callable[[Mapping[str, Any]], object]

KEPT = 20_000  # messages remembered of one page; a test that sends more has run away


@dataclass(frozen=True)
class Patch:
    """One message to the client: which control it is for, its bytes on the wire, and what it says."""

    control: int
    size: int
    operations: list[Any]


@dataclass(frozen=True)
class Invoked:
    """One method the program called on the client: ``Clipboard.set`` is ``Invoked("set", {"data": ...})``."""

    name: str
    arguments: Mapping[str, Any]


class FakeConnection(Connection):
    """Where a session's messages go: each is encoded as for the wire, then kept."""

    def __init__(self, answers: Mapping[str, Answer], executor: ThreadPoolExecutor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.loop = asyncio.get_running_loop()
        self.executor = executor
        self.pubsubhub = PubSubHub(loop=self.loop, executor=executor)
        self.session: Session | None = None
        self.answers = answers
        self.patches: list[Patch] = []
        self.invoked: list[Invoked] = []
        self.crashes: list[str] = []
        self.first = 0  # bytes of the registration
        self._encode = configure_encode_object_for_msgpack(BaseControl)  # type: ignore[no-untyped-call]

    def send_message(self, message: Message) -> None:
        """Encoding is what records the state the next difference is taken from: no message may go unencoded."""
        size = len(msgpack.packb([message.action, message.body], default=self._encode)) + 1
        if len(self.patches) + len(self.invoked) > KEPT:
            raise AssertionError(f"the page was sent more than {KEPT} messages")
        match message.body:
            case PatchControlBody(id=control, patch=operations):
                self.patches.append(Patch(control, size, operations))
            case InvokeMethodRequestBody() as request:
                self.invoked.append(Invoked(request.name, request.args or {}))
                self._answer(request)
            case SessionCrashedBody(message=text):
                self.crashes.append(text)
            case RegisterClientResponseBody():
                self.first = size

    def dispose(self) -> None:
        """Nothing is held open."""

    def _answer(self, request: InvokeMethodRequestBody) -> None:
        answer = self.answers.get(request.name)
        result, error = answer, None
        if callable(answer):
            try:
                result = answer(request.args or {})
            except Exception as problem:  # noqa: BLE001 - a client tells whatever went wrong in words
                result, error = None, str(problem) or repr(problem)
        assert self.session is not None
        self.loop.call_soon(
            self.session.handle_invoke_method_results, request.control_id, request.call_id, result, error
        )


def registration(session: Session, snapshot: object) -> Message:
    """What a client is told when it connects: the whole page."""
    body = RegisterClientResponseBody(session_id=session.id, page_patch=snapshot, error="")
    return Message(MessageAction.REGISTER_CLIENT, body)
