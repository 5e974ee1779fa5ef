"""Whether a ``.dwlog`` file is what it says it is: one pass, record by record, with nothing trusted but mathematics.

Rules of this file:
- Every entry: its author's right at that place, its signature, its body against its header, its place in its run.
- Every accept: the entry it accepts is beside it or was told before. Every missing body: a signed redaction beside it.
- At the end: counts, the hash of the file, the exporter's signature, and canon worked out anew by protocol.canon.
- The first thing that is wrong ends the work; what it is and where is in the report.
- Who has the file alone knows that it agrees with itself. Whose story it is, only the story's tag can tell.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum

from protocol.dwlog import (
    END_PURPOSE,
    UNIT,
    End,
    Head,
    NewerFormat,
    Record,
    RecordReader,
    RecordType,
    read_end,
    read_entries,
    read_head,
)
from protocol.errors import Code, RemoteError
from protocol.feeds import Author, Feeds
from protocol.identity import verify


class Outcome(IntEnum):
    """The exit codes of ``dwnet log verify``."""

    WHOLE = 0
    TAMPERED = 10
    CUT_SHORT = 11
    FORKED = 12
    ANOTHER_STORY = 13


class AnotherStory(RemoteError):
    """The file is of another story than the one expected; no more of it was read."""


@dataclass(frozen=True)
class Report:
    """What was found. All numbers tell of what was read and found good.

    ``sentence``: the finding in plain words. ``offset``: the byte at which the first bad record, or the missing rest,
    begins; the file's length when all is well. ``tag``, ``name``, ``narrator``, ``head`` (of canon) are empty before
    genesis. ``identity_checked``: whether the tag was one that the caller expected.
    """

    outcome: Outcome
    sentence: str
    offset: int
    entries: int
    clips: int
    tag: bytes
    name: str
    narrator: bytes
    head: bytes
    identity_checked: bool
    about: Head | None
    authors: tuple[Author, ...]


class Verifier:
    """Feed it a file from its first byte on, in pieces of any size, then call :meth:`finish`.

    ``expected``: the 16-byte tag of the story it shall be; None when nobody knows.
    """

    def __init__(self, expected: bytes | None = None) -> None:
        self._expected = expected
        self._records = RecordReader()
        self._feeds = Feeds()
        self._head: Head | None = None
        self._end: End | None = None
        self._read: Counter[int] = Counter()
        self._wrong: tuple[Outcome, str] | None = None

    def feed(self, data: bytes) -> None:
        """Check the next bytes of the file.

        :raises NewerFormat: when nothing can be said of the file. What is wrong with it comes with the report.
        """
        if self._wrong:
            return
        try:
            for record in self._records.feed(data):
                self._take(record)
        except NewerFormat:
            raise
        except AnotherStory as story:
            self._wrong = Outcome.ANOTHER_STORY, str(story)
        except RemoteError as error:
            self._fail(str(error))

    def finish(self) -> Report:
        """The report; after this the verifier is used up."""
        feeds = self._feeds
        if self._wrong is None and self._end is None:
            self._cut_short()
        outcome, sentence = self._wrong or (Outcome.WHOLE, self._praise())
        if self._wrong is None and feeds.forked:
            names = ", ".join(sorted(feeds.authority.name_of(key) for key in feeds.forked))
            outcome, sentence = (
                Outcome.FORKED,
                f"The file is whole. It proves that two things were told at one place, by: {names}.",
            )
        authority = feeds.authority
        return Report(
            outcome,
            sentence,
            self._records.offset,
            feeds.entries,
            self._read[RecordType.CLIP],
            feeds.tag,
            authority.name,
            authority.narrator,
            feeds.canon.head,
            self._expected is not None and feeds.tag == self._expected,
            self._head,
            tuple(feeds.author(key) for key in feeds.of_author),
        )

    def _take(self, record: Record) -> None:
        kind = record.kind
        if self._head is None:
            if kind != RecordType.HEAD:
                raise RemoteError(Code.MALFORMED, "the file does not begin with its head")
            self._head = read_head(record.payload)
        elif kind == UNIT:
            self._feeds.take(read_entries(record.payload))
            if not self._read[UNIT]:
                self._check_identity(self._head)
        elif kind == RecordType.FORK:
            self._feeds.take_fork(read_entries(record.payload))
        elif kind == RecordType.END:
            self._check_end(read_end(record.payload), self._head)
        elif kind != RecordType.CLIP:
            raise RemoteError(Code.MALFORMED, "a record of a kind that does not belong here")
        self._read[kind] += 1

    def _check_identity(self, head: Head) -> None:
        if self._feeds.tag != head.tag:
            raise RemoteError(Code.MALFORMED, "the head of the file names another story than its first entry")
        if self._expected is not None and self._feeds.tag != self._expected:
            raise AnotherStory(Code.WRONG_STORY, f"This is another story: its tag is {self._feeds.tag.hex()}.")

    def _check_end(self, end: End, head: Head) -> None:
        feeds, read = self._feeds, self._read
        told = (read[RecordType.UNIT], feeds.told, read[RecordType.CLIP], read[RecordType.FORK])
        if end[:4] != told:
            raise RemoteError(Code.MALFORMED, "records were taken out or put in: the counts at the end do not agree")
        if end.file_hash != self._records.hash.digest():
            raise RemoteError(
                Code.MALFORMED, "something before the end was changed: the hash of the file does not match"
            )
        if end.canon_head != feeds.canon.head:
            raise RemoteError(Code.MALFORMED, "the order of the story does not lead to the head that the end names")
        if not verify(head.exporter, END_PURPOSE, end.content, end.signature):
            raise RemoteError(Code.BAD_SIGNATURE, "the signature at the end is not that of the key in the head")
        self._end = end

    def _cut_short(self) -> None:
        if self._records.torn:
            head = self._feeds.canon.head
            whole = f"it is whole up to entry {self._feeds.entries}" if head else "nothing is left of it"
            self._wrong = Outcome.CUT_SHORT, f"The file was cut short: {whole}."
        else:
            self._fail("its length was changed, more follows than it says")

    def _fail(self, what: str) -> None:
        place = f"At byte {self._records.offset}, after {self._feeds.entries} good entries"
        self._wrong = Outcome.TAMPERED, f"{place}: {what}."

    def _praise(self) -> str:
        told = f"{self._feeds.entries} entries by {len(self._feeds.of_author)} authors"
        if self._expected is None:
            return f"Consistent: {told}. Whose story it is was not checked; its tag is {self._feeds.tag.hex()}."
        return f"Whole: {told}."
