from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from peer.evolution.adapter import ARCHITECTURES, BASE_HASH, hash_of, shape_of, write_adapter
from peer.evolution.contract import NORMAL
from peer.evolution.errors import ArchitectureUnknown
from peer.writer.errors import AdapterWrong
from peer.writer.llama import Engine
from tests.kit import tiny_models
from tests.kit.tiny_models import KINDS, READ

# The greatest difference of two logits, as a share of the logits' spread: the adapter is in half precision, the model's
# file in full, and the two libraries add up in different orders.
TOLERANCE = 0.02
FAST = ("llama", "mistral")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny_models.make(folder, *FAST)
    return folder


@pytest.fixture(scope="module")
def more_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("more_models")
    tiny_models.make(folder, *(name for name in KINDS if name not in FAST))
    return folder


def round_trip(folder: Path, name: str) -> None:
    base, adapter = folder / f"{name}.gguf", folder / f"{name}.adapter.gguf"
    torch_says = numpy.load(folder / f"{name}.npz")
    tensors = {key.removeprefix("adapter/"): torch_says[key] for key in torch_says.files if key.startswith("adapter/")}
    engine = Engine(base, threads=1, context=256)
    try:
        write_adapter(adapter, tensors, shape_of(engine.metadata, base), NORMAL, hash_of(base))
        plain = engine.after(READ)
        engine.adapt(adapter)
        worn = engine.after(READ)
        engine.adapt(None)
        again = engine.after(READ)
    finally:
        engine.close()
    spread = float(torch_says["plain"].std())
    assert float(numpy.abs(plain - torch_says["plain"]).max()) < TOLERANCE * spread
    assert float(numpy.abs(worn - torch_says["worn"]).max()) < TOLERANCE * float(torch_says["worn"].std())
    assert float(numpy.abs(worn - plain).mean()) > 10 * TOLERANCE * spread
    assert float(numpy.abs(again - plain).max()) < TOLERANCE * spread


@pytest.mark.parametrize("name", FAST)
def test_llama_cpp_says_what_torch_says_with_the_adapter(models: Path, name: str) -> None:
    round_trip(models, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [one for one in KINDS if one not in FAST])
def test_every_other_architecture_makes_the_round_trip(more_models: Path, name: str) -> None:
    round_trip(more_models, name)


def test_every_architecture_that_is_taken_was_tried() -> None:
    assert {called for called, *_ in KINDS.values()} == set(ARCHITECTURES)


def test_another_architecture_is_refused_by_name() -> None:
    with pytest.raises(ArchitectureUnknown, match="'mamba'"):
        shape_of({"general.architecture": "mamba"}, Path("strange.gguf"))


def test_an_adapter_names_its_base(models: Path) -> None:
    base = models / "llama.gguf"
    round_trip(models, "llama")
    assert hash_of(base).encode() in (models / "llama.adapter.gguf").read_bytes()
    assert BASE_HASH.encode() in (models / "llama.adapter.gguf").read_bytes()


def test_an_adapter_of_another_model_is_refused_and_the_model_goes_on(models: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.gguf").write_bytes(b"GGUF and then nothing of use")
    engine = Engine(models / "llama.gguf", threads=1, context=256)
    try:
        plain = engine.after(READ)
        for wrong in (tmp_path / "torn.gguf", tmp_path / "absent.gguf", models / "llama.gguf"):
            with pytest.raises(AdapterWrong):
                engine.adapt(wrong)
            assert float(numpy.abs(engine.after(READ) - plain).max()) < TOLERANCE
    finally:
        engine.close()
