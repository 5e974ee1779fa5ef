from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet.machine import Machine, Meter, look


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


def test_a_process_knows_what_it_takes() -> None:
    meter = Meter()
    sum(number * number for number in range(300_000))
    busy = meter.read()
    assert busy.cpu > 0
    assert busy.memory is None or busy.memory > 1_000_000


def test_each_reading_begins_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, used = [100.0], [7.0]
    monkeypatch.setattr("dwnet.machine.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("dwnet.machine.time.process_time", lambda: used[0])
    meter = Meter()
    clock[0], used[0] = 102.0, 12.0
    assert meter.read().cpu == 250
    clock[0] = 104.0
    assert meter.read().cpu == 0
