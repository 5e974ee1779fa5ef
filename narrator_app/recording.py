"""What the narrator said into the microphone, kept as the sound of a narration."""

from __future__ import annotations

import trio

from dwnet.audio import CLIP_RATE, Sound, encode_clip, level, resample, trim_silence
from dwnet.clips import Clips
from dwnet.errors import NodeError
from protocol.kinds import Voiced
from protocol.shapes import Clip

CLIP = 60  # seconds of one clip; a longer recording is several
MOST = 1_800  # seconds of one narration


class RecordingTooLong(NodeError):
    """This recording has {seconds:.0f} seconds; at most {most} are kept for one narration.

    Tell it in parts, or without the recording.
    """

    exit_code = 2


async def keep_recording(clips: Clips, recording: Sound) -> Voiced | None:
    """The sound of a narration, trimmed and levelled, its clips kept on this disk; None when there is nothing but
    silence in it.

    :raises RecordingTooLong:
    """
    if recording.seconds > MOST:
        raise RecordingTooLong(seconds=recording.seconds, most=MOST)
    kept = []
    for data, milliseconds in await trio.to_thread.run_sync(_clips, recording):
        kept.append(Clip(await clips.put(data), len(data), milliseconds))
    return Voiced(tuple(kept), "", b"") if kept else None


def _clips(recording: Sound) -> list[tuple[bytes, int]]:
    sound = level(trim_silence(resample(recording, CLIP_RATE)))
    size = 2 * CLIP * sound.rate
    pieces = [Sound(sound.pcm[at : at + size], sound.rate) for at in range(0, len(sound.pcm), size)]
    return [(encode_clip(one), round(one.seconds * 1000)) for one in pieces]
