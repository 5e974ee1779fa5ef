"""One sentence becomes one clip, ready to be sent: spoken, trimmed, levelled, followed by its pause, encoded."""

from __future__ import annotations

import trio

from dwnet.audio import Sound, concatenate, encode_clip, level, silence, trim_silence
from peer.voice.contract import Speaker, Voice

_PAUSES = {  # seconds of silence after a clip, by the last character of its sentence; guesses
    "…": 0.45,
    **dict.fromkeys(".!?‽。！？؟।", 0.3),
    **dict.fromkeys(",;:—–،、，；：", 0.12),
}
_PAUSE = 0.2  # where a sentence ends without a mark
_CLOSERS = "\"'”’»)」』 "


def pause_after(sentence: str) -> float:
    """Seconds of silence that belong to the sentence. Clips are played without a gap, so they carry their own."""
    end = sentence.rstrip(_CLOSERS)
    return _PAUSES["…"] if end.endswith("...") else _PAUSES.get(end[-1:], _PAUSE)


async def make_clip(speaker: Speaker, sentence: str, voice: Voice) -> bytes | None:
    """The sentence as an Ogg/Opus clip, or None when there is nothing to be heard in it.

    Raises what ``speak`` raises, and ClipTooLong.
    """
    sound = await speaker.speak(sentence, voice)
    return await trio.to_thread.run_sync(_finish, sound, pause_after(sentence))


def _finish(sound: Sound, pause: float) -> bytes | None:
    trimmed = level(trim_silence(sound))
    if not trimmed.pcm:
        return None
    return encode_clip(concatenate([trimmed, silence(pause)]))
