"""A model that speaks with an adapter: put on, taken off, changed, refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from peer.writer.errors import AdapterWrong
from peer.writer.llama import Engine, Sampling
from peer.writer.local import LocalWriter
from peer.writer.model_file import embedded_model
from tests.kit.adapters import write_adapter
from tests.kit.contract_writer import hear
from tests.kit.scenes import scene

ASKED = "The captain lifts his lantern and says:"
GREEDY = Sampling(temperature=0.0001, seed=1)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return [write_adapter(folder / f"{seed}.gguf", embedded_model(), seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(embedded_model(), threads=1, context=256)
    yield engine
    engine.close()


def says(engine: Engine) -> str:
    """What the model goes on with, as it is most likely; nothing in it is left to chance."""
    tokens = engine._tokens(ASKED, begin=True)
    assert engine.read(tokens, lambda: True)
    pieces = engine.pieces(GREEDY, (), ())
    return "".join(piece for piece, _ in zip(pieces, range(12), strict=False))


def test_an_adapter_changes_what_is_said_and_without_it_all_is_as_before(engine: Engine, adapters: list[Path]) -> None:
    bare = says(engine)
    engine.adapt(adapters[0])
    first = says(engine)
    engine.adapt(adapters[1])
    second = says(engine)
    engine.adapt(None)
    assert len({bare, first, second}) == 3 and says(engine) == bare
    engine.adapt(adapters[0])
    assert says(engine) == first
    engine.adapt(None)


def test_what_was_read_with_another_mind_is_read_again(engine: Engine, adapters: list[Path]) -> None:
    tokens = engine._tokens(ASKED, begin=True)
    assert engine.read(tokens, lambda: True)
    engine.adapt(adapters[0])
    batches: list[int] = []

    def count() -> bool:
        batches.append(1)
        return True

    engine.read(tokens, count)
    assert batches, "nothing of it was kept"
    engine.adapt(None)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no adapter at all" * 100])
def test_a_file_that_is_no_adapter_is_refused_and_the_bare_model_goes_on(
    engine: Engine, tmp_path: Path, content: bytes
) -> None:
    bare = says(engine)
    path = tmp_path / "spoilt.gguf"
    path.write_bytes(content)
    with pytest.raises(AdapterWrong) as caught:
        engine.adapt(path)
    assert "spoilt.gguf" in caught.value.what and caught.value.hint
    assert says(engine) == bare


def test_a_whole_model_is_no_adapter(engine: Engine) -> None:
    with pytest.raises(AdapterWrong):
        engine.adapt(embedded_model())


@pytest.fixture
async def writer() -> AsyncIterator[LocalWriter]:
    writer = LocalWriter(None, threads=1)
    yield writer
    await writer.aclose()


async def test_a_writer_that_is_closed_and_loads_again_keeps_its_adapter(
    writer: LocalWriter, adapters: list[Path]
) -> None:
    await writer.wear(adapters[0])
    await writer.aclose()
    heard = await hear(writer, scene())
    assert heard.written is not None
    engine = writer._engine
    assert engine is not None and engine._adapter is not None
    await writer.wear(None)
    assert engine._adapter is None


async def test_an_adapter_that_was_refused_is_not_tried_again(writer: LocalWriter, tmp_path: Path) -> None:
    path = tmp_path / "spoilt.gguf"
    path.write_bytes(b"no")
    with pytest.raises(AdapterWrong):
        await writer.wear(path)
    await writer.aclose()
    heard = await hear(writer, scene())
    assert heard.written is not None


async def test_a_small_model_is_given_a_script_and_is_a_file_here(writer: LocalWriter) -> None:
    await writer.load()
    assert writer.manner == "script" and writer.base == embedded_model()
    trusted = LocalWriter(None, threads=1, small_below=0)
    await trusted.load()
    assert trusted.manner == "chat"
    await trusted.aclose()
