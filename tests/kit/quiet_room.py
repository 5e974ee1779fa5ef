"""A sound system of the test's own: what is played into its ``mouth`` is what a microphone hears, and what characters
say goes into its ``room``, where it can be heard again.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "pulseaudio"
PATIENCE = 60.0  # seconds


@contextmanager
def quiet_room(program: str, folder: Path) -> Iterator[dict[str, str]]:
    """PulseAudio in a folder; the environment by which programs find it. It ends with this."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = folder / "native"
    environment = {"XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder), "PULSE_SERVER": f"unix:{socket}"}
    modules = [
        f"module-native-protocol-unix socket={socket} auth-anonymous=1",
        "module-null-sink sink_name=mouth",
        "module-null-sink sink_name=room",
    ]
    loads = [word for module in modules for word in ("-L", module)]
    process = subprocess.Popen(
        [program, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", *loads],
        env={**environment, "HOME": str(folder), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE
        while not socket.exists():
            assert process.poll() is None and time.monotonic() < end, "PulseAudio does not start"
            time.sleep(0.05)
        yield environment
    finally:
        process.kill()
        process.wait()
