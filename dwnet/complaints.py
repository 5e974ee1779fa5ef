"""How errors and results leave through the command line: one sentence and one hint, an exit code, a log file.

Rules of this file:
- stdout is for results, stderr for everything else. What is shown passes dwnet.text.clean: names, reasons and cards may
  be a stranger's. A user never sees a traceback unless he asks with --debug; the log
  file keeps it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from dwnet.errors import INTERRUPTED, NodeError, find, sentence
from dwnet.text import clean

CANNOT = 3
OURS = ("protocol", "dwnet", "peer", "narrator_app")


@contextmanager
def explained(debug: bool, *, as_json: bool = False) -> Iterator[None]:
    """Turn what goes wrong into a sentence with a hint, and an exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, SystemExit):
        raise
    except BaseException as error:
        if debug:
            raise
        if find(error, KeyboardInterrupt) is not None and find(error, NodeError) is None:
            sys.exit(INTERRUPTED)
        if find(error, BrokenPipeError) or find(error, SystemExit):  # rich makes the one of the other
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read this left, as head does
            sys.exit(CANNOT)
        what, hint = sentence(error)
        complain(what, hint, as_json=as_json)
        known = find(error, NodeError)
        sys.exit(known.exit_code if isinstance(known, NodeError) else CANNOT)


def complain(what: str, hint: str, *, as_json: bool) -> None:
    """An error for people on stderr, and for programs on stdout too."""
    if as_json:
        put_json({"event": "error", "what": what, "hint": hint})
    click.echo(clean(f"{what}\n{hint}"), err=True)


def put(text: str) -> None:
    """A result for people, with nothing in it that a terminal would obey."""
    click.echo(clean(text))


def put_json(facts: Mapping[str, Any]) -> None:
    """One object, one line."""
    click.echo(json.dumps(facts, ensure_ascii=False))


@contextmanager
def log_file(folder: Path) -> Iterator[None]:
    """Keep a log beside the story; nothing of it reaches the screen."""
    from logging.handlers import RotatingFileHandler

    logging.raiseExceptions = False  # a log that cannot be written, on a full disk say, is no news for the screen
    folder.mkdir(exist_ok=True)
    handler = RotatingFileHandler(folder / "dwnet.log", maxBytes=1_000_000, backupCount=3, delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    for ours in OURS:  # of other libraries only trouble: httpx for one writes addresses, with all that stands in them
        logging.getLogger(ours).setLevel(logging.INFO)
    try:
        yield
    except Exception:
        logging.getLogger("dwnet").exception("this process ends with an error")
        raise
    finally:
        root.removeHandler(handler)
        with suppress(OSError):
            handler.close()
