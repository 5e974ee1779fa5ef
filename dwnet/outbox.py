"""What waits to be written on one link. Pure: put and take, no waiting.

Rules of this file:
- Every lane is bounded. What happens when one is full is what its messages are worth: ephemerals lose the oldest,
  chunks are refused and asked for again, entries are all thrown away and brought level by heads, and control messages
  can't be missed, so the link ends.
- Earlier lanes go first. A frame is filled from all of them, since one signature covers up to limits.FRAME_MESSAGES.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum

from protocol import limits
from protocol.effects import Lane
from protocol.errors import LocalError
from protocol.session import FRAME_ROOM


class Put(Enum):
    """What became of a message."""

    QUEUED = "queued"
    REFUSED = "refused"  # it is not queued; the lane is as it was
    LAGGING = "lagging"  # it and all entries before it are gone; no more are taken until catch_up
    FULL = "full"  # a message that must not be lost has no room


class Outbox:
    """The lanes of one link. ``lagging`` from the moment entries were thrown away until :meth:`catch_up`."""

    def __init__(self) -> None:
        self.lagging = False
        self._lanes: dict[Lane, deque[bytes]] = {lane: deque() for lane in Lane}
        self._entry_bytes = 0

    def put(self, message: bytes, lane: Lane) -> Put:
        """Queue the canonical bytes of one message; LocalError if no frame could hold it."""
        if len(message) > FRAME_ROOM:
            raise LocalError(f"a message of {len(message)} bytes; a frame holds {FRAME_ROOM}")
        waiting = self._lanes[lane]
        match lane:
            case Lane.CONTROL if len(waiting) >= limits.QUEUE_CONTROL:
                return Put.FULL
            case Lane.ENTRIES if self.lagging:
                return Put.REFUSED
            case Lane.ENTRIES if self._entry_bytes + len(message) > limits.QUEUE_ENTRIES_BYTES:
                waiting.clear()
                self._entry_bytes, self.lagging = 0, True
                return Put.LAGGING
            case Lane.ENTRIES:
                self._entry_bytes += len(message)
            case Lane.EPHEMERAL if len(waiting) >= limits.QUEUE_EPHEMERAL:
                waiting.popleft()
            case Lane.CHUNKS if len(waiting) >= limits.QUEUE_CHUNKS:
                return Put.REFUSED
        waiting.append(message)
        return Put.QUEUED

    def take(self, lanes: Iterable[Lane] = Lane) -> list[bytes]:
        """The messages of the next frame from ``lanes``, in their order; empty when nothing waits there."""
        taken: list[bytes] = []
        room = FRAME_ROOM
        for lane in lanes:
            waiting = self._lanes[lane]
            while waiting and len(taken) < limits.FRAME_MESSAGES and len(waiting[0]) <= room:
                message = waiting.popleft()
                room -= len(message)
                taken.append(message)
                if lane is Lane.ENTRIES:
                    self._entry_bytes -= len(message)
        return taken

    def catch_up(self) -> bool:
        """Take entries again, once what must not be lost has been written. True if that was so just now."""
        if not self.lagging or self._lanes[Lane.CONTROL]:
            return False
        self.lagging = False
        return True
