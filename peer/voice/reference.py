"""Recordings that a voice can be taken from: ``<name>.wav`` and its like, some seconds of one person each."""

from __future__ import annotations

from pathlib import Path

from dwnet.audio import Sound, SoundUnreadable, read_sound, trim_silence
from dwnet.errors import NodeError
from dwnet.whole_file import reading

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif")
SHORTEST, SECONDS = 1.0, 60  # of speech; more than the latter is not listened to
BYTES = 64 * 1024 * 1024  # of a recording's file


class ReferenceUnfit(NodeError):
    """No voice can be taken from the recording {path}: {why}.

    Record six to fifteen seconds of one person who speaks, without music behind.
    """

    exit_code = 2


def references(folder: Path) -> dict[str, Path]:
    """The recordings in a folder by their names, which are those of their files."""
    return {path.stem: path for path in sorted(folder.glob("*")) if path.suffix.lower() in SUFFIXES}


def read_reference(path: Path) -> Sound:
    """The recording without the silence around it.

    :raises ReferenceUnfit: it is no sound, silent, or too short. :raises FileNotRead: there is no such file.
    """
    with reading(path):
        data = path.read_bytes() if path.stat().st_size <= BYTES else b""
    if not data:
        raise ReferenceUnfit(path=path, why=f"it is empty, or has more than {BYTES // 2**20} MiB")
    try:
        sound = trim_silence(read_sound(data, SECONDS))
    except SoundUnreadable as error:
        raise ReferenceUnfit(path=path, why=str(error.facts["why"])) from error
    if sound.seconds < SHORTEST:
        why = f"there are {sound.seconds:.1f} seconds of sound in it, and {SHORTEST:.0f} is the least"
        raise ReferenceUnfit(path=path, why=why if sound.pcm else "it is silent")
    return sound
