"""A tiny model that learns in seconds, and sixty lines of a strong voice for it to learn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit import tiny_models
from tests.kit.voiced import write_samples


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    tiny_models.make(folder, "llama")
    return folder / "llama.gguf"


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    return write_samples(tmp_path / "odda.jsonl")
