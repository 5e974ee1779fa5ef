"""A narrator's peer, from open folder to goodbye: everything in one nursery, ended together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import trio

from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.doctor import EngineCheck
from dwnet.high_water import Level
from dwnet.home import Home, open_home
from dwnet.playback import Player, open_player
from dwnet.settings import Settings, remember_port
from dwnet.stage import Shown, Stage
from dwnet.times import now
from dwnet.version import AGENT
from narrator_app import reading as reading
from narrator_app.admission import Admission
from narrator_app.casting import Casting
from narrator_app.checkup import Checks
from narrator_app.commands import Desk, obey
from narrator_app.ear import catalogue as catalogue
from narrator_app.ear.catalogue import checks as ear_checks
from narrator_app.ear.stenographer import Hands, Stenographer
from narrator_app.errors import DeskMissing, NotTheNarrator
from narrator_app.intents import Intents
from narrator_app.librarian import Librarian
from narrator_app.library import open_library
from narrator_app.minds import Minds
from narrator_app.narrator import Happening, Narrator
from narrator_app.places import data_root, story_settings
from narrator_app.preferences import habits
from narrator_app.reference_voices import ReferenceVoices
from narrator_app.seat_settings import shared_writer
from narrator_app.shelf import Shelf
from protocol import messages
from protocol.errors import Code
from protocol.identity import peer_id

GOODBYE_SECONDS = 1.0
PLAYING = 0.2  # seconds of sound that are left; the device itself always holds some
DESK_LIBRARIES = ("flet", "flet_charts", "flet_desktop", "flet_web", "fastapi", "uvicorn", "PIL", "segno")


@dataclass(frozen=True)
class Evening:
    """A running narrator's peer."""

    home: Home
    desk: Desk
    stage: Stage
    librarian: Librarian
    player: Player
    nursery: trio.Nursery  # ends with the evening; what is played or looked after meanwhile runs here
    silent: str  # why there is no sound on this machine; "" when there is


@asynccontextmanager
async def narrate(
    settings: Settings,
    name: str,
    listener: Callable[[Happening], None],
    show: Callable[[Shown], None],
    *,
    backend: str = "",
) -> AsyncIterator[Evening]:
    """Open the story in ``settings`` (or begin one called ``name``) and run its narrator's peer while entered.

    ``listener`` gets happenings, ``show`` words and clips as they come; both are called on the trio thread.

    :raises NodeError: the port taken, the folder in use, the store damaged: each says what to do.
    """
    async with open_home(settings, name=name) as home, open_player(backend) as player, trio.open_nursery() as nursery:
        node, mesh = home.node, home.mesh
        if not node.ledger.is_narrator(node.member.public):
            raise NotTheNarrator(name=node.ledger.story.name, keys=settings.keys)
        clips = Clips(node, BlobStore(settings.blobs))
        stage = Stage(node, clips, player, settings.audio, show)
        narrator = Narrator(node, mesh, behind=home.level is Level.OLDER)
        narrator.listen(listener)
        narrator.admit = Admission(narrator).answer
        here, writer = settings.root / "here", shared_writer(settings)
        casting = Casting(narrator, here, nursery, clips, writer=writer, speech=settings.speech)
        intents = Intents(narrator, settings.root / "draft.txt", stage.silence, clips)
        shelf = Shelf(narrator, settings, clips)
        librarian = Librarian(narrator, await open_library(home.store))
        minds = Minds(narrator, clips)
        stenographer = _stenographer(settings, intents, player, lambda line: obey(line, desk))
        desk = Desk(narrator, intents, casting, shelf, ReferenceVoices(narrator, clips), stenographer, minds)
        await nursery.start(node.run)
        await narrator.open_run(AGENT)  # the first entry of this run, before anything could be decided
        nursery.start_soon(clips.run, node.subscribe())
        nursery.start_soon(stage.run, node.subscribe())
        nursery.start_soon(casting.portraits.run, node.subscribe())
        nursery.start_soon(librarian.run, node.subscribe())
        nursery.start_soon(minds.run, node.subscribe())
        await nursery.start(narrator.run)
        await nursery.start(stenographer.run)
        await nursery.start(mesh.run)  # last: whoever claims a seat at once finds somebody at the door
        remember_port(settings, mesh.port)
        _announce(home)
        _say_ready(narrator)
        intents.remind()
        if home.level is Level.OLDER:
            narrator.happen(
                "notice",
                what="This copy of the story is older than what this machine has told before. "
                "What is missing comes back as soon as a peer that has it connects.",
            )
        casting.resume()
        silent = player.why_silent.what if player.why_silent else ""
        try:
            yield Evening(home, desk, stage, librarian, player, nursery, silent)
        finally:
            narrator.fall_silent()
            await _say_goodbye(home)
            nursery.cancel_scope.cancel()


def _stenographer(
    settings: Settings, intents: Intents, player: Player, command: Callable[[str], Awaitable[object]]
) -> Stenographer:
    """Whoever listens for the narrator, and is deaf while the loudspeaker is in use."""
    return Stenographer(
        intents.narrator,
        Hands(lambda text, said: intents.tell(text, recording=said), command),
        partial(habits, data_root(settings)),
        settings.whisper,
        settings.root / "unheard",
        lambda: player.why_silent is None and player.seconds_left() > PLAYING,
    )


async def _say_goodbye(home: Home) -> None:
    home.mesh.leaving = True
    with trio.CancelScope(shield=True), trio.move_on_after(GOODBYE_SECONDS):
        home.node.close_links(Code.GOING_AWAY, "The narrator has left; the story goes on when he is back.")
        while home.node.links:  # noqa: ASYNC110 - a link ends by itself, and nobody else waits for all of them
            await trio.sleep(0.02)


def _say_ready(narrator: Narrator) -> None:
    node = narrator.node
    narrator.happen(
        "ready",
        story=node.ledger.authority.name,
        tag=node.ledger.tag.hex(),
        peer=peer_id(node.member.public),
        addresses=narrator.mesh.addresses,
    )


def _announce(home: Home) -> None:
    """Tell peers, now and whenever one connects, where this peer can be dialled."""
    node = home.node
    record = messages.write_peer_record(node.member, node.ledger.tag, now(), home.mesh.addresses)
    node.perform(node.gossip.announce(record))


def engine_checks(settings: Settings) -> list[tuple[str, EngineCheck]]:
    """What the doctor asks of a narrator's ears on this machine."""
    chosen = habits(data_root(settings))
    return ear_checks(settings, chosen.ear, chosen.microphone)


def headless(settings: Settings, story: str, *, json: bool) -> int:
    """``dwnet narrate --headless``: narration and /commands on stdin, in the story of this name. Returns the
    exit code.
    """
    from narrator_app.headless import converse

    where, name = story_settings(settings, story)
    return trio.run(partial(converse, where, name, json=json))


def on_screen(settings: Settings, story: str, *, checks: Checks, web: bool, json: bool) -> int:
    """``dwnet narrate``: the desk, in a window or, with ``web``, in the browser. Returns the exit code.

    ``checks``: what the doctor asks of the engines on this machine; they are the characters' business.

    :raises DeskMissing: when this install has no screens.
    """
    try:
        from narrator_app.ui.desk import run_desk
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in DESK_LIBRARIES:
            raise
        raise DeskMissing(name=error.name) from error
    return run_desk(settings, story, checks, web=web, json=json)


def demo(settings: Settings, *, beats: int, out: str) -> int:
    """``dwnet demo``: a whole hive on this machine. Returns the exit code."""
    from narrator_app.demo import play

    return trio.run(partial(play, settings, beats=beats, out=out))
