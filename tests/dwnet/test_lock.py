from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dwnet import lock

HOLD = """
import sys
from pathlib import Path
from dwnet import lock
with lock.writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(root: Path) -> subprocess.Popen[str]:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    return other


def test_a_second_process_learns_who_holds_the_root(tmp_path: Path) -> None:
    with hold(tmp_path) as other:
        with pytest.raises(lock.RootInUse, match=f"process {other.pid}") as refused, lock.writing(tmp_path):
            pytest.fail("two processes write to one root")
        assert "--data" in refused.value.hint
        assert lock.holder(tmp_path) == other.pid
        other.communicate("")
    assert lock.holder(tmp_path) is None
    with lock.writing(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with hold(tmp_path) as other:
        other.send_signal(signal.SIGKILL)
    assert lock.holder(tmp_path) is None
    with lock.writing(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()


def test_a_refused_start_leaves_the_holder_named(tmp_path: Path) -> None:
    with hold(tmp_path) as other:
        for _ in range(2):
            with pytest.raises(lock.RootInUse, match=str(other.pid)), lock.writing(tmp_path):
                pytest.fail("two processes write to one root")
        other.communicate("")


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock.writing(tmp_path):
        raise ZeroDivisionError
    with lock.writing(tmp_path):
        pass


def test_a_root_that_cannot_be_locked_is_refused(tmp_path: Path) -> None:
    (tmp_path / lock.LOCK).mkdir()
    with pytest.raises(lock.RootNotLockable), lock.writing(tmp_path):
        pytest.fail("locked a folder's name")


@pytest.mark.parametrize("note", ["", "rubbish", "0", "-1", "4194999", "99999999999999999999"])
def test_a_stale_or_spoilt_note_names_nobody(tmp_path: Path, note: str) -> None:
    (tmp_path / lock.HOLDER).write_text(note)
    assert lock.holder(tmp_path) is None
