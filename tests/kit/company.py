"""A story's people in one process: real nodes and links over memory, each with a store and a folder of its own. No
sockets, and no threads but for sound, so that time may be virtual.

    company = Company(tmp_path, nursery)
    await company.begin("The Lighthouse")
    mira = await company.join("Mira")
    await company.narrate("Night fell.", mira)

``open_desk`` puts a narrator who directs in the narrator's chair.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import trio
from trio.testing import MemoryReceiveStream, MemorySendStream, memory_stream_pair

from dwnet.blob_store import BlobStore
from dwnet.card import Card, private_part
from dwnet.clips import Clips
from dwnet.high_water import HighWater
from dwnet.link import run_link
from dwnet.mesh import Mesh
from dwnet.node import Draft, Node
from dwnet.settings import Settings, narrator_settings
from dwnet.store import Store, open_store
from dwnet.websocket import socket_over
from narrator_app.admission import Admission
from narrator_app.casting import Casting
from narrator_app.commands import Desk, obey
from narrator_app.ear.stenographer import Hands, Stenographer
from narrator_app.intents import Intents
from narrator_app.minds import Minds
from narrator_app.narrator import Happening, Narrator
from narrator_app.preferences import Preferences
from narrator_app.reference_voices import ReferenceVoices
from narrator_app.shelf import Shelf
from peer.performer import Performer
from peer.voice.contract import Speaker, Voice
from peer.writer.contract import Writer
from protocol.body import pack_body
from protocol.entry import Entry, tag_of, write_entry
from protocol.identity import SigningKey
from protocol.invite import invite_key, make_claim, parse_invite
from protocol.kinds import NARRATOR, Cast, Cued, Genesis, Granted, Narrated, Opened, Sheet
from protocol.ledger import Ledger
from protocol.sealing import SealKey
from protocol.session import Session
from tests.kit.scripted_writer import ScriptedWriter

PATIENCE = 300.0  # seconds, virtual in most tests
BEGUN = 1_767_283_200_000  # ms since 1970


@dataclass
class Person:
    """A running node and what belongs to it. ``scope`` is its process: cancelled, it is gone without a word."""

    name: str
    seat: int
    folder: Path
    member: SigningKey
    seal: SealKey
    node: Node
    store: Store
    scope: trio.CancelScope
    nursery: trio.Nursery
    over: trio.Event

    @property
    def lines(self) -> list[Entry]:
        """What it has said in this story, in order."""
        mine = self.member.public
        return [one for one in self.node.ledger.entries.values() if one.kind == "line" and one.author == mine]

    async def kill(self) -> None:
        self.scope.cancel()
        await self.over.wait()


@dataclass
class Company:
    """Everybody of one story. What they do runs in ``nursery``."""

    folder: Path
    nursery: trio.Nursery
    tag: bytes = b""
    people: list[Person] = field(default_factory=list)
    wires: list[trio.StapledStream[MemorySendStream, MemoryReceiveStream]] = field(default_factory=list)

    @property
    def narrator(self) -> Person:
        return self.people[0]

    async def begin(self, name: str = "The Lighthouse") -> Person:
        """The narrator, with a story that has begun; its first run is open."""
        member, seal = SigningKey.from_seed(os.urandom(32)), SealKey.from_seed(os.urandom(32))
        body = pack_body(Genesis(name, seal.public), os.urandom(16))
        genesis = write_entry(
            member, tag=b"", run=os.urandom(8), seq=0, prev=b"", at=BEGUN, kind=Genesis.kind, body=body
        )
        self.tag = tag_of(genesis.id)
        return await self._start("Narrator", NARRATOR, member, seal, genesis)

    async def join(self, name: str, role: str = "character") -> Person:
        """Somebody in a seat of its own, granted by hand, linked to the narrator and level with it."""
        seat = len(self.people)
        person = await self.stranger(name, seat)
        mine = person.member.public
        await self.narrator.node.write(
            Draft(Cast(seat, role, name, "tone:a", "#8888aa", 50, b"", 0)),
            Draft(Granted(seat, role, mine, person.seal.public, os.urandom(32), b"")),
            Draft(Sheet(seat, private_part(Card(name)).decode()), (), (NARRATOR, seat)),
        )
        self.link(person, self.narrator)
        await self.until(lambda: seat in person.node.ledger.story.sheets)
        await person.node.write(Draft(Opened(b"", "tests/1")))
        return person

    async def stranger(self, name: str, seat: int = 0) -> Person:
        """Somebody who holds nothing of the story yet, and whom nobody knows."""
        return await self._start(
            name, seat, SigningKey.from_seed(os.urandom(32)), SealKey.from_seed(os.urandom(32)), None
        )

    async def accept_invite(self, code: str, name: str, seat: int) -> Person:
        """Use a code as a new peer does, until it is granted."""
        person = await self.stranger(name, seat)
        invite = parse_invite(code)
        person.node.gossip.claim = make_claim(invite.tag, invite_key(invite.secret), person.member, person.seal.public)
        self.link(person, self.narrator)
        mine = person.member.public
        await self.until(lambda: person.node.ledger.authority.member(mine) is not None)
        await person.node.write(Draft(Opened(b"", "tests/1")))
        return person

    async def restart(self, person: Person) -> Person:
        """The same folder and keys in a new process, which opens a new run; not linked to anybody yet."""
        await person.kill()
        self.people.remove(person)
        again = await self._start(person.name, person.seat, person.member, person.seal, None)
        if person.seat == NARRATOR:
            self.people.insert(0, self.people.pop())
            await again.node.write(Draft(Opened(again.node.ledger.canon.head, "tests/1")))
        else:
            last = person.node.ledger.log.head(person.member.public, person.node.run_id)
            await again.node.write(Draft(Opened(last.id if last else b"", "tests/1")))
        return again

    def link(self, one: Person, other: Person) -> None:
        """``one`` dials ``other``."""
        here, there = memory_stream_pair()
        numbers = [os.urandom(32) for _ in range(4)]
        dial = Session.dial(self.tag, one.member, numbers[0], numbers[1])
        answer = Session.answer(self.tag, other.member, numbers[2], numbers[3])
        one.nursery.start_soon(_be_end, here, dial, one.node, True)
        other.nursery.start_soon(_be_end, there, answer, other.node, False)

        self.wires += [here, there]

    def freeze(self) -> None:
        """As if every cable were pulled: all links stay open, and nothing arrives any more."""
        for end in self.wires:
            end.send_stream.send_all_hook = None

    async def perform(self, person: Person, writer: Writer | None = None, speaker: Speaker | None = None) -> Performer:
        """Let somebody play; its adapters lie in ``adapters`` in its folder."""
        clips = Clips(person.node, BlobStore(person.folder / "blobs"))
        adapters = person.folder / "adapters"
        performer = Performer(person.node, clips, writer or ScriptedWriter(), speaker, Voice("tone", "a"), adapters)
        person.nursery.start_soon(clips.run, person.node.subscribe())
        person.nursery.start_soon(performer.run, person.node.subscribe())
        return performer

    async def narrate(self, text: str, *plan: Person, audience: tuple[int, ...] | None = None) -> Entry:
        """A beat, written by hand: nobody is cued by it."""
        draft = Draft(Narrated(text, tuple(one.seat for one in plan), "say"), (), audience)
        (entry,) = await self.narrator.node.write(draft)
        return entry

    async def cue(
        self, person: Person, *, take: int = 0, review: bool = False, audience: tuple[int, ...] | None = None
    ) -> Entry:
        """Ask somebody to answer the last beat."""
        beat = self.narrator.node.ledger.story.last_beat()
        (entry,) = await self.narrator.node.write(Draft(Cued(person.seat, take, int(review)), (beat,), audience))
        return entry

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something is so."""
        with trio.fail_after(PATIENCE):
            while not holds():  # noqa: ASYNC110 - a test may wait for anything, and nobody else does
                await trio.sleep(0.01)

    async def _start(self, name: str, seat: int, member: SigningKey, seal: SealKey, genesis: Entry | None) -> Person:
        person: Person = await self.nursery.start(self._live, name, seat, member, seal, genesis)
        self.people.append(person)
        if genesis is not None:
            await person.node.write(Draft(Opened(genesis.id, "tests/1")))
        return person

    async def _live(
        self,
        name: str,
        seat: int,
        member: SigningKey,
        seal: SealKey,
        genesis: Entry | None,
        *,
        task_status: trio.TaskStatus[Person],
    ) -> None:
        folder = self.folder / f"{seat}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        over = trio.Event()
        with open_store(folder / "dream_weaver.db", create=True, threaded=False) as store:
            if genesis is not None:
                await store.commit([(genesis,)])
            await store.set_meta(tag=self.tag.hex())
            ledger = Ledger(self.tag, seal)
            ledger.load(store.load())
            node = Node(ledger, store, member, seal, os.urandom(8), HighWater(folder / "high_water"))
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    await nursery.start(node.run)
                    task_status.started(Person(name, seat, folder, member, seal, node, store, scope, nursery, over))
        over.set()


async def _be_end(stream: trio.abc.Stream, session: Session, node: Node, dialed: bool) -> None:
    async with socket_over(stream, "192.0.2.1:8000", dialed=dialed) as socket:
        await run_link(socket, session, node, trusted=True)


@dataclass
class Evening:
    """A narrator's desk in use. ``happened`` is all that was told to whoever shows the story; ``said`` is what a hush
    finds being said aloud.
    """

    company: Company
    desk: Desk
    settings: Settings
    happened: list[Happening]
    said: list[tuple[bytes, int]]
    _seats: count[int] = field(default_factory=lambda: count(1))

    @property
    def narrator(self) -> Narrator:
        return self.desk.narrator

    def events(self, name: str) -> list[Happening]:
        return [one for one in self.happened if one["event"] == name]

    async def type(self, line: str) -> bool:
        return await obey(line, self.desk)

    async def play(self, name: str) -> Person:
        """Cast a sample character, invite it, and let somebody sit down there."""
        await self.type(f"/cast {name}")
        await self.type(f"/invite {name}")
        return await self.company.accept_invite(self.events("invite")[-1]["code"], name, next(self._seats))

    async def until(self, event: str, **facts: object) -> Happening:
        """The first such happening, also one that came already."""

        def found() -> list[Happening]:
            return [one for one in self.events(event) if facts.items() <= one.items()]

        await self.company.until(found)
        return found()[0]


@asynccontextmanager
async def open_desk(folder: Path, name: str = "The Lighthouse") -> AsyncIterator[Evening]:
    """A narrator at work, as narrator_app.run sets it up, without sockets, sound and library."""
    async with trio.open_nursery() as nursery:
        company = Company(folder, nursery)
        person = await company.begin(name)
        mesh = Mesh(person.node, "127.0.0.1", [0])
        mesh.addresses = ["127.0.0.1:8000"]
        settings = narrator_settings({"data": str(person.folder)}, {})
        narrator = Narrator(person.node, mesh)
        narrator.admit = Admission(narrator).answer
        happened: list[Happening] = []
        said: list[tuple[bytes, int]] = []
        narrator.listen(happened.append)
        clips = Clips(person.node, BlobStore(settings.blobs))
        intents = Intents(narrator, person.folder / "draft.txt", lambda: said, clips)
        casting = Casting(narrator, person.folder / "here", person.nursery, clips)
        shelf = Shelf(narrator, settings, clips)
        person.nursery.start_soon(clips.run, person.node.subscribe())
        person.nursery.start_soon(casting.portraits.run, person.node.subscribe())
        minds = Minds(narrator, clips)
        person.nursery.start_soon(minds.run, person.node.subscribe())
        await person.nursery.start(narrator.run)
        desk: Desk
        hands = Hands(lambda text, said: intents.tell(text, recording=said), lambda line: obey(line, desk))
        unheard = person.folder / "unheard"
        stenographer = Stenographer(narrator, hands, Preferences, settings.whisper, unheard, lambda: False, "null")
        await person.nursery.start(stenographer.run)
        desk = Desk(narrator, intents, casting, shelf, ReferenceVoices(narrator, clips), stenographer, minds)
        yield Evening(company, desk, settings, happened, said)
        nursery.cancel_scope.cancel()


def plain_lines(happened: list[Happening]) -> str:
    """Everything that was told, as text to look for something in."""
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in happened)
