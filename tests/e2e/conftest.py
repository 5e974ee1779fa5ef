"""What the end-to-end tests stand on: a hive of real processes, with the embedded model or with a quick writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.hive import Hive
from tests.kit.quick_writer import QuickWriter, quick_writer
from tests.kit.quiet_room import PACKAGE, quiet_room


@pytest.fixture
def hive(tmp_path: Path) -> Iterator[Hive]:
    """A hive whose characters write with the model that comes with the program."""
    made = Hive(tmp_path)
    yield made
    made.close()


@pytest.fixture
def room(
    require: Callable[[str, str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """A sound system of the test's own: the environment by which programs find it; this process has it already."""
    with quiet_room(require("pulseaudio", PACKAGE), tmp_path / "pulse") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield environment


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
