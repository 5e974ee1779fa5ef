from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trio

from peer.prompt import script
from peer.writer.errors import ModelFileMissing, ModelFileWrong, ModelTooLarge, WriterError
from peer.writer.llama import Engine, Sampling
from peer.writer.local import LocalWriter
from peer.writer.model_file import embedded_model
from tests.kit.contract_writer import hear
from tests.kit.scenes import STORM, line, scene, told


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    one = Engine(embedded_model(), threads=1, context=1_024)
    yield one
    one.close()


def batches(engine: Engine, tokens: list[int]) -> int:
    """How many batches the engine had to read."""
    asked = 0

    def go_on() -> bool:
        nonlocal asked
        asked += 1
        return True

    assert engine.read(tokens, go_on)
    return asked


def tokens_of(engine: Engine, *turns: object) -> list[int]:
    asked = scene(*turns)  # type: ignore[arg-type]
    return engine.tokens_of(script(asked, 900, engine.count), "Mira")


def test_what_was_read_ahead_is_not_read_again(engine: Engine) -> None:
    assert batches(engine, tokens_of(engine, STORM)) > 1
    assert batches(engine, tokens_of(engine, STORM)) == 0


def test_a_new_narration_costs_one_batch_however_long_the_story(engine: Engine) -> None:
    turns = [told(f"On day {day} the sea lies still, and nothing comes.") for day in range(12)]
    assert batches(engine, tokens_of(engine, *turns)) > 1
    assert batches(engine, tokens_of(engine, *turns, told("A gull cries."))) == 1


def test_a_reply_is_not_read_again_when_it_has_become_part_of_the_story(engine: Engine) -> None:
    turns = [told(f"In night {night} a light is seen, far away.") for night in range(8)]
    engine.read(tokens_of(engine, *turns), lambda: True)
    reply = ""
    for piece in engine.pieces(Sampling(temperature=0.1), (), ()):
        reply += piece
        if '"' in reply or len(reply) > 120:
            break
    said = reply.partition('"')[0].strip()
    assert batches(engine, tokens_of(engine, *turns, line("Mira", said), told("The light goes out."))) == 1


def test_reading_stops_between_batches_and_keeps_what_it_read(engine: Engine) -> None:
    turns = [told(f"In week {week} the fog comes down, and stays.") for week in range(20)]
    tokens = tokens_of(engine, *turns)
    left = 3

    def three_more() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    assert not engine.read(tokens, three_more)
    assert batches(engine, tokens) < batches(engine, tokens_of(engine, STORM)) + len(tokens) // 64


def test_a_probe_keeps_what_was_read(engine: Engine) -> None:
    tokens = tokens_of(engine, STORM, line("Mira", "Aye."), told("A bell rings."))
    engine.read(tokens, lambda: True)
    engine.try_one()
    assert batches(engine, tokens) == 0


def test_a_character_that_takes_several_tokens_comes_whole(engine: Engine) -> None:
    engine.read(engine._tokens("Repeat: 🐙🐙🐙🐙🐙🐙\nRepeat: 🐙🐙🐙🐙🐙🐙\nRepeat: 🐙🐙🐙"), lambda: True)
    pieces = []
    for piece in engine.pieces(Sampling(temperature=0.0, repeat=1.0, dry=0.0), (), ()):
        pieces.append(piece)
        if len(pieces) == 12:
            break
    assert "🐙" in pieces and "" in pieces


async def test_a_model_that_is_trusted_with_a_chat_is_asked_with_its_own_template() -> None:
    writer = LocalWriter(None, threads=1, small_below=0)
    heard = await hear(writer, scene(reply_tokens=12))
    await writer.aclose()
    assert heard.written and heard.written.text and heard.written.prompt_tokens > 100


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path


async def refusal(path: Path) -> WriterError:
    writer = LocalWriter(path, threads=1)
    with pytest.raises(WriterError) as caught:
        await writer.load()
    assert str(path) in caught.value.what and caught.value.hint
    return caught.value


async def test_a_missing_file_is_named(models: Path) -> None:
    path = models / "bard.gguf"
    assert isinstance(await refusal(path), ModelFileMissing)
    assert str(path) in (LocalWriter(path, threads=1).missing() or "")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"<!DOCTYPE html>" * 100, b"GGUF" + bytes(10_000)])
async def test_a_file_that_is_no_model_is_refused(models: Path, content: bytes) -> None:
    path = models / "page.gguf"
    path.write_bytes(content)
    assert isinstance(await refusal(path), ModelFileWrong)


async def test_half_a_model_is_refused(models: Path) -> None:
    path = models / "half.gguf"
    with embedded_model().open("rb") as whole:
        path.write_bytes(whole.read(4_000_000))
    error = await refusal(path)
    assert isinstance(error, ModelFileWrong)


async def test_a_model_larger_than_memory_is_refused_before_it_is_loaded(models: Path) -> None:
    path = models / "giant.gguf"
    with path.open("wb") as file:
        file.write(b"GGUF")
        file.truncate(2**43)
    assert isinstance(await refusal(path), ModelTooLarge)


async def test_a_folder_is_no_model(models: Path) -> None:
    path = models / "folder.gguf"
    path.mkdir()
    assert isinstance(await refusal(path), ModelFileWrong)


async def test_the_other_tasks_run_on_while_the_model_works() -> None:
    writer = LocalWriter(None, threads=1)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(turn)
        await writer.preread(scene())
        nursery.cancel_scope.cancel()
    await writer.aclose()
    assert turns > 100


LOADING = """
import os, sys, threading
from peer.writer.llama import Engine
from peer.writer.model_file import embedded_model
done = threading.Event()
def load():
    engine = Engine(embedded_model(), threads=1, context=256)
    engine.read(engine._tokens("Once upon a time"), lambda: True)
    engine.close()
    done.set()
threading.Thread(target=load).start()
count = 0
while not done.wait(0.001):
    count += 1
    print("to the screen", count, flush=True)
    print("to the log", count, file=sys.stderr, flush=True)
print("total", count)
"""


def test_loading_says_nothing_and_swallows_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    *screen, total = ran.stdout.splitlines()
    count = int(total.removeprefix("total "))
    assert count > 10
    assert screen == [f"to the screen {number}" for number in range(1, count + 1)]
    assert ran.stderr.splitlines() == [f"to the log {number}" for number in range(1, count + 1)]


@pytest.fixture
async def writer() -> AsyncIterator[LocalWriter]:
    one = LocalWriter(None, threads=1)
    yield one
    await one.aclose()


async def test_a_writer_that_was_closed_loads_again(writer: LocalWriter) -> None:
    await writer.probe()
    await writer.aclose()
    assert (await hear(writer, scene(reply_tokens=4))).written
