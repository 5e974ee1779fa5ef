"""One sentence becomes one clip, ready to be sent: spoken, trimmed, levelled, followed by its pause, encoded.

Rules of this file:
- An engine that makes no sound for ``PATIENCE`` seconds is hanging, and so is one that does not come to an end.
- A sentence with words in it that comes out silent was not said: the voice can't read its script.
"""

from __future__ import annotations

import trio

from dwnet.audio import Sound, concatenate, encode_clip, level, silence, softened, trim_silence
from dwnet.errors import NodeError
from dwnet.text import clean
from peer.voice.contract import Speaker, SpeechFailed, Voice
from protocol import limits

PATIENCE = 60.0  # seconds between two pieces of sound; a large model that loads, or a slow machine, takes its time
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


async def make_clip(speaker: Speaker, sentence: str, voice: Voice, loudness: float = 1.0) -> bytes | None:
    """The sentence as an Ogg/Opus clip, or None when there is nothing in it to be heard. ``loudness``, 0 to 1: 1 is
    that of all other clips.

    Raises what ``speak`` raises, and SpeechFailed for an engine that hangs or is silent.
    """
    sound = await finished(speaker, sentence, voice)
    if not sound.pcm:
        return None
    return await trio.to_thread.run_sync(_encode, sound, pause_after(sentence), loudness)


async def finished(speaker: Speaker, sentence: str, voice: Voice) -> Sound:
    """The sentence trimmed and levelled, empty when there is nothing in it to be heard. Raises as ``make_clip``."""
    sound = await trio.to_thread.run_sync(_finish, await whole(speaker, sentence, voice))
    if not sound.pcm and any(map(str.isalnum, sentence)):
        raise SpeechFailed(engine=voice.engine, why=f"the voice {voice.name} makes no sound of it")
    return sound


async def whole(speaker: Speaker, sentence: str, voice: Voice) -> Sound:
    """All pieces of a sentence as one sound. Raises what ``speak`` raises, and SpeechFailed if the engine hangs."""
    made, pieces = trio.open_memory_channel[Sound](1)
    kept: list[Sound] = []
    seconds = 0.0
    failure: NodeError | None = None

    async def speak() -> None:
        nonlocal failure
        async with made:
            try:
                await speaker.speak(" ".join(clean(sentence).split()), voice, made)
            except NodeError as error:  # out of a nursery it would come wrapped in a group
                failure = error

    async with trio.open_nursery() as nursery:
        nursery.start_soon(speak)
        async with pieces:
            with trio.move_on_after(PATIENCE) as waiting:
                async for piece in pieces:
                    kept.append(piece)
                    waiting.deadline = trio.current_time() + PATIENCE
                    seconds += piece.seconds
                    if seconds > limits.CLIP_SECONDS:
                        why = f"it takes longer than {limits.CLIP_SECONDS} seconds"
                        failure = SpeechFailed(engine=voice.engine, why=why)
                        break
            nursery.cancel_scope.cancel()
    if waiting.cancelled_caught:
        failure = SpeechFailed(engine=voice.engine, why=f"it made no sound for {PATIENCE:.0f} seconds")
    if failure is not None:
        raise failure
    return concatenate(kept, kept[0].rate) if kept else silence(0)


def _finish(sound: Sound) -> Sound:
    return level(trim_silence(sound))


def _encode(sound: Sound, pause: float, loudness: float) -> bytes:
    return encode_clip(concatenate([Sound(softened(sound.pcm, loudness), sound.rate), silence(pause)]))
