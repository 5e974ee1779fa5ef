"""What a character's learning costs the evening: a beat that begins while it trains, and a change of its adapter."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import trio

from benchmarks.figure import Figure, p50
from dwnet import shipped
from dwnet.card import read_card
from dwnet.machine import look
from peer.evolution.contract import Progress
from peer.evolution.evolving import Evolution
from peer.writer.contract import Scene, Turn
from peer.writer.llama import Engine
from peer.writer.local import CONTEXT, LocalWriter
from peer.writer.model_file import embedded_model

BEATS = 12
SWITCHES = 9
SAMPLES = 60
TRAINS = 1.5  # seconds that it trains between two beats
RANK = 8
CHARACTER = "Pim"


def beat_while_training() -> list[Figure]:
    """The first token of an answer, with a training that is paused as the beat begins, and without one."""
    with tempfile.TemporaryDirectory() as folder:
        without, beside = trio.run(_beats, Path(folder))
    return [
        Figure(
            "training", "first token of a beat that begins while it trains", "the same while nothing trains",
            p50(beside) * 1000, p50(without) * 1000, "ms", 1.5, beside="The training is paused as the beat begins.",
        )
    ]  # fmt: skip


def adapter_switch() -> list[Figure]:
    """From one adapter to another, the scene read again, against loading the model and reading the scene."""
    with tempfile.TemporaryDirectory() as folder:
        switched, loaded = _switches(Path(folder))
    return [
        Figure(
            "adapter", "adapter in use after a switch", "plain model load",
            p50(switched) * 1000, p50(loaded) * 1000, "ms", 1.3, beside="Both until the first token can come.",
        )
    ]  # fmt: skip


async def _beats(folder: Path) -> tuple[list[float], list[float]]:
    samples = folder / "samples.jsonl"
    samples.write_text("".join(json.dumps(_sample(number)) + "\n" for number in range(SAMPLES)), encoding="utf-8")
    writer = LocalWriter(None, threads=look(folder).threads_for(1))
    await writer.load()
    scene = Scene(read_card(shipped.card(CHARACTER)), (), (), "The Lighthouse")
    learns = trio.Event()

    def hear(progress: Progress) -> None:
        if progress.part == "learning" and progress.step:
            learns.set()

    evolution = Evolution(samples, embedded_model(), folder / "out", tell=hear)
    without, beside = [], []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(evolution.run)
        await learns.wait()
        for number in range(0, 2 * BEATS, 2):  # in turn, so that a busy machine is as busy for both
            evolution.pause()
            await trio.sleep(TRAINS)
            without.append(await _first_token(writer, scene, number))
            evolution.resume()
            await trio.sleep(TRAINS)
            began = perf_counter()
            evolution.pause()
            beside.append(perf_counter() - began + await _first_token(writer, scene, number + 1))
        nursery.cancel_scope.cancel()
    await writer.aclose()
    return without, beside


async def _first_token(writer: LocalWriter, scene: Scene, number: int) -> float:
    """Seconds to the first token of an answer to a narration that is new each time, of the same length."""
    turn = Turn("Narrator", f"Somebody knocks at the door for the {number + 10}th time, and goes away.", "narration")
    send, receive = trio.open_memory_channel[str](256)
    async with send, receive:
        written = await writer.write(replace(scene, turns=(turn,)), send)
    return written.first_token_seconds


def _switches(folder: Path) -> tuple[list[float], list[float]]:
    base, threads = embedded_model(), look(folder).threads_for(1)
    adapters = [_adapter(folder / f"{number}.gguf", base, number) for number in range(2)]
    switched, loaded = [], []
    for number in range(SWITCHES):
        began = perf_counter()
        engine = Engine(base, threads=threads, context=CONTEXT)
        engine.try_one()
        loaded.append(perf_counter() - began)
        engine.adapt(adapters[number % 2])
        began = perf_counter()
        engine.adapt(adapters[1 - number % 2])
        engine.try_one()
        switched.append(perf_counter() - began)
        engine.close()
    return switched, loaded


def _sample(number: int) -> dict[str, object]:
    told = f"The tide brings something to the door, number {number}. It is {'very ' * (number % 5)}wet."
    answer = f'"Salt and sorrow, little fish! That makes {number} since the new moon, and I kept {number % 7}."'
    messages = [("system", "You are Odda, an old tide-reader."), ("user", told), ("assistant", answer)]
    return {"messages": [{"role": role, "content": text} for role, text in messages], "manner": "script"}


def _adapter(path: Path, base: Path, seed: int) -> Path:
    """An adapter of a usual size that changes next to nothing."""
    import gguf

    dice, reader = np.random.default_rng(seed), gguf.GGUFReader(str(base))
    writer = gguf.GGUFWriter(str(path), bytes(reader.fields["general.architecture"].parts[-1]).decode())
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(RANK))
    for tensor in reader.tensors:
        if ".attn_" in tensor.name or ".ffn_" in tensor.name:
            if tensor.name.endswith("norm.weight"):
                continue
            width, height = (int(one) for one in tensor.shape[:2])
            writer.add_tensor(f"{tensor.name}.lora_a", dice.normal(0, 0.01, (RANK, width)).astype(np.float16))
            writer.add_tensor(f"{tensor.name}.lora_b", dice.normal(0, 0.01, (height, RANK)).astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
