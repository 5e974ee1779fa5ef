"""Server-sent events, as far as model servers use them. Pure: bytes in any cuts in, the events' data out."""

from __future__ import annotations

from protocol import limits


class TooLong(ValueError):
    """More came than any answer has."""


class Events:
    """Collects bytes until an event is whole. Comments and fields other than ``data`` are dropped."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._seen = 0

    def feed(self, more: bytes) -> list[str]:
        """The data of the events that ``more`` completes.

        :raises TooLong: beyond ``limits.ENDPOINT_LINE`` for one event, or ``limits.ENDPOINT_ANSWER`` for all.
        """
        self._seen += len(more)
        *lines, self._rest = (self._rest + more).split(b"\n")
        if self._seen > limits.ENDPOINT_ANSWER or len(self._rest) > limits.ENDPOINT_LINE:
            raise TooLong
        return [event for line in lines for event in self._take(line)]

    def close(self) -> list[str]:
        """What stood at the end without the empty line that should have ended it."""
        rest, self._rest = self._rest, b""
        return [*self._take(rest), *self._take(b"")]

    def _take(self, line: bytes) -> list[str]:
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        if text.startswith("data:"):
            self._data.append(text[5:].removeprefix(" "))
            if sum(map(len, self._data)) > limits.ENDPOINT_LINE:
                raise TooLong
        elif not text and self._data:
            event = "\n".join(self._data)
            self._data.clear()
            return [event]
        return []
