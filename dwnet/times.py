"""Moments in time: milliseconds since 1970 in the log, ISO 8601 in UTC for people and programs."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Literal


def now() -> int:
    """Milliseconds since 1970, by this machine's clock."""
    return int(time.time() * 1000)


def iso(at: int, to: Literal["seconds", "milliseconds"] = "seconds") -> str:
    """Milliseconds since 1970 as ``2026-05-01T20:15:00Z``, cut off below ``to``."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec=to).replace("+00:00", "Z")


def milliseconds(stamp: str) -> int:
    """The inverse of :func:`iso`; ValueError for what is no such text."""
    return round(datetime.fromisoformat(stamp).timestamp() * 1000)
