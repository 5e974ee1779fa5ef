"""One ``dwnet`` process: started, typed to, listened to, killed.

Every wait has an end, and whoever waited in vain is told everything the process said. What a process prints with
``--json`` is kept as a list of events; a *mark* is a place in that list.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

Event = dict[str, Any]

PATIENCE = 120.0  # seconds; a bound for a busy machine, no claim about speed
LAST = 40  # events that a failure shows


class Program:
    """One ``dwnet`` process."""

    def __init__(
        self, name: str, arguments: list[str], environment: Mapping[str, str], prefix: list[str], module: str = "dwnet"
    ) -> None:
        self.name = name
        self.events: list[Event] = []
        self.errors = ""
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", module, *arguments],
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
