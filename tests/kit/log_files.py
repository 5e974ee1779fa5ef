"""``.dwlog`` files for tests: written from a chain, taken apart into records, and put together again by a cheat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from docs.verify_dwlog import Wrong
from docs.verify_dwlog import check as check_independently
from dwnet.log_file import units_of
from protocol.dwlog import (
    END_PURPOSE,
    MAGIC,
    Head,
    RecordReader,
    RecordType,
    read_head,
    record,
    write_log,
)
from protocol.encoding import decode, encode
from protocol.entry import Entry
from protocol.identity import SigningKey
from protocol.kinds import Adopted, Redacted, Voiced
from protocol.ledger import Ledger, Unit
from protocol.shapes import Clip
from protocol.verifier import Report, Verifier
from tests.kit.chain import EVENING, Chain

CLIP = b"OggS, or so it says"
CHEAT = SigningKey.from_seed(b"c" * 32)


def small_story() -> Chain:
    """One beat: the shortest file with every kind of record that a whole story has."""
    chain = Chain()
    chain.join("Mira")
    chain.beat("Night fell.", Mira="Who is there?")
    return chain


def long_story() -> Chain:
    """All that can happen to a story: whispers, takes, redactions, a revoke, several runs, a tail that was adopted."""
    chain = Chain("All")
    mira, tom = chain.join("Mira"), chain.join("Tom")
    chain.beat("Night fell.", Mira="Who is there?", Tom="Only me.")
    chain.narrate("You alone hear a step.", mira, audience=[mira])
    cue = chain.cue(mira, audience=[mira])
    chain.accept(mira.line("I know.", cue, audience=[]))
    chain.cue(tom)
    chain.discard(tom.line("Boo."))
    spoken = tom.line("Good evening.")
    tom.write(Voiced((Clip(b"\1" * 32, len(CLIP), 900),), "espeak:en-us", b""), (spoken.id,))
    chain.accept(spoken)
    chain.redact(chain.edit(spoken, "Good night."))
    mira.open()
    mira.write(Redacted("said too much"), (mira.feed[1].id,))
    chain.revoke(tom)
    older = chain.canon_head
    chain.narrator.open()
    tail = chain.narrate("A tail that a backup forgot.")
    chain.narrator.open(continues=older)
    chain.tell(Adopted(), (tail.id,))
    chain.rename("All Of It")
    chain.beat("Morning came.", Mira="At last.")
    return chain


def bytes_of(
    chain: Chain,
    units: Iterable[Unit] | None = None,
    forks: Iterable[tuple[Entry, Entry]] = (),
    clips: Iterable[bytes] = (CLIP,),
    canon_head: bytes | None = None,
) -> bytes:
    """The file of a chain, exported by its narrator."""
    key = chain.narrator.key
    head = Head(chain.tag, key.public, "whole", EVENING)
    told = chain.units if units is None else units
    return b"".join(write_log(key, head, chain.canon_head if canon_head is None else canon_head, told, forks, clips))


def ledger_of(chain: Chain) -> Ledger:
    """The chain as a node of somebody's holds it."""
    ledger = Ledger(chain.tag)
    for unit in chain.units:
        ledger.take(unit)
    return ledger


def held_units(chain: Chain) -> list[Unit]:
    """The chain's units as they leave a node: what was redacted has lost its body."""
    return units_of(ledger_of(chain))


def verify(data: bytes, tag: bytes | None = None, piece: int = 1 << 20) -> Report:
    """The report on a file that is fed in pieces. The verifier in docs/ must come to the same outcome."""
    verifier = Verifier(tag)
    for at in range(0, len(data), piece):
        verifier.feed(data[at : at + piece])
    return verifier.finish()


def independent_outcome(data: bytes, tag: bytes | None = None) -> int:
    """The exit code of docs/verify_dwlog.py."""
    try:
        check_independently(data, tag)
    except Wrong as wrong:
        return int(wrong.args[0])
    except (IndexError, TypeError, ValueError):
        return 10
    return 0


def records_of(data: bytes) -> list[tuple[RecordType, bytes]]:
    """Kind and payload of each record."""
    return [(RecordType(one.kind), one.payload) for one in RecordReader().feed(data)]


def joined(records: Iterable[tuple[RecordType, bytes]]) -> bytes:
    """A file of these records with good check sums, whatever they say."""
    return MAGIC + b"".join(record(kind, payload) for kind, payload in records)


def ended(records: Sequence[tuple[RecordType, bytes]], canon_head: bytes, key: SigningKey = CHEAT) -> bytes:
    """A file of these records, with a new head and a new end that agree with them, signed by whoever wants to."""
    old = read_head(records[0][1])
    fresh = [(RecordType.HEAD, encode([1, old.tag, key.public, old.scope, old.at]))]
    fresh += [one for one in records if one[0] not in (RecordType.HEAD, RecordType.END)]
    kinds = [kind for kind, _ in fresh]
    units = [decode(payload, len(payload)) for kind, payload in fresh if kind is RecordType.UNIT]
    entries = sum(len(parts) // 3 for parts in units if isinstance(parts, list))
    counts = [len(units), entries, kinds.count(RecordType.CLIP), kinds.count(RecordType.FORK)]
    content = encode([*counts, canon_head, hashlib.sha256(joined(fresh)).digest()])
    return joined([*fresh, (RecordType.END, encode([content, key.sign(END_PURPOSE, content)]))])
