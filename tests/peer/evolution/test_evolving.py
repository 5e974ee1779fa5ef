from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from peer.evolution.contract import GENTLE, NORMAL, Progress
from peer.evolution.errors import DiskShort, EvolutionEnded, EvolutionRefused, EvolveMissing, SamplesRefused
from peer.evolution.evolving import Evolution
from peer.evolution.learner import STATE
from peer.writer.errors import ModelFileMissing
from peer.writer.model_file import embedded_model

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def embedded() -> Path:
    return embedded_model()


@pytest.mark.slow
async def test_from_lines_to_adapter_and_report(base: Path, samples: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    report = await Evolution(samples, base, tmp_path / "out", strength=GENTLE, tell=told.append).run()
    assert {one.part for one in told} == {"reading", "learning", "measuring"}
    learning = [one for one in told if one.part == "learning"]
    assert [one.step for one in learning] == list(range(1, learning[0].steps + 1))
    assert report.curve == tuple(pytest.approx(one.loss) for one in learning)
    assert report.after.loss < report.before.loss
    assert report.adapter.exists() and report.adapter.parent == tmp_path / "out"
    assert (report.adapter.name == "adapter.gguf") is report.promoted
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {report.adapter.name, "report.json", "report.md", "report.html", "meta.json"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<svg" in page and report.what.split(":")[0] in page
    assert json.loads((tmp_path / "out" / "meta.json").read_text())["adapter_hash"] == report.adapter_hash


def after(steps: int, act: Callable[[Evolution], None], evolution: list[Evolution]) -> Callable[[Progress], None]:
    """Does something once so many steps were learned."""

    def tell(progress: Progress) -> None:
        if progress.part == "learning" and progress.step == steps:
            act(evolution[0])

    return tell


def kill(evolution: Evolution) -> None:
    assert evolution._process is not None
    os.kill(evolution._process.pid, signal.SIGKILL)


@pytest.mark.slow
async def test_killed_in_the_middle_it_goes_on_and_ends_alike(base: Path, samples: Path, tmp_path: Path) -> None:
    whole = await Evolution(samples, base, tmp_path / "whole", strength=NORMAL).run()
    held: list[Evolution] = []
    held.append(Evolution(samples, base, tmp_path / "out", strength=NORMAL, tell=after(20, kill, held)))
    with pytest.raises(EvolutionEnded, match="killed"):
        await held[0].run()
    assert (tmp_path / "out" / STATE).exists()
    steps: list[int] = []
    again = Evolution(
        samples,
        base,
        tmp_path / "out",
        strength=NORMAL,
        tell=lambda one: steps.append(one.step) if one.part == "learning" else None,
    )
    report = await again.run()
    assert steps[0] > 8, "it began anew"
    assert report.curve == pytest.approx(whole.curve, rel=1e-3)
    assert report.after.loss == pytest.approx(whole.after.loss, rel=1e-2)
    assert report.tokens == whole.tokens


@pytest.mark.slow
async def test_cancelled_it_saves_what_it_learned(base: Path, samples: Path, tmp_path: Path) -> None:
    scope, evolving = trio.CancelScope(), list[Evolution]()
    tell = after(3, lambda _: scope.cancel(), evolving)
    evolving.append(Evolution(samples, base, tmp_path / "out", tell=tell))
    with scope:
        await evolving[0].run()
    assert scope.cancelled_caught
    assert (tmp_path / "out" / STATE).exists()
    assert evolving[0]._process is not None and evolving[0]._process.returncode is not None


@pytest.mark.slow
async def test_another_model_in_the_middle_is_refused_by_its_hash(base: Path, samples: Path, tmp_path: Path) -> None:
    held: list[Evolution] = []
    held.append(Evolution(samples, base, tmp_path / "out", tell=after(10, kill, held)))
    with pytest.raises(EvolutionEnded):
        await held[0].run()
    swapped = tmp_path / base.name
    shutil.copy(base, swapped)
    with swapped.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\0\0")
    with pytest.raises(EvolutionRefused, match="is not the model that was being evolved here"):
        await Evolution(samples, swapped, tmp_path / "out").run()


async def test_the_childs_own_sentence_arrives(embedded: Path, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.jsonl"
    rubbish.write_text("{}\n")
    with pytest.raises(SamplesRefused, match=r"Line 1 of .* is not a sample"):
        await Evolution(rubbish, embedded, tmp_path / "out").run()


async def test_without_the_libraries_it_says_what_to_install(
    embedded: Path, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EvolveMissing, match="needs torch") as missing:
        await Evolution(samples, embedded, tmp_path / "out").run()
    assert "pip install 'dreamweaver-net[evolve]'" in missing.value.hint


async def test_a_full_disk_is_told_before_the_start(
    embedded: Path, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(DiskShort):
        await Evolution(samples, embedded, tmp_path / "out").run()
    assert not (tmp_path / "out").exists()


async def test_a_model_that_is_not_there(samples: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing):
        await Evolution(samples, tmp_path / "absent.gguf", tmp_path / "out").run()
