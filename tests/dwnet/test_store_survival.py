"""What is left of a story when its writer is killed, or its disk is full."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
import trio

from dwnet.store import open_store
from dwnet.store_reader import open_reader
from protocol.ledger import Unit
from tests.kit.writing_child import groups

ROOT = Path(__file__).parents[2]
CHILD = [sys.executable, "-m", "tests.kit.writing_child"]


GROUPS: list[list[Unit]] = []  # of the story that every writer writes, as far as they were needed
COMING = groups()


def group(number: int) -> list[Unit]:
    """The group of this number, of those that are written whole or not at all."""
    while len(GROUPS) <= number:
        GROUPS.append(next(COMING))
    return GROUPS[number]


def whole_groups(kept: list[Unit]) -> int:
    """How many groups of the story these are; fails when they are anything else."""
    number = place = 0
    while place < len(kept):
        told = group(number)
        assert kept[place : place + len(told)] == told
        place, number = place + len(told), number + 1
    return number


def groups_in(path: Path) -> int:
    """How many whole groups the file holds; fails when it holds anything else."""
    with open_store(path, create=False) as store:
        return whole_groups(list(store.load()))


def kill_a_writer(path: Path, after: int) -> None:
    """Start a writer, kill it once ``after`` of its commits returned, and look at what it left."""
    child = subprocess.Popen([*CHILD, "write", str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    told = [int(line) for line in islice(child.stdout, after)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert groups_in(path) >= told[-1]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_twenty_writers_killed_in_a_row_lose_nothing_they_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20)
    for _ in range(20):
        kill_a_writer(tmp_path / "story.db", chance.randint(1, 12))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_three_hundred_killed_writers_lose_nothing_they_acknowledged(tmp_path: Path) -> None:
    most = 80
    group(60 * most)  # before there are threads

    def kill_sixty(number: int) -> None:
        chance = random.Random(300 + number)
        for _ in range(60):
            kill_a_writer(tmp_path / f"story{number}.db", chance.randint(1, most))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(kill_sixty, range(5)))


@pytest.mark.skipif(os.name != "posix", reason="limits on file sizes")
@pytest.mark.parametrize("limit", [120_000, 123_457, 400_000, pytest.param(5_000_000, marks=pytest.mark.slow)])
def test_a_file_that_may_grow_no_more_loses_nothing(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "story.db"
    done = subprocess.run([*CHILD, "write", str(path), str(limit)], capture_output=True, text=True, cwd=ROOT)
    *told, error = done.stdout.split()
    assert error == "StoreBroken", done.stderr
    kept = groups_in(path)
    assert kept >= int(told[-1])

    async def go_on() -> None:
        with open_store(path, create=False) as store:
            await store.commit(next(islice(groups(), kept, None)))

    trio.run(go_on)
    assert groups_in(path) == kept + 1


def test_a_full_disk_loses_nothing_and_after_making_room_the_story_goes_on(tmp_path: Path) -> None:
    unshare = ["unshare", "--mount", *([] if os.name == "posix" and os.geteuid() == 0 else ["--map-root-user"])]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces for this account")
    for size in (500, 512, 600, 700):
        script = f'mount -t tmpfs -o size={size}k tmpfs "$0" && exec "$@"'
        command = [*unshare, "sh", "-c", script, str(tmp_path), *CHILD, "fill", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        result = json.loads(done.stdout or "{}")
        assert result.pop("acknowledged", 0) > 5, done.stderr
        assert result == {"error": "DiskFull then StoreBroken", "kept": True, "goes_on": True}


def test_a_reader_finds_whole_units_while_a_writer_writes(tmp_path: Path) -> None:
    path = tmp_path / "story.db"
    child = subprocess.Popen([*CHILD, "write", str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    seen = 0
    for line in islice(child.stdout, 40):
        with open_reader(path) as reader:
            kept = list(reader.load())
        whole_groups(kept)
        assert len(kept) >= seen
        seen = len(kept)
        assert seen >= int(line)
    assert seen >= 40
    child.kill()
    child.wait()
    child.stdout.close()
