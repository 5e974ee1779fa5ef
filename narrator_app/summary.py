"""A story in short: what stands on its spine. Worked out from the fold, and kept beside the log so that a shelf of long
stories is listed without folding any.

Rules of this file:
- A kept summary says how many entries it knew. It counts while nothing that shapes a story came after those; else the
  story is folded again. So it can be old, and is never believed when it is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from dwnet.keeping import open_ledger
from dwnet.settings import Settings
from dwnet.shipped import words
from dwnet.store_reader import StoreReader, open_reader
from protocol.ledger import Ledger
from protocol.names import fingerprint

KEPT = "summary"  # in the store's meta
# Entries after which a story reads otherwise, or is called otherwise, or has other people in it.
SHAPING = frozenset(
    {
        *("genesis", "rename", "cast", "grant", "revoke", "withdraw", "narrate", "accept", "edit", "choose", "rewind"),
        *("adopt", "redact", "checkpoint"),
    }
)


@dataclass(frozen=True)
class Summary:
    """A few facts about a story. ``head`` is that of canon, hexadecimal like ``tag``; ``told_at`` is when its last
    passage was told, in ms since 1970, 0 when nothing was.
    """

    name: str
    tag: str
    passages: int
    entries: int
    cast: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    head: str = ""
    told_at: int = 0

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """The twelve words of its head; none before a story has begun."""
        return fingerprint(bytes.fromhex(self.head), words()) if self.head else ()

    def facts(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "tag": self.tag,
            "passages": self.passages,
            "entries": self.entries,
            "cast": list(self.cast),
            "checkpoints": list(self.checkpoints),
            "branches": list(self.branches),
            "head": self.head,
            "fingerprint": " ".join(self.fingerprint),
        }

    def to_text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False)


def summary_of(ledger: Ledger) -> Summary:
    """A story as it stands."""
    story = ledger.story
    passages = sum(1 for _ in story.path())
    told_at = story.passages[story.head].take.at if story.head else 0
    return Summary(
        story.name,
        ledger.tag.hex(),
        passages,
        len(ledger.entries),
        tuple(seat.name for seat in story.seats.values() if not seat.retired),
        tuple(story.checkpoints),
        tuple(one.name for one in story.branches),
        ledger.canon.head.hex(),
        told_at,
    )


def kept_summary(reader: StoreReader) -> Summary | None:
    """What was kept, while it counts; None when the story has to be folded.

    ``entries`` and ``head`` of it may be a little behind: with entries that shape nothing, a process start for one.
    """
    kept = _read(reader.meta().get(KEPT, ""))
    if kept is None:
        return None
    later = reader.query("SELECT DISTINCT kind FROM entries WHERE position > ?", (kept.entries,))
    return None if SHAPING & {kind for (kind,) in later} else kept


def summary_at(settings: Settings) -> Summary:
    """A story as its folder holds it, as new as it is there; folded only if need be.

    :raises NodeError: when there is no story, or it is damaged.
    """
    with open_reader(settings.database) as reader:
        kept = kept_summary(reader)
        if kept is not None and kept.entries == reader.count():
            return kept
    return summary_of(open_ledger(settings))


def _read(text: str) -> Summary | None:
    try:
        found = json.loads(text)
        for name in ("cast", "checkpoints", "branches"):
            found[name] = tuple(found[name])
        return Summary(**found)
    except (KeyError, TypeError, ValueError):
        return None
