"""What the end-to-end tests stand on: a hive of real processes, with the embedded model or with a quick writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.hive import Hive
from tests.kit.quick_writer import QuickWriter, quick_writer


@pytest.fixture
def hive(tmp_path: Path) -> Iterator[Hive]:
    """A hive whose characters write with the model that comes with the program."""
    made = Hive(tmp_path)
    yield made
    made.close()


@pytest.fixture
def writer() -> Iterator[QuickWriter]:
    with quick_writer() as server:
        yield server


@pytest.fixture
def quick(tmp_path: Path, writer: QuickWriter) -> Iterator[Hive]:
    """A hive whose characters write with ``writer``: for tests in which it does not matter who writes."""
    made = Hive(tmp_path, writer.url)
    yield made
    made.close()
