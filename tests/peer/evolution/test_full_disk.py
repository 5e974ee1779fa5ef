"""A disk that is full while a character learns: said in plain words, nothing is promoted, and later it goes on.

The disk of the process that learns is full for every file above so many bytes (RLIMIT_FSIZE); what it says goes through
a pipe and is not touched by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from peer.evolution.contract import GENTLE, Progress
from peer.evolution.errors import EvolutionRefused
from peer.evolution.evolving import Evolution
from peer.evolution.learner import STATE

resource: Any = pytest.importorskip("resource")
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
ROOM = 1_024  # bytes of the largest file that still fits


@contextmanager
def full_disk(room: int = ROOM) -> Iterator[None]:
    """Processes that begin meanwhile write no file of more than ``room`` bytes."""
    with pytest.MonkeyPatch.context() as patch:
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room))
        patch.setattr(trio.lowlevel, "open_process", partial(trio.lowlevel.open_process, preexec_fn=limit))
        yield


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def evolve_until(samples: Path, base: Path, out: Path, reached: Callable[[Progress], bool]) -> None:
    """Evolve so far, and end as a peer does that is closed."""
    scope = trio.CancelScope()

    def tell(progress: Progress) -> None:
        if reached(progress):
            scope.cancel()

    with scope:
        await Evolution(samples, base, out, strength=GENTLE, tell=tell).run()
    assert scope.cancelled_caught


async def goes_on(samples: Path, base: Path, out: Path) -> list[int]:
    """Evolve to the end; the steps that were still to be learned."""
    steps: list[int] = []

    def tell(progress: Progress) -> None:
        if progress.part == "learning":
            steps.append(progress.step)

    report = await Evolution(samples, base, out, strength=GENTLE, tell=tell).run()
    assert report.adapter.exists() and "report.json" in names(out) and STATE not in names(out)
    return steps


async def test_at_a_checkpoint_the_last_one_stays_and_is_gone_on_from(
    base: Path, samples: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    await evolve_until(samples, base, out, lambda one: one.part == "learning")
    before = (out / STATE).read_bytes()
    with full_disk(), pytest.raises(EvolutionRefused) as refused:
        await Evolution(samples, base, out, strength=GENTLE).run()
    assert "no room left on the disk" in refused.value.what and STATE in refused.value.what
    assert "Free some space" in refused.value.hint
    assert names(out) == {STATE} and (out / STATE).read_bytes() == before
    steps = await goes_on(samples, base, out)
    assert steps[0] > 1, "it began anew"


async def test_before_the_first_checkpoint_nothing_is_left_behind(base: Path, samples: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with full_disk(), pytest.raises(EvolutionRefused, match="no room left on the disk"):
        await Evolution(samples, base, out, strength=GENTLE).run()
    assert names(out) == set()
    assert (await goes_on(samples, base, out))[0] == 1


async def test_while_the_adapter_is_written_all_that_was_learned_stays(
    base: Path, samples: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    await evolve_until(samples, base, out, lambda one: one.part == "measuring")
    whole = (out / "evolving.gguf").stat().st_size
    with full_disk(whole - 64), pytest.raises(EvolutionRefused) as refused:
        await Evolution(samples, base, out, strength=GENTLE).run()
    assert "no room left on the disk" in refused.value.what and refused.value.hint
    assert not names(out) & {"adapter.gguf", "refused.gguf", "report.json", "meta.json"} and STATE in names(out)
    assert not [name for name in names(out) if name.endswith(".new")]
    assert await goes_on(samples, base, out) == []
