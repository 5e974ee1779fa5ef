"""Real ``dwnet`` processes on loopback that make a hive: a narrator and peers, their folders, what becomes of them."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from tests.kit.program import PATIENCE as PATIENCE
from tests.kit.program import Event as Event
from tests.kit.program import Program as Program

ASKED = 6  # times a slow model is asked


class Hive:
    """The folders and processes of one test, below ``root``. ``writer`` is what its characters write with.

    The narrator's and every peer's folder is named after it; a process that is started again gets the same folder.
    """

    def __init__(self, root: Path, writer: str = "default") -> None:
        self.root = root
        self.writer = writer
        self.programs: list[Program] = []

    def folder(self, name: str) -> Path:
        return self.root / name

    def start(
        self,
        name: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        prefix: list[str] | None = None,
        module: str = "dwnet",
    ) -> Program:
        """Any ``dwnet`` command as a process; ``module`` stands in for ``dwnet``."""
        program = Program(name, list(arguments), environment or {}, prefix or [], module)
        self.programs.append(program)
        return program

    def narrate(
        self,
        name: str = "narrator",
        *,
        story: str = "",
        listen: str = "127.0.0.1:0",
        environment: Mapping[str, str] | None = None,
        prefix: list[str] | None = None,
    ) -> Program:
        """A narrator that is ready."""
        program = self.start(
            name, "narrate", "--headless", *self._narrates(name, story, listen),
            environment={"DREAMWEAVER_LOCAL_CHARACTERS": "2", **(environment or {})}, prefix=prefix,
        )  # fmt: skip
        program.wait("ready")
        return program

    def desk(
        self,
        name: str = "narrator",
        *,
        story: str = "",
        listen: str = "127.0.0.1:0",
        environment: Mapping[str, str] | None = None,
        prefix: list[str] | None = None,
        module: str = "dwnet",
    ) -> Program:
        """A narrator with screens, to be opened in a browser at :func:`address_of`."""
        program = self.start(
            name, "narrate", "--web", *self._narrates(name, story, listen),
            environment={"DREAMWEAVER_LOCAL_CHARACTERS": "2", **(environment or {})}, prefix=prefix, module=module,
        )  # fmt: skip
        program.wait("desk")
        return program

    def _narrates(self, name: str, story: str, listen: str) -> list[str]:
        named = ["--story", story] if story else []
        return ["--json", "--data", str(self.folder(name)), "--listen", listen, *named]

    def peer(
        self,
        name: str,
        code: str | None = None,
        *,
        writer: str | None = None,
        listen: str = "127.0.0.1:0",
        environment: Mapping[str, str] | None = None,
        prefix: list[str] | None = None,
    ) -> Program:
        """A peer that was just started; with ``code`` it joins, without it rejoins."""
        join = ["--invite", code] if code is not None else []
        return self.start(
            name, "peer", "--json", "--data", str(self.folder(name)), "--listen", listen,
            "--writer", writer or self.writer, *join,
            environment={"DREAMWEAVER_LOCAL_CHARACTERS": "2", **(environment or {})}, prefix=prefix,
        )  # fmt: skip

    def cast(self, narrator: Program, *names: str) -> dict[str, str]:
        """Bring characters in and invite each; their codes."""
        for name in names:
            narrator.type(f"/cast {name}")
            narrator.wait("cast", member=name)
        return {name: self.invite(narrator, name) for name in names}

    def invite(self, narrator: Program, name: str, role: str = "") -> str:
        """A fresh code."""
        mark = narrator.type(f"/invite {name}" + (f" --role {role}" if role else ""))
        return str(narrator.wait("invite", mark, member=name)["code"])

    def join(self, narrator: Program, *names: str) -> dict[str, Program]:
        """Cast, invite and seat these characters; each is ready to answer."""
        codes = self.cast(narrator, *names)
        peers = {name: self.peer(name, code) for name, code in codes.items()}
        for name, peer in peers.items():
            peer.wait("joined", member=name)
            narrator.wait("status", member=name, status="Online_Responsive")
        return peers

    def answer(self, narrator: Program, member: str, since: int) -> Event:
        """The line this member says after ``since``, accepted. On a busy machine a model may be too slow for its cue;
        then it is asked again, as a narrator would, and passed over once its late answer to the first cue is there.
        """
        for asked in range(ASKED):
            mark = since

            def settled(mark: int = mark) -> bool:
                return bool(
                    narrator.saw("accepted", mark, member=member) or narrator.saw("missed", mark, member=member)
                )

            narrator.until(settled, f"{member} answers, or has missed its cue")
            lines = narrator.saw("accepted", mark, member=member)
            if lines:
                if asked:
                    narrator.type(f"/skip {member}")
                return narrator.wait("line", 0, entry=lines[0]["entry"])  # it may have come just before
            since = narrator.type(f"/cue {member}")
        raise AssertionError(f"{member} missed {ASKED} cues\n{narrator.report()}")

    def linked(self, program: Program, member: str, up: bool = True, since: int = 0) -> None:
        """Wait until this peer has, or no longer has, a link to a member."""

        def so() -> bool:
            links = program.saw("link", since, member=member)
            return bool(links) and links[-1]["up"] is up

        program.until(so, f"link to {member} is {'up' if up else 'down'}")

    def run(
        self, *arguments: str, environment: Mapping[str, str] | None = None, prefix: list[str] | None = None
    ) -> tuple[int, list[Event], str, str]:
        """A command that ends by itself: exit code, events, stdout, stderr."""
        done = subprocess.run(
            [*(prefix or []), sys.executable, "-m", "dwnet", *arguments],
            capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **(environment or {})}, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        events = []
        for line in done.stdout.splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                continue
        return done.returncode, events, done.stdout, done.stderr

    def story(self, name: str = "narrator") -> list[tuple[str, str]]:
        """The story as it stands in a folder: who said what."""
        code, events, _, errors = self.run("story", "show", "--data", str(self.folder(name)), "--json")
        assert code == 0, errors
        return [(one["speaker"], one["text"]) for one in events if one["event"] == "passage"]

    def whole(self, name: str = "narrator") -> list[Event]:
        """Every entry of a folder's log, after it was exported and found whole."""
        file = self.root / f"{name}-{time.monotonic_ns()}.dwlog"
        code, _, _, errors = self.run("log", "export", str(file), "--data", str(self.folder(name)))
        assert code == 0, errors
        code, events, out, errors = self.run("log", "verify", str(file), "--json")
        assert code == 0, (out, errors)
        code, events, out, errors = self.run("log", "show", str(file), "--json")
        assert code == 0, (out, errors)
        return [one for one in events if one["event"] == "entry"]

    def forked(self, name: str = "narrator") -> list[tuple[bytes, bytes, int]]:
        """The places (author, run, number) that a folder's database holds two entries for."""
        root = self.folder(name)
        database = next(one for one in (root / "dream_weaver.db", root / "story.db") if one.exists())
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
            return list(reader.execute("SELECT author, run, seq FROM entries GROUP BY 1, 2, 3 HAVING count(*) > 1"))

    def close(self) -> None:
        for program in self.programs:
            program.close()


def free_port() -> int:
    """A port of this machine that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_of(program: Program) -> int:
    """The port a narrator or peer listens on."""
    return int(program.wait("ready")["addresses"][-1].rpartition(":")[2])


def address_of(desk: Program) -> str:
    """Where a narrator's screens are opened, token included."""
    return str(desk.wait("desk")["url"])
