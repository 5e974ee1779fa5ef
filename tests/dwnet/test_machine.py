from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet.machine import Machine, look


def test_this_machine_has_something_to_give(tmp_path: Path) -> None:
    seen = look(tmp_path / "not" / "yet" / "there")
    assert seen.cores > 0
    assert seen.disk_free > 0
    assert seen.memory_free is None or seen.memory_free > 0


@pytest.mark.parametrize(
    ("cores", "writers", "threads"), [(8, 1, 8), (8, 3, 2), (2, 2, 1), (2, 5, 1), (0.5, 1, 1), (4, 0, 4)]
)
def test_threads_are_shared_out(cores: float, writers: int, threads: int) -> None:
    assert Machine(cores, None, 0).threads_for(writers) == threads


@given(st.floats(0.01, 512), st.integers(1, 64))
def test_shared_threads_never_outnumber_the_cores_of_a_machine_that_has_enough(cores: float, writers: int) -> None:
    threads = Machine(cores, None, 0).threads_for(writers)
    assert threads >= 1
    assert threads * writers <= max(cores, writers)
