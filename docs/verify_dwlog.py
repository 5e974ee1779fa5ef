"""Checks a .dwlog file without a line of DreamWeaver's own code. U1, C1 and so on are rules of dwlog.md. Needs PyNaCl.

python verify_dwlog.py FILE [TAG]     exits 0 whole, 10 tampered, 11 cut short, 12 forked, 13 another story's
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections import Counter
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

HEAD, UNIT, FORK, CLIP, END = 1, 2, 3, 4, 127
VOICES, ANYBODY = {"character", "reader"}, {"narrator", "character", "listener", "reader"}
WRITERS = {"line": VOICES, "voiced": VOICES | {"narrator"}, "open": ANYBODY, "redact": ANYBODY}
WRITERS |= {"evolved": {"character"}, "kept": {"character"}}
NARRATOR = {"genesis", "invite", "withdraw", "grant", "revoke", "cast", "sheet", "narrate", "cue", "accept", "discard"}
NARRATOR |= {"choose", "edit", "missed", "heard", "checkpoint", "rewind", "adopt", "aside", "reseal", "rename", "mind"}
NARRATOR |= {"sample", "brought"}
LASTING = {"genesis", "open", "invite", "withdraw", "grant", "revoke", "accept", "adopt", "aside", "redact", "reseal"}
WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4}


class Wrong(Exception):
    """The file is not what it says it is. The first argument is the exit code."""


def need(good: bool, why: str) -> None:
    if not good:
        raise Wrong(10, why)


def unpack(data: bytes, at: int) -> tuple[Any, int]:
    """The value at a place, of msgpack's arrays, integers, bytes and text, and where it ends."""
    lead, at = data[at], at + 1
    if lead < 0x80:
        return lead, at
    if 0x90 <= lead <= 0xBF:
        size, array = (lead & 31, False) if lead >= 0xA0 else (lead & 15, True)
    else:
        need(lead in WIDTHS, "msgpack: a type that is not used here")
        size, at, array = int.from_bytes(data[at : at + WIDTHS[lead]], "big"), at + WIDTHS[lead], lead >= 0xDC
        if 0xCC <= lead <= 0xCF:
            return size, at
    if array:
        items = []
        for _ in range(size):
            item, at = unpack(data, at)
            items.append(item)
        return items, at
    need(at + size <= len(data), "msgpack: cut short")
    piece = data[at : at + size]
    return piece if lead in (0xC4, 0xC5, 0xC6) else piece.decode(), at + size


def read(data: bytes) -> Any:
    value, end = unpack(data, 0)
    need(end == len(data), "msgpack: something follows the value")
    return value


def blake(person: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32, person=person).digest()


def check_signature(key: bytes, purpose: bytes, message: bytes, signature: bytes) -> None:
    try:
        VerifyKey(key).verify(purpose + b"\0" + message, signature)
    except BadSignatureError as error:
        raise Wrong(10, "a signature does not match") from error


class Entry:
    """U1: shape, body and signature."""

    def __init__(self, header: bytes, signature: bytes, body: bytes) -> None:
        (
            version,
            self.tag,
            self.author,
            self.run,
            self.seq,
            self.prev,
            self.at,
            self.kind,
            _,
            self.refs,
            size,
            hashed,
        ) = read(header)
        need(version == 1, "an entry of another version")
        need(not body or (len(body) == size and blake(b"dwnet-body-v1", body) == hashed), "a body was changed")
        check_signature(self.author, b"dwnet/entry/1", header, signature)
        self.id, self.feed, self.body = blake(b"dwnet-entry-v1", header), self.author + self.run, body

    def fields(self) -> Any:
        parts = read(self.body) if self.body else [b"", 1]
        return parts[2] if parts[1] == 0 else []


class Story:
    def __init__(self, genesis: Entry) -> None:
        need(genesis.kind == "genesis" and genesis.seq == 0, "the story does not begin with its genesis entry")
        self.tag, self.narrator = genesis.id[:16], genesis.author
        self.roles: dict[bytes, str] = {genesis.author: "narrator"}
        self.cuts: dict[bytes, dict[bytes, int]] = {}
        self.heads: dict[bytes, tuple[int, bytes]] = {}
        self.told: dict[bytes, bytes] = {}
        self.forked: set[bytes] = set()
        # Of the narrator's: run -> what it continues, when it was opened, its ids; id -> its place; id -> what it joins
        self.runs: dict[bytes, tuple[bytes, int, list[bytes]]] = {}
        self.place: dict[bytes, tuple[bytes, int]] = {}
        self.joins: dict[bytes, list[bytes]] = {}

    def take(self, first: Entry, *rest: Entry) -> None:
        beside, cut = list(rest), self.cuts.get(first.author)
        need(
            all(one.tag == (self.tag if self.told else b"") for one in (first, *rest)), "an entry of another story"
        )  # U1
        need(first.author in self.roles, "an entry by somebody who was granted no seat before it")  # U2
        counts = cut is None or first.seq <= cut.get(first.run, -1) or first.id in self.told
        need(counts, "an entry by somebody whose key was revoked before it")
        writers = WRITERS.get(first.kind, {"narrator"} if first.kind in NARRATOR else ANYBODY)
        need(self.roles[first.author] in writers, "an entry of a kind that its author may not write")
        accepted = beside.pop(0) if first.kind == "accept" and beside and beside[0].id == first.refs[0] else None
        if first.kind == "accept":  # U4
            author = accepted.author if accepted is not None else self.told.get(first.refs[0], b"")
            need(author == first.fields()[0], "an accept without the entry it accepts, or of another's")
            need(author in self.roles and author != self.narrator, "an accept of no member's entry")
        if accepted is not None:
            self.add_accepted(accepted)
        for entry in (first, accepted):  # U5
            if entry is not None and not entry.body:
                need(
                    bool(beside) and entry.kind not in LASTING,
                    "a body is missing, and no redaction stands in its place",
                )
                redaction = beside.pop(0)
                need(redaction.kind == "redact" and entry.id in redaction.refs, "a redaction of something else")
                need(redaction.author in (entry.author, self.narrator), "a body was removed by somebody who may not")
        need(not beside, "an entry stands beside one it does not belong to")
        self.add(first)

    def follows(self, entry: Entry) -> bool:
        seq, head = self.heads.get(entry.feed, (-1, b""))
        return bool(entry.seq == seq + 1 and entry.prev == head)

    def add_accepted(self, entry: Entry) -> None:
        if self.follows(entry):
            self.add(entry)
        elif entry.id not in self.told:
            self.told[entry.id] = entry.author
            self.forked |= {entry.author} if entry.seq <= self.heads.get(entry.feed, (-1, b""))[0] else set()

    def add(self, entry: Entry) -> None:
        need(self.follows(entry), "an entry is missing, or told twice, or out of its order")  # U3
        self.heads[entry.feed], self.told[entry.id] = (entry.seq, entry.id), entry.author
        if entry.author == self.narrator:
            self.add_narrators(entry, entry.fields())

    def add_narrators(self, entry: Entry, fields: Any) -> None:
        if entry.run not in self.runs:  # C1; a run that opens on nothing hangs in the air
            opens = fields[0] if entry.kind == "open" and fields else b""
            self.runs[entry.run] = b"" if entry.kind == "genesis" else opens or entry.id, entry.at, []
        self.runs[entry.run][2].append(entry.id)
        self.place[entry.id] = entry.run, entry.seq
        if entry.kind in ("adopt", "aside"):
            self.joins[entry.id] = entry.refs[:1]
        elif entry.kind == "grant" and fields:
            self.roles.setdefault(fields[2], fields[1])
        elif entry.kind == "revoke" and fields and fields[0] != self.narrator:
            self.cuts.setdefault(fields[0], dict(fields[1]))

    def path(self, tip: bytes) -> list[bytes]:
        pieces = []
        while tip:
            run, seq = self.place[tip]
            pieces.append(self.runs[run][2][: seq + 1])
            tip = self.runs[run][0]
        return [one for piece in reversed(pieces) for one in piece]

    def depth(self, run: bytes) -> int:
        """How many runs lie between this one and genesis; -1 if they are not all here."""
        depth, seen = 0, set()
        while continues := self.runs[run][0]:
            if run in seen or continues not in self.place:
                return -1
            seen.add(run)
            run, depth = self.place[continues][0], depth + 1
        return depth

    def rooted(self, entry: bytes) -> bool:
        return self.depth(self.place[entry][0]) >= 0

    def known(self, run: bytes) -> set[bytes]:
        known, tips = set(), [self.runs[run][2][-1]]
        while tips:
            for one in self.path(tips.pop()):
                if one not in known:
                    known.add(one)
                    tips += [
                        to for to in self.joins.get(one, []) if to in self.place and self.depth(self.place[to][0]) >= 0
                    ]
        return known

    def head(self) -> bytes:
        """C2 to C4: the last entry of canon is the last of the live run."""
        known = {run: self.known(run) for run in self.runs if self.depth(run) >= 0}
        tips = {run: self.runs[run][2][-1] for run in known}
        left = [run for run in known if not any(tips[run] in known[other] for other in known if other != run)]
        return tips[max(left, key=lambda run: (self.depth(run), self.runs[run][1], run))]


def check(data: bytes, tag: bytes | None) -> str:
    need(data[:8] == b"\x89DWL\r\n\x1a\n"[: len(data)], "this is no .dwlog file")  # F1
    at, story, exporter, named, ended = 8, None, b"", b"", False
    counts: Counter[int] = Counter()
    entries = 0
    while at < len(data):
        need(not ended, "something follows the end")
        stop = at + 5 + int.from_bytes(data[at : at + 4], "big")
        if stop + 4 > len(data):
            raise Wrong(11, f"cut short within a record, whole up to entry {entries}")
        kind, payload = data[at + 4], data[at + 5 : stop]
        need(zlib.crc32(data[at:stop]) == int.from_bytes(data[stop : stop + 4], "big"), f"check sum, byte {at}")  # F2
        need((kind == HEAD) == (at == 8), "HEAD stands first, and once")  # F3
        if kind == HEAD:
            version, named, exporter, _, _ = read(payload)
            need(version == 1, "another version of the format")
        elif kind == UNIT or (kind == FORK and story is not None):
            parts = read(payload)
            unit = [Entry(*parts[i : i + 3]) for i in range(0, len(parts), 3)]
            story = story or Story(unit[0])
            if kind == UNIT:
                story.take(*unit)
                entries += len(unit)
            else:  # F5
                one, two = unit
                need(one.feed == two.feed and one.seq == two.seq and one.id != two.id, "a proof that proves nothing")
                need(one.tag == two.tag == story.tag and one.author in story.roles, "a proof about a stranger")
                story.forked.add(one.author)
            need(story.tag == named, "the head names another story")
            if tag is not None and tag != story.tag:
                raise Wrong(13, f"another story, its tag is {story.tag.hex()}")
        elif kind == END and story is not None:  # F7
            content, signature = read(payload)
            told = [counts[UNIT], entries, counts[CLIP], counts[FORK], story.head(), hashlib.sha256(data[:at]).digest()]
            need(read(content) == told, "the end does not agree with what stands before it")
            check_signature(exporter, b"dwnet/dwlog/1", content, signature)
            ended = True
        else:
            need(kind == CLIP, "a record that does not belong here")
        counts[kind] += 1
        at = stop + 4
    if not ended or story is None:
        raise Wrong(11, f"cut short, whole up to entry {entries}")
    if story.forked:
        raise Wrong(12, f"whole, with proof that {len(story.forked)} authors told two things at one place")
    return f"whole: {entries} entries, tag {story.tag.hex()}, head {story.head().hex()}"


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        print(check(data, bytes.fromhex(sys.argv[2]) if len(sys.argv) > 2 else None))
    except Wrong as wrong:
        print(wrong.args[1])
        sys.exit(wrong.args[0])
    except (IndexError, TypeError, ValueError) as error:
        print(f"a record that does not read: {error}")
        sys.exit(10)


if __name__ == "__main__":
    main()
