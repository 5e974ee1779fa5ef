"""``dwnet evolve`` in a character's own folder: it learns while its peer does not run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import trio

from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.ending import Ending
from dwnet.errors import INTERRUPTED, NodeError
from dwnet.home import Home, open_home
from dwnet.keyring import read_api_key
from dwnet.lock import RootInUse
from dwnet.machine import look
from dwnet.node import Draft
from dwnet.settings import NoSeat, Settings
from dwnet.version import AGENT
from peer.evolution.contract import Progress, Report
from peer.evolution.evolving import evolve as evolve
from peer.learning import CharacterLearning
from peer.learning_backup import LearningBackup
from peer.learning_files import place_of
from peer.performer import Performer
from peer.voice.bank import voice_for
from peer.writer.open import open_writer
from protocol.identity import peer_id
from protocol.kinds import Opened


class PlayedNow(NodeError):
    """The character of {root} is being played right now, and learns in that process.

    Ask it from the desk (Hive, Mind), or with /evolve NAME where the story is told; or end it first.
    """


def evolve_seat(settings: Settings, strength: str, tell: Callable[[Progress], None]) -> Report | Path | int:
    """Let the character of a data folder learn: the report; for a model behind an address the exported training set;
    the exit code if it was interrupted, and then the same call goes on.

    :raises PlayedNow, NoSeat: and what the training raises.
    """
    try:
        return trio.run(partial(_until_asked, settings, strength, tell))
    except RootInUse as error:
        raise PlayedNow(root=settings.root) from error


async def _until_asked(settings: Settings, strength: str, tell: Callable[[Progress], None]) -> Report | Path | int:
    ending, result, failure = Ending(), None, None
    async with open_home(settings) as home, trio.open_nursery() as nursery:
        nursery.start_soon(ending.wait, nursery.cancel_scope.cancel)
        try:
            result = await _learn(home, nursery, strength, tell)
        except NodeError as error:  # out of a nursery it would come wrapped in a group
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return result if result is not None else ending.code or INTERRUPTED


async def _learn(home: Home, nursery: trio.Nursery, strength: str, tell: Callable[[Progress], None]) -> Report | Path:
    node, settings = home.node, home.settings
    member = node.ledger.authority.member(node.member.public)
    if member is None or member.role != "character":
        raise NoSeat(folder=settings.root)
    await nursery.start(node.run)
    runs = [node.ledger.entries[head.id] for _, head in node.ledger.log.heads(node.member.public)]
    last = max(runs, key=lambda one: one.at, default=None)
    await node.write(Draft(Opened(last.id if last else b"", AGENT)))
    clips, me = Clips(node, BlobStore(settings.blobs)), peer_id(node.member.public)
    key, threads = read_api_key(settings.api_key_file), look(settings.root).threads_for(1)
    writer = open_writer(settings.writer, threads=threads, models=settings.base_models, key=key)
    performer = Performer(node, clips, writer, None, voice_for(member.seat), settings.adapters / me)
    folder = settings.training_data / me
    backup = LearningBackup(node, clips, partial(place_of, performer=performer, folder=folder), performer.rethink)
    learning = CharacterLearning(node, performer, backup, folder, settings.evolve, hear=tell)
    if writer.base is not None:  # it is known then how the model is asked; its memory is needed for the training
        await writer.load()
        await writer.aclose()
    return await learning.study(strength)
