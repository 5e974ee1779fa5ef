"""One evolution as a task: a child process that can be paused, goes on where it was, and ends when its task does."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import trio

from dwnet.ending import Ending
from dwnet.errors import INTERRUPTED
from dwnet.machine import look
from dwnet.whole_file import reading, writing
from peer.evolution.child import GIGABYTE, STOPPED
from peer.evolution.contract import NORMAL, STRENGTHS, Progress, Report, Strength
from peer.evolution.errors import DiskShort, EvolutionEnded, EvolutionRefused, EvolveMissing, SamplesRefused
from peer.evolution.report import from_values
from peer.evolution.samples import export, read_samples
from peer.writer.errors import LlamaMissing
from peer.writer.llama import llama_missing
from peer.writer.model_file import check_model, embedded_model

LIBRARIES = ("torch", "transformers", "peft", "gguf", "safetensors")
DISK = 512 * 1024 * 1024  # bytes; adapter and state of the largest model that fits a home machine, and room to breathe
PATIENCE = 30.0  # seconds in which a child that was asked to stop saves what it has learned
PATIENT = {"OMP_WAIT_POLICY": "passive"}  # threads that wait sleep: the cores may be a character's that thinks
LINE_MOST = 1_000_000  # bytes of one line of its output


def evolve_missing() -> tuple[str, ...]:
    """The libraries of the extra ``evolve`` that are absent; nothing is loaded."""
    return tuple(name for name in LIBRARIES if importlib.util.find_spec(name) is None)


class Evolution:
    """One evolution of the model ``base`` (a GGUF file) by ``samples`` (JSONL), into the folder ``out``.

    There it leaves ``adapter.gguf``, or ``refused.gguf`` if the gate said no; ``report.json``, ``report.md``,
    ``report.html`` and ``meta.json``. Until it is done a state lies there, with which the same evolution goes on.
    ``secrets`` are texts that the character must not say; they are looked for and never trained on. ``tell`` is called
    in the task that runs it, several times a second at most.
    """

    def __init__(
        self,
        samples: Path,
        base: Path,
        out: Path,
        *,
        strength: Strength = NORMAL,
        secrets: Sequence[str] = (),
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._job = {
            "samples": str(samples.absolute()),
            "base": str(base.absolute()),
            "out": str(out.absolute()),
            "strength": strength.name,
            "secrets": list(secrets),
        }
        self._base, self._out, self._tell = base, out, tell
        self._process: trio.Process | None = None
        self._paused = False
        self._failure: EvolutionRefused | None = None
        self._complaints: deque[str] = deque(maxlen=3)

    def pause(self) -> None:
        """Take no more of the machine until ``resume``; memory stays taken. Works before it has begun, too."""
        self._paused = True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on."""
        self._paused = False
        self._signal(signal.SIGCONT)

    async def run(self) -> Report:
        """Evolve. Cancelled, it saves what it has learned; run again with the same arguments, it goes on.

        :raises EvolveMissing, LlamaMissing: libraries are absent.
        :raises ModelFileMissing, ModelFileWrong, ModelTooLarge: about the base.
        :raises DiskShort, NoRoomForFile, FileNotWritten: about ``out``.
        :raises EvolutionRefused: the child's own sentence and exit code, see peer/evolution/errors.py.
        :raises EvolutionEnded: the child was killed or crashed.
        """
        self._check()
        with writing(self._out):
            self._out.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "peer.evolution.child"]
        pipe = subprocess.PIPE
        # A group of its own: Ctrl-C at the terminal reaches us, and we ask it to save first.
        process = await trio.lowlevel.open_process(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **PATIENT},
            process_group=0,
        )
        self._process = process
        assert process.stdin is not None, "a pipe was asked for"
        if self._paused:
            self._signal(signal.SIGSTOP)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read_errors, process)
                with contextlib.suppress(trio.BrokenResourceError):  # it ended at once, and says why
                    await process.stdin.send_all(json.dumps(self._job).encode() + b"\n")
                await self._read_progress(process)
                await process.wait()
        finally:
            await self._end(process)
        if self._failure is not None:
            raise self._failure
        if process.returncode != 0:
            raise EvolutionEnded(why=self._last_words(process.returncode))
        with reading(self._out / "report.json"):
            return from_values(json.loads((self._out / "report.json").read_text()))

    def _check(self) -> None:
        if missing := evolve_missing():
            raise EvolveMissing(names=", ".join(missing))
        if llama_missing():
            raise LlamaMissing()
        check_model(self._base)
        free = look(self._out).disk_free
        if free < DISK:
            sizes = f"{DISK / GIGABYTE:.1f} GiB", f"{free / GIGABYTE:.1f} GiB"
            raise DiskShort(path=self._out, needs=sizes[0], free=sizes[1])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _end(self, process: trio.Process) -> None:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.terminate()
                process.send_signal(signal.SIGCONT)
                with trio.move_on_after(PATIENCE):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    await stream.aclose()

    async def _read_progress(self, process: trio.Process) -> None:
        assert process.stdout is not None, "a pipe was asked for"
        rest = b""
        async for data in process.stdout:
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[-LINE_MOST:]
            for line in lines:
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        try:
            facts = json.loads(line)
            said = facts.pop("said")
        except (ValueError, KeyError, AttributeError):  # a library that prints
            self._complaints.append(line.decode(errors="replace"))
            return
        if said == "progress":
            self._tell(Progress(**facts))
        elif said == "error":
            kind = SamplesRefused if facts["code"] == SamplesRefused.exit_code else EvolutionRefused
            self._failure = kind(what=facts["what"], hint=facts["hint"])

    async def _read_errors(self, process: trio.Process) -> None:
        assert process.stderr is not None, "a pipe was asked for"
        async for data in process.stderr:
            self._complaints.extend(line for line in data.decode(errors="replace").splitlines() if line.strip())

    def _last_words(self, code: int | None) -> str:
        if code == STOPPED:
            return "it was told to stop"
        if code == -signal.SIGKILL:
            return "the system killed it, most likely because memory ran short"
        return self._complaints[-1] if self._complaints else f"exit code {code}"


def evolve(
    samples: Path, model: str, out: Path, strength: str, secrets: Sequence[str], tell: Callable[[Progress], None]
) -> Report | Path | int:
    """``dwnet evolve``: the report; for a model behind an endpoint the exported training set; the exit code if it was
    interrupted. ``model`` is a writer's spec.
    """
    if urlsplit(model).scheme in ("http", "https"):
        path = out / "training.jsonl"
        export(read_samples(samples).all, path)
        return path
    base = embedded_model() if model in ("", "default") else Path(model).expanduser()
    evolution = Evolution(samples, base, out, strength=STRENGTHS[strength], secrets=secrets, tell=tell)
    return trio.run(partial(_until_asked, evolution))


async def _until_asked(evolution: Evolution) -> Report | int:
    ending = Ending()
    report: Report | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ending.wait, nursery.cancel_scope.cancel)
        report = await evolution.run()
        nursery.cancel_scope.cancel()
    return report if report is not None else ending.code or INTERRUPTED
