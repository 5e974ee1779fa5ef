"""How a writer behaves towards servers that do not. That it works with a real one, test_contract.py shows."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any

import pytest
import trio
import trio.testing

from peer.writer.contract import Written
from peer.writer.errors import (
    EndpointKeyRefused,
    EndpointModelUnknown,
    EndpointRefused,
    EndpointRubbish,
    EndpointSlow,
    EndpointUnreachable,
    WriterError,
)
from peer.writer.openai import EndpointWriter
from tests.kit.contract_writer import hear
from tests.kit.model_server import MODELS, answer, canned_server, stream
from tests.kit.scenes import scene

KEY = "sk-harbour-1729"
CHAT, PLAIN, LIST = "/chat/completions", "/completions", "/models"


def said(text: str, finish: str | None = None) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})


USAGE = json.dumps({"choices": [], "usage": {"prompt_tokens": 41, "completion_tokens": 7}})
GOOD = stream(said("Aye,"), said(" Captain."), said("", "stop"), USAGE, "[DONE]")


async def outcome(
    answers: dict[str, Sequence[bytes | None]], *, model: str = "", key: str | None = None
) -> Written | WriterError:
    async with canned_server({LIST: [answer(MODELS)], **answers}) as (address, _):
        writer = EndpointWriter(address, model=model, key=key)
        send, _receive = trio.open_memory_channel[str](100)
        try:
            return await writer.write(scene(), send)
        except WriterError as error:
            return error
        finally:
            await writer.aclose()


async def written(answers: dict[str, Sequence[bytes | None]], **more: Any) -> Written:
    one = await outcome(answers, **more)
    assert isinstance(one, Written)
    return one


async def refusal(answers: dict[str, Sequence[bytes | None]], **more: Any) -> WriterError:
    error = await outcome(answers, **more)
    assert isinstance(error, WriterError)
    assert error.hint and KEY not in f"{error.what} {error.hint} {error.facts}"
    return error


async def test_a_stream_becomes_a_reply() -> None:
    one = await written({CHAT: [GOOD]})
    assert (one.text, one.stopped, one.prompt_tokens, one.tokens) == ("Aye, Captain.", "end", 41, 7)


async def test_a_stream_cut_anywhere_becomes_the_same_reply() -> None:
    chunks = [GOOD[start : start + 7] for start in range(0, len(GOOD), 7)]
    assert (await written({CHAT: chunks})).text == "Aye, Captain."


async def test_an_answer_in_one_part_is_taken_too() -> None:
    whole = {"choices": [{"message": {"role": "assistant", "content": "Aye."}, "finish_reason": "stop"}]}
    assert (await written({CHAT: [answer(json.dumps(whole).encode())]})).text == "Aye."


async def test_what_the_model_thinks_is_not_said() -> None:
    thought = json.dumps({"choices": [{"delta": {"reasoning_content": "She would nod."}}]})
    one = await written({CHAT: [stream(thought, said("Aye.", "stop"), "[DONE]")]})
    assert one.text == "Aye."


async def test_a_model_that_spent_its_tokens_thinking_gets_more_of_them() -> None:
    thought = json.dumps({"choices": [{"delta": {"reasoning_content": "Hm."}, "finish_reason": "length"}]})
    async with canned_server({LIST: [answer(MODELS)], CHAT: [stream(thought, "[DONE]")]}) as (address, requests):
        writer = EndpointWriter(address)
        heard = await hear(writer, scene(reply_tokens=90))
        await writer.aclose()
    assert heard.written and heard.written.fault == "empty"
    first, second = (json.loads(one.partition(b"\r\n\r\n")[2]) for one in requests[1:])
    assert first["max_tokens"] == 90 and second["max_tokens"] > 1_000
    assert second["temperature"] > first["temperature"]


async def test_a_server_without_chat_is_given_the_page_of_a_play() -> None:
    plain = json.dumps({"choices": [{"text": 'Aye, Captain." She', "finish_reason": "stop"}]})
    assert (await written({PLAIN: [stream(plain, "[DONE]")]})).text == "Aye, Captain."


async def test_the_key_goes_to_the_server_and_the_first_model_is_taken() -> None:
    async with canned_server({LIST: [answer(MODELS)], CHAT: [GOOD]}) as (address, requests):
        writer = EndpointWriter(address, key=f" {KEY}\n")
        await hear(writer, scene())
        assert writer.name == "tiny:latest"
        assert KEY not in repr(writer)
        await writer.aclose()
    assert all(f"bearer {KEY}".encode() in one.lower() for one in requests)
    assert json.loads(requests[1].partition(b"\r\n\r\n")[2])["model"] == "tiny:latest"


async def test_a_model_may_be_named_without_its_tag() -> None:
    assert (await written({CHAT: [GOOD]}, model="tiny")).text


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_wrong_key_is_told(status: str) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key: {KEY}"}}).encode()
    assert isinstance(await refusal({LIST: [answer(body, status=status)]}, key=KEY), EndpointKeyRefused)
    assert isinstance(await refusal({CHAT: [answer(body, status=status)]}, key=KEY), EndpointKeyRefused)


async def test_a_model_the_server_lacks_is_told_with_those_it_has() -> None:
    error = await refusal({}, model="giant")
    assert isinstance(error, EndpointModelUnknown) and "tiny:latest, other" in error.what
    body = b'{"error":{"message":"model \\"tiny\\" not found, try pulling it first"}}'
    assert isinstance(await refusal({CHAT: [answer(body, status="404 Not Found")]}), EndpointModelUnknown)
    assert isinstance(await refusal({LIST: [answer(b'{"data":[]}')]}), EndpointModelUnknown)


async def test_a_servers_own_reason_is_shown_without_the_key_and_on_one_line() -> None:
    body = json.dumps({"error": {"message": f"out of memory\x1b[31m\nwhile serving {KEY} {'x' * 5_000}"}}).encode()
    error = await refusal({CHAT: [answer(body, status="500 Internal Server Error")]}, key=KEY)
    assert isinstance(error, EndpointRefused)
    assert "out of memory" in error.what and "\x1b" not in error.what and "\n" not in error.what
    assert len(error.what) < 500


async def test_an_error_in_the_middle_of_a_stream_is_told() -> None:
    error = await refusal({CHAT: [stream(said("Aye"), '{"error":{"message":"context is full"}}')]})
    assert isinstance(error, EndpointRefused) and "context is full" in error.what


@pytest.mark.parametrize(
    "answers",
    [
        {LIST: [answer(b"<html>Welcome!</html>", kind="text/html")]},
        {LIST: [answer(b'{"data":[{"name":"tiny"}]}')]},
        {LIST: [b"220 mail.example ESMTP\r\n"]},
        {CHAT: [answer(b"<html>Welcome!</html>", kind="text/html")]},
        {CHAT: [stream("{")]},
        {CHAT: [stream("[1]")]},
        {CHAT: [stream("[DONE]")]},
        {CHAT: [stream("[" * 50_000)]},
        {CHAT: [stream("")[:-8] + b"data: " + b"x" * 3_000_000]},
        {CHAT: [answer(b"x" * 5_000_000)]},
    ],
)
async def test_rubbish_is_called_so(answers: dict[str, Sequence[bytes | None]]) -> None:
    assert isinstance(await refusal(answers), EndpointRubbish)


async def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        writer = EndpointWriter(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        with pytest.raises(EndpointUnreachable):
            await writer.load()
        with pytest.raises(EndpointUnreachable):
            await writer.probe()


async def test_a_connection_that_breaks_is_told() -> None:
    half = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\ndata: "
        + said("Aye").encode()
    )
    error = await refusal({CHAT: [half + b"\n\n"]})
    assert isinstance(error, EndpointUnreachable | EndpointRubbish)


@pytest.fixture
def patience() -> trio.testing.MockClock:
    """When nothing has happened for half a second, the clock jumps to the next deadline."""
    return trio.testing.MockClock(autojump_threshold=0.5)


@pytest.mark.parametrize(
    "answers",
    [
        {LIST: [None]},
        {CHAT: [None]},
        {CHAT: [stream(), b": ping\n\n", None]},
        {CHAT: [stream(said("Aye, I")), None]},
    ],
)
async def test_a_server_that_falls_silent_is_given_up(
    patience: trio.testing.MockClock, answers: dict[str, Sequence[bytes | None]]
) -> None:
    error = await refusal(answers)
    assert isinstance(error, EndpointSlow) and error.facts["seconds"] in (20, 30)


async def test_an_address_with_a_password_is_shown_without_it() -> None:
    writer = EndpointWriter("http://bard:secret@127.0.0.1:9/v1/")
    assert writer.name == "http://127.0.0.1:9/v1"
    with pytest.raises(EndpointUnreachable) as caught:
        await writer.load()
    assert "secret" not in caught.value.what
