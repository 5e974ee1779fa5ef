"""Real ``dwnet`` processes on loopback: started, typed to, listened to, killed and started again.

Every wait has an end, and whoever waited in vain is told everything the process said. What a process prints with
``--json`` is kept as a list of events; a *mark* is a place in that list.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TextIO

Event = dict[str, Any]

PATIENCE = 60.0  # seconds; a bound for a busy machine, no claim about speed
LAST = 40  # events that a failure shows
ASKED = 6  # times a slow model is asked


class Program:
    """One ``dwnet`` process."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str], prefix: list[str]) -> None:
        self.name = name
        self.events: list[Event] = []
        self.errors = ""
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "dwnet", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, encoding="utf-8", errors="replace", env={**os.environ, **environment}, bufsize=1,
            start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None and self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read_events, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self.process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    # --- what it says ------------------------------------------------------------------------------------------------

    def mark(self) -> int:
        """This place in what it said."""
        return len(self.events)

    def saw(self, event: str, since: int = 0, **facts: object) -> list[Event]:
        """Every event of this name with these facts so far. A fact that is a function is asked."""
        return [one for one in self.events[since:] if one.get("event") == event and _fits(one, facts)]

    def wait(self, event: str, since: int = 0, seconds: float = PATIENCE, **facts: object) -> Event:
        """The first such event, also one that came already.

        :raises AssertionError: when none comes, with everything the process said.
        """
        found: list[Event] = []

        def there() -> bool:
            found[:] = self.saw(event, since, **facts)
            return bool(found)

        self.until(there, f"{event} {facts or ''}", seconds)
        return found[0]

    def until(self, there: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait until ``there`` says so; it is asked after every event, and often in between."""
        end = time.monotonic() + seconds
        with self._news:
            while not there():
                if self.process.poll() is not None and not any(one.is_alive() for one in self._readers) and not there():
                    raise AssertionError(f"{self.name} ended before: {what}\n{self.report()}")
                if time.monotonic() > end:
                    raise AssertionError(f"{self.name} did not come to this in {seconds:g} s: {what}\n{self.report()}")
                self._news.wait(0.2)

    def said(self) -> str:
        """Everything it printed that is no event: what a program shows that was started without ``--json``."""
        return "\n".join(one["text"] for one in self.events if one["event"] == "not json")

    def report(self) -> str:
        """Everything there is to know when something went wrong."""
        shown = "\n".join(json.dumps(one, ensure_ascii=False) for one in self.events[-LAST:])
        return f"exit code {self.process.poll()}\n{shown}\n--- stderr ---\n{self.errors}"

    # --- what is done to it ------------------------------------------------------------------------------------------

    def type(self, line: str) -> int:
        """Type a line; the mark before it."""
        mark = self.mark()
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return mark

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.ended()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return self.ended()

    def leave(self) -> int:
        """``/quit``; its exit code."""
        self.type("/quit")
        return self.ended()

    def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for its end; its exit code."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.name} did not end in {seconds:g} s\n{self.report()}") from error
        for reader in self._readers:
            reader.join(5)
        return code

    def close(self) -> None:
        """However it stands, it is over."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with _ignoring_a_broken_pipe():
                    stream.close()

    # --- reading -----------------------------------------------------------------------------------------------------

    def _read_events(self, stream: TextIO) -> None:
        for line in stream:
            try:
                one = json.loads(line)
            except ValueError:
                one = {"event": "not json", "text": line.rstrip("\n")}
            with self._news:
                self.events.append(one)
                self._news.notify_all()

    def _read_errors(self, stream: TextIO) -> None:
        for line in stream:
            with self._news:
                self.errors += line
                self._news.notify_all()


def _fits(one: Event, facts: Mapping[str, object]) -> bool:
    return all(wanted(one.get(name)) if callable(wanted) else one.get(name) == wanted for name, wanted in facts.items())


@contextmanager
def _ignoring_a_broken_pipe() -> Iterator[None]:
    try:
        yield
    except OSError:
        return


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
    ) -> Program:
        """Any ``dwnet`` command as a process."""
        program = Program(name, list(arguments), environment or {}, prefix or [])
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
    ) -> Program:
        """A narrator with screens, to be opened in a browser at :func:`address_of`."""
        program = self.start(
            name, "narrate", "--web", *self._narrates(name, story, listen),
            environment={"DREAMWEAVER_LOCAL_CHARACTERS": "2", **(environment or {})}, prefix=prefix,
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
        then it is asked again, as a narrator would.
        """
        for _ in range(ASKED):
            mark = since

            def settled(mark: int = mark) -> bool:
                return bool(
                    narrator.saw("accepted", mark, member=member) or narrator.saw("missed", mark, member=member)
                )

            narrator.until(settled, f"{member} answers, or has missed its cue")
            lines = narrator.saw("accepted", mark, member=member)
            if lines:
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
