"""The story as one file of sound: a beat, a chapter or all of it, and with chapter marks an audiobook.

Rules of this file:
- What has no sound is left out and counted, never made up: nobody's voice but their own.
- Chapters begin at checkpoints and where the scene changes.
- Whispers are left out unless they are asked for.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dwnet.audio import CLIP_COMPRESSION, CLIP_RATE, decode_clip, resample, silence
from dwnet.blob_store import BlobStore
from dwnet.errors import NodeError
from dwnet.log_file import Progress
from dwnet.opus_tags import chapter_comments, with_comments
from dwnet.text import one_line
from dwnet.whole_file import write_whole
from narrator_app.errors import NoSuchPlace
from protocol.errors import ProtocolError
from protocol.kinds import NARRATOR
from protocol.sealing import decrypt_blob
from protocol.shapes import Clip
from protocol.story import Passage, Story

BETWEEN, BEFORE_CHAPTER = 0.35, 1.2  # seconds of silence between passages, and before a chapter
NAME = 48  # characters of a scene's first words, where they name a chapter
logger = logging.getLogger(__name__)


class NoSound(NodeError):
    """There is no sound in this part of the story yet, so nothing was written.

    Lines have sound once their characters have spoken; /reader on gives it to what you tell.
    """


@dataclass(frozen=True)
class Stretch:
    """A part of the story by its passages: what comes behind ``after``, up to ``until``. Empty: from its beginning, to
    its end.
    """

    after: bytes = b""
    until: bytes = b""


WHOLE = Stretch()


@dataclass(frozen=True)
class Piece:
    """A passage that can be heard. ``key`` opens private clips; ``chapter``: one of this name begins with it."""

    author: bytes
    clips: tuple[Clip, ...]
    key: bytes
    chapter: str


@dataclass
class Recital:
    """What is to be heard, in its order; ``silent`` counts the passages that have no sound."""

    title: str
    pieces: list[Piece] = field(default_factory=list)
    silent: int = 0


def recital_of(story: Story, stretch: Stretch, *, with_whispers: bool) -> Recital:
    """What of the story can be heard."""
    recital, chapter = Recital(story.name), story.name
    begins = {place: name for name, place in story.checkpoints.items()}
    if b"" in begins and not stretch.after:
        chapter = begins[b""]
    for passage in _passages(story, stretch):
        take = passage.take
        if take.hidden or (take.audience is not None and not with_whispers):
            continue
        if passage.seat == NARRATOR and passage.mode == "scene":
            chapter = one_line(" ".join(one.text for one in story.spans_of(take)), NAME) or chapter
        sound = story.sound_of(take)
        if sound is not None and sound.clips:
            recital.pieces.append(Piece(take.author, sound.clips, sound.key, chapter))
            chapter = ""
        else:
            recital.silent += 1
        chapter = begins.get(passage.id, chapter)
    return recital


def beat_stretch(story: Story, passage_id: bytes) -> Stretch:
    """The beat that a passage stands in; all of the story when it stands nowhere."""
    found = [
        one for one in story.path() if passage_id in story.passages and one.beat == story.passages[passage_id].beat
    ]
    return Stretch(found[0].parent, found[-1].id) if found else WHOLE


def stretch_between(story: Story, since: str, until: str) -> Stretch:
    """From one named place to another; "" is the story's beginning, and its end.

    :raises NoSuchPlace: when there is none of that name on the way to where the story stands.
    """
    return Stretch(_place(story, since), _place(story, until))


def _place(story: Story, name: str) -> bytes:
    place = story.place_named(name) if name else b""
    if place is None or (place and not story.on_path(place)):
        raise NoSuchPlace(name=name, places=", ".join(story.checkpoints) or "none yet")
    return place


def _passages(story: Story, stretch: Stretch) -> Iterator[Passage]:
    begun = not stretch.after
    for passage in story.path():
        if begun:
            yield passage
        begun = begun or passage.id == stretch.after
        if stretch.until and passage.id == stretch.until:
            return


def write_sound(recital: Recital, blobs: BlobStore, path: Path, progress: Progress, *, form: str) -> str:
    """Write it to ``path`` as ``ogg``, ``wav`` or ``audiobook``, whole or not at all; a sentence on what is not in it.

    :raises NoSound: and what write_whole raises.
    """
    if not recital.pieces:
        raise NoSound
    if form == "audiobook":
        with tempfile.TemporaryFile() as raw:
            chapters, lost = _write(recital, blobs, raw, progress, "ogg")
            comments = [("TITLE", recital.title), ("GENRE", "Audiobook"), *chapter_comments(chapters)]
            raw.seek(0)
            with write_whole(path) as file:
                with_comments(raw, file, comments)
    else:
        with write_whole(path) as file:
            _, lost = _write(recital, blobs, file, progress, form)
    return _left_out(recital.silent, lost)


def _write(
    recital: Recital, blobs: BlobStore, file: BinaryIO, progress: Progress, form: str
) -> tuple[list[tuple[float, str]], int]:
    """The chapters with the second each begins at, and how many clips could not be had."""
    import soundfile

    how = {"format": "WAV", "subtype": "PCM_16"} if form == "wav" else {"format": "OGG", "subtype": "OPUS"}
    if form != "wav":
        how["compression_level"] = CLIP_COMPRESSION  # type: ignore[assignment]
    total, done, lost, frames = sum(len(one.clips) for one in recital.pieces), 0, 0, 0
    chapters: list[tuple[float, str]] = []
    with soundfile.SoundFile(file, "w", CLIP_RATE, 1, **how) as out:

        def put(pcm: bytes) -> None:
            nonlocal frames
            out.buffer_write(pcm, dtype="int16")
            frames += len(pcm) // 2

        for number, piece in enumerate(recital.pieces):
            put(silence((BEFORE_CHAPTER if piece.chapter else BETWEEN) if number else 0).pcm)
            if piece.chapter:
                chapters.append((frames / CLIP_RATE, piece.chapter))
            for clip in piece.clips:
                progress(done, total)
                done += 1
                try:
                    put(_sound(blobs, clip, piece.key))
                except (NodeError, ProtocolError) as error:
                    lost += 1
                    logger.warning("a clip is left out: %s", error)
        if not frames or lost == total:
            raise NoSound
    progress(total, total)
    return chapters, lost


def _sound(blobs: BlobStore, clip: Clip, key: bytes) -> bytes:
    data = blobs.read(clip.blob)
    return resample(decode_clip(decrypt_blob(data, key) if key else data), CLIP_RATE).pcm


def _left_out(silent: int, lost: int) -> str:
    told = []
    if silent:
        told.append(f"{silent} passage{'s have' if silent > 1 else ' has'} no sound and {_are(silent)} left out.")
    if lost:
        told.append(f"{lost} clip{'s' if lost > 1 else ''} could not be had and {_are(lost)} left out.")
    return " ".join(told)


def _are(count: int) -> str:
    return "are" if count > 1 else "is"
