"""What every test stands on: an environment that says nothing about the person at the machine, and seeds that are
shown.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import trio
from hypothesis import settings as hypothesis_settings
from trio.testing import MockClock

from dwnet.told import ENVIRONMENT

if TYPE_CHECKING:
    from tests.kit.browser import Chromium

IN_CI = bool(os.environ.get("CI"))

# No deadline: how long an example takes says more about the machine than about the code. In CI the same commit draws
# the same examples; elsewhere each run draws new ones and prints how to draw the failing one again.
hypothesis_settings.register_profile("house", deadline=None, derandomize=IN_CI, print_blob=True)
hypothesis_settings.load_profile("house")


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own: no setting, key or story of this account is read or written."""
    home = tmp_path_factory.mktemp("home")
    for variables in ENVIRONMENT.values():
        for variable in variables.values():
            monkeypatch.delenv(variable, raising=False)
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def autojump_clock(monkeypatch: pytest.MonkeyPatch) -> MockClock:
    """Virtual time; a test names it itself, or its time is real. It stands still while a thread works: on a busy
    machine
    whatever a thread brings (a clip decoded, a unit on the disk) would come a virtual hour late otherwise. A thread
    that brings nothing for a second waits for time itself.
    """
    clock, working, run_sync = MockClock(autojump_threshold=0), 0, trio.to_thread.run_sync

    async def noticed(*given: Any, **named: Any) -> Any:
        nonlocal working
        working += 1
        clock.autojump_threshold = 1
        try:
            return await run_sync(*given, **named)
        finally:
            working -= 1
            clock.autojump_threshold = 1 if working else 0

    monkeypatch.setattr(trio.to_thread, "run_sync", noticed)
    return clock


@pytest.fixture
def require() -> Callable[[str, str], str]:
    """``require("ip", "iproute2")``: the program's path. Without it the test is skipped with words, and fails in CI."""

    def find(program: str, package: str) -> str:
        found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        return found or _do_without(program, package)

    return find


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """Chromium, one for all tests of a file. Without it they are skipped with words, and fail in CI."""
    from tests.kit.browser import PACKAGE, chromium, find_chromium

    with chromium(find_chromium() or _do_without("chromium", PACKAGE)) as running:
        yield running


def _do_without(program: str, package: str) -> NoReturn:
    sentence = f"{program} is not on this machine; on Debian: apt install {package}"
    if IN_CI:
        pytest.fail(f"{sentence} (.ci/run installs what the tests need)")
    pytest.skip(sentence)
