"""A member's peer, from invite to goodbye: a character that plays, a reader that reads, a listener that hears."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial

import trio

from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.doctor import EngineCheck, Finding
from dwnet.ending import Ending
from dwnet.errors import NodeError
from dwnet.home import Home, open_home
from dwnet.keyring import read_api_key
from dwnet.machine import look
from dwnet.node import Draft, Event, LinkClosed, LinkOpened
from dwnet.playback import open_player
from dwnet.portraits import Portraits
from dwnet.settings import ATTACHED, LOCAL_CHARACTERS, Settings, prepare, remember_port, remember_seat
from dwnet.shipped import words
from dwnet.stage import Stage
from dwnet.times import now
from dwnet.version import AGENT
from peer import invitation
from peer import learning_alone as learning_alone
from peer.invitation import Joining
from peer.learning import CharacterLearning
from peer.learning_backup import LearningBackup
from peer.learning_files import place_of
from peer.performer import Performer
from peer.reading import Reader
from peer.reporting import LISTENING, Reporter
from peer.view import View
from peer.voice import catalogue as catalogue
from peer.voice.bank import voice_for
from peer.voice.choice import choose_voice, follow_card
from peer.voice.contract import parse_voice
from peer.voice.engines import SPEAKERS, open_speaker
from peer.voice_sample import VoiceSample
from peer.voicing import Voicing
from peer.writer.open import open_writer
from protocol import messages
from protocol.effects import Refused, SecondCopy, Took
from protocol.errors import Code
from protocol.identity import peer_id
from protocol.kinds import Opened
from protocol.names import four_words

JOIN_SECONDS = 30.0  # until a first join gives up; a seat that was granted once tries for ever
logger = logging.getLogger(__name__)


class JoinRefused(NodeError):
    """The narrator's peer refused: {why}

    Nothing was changed on this machine; a new code can be used from the same folder.
    """


class NobodyThere(NodeError):
    """Nobody who tells this story was met at {addresses} within {seconds:.0f} seconds: {why}

    Is the narrator's program running on that machine, and is the code of that story? On another network its port must
    be reachable from here. If the narrator moved, ask for a new code.
    """


class SeatElsewhere(NodeError):
    """This seat is being played on another machine at the same time, from a copy of this folder.

    Close one of the two. If the seat has moved for good, delete this copy.
    """


class SeatClosed(NodeError):
    """This seat is closed: {why}

    Ask the narrator for a new invite, then run: dwnet peer --invite CODE
    """


def play(settings: Settings, *, json: bool) -> int:
    """``dwnet peer``. Returns the exit code."""
    return trio.run(partial(_play, settings, View(json=json)))


async def _play(settings: Settings, view: View) -> int:
    prepare(settings)
    join, ending = invitation.joining(settings), Ending()
    tag, key = (join.invite.tag, join.key) if join else (None, "")
    async with open_home(settings, tag=tag, key=key) as home:
        if join is not None and settings.invite:
            invitation.keep(settings, settings.invite)
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as playing:
                nursery.start_soon(_until_told, ending, playing)
                clips = Clips(home.node, BlobStore(settings.blobs))
                view.node = home.node
                member = _Membership(home, view, join)
                if join is not None:
                    home.node.gossip.claim = join.claim(home.node.member, home.node.seal_key.public)
                    home.mesh.via.extend(join.invite.addresses)
                async with trio.open_nursery() as inner:
                    await inner.start(home.node.run)
                    inner.start_soon(member.run, home.node.subscribe())
                    inner.start_soon(view.run, home.node.subscribe())
                    inner.start_soon(clips.run, home.node.subscribe())
                    inner.start_soon(Portraits(home.node, clips).run, home.node.subscribe())
                    if not os.environ.get(ATTACHED):  # else the narrator's own program is what people see and hear
                        inner.start_soon(_show_and_sound, home, clips, view)
                    await inner.start(home.mesh.run)
                    remember_port(settings, home.mesh.port)
                    await member.seated.wait()
                    await member.begin()
                    await _perform(home, clips, inner)
                    await trio.sleep_forever()
            home.mesh.leaving = True
            with trio.CancelScope(shield=True), trio.move_on_after(1):
                home.node.close_links(Code.GOING_AWAY, "This peer has left; it will be back.")
                await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
    view.happen("bye")
    return ending.code


async def _show_and_sound(home: Home, clips: Clips, view: View) -> None:
    """The story as it is told, for the people beside this machine."""
    async with open_player() as player:
        stage = Stage(home.node, clips, player, home.settings.audio, view.shown)
        await stage.run(home.node.subscribe())


async def _until_told(ending: Ending, playing: trio.CancelScope) -> None:
    """End on a signal; and, when a narrator's program started us, when it goes away, however it went."""
    async with trio.open_nursery() as nursery:
        if os.environ.get(ATTACHED):
            nursery.start_soon(_until_stdin_ends, playing)
        nursery.start_soon(ending.wait, playing.cancel)


async def _until_stdin_ends(playing: trio.CancelScope) -> None:
    await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
    playing.cancel()


async def _perform(home: Home, clips: Clips, nursery: trio.Nursery) -> None:
    """Open the engines of a character's or reader's seat and start it; listeners only listen."""
    node, settings = home.node, home.settings
    member = node.ledger.authority.member(node.member.public)
    if member is None or member.role not in ("character", "reader"):
        nursery.start_soon(Reporter(node, lambda: LISTENING).run, node.subscribe())
        return
    voice, speaker = choose_voice(node, member.seat, settings)
    if member.role == "reader":
        reader = Reader(node, clips, speaker, voice)
        nursery.start_soon(reader.run, node.subscribe())
        _follow_voice(home, clips, member.seat, reader.voicing, nursery)
        return
    local = int(os.environ.get(LOCAL_CHARACTERS, "1") or 1)
    threads = look(settings.root).threads_for(local)
    writer = open_writer(
        settings.writer, threads=threads, models=settings.base_models, key=read_api_key(settings.api_key_file)
    )
    me = peer_id(node.member.public)
    performer = Performer(node, clips, writer, speaker, voice, settings.adapters / me)
    nursery.start_soon(performer.run, node.subscribe())
    _follow_voice(home, clips, member.seat, performer.voicing, nursery)
    folder = settings.training_data / me
    backup = LearningBackup(node, clips, partial(place_of, performer=performer, folder=folder), performer.rethink)
    nursery.start_soon(backup.run, node.subscribe())
    learning = CharacterLearning(node, performer, backup, folder, settings.evolve)
    nursery.start_soon(learning.run, node.subscribe())


def _follow_voice(home: Home, clips: Clips, seat: int, voicing: Voicing, nursery: trio.Nursery) -> None:
    """Speak as the card says it, also when that changes, and as the recording sounds that the narrator gave."""
    node, settings = home.node, home.settings
    nursery.start_soon(follow_card, node, seat, settings, voicing.change, node.subscribe())
    sample = VoiceSample(
        node, clips, seat, settings.reference_voices, lambda: voicing.change(*choose_voice(node, seat, settings))
    )
    nursery.start_soon(sample.run, node.subscribe())


class _Membership:
    """From claim to seat, and whatever happens to the seat."""

    def __init__(self, home: Home, view: View, join: Joining | None) -> None:
        self.seated = trio.Event()
        self._home = home
        self._view = view
        self._join = join
        self._linked: set[bytes] = set()

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Watch until cancelled.

        :raises JoinRefused, NobodyThere, SeatClosed: and the process ends.
        """
        self._look()
        async with trio.open_nursery() as nursery:
            if not self.seated.is_set():
                nursery.start_soon(self._lose_patience)
            async for event in events:
                match event:
                    case Refused(text=text):
                        invitation.forget(self._home.settings)
                        raise JoinRefused(why=text)
                    case SecondCopy(run=run) if self._began_later(run):
                        raise SeatElsewhere
                    case Took(entry=entry) if entry.kind in ("grant", "revoke"):
                        self._look()
                    case LinkOpened(member=member):
                        self._tell_link(member, up=True)
                    case LinkClosed(member=member, code=code, text=text):
                        self._tell_link(member, up=False)
                        if code is Code.REVOKED:
                            raise SeatClosed(why=text)

    def _tell_link(self, member: bytes, *, up: bool) -> None:
        """Two links to one member, for the moment until one of them is closed, are one to people."""
        if up is (member in self._linked) or (not up and self._home.node.linked_to(member)):
            return
        self._linked ^= {member}
        authority = self._home.node.ledger.authority
        self._view.happen("link", peer=peer_id(member), member=authority.name_of(member), up=up)

    def _began_later(self, run: bytes) -> bool:
        """Whether the other copy was opened before this one: the later of two stops."""
        node = self._home.node
        theirs = node.ledger.entry_at(node.member.public, run, 0)
        ours = node.ledger.entry_at(node.member.public, node.run_id, 0)
        return theirs is None or ours is None or (theirs.at, theirs.id) < (ours.at, ours.id)

    def _look(self) -> None:
        node = self._home.node
        if node.member.public in node.ledger.authority.revoked:
            raise SeatClosed(why="The narrator gave it to somebody else, or closed it.")
        if node.ledger.authority.member(node.member.public) is not None:
            self.seated.set()

    async def _lose_patience(self) -> None:
        with trio.move_on_after(JOIN_SECONDS):
            await self.seated.wait()
        if not self.seated.is_set() and self._join is not None:
            mesh = self._home.mesh
            raise NobodyThere(addresses=", ".join(mesh.via), seconds=JOIN_SECONDS, why=mesh.via_why())

    async def begin(self) -> None:
        """Seated: open this process's run, say where we are, and tell the people here."""
        home, node = self._home, self._home.node
        me = node.ledger.authority.member(node.member.public)
        assert me is not None, "seated"
        runs = node.ledger.log.heads(node.member.public)
        last = max((node.ledger.entries[head.id] for _, head in runs), key=lambda one: one.at, default=None)
        await node.write(Draft(Opened(last.id if last else b"", AGENT)))
        record = messages.write_peer_record(node.member, node.ledger.tag, now(), home.mesh.addresses)
        node.perform(node.gossip.announce(record))
        name = node.ledger.authority.names.get(me.seat, f"seat {me.seat}")
        remember_seat(home.settings, name)
        four = " ".join(four_words(node.ledger.tag, me.key, me.invite, words()))
        if self._join is not None:
            await home.store.set_meta(key=self._join.key)
            invitation.forget(home.settings)
        self._view.happen(
            "joined", story=node.ledger.authority.name, member=name, peer=peer_id(node.member.public), words=four
        )
        self._view.happen("ready", story=node.ledger.authority.name, member=name, addresses=home.mesh.addresses)


def engine_checks(settings: Settings) -> list[tuple[str, EngineCheck]]:
    """What the doctor asks of a character's engines on this machine."""

    async def writer() -> Finding:
        engine = open_writer(
            settings.writer, threads=1, models=settings.base_models, key=read_api_key(settings.api_key_file)
        )
        missing = engine.missing()
        what = f"The writer is {engine.name}." if missing is None else "The writer is not ready."
        return Finding("writer", missing is None, what, missing or "")

    async def voice() -> Finding:
        speaker = open_speaker((parse_voice(settings.voice) if settings.voice else voice_for(1)).engine, settings)
        missing = speaker.missing()
        what = f"The voice is {speaker.engine}." if missing is None else "The voice is not ready."
        return Finding("voice", missing is None, what, missing or "")

    async def speakers() -> Finding:
        """All there could be: which of them is set up is a choice, not a fault."""
        found = []
        for engine in SPEAKERS:
            speaker = open_speaker(engine, settings)
            missing = speaker.missing()
            found.append(f"{engine}: {'ready' if missing is None else f'not set up ({missing})'}. {speaker.notice}")
        return Finding("speakers", True, " ".join(" ".join(found).split()))

    async def sound() -> Finding:
        async with open_player() as player:
            silent = player.why_silent
        what = "There is a sound device." if silent is None else f"{silent.what} Speech is kept as files."
        return Finding("sound", True, what)

    return [("writer", writer), ("voice", voice), ("speakers", speakers), ("sound", sound)]
