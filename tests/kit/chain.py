"""A story written in one line per entry, signed for real: what tests feed to stores, ledgers, exports and links.

    chain = Chain()                      # the narrator wrote genesis
    mira = chain.join("Mira")            # cast, invite, grant
    chain.narrate("Night fell.", mira)   # a beat that asks her
    chain.cue(mira)
    line = mira.line("Who is there?")
    chain.accept(line)

``chain.units`` holds all of it as a store holds it, in an order in which everything refers back. The same calls give
the same bytes: keys, salts and run ids are counted, and time goes on by a second per entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from protocol.body import pack_body, place_of, seal_body
from protocol.entry import NOTHING, Entry, tag_of, write_entry
from protocol.identity import SigningKey, digest
from protocol.kinds import (
    NARRATOR,
    Accepted,
    Body,
    Cast,
    Checkpoint,
    Cued,
    Discarded,
    Edited,
    Genesis,
    Granted,
    Invited,
    Line,
    Narrated,
    Opened,
    Redacted,
    Renamed,
    Revoked,
    Rewound,
)
from protocol.ledger import Unit
from protocol.sealing import SealKey
from protocol.shapes import Span

EVENING = 1_767_283_200_000  # ms since 1970: 2026-01-01T16:00:00Z
SECOND = 1_000
NEVER = 2**52  # ms; an invite that outlives every test


@dataclass
class Hand:
    """One member writing its feed: its keys, the run it is in, and where that run ends."""

    chain: Chain
    name: str
    seat: int
    key: SigningKey
    seal: SealKey
    run: bytes = b""
    seq: int = 0
    head: bytes = NOTHING
    feed: list[Entry] = field(default_factory=list)

    @property
    def public(self) -> bytes:
        return self.key.public

    def open(self, continues: bytes | None = None) -> Entry:
        """Begin a new run, as a process start does. ``continues``: the end of the last run unless told otherwise."""
        goes_on = self.head if continues is None else continues
        self.run, self.seq, self.head = self.chain.draw(8), 0, NOTHING
        return self.write(Opened(goes_on, "tests/1"))

    def write(
        self,
        body: Body,
        refs: Sequence[bytes] = (),
        *,
        audience: Sequence[Hand] | None = None,
        seen: bytes | None = None,
        stored: bool = True,
    ) -> Entry:
        """The next entry of the present run. ``audience``: whom it is sealed to, besides its writer and the narrator.

        ``stored=False`` leaves it out of ``chain.units``: what the others do not know of.
        """
        tag = b"" if isinstance(body, Genesis) else self.chain.tag
        if audience is None:
            packed = pack_body(body, self.chain.draw(16))
        else:
            place = place_of(tag, self.public, self.run, self.seq, body.kind)
            hands = {one.seat: one for one in (self.chain.narrator, self, *audience)}
            keys = [one.seal.public for one in hands.values()]
            packed = seal_body(body, place, sorted(hands), keys, self.chain.draw(64), self.chain.draw(16))
        entry = write_entry(
            self.key,
            tag=tag,
            run=self.run,
            seq=self.seq,
            prev=self.head,
            at=self.chain.tick(),
            kind=body.kind,
            body=packed,
            seen=self.chain.canon_head if seen is None else seen,
            refs=refs,
        )
        self.seq, self.head = self.seq + 1, entry.id
        self.feed.append(entry)
        if self.seat == NARRATOR:
            self.chain.canon_head = entry.id
        if stored:
            self.chain.units.append((entry,))
        return entry

    def twin(self, body: Body, refs: Sequence[bytes] = ()) -> Entry:
        """A second entry at the place of the last one, as a cheat or a copied key would write it. Not in units."""
        last = self.feed[-1]
        here = (self.seq, self.head, self.chain.canon_head)
        self.seq, self.head = last.seq, last.prev
        entry = self.write(body, refs, stored=False)
        self.feed.pop()
        self.seq, self.head, self.chain.canon_head = here
        return entry

    def line(self, text: str, cue: Entry | None = None, *, audience: Sequence[Hand] | None = None) -> Entry:
        """An answer to a cue, the last one unless told otherwise."""
        about = self.chain.last_cue if cue is None else cue
        body = Line((Span("speech", text),), "echo", b"", "")
        return self.write(body, (about.id,) if about else (), audience=audience)


class Chain:
    """A whole story: the narrator's hand, everybody who joined, and all they wrote, unit by unit."""

    def __init__(self, name: str = "The Lighthouse", seed: int = 1) -> None:
        self._seed = seed
        self._drawn = count()
        self._seconds = count()
        self.tag = b""
        self.canon_head = b""
        self.units: list[Unit] = []
        self.last_beat: Entry | None = None
        self.last_cue: Entry | None = None
        self.members: list[Hand] = []
        self.narrator = self.hand("Narrator", NARRATOR)
        self.narrator.run = self.draw(8)
        self.genesis = self.narrator.write(Genesis(name, self.narrator.seal.public))
        self.tag = tag_of(self.genesis.id)

    def draw(self, size: int) -> bytes:
        """The next ``size`` (at most 64) bytes of this chain's own randomness."""
        return digest(b"tests-chain", f"{self._seed} {next(self._drawn)}".encode(), size=size)

    def tick(self) -> int:
        """Milliseconds since 1970; a second later at each call."""
        return EVENING + SECOND * next(self._seconds)

    def hand(self, name: str, seat: int) -> Hand:
        """Somebody with keys. Nothing is granted to him yet."""
        return Hand(self, name, seat, SigningKey.from_seed(self.draw(32)), SealKey.from_seed(self.draw(32)))

    @property
    def entries(self) -> list[Entry]:
        """Every entry once, in the order of ``units``."""
        return list({entry.id: entry for unit in self.units for entry in unit}.values())

    def tell(self, body: Body, refs: Sequence[bytes] = (), *, audience: Sequence[Hand] | None = None) -> Entry:
        """The narrator's next entry, of any kind."""
        return self.narrator.write(body, refs, audience=audience)

    def join(self, name: str, role: str = "character") -> Hand:
        """Cast, invite and grant a new seat; its member has opened its first run."""
        member = self.hand(name, len(self.members) + 1)
        self.members.append(member)
        self.tell(Cast(member.seat, role, name, "espeak:en-us", "#8888aa", 50, b"", 0))
        self.grant(member, role)
        member.open()
        return member

    def grant(self, member: Hand, role: str = "character") -> Entry:
        """Invite a member to its seat and grant it."""
        invite = SigningKey.from_seed(self.draw(32))
        self.tell(Invited(invite.public, member.seat, role, NEVER))
        return self.tell(Granted(member.seat, role, member.public, member.seal.public, invite.public, b""))

    def revoke(self, member: Hand) -> Entry:
        """From here on the member counts no longer; its present run stays good up to its end."""
        return self.tell(Revoked(member.public, ((member.run, member.seq - 1),), "left"))

    def narrate(self, text: str, *plan: Hand, audience: Sequence[Hand] | None = None) -> Entry:
        """A beat."""
        self.last_beat = self.tell(Narrated(text, tuple(one.seat for one in plan), "say"), audience=audience)
        return self.last_beat

    def cue(
        self, member: Hand, take: int = 1, *, review: bool = False, audience: Sequence[Hand] | None = None
    ) -> Entry:
        """Ask a member to answer the last beat."""
        refs = (self.last_beat.id,) if self.last_beat else ()
        self.last_cue = self.tell(Cued(member.seat, take, int(review)), refs, audience=audience)
        return self.last_cue

    def accept(self, line: Entry) -> Unit:
        """The line becomes canon. From then on the two are one unit, in place of the line alone."""
        accept = self.narrator.write(Accepted(line.author), (line.id,), stored=False)
        self.units.append((accept, line))
        return self.units[-1]

    def beat(self, text: str, **answers: str) -> list[Entry]:
        """``beat("Night fell.", Mira="Who is there?")``: narrate, then cue, answer and accept for each name in turn."""
        asked = [next(one for one in self.members if one.name == name) for name in answers]
        written = [self.narrate(text, *asked)]
        for member, answer in zip(asked, answers.values(), strict=True):
            written.append(self.cue(member))
            written.append(member.line(answer))
            written.append(self.accept(written[-1])[0])
        return written

    def discard(self, line: Entry, why: str = "") -> Entry:
        return self.tell(Discarded(why), (line.id,))

    def edit(self, about: Entry, text: str) -> Entry:
        return self.tell(Edited((Span("speech", text),)), (about.id,))

    def redact(self, about: Entry, why: str = "") -> Entry:
        """Take an entry's body back. What stands in ``units`` before keeps its body: that is how it was told."""
        return self.tell(Redacted(why), (about.id,))

    def checkpoint(self, name: str, passage: Entry) -> Entry:
        return self.tell(Checkpoint(name), (passage.id,))

    def rename(self, name: str) -> Entry:
        return self.tell(Renamed(name))

    def rewind(self, passage: Entry, branch: str) -> Entry:
        return self.tell(Rewound(branch), (passage.id,))
