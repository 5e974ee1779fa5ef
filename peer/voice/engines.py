"""From the engine's name in a voice text to the speaker, loaded when it is first wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dwnet.errors import NodeError
from dwnet.settings import Settings
from peer.voice.contract import Speaker


class SpeakerUnknown(NodeError):
    """There is no speaker called "{engine}".

    The speakers are: {known}. A voice is written engine:name, for example espeak:en-us+f5.
    """

    exit_code = 2


def _espeak(settings: Settings) -> Speaker:
    from peer.voice.espeak import Espeak

    return Espeak()


def _piper(settings: Settings) -> Speaker:
    from peer.voice.piper import Piper

    return Piper(settings)


def _xtts(settings: Settings) -> Speaker:
    from peer.voice.xtts import Xtts

    return Xtts(settings)


def _gtts(settings: Settings) -> Speaker:
    from peer.voice.gtts import Gtts

    return Gtts()


def _openai(settings: Settings) -> Speaker:
    from peer.voice.openai import SpeechServer

    return SpeechServer(settings)


SPEAKERS: Mapping[str, Callable[[Settings], Speaker]] = {
    "espeak": _espeak,
    "piper": _piper,
    "xtts": _xtts,
    "gtts": _gtts,
    "openai": _openai,
}


def open_speaker(engine: str, settings: Settings) -> Speaker:
    """A speaker by name; it may still be ``missing`` on this machine. Raises SpeakerUnknown."""
    if engine not in SPEAKERS:
        raise SpeakerUnknown(engine=engine, known=", ".join(SPEAKERS))
    return SPEAKERS[engine](settings)
