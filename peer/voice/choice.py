"""Which voice a character has on this machine, also when its card is changed in the middle of the evening.

A card comes from the narrator. What is said here goes to a company on the network only if whoever owns this machine
says so: with `--voice`, or by being the narrator, whose program started this process.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import trio

from dwnet.errors import NodeError
from dwnet.node import Event, Node
from dwnet.settings import ATTACHED, Settings
from peer.voice.bank import voice_for
from peer.voice.contract import Speaker, Voice, parse_voice
from peer.voice.engines import open_speaker
from protocol.effects import Took
from protocol.kinds import Cast

OUTSIDE = frozenset(("gtts",))  # engines that send what is said to a company; a speech server is the owner's setting

logger = logging.getLogger(__name__)


def choose_voice(node: Node, seat: int, settings: Settings) -> tuple[Voice, Speaker]:
    """This machine's own choice, else the card's, else one from the bank. A card's voice that does not read, that names
    a speaker nobody knows, or that would send what is said outside, is no error. The speaker may be ``missing`` here.

    :raises VoiceUnreadable, SpeakerUnknown: for the machine's own choice.
    """
    own = settings.voice
    cast = node.ledger.story.seats.get(seat)
    wanted = own or (cast.voice if cast else "")
    try:
        voice = parse_voice(wanted) if wanted else voice_for(seat)
        if own or voice.engine not in OUTSIDE or os.environ.get(ATTACHED):
            return voice, open_speaker(voice.engine, settings)
        logger.warning("the card's voice %s sends what is said outside; --voice allows it", wanted)
    except NodeError as error:
        if own:
            raise
        logger.warning("%s", error.what)
    voice = voice_for(seat)
    return voice, open_speaker(voice.engine, settings)


async def follow_card(
    node: Node,
    seat: int,
    settings: Settings,
    change: Callable[[Voice, Speaker], None],
    events: trio.MemoryReceiveChannel[Event],
) -> None:
    """Call ``change`` whenever the card gives the seat another voice, until cancelled."""
    has, _ = choose_voice(node, seat, settings)
    async for event in events:
        if isinstance(event, Took) and event.entry.kind == Cast.kind:
            voice, speaker = choose_voice(node, seat, settings)
            if voice != has:
                has = voice
                change(voice, speaker)
