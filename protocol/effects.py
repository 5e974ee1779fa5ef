"""What the pure core asks of the shell, as values. dwnet/node.py performs them, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from protocol.entry import Entry
from protocol.errors import Code
from protocol.invite import Claim
from protocol.ledger import Unit
from protocol.messages import Ephemeral, PeerRecord


class Lane(Enum):
    """Which queue of a link a message waits in; earlier ones are written first."""

    CONTROL = 0
    ENTRIES = 1
    EPHEMERAL = 2
    CHUNKS = 3


@dataclass(frozen=True)
class Send:
    link: int
    data: bytes
    lane: Lane


@dataclass(frozen=True)
class Close:
    link: int
    code: Code
    text: str


@dataclass(frozen=True)
class Store:
    """A unit to make durable."""

    unit: Unit


@dataclass(frozen=True)
class Took:
    """An entry is now held: show it, act on it."""

    entry: Entry


@dataclass(frozen=True)
class Ready:
    """A link's other end is a member in good standing, from now on."""

    link: int
    member: bytes


@dataclass(frozen=True)
class Claimed:
    """A valid claim reached the narrator; answer with a grant entry or with :meth:`Gossip.refuse`."""

    link: int
    claim: Claim


@dataclass(frozen=True)
class Refused:
    """Our own claim was refused."""

    code: int
    text: str


@dataclass(frozen=True)
class Heard:
    """An ephemeral that counts."""

    link: int
    ephemeral: Ephemeral


@dataclass(frozen=True)
class SecondCopy:
    """Somebody else lives with our own key, in another run."""

    run: bytes


@dataclass(frozen=True)
class Forked:
    """A member told two things at one place; here is the proof."""

    first: Entry
    second: Entry


@dataclass(frozen=True)
class Held:
    """A member sends more than may wait unanswered; what is over is not taken."""

    author: bytes


@dataclass(frozen=True)
class Learned:
    """Where members can be dialled."""

    records: tuple[PeerRecord, ...]


Effect = Send | Close | Store | Took | Ready | Claimed | Refused | Heard | SecondCopy | Forked | Held | Learned
